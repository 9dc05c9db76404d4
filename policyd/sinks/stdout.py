"""Standard output as a sink: JSON lines, whole lines only, and no reader can hold it for ever."""

from __future__ import annotations

import os
import select
import stat
import time
from typing import TYPE_CHECKING

from policyd.sinks.sink import Sink, SinkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.sinks.sink import Lines

_PIPE_BUF = 4096
"""A pipe that polls as writable takes so many bytes without blocking (pipe(7)); so does a terminal that is not stopped."""


class StdoutSink(Sink):
    """Writes to a descriptor that others may share, so it is not made non-blocking."""

    kind, where = "stdout", "stdout"
    batch_events, batch_bytes = 1024, 1 << 20

    def __init__(self, fd: int = 1, timeout: float = 10.0) -> None:
        self._fd, self._timeout = fd, timeout
        self._rest = b""  # of a line that was begun when the time was over
        self._step = (1 << 20) if stat.S_ISREG(os.fstat(fd).st_mode) else _PIPE_BUF
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)

    def write(self, batch: Sequence[Lines]) -> int:
        """Write all of it; raises after the time limit, or if nobody reads any more."""
        end = time.monotonic() + self._timeout
        if self._rest:
            self._rest = self._put(self._rest, end)
        for lines in batch:
            if not self._rest:
                rest = self._put(lines.data, end)
                self._rest = rest[: rest.find(b"\n") + 1] if rest and not _at_line(lines.data, rest) else b""
                if not rest:
                    continue
            raise SinkError(f"standard output takes nothing: waited for {self._timeout:g} s")
        return 0

    def _put(self, data: bytes, end: float) -> bytes:
        """Write until it is done or the time is over; return what is left."""
        view, at = memoryview(data), 0
        while at < len(view):
            if not self._poll.poll(max(0.0, end - time.monotonic()) * 1000):
                break
            try:
                at += os.write(self._fd, view[at : at + self._step])
            except OSError as error:
                transient = not isinstance(error, BrokenPipeError)
                raise SinkError(f"standard output: {error.strerror}", transient=transient) from error
        return data[at:]


def _at_line(data: bytes, rest: bytes) -> bool:
    """Whether what is left begins with a line."""
    at = len(data) - len(rest)
    return at == 0 or data[at - 1 : at] == b"\n"
