"""Families of metrics as OTLP metrics: cumulative sums and histograms that know when they began, and gauges.

Counters live in kernel maps, which may have been there before the agent.  When they began is not known then: it is said to
be the time of the first look, as OTLP asks for ("unknown start time"); a number that went back has begun anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from policyd.reading.metrics import Histogram
from policyd.sinks.prometheus import grouped

if TYPE_CHECKING:
    from policyd.reading.metrics import Family, Labels, SeriesValue

CUMULATIVE = 2
"""AggregationTemporality."""
_UNITS = {"seconds": "s", "bytes": "By"}

_Key = tuple[str, tuple[tuple[str, str], ...]]


class Series:
    """Remembers, from one look to the next, when each series began."""

    def __init__(self) -> None:
        self._began: dict[_Key, tuple[int, float]] = {}  # when, and its count at the last look
        self._looked = 0

    def requests(self, families: Iterable[Family], now: int, points: int) -> Iterator[list[dict[str, Any]]]:
        """Yield lists of Metric with about so many data points each; `now` is in nanoseconds since 1970."""
        began: dict[_Key, tuple[int, float]] = {}
        found: list[dict[str, Any]] = []
        room = points
        for name, alike in grouped(families).items():
            rows = [
                ({"policy": one.policy} | labels if one.policy else labels, value)
                for one in alike
                for labels, value in one.series
            ]
            for at in range(0, len(rows), points):
                some = [self._point(name, labels, value, now, began) for labels, value in rows[at : at + points]]
                if len(some) > room and found:
                    yield found
                    found, room = [], points
                found.append(_metric(name, alike[0], some))
                room -= len(some)
        if found:
            yield found
        self._began, self._looked = began, now

    def _point(
        self, name: str, labels: Labels, value: SeriesValue, now: int, began: dict[_Key, tuple[int, float]]
    ) -> dict[str, Any]:
        key = name, tuple(sorted(labels.items()))
        count = value.count if isinstance(value, Histogram) else value
        start, last = self._began.get(key, (now, count))
        if count < last:
            start = self._looked
        began[key] = start, count
        point = {
            "attributes": [{"key": label, "value": {"stringValue": text}} for label, text in labels.items()],
            "startTimeUnixNano": str(start),
            "timeUnixNano": str(now),
        }
        return point | (_histogram(value) if isinstance(value, Histogram) else _number(value))


def _number(value: float) -> dict[str, Any]:
    is_int = isinstance(value, int) and -(1 << 63) <= value < 1 << 63
    return {"asInt": str(value)} if is_int else {"asDouble": float(value)}


def _histogram(value: Histogram) -> dict[str, Any]:
    return {
        "count": str(sum(value.counts)),
        "sum": float(value.sum),
        "bucketCounts": [str(count) for count in value.counts],
        "explicitBounds": [float(bound) for bound in value.bounds],
    }


def _metric(name: str, family: Family, points: list[dict[str, Any]]) -> dict[str, Any]:
    metric = {"name": name, "description": family.help, "unit": _UNITS.get(family.unit, "")}
    if family.type == "counter":
        return metric | {"sum": {"dataPoints": points, "aggregationTemporality": CUMULATIVE, "isMonotonic": True}}
    if family.type == "histogram":
        return metric | {"histogram": {"dataPoints": points, "aggregationTemporality": CUMULATIVE}}
    for point in points:
        del point["startTimeUnixNano"]
    return metric | {"gauge": {"dataPoints": points}}
