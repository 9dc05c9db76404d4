"""The rows of a policy's tables, decoded.

In: a policy's record and its pinned maps.  Out: `Rows`: what the columns are called, and as many rows as were asked for, in
the order of their keys.  Rules go on writing while a table is read: each row is whole, the table is not of one moment.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from policyd.reading.shown import Shown
from policyd.record import map_pin, opened, policy_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.kernel.port import Kernel
    from policyd.layout import Column, Layout
    from policyd.record import MapRecord, PolicyRecord

T = TypeVar("T")

Raw = tuple[int | bytes | None, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """The first `rows` of `entries` that a table has, keys first; `columns` are those of the key and of the value.

    What was absent where a span started is None.
    """

    policy: str
    name: str
    key: tuple[Column, ...]
    value: tuple[Column, ...]
    entries: int
    max_entries: int
    evict: bool
    rows: tuple[Raw, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.key + self.value

    @property
    def hidden(self) -> frozenset[str]:
        """Columns that only tell a key from the next of its name: a thread's start."""
        return frozenset(column.name for column in self.key if column.hidden)

    def as_json(self) -> list[dict[str, Any]]:
        """Return each row as a mapping of its columns' names to values as JSON has them."""
        shown = [Shown(column) for column in self.columns]
        return [
            {one.column.name: None if raw is None else one[raw] for one, raw in zip(shown, row, strict=True)}
            for row in self.rows
        ]

    def as_text(self) -> list[dict[str, str]]:
        """Return each row as a mapping of its columns' names to texts; not yet safe for a terminal."""
        shown = [Shown(column) for column in self.columns]
        return [
            {one.column.name: "" if raw is None else one.text(raw) for one, raw in zip(shown, row, strict=True)}
            for row in self.rows
        ]


def table_maps(record: PolicyRecord) -> list[MapRecord]:
    """Return the maps of a policy that are tables, in the order of their names."""
    return [of for _, of in sorted(record.maps.items()) if of.purpose == "table"]


def read_rows(kernel: Kernel, policy: str, of: MapRecord, most: int) -> Rows | None:
    """Return the first `most` rows of a table, in the order of their keys; None if its map has gone."""
    assert of.key is not None
    with opened(kernel, policy_path(policy, map_pin(policy, of.name, of.fingerprint))) as fd:
        if fd is None:
            return None
        counted = _Counted(kernel.items(fd))
        found = heapq.nsmallest(most, _decoded(counted, of.key, of.value))
    evict = of.map_class.type.startswith("lru")
    columns, rows = of.value.columns, tuple((*key, *value) for key, value in found)
    if (bits := next((at for at, column in enumerate(columns) if column.hidden), None)) is not None:
        columns, rows = _without(columns, bits), tuple((*key, *_there(value, bits)) for key, value in found)
    return Rows(policy, of.name, of.key.columns, columns, counted.seen, of.max_entries, evict, rows)


def _there(value: Raw, bits: int) -> Raw:
    """Return a span's row without the column of bits: None where a column's bit is not set."""
    there = value[bits]
    assert isinstance(there, int)
    return _without(tuple(one if there >> at & 1 else None for at, one in enumerate(value)), bits)


def _without(items: tuple[T, ...], at: int) -> tuple[T, ...]:
    return items[:at] + items[at + 1 :]


class _Counted:
    """Entries, counted as they go by."""

    def __init__(self, entries: Iterator[tuple[bytes, bytes]]) -> None:
        self._entries, self.seen = entries, 0

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        for entry in self._entries:
            self.seen += 1
            yield entry


def _decoded(entries: _Counted, key: Layout, value: Layout) -> Iterator[tuple[Raw, Raw]]:
    of_key, of_value = key.decoder(), value.decoder()
    for one, other in entries:
        yield key.decode(one, of_key), value.decode(other, of_value)
