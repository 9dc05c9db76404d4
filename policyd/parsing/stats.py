"""The output `stats`: a key, columns that are shown, and columns that are aggregates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policyd.document import Mapping, Node, Scalar
from policyd.parsing.buckets import read_buckets
from policyd.parsing.columns import read_columns
from policyd.parsing.reader import short, with_name
from policyd.policy import StatsColumn, StatsOutput
from policyd.text import did_you_mean, one_of, quote
from policyd.vocabulary.aggregates import AGGREGATES

if TYPE_CHECKING:
    from policyd.errors import Path
    from policyd.parsing.reader import Keys, Reader

_EXAMPLE = "as {calls: count, bytes: {sum: ret}}"
_KEYS = ("help", "signed", "with", "buckets")
_HISTOGRAM_SERIES = ("count", "sum", "bucket")


def read_stats(reader: Reader, keys: Keys) -> StatsOutput | None:
    """Return the output, or None and problems."""
    values: dict[str, Any] = {key: keys.text(key) for key in ("name", "help", "maxEntries", "evict") if keys.has(key)}
    values |= {"by": read_columns(keys, "by"), "show": read_columns(keys, "show")}
    node = keys.get("columns")
    values["columns"] = keys.note("columns", node, _columns(reader, keys)) if node is not None else None
    _names_twice(keys, values)
    return reader.build(StatsOutput, keys, values)


def _names_twice(keys: Keys, values: dict[str, Any]) -> None:
    """Refuse a column that is called like another one of the key, of what is shown, or of the numbers."""
    places: dict[str, str] = {}
    for key in ("by", "show", "columns"):
        for column in values[key] or ():
            first = places.setdefault(column.name, key)
            if first != key:
                keys.fail(key, "duplicate-column", f"`{column.name}` is a column below `{first}` already")


def _columns(reader: Reader, outer: Keys) -> tuple[StatsColumn, ...] | None:
    node, path = outer.get("columns"), outer.below("columns")
    assert node is not None
    if not isinstance(node, Mapping) or not node.items:
        reader.wrong_type(node, path, "a mapping of names to aggregates", _EXAMPLE)
        return None
    read = [_column(reader, name, value, (*path, name.text)) for name, value in node.items]
    found = tuple(column for column in read if column is not None)
    return found if len(found) == len(read) and _distinct(reader, found, node, path) else None


def _distinct(reader: Reader, columns: tuple[StatsColumn, ...], node: Mapping, path: Path) -> bool:
    """Refuse what would leave under one name: a histogram's own series, and a column that is called like one of them."""
    histograms = [column.name for column in columns if column.aggregate == "histogram"]
    taken = {f"{name}_{series}": name for name in histograms for series in _HISTOGRAM_SERIES}
    good = True
    for (name, _), column in zip(node.items, columns, strict=True):
        if column.name in taken:
            message = f"`{column.name}` cannot name a column: the histogram `{taken[column.name]}` has a series of that name"
            reader.report("reserved-label", message, name, (*path, name.text), "give it another name")
            good = False
    return good


def _column(reader: Reader, name: Scalar, node: Node, path: Path) -> StatsColumn | None:
    if isinstance(node, Scalar) and not node.is_null:
        if node.text != "count":
            hint = "write count, or an aggregate of a value: {sum: FIELD}"
            reader.report("bad-aggregate", f"{quote(node.text)} is no aggregate of a value", node, path, hint)
            return None
        keys = short(reader, node, "aggregate", path, "a column")
        return reader.build(StatsColumn, with_name(keys, name), {"name": name.text, "aggregate": "count"})
    if not isinstance(node, Mapping):
        reader.wrong_type(node, path, "an aggregate", _EXAMPLE)
        return None
    return _aggregated(reader, name, node, path)


def _aggregated(reader: Reader, name: Scalar, node: Mapping, path: Path) -> StatsColumn | None:
    others = [key for key, _ in node.items if key.text not in _KEYS]
    if len(others) != 1 or others[0].text not in AGGREGATES:
        words = [key.text for key in others if key.text not in AGGREGATES]
        near = did_you_mean(words[0], (*AGGREGATES, *_KEYS)) if words else ""
        found = " and ".join(quote(key.text) for key in others[:4]) or "none"
        message = f"a column has one aggregate, here is {found}"
        place = others[0] if others else name
        reader.report("bad-aggregate", message, place, path, near or f"aggregates: {one_of(AGGREGATES)}")
        return None
    row = AGGREGATES[others[0].text]
    keys = reader.keys(node, path, f"the aggregate `{row.name}`", (row.name, "help", *row.keys))
    if keys is None:
        return None
    values: dict[str, Any] = {"name": name.text, "aggregate": row.name, "value": keys.text(row.name)}
    values |= {key: keys.text(key) for key in ("help", "signed")}
    values["with"] = read_columns(keys, "with")
    values["buckets"] = read_buckets(reader, keys)
    if row.name == "count":
        keys.fail("count", "bad-aggregate", "a count has no value", "write count alone")
    elif keys.get(row.name) is None:
        keys.fail(row.name, "missing-key", f"`{row.name}` needs a value", f"as {row.example}")
    return reader.build(StatsColumn, with_name(keys, name), values, {"value": row.name})
