"""A folder as a source: each `fetch` gives one version of it, never parts of two.

Three shapes of folders are known.  A *mounted ConfigMap* (Kubernetes' AtomicWriter) keeps each version in a folder of its
own and swaps the link `..data`.  A *link to a folder* (git-sync and others) is swapped as a whole.  In a *plain folder*
files are edited in place, so it is read when it has come to rest, and looked at again after.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from policyd.sources.source import Bundle, Mark, SourceError, make_bundle
from policyd.sources.tree import DATA_LINK, Tree, is_hidden, is_policy_name, read_tree
from policyd.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

DEBOUNCE_SECONDS = 0.3
PATIENCE_SECONDS = 2.0
"""How long a folder must have been at rest, and how long that is waited for."""

_LEAST_ATTEMPTS = 3
_PAUSE_SECONDS = 0.005
_HANDLE = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_GONE = (errno.ENOENT, errno.ESTALE, errno.ELOOP, errno.ENOTDIR)
"""What a folder that is changed while it is read may look like; the next attempt tells whether it is one."""


class _ChangedError(Exception):
    """The folder was changed while it was read: wait for `pause` seconds, and give up when it goes on for `patience`."""

    def __init__(self, message: str, pause: float = _PAUSE_SECONDS, patience: float = PATIENCE_SECONDS) -> None:
        self.pause, self.patience = pause, patience
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Directory:
    """A folder on this host, as a `Source`."""

    name: str
    path: str
    interval: float = 60.0
    debounce: float = DEBOUNCE_SECONDS
    kind: str = "directory"

    @property
    def where(self) -> str:
        return self.path

    def fetch(self, mark: Mark) -> Bundle:  # noqa: ARG002 (a folder has no older and newer)
        """Read one version; `SourceError`.  Takes at most `PATIENCE_SECONDS` longer than reading it three times."""
        started = time.monotonic()
        for attempt in count(1):
            spent = time.monotonic() - started
            try:
                return make_bundle(self._read(patient=spent < PATIENCE_SECONDS).files)
            except _ChangedError as error:
                if attempt >= _LEAST_ATTEMPTS and spent >= error.patience:
                    raise SourceError(f"{self.path}: {error}", transient=True) from None
                time.sleep(error.pause)
            except SourceError as error:
                raise SourceError(f"{self.path}: {error}", refused=error.refused, transient=error.transient) from None
            except OSError as error:
                raise SourceError(f"{self.path}: {error.strerror}", transient=True) from None
        raise AssertionError("counting never ends")

    def watch(self, changed: Callable[[], object]) -> AbstractContextManager[None]:
        """Call `changed` when the folder has come to rest after a change; it may be called when nothing has changed."""
        from policyd.sources.watching import Watched, watching  # noqa: PLC0415 (ctypes, which nobody needs who only reads)

        return watching(Watched(self.name, self.path, self.debounce, PATIENCE_SECONDS, self.signature), changed)

    def signature(self) -> object:
        """Return what is different after a change, without reading a file: for hosts that tell of no changes."""
        try:
            with _opened(self.path) as folder:
                target = _data_target(folder)
                if not target:
                    return read_tree(folder, contents=False).facts
                with _opened(target, folder, os.O_NOFOLLOW) as version:
                    return target, read_tree(version, contents=False).facts
        except (OSError, SourceError) as error:
            return str(error)

    # -- one attempt -----------------------------------------------------------------------------------

    def _read(self, *, patient: bool) -> Tree:
        """Return what is there if nothing changed meanwhile; raises `_ChangedError`, `SourceError`, `OSError`."""
        with self._root() as folder:
            target = _data_target(folder)
            with _while_reading():
                tree = _read_config_map(folder, target) if target else self._read_plain(folder, patient=patient)
            if not _is_same(self.path, folder):
                raise _ChangedError("it was replaced again and again while it was read")
            return tree

    @contextmanager
    def _root(self) -> Iterator[int]:
        """Hold the folder.  Between two renames there may be none for a moment; a link on the way is followed once."""
        try:
            handle = os.open(self.path, _HANDLE)
        except FileNotFoundError:
            raise _ChangedError("there is no such folder", patience=self.debounce) from None
        except NotADirectoryError:
            raise SourceError("this is no folder", transient=True) from None
        try:
            yield handle
        finally:
            os.close(handle)

    def _read_plain(self, folder: int, *, patient: bool) -> Tree:
        tree = read_tree(folder, leases=True)
        if tree.busy:
            raise _ChangedError(f"{quote(tree.busy, 200)} is being written: it is open for writing", self.debounce / 3)
        rest = self.debounce - (time.time() - tree.newest)
        if patient and 0 < rest <= self.debounce:  # beyond that the clock was set back since
            raise _ChangedError("it is being changed", rest)
        if read_tree(folder, contents=False).facts != tree.facts:
            raise _ChangedError("it was changed again and again while it was read")
        return tree


@contextmanager
def _opened(path: str, folder: int | None = None, flags: int = 0) -> Iterator[int]:
    """Hold a folder: whatever is renamed after, what is read through the descriptor is this one."""
    handle = os.open(path, _HANDLE | flags, dir_fd=folder)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _while_reading() -> Iterator[None]:
    """Take what vanishes during an attempt for a change."""
    try:
        yield
    except OSError as error:
        if error.errno in _GONE:
            raise _ChangedError("names in it vanished again and again while it was read") from None
        raise


def _is_same(path: str, folder: int) -> bool:
    try:
        return os.path.samestat(FilePath(path).stat(), os.fstat(folder))
    except OSError:
        return False


# ------------------------------------------------------------------------------------------------ mounted ConfigMaps


def _data_target(folder: int) -> str:
    """Return the name of the folder that `..data` links to; empty if this is no mounted ConfigMap."""
    try:
        target = os.readlink(DATA_LINK, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINVAL):
            return ""
        raise
    if "/" in target or target in {"", ".", ".."}:
        raise SourceError(f"`{DATA_LINK}` links to {quote(target, 200)}, out of the folder", refused=True)
    return target


def _read_config_map(folder: int, target: str) -> Tree:
    """Read the version `target`.

    kubelet removes a version's files only after `..data` was swapped: if the link still names the same folder after reading,
    nothing of it can have been missing.
    """
    if stat.S_ISLNK(os.stat(target, dir_fd=folder, follow_symlinks=False).st_mode):
        raise SourceError(f"`{DATA_LINK}` links to a link, out of the folder", refused=True)
    with _opened(target, folder, os.O_NOFOLLOW) as version:
        tree = read_tree(version)
        _check_names(folder)
        if _data_target(folder) != target or not _is_still(target, folder, version):
            raise _ChangedError("it was swapped again and again while it was read")
        return tree


def _is_still(name: str, folder: int, version: int) -> bool:
    return os.path.samestat(os.stat(name, dir_fd=folder, follow_symlinks=False), os.fstat(version))


def _check_names(folder: int) -> None:
    """Refuse policies and folders beside the links into `..data`: they would be left out without a word."""
    opened = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        with os.scandir(opened) as entries:
            for entry in entries:
                is_ours = entry.is_symlink() and os.readlink(entry.name, dir_fd=opened).startswith(f"{DATA_LINK}/")
                if not is_ours and not is_hidden(entry.name) and (is_policy_name(entry.name) or entry.is_dir()):
                    message = (
                        f"{quote(entry.name, 200)} is no link into `{DATA_LINK}`: a mounted ConfigMap holds nothing else"
                    )
                    raise SourceError(message, refused=True)
    finally:
        os.close(opened)
