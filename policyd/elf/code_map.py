"""`CodeMap`: which function a place in a file is in, the other way round than `symbols.functions`.

In: the symbol tables of a file, of its `.gnu_debugdata` and of its debug file.  Out: a name for an offset in the file.
Kept in arrays and one text, for large programs have 100,000 functions.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

from policyd.elf.debugdata import inner_image
from policyd.elf.image import ElfError
from policyd.elf.symbols import code_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from policyd.elf.image import Image, Section
    from policyd.elf.symbols import Row

MOST_FUNCTIONS = 1_000_000
"""Of one file; what is behind them in its tables is left out."""

_LARGEST_OFFSET = 1 << 60
_ALL, _EXPORTED = "SHT_SYMTAB", "SHT_DYNSYM"


class CodeMap:
    """The functions of one file.  Of functions inside one another the inner one is found, of equal ones the exported one.

    Nothing is named beyond its end.  Of a function without a size that is the next one, if the table has all functions; else
    only its first byte is named.
    """

    def __init__(self) -> None:
        self._starts, self._ends, self._names = array("Q"), array("Q"), array("I")
        self._edges, self._inside = array("Q"), array("I")
        self._text = bytearray()

    @classmethod
    def read(cls, image: Image, debug: Image | None = None) -> Self:
        """Read the tables of a file and those that `debug` adds; a table that is broken has no functions."""
        found = cls()
        ranks = bytearray()
        for holder, section in _tables(image, debug):
            found._add(holder, section, image, ranks)
        found._flatten(ranks, sorted(one.offset + one.size for one in image.tables.of_type("SHT_PROGBITS")))
        return found

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def weight(self) -> int:
        """The bytes of memory that it takes."""
        return sum(map(sys.getsizeof, (self._starts, self._ends, self._names, self._edges, self._inside, self._text)))

    def find(self, offset: int) -> tuple[str, int] | None:
        """Return the name and the offset of the function that the byte at `offset` of the file is in."""
        index = bisect_right(self._edges, offset) - 1
        if index < 0 or not self._inside[index]:
            return None
        function = self._inside[index] - 1
        at = self._names[function]
        return self._text[at : self._text.index(b"\0", at)].decode(), self._starts[function]

    def _add(self, holder: Image, section: Section, image: Image, ranks: bytearray) -> None:
        try:
            for row in code_rows(holder, section, image.tables):
                if len(self._starts) >= MOST_FUNCTIONS:
                    return
                if row.symbol.offset >= _LARGEST_OFFSET:
                    continue
                self._append(row, complete=section.type == _ALL)
                ranks.append(_rank(row))
        except ElfError:
            return

    def _append(self, row: Row, *, complete: bool) -> None:
        one = row.symbol
        size = min(one.size, 1 << 40) or (0 if complete else 1)
        self._starts.append(one.offset)
        self._ends.append(one.offset + size)
        self._names.append(len(self._text))
        self._text += one.name.encode() + b"\0"

    def _flatten(self, ranks: bytearray, limits: list[int]) -> None:
        """Make edges of nested ranges: behind each edge one function counts, or none (0)."""
        starts, ends = self._starts, self._ends
        order = sorted(range(len(starts)), key=lambda one: (starts[one], -ends[one], ranks[one]))
        self._close_open_ends(order, limits)
        open_: list[int] = []
        last = (-1, -1)
        for one in order:
            place = (starts[one], ends[one])
            if place == last or place[0] == place[1]:
                continue
            last = place
            self._close(open_, starts[one])
            self._edge(starts[one], one + 1)
            while open_ and ends[open_[-1]] <= ends[one]:
                open_.pop()
            open_.append(one)
        self._close(open_, 2 * _LARGEST_OFFSET)

    def _close_open_ends(self, order: list[int], limits: list[int]) -> None:
        """Let functions without a size end where the next one starts, in their section; equal ones with a size win."""
        following = current = 0
        for at in reversed(range(len(order))):
            one = order[at]
            start = self._starts[one]
            if start != current:
                following, current = current, start
            first = not at or self._starts[order[at - 1]] != start
            if first and self._ends[one] == start:
                index = bisect_right(limits, start)
                bounds = ([following] if following else []) + limits[index : index + 1]
                self._ends[one] = min(bounds, default=start)

    def _close(self, open_: list[int], until: int) -> None:
        """Take away the functions that end before `until`: behind each, the one around it counts again."""
        while open_ and self._ends[open_[-1]] <= until:
            end = self._ends[open_.pop()]
            self._edge(end, open_[-1] + 1 if open_ else 0)

    def _edge(self, offset: int, function: int) -> None:
        if self._edges and self._edges[-1] == offset:
            self._inside[-1] = function
        else:
            self._edges.append(offset)
            self._inside.append(function)


def _tables(image: Image, debug: Image | None) -> Iterator[tuple[Image, Section]]:
    """Yield the symbol tables, each with the file that it is in."""
    for section in image.tables.of_type(_EXPORTED):
        yield image, section
    try:
        inner = inner_image(image)
    except ElfError:
        inner = None
    for holder in filter(None, (image, debug, inner)):
        for section in holder.tables.of_type(_ALL):
            yield holder, section


def has_all_functions(image: Image) -> bool:
    """Whether a file was not stripped of its symbols."""
    return next(image.tables.of_type(_ALL), None) is not None


def _rank(row: Row) -> int:
    """Return what the better of two names of one place has less of: being local, then underscores before it."""
    name = row.symbol.name
    return 128 * row.local + min(len(name) - len(name.lstrip("_")), 127)
