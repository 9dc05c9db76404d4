"""The maps of a policy's metrics as families of series.

In: a policy's record and its pinned maps.  Out: `Family`: numbers by labels, per-CPU values put together, histograms with
their bounds, durations in seconds and sizes in bytes.  Each column of `stats` is a family of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policyd.layout import Layout
from policyd.reading.aggregates import (
    METRICS,
    FamilyType,
    Histogram,
    Labels,
    Number,
    Reader,
    Row,
    SeriesValue,
    columns_of,
    name_of,
    shown_beside,
)
from policyd.reading.shown import Shown
from policyd.reading.stack_totals import stack_totals, total_names
from policyd.record import map_pin, opened, policy_path
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.kernel.port import Kernel
    from policyd.record import MapRecord, PolicyRecord

__all__ = ["Family", "FamilyType", "Histogram", "Labels", "Number", "SeriesValue"]

_NO_LABEL = re.compile("[^a-zA-Z0-9_]")


@dataclass(frozen=True, slots=True)
class Family:
    """One metric of one policy.  `unit` is `seconds`, `bytes` or empty.

    Of a column of `stats`: the name of the output and of the column, and for each series what it shows `beside` the key and
    `record`, what is kept of the event that set it.
    """

    name: str
    policy: str
    type: FamilyType
    help: str
    unit: str
    series: tuple[tuple[Labels, SeriesValue], ...]
    output: str = ""
    column: str = ""
    beside: tuple[Labels, ...] = ()
    record: tuple[Labels, ...] = ()


def read_families(kernel: Kernel, record: PolicyRecord) -> list[Family]:
    """Return all metrics of a policy, in the order of their outputs' names."""
    return [family for of in metric_maps(record) for family in read_map(kernel, record.name, of)]


def metric_maps(record: PolicyRecord) -> list[MapRecord]:
    """Return the maps of a policy that are metrics, or have totals that are, in the order of their names."""
    return [of for _, of in sorted(record.maps.items()) if of.purpose in METRICS or of.purpose == "stacks"]


def names_of(of: MapRecord) -> tuple[str, ...]:
    """Return the names of all metrics of a map."""
    if of.purpose == "stacks":
        return total_names(of)
    return tuple(name_of(of, column) for column in columns_of(of))


def read_map(kernel: Kernel, policy: str, of: MapRecord) -> list[Family]:
    """Return the metrics of a map: one, one for each column of `stats`, or the totals of stacks; none if it has gone."""
    if of.purpose == "stacks":
        return [
            Family(total.name, policy, "counter", total.help, total.unit, (({}, total.value),))
            for total in stack_totals(kernel, policy, of)
        ]
    with opened(kernel, policy_path(policy, map_pin(policy, of.name, of.fingerprint))) as fd:
        if fd is None:
            return []
        entries = list(kernel.items(fd))
    keys, rows = _Keys(of), _Rows(of)
    found = [(keys.labels(key), rows.of(value)) for key, value in entries]
    return list(_families(policy, of, found))


def _families(policy: str, of: MapRecord, entries: list[tuple[Labels, list[Row]]]) -> Iterator[Family]:
    beside = shown_beside(of)
    shown = [beside(rows) for _, rows in entries]
    for column in columns_of(of):
        reader = Reader(of, column)
        kept = [
            ((labels, value), shows, reader.beside(rows))
            for (labels, rows), shows in zip(entries, shown, strict=True)
            if (value := reader.value(rows)) is not None
        ]
        series = tuple(one for one, _, _ in kept)
        family = Family(name_of(of, column), policy, reader.type, column.help or of.help, reader.unit, series)
        if column.name:
            family = replace(
                family,
                output=of.name,
                column=column.name,
                beside=tuple(shows for _, shows, _ in kept),
                record=tuple(record for _, _, record in kept),
            )
        yield family


def label_name(column: str) -> str:
    """Return a column's name as a label: dots become `_`, as does all that a label may not have; never first a digit."""
    name = _NO_LABEL.sub("_", column)
    return f"_{name}" if name[:1].isdigit() else name


class _Keys:
    """Decodes the keys of one map."""

    def __init__(self, of: MapRecord) -> None:
        self._layout = of.key or Layout(())
        self._shown = tuple(Shown(column) for column in self._layout.columns)
        self._labels = [label_name(shown.column.name) for shown in self._shown]
        self._decoder = self._layout.decoder()

    def labels(self, key: bytes) -> Labels:
        raw = self._layout.decode(key, self._decoder) if self._shown else ()
        texts = (shown.text(part) for shown, part in zip(self._shown, raw, strict=True))
        return dict(zip(self._labels, texts, strict=True))


class _Rows:
    """Decodes the values of one map: one of each CPU, 8 bytes aligned."""

    def __init__(self, of: MapRecord) -> None:
        self._layout = of.value
        self._decoder = of.value.decoder()
        self._stride = max(-(-of.map_class.value_size // 8) * 8, self._decoder.size)
        self._plain = all(column.type.shape is Shape.NUMBER for column in of.value.columns)

    def of(self, value: bytes) -> list[Row]:
        size = self._decoder.size
        starts = range(0, len(value) - size + 1, self._stride)
        if self._plain:
            return [self._decoder.unpack_from(value, at) for at in starts]
        return [self._layout.decode(value[at : at + size], self._decoder) for at in starts]
