"""Metrics over time: what was added in each slice of time, from families that were read again and again.

In: `Reading`s, each all families at one time.  Out: a `Track` for each series: of counters and histograms what each slice
has added, of gauges what they were at its end.  `watch` reads them; the terminal's plots and the report draw them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from policyd.reading.metrics import Family, Histogram, Labels, Number, SeriesValue

Read = Callable[[], Sequence[Family]]
Step = SeriesValue | None


@dataclass(frozen=True, slots=True)
class Reading:
    """All families at one time, in seconds of any clock that only goes on."""

    when: float
    families: tuple[Family, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """One series over time.  `family` has its name, type and unit; `last` is its value at the end.

    `steps` are as many as there are slices: what a counter or a histogram has grown by, or a gauge was; None where the
    series was not there.  `seconds` are the lengths of the slices.
    """

    family: Family
    labels: Labels
    steps: tuple[Step, ...]
    seconds: tuple[float, ...]
    last: SeriesValue

    @property
    def grown(self) -> Number:
        """How much the series has grown in all slices (for a histogram, by how many values); 0 for a gauge."""
        return sum(weight(step) for step in self.steps) if self.family.type != "gauge" else 0

    def rates(self) -> tuple[float | None, ...]:
        """Return the growth a second of each slice, or a gauge's values; None where the series was not there."""
        if self.family.type == "gauge":
            return tuple(None if step is None else float(weight(step)) for step in self.steps)
        pairs = zip(self.steps, self.seconds, strict=True)
        return tuple(None if step is None else weight(step) / seconds if seconds else 0.0 for step, seconds in pairs)


def weight(value: SeriesValue | None) -> Number:
    """Return a value as one number: of a histogram how many values it has."""
    return 0 if value is None else value.count if isinstance(value, Histogram) else value


def watch(
    read: Read,
    seconds: float,
    slices: int,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Reading]:
    """Yield a reading of the begin, and of the end of each of `slices` slices of equal length, `seconds` together.

    A reading that takes longer than its slice makes that slice longer, and no other shorter.
    """
    begin = clock()
    yield Reading(begin, tuple(read()))
    for number in range(1, slices + 1):
        sleep(max(begin + number * seconds / slices - clock(), 0.0))
        yield Reading(clock(), tuple(read()))


Key = tuple[str, str, str, tuple[tuple[str, str], ...]]


def tracks(readings: Sequence[Reading]) -> tuple[Track, ...]:
    """Return the series of the last reading over time, in its order; at least one reading is needed."""
    by_key = [_series(reading) for reading in readings]
    seconds = tuple(after.when - before.when for before, after in pairwise(readings))
    return tuple(
        Track(family, labels, _steps(family, [one.get(key) for one in by_key]), seconds, value)
        for family in readings[-1].families
        for labels, value in family.series
        for key in [_key(family, labels)]
    )


def _key(family: Family, labels: Labels) -> Key:
    return family.policy, family.name, family.column, tuple(labels.items())


def _series(reading: Reading) -> dict[Key, SeriesValue]:
    return {_key(family, labels): value for family in reading.families for labels, value in family.series}


def _steps(family: Family, values: Sequence[SeriesValue | None]) -> tuple[Step, ...]:
    if family.type == "gauge":
        return tuple(values[1:])
    return tuple(grown(before, after) for before, after in pairwise(values))


def grown(before: SeriesValue | None, after: SeriesValue | None) -> Step:
    """Return what was added between two readings of a counter or a histogram.

    One that has gone back was begun anew in between (its policy was replaced): all that it has now is new.
    """
    if after is None or before is None:
        return after
    if isinstance(after, Histogram):
        return _grown_histogram(before, after) if isinstance(before, Histogram) else after
    return after if isinstance(before, Histogram) or after < before else after - before


def _grown_histogram(before: Histogram, after: Histogram) -> Histogram:
    if before.bounds != after.bounds or after.count < before.count:
        return after
    counts = tuple(max(new - old, 0) for old, new in zip(before.counts, after.counts, strict=True))
    return Histogram(after.bounds, counts, after.sum - before.sum, after.count - before.count)
