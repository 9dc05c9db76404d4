"""What a column of `stats` can be, one row each: a number that is kept of all events of a key.

`parsing` checks keys with them, `resolve` lays their slots out, `reading` puts CPUs together, `explain` prints them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

AggregateName = Literal["count", "sum", "avg", "min", "max", "last", "histogram"]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregate.  `slots`: the u64 numbers that are kept of it (a histogram: and one for each bucket).

    `keys`: what may stand beside it in a column's mapping.
    """

    name: AggregateName
    explain: str
    example: str
    slots: tuple[str, ...]
    keys: tuple[str, ...] = ()


AGGREGATES: dict[str, Aggregate] = {
    row.name: row
    for row in (
        Aggregate("count", "How many events there were.", "count: count", ("count",)),
        Aggregate(
            "sum",
            "The values added up. With `signed: true` negative values are allowed, and it is a gauge.",
            "bytes: {sum: ret}",
            ("count", "sum"),
            ("signed",),
        ),
        Aggregate("avg", "The mean of the values: a gauge.", "mean_seconds: {avg: duration}", ("count", "sum")),
        Aggregate(
            "min",
            "The smallest value, and columns of the event that had it.",
            "least: {min: ret, with: [process.pid]}",
            ("count", "value"),
            ("with",),
        ),
        Aggregate(
            "max",
            "The largest value, and columns of the event that had it.",
            "longest_seconds: {max: duration, with: [process.pid]}",
            ("count", "value"),
            ("with",),
        ),
        Aggregate("last", "The last value.", "last: {last: ret}", ("time", "value")),
        Aggregate(
            "histogram",
            "How values spread over buckets, with their sum and count. Negative values are counted apart.",
            "latency_seconds: {histogram: duration, buckets: log2}",
            ("count", "sum"),
            ("buckets",),
        ),
    )
}
"""Every aggregate by its name."""

assert tuple(AGGREGATES) == get_args(AggregateName)
