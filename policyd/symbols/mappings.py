"""What a process has mapped as code, from /proc/PID/maps: in, a pid; out, mappings by address, and ways to their files."""

from __future__ import annotations

import os
import time
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from weakref import ReferenceType

    from policyd.symbols.programs import Program

LARGEST_MAPS = 32 << 20
"""Bytes: 65,530 mappings (vm.max_map_count) with long paths."""

MOST_PROCESSES = 1024
FRESH = 5.0
"""Seconds for which an address that is in no mapping is not looked for again."""

_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Code at `start` … `end` of a process, from `offset` of a file; `path` as the process sees it, or `[vdso]`, or none."""

    start: int
    end: int
    offset: int
    inode: int
    path: str

    @property
    def is_file(self) -> bool:
        """Whether a file of a file system is behind it, though it may have been deleted."""
        return self.inode != 0 and self.path.startswith("/") and not self.path.startswith(("/memfd:", "/dev/zero", "/SYSV"))


class Process:
    """The code of one process, as it was when it was read last; of one that has ended it stays what it was."""

    def __init__(self, proc: str, pid: int, clock: Callable[[], float]) -> None:
        self.pid, self.folder, self._clock = pid, f"{proc}/{pid}", clock
        self.mappings: tuple[Mapping, ...] = ()
        self.files: dict[Mapping, ReferenceType[Program] | None] = {}
        self.alive = False
        self._starts: list[int] = []
        self._began, self._read_at = b"", 0.0
        self._read()

    def find(self, address: int) -> Mapping | None:
        """Return the mapping that has an address; None if none has."""
        age = self._clock() - self._read_at
        found = self._find(address)
        if age >= FRESH:
            self._read()
            return self._find(address)
        return found

    def paths(self, mapping: Mapping) -> tuple[str, ...]:
        """Return where the file of a mapping may be opened: the mapped file itself, deleted or not, then by its path."""
        at = f"{self.folder}/map_files/{mapping.start:x}-{mapping.end:x}"
        path = mapping.path
        return (at, f"{self.folder}/root{path}", path)

    def _find(self, address: int) -> Mapping | None:
        index = bisect_right(self._starts, address) - 1
        found = self.mappings[index] if index >= 0 else None
        return found if found and address < found.end else None

    def _read(self) -> None:
        self._read_at = self._clock()
        began = _start_time(self.folder)
        self.alive = bool(began)
        mappings = tuple(read_mappings(self.folder)) if began else ()
        if mappings or began not in {self._began, b""}:
            self.mappings, self._began, self.files = mappings, began, {}
            self._starts = [mapping.start for mapping in mappings]


class Processes:
    """Processes by pid, the ones that were asked for last."""

    def __init__(self, proc: str = "/proc", clock: Callable[[], float] = time.monotonic) -> None:
        self.proc, self._clock = proc, clock
        self._known: OrderedDict[int, Process] = OrderedDict()

    def open(self, pid: int) -> Process:
        found = self._known.pop(pid, None) or Process(self.proc, pid, self._clock)
        self._known[pid] = found
        while len(self._known) > MOST_PROCESSES:
            self._known.popitem(last=False)
        return found

    def running(self) -> Iterator[Process]:
        """Yield every process that runs now; they are not kept."""
        for name in os.listdir(self.proc):  # noqa: PTH208  a thousand Path objects for nothing
            if name.isdigit():
                yield Process(self.proc, int(name), self._clock)


def read_mappings(folder: str) -> Iterator[Mapping]:
    """Yield the executable mappings of a process by address; none of one that may not be read, or has ended."""
    try:
        with Path(f"{folder}/maps").open("rb") as file:
            raw = file.read(LARGEST_MAPS)
    except OSError:
        return
    for line in raw.splitlines():
        fields = line.split(None, 5)
        if len(fields) < 5 or b"x" not in fields[1]:
            continue
        start, _, end = fields[0].partition(b"-")
        path = os.fsdecode(fields[5]).replace("\\012", "\n").removesuffix(_DELETED) if len(fields) > 5 else ""
        try:
            yield Mapping(int(start, 16), int(end, 16), int(fields[2], 16), int(fields[4]), path)
        except ValueError:
            continue


def _start_time(folder: str) -> bytes:
    """Return when a process began, which tells it from a later one of the same number; empty if there is none."""
    try:
        raw = Path(f"{folder}/stat").read_bytes()
    except OSError:
        return b""
    fields = raw.rpartition(b")")[2].split()
    return fields[19] if len(fields) > 19 else b""
