"""The process that takes a change on trial back, unless somebody confirms it in time.

It is forked before the change is made, since afterwards the change itself could forbid it (a policy may deny or kill what
starts a process), and it lives on in a session of its own when the command ends.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.engine import Engine


@contextmanager
def waiting_process(engine: Engine) -> Iterator[None]:
    """Have a process wait for the end of the trial that begins in the `with` block (if one does)."""
    reading, writing = os.pipe()
    guarded, guarding = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.close(guarded)
        _wait(engine, reading, guarding)
    os.close(reading)
    os.close(guarding)
    try:
        yield
    finally:
        os.close(writing)  # the end of the pipe says that the change has been made, or that this process is no more
        os.read(guarded, 1)  # until then, no policy signals it because it is a child of this process
        os.close(guarded)


def _wait(engine: Engine, reading: int, guarding: int) -> None:
    """Be the waiting process: never returns.  Closing `guarding` says that no policy signals it by now."""
    from policyd.engine import trial

    try:
        os.setsid()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _leave_terminal()
        os.read(reading, 1)
        engine.guard.join()
        os.close(guarding)
        found = trial.pending(engine.kernel)
        if found is not None:
            engine.lock_timeout = None
            trial.wait(engine, found.token)
    finally:
        engine.guard.leave()
        os._exit(0)


def _leave_terminal() -> None:
    """Let go of the standard streams, so that whoever waits for the command's output sees its end."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
