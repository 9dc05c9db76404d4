"""Tracepoint formats: where tracefs is, and what a `format` file says.

In: the text that the kernel shows for each tracepoint (`events/SYSTEM/EVENT/format`), from tracefs or from a saved profile.
Out: fields with offsets, sizes and C types.  What the fields *mean* is found by `target.py`, with `print_format.py`.
The syntax is written by kernel/trace/trace_events.c (`f_show`).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from policyd.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOUNT_POINT = Path("/sys/kernel/tracing")
_MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class RawField:
    """A field as the format declares it.

    `count` is the number of elements of an array (0: not an array), `location` is `data` or `relative` for
    `__data_loc`/`__rel_loc` fields, whose bytes are elsewhere in the record.
    """

    name: str
    c_type: str
    offset: int
    size: int
    signed: bool
    count: int = 0
    location: str = ""

    @property
    def common(self) -> bool:
        """Whether every tracepoint has it."""
        return self.name.startswith("common_")


@dataclass(frozen=True, slots=True)
class RawFormat:
    """A whole format: `name` is the event's, `id` what perf attaches by, `print_format` C text."""

    name: str
    id: int
    fields: tuple[RawField, ...]
    print_format: str


_LINE = re.compile(
    r"\tfield:(?P<declaration>.*);\toffset:(?P<offset>\d+);\tsize:(?P<size>\d+);(?:\tsigned:(?P<signed>\d+);)?"
)
_LOCATION = re.compile(r"__(?P<location>data|rel)_loc (?P<element>.+)\[\] ?(?P<name>\w+)")
_ARRAY = re.compile(r"(?P<type>.+?) ?\b(?P<name>\w+)\[(?P<count>[^\]]*)\]")
_PLAIN = re.compile(r"(?P<type>.+?) ?\b(?P<name>\w+)")
_ELEMENT_SIZES = {
    "char": 1,
    "u8": 1,
    "__u8": 1,
    "unsigned char": 1,
    "signed char": 1,
    "s8": 1,
    "unsigned long": 8,
    "long": 8,
}


def parse_format(text: str) -> RawFormat:
    """Parse a `format` file; `ValueError` says what is wrong with it."""
    name = re.search(r"^name: (\S+)$", text, re.MULTILINE)
    number = re.search(r"^ID: (\d+)$", text, re.MULTILINE)
    if not name or not number:
        raise ValueError("not a tracepoint format: no name or no ID")
    fields = tuple(_field(match) for match in _LINE.finditer(text))
    _, _, print_format = text.partition("print fmt: ")
    return RawFormat(name[1], int(number[1]), fields, print_format.strip())


def _field(match: re.Match[str]) -> RawField:
    offset, size, signed = int(match["offset"]), int(match["size"]), match["signed"] == "1"
    declaration = match["declaration"].strip()
    if found := _LOCATION.fullmatch(declaration):
        location = "data" if found["location"] == "data" else "relative"
        return RawField(found["name"], found["element"].strip(), offset, size, signed, 0, location)
    if found := _ARRAY.fullmatch(declaration):
        c_type = found["type"].strip()
        return RawField(found["name"], c_type, offset, size, signed, _count(c_type, found["count"], size))
    if found := _PLAIN.fullmatch(declaration):
        return RawField(found["name"], found["type"].strip(), offset, size, signed)
    raise ValueError(f"not a field of a tracepoint format: {declaration!r}")


def _count(c_type: str, text: str, size: int) -> int:
    """Return an array's length: kernels before 5.18 show the macro (`TASK_COMM_LEN`) instead of the number."""
    if text.isdigit():
        return int(text)
    return size // _ELEMENT_SIZES.get(c_type, size or 1)


class Formats(Protocol):
    """Where the texts of tracepoint formats come from; names are `system/event`."""

    def names(self) -> tuple[str, ...]: ...
    def text(self, name: str) -> str | None: ...


class SavedFormats:
    """Formats out of a profile."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._texts))

    def text(self, name: str) -> str | None:
        return self._texts.get(name)


class RunningFormats:
    """Formats of the running kernel.  `UnsupportedError` on use where tracefs is not mounted or may not be read."""

    @cached_property
    def _events(self) -> Path:
        found = find_tracefs()
        if found is None:
            raise _no_tracefs("tracefs is not mounted")
        return found / "events"

    def names(self) -> tuple[str, ...]:
        try:
            systems = _folders(self._events)
            return tuple(sorted(f"{system.name}/{event.name}" for system in systems for event in _folders(system.path)))
        except OSError as error:
            raise _no_tracefs("tracefs may not be read") from error

    def text(self, name: str) -> str | None:
        try:
            return (self._events / name / "format").read_text()
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise _no_tracefs("tracefs may not be read") from error


def _folders(path: str | Path) -> list[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        return [entry for entry in entries if entry.is_dir()]


def _no_tracefs(why: str) -> UnsupportedError:
    return UnsupportedError(
        f"the formats of tracepoints are not known: {why}",
        instead="run as root (or with CAP_DAC_READ_SEARCH), or use a saved profile: --target FILE",
    )


def find_tracefs(mounts: Path = _MOUNTS) -> Path | None:
    """Return where tracefs is mounted, `/sys/kernel/tracing` first; None if it is not."""
    return find_mount("tracefs", MOUNT_POINT, mounts)


def find_mount(kind: str, first: Path | None = None, mounts: Path = _MOUNTS) -> Path | None:
    """Return where a file system of this kind is mounted, at `first` rather than elsewhere; None if it is not."""
    found = []
    for line in mounts.read_text().splitlines():
        left, _, right = line.partition(" - ")
        if right.startswith(f"{kind} "):
            found.append(Path(_unescape(left.split()[4])))
    return min(found, key=lambda path: (path != first, str(path)), default=None)


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
