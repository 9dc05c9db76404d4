"""Files of the host, read with care: bounded, and no link that lies in a container's own folder is followed.

`HostFiles("/host")` reads the host's files where they are mounted below a folder, as in a DaemonSet; links of the host are
then followed within it.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass

HOST_ROOT = "POLICYD_HOST_ROOT"
"""Names the folder below which the host's files are, where that is not `/`."""

MAX_BYTES = 4 << 20
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_MOST_LINKS = 40  # as the kernel's MAXSYMLINKS
_MOST_NAMES = 256

Stamp = tuple[int, int, int, int]
"""What changes with a file: device, inode, size, time of change (ns)."""


@dataclass(frozen=True, slots=True)
class HostFiles:
    """The host's files; `root` is what stands before its paths here, without a slash at its end."""

    root: str = ""

    @classmethod
    def of_environment(cls) -> HostFiles:
        """Return the files below what the environment says."""
        return cls(os.environ.get(HOST_ROOT, "").rstrip("/"))

    def read(self, path: str, *names: str) -> bytes | None:
        """Return the bytes of a file, `path` of the host or `names` below it; None if there is none.

        Links are followed in `path`, which is the host's, and nowhere in `names`.  `OSError`: it cannot be read, is no file,
        or has more than `MAX_BYTES`.
        """
        try:
            return _bytes_of(self._open(self.path(path), names))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _open(self, path: str, names: tuple[str, ...]) -> int:
        if not names:
            return os.open(path, _FILE)
        at = os.open(path, _FOLDER)
        try:
            for name in names[:-1]:
                below = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=at)
                os.close(at)
                at = below
            return os.open(names[-1], _FILE | os.O_NOFOLLOW, dir_fd=at)
        finally:
            os.close(at)

    def folders(self, folder: str) -> tuple[str, ...]:
        """Return the names of the folders in a folder of the host, not more than some hundreds; none if it is not there."""
        try:
            with os.scandir(self.path(folder)) as entries:
                found = [entry.name for entry, _ in zip(entries, range(_MOST_NAMES), strict=False) if _is_folder(entry)]
        except (FileNotFoundError, NotADirectoryError):
            return ()
        return tuple(sorted(found))

    def stamp(self, path: str) -> Stamp | None:
        """Return what changes when a file of the host does; None if it is not there."""
        try:
            found = os.stat(self.path(path))  # noqa: PTH116  (as the rest: text, not Path objects)
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def path(self, path: str) -> str:
        """Return where a path of the host is here; `OSError` if its links go round in circles."""
        return _within(self.root, path) if self.root else path


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _bytes_of(fd: int) -> bytes:
    with open(fd, "rb", buffering=0) as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        if found.st_size > MAX_BYTES:
            raise OSError(errno.EFBIG, f"it has more than {MAX_BYTES >> 20} MiB")
        return file.read(MAX_BYTES) or b""


def _within(root: str, path: str) -> str:
    """Follow the links of `path` as if `root` were `/`, as chroot does; what is not there yet stays as it is."""
    done: list[str] = []
    left = path.split("/")
    links = 0
    while left:
        part = left.pop(0)
        if part in {"", "."}:
            continue
        if part == "..":
            done = done[:-1]
            continue
        try:
            target = os.readlink("/".join([root, *done, part]))  # noqa: PTH115
        except OSError:
            done.append(part)
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        done = [] if target.startswith("/") else done
        left = target.split("/") + left
    return "/".join([root, *done])
