"""A file of JSON lines that is rotated by size and age; older files are compressed, the oldest removed.

`events.jsonl` becomes `events.jsonl.20261122T111500.123456`, then `….gz`.  Whoever moves the file away (logrotate) need not
tell: it is made anew.  A batch is in the file as a whole or not at all, so a full disk is no more than a pause.  The line
that a killed process had begun is cut off at the next start: its ring still has it.
"""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import stat
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.sinks.sink import Sink, SinkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.sinks.sink import Lines

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_LOOK_BACK = 1 << 20
"""Bytes at the end of a file in which the last newline is looked for: longer than any line."""
_OURS = b'{"time":"'
_PARTIAL = ".partial"
_HINTS = {
    errno.ELOOP: "; it is a symbolic link, and they are not followed",
    errno.ENOENT: "; its folder must exist",
    errno.ENOSPC: "; what comes waits until there is room",
}


@dataclass(frozen=True, slots=True)
class Rotation:
    """When a file is rotated (0: never): before it grows beyond `max_bytes`, and when its first event is `max_age` seconds
    old.  `keep` older files stay.
    """

    max_bytes: int = 64 << 20
    max_age: float = 0.0
    keep: int = 5
    compress: bool = True


class FileSink(Sink):
    """Appends to `path`, which is made with mode 0600; follows no symbolic link, writes into nothing but a plain file."""

    kind = "file"

    def __init__(self, path: str, rotation: Rotation | None = None) -> None:
        self.where, self._path = path, Path(path)
        self._rotation = rotation or Rotation()
        self.batch_bytes = min(1 << 20, self._rotation.max_bytes or 1 << 20)
        self._fd: int | None = None
        self._size, self._began = 0, 0.0
        self._stale = threading.Event()
        self._compressor: threading.Thread | None = None
        self._trouble = ""

    def write(self, batch: Sequence[Lines]) -> int:
        """Append it; raises (transient) if the file cannot be opened or the disk is full, and nothing of it stays."""
        data = b"".join(lines.data for lines in batch)
        try:
            fd = self._opened()
            if self._size and self._is_over(len(data)):
                self._rotate()
                fd = self._opened()
            self._append(fd, data)
        except OSError as error:
            self._stale.set()
            hint = _HINTS.get(error.errno or 0, "")
            raise SinkError(f"{self.where}: {error.strerror}{hint}") from error
        return 0

    def _append(self, fd: int, data: bytes) -> None:
        view, at = memoryview(data), 0
        try:
            while at < len(view):
                at += os.write(fd, view[at:])
        except OSError:
            with suppress(OSError):
                os.ftruncate(fd, self._size)
            raise
        if not self._size:
            self._began = time.time()
        self._size += len(data)

    # -- opening -----------------------------------------------------------------------------------------

    def _opened(self) -> int:
        """Return the file's descriptor, of a new file if it was moved away."""
        if self._fd is not None and (self._stale.is_set() or not self._is_there(self._fd)):
            self._let_go()
        self._stale.clear()
        if self._fd is None:
            self._fd = self._open()
        return self._fd

    def _is_there(self, fd: int) -> bool:
        try:
            found = self._path.lstat()
        except FileNotFoundError:
            return False
        mine = os.fstat(fd)
        self._size = mine.st_size
        return (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino)

    def _open(self) -> int:
        fd = os.open(self._path, _FLAGS, 0o600)
        try:
            self._look_at(fd)
        except BaseException:
            os.close(fd)
            raise
        self._clear_up()
        return fd

    def _look_at(self, fd: int) -> None:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise SinkError(f"{self.where}: not a plain file; nothing is written there")
        self._size = _mend_end(fd, found.st_size)
        self._began = _first_time(fd) or found.st_mtime

    def _let_go(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def reopen(self) -> None:
        self._stale.set()

    # -- rotation ----------------------------------------------------------------------------------------

    def _is_over(self, more: int) -> bool:
        rotation = self._rotation
        old = 0 < rotation.max_age < time.time() - self._began
        return old or 0 < rotation.max_bytes < self._size + more

    def _rotate(self) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        self._path.rename(self._path.with_name(f"{self._path.name}.{stamp}"))
        self._let_go()

    def older(self) -> list[Path]:
        """Return the rotated files, the oldest first."""
        return sorted(self._path.parent.glob(f"{_escaped(self._path.name)}.[0-9]*T[0-9]*.[0-9]*"))

    def _clear_up(self) -> None:
        """Remove the oldest files; compress what is not compressed yet, in a thread: that may take seconds."""
        older = [path for path in self.older() if path.suffix != _PARTIAL]
        for path in older[: max(0, len(older) - self._rotation.keep)]:
            path.unlink(missing_ok=True)
        busy = self._compressor is not None and self._compressor.is_alive()
        plain = any(path.suffix != ".gz" for path in self.older())
        if self._rotation.compress and plain and not busy:
            self._compressor = threading.Thread(target=self._compress_all, name="compress", daemon=True)
            self._compressor.start()

    def _compress_all(self) -> None:
        self._trouble = ""
        for path in self.older():
            if path.suffix == _PARTIAL:
                path.unlink(missing_ok=True)
            elif path.suffix != ".gz":
                try:
                    _compress(path)
                except FileNotFoundError:
                    continue  # it was one of the oldest
                except OSError as error:
                    self._trouble = f"{path.name} is not compressed: {error.strerror}"

    def trouble(self) -> str:
        return self._trouble

    def close(self) -> None:
        self._let_go()
        if self._compressor is not None:
            self._compressor.join(5.0)


def _compress(path: Path) -> None:
    """Put a compressed file in the place of a plain one; a crash leaves one of the two, whole."""
    partial = path.with_name(f"{path.name}.gz{_PARTIAL}")
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with path.open("rb") as plain, os.fdopen(fd, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
            shutil.copyfileobj(plain, packed, 1 << 18)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    partial.rename(path.with_name(f"{path.name}.gz"))
    path.unlink(missing_ok=True)


def _mend_end(fd: int, size: int) -> int:
    """Cut off a line of ours that has no end; end a foreign one.  Return the size."""
    start = max(0, size - _LOOK_BACK)
    tail = os.pread(fd, size - start, start)
    if not tail or tail.endswith(b"\n"):
        return size
    at = tail.rfind(b"\n") + 1
    if tail[at : at + len(_OURS)] == _OURS[: len(tail) - at]:
        os.ftruncate(fd, start + at)
        return start + at
    return size + os.write(fd, b"\n")


def _first_time(fd: int) -> float | None:
    """Return the time of the first event in a file, in seconds since 1970; None if there is none."""
    head = os.pread(fd, 64, 0)
    if not head.startswith(_OURS):
        return None
    try:
        return datetime.fromisoformat(head[len(_OURS) :].split(b'"')[0].decode()[:19] + "+00:00").timestamp()
    except ValueError:
        return None


def _escaped(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
