"""One consumer a ring: a lock on the policy's bpffs directory, held for as long as its events are read.

`flock` works on bpffs directories and goes with the process that holds it.  `/proc/locks` tells who that is.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.errors import LockError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def consumer(directory: str, policy: str) -> Iterator[None]:
    """Be the one reader of the ring in `directory` (absolute); `LockError` names the process that reads it now."""
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotFoundError(f"policy {policy} is not applied") from None
    try:
        _take(fd, policy)
        yield
    finally:
        os.close(fd)


def _take(fd: int, policy: str) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LockError(
            f"the events of policy {policy} are being read by {_holder(fd)}; a ring has one reader: stop that one first"
        ) from None


def _holder(fd: int) -> str:
    """Return `process 123 (policyd)` for whoever holds a lock on the file of `fd`."""
    status = os.fstat(fd)
    file = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in Path("/proc/locks").read_text("ascii").splitlines():
        words = line.split()
        if words[1] == "FLOCK" and words[5] == file:
            return f"process {words[4]} ({_command(words[4])})"
    return "another process"


def _command(pid: str) -> str:
    try:
        raw = Path("/proc", pid, "comm").read_text("utf-8", "replace").strip()
    except OSError:
        return "gone"
    return "".join(character if character.isprintable() else "?" for character in raw)
