"""What a metric keeps of its values: the slots of each aggregate, and for `stats` all columns as one map value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policyd.effect import Stat
from policyd.layout import Column, Layout
from policyd.maps import Buckets, StatColumn
from policyd.resolve.buckets import resolve_buckets
from policyd.resolve.columns import key_columns
from policyd.resolve.problems import Complaints, Missing, Wrong, complain
from policyd.vocabulary.aggregates import AGGREGATES
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.errors import Path
    from policyd.policy import Column as NamedPath
    from policyd.policy import StatsColumn, StatsOutput
    from policyd.resolve.fields import Fields
    from policyd.resolve.operands import Reading
    from policyd.value import Value

MOST_VALUE_BYTES = 8192
"""A map's value: each CPU has one of each key, and the zeros that a new one is made from are as large."""

SHOW = "show"
"""The aggregate of what is shown beside the key (`StatColumn`)."""

_U64 = ValueType("u64", Shape.NUMBER, 8)
_UNITS = frozenset({"duration", "size", "time"})
"""Kinds whose unit a metric keeps: durations leave as seconds, sizes as bytes."""


def number(text: str, what: str, fields: Fields, at: Path) -> Value:
    """Return the value that feeds `what`, as written at `at`; `Wrong` for what is no number."""
    try:
        value = fields.value(text)
    except Missing as missing:
        for one in missing.each:
            one.at = one.at or at
        raise
    if value.type.shape is not Shape.NUMBER:
        raise Wrong("not-a-number", f"{text} is of type {value.type.kind}: a {what} needs a number", at=at)
    return value


def slots(names: tuple[str, ...], type_: ValueType | None, signed: bool, buckets: Buckets | None) -> tuple[Column, ...]:
    """Return the columns of an aggregate: `sum` and `value` are as the value is, `count` and `time` plain numbers."""
    found = [wide(name, type_, signed) if type_ and name in {"sum", "value"} else Column(name, _U64) for name in names]
    counts = range(len(buckets.bounds) + 1) if buckets else ()
    return (*found, *(Column(f"b{index}", _U64) for index in counts))


def wide(name: str, type_: ValueType, signed: bool) -> Column:
    """Return the column of 8 bytes that keeps numbers of a type, with its unit."""
    kind = type_.kind if type_.kind in _UNITS else "s64" if signed else "u64"
    return Column(name, ValueType(kind, Shape.NUMBER, 8, signed))


@dataclass(slots=True)
class StatsValue:
    """Puts the value of a `stats` map together: all slots first, then what is kept beside them."""

    fields: Fields
    reading: Reading
    complaints: Complaints
    columns: list[StatColumn] = field(default_factory=list)
    feeds: list[Stat] = field(default_factory=list)
    _slots: list[Column] = field(default_factory=list)
    _beside: list[Column] = field(default_factory=list)

    @classmethod
    def of(cls, written: StatsOutput, fields: Fields, reading: Reading, complaints: Complaints) -> StatsValue:
        """Return the value with all columns of `written`; what is wrong with them is in `complaints`."""
        made = cls(fields, reading, complaints)
        for column in written.columns:
            try:
                made._add(column)
            except Missing as missing:
                complain(complaints, column.at or written.at, missing)
        if written.show:
            made._keep(StatColumn(SHOW, SHOW, 0), (Column("time", _U64),), written.show, None)
        size = made.layout.size
        if size > MOST_VALUE_BYTES:
            hint = "give histograms fewer buckets, or make two outputs of it"
            wrong = Wrong("value-too-long", f"the columns take {size:,} bytes a key, at most {MOST_VALUE_BYTES:,}", hint)
            complaints.append((written.at, wrong))
        return made

    @property
    def layout(self) -> Layout:
        return Layout((*self._slots, *self._beside))

    @property
    def stats(self) -> tuple[StatColumn, ...]:
        """The columns, with their places in `layout`."""
        first = len(self._slots)
        return tuple(replace(one, beside=tuple(first + index for index in one.beside)) for one in self.columns)

    def _add(self, written: StatsColumn) -> None:
        row = AGGREGATES[written.aggregate]
        value = number(written.value, row.name, self.fields, (*written.at, row.name)) if written.value else None
        spread = value is not None and row.name == "histogram"
        buckets = resolve_buckets(written.buckets, value.type, self.reading) if value and spread else None
        signed = value is not None and (written.signed if row.name == "sum" else value.type.signed and not spread)
        kept = slots(row.slots, value.type if value else None, signed, buckets)
        column = StatColumn(written.name, row.name, 0, buckets=buckets, help=written.help)
        self._keep(column, kept, written.companions, value)

    def _keep(
        self, column: StatColumn, kept: tuple[Column, ...], beside: tuple[NamedPath, ...], value: Value | None
    ) -> None:
        """Give a column its slots, and room to what is kept beside it."""
        layout, values = key_columns(beside, self.fields, self.complaints, "what is kept")
        first = len(self._beside)
        if values:
            kept = (*kept, Column("bits", _U64))
        self.columns.append(replace(column, at=len(self._slots), beside=tuple(range(first, first + len(layout.columns)))))
        self.feeds.append(Stat(value, values))
        self._slots += [replace(one, name=f"{column.name}_{one.name}") for one in kept]
        self._beside += layout.columns
