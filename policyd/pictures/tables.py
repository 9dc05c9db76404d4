"""Tables of a page: rows of texts and pictures under headings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policyd.pictures.markup import Markup, element


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading; numbers are set flush right; `class_` is one of `report.css`."""

    heading: str
    number: bool = False
    class_: str = ""

    @property
    def classes(self) -> str | None:
        return "number" if self.number else self.class_ or None


def html_table(columns: Sequence[Column], rows: Iterable[Sequence[object]], label: str = "") -> Markup:
    """Return a table that scrolls by itself where it is too wide; empty cells show a hyphen."""
    head = element("tr", [element("th", one.heading, class_=one.classes, scope="col") for one in columns])
    body = [
        element("tr", [element("td", _cell(cell), class_=one.classes) for one, cell in zip(columns, row, strict=True)])
        for row in rows
    ]
    table = element("table", element("thead", head), element("tbody", body), aria_label=label or None)
    return element("div", table, class_="scroll")


def _cell(cell: object) -> object:
    return "-" if cell is None or cell == "" else cell
