"""Metric outputs: a map for each name, which rules of the policy may share if they mean the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from policyd.effect import MetricOutput
from policyd.layout import Layout
from policyd.maps import Buckets, MapClass, MapSpec, Purpose
from policyd.policy import StacksOutput, StatsOutput
from policyd.resolve.buckets import resolve_buckets
from policyd.resolve.columns import key_columns
from policyd.resolve.lists import BPF_F_NO_PREALLOC
from policyd.resolve.problems import Complaints, Missing, Wrong, complain
from policyd.resolve.stack_outputs import stacks_output
from policyd.resolve.stats import StatsValue, number, slots
from policyd.text import quote
from policyd.vocabulary.aggregates import AGGREGATES

if TYPE_CHECKING:
    from policyd.policy import MetricOutput as WrittenMetric
    from policyd.resolve.fields import Fields
    from policyd.resolve.operands import Reading
    from policyd.value import Value

    Written = WrittenMetric | StatsOutput | StacksOutput
    Made = tuple[MapSpec, MetricOutput]


@dataclass(slots=True)
class Metrics:
    """The metric maps of a policy, by name."""

    policy: str
    reading: Reading
    maps: dict[str, MapSpec] = field(default_factory=dict)

    def resolve(self, written: Written, fields: Fields, complaints: Complaints) -> MetricOutput | None:
        """Return the update that a rule makes at one place, and keep its map; None if something is wrong with it."""
        before = len(complaints)
        key, keys = key_columns(written.by, fields, complaints)
        try:
            if isinstance(written, StatsOutput):
                spec, output = self._stats(written, key, keys, fields, complaints)
            elif isinstance(written, StacksOutput):
                spec, output = stacks_output(self.policy, written, key, keys, fields)
            else:
                spec, output = self._plain(written, key, keys, fields)
            if len(complaints) > before:
                return None
            self._keep(spec)
        except Missing as missing:
            complain(complaints, written.at, missing)
            return None
        return output

    def _plain(self, written: WrittenMetric, key: Layout, keys: tuple[Value, ...], fields: Fields) -> Made:
        value = number(written.value, written.kind, fields, (*written.at, "value")) if written.value else None
        return self._spec(written, key, value), MetricOutput(cast("Purpose", written.kind), written.name, keys, value)

    def _stats(
        self, written: StatsOutput, key: Layout, keys: tuple[Value, ...], fields: Fields, complaints: Complaints
    ) -> Made:
        value = StatsValue.of(written, fields, self.reading, complaints)
        spec = self._map(written, key, value.layout)
        output = MetricOutput("stats", written.name, keys, stats=tuple(value.feeds))
        return replace(spec, stats=value.stats), output

    def _spec(self, written: WrittenMetric, key: Layout, value: Value | None) -> MapSpec:
        buckets = None
        if written.kind == "histogram":
            assert value is not None
            buckets = resolve_buckets(written.buckets, value.type, self.reading)
        return replace(self._map(written, key, _value_layout(written, value, buckets)), buckets=buckets)

    def _map(self, written: WrittenMetric | StatsOutput, key: Layout, value: Layout) -> MapSpec:
        keyed = key if key.columns else None
        return MapSpec(
            policy=self.policy,
            name=written.name,
            purpose=cast("Purpose", written.kind),
            map_class=_map_class(written, keyed, value),
            max_entries=written.max_entries if keyed else 1,
            key=keyed,
            value=value,
            help=written.help,
        )

    def _keep(self, spec: MapSpec) -> None:
        known = self.maps.get(spec.name)
        self.maps[spec.name] = _merged(known, spec) if known else spec


def _map_class(written: WrittenMetric | StatsOutput, key: Layout | None, value: Layout) -> MapClass:
    """Counts are kept a CPU; a gauge's last value is one for all."""
    cpu = "" if written.kind == "gauge" else "percpu_"
    if key is None:
        return MapClass(f"{cpu}array", 4, value.size, max_entries=1)
    if written.evict:
        return MapClass(f"lru_{cpu}hash", key.size, value.size)
    return MapClass(f"{cpu}hash", key.size, value.size, BPF_F_NO_PREALLOC)


_KEPT = {"counter": "count", "sum": "sum", "min": "min", "max": "max", "histogram": "histogram"}
"""The aggregate that each metric of one column is."""


def _value_layout(written: WrittenMetric, value: Value | None, buckets: Buckets | None) -> Layout:
    names = AGGREGATES[_KEPT[written.kind]].slots if written.kind in _KEPT else ("value",)
    signed = value is not None and (written.signed if "sum" in names else value.type.signed)
    return Layout(slots(names, value.type if value else None, signed, buckets))


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
    if (known.buckets, known.value, known.stats) != (new.buckets, new.value, new.stats):
        message = f"the values of {quote(new.name)} are of another type, or have other buckets, in another rule"
        raise Wrong("outputs-disagree", message)
    return known


def _describe(key: Layout | None) -> str:
    return ", ".join(f"{column.name}: {column.type.kind}" for column in key.columns) if key else ""
