"""USDT probes: the notes in which a program tells where its probes are (systemtap's `.note.stapsdt`, version 3).

A note holds three addresses (the probe, the section `.stapsdt.base`, the semaphore) and three texts (provider, name,
arguments).  A prelinked file was moved after the notes were written: by as much as its `.stapsdt.base` was.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.elf.image import EXECUTABLE, WRITABLE, text_at
from policyd.elf.notes import notes
from policyd.elf.operands import UsdtArgument, parse_arguments

if TYPE_CHECKING:
    from policyd.elf.image import Image

MOST_PROBES = 65_536

_SECTION, _BASE = ".note.stapsdt", ".stapsdt.base"
_OWNER, _TYPE = b"stapsdt", 3
_ADDRESSES = struct.Struct("<QQQ")


@dataclass(frozen=True, slots=True)
class UsdtProbe:
    """One place of a probe; a probe that the compiler copied has several.

    `offset` is that of its instruction in the file, `semaphore` that of the counter that the program looks at (0: none).
    """

    provider: str
    name: str
    offset: int
    semaphore: int
    arguments: tuple[UsdtArgument, ...]

    @property
    def key(self) -> str:
        return f"{self.provider}:{self.name}"


def usdt_probes(image: Image) -> tuple[UsdtProbe, ...]:
    """Return every place of every probe, in the order of the file."""
    section = image.tables.section(_SECTION)
    if section is None:
        return ()
    base = image.tables.section(_BASE)
    found = []
    for owner, type_, description in notes(image.read(section)):
        if owner == _OWNER and type_ == _TYPE and len(description) > _ADDRESSES.size:
            probe = _probe(image, description, base.address if base else 0)
            found += [probe] if probe else []
        if len(found) > MOST_PROBES:
            raise image.broken(f"it has more than {MOST_PROBES:,} probes")
    return tuple(found)


def _probe(image: Image, description: bytes, base: int) -> UsdtProbe | None:
    """Return the probe that a note describes; None for one whose place is no code of this file."""
    tables = image.tables
    address, noted_base, semaphore = _ADDRESSES.unpack_from(description)
    moved = base - noted_base if base else 0
    texts, at = [], _ADDRESSES.size
    for _ in range(3):
        texts.append(text_at(description, at))
        at = description.find(b"\0", at) + 1
    offset = tables.file_offset(address + moved, EXECUTABLE)
    counter = tables.file_offset(semaphore + moved, WRITABLE) if semaphore else 0
    if offset is None or counter is None or not texts[0] or not texts[1]:
        return None
    return UsdtProbe(texts[0], texts[1], offset, counter, parse_arguments(texts[2], tables.machine))
