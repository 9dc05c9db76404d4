"""How often something is repaired: a few times a minute as fast as it breaks, then slower and slower.

Somebody who undoes each repair at once would else keep the agent busy for ever; and somebody should look at it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

FAST_REPAIRS = 6
WINDOW_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 600.0


@dataclass(slots=True)
class _Place:
    tries: deque[float] = field(default_factory=deque)
    pause: float = 0.0
    not_before: float = 0.0


@dataclass(slots=True)
class Storms:
    """Remembers repairs by where they were made.  Times are monotonic seconds."""

    _places: dict[str, _Place] = field(default_factory=dict)

    def may(self, where: str, now: float) -> bool:
        """Whether a place may be repaired now."""
        place = self._places.get(where)
        return place is None or now >= place.not_before

    def tried(self, where: str, now: float) -> bool:
        """Note a repair; return whether it begins a pause (or a longer one)."""
        place = self._places.setdefault(where, _Place())
        while place.tries and now - place.tries[0] > WINDOW_SECONDS:
            place.tries.popleft()
        if not place.tries and now >= place.not_before + WINDOW_SECONDS:
            place.pause = 0.0  # it was quiet for a while
        place.tries.append(now)
        if place.pause == 0.0 and len(place.tries) < FAST_REPAIRS:
            return False
        place.pause = min(2 * place.pause or FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        place.not_before = now + place.pause
        return True

    def paused(self, now: float) -> dict[str, float]:
        """Return the places that wait, and for how many seconds."""
        waiting = {where: place.not_before - now for where, place in self._places.items() if now < place.not_before}
        quiet = [where for where, place in self._places.items() if now > place.not_before + 2 * LONGEST_PAUSE_SECONDS]
        for where in quiet:
            if not self._places[where].tries or now - self._places[where].tries[-1] > WINDOW_SECONDS:
                del self._places[where]
        return waiting
