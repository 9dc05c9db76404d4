"""Which line of C an instruction came from: the line table in an object's `.BTF.ext`.

Needed where the verifier's log does not tell (before Linux 6.10).  Format: Documentation/bpf/btf.rst, section 4.
"""

from __future__ import annotations

import struct

_SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SYMBOLS = 2  # SHT_SYMTAB


def line_table(elf: bytes, function: str) -> tuple[tuple[int, int], ...]:
    """Return (instruction, line from 1) of a function wherever a line begins; empty if the object does not tell."""
    sections = _sections(elf)
    place = _function(sections, function)
    extension = next((data for name, data, *_ in sections if name == ".BTF.ext"), b"")
    names = next((data for name, data, *_ in sections if name == ".BTF"), b"")
    if place is None or not extension or not names:
        return ()
    section, start, size = place
    records = _records(extension, names, section)
    return tuple(((offset - start) // 8, line) for offset, line in records if start <= offset < start + size)


def function_length(elf: bytes, function: str) -> int:
    """Return the number of instructions of a function, 0 if the object has none of that name."""
    place = _function(_sections(elf), function)
    return place[2] // 8 if place else 0


def _sections(elf: bytes) -> list[tuple[str, bytes, int, int]]:
    """Return name, contents, type and link of every section."""
    at, size, count, strings = struct.unpack_from("<Q", elf, 0x28)[0], *struct.unpack_from("<HHH", elf, 0x3A)
    headers = [_SECTION_HEADER.unpack_from(elf, at + index * size) for index in range(count)]
    names = _contents(elf, headers[strings])
    return [(_text(names, header[0]), _contents(elf, header), header[1], header[6]) for header in headers]


def _contents(elf: bytes, header: tuple[int, ...]) -> bytes:
    return elf[header[4] : header[4] + header[5]]


def _function(sections: list[tuple[str, bytes, int, int]], name: str) -> tuple[str, int, int] | None:
    """Return the section, the offset in it and the size in bytes of a function."""
    for _, data, kind, link in sections:
        if kind != _SYMBOLS:
            continue
        for symbol in _SYMBOL.iter_unpack(data):
            if _text(sections[link][1], symbol[0]) == name:
                return sections[symbol[3]][0], symbol[4], symbol[5]
    return None


def _records(extension: bytes, names: bytes, section: str) -> list[tuple[int, int]]:
    """Return (byte offset in the section, line) of the line records of a section, in order."""
    header, (at, length) = struct.unpack_from("<I", extension, 4)[0], struct.unpack_from("<II", extension, 16)
    names_header, names_at = struct.unpack_from("<I", names, 4)[0], struct.unpack_from("<I", names, 16)[0]
    strings = names[names_header + names_at :]
    cursor, end = header + at, header + at + length
    size = struct.unpack_from("<I", extension, cursor)[0] if length else 0
    cursor, found = cursor + 4, []
    while cursor < end:
        name, count = struct.unpack_from("<II", extension, cursor)
        cursor += 8
        if _text(strings, name) == section:
            rows = [struct.unpack_from("<IIII", extension, cursor + index * size) for index in range(count)]
            found = [(offset, column >> 10) for offset, _, _, column in rows]
        cursor += count * size
    return found


def _text(strings: bytes, offset: int) -> str:
    return strings[offset : strings.index(b"\0", offset)].decode("ascii", "replace")
