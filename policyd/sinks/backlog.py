"""What waits for one sink, in order: the newest in memory, what has waited too long in a spool on disk.

`outlet.py` puts batches in and takes them out; `offer` never waits for the sink, nor for the disk.  Every event that was
offered is, at any time, sent, dropped (by cause) or queued: `Account`.

Batches have numbers.  The spool has the lowest, then comes memory; a batch in the sink's hands stays where it is until it is
settled, so it may go to disk meanwhile.  `_disk` guards the spool, `_changed` all else; who needs both takes `_disk` first.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from policyd.sinks.sink import Lines
    from policyd.sinks.spool import Spool

Cause = Literal["queue-full", "spool-full", "spool-damaged", "refused", "closed"]

SPILL_SECONDS = 0.5
"""How long a batch waits in memory before it goes to the spool, if there is one."""
_LOOK = 0.1
"""Seconds between looks at how long the oldest has waited."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What may wait in memory, and how large one hand-over to the sink is."""

    events: int = 65536
    bytes: int = 16 << 20
    batch_events: int = 8192
    batch_bytes: int = 4 << 20


@dataclass(slots=True)
class Account:
    """Events since the outlet was made: `offered = sent + dropped + queued`.

    What an earlier process left in the spool counts as offered.  What `close` handed back was not offered.
    """

    offered: int = 0
    sent: int = 0
    queued: int = 0
    dropped: Counter[Cause] = field(default_factory=Counter)

    def drop(self, cause: Cause, events: int) -> None:
        """Move queued events to those that were dropped."""
        if events:
            self.queued -= events
            self.dropped[cause] += events


@dataclass(slots=True)
class _Waiting:
    """A batch in memory.  `size`: its bytes when it came; `lines` change once, when its fields are chosen."""

    number: int
    ticket: int
    lines: Lines
    size: int
    since: float
    prepared: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """What the sink gets in one call.  `end` is the number after its last batch."""

    batch: tuple[Lines, ...]
    end: int

    @property
    def events(self) -> int:
        return sum(lines.count for lines in self.batch)


class Backlog:
    """The queue of one outlet.  `prepare` is applied to each batch by the thread that takes or spills it."""

    def __init__(self, limits: Limits, prepare: Callable[[Lines], Lines], spool: Spool | None = None) -> None:
        self._limits, self._prepare, self._spool = limits, prepare, spool
        self._changed, self._disk = threading.Condition(), threading.Lock()
        self._memory: deque[_Waiting] = deque()
        self._events = self._bytes = 0  # in memory
        self._next = self._kept = spool.end if spool else 0  # `_kept`: the first number that is nowhere but in memory
        self._hand = self._front = 0  # below `_front` all is settled; below `_hand` it is in the sink's hands, or settled
        self._hurried = self._closing = self._closed = False
        self.spool_error = ""
        self.account = Account()
        if spool:
            self.account.offered = self.account.queued = spool.events

    def counts(self) -> Account:
        """Return the account as it is now: its parts fit together."""
        with self._changed:
            return replace(self.account, dropped=self.account.dropped.copy())

    # -- in ----------------------------------------------------------------------------------------------

    def offer(self, lines: Lines) -> int:
        """Queue a batch, or count it as dropped; return its ticket."""
        limits = self._limits
        with self._changed:
            pieces = list(lines.pieces(min(limits.batch_events, limits.events), limits.batch_bytes))
            ticket = self._next + len(pieces) - 1
            for piece in pieces:
                self._put(piece, ticket)
            self._changed.notify_all()
        return ticket

    def _put(self, piece: Lines, ticket: int) -> None:
        account, limits = self.account, self._limits
        account.offered += piece.count
        account.queued += piece.count
        size = len(piece.data)
        too_large = self._memory and self._bytes + size > limits.bytes  # one batch is always taken
        if self._closing or too_large or self._events + piece.count > limits.events:
            account.drop("closed" if self._closing else "queue-full", piece.count)
        else:
            self._memory.append(_Waiting(self._next, ticket, piece, size, time.monotonic()))
            self._events += piece.count
            self._bytes += size
        self._next += 1
        self._find_kept()

    def _find_kept(self) -> None:
        self._kept = self._memory[0].number if self._memory else self._next

    def is_settled(self, ticket: int) -> bool:
        """Whether the batch of a ticket (and all before it) was sent, dropped, or is safe on disk."""
        return ticket < self._kept

    @property
    def is_settled_up(self) -> bool:
        """Whether nothing waits in memory."""
        return self._kept == self._next

    def hurry(self) -> None:
        """Let what waits in memory go to the spool now, if there is one."""
        if self._spool and not self._hurried:
            with self._changed:
                self._hurried = True
                self._changed.notify_all()

    # -- out ---------------------------------------------------------------------------------------------

    def take(self) -> Chunk | None:
        """Wait for the oldest batches and return them; None once it is closing and nothing waits."""
        while True:
            with self._changed:
                while not (self._memory or self._has_spooled or self._closing):
                    self._changed.wait()
                if self._closed or not (self._memory or self._has_spooled):
                    return None
                waiting = [] if self._has_spooled else self._oldest()
                if waiting:
                    self._hand = waiting[-1].number + 1
            chunk = self._from_memory(waiting) if waiting else self._from_spool()
            if chunk:
                return chunk

    @property
    def _has_spooled(self) -> bool:
        return self._spool is not None and self._spool.events > 0

    def _oldest(self) -> list[_Waiting]:
        """Return the front of the memory, as much as one call of the sink takes."""
        found: list[_Waiting] = []
        events, size = self._limits.batch_events, self._limits.batch_bytes
        for one in self._memory:
            events, size = events - one.lines.count, size - one.size
            if found and (events < 0 or size < 0):
                break
            found.append(one)
        return found

    def _from_memory(self, waiting: list[_Waiting]) -> Chunk:
        return Chunk(tuple(self._prepared(one) for one in waiting), waiting[-1].number + 1)

    def _prepared(self, one: _Waiting) -> Lines:
        if not one.prepared:
            one.lines, one.prepared = self._prepare(one.lines), True
        return one.lines

    def _from_spool(self) -> Chunk | None:
        assert self._spool is not None
        with self._disk:
            self._spool.discard(self._front)
            found = self._spool.read(self._limits.batch_events, self._limits.batch_bytes)
            with self._changed:
                self.account.drop("spool-damaged", found.damaged)
                if not found.batches:
                    return None
                self._hand = found.batches[-1][0] + 1
        return Chunk(tuple(lines for _, lines in found.batches), self._hand)

    def settle(self, chunk: Chunk, refused: int = 0) -> None:
        """Note that the sink took a chunk, or `refused` so many of its events for good."""
        with self._changed:
            if self._closed:
                return
            self._front = chunk.end
            self.account.drop("refused", refused)
            self.account.queued -= chunk.events - refused
            self.account.sent += chunk.events - refused
            self._forget(chunk.end)
        if self._spool:
            with self._disk:
                self._spool.discard(chunk.end)

    def _forget(self, end: int) -> None:
        """Let go of what memory holds below a number."""
        while self._memory and self._memory[0].number < end:
            one = self._memory.popleft()
            self._events -= one.lines.count
            self._bytes -= one.size
        self._find_kept()

    # -- to disk -----------------------------------------------------------------------------------------

    def spill(self) -> bool:
        """Wait until what is in memory should go to disk, and write it; False once it is closing, or the disk is full."""
        with self._changed:
            while not (self._closing or self._is_due()):
                self._changed.wait(_LOOK if self._memory else None)
            self._hurried = False
            if self._closing:
                return False
            waiting = list(self._memory)
        return self._spill(waiting)

    def _is_due(self) -> bool:
        if not self._memory:
            self._hurried = False
            return False
        crowded = 2 * self._events > self._limits.events or 2 * self._bytes > self._limits.bytes
        return self._hurried or crowded or time.monotonic() - self._memory[0].since > SPILL_SECONDS

    def _spill(self, waiting: list[_Waiting]) -> bool:
        for one in waiting:
            lines = self._prepared(one)
            with self._disk:
                if one.number >= self._front and not self._store(one.number, lines):
                    return False
                with self._changed:
                    self._forget(one.number + 1)
                    self._changed.notify_all()
        return True

    def _store(self, number: int, lines: Lines) -> bool:
        assert self._spool is not None
        gone = 0
        for _ in range(2):
            try:
                gone += self._spool.append(number, lines, self._hand)
            except OSError as error:
                self.spool_error = f"spool: {error.strerror}"
                gone += self._spool.drop_oldest(self._hand)
                continue
            self.spool_error = ""
            break
        with self._changed:
            self.account.drop("spool-full", gone)
        return not self.spool_error

    # -- the end -----------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Take nothing more; `take` and `spill` end once nothing waits."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def close(self, returned: Collection[int]) -> None:
        """Give up: what waits goes to the spool, or is counted; batches of `returned` tickets go back to their ring."""
        with self._changed:
            waiting, self._closed = list(self._memory), True
            for one in waiting:
                if one.ticket in returned:
                    self.account.offered -= one.lines.count
                    self.account.queued -= one.lines.count
        left = [one for one in waiting if one.ticket not in returned]
        if self._spool and left:
            self._spill(left)
        with self._disk, self._changed:
            stored = 0
            if self._spool:
                self._spool.discard(self._front)
                stored = self._spool.events
            self.account.drop("closed", self.account.queued - stored)
            self._forget(self._next)
