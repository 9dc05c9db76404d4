"""`.gnu_debugdata`: a small ELF file, compressed by xz, in which some distributions keep the symbols of stripped files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from policyd.elf.image import Image

if TYPE_CHECKING:
    from policyd.elf.image import Section

LARGEST = 64 << 20
"""Bytes that it may have when it is unpacked."""

_MEMORY = 128 << 20
"""What the decompressor may use: files of `xz -9` take 65 MB (xz(1))."""


def inner_image(image: Image) -> Image | None:
    """Return the file inside, None if there is none; `ElfError` for one that cannot be unpacked."""
    section = image.tables.section(".gnu_debugdata")
    if section is None:
        return None
    raw = _unpacked(image, section)
    return Image(io.BytesIO(raw), len(raw), f"{image.name} (.gnu_debugdata)")


def _unpacked(image: Image, section: Section) -> bytes:
    import lzma  # noqa: PLC0415 (few files have such a section)

    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
    try:
        raw = unpacker.decompress(image.read(section), max_length=LARGEST + 1)
    except lzma.LZMAError as error:
        raise image.broken(f"its .gnu_debugdata cannot be unpacked ({error})") from None
    if len(raw) > LARGEST or not unpacker.eof:
        raise image.broken(f"its .gnu_debugdata is cut, or unpacks to more than {LARGEST >> 20} MiB")
    return raw
