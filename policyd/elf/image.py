"""The tables of an ELF file: header, sections and segments as frozen rows, and bounded reads of its bytes.

Only importer of `elftools`, and that when a file is opened.  What the rows say is checked against the size of the file
before anything is read by them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policyd.elf.opening import NotRegularError, open_regular
from policyd.errors import PolicydError
from policyd.text import is_safe, quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import BinaryIO, Self

    from elftools.elf.elffile import ELFFile

LARGEST_TABLE = 256 << 20
"""Bytes of one section that are read: room for the names of `symbols.MOST_SYMBOLS`."""

LONGEST_NAME = 4096
MOST_SECTIONS = 1 << 16
MOST_SEGMENTS = 64
"""Programs have some 15; each symbol is looked for in them."""

MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}

LOAD, NOBITS = "PT_LOAD", "SHT_NOBITS"
EXECUTABLE, WRITABLE = 1, 2
"""Flags of a segment (`p_flags`)."""


def shown(path: str) -> str:
    """Return a path for a message."""
    return quote(path, 200)


class ElfError(PolicydError):
    """A file that cannot be read as a program or a shared library; the message names the file and says why."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Section:
    """A section: `address` in memory, `offset` and `size` in the file, in bytes; `link` is the number of another one."""

    name: str
    type: str
    address: int
    offset: int
    size: int
    link: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the file that is mapped: `size` bytes from `offset`, at `address`."""

    type: str
    flags: int
    address: int
    offset: int
    size: int

    def holds(self, address: int) -> bool:
        return self.address <= address < self.address + self.size

    def holds_offset(self, offset: int) -> bool:
        return self.offset <= offset < self.offset + self.size


@dataclass(frozen=True, slots=True)
class Tables:
    """What an ELF file says of itself.  `machine` is an architecture as `Target.arch` spells it."""

    machine: str
    sections: tuple[Section, ...]
    segments: tuple[Segment, ...]

    def section(self, name: str) -> Section | None:
        return next((section for section in self.sections if section.name == name), None)

    def of_type(self, type_: str) -> Iterator[Section]:
        return (section for section in self.sections if section.type == type_)

    def file_offset(self, address: int, flags: int = 0) -> int | None:
        """Return where the byte that is mapped at `address` stands in the file; None if no segment (with `flags`) has it."""
        for segment in self.segments:
            if segment.type == LOAD and segment.flags & flags == flags and segment.holds(address):
                return address - segment.address + segment.offset
        return None

    def is_code(self, offset: int) -> bool:
        """Whether the byte at `offset` of the file is mapped executable."""
        found = (one for one in self.segments if one.type == LOAD and one.flags & EXECUTABLE)
        return any(segment.holds_offset(offset) for segment in found)


class Image:
    """An ELF file that is open for reading, or the bytes of one; use it in a `with` statement."""

    def __init__(self, stream: BinaryIO, size: int, name: str) -> None:
        self.stream, self.size, self.name = stream, size, name
        self.tables = self._read_tables()

    @classmethod
    def open(cls, path: str) -> Self:
        """Open a regular file; `ElfError` for anything else.  A pipe or a device is not waited for."""
        try:
            fd = open_regular(path)
        except NotRegularError:
            raise ElfError(f"{shown(path)} is no regular file") from None
        except OSError as error:
            raise ElfError(f"{shown(path)} cannot be read: {error.strerror}") from None
        stream = os.fdopen(fd, "rb")
        try:
            return cls(stream, os.fstat(fd).st_size, path)
        except BaseException:
            stream.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stream.close()

    @property
    def status(self) -> os.stat_result:
        return os.fstat(self.stream.fileno())

    def broken(self, why: str) -> ElfError:
        return ElfError(f"{shown(self.name)} is no sound ELF file: {why}")

    def read(self, section: Section) -> bytes:
        """Return the bytes of a section; `ElfError` for one that is not in the file, or too large."""
        if section.type == NOBITS:
            return b""
        if section.size > LARGEST_TABLE:
            raise self.broken(f"its section {quote(section.name)} has {section.size:,} bytes")
        if section.offset + section.size > self.size:
            raise self.broken(f"its section {quote(section.name)} ends behind the end of the file")
        try:
            self.stream.seek(section.offset)
            return self.stream.read(section.size)
        except OSError as error:
            raise ElfError(f"{shown(self.name)} cannot be read: {error.strerror}") from None

    def _read_tables(self) -> Tables:
        from elftools.elf.elffile import ELFFile  # noqa: PLC0415 (50 ms: only those who hook user space pay)

        self.stream.seek(0)
        if self.stream.read(4) != b"\x7fELF":
            raise ElfError(f"{shown(self.name)} is no program and no shared library (it does not begin as ELF files do)")
        try:
            return self._tables(ELFFile(self.stream))
        except ElfError:
            raise
        except Exception as error:  # whatever the library stumbles over, the file is to blame
            raise self.broken(f"its tables cannot be read ({type(error).__name__})") from error

    def _tables(self, elf: ELFFile) -> Tables:
        header = elf.header
        machine = MACHINES.get(str(header["e_machine"]), "")
        if elf.elfclass != 64 or not elf.little_endian or not machine:
            what = f"{elf.elfclass} bits, {header['e_machine']}"
            raise ElfError(f"{shown(self.name)} is for another processor ({what}): x86-64 and arm64 are known")
        sections, segments = elf.num_sections() if header["e_shoff"] else 0, elf.num_segments()
        if sections > MOST_SECTIONS or segments > MOST_SEGMENTS:
            raise self.broken(f"it claims to have {sections:,} sections and {segments:,} segments")
        if (sections and header["e_shentsize"] != 64) or (segments and header["e_phentsize"] != 56):
            raise self.broken("the rows of its tables have another size")
        rows = _rows(elf, elf.structs.Elf_Shdr, header["e_shoff"], sections, 64)
        return Tables(
            machine,
            tuple(_section(row, name) for row, name in zip(rows, self._names(rows, elf), strict=True)),
            tuple(_segment(row) for row in _rows(elf, elf.structs.Elf_Phdr, header["e_phoff"], segments, 56)),
        )

    def _names(self, rows: list[Any], elf: ELFFile) -> list[str]:
        """Return the names of the sections, in their order."""
        if not rows:
            return []
        number = elf.get_shstrndx()
        names = self.read(_section(rows[number], ".shstrtab")) if 0 < number < len(rows) else b""
        return [text_at(names, row["sh_name"]) for row in rows]


def _rows(elf: ELFFile, shape: Any, offset: int, count: int, size: int) -> list[Any]:
    """Return the rows of a table as they stand in the file: the library's own objects would read what they point to."""
    from elftools.common.utils import struct_parse  # noqa: PLC0415 (as above)

    return [struct_parse(shape, elf.stream, stream_pos=offset + size * number) for number in range(count)]


def text_at(table: bytes, offset: int) -> str:
    """Return the NUL-terminated text at `offset` of a string table; empty where there is none that can be shown as it is."""
    end = table.find(b"\0", offset)
    if not 0 <= offset < end <= offset + LONGEST_NAME:
        return ""
    text = table[offset:end].decode("utf-8", "replace")
    return text if is_safe(text) and "\ufffd" not in text else ""


def _section(row: Any, name: str) -> Section:
    return Section(name, str(row["sh_type"]), row["sh_addr"], row["sh_offset"], row["sh_size"], row["sh_link"])


def _segment(row: Any) -> Segment:
    return Segment(str(row["p_type"]), row["p_flags"], row["p_vaddr"], row["p_offset"], row["p_filesz"])
