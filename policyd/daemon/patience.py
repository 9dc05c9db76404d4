"""For whom rings keep their events: every outlet that keeps up, and none that holds up the others.

The pump asks for each batch that is not settled.  A batch is kept for `PATIENCE` at most.  When half of a ring is kept its
reading pauses; an outlet for which reading pauses most of the time is slower than its events, and more of its events in
rings would only mean less for everybody.  Either makes it late: nobody waits for it until all that it has is settled.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policyd.sinks.outlet import Outlet

PATIENCE = 2.0
"""Seconds that a ring keeps a batch for an outlet that has not settled it."""
WINDOW, SHARE = 0.5, 0.6
"""Reading may pause for an outlet for this share of each stretch of so many seconds."""


class Patience:
    """Keeps the accounts.  `turn` comes before each round over all rings."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._late: set[Outlet] = set()
        self._pausing: set[Outlet] = set()
        self._paused: dict[Outlet, float] = {}
        self._turned = self._began = clock()

    def waits_for(self, outlet: Outlet) -> bool:
        """Whether rings keep events for an outlet."""
        return outlet not in self._late

    def turn(self) -> None:
        """Count for whom reading has paused since the last turn; forgive those that have caught up."""
        now = self._clock()
        for outlet in self._pausing:
            self._paused[outlet] = self._paused.get(outlet, 0.0) + now - self._turned
        self._turned = now
        self._pausing.clear()
        if self._late:
            self._late = {outlet for outlet in self._late if not outlet.is_settled_up}
        if now - self._began > WINDOW:
            self.give_up(outlet for outlet, paused in self._paused.items() if paused > SHARE * (now - self._began))
            self._paused.clear()
            self._began = now

    def pause(self, outlets: Iterable[Outlet]) -> None:
        """Reading of a ring pauses for these outlets, until the next turn."""
        self._pausing.update(outlets)

    def give_up(self, outlets: Iterable[Outlet]) -> None:
        """Wait for these outlets no longer."""
        self._late.update(outlets)
