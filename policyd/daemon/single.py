"""One agent a bpffs root: a lock on `sources/`, held for as long as the agent runs, which goes with its process."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.daemon.history import SOURCES
from policyd.errors import LockError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.kernel.port import Kernel


@contextmanager
def only_agent(directory: str) -> Iterator[None]:
    """Be the one agent that holds the lock of `directory` (absolute); `LockError` names the process that does."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            root = Path(directory).parent
            raise LockError(
                f"another agent ({_holder(fd)}) runs for {root}: stop it first, or give this one another --root"
            ) from None
        yield
    finally:
        os.close(fd)


def forget_sources(kernel: Kernel) -> bool:
    """Remove what an agent that has ended left pinned for the next one; tell whether none runs (else nothing is removed).

    Only under the root's lock: an agent that starts makes its folder and locks it under that.
    """
    if not kernel.exists(SOURCES):
        return True
    try:
        with only_agent(f"{kernel.root}/{SOURCES}"):
            kernel.remove_tree(SOURCES)
    except LockError:
        return False
    return True


def _holder(fd: int) -> str:
    """Return `process 123` for whoever holds the lock, as /proc/locks tells (fields: id, sort, …, pid, device:inode)."""
    status = os.fstat(fd)
    file = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in Path("/proc/locks").read_text("ascii").splitlines():
        words = line.split()
        if len(words) > 5 and words[1] == "FLOCK" and words[5] == file:
            return f"process {words[4]}"
    return "another process"
