"""The maps of a policy's metrics as families of series.

In: a policy's record and its pinned maps.  Out: `Family`: numbers by labels, per-CPU values put together, histograms with
their bounds, durations in seconds and sizes in bytes.

Every entry is an array of u64, whose meaning depends on the purpose (`_SLOTS`); the template of each output says the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from policyd.reading.events import boot_offset
from policyd.reading.shown import Shown
from policyd.record import map_pin, opened, policy_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.kernel.port import Kernel
    from policyd.record import MapRecord, PolicyRecord

FamilyType = Literal["counter", "gauge", "histogram"]
Labels = dict[str, str]
Slots = tuple[int, ...]

_SCALES = {"duration": 1e-9, "time": 1e-9}
"""What a value of a kind is multiplied with on its way out: nanoseconds leave as seconds."""
UNITS = {"duration": "seconds", "time": "seconds", "size": "bytes"}


@dataclass(frozen=True, slots=True)
class Histogram:
    """`counts` are those of each bucket alone, one more than `bounds`: the last is everything above."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float
    count: int


Number = int | float
SeriesValue = Number | Histogram


@dataclass(frozen=True, slots=True)
class Family:
    """One metric of one policy.  `unit` is `seconds`, `bytes` or empty."""

    name: str
    policy: str
    type: FamilyType
    help: str
    unit: str
    series: tuple[tuple[Labels, SeriesValue], ...]


@dataclass(frozen=True, slots=True)
class _Purpose:
    """How entries of a purpose are read: `merge` puts the CPUs' slots together, `value` is the slot of the number."""

    type: FamilyType
    merge: Callable[[list[Slots]], Slots]
    value: int
    counted: bool = False  # slot 0 counts; without any there is no value yet


def _added(rows: list[Slots]) -> Slots:
    return tuple(sum(column) for column in zip(*rows, strict=True))


def _extreme(choose: Callable[[list[int]], int]) -> Callable[[list[Slots]], Slots]:
    def merge(rows: list[Slots]) -> Slots:
        values = [row[1] for row in rows if row[0]]
        return sum(row[0] for row in rows), choose(values) if values else 0

    return merge


_SLOTS: dict[str, _Purpose] = {
    "counter": _Purpose("counter", _added, 0),
    "sum": _Purpose("counter", _added, 1),
    "gauge": _Purpose("gauge", _added, 0),
    "min": _Purpose("gauge", _extreme(min), 1, counted=True),
    "max": _Purpose("gauge", _extreme(max), 1, counted=True),
    "histogram": _Purpose("histogram", _added, 1),
}
"""counter: count.  sum: count, sum.  gauge: value.  min, max: count, value.  histogram: count, sum, a count a bucket."""

_FIRST_BUCKET = 2
_NO_LABEL = re.compile("[^a-zA-Z0-9_]")


def read_families(kernel: Kernel, record: PolicyRecord) -> list[Family]:
    """Return all metrics of a policy, in the order of their names."""
    found = [read_family(kernel, record.name, of) for of in metric_maps(record)]
    return [family for family in found if family is not None]


def metric_maps(record: PolicyRecord) -> list[MapRecord]:
    """Return the maps of a policy that are metrics, in the order of their names."""
    return [of for _, of in sorted(record.maps.items()) if of.purpose in _SLOTS]


def read_family(kernel: Kernel, policy: str, of: MapRecord) -> Family | None:
    """Return one metric; None if its map has gone."""
    with opened(kernel, policy_path(policy, map_pin(policy, of.name, of.fingerprint))) as fd:
        if fd is None:
            return None
        entries = list(kernel.items(fd))
    purpose = _SLOTS[of.purpose]
    reader = _Reader(of, purpose)
    series = tuple(reader.series(key, value) for key, value in entries if reader.has_value(value))
    signed_sum = of.purpose == "sum" and reader.column_type.signed
    return Family(of.name, policy, "gauge" if signed_sum else purpose.type, of.help, UNITS.get(reader.kind, ""), series)


def label_name(column: str) -> str:
    """Return a column's name as a label: dots become `_`, as does all that a label may not have; never first a digit."""
    name = _NO_LABEL.sub("_", column)
    return f"_{name}" if name[:1].isdigit() else name


class _Reader:
    """Decodes the entries of one map."""

    def __init__(self, of: MapRecord, purpose: _Purpose) -> None:
        self._purpose, self._key, self._value = purpose, of.key, of.value
        self._shown = tuple(Shown(column) for column in of.key.columns) if of.key else ()
        self._labels = [label_name(shown.column.name) for shown in self._shown]
        self._unpack = of.value.decoder()
        self._unpack_key = of.key.decoder() if of.key else None
        self._stride = -(-of.map_class.value_size // 8) * 8
        columns = of.value.columns
        self.column_type = columns[min(purpose.value, len(columns) - 1)].type
        self.kind = self.column_type.kind
        self._scale = _SCALES.get(self.kind, 1)
        self._zero = boot_offset() if self.kind == "time" and purpose.type == "gauge" else 0
        self._bounds = tuple(bound * self._scale for bound in of.buckets.bounds) if of.buckets else None

    def slots(self, value: bytes) -> Slots:
        """Return the slots of an entry, all CPUs together."""
        size = self._unpack.size
        rows = [self._unpack.unpack_from(value, at) for at in range(0, len(value) - size + 1, max(self._stride, size))]
        return self._purpose.merge(rows) if rows else (0,) * len(self._value.columns)

    def has_value(self, value: bytes) -> bool:
        return not self._purpose.counted or self.slots(value)[0] > 0

    def series(self, key: bytes, value: bytes) -> tuple[Labels, SeriesValue]:
        raw = self._key.decode(key, self._unpack_key) if self._key else ()
        texts = (shown.text(part) for shown, part in zip(self._shown, raw, strict=True))
        return dict(zip(self._labels, texts, strict=True)), self._number(self.slots(value))

    def _number(self, slots: Slots) -> SeriesValue:
        value = slots[self._purpose.value]
        scaled = (value + self._zero) * self._scale if self._scale != 1 else value
        if self._bounds is None:
            return scaled
        return Histogram(self._bounds, slots[_FIRST_BUCKET:], scaled, slots[0])
