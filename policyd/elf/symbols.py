"""The functions of an ELF file by name: from `.symtab`, from `.dynsym` with its versions, and from `.gnu_debugdata`.

The tables are decoded in one go: the library makes an object of each symbol, and large programs have 100,000.  Layouts are
those of elf.h (`Elf64_Sym`, `Elf64_Verdef`, `Elf64_Verdaux`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.elf.image import EXECUTABLE, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.elf.image import Image, Section, Tables

MOST_SYMBOLS = 4_000_000

_SYMBOL = struct.Struct("<IBBHQQ")  # st_name, st_info, st_other, st_shndx, st_value, st_size
_DEFINITION = struct.Struct("<HHHHIII")  # vd_version, vd_flags, vd_ndx, vd_cnt, vd_hash, vd_aux, vd_next
_FUNCTION, _INDIRECT = 2, 10
"""STT_FUNC and STT_GNU_IFUNC: a function that picks another one when the program is loaded."""

_UNDEFINED, _ABSOLUTE = 0, 0xFFF1
_HIDDEN = 0x8000
_MOST_VERSIONS = 1 << 12


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function: `offset` is where its first instruction stands in the file, `size` its bytes (0: not known).

    `indirect`: the symbol is that of the resolver, which returns the address of the function that is called.
    """

    name: str
    offset: int
    size: int
    indirect: bool = False


def functions(image: Image, tables: Tables) -> dict[str, Symbol]:
    """Return the functions of a file by name; versioned ones as `NAME@VERSION` too.

    Of two functions of one name the exported one wins over a local one, and of two versions the default one.  `tables` say
    where the code is: those of the file itself, also for `.gnu_debugdata`, which has none.
    """
    found: dict[str, Symbol] = {}
    for section in image.tables.of_type("SHT_DYNSYM"):
        for name, symbol in _exported(image, section, tables):
            found.setdefault(name, symbol)
    for section in image.tables.of_type("SHT_SYMTAB"):
        for row in sorted(code_rows(image, section, tables), key=lambda row: row.local):
            found.setdefault(row.symbol.name, row.symbol)
    return found


def _exported(image: Image, section: Section, tables: Tables) -> Iterator[tuple[str, Symbol]]:
    """Yield dynamic symbols, default versions first, by their names with and without version."""
    numbers, names = _versions(image)
    rows = list(code_rows(image, section, tables))
    versioned = [(row.symbol, numbers[row.index] if row.index < len(numbers) else 1) for row in rows]
    for symbol, number in sorted(versioned, key=lambda pair: bool(pair[1] & _HIDDEN)):
        yield symbol.name, symbol
        if version := names.get(number & ~_HIDDEN):
            yield f"{symbol.name}@{version}", symbol


@dataclass(frozen=True, slots=True)
class Row:
    """Row `index` of a symbol table; `local`: other files may have functions of that name."""

    index: int
    symbol: Symbol
    local: bool


def code_rows(image: Image, section: Section, tables: Tables) -> Iterator[Row]:
    """Yield the functions of a symbol table."""
    if not 0 < section.link < len(image.tables.sections):
        raise image.broken("a symbol table has no names")
    names = image.read(image.tables.sections[section.link])
    raw = image.read(section)
    if len(raw) // _SYMBOL.size > MOST_SYMBOLS:
        raise image.broken(f"it has more than {MOST_SYMBOLS:,} symbols")
    rows = _SYMBOL.iter_unpack(raw[: len(raw) // _SYMBOL.size * _SYMBOL.size])
    for index, (at, info, _, where, address, size) in enumerate(rows):
        kind = info & 15
        if kind not in {_FUNCTION, _INDIRECT} or where in {_UNDEFINED, _ABSOLUTE}:
            continue
        offset, name = tables.file_offset(address, EXECUTABLE), text_at(names, at)
        if offset is not None and name:
            yield Row(index, Symbol(name, offset, size, kind == _INDIRECT), local=not info >> 4)


def _versions(image: Image) -> tuple[tuple[int, ...], dict[int, str]]:
    """Return the version number of each dynamic symbol, and the names of the versions that the file defines."""
    numbers = b"".join(image.read(section) for section in image.tables.of_type("SHT_GNU_versym"))
    count = len(numbers) // 2
    names: dict[int, str] = {}
    for section in image.tables.of_type("SHT_GNU_verdef"):
        if 0 < section.link < len(image.tables.sections):
            names.update(_definitions(image.read(section), image.read(image.tables.sections[section.link])))
    return struct.unpack(f"<{count}H", numbers[: 2 * count]), names


def _definitions(raw: bytes, names: bytes) -> Iterator[tuple[int, str]]:
    """Yield (number, name) of each version that is defined: a chain of rows, each with its name in a row of its own."""
    at = 0
    for _ in range(_MOST_VERSIONS):
        if at + _DEFINITION.size > len(raw):
            return
        _, _, number, _, _, aux, following = _DEFINITION.unpack_from(raw, at)
        if at + aux + 4 <= len(raw):
            yield number, text_at(names, int.from_bytes(raw[at + aux : at + aux + 4], "little"))
        if not following:
            return
        at += following
