"""The YAML files below an open folder, read through descriptors so that nobody can move the ground while it is read.

In: a descriptor of a folder.  Out: `Tree`: every file's bytes with the facts (`Facts`) by which a second look tells whether
anything has changed since.  Nothing is opened by a path from `/`, no symbolic link is followed, and nothing that could block
(a pipe, a device) is opened at all.
"""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policyd.document import MAX_FILE_BYTES
from policyd.sources.source import MAX_BUNDLE_BYTES, MAX_FILES, BundleFile, SourceError
from policyd.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 16
MAX_ENTRIES = 65_536
"""Names in all folders of a source, whatever they are: a folder of that size is not one of policies."""

DATA_LINK = "..data"
"""The link in a mounted ConfigMap that names its newest version."""

_SUFFIXES = (".yaml", ".yml")
WRITING_SECONDS = 60.0
"""How long after its last change a file that is open for writing is taken for half written: some keep files open for ever,
and NFS gives no lease on any file that it has no delegation for (EAGAIN, as with a writer)."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

Facts = tuple[int, int, int, int, int]
"""Device, inode, size, and times of the last change of content and of anything, in nanoseconds."""


def is_hidden(name: str) -> bool:
    """Whether a name is left out: editors' lock and swap files, `.git`, what belongs to a mounted ConfigMap."""
    return name.startswith(".")


def is_policy_name(name: str) -> bool:
    """Whether a file of this name is read (editors' `x.yaml~`, `#x.yaml#`, `x.yaml.swp` and `4913` are not)."""
    return name.endswith(_SUFFIXES) and not is_hidden(name)


@dataclass(slots=True)
class Tree:
    """What was found.  `facts` has a row for each file and folder; `busy`: a file that somebody has open for writing."""

    files: list[BundleFile] = field(default_factory=list)
    facts: dict[str, Facts] = field(default_factory=dict)
    busy: str = ""
    entries: int = 0
    size: int = 0

    @property
    def newest(self) -> float:
        """When something of it changed last, in seconds since 1970."""
        return max((changed for *_, changed in self.facts.values()), default=0) / 1e9


def read_tree(folder: int, *, contents: bool = True, leases: bool = False) -> Tree:
    """Read the files below the folder that is open as `folder`; without `contents` only their facts.

    With `leases` it is looked whether a new file is open for writing.  Raises `SourceError` where something is there that
    will not be read, and `OSError` if something went while it was read (ENOENT, ESTALE) or may not be read.
    """
    reading = _Reading(Tree(), contents, leases)
    reading.folder(os.open(".", _FOLDER, dir_fd=folder), "", 0)
    return reading.tree


@dataclass(frozen=True, slots=True)
class _Reading:
    tree: Tree
    contents: bool
    leases: bool

    def folder(self, opened: int, name: str, depth: int) -> None:
        """Read one folder and what is below it; closes `opened`."""
        try:
            self.tree.facts[f"{name}/"] = _facts(os.fstat(opened))
            for entry in sorted(self._entries(opened), key=lambda entry: entry.name):
                path = f"{name}/{entry.name}" if name else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if depth >= MAX_DEPTH:
                        raise _refused(f"{quote(path, 200)} is more than {MAX_DEPTH} folders deep")
                    self.folder(os.open(entry.name, _FOLDER, dir_fd=opened), path, depth + 1)
                elif self._is_wanted(opened, entry, path):
                    self._file(opened, entry.name, path)
        finally:
            os.close(opened)

    def _entries(self, opened: int) -> Iterator[os.DirEntry[str]]:
        with os.scandir(opened) as entries:
            for entry in entries:
                self.tree.entries += 1
                if self.tree.entries > MAX_ENTRIES:
                    raise _refused(f"there are more than {MAX_ENTRIES:,} names in it")
                if not is_hidden(entry.name):
                    yield entry

    def _is_wanted(self, opened: int, entry: os.DirEntry[str], path: str) -> bool:
        """Whether an entry that is no folder shall be read; `SourceError` if it looks so and cannot be."""
        named = is_policy_name(entry.name)
        if entry.is_symlink():
            if named or _is_folder(opened, entry.name):
                hint = "links are followed only in a mounted ConfigMap; put the file itself there"
                raise _refused(f"{quote(path, 200)} is a symbolic link: {hint}")
            return False
        if named and not entry.is_file(follow_symlinks=False):
            raise _refused(f"{quote(path, 200)} is no regular file")
        return named

    def _file(self, opened: int, name: str, path: str) -> None:
        file = os.open(name, _FILE, dir_fd=opened)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise _refused(f"{quote(path, 200)} is no regular file")
            self.tree.facts[path] = _facts(status)
            recent = time.time() - status.st_ctime < WRITING_SECONDS
            if self.leases and recent and _is_being_written(file):
                self.tree.busy = path
            if self.contents:
                self._take(file, path)
        finally:
            os.close(file)

    def _take(self, file: int, path: str) -> None:
        tree = self.tree
        if len(tree.files) >= MAX_FILES:
            raise _refused(f"there are more than {MAX_FILES:,} files in it")
        data = _read(file, MAX_FILE_BYTES + 1)
        tree.size += len(data)
        if len(data) > MAX_FILE_BYTES:
            raise _refused(f"{quote(path, 200)} is larger than {MAX_FILE_BYTES >> 20} MiB")
        if tree.size > MAX_BUNDLE_BYTES:
            raise _refused(f"its files are larger than {MAX_BUNDLE_BYTES >> 20} MiB together")
        tree.files.append(BundleFile(path, data))


def _refused(message: str) -> SourceError:
    return SourceError(message, refused=True)


def _facts(status: os.stat_result) -> Facts:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _is_folder(opened: int, name: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=opened).st_mode)
    except OSError:
        return False


def _read(file: int, most: int) -> bytes:
    found = bytearray()
    while len(found) < most and (piece := os.read(file, min(most - len(found), 1 << 20))):
        found += piece
    return bytes(found)


def _is_being_written(file: int) -> bool:
    """Whether any process has the file open for writing: then the kernel gives no read lease (fcntl(2), F_SETLEASE).

    The lease is given back at once.  Who opens the file for writing in between waits for that, and the signal that we then
    get is one that nobody notices (SIGURG), where SIGIO would end the process.
    """
    with suppress(OSError):  # no leases on this file system, or not on files of others
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except BlockingIOError:
            return True
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
