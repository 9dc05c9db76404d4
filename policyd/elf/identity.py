"""The build id of a file, found fast: who looks for one among all programs of a host opens some thousand files.

As the kernel finds it (lib/buildid.c): from the notes that the program headers lead to, without any section.
"""

from __future__ import annotations

import os
import struct

from policyd.elf.notes import notes
from policyd.elf.opening import open_regular

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")  # Elf64_Ehdr
_PROGRAM = struct.Struct("<IIQQQQQQ")  # Elf64_Phdr
_CLASS64_LITTLE = b"\x7fELF\x02\x01"
_NOTE, _GNU, _BUILD_ID = 4, b"GNU", 3
_LARGEST_NOTES, _MOST_SEGMENTS, _LONGEST_ID = 1 << 16, 64, 64


def build_id_of(path: str) -> str:
    """Return the build id of a file in hexadecimal; empty for a file that has none, is no ELF file or cannot be read."""
    try:
        fd = open_regular(path)
    except (OSError, ValueError):
        return ""
    try:
        return _read(fd)
    except OSError:
        return ""
    finally:
        os.close(fd)


def _read(fd: int) -> str:
    head = os.pread(fd, _HEADER.size, 0)
    if len(head) < _HEADER.size or not head.startswith(_CLASS64_LITTLE):
        return ""
    fields = _HEADER.unpack(head)
    offset, size, count = fields[5], fields[9], min(fields[10], _MOST_SEGMENTS)
    if size != _PROGRAM.size or offset >= 1 << 62:
        return ""
    raw = os.pread(fd, size * count, offset)
    for at in range(0, len(raw) - size + 1, size):
        type_, _, start, _, _, length, _, _ = _PROGRAM.unpack_from(raw, at)
        if type_ == _NOTE and start < 1 << 62 and (found := _in_notes(os.pread(fd, min(length, _LARGEST_NOTES), start))):
            return found
    return ""


def _in_notes(raw: bytes) -> str:
    for owner, type_, description in notes(raw):
        if owner == _GNU and type_ == _BUILD_ID and 0 < len(description) <= _LONGEST_ID:
            return description.hex()
    return ""
