"""One column of a metric's map as a number: the CPUs' slots put together, scaled, and what is kept beside it as text.

In: the values of an entry, one of each CPU, each a tuple with an item for each column of the map's layout.  A metric that is
no `stats` has one such column, and its slots are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from policyd.maps import StatColumn
from policyd.reading.events import boot_offset
from policyd.reading.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policyd.record import MapRecord

FamilyType = Literal["counter", "gauge", "histogram"]
Labels = dict[str, str]
Number = int | float
Row = tuple[Any, ...]

PARTS = {"duration": 10**9, "time": 10**9}
"""How many of a kind's units make the one that it leaves in, nanoseconds in seconds: divided, for 3 / 10**9 is 3e-09, and
3 * 1e-9 is not."""
UNITS = {"duration": "seconds", "time": "seconds", "size": "bytes"}


@dataclass(frozen=True, slots=True)
class Histogram:
    """`counts` are those of each bucket alone, one more than `bounds`: the last is everything above."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float
    count: int


SeriesValue = Number | Histogram


@dataclass(frozen=True, slots=True)
class _Kept:
    """How an aggregate is read: `slot` has its number, counted from its first, which `merge` makes of all CPUs' rows."""

    type: FamilyType
    slot: int
    merge: Callable[[Sequence[Row], int], Number | None]


def _added(rows: Sequence[Row], at: int) -> int:
    return sum(row[at] for row in rows)


def _mean(rows: Sequence[Row], at: int) -> Number | None:
    count = _added(rows, at - 1)
    return _added(rows, at) / count if count else None


def _holder(rows: Sequence[Row], at: int, choose: Callable[..., Row]) -> Row | None:
    """Return the row of the CPU that holds the record of slot `at`, of those that have counted any."""
    return choose((row for row in rows if row[at - 1]), key=lambda row: row[at], default=None)


def _extreme(choose: Callable[..., Row]) -> Callable[[Sequence[Row], int], Number | None]:
    def merge(rows: Sequence[Row], at: int) -> Number | None:
        row = _holder(rows, at, choose)
        return None if row is None else int(row[at])

    return merge


def _latest(rows: Sequence[Row], at: int) -> Number | None:
    row = max((row for row in rows if row[at - 1]), key=lambda row: row[at - 1], default=None)
    return None if row is None else int(row[at])


_KEPT: dict[str, _Kept] = {
    "count": _Kept("counter", 0, _added),
    "sum": _Kept("counter", 1, _added),
    "avg": _Kept("gauge", 1, _mean),
    "gauge": _Kept("gauge", 0, _added),
    "min": _Kept("gauge", 1, _extreme(min)),
    "max": _Kept("gauge", 1, _extreme(max)),
    "last": _Kept("gauge", 1, _latest),
    "histogram": _Kept("histogram", 1, _added),
}
"""By aggregate.  `gauge` has no CPUs: one value for all."""

_ALONE = {"counter": "count", "sum": "sum", "gauge": "gauge", "min": "min", "max": "max", "histogram": "histogram"}
"""The aggregate of each metric of one column."""
METRICS = frozenset({*_ALONE, "stats"})
"""Purposes of maps that are metrics."""


def columns_of(of: MapRecord) -> tuple[StatColumn, ...]:
    """Return the columns of a metric's map; what is shown beside the key is none."""
    if of.purpose == "stats":
        return tuple(column for column in of.stats if column.aggregate in _KEPT)
    return (StatColumn("", _ALONE[of.purpose], 0, buckets=of.buckets),)


def name_of(of: MapRecord, column: StatColumn) -> str:
    """Return the name under which a column leaves."""
    return f"{of.name}_{column.name}" if column.name else of.name


class Reader:
    """Reads one column of the entries of a map."""

    def __init__(self, of: MapRecord, column: StatColumn) -> None:
        self.column = column
        self._kept = _KEPT[column.aggregate]
        self._at = column.at + self._kept.slot
        self._first_bucket = column.at + 2
        type_ = of.value.columns[self._at].type
        self.unit = UNITS.get(type_.kind, "")
        self.type: FamilyType = "gauge" if column.aggregate == "sum" and type_.signed else self._kept.type
        self._parts = PARTS.get(type_.kind, 1)
        self._zero = boot_offset() if type_.kind == "time" and self._kept.type == "gauge" else 0
        self._bounds = tuple(self._whole(bound) for bound in column.buckets.bounds) if column.buckets else None
        self._beside = Beside(of, column)

    def value(self, rows: Sequence[Row]) -> SeriesValue | None:
        """Return the number of an entry; None if no event has given it one."""
        value = self._kept.merge(rows, self._at)
        if value is None:
            return None
        scaled = self._whole(value + self._zero)
        if self._bounds is None:
            return scaled
        buckets = range(self._first_bucket, self._first_bucket + len(self._bounds) + 1)
        return Histogram(self._bounds, tuple(_added(rows, at) for at in buckets), scaled, _added(rows, self.column.at))

    def _whole(self, number: Number) -> Number:
        return number / self._parts if self._parts > 1 else number

    def beside(self, rows: Sequence[Row]) -> Labels:
        """Return what was kept of the event that set the record."""
        choose: Callable[..., Row] = min if self.column.aggregate == "min" else max
        row = _holder(rows, self._at, choose) if self._beside else None
        return self._beside.texts(row) if row is not None else {}


class Beside:
    """What is kept beside a column, and the bits that say what is there."""

    def __init__(self, of: MapRecord, column: StatColumn) -> None:
        self._bits = column.at + (1 if column.aggregate == "show" else 2)
        self._shown = tuple((number, place, Shown(of.value.columns[place])) for number, place in enumerate(column.beside))

    def __bool__(self) -> bool:
        return bool(self._shown)

    def texts(self, row: Row) -> Labels:
        """Return name → text of what is there in a row."""
        bits = row[self._bits]
        return {shown.column.name: shown.text(row[place]) for number, place, shown in self._shown if bits >> number & 1}


def shown_beside(of: MapRecord) -> Callable[[Sequence[Row]], Labels]:
    """Return what reads the last seen values of the columns that are shown beside a key."""
    show = next((column for column in of.stats if column.aggregate == "show"), None)
    if show is None:
        return lambda _: {}
    beside, at = Beside(of, show), show.at

    def read(rows: Sequence[Row]) -> Labels:
        found: Labels = {}
        for row in sorted((row for row in rows if row[at]), key=lambda row: row[at]):
            found |= beside.texts(row)
        return found

    return read
