"""The notes of an ELF file: (owner, type, description), and the build id that is one of them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.elf.image import Image

_HEADER = struct.Struct("<III")  # n_namesz, n_descsz, n_type
_GNU, _BUILD_ID = b"GNU", 3
_LONGEST_ID = 64


def notes(raw: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield (owner without its NUL, type, description); what is left of a broken table is left out.

    Names and descriptions are padded to 4 bytes, also in 64-bit files (System V ABI as everybody reads it).
    """
    at = 0
    while at + _HEADER.size <= len(raw):
        name_size, size, type_ = _HEADER.unpack_from(raw, at)
        name = at + _HEADER.size
        start = name + (name_size + 3 & ~3)
        if start + size > len(raw):
            return
        yield raw[name : name + name_size].rstrip(b"\0"), type_, raw[start : start + size]
        at = start + (size + 3 & ~3)


def build_id(image: Image) -> str:
    """Return the build id in hexadecimal, empty for a file that has none."""
    for section in image.tables.of_type("SHT_NOTE"):
        if section.name != ".note.gnu.build-id":
            continue
        for owner, type_, description in notes(image.read(section)):
            if owner == _GNU and type_ == _BUILD_ID and 0 < len(description) <= _LONGEST_ID:
                return description.hex()
    return ""
