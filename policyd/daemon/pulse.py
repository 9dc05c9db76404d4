"""Whether the agent's loops turn: each beats, and one that has been silent for longer than it may is named.

The main thread feeds the watchdog only while nobody is late; `/healthz` says who is.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class Pulse:
    """The last beat of each loop; `patience` is how many seconds it may be silent."""

    clock: Callable[[], float] = time.monotonic
    _last: dict[str, float] = field(default_factory=dict)
    _patience: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def watch(self, name: str, patience: float) -> None:
        """Expect a loop to beat from now on."""
        with self._lock:
            self._last[name], self._patience[name] = self.clock(), patience

    def beat(self, name: str) -> None:
        """Say that a loop turns; one that is not watched may say so too."""
        with self._lock:
            if name in self._patience:
                self._last[name] = self.clock()

    def leave(self, name: str) -> None:
        """Expect nothing more of a loop, which ends."""
        with self._lock:
            self._patience.pop(name, None)

    def late(self) -> dict[str, float]:
        """Return the loops that have been silent for too long, and for how many seconds."""
        now = self.clock()
        with self._lock:
            silent = {name: now - self._last[name] for name in self._patience}
            return {name: seconds for name, seconds in silent.items() if seconds > self._patience[name]}
