"""Debug files: what distributions strip from programs and libraries, kept beside them or below /usr/lib/debug.

Found as gdb finds them: by build id, else by the name and checksum in `.gnu_debuglink`.  A file is taken only if it is that
of the program: of the same build id, or else of that checksum.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

from policyd.elf.code_map import has_all_functions
from policyd.elf.image import ElfError, Image, text_at
from policyd.elf.notes import build_id

if TYPE_CHECKING:
    from collections.abc import Iterator

DEBUG_FOLDERS = ("/usr/lib/debug",)
_LARGEST_CHECKED = 512 << 20
"""Bytes of a file whose checksum is taken."""


def find_debug_file(image: Image, path: str, root: str = "", folders: tuple[str, ...] = DEBUG_FOLDERS) -> Image | None:
    """Open the debug file of a program at `path`, as seen below `root`; None without one that has symbols.

    The caller closes it.
    """
    own = build_id(image)
    name, checksum = _debug_link(image)
    for candidate in _candidates(own, path, name, folders):
        with suppress(ElfError):
            found = Image.open(root + candidate)
            if has_all_functions(found) and (build_id(found) == own if own else _checksum(found) == checksum):
                return found
            found.stream.close()
    return None


def _candidates(own: str, path: str, name: str, folders: tuple[str, ...]) -> Iterator[str]:
    if own:
        yield from (f"{folder}/.build-id/{own[:2]}/{own[2:]}.debug" for folder in folders)
    if name:
        folder = path.rpartition("/")[0]
        yield from (f"{folder}/{name}", f"{folder}/.debug/{name}", *(f"{debug}{folder}/{name}" for debug in folders))


def _debug_link(image: Image) -> tuple[str, int]:
    """Return the name and the CRC-32 of `.gnu_debuglink`: text, padded to 4 bytes, then the sum; ("", -1) without one."""
    section = image.tables.section(".gnu_debuglink")
    with suppress(ElfError):
        raw = image.read(section) if section and section.size < 1 << 13 else b""
        name = text_at(raw, 0)
        if name and "/" not in name and name not in {".", ".."}:
            return name, int.from_bytes(raw[-4:], "little")
    return "", -1


def _checksum(image: Image) -> int:
    if image.size > _LARGEST_CHECKED:
        return -2
    total = 0
    image.stream.seek(0)
    while block := image.stream.read(1 << 20):
        total = zlib.crc32(block, total)
    return total
