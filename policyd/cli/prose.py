"""Long text on a screen: paragraphs and tables whose cells are wrapped, for `explain` and `doctor`."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from policyd.text import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

NARROWEST, WIDEST, PIPED = 60, 120, 100
_LEAST = 10
"""Columns that a wrapped cell gets at the least."""
_GAP = "  "


def width() -> int:
    """Return how wide text shall be: the terminal, within reason, or a fixed width where there is none."""
    if not sys.stdout.isatty():
        return PIPED
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))


def paragraph(text: str, columns: int) -> str:
    """Return a paragraph, wrapped."""
    return textwrap.fill(safe(text), columns, break_on_hyphens=False, break_long_words=False)


def wrapped_table(headings: Sequence[str], rows: Sequence[Sequence[str]], columns: int) -> list[str]:
    """Return the lines of a table in `columns`: the widest columns give way, and their cells go on in the next line.

    There is no line of headings if all of them are empty.
    """
    cells = [[safe(cell) for cell in row] for row in rows]
    shown = [[heading.upper() for heading in headings], *cells] if any(headings) else cells
    widths = _fitted([max((len(row[at]) for row in shown), default=0) for at in range(len(headings))], columns)
    lines = []
    for row in shown:
        parts = [_cell(text, limit) for text, limit in zip(row, widths, strict=True)]
        for number in range(max(map(len, parts), default=0)):
            line = [part[number] if number < len(part) else "" for part in parts]
            lines.append(_GAP.join(text.ljust(limit) for text, limit in zip(line, widths, strict=True)).rstrip())
    return lines


def _cell(text: str, limit: int) -> list[str]:
    return textwrap.wrap(text, max(limit, 1), break_on_hyphens=False) or [""]


def _fitted(widths: list[int], columns: int) -> list[int]:
    """Take columns away from the widest until all of them fit."""
    fitted = list(widths)
    room = columns - len(_GAP) * (len(widths) - 1)
    while sum(fitted) > room and max(fitted) > _LEAST:
        widest = fitted.index(max(fitted))
        fitted[widest] -= 1
    return fitted
