"""Metric outputs: a map for each name, which rules of the policy may share if they mean the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from policyd.layout import Column, Layout
from policyd.maps import Buckets, MapClass, MapSpec, Purpose
from policyd.resolve.buckets import resolve_buckets
from policyd.resolve.columns import key_columns
from policyd.resolve.lists import BPF_F_NO_PREALLOC
from policyd.resolve.problems import Complaints, Missing, Wrong, complain
from policyd.text import quote
from policyd.unit import MetricOutput
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.policy import MetricOutput as WrittenMetric
    from policyd.resolve.fields import Fields
    from policyd.resolve.operands import Reading
    from policyd.value import Value

_COUNT = Column("count", ValueType("u64", Shape.NUMBER, 8))
_UNITS = frozenset({"duration", "size", "time"})
"""Kinds whose unit a metric keeps: durations leave as seconds, sizes as bytes."""


@dataclass(slots=True)
class Metrics:
    """The metric maps of a policy, by name."""

    policy: str
    reading: Reading
    maps: dict[str, MapSpec] = field(default_factory=dict)

    def resolve(self, written: WrittenMetric, fields: Fields, complaints: Complaints) -> MetricOutput | None:
        """Return the update that a rule makes at one place, and keep its map; None if something is wrong with it."""
        before = len(complaints)
        key, keys = key_columns(written.by, fields, complaints)
        try:
            value = self._value(written, fields)
            if len(complaints) > before:
                return None
            self._keep(self._spec(written, key, value))
        except Missing as missing:
            complain(complaints, written.at, missing)
            return None
        return MetricOutput(cast("Purpose", written.kind), written.name, keys, value)

    @staticmethod
    def _value(written: WrittenMetric, fields: Fields) -> Value | None:
        if not written.value:
            return None
        value = fields.value(written.value)
        if value.type.shape is not Shape.NUMBER:
            raise Wrong("not-a-number", f"{written.value} is of type {value.type.kind}: a {written.kind} needs a number")
        return value

    def _spec(self, written: WrittenMetric, key: Layout, value: Value | None) -> MapSpec:
        buckets = None
        if written.kind == "histogram":
            assert value is not None
            buckets = resolve_buckets(written.buckets, value.type, self.reading)
        layout = _value_layout(written, value, buckets)
        keyed = bool(key.columns)
        return MapSpec(
            policy=self.policy,
            name=written.name,
            purpose=cast("Purpose", written.kind),
            map_class=_map_class(written, key if keyed else None, layout),
            max_entries=written.max_entries if keyed else 1,
            key=key if keyed else None,
            value=layout,
            help=written.help,
            buckets=buckets,
        )

    def _keep(self, spec: MapSpec) -> None:
        known = self.maps.get(spec.name)
        self.maps[spec.name] = _merged(known, spec) if known else spec


def _map_class(written: WrittenMetric, key: Layout | None, value: Layout) -> MapClass:
    """Counts are kept a CPU; a gauge's last value is one for all."""
    cpu = "" if written.kind == "gauge" else "percpu_"
    if key is None:
        return MapClass(f"{cpu}array", 4, value.size, max_entries=1)
    if written.evict:
        return MapClass(f"lru_{cpu}hash", key.size, value.size)
    return MapClass(f"{cpu}hash", key.size, value.size, BPF_F_NO_PREALLOC)


def _value_layout(written: WrittenMetric, value: Value | None, buckets: Buckets | None) -> Layout:
    if value is None:
        return Layout((_COUNT,))
    if written.kind == "gauge":
        return Layout((_wide("value", value.type, value.type.signed),))
    if written.kind in {"min", "max"}:
        return Layout((_COUNT, _wide("value", value.type, value.type.signed)))
    total = _wide("sum", value.type, written.signed)
    if buckets is None:
        return Layout((_COUNT, total))
    counts = (Column(f"b{index}", _COUNT.type) for index in range(len(buckets.bounds) + 1))
    return Layout((_COUNT, total, *counts))


def _wide(name: str, type_: ValueType, signed: bool) -> Column:
    kind = type_.kind if type_.kind in _UNITS else "s64" if signed else "u64"
    return Column(name, ValueType(kind, Shape.NUMBER, 8, signed))


def _merged(known: MapSpec, new: MapSpec) -> MapSpec:
    """Return the one map of two outputs with the same name; parsing has made help and sizes equal."""
    if known.purpose != new.purpose:
        raise Wrong("outputs-disagree", f"{quote(new.name)} is a {known.purpose} in another rule, and a {new.purpose} here")
    if known.key != new.key:
        raise Wrong(
            "outputs-disagree",
            f"{quote(new.name)} has the columns ({_describe(known.key)}) in another rule, and ({_describe(new.key)}) here",
            "outputs of one name are one map: make the columns agree, or name them apart",
        )
    if known.buckets != new.buckets or known.value != new.value:
        message = f"the values of {quote(new.name)} are of another type, or have other buckets, in another rule"
        raise Wrong("outputs-disagree", message)
    return known


def _describe(key: Layout | None) -> str:
    return ", ".join(f"{column.name}: {column.type.kind}" for column in key.columns) if key else ""
