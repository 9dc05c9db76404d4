"""Compiled objects on disk, so that a restart compiles nothing.

Root loads objects into the kernel, so root uses only `/var/cache/policyd`, and only if that directory is root's own and
closed to everyone else; other users have `$XDG_CACHE_HOME/policyd`.  The directory is held open, and files are reached
through it without following symbolic links.  An entry holds a digest of its object: what is cut, changed or not ours is
ignored and made again.  A cache that cannot be used costs time, never a failure: one warning, and it goes on without.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT_DIRECTORY = Path("/var/cache/policyd")
LIMIT_BYTES = 256 << 20

_MAGIC = b"policyd-object-1\n"
_DIGEST_BYTES = 32
_TEMPORARY = ".new"


def default_directory() -> Path:
    """Return the cache directory of the user that runs this."""
    if os.geteuid() == 0:
        return ROOT_DIRECTORY
    home = os.environ.get("XDG_CACHE_HOME", "")
    return Path(home if home.startswith("/") else Path.home() / ".cache") / "policyd"


class ObjectCache:
    """Objects by key (hex digits).  Safe for threads, and for processes side by side."""

    def __init__(
        self, directory: Path | None, warn: Callable[[str], object] | None = None, limit_bytes: int = LIMIT_BYTES
    ) -> None:
        """`directory` None: no cache.  `warn` is told once, if the cache cannot be used."""
        self._warn = warn
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._stored_bytes: int | None = None
        self._fd: int | None = None
        if directory is not None:
            try:
                self._fd = _open_directory(directory)
            except (OSError, RuntimeError) as error:
                self._give_up(f"{directory}: {_reason(error)}")

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def get(self, key: str) -> bytes | None:
        """Return the object of `key`, None if there is none that can be trusted."""
        if self._fd is None:
            return None
        try:
            with _opened(key, os.O_RDONLY, self._fd) as fd:
                facts = os.fstat(fd)
                if not _is_ours(facts, stat.S_ISREG):
                    return None
                with os.fdopen(os.dup(fd), "rb") as file:
                    data = file.read(min(facts.st_size, self._limit))  # the limit alone would be allocated as a whole
                os.utime(fd)  # what is used stays longest
        except OSError:
            return None
        return _unpacked(data)

    def put(self, key: str, data: bytes) -> None:
        """Keep an object; entries that were not used for longest make room."""
        with self._lock:
            if self._fd is None:
                return
            try:
                self._store(self._fd, key, _packed(data))
            except OSError as error:
                self._give_up(_reason(error))

    def _store(self, directory: int, key: str, content: bytes) -> None:
        aside = f"{key}{_TEMPORARY}{os.getpid()}-{threading.get_ident()}"
        try:
            with _opened(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, directory) as fd, os.fdopen(os.dup(fd), "wb") as file:
                file.write(content)
            os.rename(aside, key, src_dir_fd=directory, dst_dir_fd=directory)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(aside, dir_fd=directory)
            raise
        self._make_room(directory, len(content))

    def _make_room(self, directory: int, added: int) -> None:
        """Count what is there once, then only what is added; over the limit, remove the oldest down to three quarters."""
        if self._stored_bytes is not None:
            self._stored_bytes += added
        else:
            self._stored_bytes = sum(size for _, size, _ in _entries(directory))
        if self._stored_bytes <= self._limit:
            return
        entries = sorted(_entries(directory))
        total = sum(size for _, size, _ in entries)
        for _, size, name in entries:
            if total <= self._limit * 3 // 4:
                break
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=directory)
            total -= size
        self._stored_bytes = total

    def _give_up(self, reason: str) -> None:
        self.close()
        if self._warn is not None:
            self._warn(f"compiled objects are not cached: {reason}")


def _open_directory(path: Path) -> int:
    """Return an fd of the directory, made if it is not there; OSError, RuntimeError (it is not ours alone)."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    if not _is_ours(os.fstat(fd), stat.S_ISDIR):
        os.close(fd)
        raise RuntimeError("it must belong to the user who runs this and be closed to all others (mode 0700)")
    return fd


@contextlib.contextmanager
def _opened(name: str, flags: int, directory: int) -> Iterator[int]:
    fd = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600, dir_fd=directory)
    try:
        yield fd
    finally:
        os.close(fd)


def _is_ours(facts: os.stat_result, right_sort: Callable[[int], bool]) -> bool:
    return right_sort(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & 0o077


def _entries(directory: int) -> list[tuple[int, int, str]]:
    """Return (time of last use in ns, bytes, name) of every file."""
    found = []
    for name in os.listdir(directory):
        with contextlib.suppress(FileNotFoundError):
            facts = os.stat(name, dir_fd=directory, follow_symlinks=False)
            found.append((facts.st_mtime_ns, facts.st_size, name))
    return found


def _packed(data: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(data).digest() + data


def _unpacked(content: bytes) -> bytes | None:
    start = len(_MAGIC) + _DIGEST_BYTES
    data = content[start:]
    return data if content[:start] == _packed(data)[:start] else None


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
