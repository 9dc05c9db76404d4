"""Files by build id: in, an id that the kernel noted with a frame; out, where a file with it is.

Looked for where it costs least first: in the process that the frame is of, in all processes, by the links that some
distributions keep, and in the folders where programs and libraries are.  Each file is looked at once.
"""

from __future__ import annotations

import os
import time
from itertools import islice
from typing import TYPE_CHECKING

from policyd.elf import build_id_of
from policyd.symbols.programs import Place, as_noted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from policyd.symbols.mappings import Process, Processes

MOST_IDS = 65_536
MOST_FILES = 50_000
"""Files in folders that are looked at."""
AGAIN = 10.0
"""Seconds after which all processes are looked through again for an id that is not known."""

LINKS = ("/usr/lib/.build-id",)
FOLDERS = (
    *("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/local/lib", "/usr/lib64", "/usr/lib"),
    *("/usr/libexec", "/bin", "/sbin", "/lib", "/lib64", "/opt"),
)


class BuildIds:
    """An index that grows as ids are asked for; `folders` and `links` are looked through once."""

    def __init__(
        self,
        processes: Processes,
        folders: tuple[str, ...] = FOLDERS,
        links: tuple[str, ...] = LINKS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._processes, self._links, self._clock = processes, links, clock
        self._known: dict[str, Place] = {}
        self._seen: set[tuple[int, int]] = set()
        self._folders: Iterator[str] | None = islice(_files(folders), MOST_FILES)
        self._due = 0.0
        self._missing: dict[str, float] = {}

    def find(self, build_id: str, process: Process | None = None) -> Place | None:
        """Return where a file with this build id is, None if nowhere; the process that had the frame is looked at first."""
        build_id = as_noted(build_id)
        now = self._clock()
        if now < self._missing.get(build_id, now):
            return None
        found = self._find(build_id, process)
        if found is None:
            self._missing = {} if len(self._missing) >= MOST_IDS else self._missing
            self._missing[build_id] = now + AGAIN
        return found

    def _find(self, build_id: str, process: Process | None) -> Place | None:
        if build_id not in self._known and process is not None:
            self._add_process(process)
        if build_id not in self._known and self._clock() >= self._due:
            for one in self._processes.running():
                self._add_process(one)
            self._due = self._clock() + AGAIN
        return self._known.get(build_id) or self._linked(build_id) or self._in_folders(build_id)

    def _add_process(self, process: Process) -> None:
        for mapping in process.mappings:
            if mapping.is_file:
                self._add(Place.of(process, mapping))

    def _add(self, place: Place) -> None:
        """Note a file's build id, unless it was looked at before."""
        for path in place.paths:
            try:
                status = os.stat(path)  # noqa: PTH116 (links of /proc lead to files without a path)
            except (OSError, ValueError):
                continue
            if place.inode and status.st_ino != place.inode:
                continue
            if (key := (status.st_dev, status.st_ino)) not in self._seen and len(self._seen) < 2 * MOST_IDS:
                self._seen.add(key)
                self._note(build_id_of(path), place)
            return

    def _note(self, build_id: str, place: Place) -> None:
        if build_id and len(self._known) < MOST_IDS:
            self._known.setdefault(as_noted(build_id), place)

    def _linked(self, build_id: str) -> Place | None:
        for folder in self._links:
            path = os.path.realpath(f"{folder}/{build_id[:2]}/{build_id[2:]}")
            if as_noted(build_id_of(path)) == build_id:
                self._note(build_id, Place((path,), path))
                return Place((path,), path)
        return None

    def _in_folders(self, build_id: str) -> Place | None:
        """Look on through the folders, as far as it takes."""
        for path in self._folders or ():
            self._add(Place((path,), path))
            if build_id in self._known:
                return self._known[build_id]
        self._folders = None
        return None


def _files(folders: Iterable[str], depth: int = 4) -> Iterator[str]:
    """Yield files that may be programs or libraries, by their names and modes, as deep as `depth` folders."""
    waiting = [(folder, depth) for folder in reversed(dict.fromkeys(map(os.path.realpath, folders)))]
    while waiting:
        folder, left = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting += [(entry.path, left - 1)] if left else []
            elif entry.is_file(follow_symlinks=False) and (".so" in entry.name or os.access(entry.path, os.X_OK)):
                yield entry.path
