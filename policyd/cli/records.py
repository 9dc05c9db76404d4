"""`policyd get records NAME`: the rows of tables and of snapshots, as text of 80 columns or as documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from policyd.cli.output import note, print_json, print_list, say, table
from policyd.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policyd.kernel.port import Kernel
    from policyd.observe import Observed
    from policyd.reading.snapshots import Snapshot
    from policyd.reading.tables import Rows
    from policyd.views.snapshots import SnapshotItem
    from policyd.views.tables import TableItem

WIDTH = 80
SHORTEST = 12
"""What a long text is cut to at the least, before columns are left out."""
GAP = 2


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table or a snapshot as text: `entries` counts the rows that there are, of which `texts` may be the first."""

    policy: str
    name: str
    columns: list[str]
    texts: list[list[str]]
    entries: int


def are_rows(observed: Observed, names: Sequence[str]) -> bool:
    """Tell whether the names are those of tables and snapshots, and none is a policy's."""
    from policyd.views.tables import spellings

    known = frozenset[str]().union(*(spellings(*one) for one in _known(observed, "")))
    return bool(names) and any(name in known for name in names) and not any(name in observed.records for name in names)


def _known(observed: Observed, policy: str) -> list[tuple[str, str]]:
    """Return policy and name of all tables and snapshots, of one policy or of all."""
    from policyd.views.snapshots import snapshot_names
    from policyd.views.tables import table_names

    records = observed.records.values()
    return table_names(records, policy) + snapshot_names(records, policy)


def show(kernel: Kernel, observed: Observed, policy: str, names: tuple[str, ...], output: str | None, limit: int) -> None:
    """Print the rows of the tables and snapshots called `names`, of one policy or of all."""
    from policyd.views import plain
    from policyd.views.snapshots import read_snapshots, snapshot_item
    from policyd.views.tables import check_names, read_tables, table_item

    check_names(names, _known(observed, policy), policy)
    tables = list(read_tables(kernel, observed.records.values(), limit, policy, names))
    snapshots = list(read_snapshots(kernel, observed.records.values(), limit, policy, names))
    items: list[TableItem | SnapshotItem] = [*map(table_item, tables), *map(snapshot_item, snapshots)]
    if output == "json":
        print_json({"items": list(map(plain, items))})
    elif output == "yaml":
        print_list(list(map(plain, items)))
    elif output == "name":
        for item in items:
            say(f"record/{item.policy}/{item.name}")
    elif not items:
        note("No tables, and no snapshots.")
    else:
        wide = output == "wide"
        _print_texts([*(_of_table(rows, wide=wide) for rows in tables), *map(_of_snapshot, snapshots)], wide=wide)


def _of_table(rows: Rows, *, wide: bool) -> Sheet:
    names = [column.name for column in rows.columns if wide or column.name not in rows.hidden]
    texts = [[safe(row[name]) for name in names] for row in rows.as_text()]
    return Sheet(rows.policy, rows.name, names, texts, rows.entries)


def _of_snapshot(found: Snapshot) -> Sheet:
    texts = [[safe(row[name]) for name in found.columns] for row in found.as_text()]
    return Sheet(found.policy, found.name, list(found.columns), texts, found.entries)


def _print_texts(found: list[Sheet], *, wide: bool) -> None:
    for number, sheet in enumerate(found):
        if len(found) > 1:
            say(("\n" if number else "") + f"{sheet.policy}/{sheet.name}:")
        if not sheet.texts:
            note(f"{sheet.policy}/{sheet.name} has no rows.")
            continue
        names = sheet.columns
        shown, left_out = (sheet.texts, 0) if wide else fitted(names, sheet.texts)
        click.echo(table([name.upper() for name in names[: len(names) - left_out]], shown))
        if left_out:
            note(f"{', '.join(names[-left_out:])}: no room; -o wide shows all columns")
        if sheet.entries > len(sheet.texts):
            note(f"{len(sheet.texts):,} of {sheet.entries:,} rows; --limit shows more")


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
