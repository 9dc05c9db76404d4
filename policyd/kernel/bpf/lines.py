"""Which line of C an instruction came from: the line table in an object's `.BTF.ext`.

Needed where the verifier's log does not tell (before Linux 6.10).  Format: Documentation/bpf/btf.rst, section 4.
"""

from __future__ import annotations

import struct

_SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SYMBOLS = 2  # SHT_SYMTAB


def instruction_line(elf: bytes, function: str, instruction: int) -> int:
    """Return the line (from 1) of an instruction of a function, 0 if the object does not tell."""
    sections = _sections(elf)
    place = _function(sections, function)
    extension = next((data for name, data, *_ in sections if name == ".BTF.ext"), b"")
    names = next((data for name, data, *_ in sections if name == ".BTF"), b"")
    if place is None or not extension or not names:
        return 0
    section, start = place
    best = 0
    for offset, line in _records(extension, names, section):
        if start <= offset <= start + instruction * 8:
            best = line
    return best


def _sections(elf: bytes) -> list[tuple[str, bytes, int, int]]:
    """Return name, contents, type and link of every section."""
    at, size, count, strings = struct.unpack_from("<Q", elf, 0x28)[0], *struct.unpack_from("<HHH", elf, 0x3A)
    headers = [_SECTION_HEADER.unpack_from(elf, at + index * size) for index in range(count)]
    names = _contents(elf, headers[strings])
    return [(_text(names, header[0]), _contents(elf, header), header[1], header[6]) for header in headers]


def _contents(elf: bytes, header: tuple[int, ...]) -> bytes:
    return elf[header[4] : header[4] + header[5]]


def _function(sections: list[tuple[str, bytes, int, int]], name: str) -> tuple[str, int] | None:
    for _, data, kind, link in sections:
        if kind != _SYMBOLS:
            continue
        for symbol in _SYMBOL.iter_unpack(data):
            if _text(sections[link][1], symbol[0]) == name:
                return sections[symbol[3]][0], symbol[4]
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
