"""Metrics as tables for people: a line for each key, a column for each number; `stats` have all theirs in one.

    read_stats (policy disk): Reads
    process_comm   calls     bytes  longest            spread
    dd               804   1.2 GiB  12 ms (pid=4211)   804 mean 1.4 ms

In: families as `reading.metrics` gives them.  Out: lines no wider than `width`: columns that do not fit go below, with the
key again; nothing in them drives a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.reading.metrics import Histogram
from policyd.sinks.plot import show_value
from policyd.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.reading.metrics import Family, Labels, SeriesValue

GAP = "  "
_LONGEST_CELL = 32
Cells = dict[str, str]


def metric_tables(families: Iterable[Family], width: int = 80, top: int = 20) -> str:
    """Return a table for each output, the biggest keys first; at most `top` of them, and how many more there are."""
    outputs: dict[tuple[str, str], list[Family]] = {}
    for family in families:
        outputs.setdefault((family.policy, family.output or family.name), []).append(family)
    return "\n\n".join("\n".join(_table(name, group, max(width, 40), top)) for (_, name), group in outputs.items()) + "\n"


def _table(name: str, families: list[Family], width: int, top: int) -> Iterator[str]:
    text = next((family.help for family in families if family.help), "")
    yield _clip(safe(f"{name} (policy {families[0].policy})" + (f": {text}" if text else "")), width)
    rows = _rows(families)
    if not rows:
        yield "  nothing yet"
        return
    keys, numbers = list(rows[0][0]), [family.column or "value" for family in families]
    beside = [name for name in dict.fromkeys(name for _, cells in rows for name in cells) if name not in numbers]
    lines = [{**labels, **cells} for labels, cells in rows[:top]]
    yield from _columns(keys, [*beside, *numbers], lines, frozenset(numbers), width)
    if len(rows) > top:
        yield f"… and {len(rows) - top} more"


def _rows(families: list[Family]) -> list[tuple[Labels, Cells]]:
    """Return the cells of each key, by column, in the order of the first column's numbers, the biggest first."""
    found: dict[tuple[str, ...], tuple[float, Labels, Cells]] = {}
    for family in families:
        for at, (labels, value) in enumerate(family.series):
            key = tuple(labels.values())
            weight, _, cells = found.get(key, (_weight(value), labels, {}))
            cells |= family.beside[at] if family.beside else {}
            cells[family.column or "value"] = _cell(family, at, value)
            found[key] = (weight, labels, cells)
    ordered = sorted(found.values(), key=lambda row: row[0], reverse=True)
    return [(labels, cells) for _, labels, cells in ordered]


def _weight(value: SeriesValue) -> float:
    return value.count if isinstance(value, Histogram) else value


def _cell(family: Family, at: int, value: SeriesValue) -> str:
    if isinstance(value, Histogram):
        mean = f" mean {show_value(value.sum / value.count, family.unit)}" if value.count else ""
        return f"{value.count:,}{mean}"
    record = family.record[at] if family.record else {}
    more = f" ({', '.join(f'{name}={text}' for name, text in record.items())})" if record else ""
    return show_value(value, family.unit) + more


def _columns(keys: list[str], others: list[str], rows: list[Cells], right: frozenset[str], width: int) -> Iterator[str]:
    """Yield the table; where it is too wide, several below each other, each with the key's columns."""
    wide = {name: _width(name, rows) for name in (*keys, *others)}
    begin = sum(wide[name] + len(GAP) for name in keys)
    part: list[str] = []
    for name in (*others, None):
        used = begin + sum(wide[one] + len(GAP) for one in part)
        if part and (name is None or used + wide[name] > width):
            yield from _lines([*keys, *part], rows, wide, right, width)
            part = []
        if name is not None:
            part.append(name)


def _width(name: str, rows: list[Cells]) -> int:
    return min(max(len(name), *(len(safe(row.get(name, "-"))) for row in rows)), _LONGEST_CELL)


def _lines(names: list[str], rows: list[Cells], wide: dict[str, int], right: frozenset[str], width: int) -> Iterator[str]:
    for cells in ({name: name for name in names}, *rows):
        texts = []
        for name in names:
            text = _clip(safe(cells.get(name, "") or "-"), wide[name])
            texts.append(text.rjust(wide[name]) if name in right else text.ljust(wide[name]))
        yield _clip(GAP.join(texts).rstrip(), width)


def _clip(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
