"""The rings of several policies read together, while policies come, change and go.

`cli/events.py` drives it: `read` gives batches, the caller writes them out and then says `done`; `wait` sleeps until some
ring has something; `refresh` looks for policies that were applied, changed or deleted since.
"""

from __future__ import annotations

import select
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from policyd.errors import LockError, NotFoundError
from policyd.reading.policy import PolicyReader, open_policy
from policyd.record import policy_path, read_policies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from policyd.kernel.port import Kernel
    from policyd.reading.ring import Batch
    from policyd.reading.stream import Stream, Witness
    from policyd.record import PolicyRecord

_PAUSE = 0.001
"""Seconds to wait for a record that is being written when it is all there is."""


class Follower:
    """Holds the rings of the named policies, or of all if none is named.

    Raises `NotFoundError` for a name that is not applied, `LockError` if another process reads one of the rings.
    `witness` as for `Stream`.
    """

    def __init__(self, kernel: Kernel, names: tuple[str, ...], witness: Witness | None = None) -> None:
        self._kernel, self._names, self._witness = kernel, names, witness
        self._held: dict[str, tuple[Stream, ExitStack]] = {}
        self._registered: dict[str, int] = {}
        self._refused: set[str] = set()
        self._poll = select.epoll()

    def __enter__(self) -> Follower:
        try:
            for record in self._wanted():
                self._hold(record)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let all rings go; the next reader goes on after the last batch that was `done`."""
        for name in list(self._held):
            self._drop(name)
        self._poll.close()

    @property
    def streams(self) -> list[Stream]:
        return [stream for stream, _ in self._held.values()]

    def _wanted(self) -> list[PolicyRecord]:
        if self._names:
            return [open_policy(self._kernel, name).record for name in dict.fromkeys(self._names)]
        return list(read_policies(self._kernel).values())

    def _hold(self, record: PolicyRecord) -> None:
        if not self._names and not self._kernel.exists(policy_path(record.name, "ring")):
            return
        with ExitStack() as stack:
            stream = stack.enter_context(PolicyReader(self._kernel, record).stream(self._witness))
            self._held[record.name] = stream, stack.pop_all()
        self._register(stream)

    def _register(self, stream: Stream) -> None:
        """Poll the stream's ring, which may be another one than before."""
        name = stream.record.name
        if self._registered.get(name) != stream.fd:
            self._poll.register(stream.fd, select.EPOLLIN)
            self._registered[name] = stream.fd

    def _drop(self, name: str) -> None:
        stream, stack = self._held.pop(name)
        if self._registered.pop(name, None) == stream.fd:
            self._poll.unregister(stream.fd)
        stack.close()

    def goals(self) -> dict[str, int]:
        """Return how far each ring is filled now: where what waits ends, and what is new begins."""
        return {stream.record.name: stream.ring.position + stream.ring.pending for stream in self.streams}

    def read(self, limit: int) -> Iterator[tuple[Stream, Batch]]:
        """Yield one batch of each ring that has any, together about `limit` records."""
        for stream in self.streams:
            batch = stream.read(limit) if limit > 0 else None
            if batch is not None:
                limit -= len(batch)
                yield stream, batch

    def wait(self, seconds: float) -> None:
        """Sleep until a ring has something, at most so long."""
        if self._poll.poll(seconds) and not any(stream.has_committed() for stream in self.streams):
            time.sleep(_PAUSE)

    def refresh(self) -> list[str]:
        """Take in policies that are new, let go of those that went, follow changed ones; return what a user should know."""
        told = []
        for name, (stream, _) in list(self._held.items()):
            if not stream.renew():
                self._drop(name)
                told.append(f"policy {name} was deleted")
            else:
                self._register(stream)
        return [*told, *self._take_in()]

    def try_again(self) -> None:
        """Let `refresh` try the rings that another process was reading."""
        self._refused.clear()

    def _take_in(self) -> Iterator[str]:
        for name, record in read_policies(self._kernel).items():
            if name in self._held or name in self._refused or (self._names and name not in self._names):
                continue
            try:
                self._hold(record)
            except (LockError, NotFoundError) as error:
                self._refused.add(name)
                yield str(error)
