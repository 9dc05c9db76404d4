"""`policyd get records TABLE`: the rows of tables, as text of 80 columns or as documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policyd.cli.output import note, print_json, print_list, say, table
from policyd.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policyd.kernel.port import Kernel
    from policyd.observe import Observed
    from policyd.reading.tables import Rows

WIDTH = 80
SHORTEST = 12
"""What a long text is cut to at the least, before columns are left out."""
GAP = 2


def are_tables(observed: Observed, names: Sequence[str]) -> bool:
    """Tell whether the names are those of tables, and none is a policy's."""
    from policyd.reading.tables import table_maps
    from policyd.views.tables import spellings

    owned = [(record.name, of.name) for record in observed.records.values() for of in table_maps(record)]
    tables = frozenset[str]().union(*(spellings(*one) for one in owned))
    return bool(names) and any(name in tables for name in names) and not any(name in observed.records for name in names)


def show(kernel: Kernel, observed: Observed, policy: str, names: tuple[str, ...], output: str | None, limit: int) -> None:
    """Print the rows of the tables called `names`, of one policy or of all."""
    from policyd.views import plain
    from policyd.views.tables import read_tables, table_item

    found = list(read_tables(kernel, observed.records.values(), limit, policy, names))
    if output == "json":
        print_json({"items": [plain(table_item(rows)) for rows in found]})
    elif output == "yaml":
        print_list([plain(table_item(rows)) for rows in found])
    elif output == "name":
        for rows in found:
            say(f"record/{rows.policy}/{rows.name}")
    elif not found:
        note("No tables.")
    else:
        _print_texts(found, wide=output == "wide")


def _print_texts(found: list[Rows], *, wide: bool) -> None:
    for number, rows in enumerate(found):
        if len(found) > 1:
            say(("\n" if number else "") + f"{rows.policy}/{rows.name}:")
        if not rows.rows:
            note(f"{rows.policy}/{rows.name} has no rows.")
            continue
        names = [column.name for column in rows.columns if wide or column.name not in rows.hidden]
        texts = [[safe(row[name]) for name in names] for row in rows.as_text()]
        shown, left_out = (texts, 0) if wide else fitted(names, texts)
        click.echo(table([name.upper() for name in names[: len(names) - left_out]], shown))
        if left_out:
            note(f"{', '.join(names[-left_out:])}: no room; -o wide shows all columns")
        if rows.entries > len(rows.rows):
            note(f"{len(rows.rows):,} of {rows.entries:,} rows; --limit shows more")


def fitted(names: Sequence[str], texts: list[list[str]]) -> tuple[list[list[str]], int]:
    """Return the rows with long texts cut so that all fit `WIDTH`, and how many of the last columns found no room."""
    widths = [max(len(name), *(len(row[at]) for row in texts)) for at, name in enumerate(names)]
    least = [min(width, max(SHORTEST, len(name))) for width, name in zip(widths, names, strict=True)]
    kept = len(names)
    while kept > 1 and _total(least[:kept]) > WIDTH:
        kept -= 1
    widths = widths[:kept]
    while _total(widths) > WIDTH and any(width > low for width, low in zip(widths, least[:kept], strict=True)):
        spare = [width - low for width, low in zip(widths, least[:kept], strict=True)]
        widths[spare.index(max(spare))] -= 1
    return [[_cut(text, width) for text, width in zip(row[:kept], widths, strict=True)] for row in texts], len(names) - kept


def _total(widths: Iterable[int]) -> int:
    widths = list(widths)
    return sum(widths) + GAP * (len(widths) - 1)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
