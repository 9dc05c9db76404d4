"""Keys that are pressed while a picture is drawn again and again: `q`, and signals that end it as Ctrl-C does."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


@contextmanager
def keys() -> Iterator[Callable[[float], bool]]:
    """Yield what waits for some seconds and tells whether `q` was pressed; SIGTERM ends the block as Ctrl-C does."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the signature of signal handlers)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        with _unbuffered_input() as fd:
            yield lambda seconds: _quits(fd, seconds)
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _unbuffered_input() -> Iterator[int | None]:
    """Have keys come one by one, unseen, if standard input is a terminal; yield its descriptor, or None."""
    import termios
    import tty

    if not sys.stdin.isatty():
        yield None
        return
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    tty.setcbreak(fd)
    try:
        yield fd
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _quits(fd: int | None, seconds: float) -> bool:
    """Wait, and tell whether `q` came meanwhile; other keys do not shorten the wait."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if fd is None:
            time.sleep(left)
        elif select.select([fd], [], [], left)[0] and os.read(fd, 64)[:1] in {b"q", b"Q", b""}:
            return True
    return False
