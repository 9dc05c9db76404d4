"""Programs and libraries with their functions, each file read once: in, places where a file may be; out, a `Program`."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.elf import CodeMap, ElfError, Image
from policyd.elf.code_map import has_all_functions
from policyd.elf.debug_files import DEBUG_FOLDERS, find_debug_file
from policyd.elf.notes import build_id
from policyd.file_state import file_state
from policyd.text import safe

if TYPE_CHECKING:
    from policyd.symbols.mappings import Mapping, Process

MOST_BYTES = 192 << 20
"""Of functions and names that are kept."""
MOST_FILES = 1024
LONGEST_NAME = 200
ID_DIGITS = 40
"""Of a build id, as the kernel notes it with a frame: 20 bytes, with zeros behind shorter ones."""


def as_noted(build_id: str) -> str:
    """Return a file's build id as frames have it."""
    return build_id.ljust(ID_DIGITS, "0")


@dataclass(frozen=True, slots=True)
class Place:
    """A file that processes map: where to open it, best way first; `path` as seen below `root`; its inode, if known."""

    paths: tuple[str, ...]
    path: str
    root: str = ""
    inode: int = 0

    @classmethod
    def of(cls, process: Process, mapping: Mapping) -> Place:
        return cls(process.paths(mapping), mapping.path, f"{process.folder}/root", mapping.inode)

    @property
    def name(self) -> str:
        """The file's name, safe to show."""
        return safe(self.path.rpartition("/")[2], LONGEST_NAME)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Program:
    """A file's functions.  `complete`: it or its debug file has all of them, not only those that it exports."""

    name: str
    build_id: str
    code: CodeMap
    complete: bool


class Programs:
    """Files that were opened last, up to `most_bytes` of their functions; files without functions are remembered too."""

    def __init__(self, folders: tuple[str, ...] = DEBUG_FOLDERS, most_bytes: int = MOST_BYTES) -> None:
        self._folders, self._most_bytes = folders, most_bytes
        self._known: OrderedDict[str, Program | None] = OrderedDict()
        self._bytes = 0

    def open(self, place: Place, wanted: str = "") -> Program | None:
        """Return the file at a place, of the build id that is wanted; None if it is not there any more, or no program."""
        for path in place.paths:
            try:
                state = file_state(status := os.stat(path))  # noqa: PTH116 (links of /proc lead to files without a path)
            except (OSError, ValueError):
                continue
            if not wanted and place.inode and status.st_ino != place.inode:
                continue
            found = self._remembered(state) if state in self._known else self._read(path, place, state)
            if found is None or not wanted or as_noted(found.build_id) == as_noted(wanted):
                return found
        return None

    def _remembered(self, state: str) -> Program | None:
        self._known.move_to_end(state)
        return self._known[state]

    def _read(self, path: str, place: Place, state: str) -> Program | None:
        try:
            with Image.open(path) as image:
                state = file_state(image.status)
                found = self._program(image, place)
        except ElfError:
            found = None
        self._known[state] = found
        self._bytes += found.code.weight if found else 0
        while self._bytes > self._most_bytes or len(self._known) > MOST_FILES:
            _, gone = self._known.popitem(last=False)
            self._bytes -= gone.code.weight if gone else 0
        return found

    def _program(self, image: Image, place: Place) -> Program:
        complete = has_all_functions(image)
        debug = None if complete else self._debug_file(image, place)
        try:
            code = CodeMap.read(image, debug)
        finally:
            if debug is not None:
                debug.stream.close()
        return Program(place.name, build_id(image), code, complete or debug is not None)

    def _debug_file(self, image: Image, place: Place) -> Image | None:
        for root in dict.fromkeys((place.root, "")):
            if found := find_debug_file(image, place.path, root, self._folders):
                return found
        return None
