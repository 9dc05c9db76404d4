"""The folder that bcc's process gets: what it takes for a kernel's headers, and an empty working directory.

bcc is given its own headers' guards, so that all it opens is a configuration without a word in it.  The folder belongs to
this user alone; others may look, for root's child becomes nobody.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from policyd.errors import UnsupportedError

_PREFIX = "policyd-bcc-"
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Folder:
    """An own folder, whose lock tells others that it is in use: a lock goes with its process, however that ends."""

    path: Path
    lock: int

    @classmethod
    def make(cls) -> Folder:
        """Make one, and remove those that killed processes have left; `UnsupportedError` if there is no room for it."""
        try:
            _remove_left()
            for _ in range(_ATTEMPTS):
                path = Path(tempfile.mkdtemp(prefix=_PREFIX))
                lock = _locked(path)
                if lock is not None and path.exists():  # else another process has just taken it for one that was left
                    return cls(_furnished(path), lock)
        except OSError as error:
            raise _no_folder(error.strerror or str(error)) from None
        raise _no_folder("it vanishes at once")

    @property
    def empty(self) -> Path:
        return self.path / "empty"

    def environment(self) -> dict[str, str]:
        """Return the variables that name it."""
        return {"HOME": str(self.empty), "TMPDIR": str(self.empty), "BCC_KERNEL_SOURCE": str(self.path)}

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        with suppress(OSError):
            os.close(self.lock)


def _furnished(path: Path) -> Path:
    (path / "empty").mkdir()
    (path / "include" / "linux").mkdir(parents=True)
    (path / "include" / "linux" / "kconfig.h").touch()
    for one in (path, *path.rglob("*")):
        one.chmod(0o755)
    return path


def _locked(path: Path) -> int | None:
    """Return an fd that holds the folder's lock; None if it is gone, not this user's, or another process holds it."""
    with suppress(OSError):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        facts = os.fstat(fd)
        if facts.st_uid == os.geteuid() and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            with suppress(BlockingIOError):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return fd
        os.close(fd)
    return None


def _remove_left() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        lock = _locked(path)
        if lock is not None:
            Folder(path, lock).remove()


def _no_folder(why: str) -> UnsupportedError:
    what = f"bcc: no folder can be made in {tempfile.gettempdir()}: {why}"
    return UnsupportedError(what, instead="set TMPDIR to a folder like /tmp")
