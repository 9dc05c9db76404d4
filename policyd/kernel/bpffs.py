"""The bpffs root: a directory that is ours alone, its pins, and the lock that makes one writer at a time.

bpffs itself is writable for everyone (mode 1777), so the root must be a real directory of our own user with mode 0700 before
anything in it is believed.  Names hold no dots (the kernel refuses them).  Every change is a numbered point.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from policyd.errors import KernelError, LockError, OwnershipError
from policyd.kernel import points
from policyd.kernel.bpf import attach
from policyd.kernel.bpf.constants import BPFFS_MAGIC
from policyd.kernel.bpf.syscall import failure, filesystem_magic, mount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOUNT_POINT = Path("/sys/fs/bpf")
_ASIDE = "__new"
_POLL_SECONDS = 0.05
_KEPT = frozenset({errno.ENOTEMPTY, errno.ENOTDIR, errno.EBUSY, errno.EACCES, errno.EPERM})
"""How rmdir(2) leaves a folder alone that is not ours to remove: others' files, links, mount points, others' parents."""

_Result = TypeVar("_Result")


class Bpffs:
    """The tree below one root; paths are relative to it."""

    def __init__(self, root: str) -> None:
        self.root = Path(root)

    # -- the root ------------------------------------------------------------------------------------------

    def ensure_root(self) -> None:
        """Mount bpffs if it is absent at its usual place, make the root (0700), refuse a root that is not ours."""
        while True:
            if not _present(self.root):
                self._make_root()
            try:
                return self.check_root()
            except (FileNotFoundError, KernelError) as error:
                if error.errno != errno.ENOENT:  # else somebody has just removed everything (`remove_root`)
                    raise

    def _make_root(self) -> None:
        self._find_bpffs()
        try:
            _change("mkdir", str(self.root), lambda: self.root.mkdir(mode=0o700))
        except KernelError as error:
            if error.errno != errno.EEXIST:  # somebody was quicker: looked at like any other
                raise

    def remove_root(self) -> None:
        """Remove the empty folders and the root itself, if nothing else is left in it; see `Kernel.remove_root`."""
        for parent, directories, _ in os.walk(self.root, topdown=False, followlinks=False):
            for name in sorted(directories):
                self._remove_if_empty(Path(parent, name))
        self._remove_if_empty(self.root)

    def _remove_if_empty(self, path: Path) -> None:
        try:
            _change("rmdir", self._name(path), path.rmdir)
        except KernelError as error:
            if error.errno not in _KEPT:
                raise

    def check_root(self) -> None:
        """Raise `OwnershipError` unless the root is a directory in a bpffs, ours, and closed to all others."""
        facts = self.root.lstat()
        if not stat.S_ISDIR(facts.st_mode):
            raise OwnershipError(f"{self.root} is not a directory; name another root with --root")
        if facts.st_uid != os.geteuid():
            raise OwnershipError(
                f"{self.root} belongs to user {facts.st_uid}, not to user {os.geteuid()}; name another root with --root"
            )
        if facts.st_mode & 0o077:
            raise OwnershipError(
                f"{self.root} has mode {stat.S_IMODE(facts.st_mode):04o}, so that others can get at it; expected 0700. "
                "If it is yours and nobody has touched it: chmod 0700, else name another root with --root"
            )
        if filesystem_magic(str(self.root)) != BPFFS_MAGIC:
            raise OwnershipError(f"{self.root} is a directory outside of bpffs; remove it, or name another root with --root")

    def _find_bpffs(self) -> None:
        parent = self.root.parent
        if parent == MOUNT_POINT and parent.is_dir() and filesystem_magic(str(parent)) != BPFFS_MAGIC:
            mount("bpf", str(parent))
        if not parent.is_dir():
            raise KernelError(f"make {self.root}", errno.ENOENT, f"{parent} does not exist")
        if filesystem_magic(str(parent)) != BPFFS_MAGIC:
            raise KernelError(f"make {self.root}", errno.EINVAL, f"{parent} is not in a bpffs: mount -t bpf bpf DIRECTORY")

    @contextmanager
    def lock(self, timeout: float | None, waiting: Callable[[], object] | None = None) -> Iterator[None]:
        """Hold the root's lock; see `Kernel.lock`.  `timeout` in seconds, None waits for ever."""
        fd = self._locked(timeout, waiting)
        try:
            yield
        finally:
            os.close(fd)

    def _locked(self, timeout: float | None, waiting: Callable[[], object] | None) -> int:
        end, told = None if timeout is None else time.monotonic() + timeout, False
        while True:
            fd = self._open_root()
            if _try_lock(fd):
                if self._is_root(fd):
                    return fd
                os.close(fd)
                continue
            holder = _lock_holder(fd)
            os.close(fd)
            if end is not None and time.monotonic() >= end:
                raise LockError(f"another policyd ({holder}) holds the lock of {self.root}; gave up after {timeout:g} s")
            if waiting is not None and not told:
                waiting()
            told = True
            time.sleep(_POLL_SECONDS)

    def _open_root(self) -> int:
        """Open the root; whoever held its lock may have removed it with all that was in it, then it is made again."""
        while True:
            try:
                return os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                self.ensure_root()

    def _is_root(self, fd: int) -> bool:
        """Whether the locked directory still has the root's name: it may have been removed and made again meanwhile."""
        try:
            return os.path.samestat(os.fstat(fd), self.root.lstat())
        except FileNotFoundError:
            return False

    # -- names -----------------------------------------------------------------------------------------------

    def path(self, relative: str) -> Path:
        return self.root / relative if relative else self.root

    def exists(self, relative: str) -> bool:
        return _present(self.path(relative))

    def list(self, relative: str) -> tuple[str, ...]:
        """Return the names in a directory, sorted; none if there is no such directory."""
        try:
            return tuple(sorted(path.name for path in self.path(relative).iterdir()))
        except (FileNotFoundError, NotADirectoryError):
            return ()

    def make_directory(self, relative: str) -> None:
        path = self.path(relative)
        missing = [part for part in (path, *path.parents) if self.root in part.parents and not _present(part)]
        for part in reversed(missing):
            _change("mkdir", self._name(part), lambda part=part: part.mkdir(mode=0o700))  # type: ignore[misc]

    def remove_directory(self, relative: str) -> None:
        path = self.path(relative)
        if _present(path):
            _change("rmdir", relative, path.rmdir)

    def remove_tree(self, relative: str) -> None:
        """Unlink every pin below and remove the directories, deepest first; symbolic links are not followed."""
        path = self.path(relative)
        if not _present(path):
            return
        for parent, directories, names in os.walk(path, topdown=False, followlinks=False):
            for name in sorted(names):
                self.unpin(self._name(Path(parent, name)))
            for name in sorted(directories):
                child = Path(parent, name)
                _change("rmdir", self._name(child), child.unlink if child.is_symlink() else child.rmdir)
        _change("rmdir", relative or ".", path.rmdir)

    # -- pins ------------------------------------------------------------------------------------------------

    def pin(self, fd: int, relative: str) -> None:
        """Name an object.  A name that is taken changes its object in one step: there is no moment without one."""
        path = self.path(relative)
        if not _present(path):
            attach.pin(fd, str(path))
            return
        aside = relative + _ASIDE
        self.unpin(aside)
        attach.pin(fd, str(self.path(aside)))
        self.rename(aside, relative)

    def unpin(self, relative: str) -> None:
        path = self.path(relative)
        if _present(path):
            _change("unlink", relative, path.unlink)

    def open(self, relative: str) -> int | None:
        return attach.open_pin(str(self.path(relative)))

    def rename(self, old: str, new: str) -> None:
        """Rename a pin or directory; a pin that has the new name is replaced."""
        _change("rename", f"{old} {new}", lambda: self.path(old).rename(self.path(new)))

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.root))


def _present(path: Path) -> bool:
    """Whether the name is taken, if only by a dangling symbolic link."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        hint = "names in bpffs hold no dots" if "." in path.name else ""
        raise KernelError(f"look for {path}", error.errno or errno.EIO, hint) from None
    return True


def _change(point: str, detail: str, action: Callable[[], _Result]) -> _Result:
    try:
        return points.run(point, detail, action)
    except OSError as error:
        raise failure(f"{point} {detail} in bpffs", error.errno or errno.EIO) from None


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_holder(fd: int) -> str:
    """Return `process 123` for who holds the `flock`, as /proc/locks tells (fields: id, sort, …, pid, device:inode)."""
    inode = f":{os.fstat(fd).st_ino}"
    for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
        fields = line.split()
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5].endswith(inode):
            return f"process {fields[4]}"
    return "an unknown process"
