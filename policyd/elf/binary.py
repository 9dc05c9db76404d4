"""`Binary`: what hooks in user space need to know of one file, each part read when it is asked for first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

from policyd.elf.debugdata import inner_image
from policyd.elf.image import ElfError, Image, shown
from policyd.elf.notes import build_id
from policyd.elf.symbols import functions
from policyd.elf.usdt import usdt_probes
from policyd.file_state import file_state

if TYPE_CHECKING:
    from policyd.elf.symbols import Symbol
    from policyd.elf.usdt import UsdtProbe


_GO_SECTIONS = frozenset({".go.buildinfo", ".note.go.buildid", ".gopclntab"})


class Binary:
    """A program or a shared library at `path` (links followed), of the architecture `machine`.

    A file that has become another one meanwhile (`state` tells) is an `ElfError` of whatever is asked.
    """

    def __init__(self, path: str, image: Image) -> None:
        self.path, self.machine = path, image.tables.machine
        self.build_id = build_id(image)
        self.state = file_state(image.status)
        self._tables = image.tables
        self._symbols: dict[str, Symbol] | None = None
        self._probes: tuple[UsdtProbe, ...] | None = None

    @classmethod
    def open(cls, path: str) -> Self:
        """Read the tables of a file; `ElfError` for one that is no program and no library."""
        real = os.path.realpath(path)
        with Image.open(real) as image:
            return cls(real, image)

    def symbols(self) -> dict[str, Symbol]:
        """Return the functions by name, versioned ones by `NAME@VERSION` too; of stripped files those that are left."""
        if self._symbols is None:
            with self._image() as image:
                self._symbols = functions(image, self._tables)
                inner = inner_image(image)
            if inner is not None:
                self._symbols = functions(inner, self._tables) | self._symbols
        return self._symbols

    def usdt(self) -> tuple[UsdtProbe, ...]:
        """Return every place of every USDT probe."""
        if self._probes is None:
            with self._image() as image:
                self._probes = usdt_probes(image)
        return self._probes

    @property
    def is_go(self) -> bool:
        """Whether it holds code of Go, whose stacks move while it runs."""
        return any(section.name in _GO_SECTIONS for section in self._tables.sections)

    def is_code(self, offset: int) -> bool:
        """Whether the byte at `offset` of the file is mapped executable."""
        return self._tables.is_code(offset)

    def _image(self) -> Image:
        image = Image.open(self.path)
        if file_state(image.status) != self.state:
            image.stream.close()
            raise ElfError(f"{shown(self.path)} was replaced while it was read: try again")
        return image
