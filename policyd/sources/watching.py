"""Hears of changes in a folder by inotify, and by looking where inotify cannot be had.

One thread for each folder.  It watches the folder and those below it, and every folder on the way there in which a name
could be replaced (the folder itself, or a link on its path).  What changes the shape of that sets all watches anew; whoever
is told then reads the folder as it is, so nothing depends on the order of events, and an event too many costs one look.
"""

from __future__ import annotations

import os
import select
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from inotify_simple import INotify, flags  # type: ignore[import-untyped]

from policyd.log import EVENT_UNWATCHED, log
from policyd.sources.tree import DATA_LINK, MAX_DEPTH, is_hidden, is_policy_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POLL_SECONDS = 2.0
MAX_WATCHES = 2048
"""Folders below one source that are watched; the kernel's own limit is for all programs of a user."""

_LINKS = 40
"""Links on a path that are followed: the kernel's own limit (path_resolution(7))."""

_CONTENT = (
    flags.MODIFY | flags.CLOSE_WRITE | flags.ATTRIB | flags.CREATE | flags.DELETE | flags.MOVED_FROM | flags.MOVED_TO
    | flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR | flags.EXCL_UNLINK
)  # fmt: skip
_ON_THE_WAY = (
    flags.CREATE | flags.DELETE | flags.MOVED_FROM | flags.MOVED_TO | flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR
)


@dataclass(frozen=True, slots=True)
class Watched:
    """A folder, and the times and the look that go with it.  `name`: its source, for the log."""

    name: str
    path: str
    debounce: float
    patience: float
    signature: Callable[[], object]


@contextmanager
def watching(folder: Watched, changed: Callable[[], object]) -> Iterator[None]:
    """Call `changed` from a thread of its own whenever the folder has changed, until the block ends."""
    watcher = _Watcher(folder, changed)
    thread = threading.Thread(target=watcher.run, name=f"watch-{folder.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.eventfd_write(watcher.ended, 1)
        thread.join()
        os.close(watcher.ended)


@dataclass(slots=True)
class _Watcher:
    """The thread's state.  `_names`: for a watch on the way, the names in it that matter; for one of content, None."""

    folder: Watched
    changed: Callable[[], object]
    ended: int = field(default_factory=lambda: os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK))
    _names: dict[int, set[str] | None] = field(default_factory=dict)

    def run(self) -> None:
        try:
            with INotify(nonblocking=True) as inotify:
                self._watch(inotify)
                self.changed()  # something may have changed before there was a watch
                while self._wait(inotify, None):
                    if self._take(inotify) and self._has_settled(inotify):
                        self.changed()
        except OSError as error:  # there is no inotify, or a limit of it is reached
            log(EVENT_UNWATCHED, source=self.folder.name, reason=error.strerror, seconds=POLL_SECONDS)
            self._poll()

    def _wait(self, inotify: INotify | None, seconds: float | None) -> bool | None:
        """Wait for events: True if there are some, False if the time is over, None if the block has ended."""
        poll = select.poll()
        for watched in (self.ended, inotify):
            if watched is not None:
                poll.register(watched, select.POLLIN)
        ready = [number for number, _ in poll.poll(None if seconds is None else seconds * 1000)]
        return None if self.ended in ready else bool(ready)

    # -- inotify ---------------------------------------------------------------------------------------

    def _has_settled(self, inotify: INotify) -> bool:
        """Wait until nothing that matters has happened for a while, though not for ever; False if the block has ended."""
        now = time.monotonic()
        until, latest = now + self.folder.debounce, now + self.folder.patience
        while (left := min(until, latest) - time.monotonic()) > 0:
            more = self._wait(inotify, left)
            if more is None:
                return False
            if more and self._take(inotify):
                until = time.monotonic() + self.folder.debounce
        return True

    def _take(self, inotify: INotify) -> bool:
        """Read what has happened; return whether any of it matters.  Watches follow the folders that are there now."""
        kinds = [self._kind(event.wd, event.mask, event.name) for event in inotify.read(timeout=0)]
        if "shape" in kinds:
            self._watch(inotify)
        return any(kinds)

    def _kind(self, watch: int, mask: int, name: str) -> Literal["", "content", "shape"]:
        """Return what an event means: nothing, other files, or also other folders to watch."""
        if mask & flags.Q_OVERFLOW:
            return "shape"
        if watch not in self._names:  # of a watch that was given up
            return ""
        wanted = self._names[watch]
        if not name or name == DATA_LINK or (wanted is not None and name in wanted):
            return "shape"
        if wanted is not None or is_hidden(name):
            return ""
        return "shape" if mask & flags.ISDIR else "content" if is_policy_name(name) else ""

    def _watch(self, inotify: INotify) -> None:
        """Watch what is there now, and nothing else; a folder that is watched already keeps its watch."""
        names: dict[int, set[str] | None] = {}
        seen: list[str] = []
        while (folders := _folders(self.folder.path)) != seen or not names:  # a new one may come before its parent's watch
            seen = folders
            names = {}
            for folder, name in _way_to(self.folder.path):
                watch = _add(inotify, folder, _ON_THE_WAY)
                names[watch] = {name} | (names.get(watch) or set())
            names |= {_add(inotify, folder, _CONTENT): None for folder in folders}
        for old in self._names.keys() - names.keys():
            with suppress(OSError):
                inotify.rm_watch(old)
        self._names = names

    # -- looking ---------------------------------------------------------------------------------------

    def _poll(self) -> None:
        seen: object = None  # so that the first look tells too
        while self._wait(None, POLL_SECONDS) is not None:
            now = self.folder.signature()
            if now != seen:
                seen = now
                self.changed()


def _add(inotify: INotify, folder: str, mask: int) -> int:
    """Return the watch of a folder; -1 if it is not there, or is not for us."""
    try:
        return int(inotify.add_watch(folder, mask))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return -1


def _way_to(path: str) -> list[tuple[str, str]]:
    """Return each folder in which a name on the way to `path` stands, with that name; links are followed, and are on it."""
    found: list[tuple[str, str]] = []
    here, rest, links = "/", Path(path).absolute().parts[1:], 0
    while rest:
        name, rest = rest[0], rest[1:]
        if name == "..":
            here = str(Path(here).parent)
            continue
        found.append((here, name))
        below = str(Path(here) / name)
        try:
            target = Path(below).readlink()
        except OSError:
            here = below
            continue
        links += 1
        if links > _LINKS:
            break
        rest = (*(target.parts[1:] if target.is_absolute() else target.parts), *rest)
        here = "/" if target.is_absolute() else here
    return found


def _folders(path: str) -> list[str]:
    """Return the folder and those below it that are not hidden; `OSError` if they are too many."""
    found = []
    for folder, below, _ in os.walk(path):
        depth = folder.count("/") - path.count("/")
        below[:] = [name for name in below if not is_hidden(name)] if depth < MAX_DEPTH else []
        found.append(folder)
        if len(found) > MAX_WATCHES:
            raise OSError(28, f"more than {MAX_WATCHES} folders")
    return found
