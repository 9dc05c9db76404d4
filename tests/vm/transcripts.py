"""What several kernels that run at a time say: as it is said by the first, and then by each in its turn, each as a whole.

`in_turn` makes one transcript a kernel, for `suite.py`; a transcript that is closed lets the next one speak.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field

_lock = threading.Lock()


@dataclass(slots=True)
class Transcript:
    """`next`: who speaks after this; `speaks`: what is written goes to the terminal at once, else when it is its turn."""

    next: Transcript | None = None
    speaks: bool = False
    _closed: bool = False
    _kept: list[str] = field(default_factory=list)

    def write(self, text: str) -> None:
        with _lock:
            if self.speaks:
                _print(text)
            else:
                self._kept.append(text)

    def say(self, text: str) -> None:
        self.write(f"test-vm: {text}\n")

    def close(self) -> None:
        with _lock:
            self._closed = True
            if self.speaks:
                self._hand_over()

    def _hand_over(self) -> None:
        after = self.next
        while after is not None:
            _print("".join(after._kept))
            after.speaks = True
            if not after._closed:
                return
            after = after.next


def in_turn(count: int) -> list[Transcript]:
    """Return transcripts, the first of which speaks."""
    made: list[Transcript] = []
    for _ in range(count):
        made.insert(0, Transcript(made[0] if made else None))
    if made:
        made[0].speaks = True
    return made


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
