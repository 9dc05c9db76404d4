"""The last lines of all policies, and readers that follow them: what `policyd events` gets through the agent.

The pump publishes each batch once; a reader that is too slow loses the oldest of what waits for it, which is counted.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.sinks.sink import Lines

RECENT_BYTES = 1 << 20
READER_BYTES = 4 << 20
"""What is kept for those who come later, and what may wait for each reader."""


class Waiting:
    """Batches that wait for one reader, bounded in bytes: the oldest go, and are counted in `dropped`."""

    def __init__(self, limit: int) -> None:
        self._limit, self._bytes = limit, 0
        self._batches: deque[Lines] = deque()
        self.dropped = 0

    def add(self, lines: Lines) -> None:
        """Put a batch at the end."""
        self._batches.append(lines)
        self._bytes += len(lines.data)
        while self._bytes > self._limit and len(self._batches) > 1:
            self.dropped += self.next().count

    def next(self) -> Lines:
        """Take the oldest batch."""
        lines = self._batches.popleft()
        self._bytes -= len(lines.data)
        return lines

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Lines]:
        return iter(self._batches)


class Reader:
    """One reader's events (`api.port.Subscription`)."""

    def __init__(self, policies: tuple[str, ...]) -> None:
        self._policies = frozenset(policies)
        self._waiting = Waiting(READER_BYTES)
        self._first: list[str] = []
        self._changed = threading.Condition()

    @property
    def dropped(self) -> int:
        return self._waiting.dropped

    def wants(self, policy: str) -> bool:
        return not self._policies or policy in self._policies

    def begin(self, batches: Iterator[Lines], tail: int) -> None:
        """Have the last `tail` lines of these batches first."""
        lines = [line for batch in batches if self.wants(batch.policy) for line in _texts(batch)]
        lines.sort()  # a line begins with its time
        self._first = lines[max(0, len(lines) - tail) :]

    def add(self, lines: Lines) -> None:
        with self._changed:
            self._waiting.add(lines)
            self._changed.notify()

    def lines(self, seconds: float) -> list[str]:
        """Wait at most so long for events; return what there is, each line with its newline."""
        first, self._first = self._first, []
        if first:
            return first
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting), seconds)
            return [line for _ in range(len(self._waiting)) for line in _texts(self._waiting.next())]


class Recent:
    """The last lines, and those who follow.  `publish` is for one thread, the rest for any."""

    def __init__(self, size: int = RECENT_BYTES) -> None:
        self._last = Waiting(size)
        self._readers: tuple[Reader, ...] = ()
        self._lock = threading.Lock()

    def publish(self, lines: Lines) -> None:
        """Keep a batch, and give it to every reader that wants it."""
        with self._lock:
            self._last.add(lines)
            readers = self._readers
        for reader in readers:
            if reader.wants(lines.policy):
                reader.add(lines)

    @contextmanager
    def subscribe(self, policies: tuple[str, ...], tail: int) -> Iterator[Reader]:
        """Follow some policies (all, if none is named), beginning with up to `tail` of the last lines."""
        reader = Reader(policies)
        with self._lock:
            reader.begin(iter(self._last), tail)
            self._readers = (*self._readers, reader)
        try:
            yield reader
        finally:
            with self._lock:
                self._readers = tuple(one for one in self._readers if one is not reader)


def _texts(lines: Lines) -> list[str]:
    return [f"{line}\n" for line in lines.data.decode().split("\n")[: lines.count]]
