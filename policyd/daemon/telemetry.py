"""The agent's own metrics: what it counts and measures as it happens.

Parts of the agent call the methods that end in `-ed` (from any thread); the API scrapes `families`.  States (sources, sinks,
proofs, maps) are not kept here: `views.families` makes metrics of them when they are asked for.  docs/metrics.md lists all.
Labels have limits: a metric keeps `MOST` combinations, all further ones are counted together, as `other`.
"""

from __future__ import annotations

import os
import platform
import sys
import threading
import time
from bisect import bisect_left
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policyd import __version__
from policyd.builders.cache import ObjectCache
from policyd.reading.metrics import Histogram
from policyd.text import safe
from policyd.views.families import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from policyd.builders import Builder
    from policyd.codegen.source import Source
    from policyd.errors import CompileError
    from policyd.health import DriftRow
    from policyd.reading.metrics import Family
    from policyd.unit import AttachPoint

MOST = 200
"""Combinations of labels that a metric keeps apart."""
OTHER = "other"
_LONGEST_LABEL = 128

RECONCILE_BOUNDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
BUILD_BOUNDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)
"""Upper ends of buckets, in seconds."""

Rows = dict[tuple[str, ...], Any]
"""What was counted, by labels: a number, or counts of buckets and a sum."""


class Counts:
    """A counter by labels; also the base of `Timings`."""

    def __init__(self, metric: Metric, most: int = MOST) -> None:
        self.metric, self._most = metric, most
        self._lock = threading.Lock()
        self._values: dict[tuple[str, ...], int] = {} if metric.labels else {(): 0}

    def add(self, *values: str, count: int = 1) -> None:
        """Count something with these values of the labels."""
        with self._lock:
            key = self._key(values, self._values)
            self._values[key] = self._values.get(key, 0) + count

    def _key(self, values: tuple[str, ...], known: Mapping[tuple[str, ...], object]) -> tuple[str, ...]:
        key = tuple(safe(value, _LONGEST_LABEL) for value in values)
        return key if key in known or len(known) < self._most else (OTHER,) * len(key)

    def dump(self) -> Rows:
        """Return what was counted."""
        with self._lock:
            return dict(self._values)

    def learn(self, rows: Rows) -> None:
        """Add what another process has counted (`dump`)."""
        for values, count in rows.items():
            self.add(*values, count=count)

    def family(self) -> Family:
        """Return the metric as it is now."""
        with self._lock:
            return self.metric.family(sorted(self._values.items()))


class Timings(Counts):
    """A histogram of seconds by labels."""

    def __init__(self, metric: Metric, bounds: tuple[float, ...], most: int = MOST) -> None:
        super().__init__(metric, most)
        self._bounds = bounds
        self._rows: dict[tuple[str, ...], tuple[list[int], float]] = {} if metric.labels else {(): (self._empty(), 0.0)}

    def _empty(self) -> list[int]:
        return [0] * (len(self._bounds) + 1)

    def took(self, seconds: float, *values: str) -> None:
        """Note how long something took."""
        with self._lock:
            key = self._key(values, self._rows)
            counts, total = self._rows.get(key) or (self._empty(), 0.0)
            counts[bisect_left(self._bounds, seconds)] += 1
            self._rows[key] = counts, total + seconds

    def dump(self) -> Rows:
        with self._lock:
            return {key: (list(counts), total) for key, (counts, total) in self._rows.items()}

    def learn(self, rows: Rows) -> None:
        with self._lock:
            for values, (counts, total) in rows.items():
                key = self._key(values, self._rows)
                known, before = self._rows.get(key) or (self._empty(), 0.0)
                self._rows[key] = [one + more for one, more in zip(known, counts, strict=True)], before + total

    @contextmanager
    def timing(self, *values: str) -> Iterator[None]:
        """Note how long the block took, whatever becomes of it."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.took(time.monotonic() - begun, *values)

    def family(self) -> Family:
        with self._lock:
            rows = sorted((key, (tuple(counts), total)) for key, (counts, total) in self._rows.items())
        return self.metric.family(
            (key, Histogram(self._bounds, counts, total, sum(counts))) for key, (counts, total) in rows
        )


_RECONCILES = Metric(
    "policyd_reconcile_duration_seconds",
    "histogram",
    "How long it took to fetch, check and apply a source, by the state that it was in afterwards.",
    ("source", "state"),
    "seconds",
)
_PARSES = Metric(
    "policyd_parse_duration_seconds",
    "histogram",
    "How long it took to check a revision's files, in a limited child process.",
    unit="seconds",
)
_COMPILES = Metric(
    "policyd_compile_duration_seconds",
    "histogram",
    "How long it took to have a unit's object, from the compiler or from the cache.",
    unit="seconds",
)
_LOADS = Metric(
    "policyd_load_duration_seconds",
    "histogram",
    "How long the kernel took to verify and load a unit's programs.",
    unit="seconds",
)
_LOOKUPS = Metric("policyd_object_cache_lookups_total", "counter", "Looks into the cache of objects.", ("result",))
_DRIFT = Metric("policyd_drift_found_total", "counter", "Changes by others, by what became of them.", ("outcome",))
_MEASURED = Metric(
    "policyd_hooks_measured_seconds_total",
    "counter",
    "Time for which the agent had the kernel measure hooks (`stats`): what the time in hooks is to be divided by.",
    unit="seconds",
)
_REPAIRS = Metric(
    "policyd_drift_repair_duration_seconds",
    "histogram",
    "From finding a change by others to its repair.",
    unit="seconds",
)
_BUILD = Metric(
    "policyd_build_info",
    "gauge",
    "Versions of the agent and of what it runs on.",
    ("version", "python", "kernel", "machine"),
)
_PROCESS = (
    Metric("process_cpu_seconds_total", "counter", "CPU time spent.", unit="seconds"),
    Metric("process_resident_memory_bytes", "gauge", "Resident memory.", unit="bytes"),
    Metric("process_resident_memory_max_bytes", "gauge", "The most that resident memory ever was.", unit="bytes"),
    Metric("process_threads", "gauge", "Threads."),
    Metric("process_open_fds", "gauge", "Open file descriptors."),
    Metric("process_start_time_seconds", "gauge", "When the agent started, in seconds since 1970.", unit="seconds"),
)

METRICS: tuple[Metric, ...] = (
    _RECONCILES,
    _PARSES,
    _COMPILES,
    _LOADS,
    _LOOKUPS,
    _DRIFT,
    _REPAIRS,
    _MEASURED,
    _BUILD,
    *_PROCESS,
)
"""All metrics that this module makes."""


class Telemetry:
    """All that the agent counts of itself."""

    def __init__(self) -> None:
        self._begun = time.time()
        self._reconciles = Timings(_RECONCILES, RECONCILE_BOUNDS)
        self._parses = Timings(_PARSES, RECONCILE_BOUNDS)
        self._compiles, self._loads = Timings(_COMPILES, BUILD_BOUNDS), Timings(_LOADS, BUILD_BOUNDS)
        self._lookups, self._drift = Counts(_LOOKUPS), Counts(_DRIFT)
        self._repairs = Timings(_REPAIRS, BUILD_BOUNDS)
        self._changes: tuple[Counts, ...] = (self._parses, self._compiles, self._loads, self._lookups)
        self._measured = 0.0
        for result in ("hit", "miss"):
            self._lookups.add(result, count=0)
        for outcome in ("repaired", "left"):
            self._drift.add(outcome, count=0)

    # -- what parts of the agent call ------------------------------------------------------------------------

    def reconciled(self, source: str, state: str, seconds: float) -> None:
        """A source was tended; `state` is the one that it is in now."""
        self._reconciles.took(seconds, source, state)

    def parsed(self, seconds: float) -> None:
        """A revision's files were parsed, or refused."""
        self._parses.took(seconds)

    def drifted(self, row: DriftRow) -> None:
        """A change by others was found."""
        self._drift.add("repaired" if row.repaired else "left")
        if row.repaired:
            self._repairs.took(row.seconds)

    def cached(self, hit: bool) -> None:
        """The cache of objects was asked."""
        self._lookups.add("hit" if hit else "miss")

    def hooks_measured(self, seconds: float) -> None:
        """The kernel measured hooks for so long (one thread calls this)."""
        self._measured += seconds

    def measured(self, builder: Builder) -> Builder:
        """Return a builder that does what `builder` does, and is measured."""
        return _MeasuredBuilder(builder, self._compiles, self._loads)

    def of_changes(self) -> tuple[Rows, ...]:
        """Return what was counted of changes: for the agent, if they are made in another process."""
        return tuple(one.dump() for one in self._changes)

    def learn(self, counted: tuple[Rows, ...]) -> None:
        """Add what another process has counted of changes."""
        for one, rows in zip(self._changes, counted, strict=True):
            one.learn(rows)

    def families(self) -> list[Family]:
        """Return all metrics as they are now."""
        counted = (self._reconciles, self._parses, self._compiles, self._loads, self._lookups, self._drift, self._repairs)
        measured = _MEASURED.family([((), self._measured)])
        return [*(one.family() for one in counted), measured, _build_info(), *process_families(self._begun)]


class CountingCache(ObjectCache):
    """A cache of objects that tells whether it had what it was asked for."""

    def __init__(self, directory: Path | None, warn: Callable[[str], object], asked: Callable[[bool], object]) -> None:
        super().__init__(directory, warn)
        self._asked = asked

    def get(self, key: str) -> bytes | None:
        found = super().get(key)
        self._asked(found is not None)
        return found


class _MeasuredBuilder:
    """A builder around another one."""

    def __init__(self, inner: Builder, compiles: Timings, loads: Timings) -> None:
        self._inner, self._compiles, self._loads = inner, compiles, loads
        self.name = inner.name

    def compile(self, source: Source, unit: str) -> bytes:
        with self._compiles.timing():
            return self._inner.compile(source, unit)

    def compile_many(
        self, sources: Mapping[str, Source], progress: Callable[[str], object] | None = None
    ) -> dict[str, bytes | CompileError]:
        return self._inner.compile_many(sources, progress)

    def load(self, compiled: bytes, source: Source, point: AttachPoint, maps: Mapping[str, int]) -> tuple[int, ...]:
        with self._loads.timing():
            return self._inner.load(compiled, source, point, maps)

    def build(self, source: Source, point: AttachPoint, maps: Mapping[str, int]) -> tuple[int, ...]:
        return self.load(self.compile(source, point.key), source, point, maps)

    def close(self) -> None:
        self._inner.close()


def _build_info() -> Family:
    python = ".".join(map(str, sys.version_info[:3]))
    return _BUILD.family([((__version__, python, platform.release(), platform.machine()), 1)])


def process_families(begun: float) -> list[Family]:
    """Return what the kernel says of this process, under the names of Prometheus' own clients; `begun`: since 1970."""
    times = os.times()
    status = _process_status()
    values = (
        times.user + times.system,
        status.get("VmRSS", 0) << 10,
        status.get("VmHWM", 0) << 10,
        status.get("Threads", 0),
        len(os.listdir("/proc/self/fd")),  # noqa: PTH208 (only counted)
        begun,
    )
    return [metric.family([((), value)]) for metric, value in zip(_PROCESS, values, strict=True)]


def _process_status() -> dict[str, int]:
    lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    pairs = (line.split() for line in lines)
    return {words[0].rstrip(":"): int(words[1]) for words in pairs if len(words) > 1 and words[1].isdigit()}
