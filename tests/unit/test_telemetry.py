"""The agent's own metrics: what they count, how they are named, and that nothing makes them grow without end."""

from __future__ import annotations

import errno
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from agent_by_hand import AgentByHand
from state_by_hand import OBSERVED

from policyd.api.metrics import Budget, exposition_of
from policyd.api.snapshot import Kept
from policyd.daemon.catalogue import catalogue
from policyd.daemon.measuring import Measuring
from policyd.daemon.telemetry import OTHER, Counts, Telemetry, Timings
from policyd.errors import KernelError
from policyd.health import DriftRow
from policyd.reading.metrics import Family, Histogram
from policyd.sinks.prometheus import exposition
from policyd.views.families import Metric

SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def values(telemetry: Telemetry) -> dict[str, dict[tuple[str, ...], Any]]:
    return {row.name: {tuple(labels.values()): value for labels, value in row.series} for row in telemetry.families()}


def samples(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield name and labels of every sample; every line must be one, or HELP or TYPE."""
    for line in text.splitlines():
        if not line.startswith("# "):
            found = SAMPLE.fullmatch(line)
            assert found, line
            yield found["name"], dict(LABEL.findall(found["labels"] or ""))


# ------------------------------------------------------------------------------------------------ what is counted


def test_reconciles_are_timed_by_source_and_outcome() -> None:
    telemetry = Telemetry()
    telemetry.reconciled("base", "Applied", 0.2)
    telemetry.reconciled("base", "Applied", 400.0)
    telemetry.reconciled("team", "Refused", 0.001)

    found = values(telemetry)["policyd_reconcile_duration_seconds"]
    assert found["base", "Applied"].count == 2
    assert found["base", "Applied"].counts[-1] == 1  # above the last bound
    assert found["base", "Applied"].sum == pytest.approx(400.2)
    assert found["team", "Refused"].counts[0] == 1


def test_drift_is_counted_by_what_became_of_it() -> None:
    telemetry = Telemetry()
    telemetry.drifted(DriftRow(1.0, "x", "y", True, 0.02))
    telemetry.drifted(DriftRow(1.0, "x", "y", False))

    assert values(telemetry)["policyd_drift_found_total"] == {("repaired",): 1, ("left",): 1}
    assert values(telemetry)["policyd_drift_repair_duration_seconds"][()].count == 1


def test_what_never_happened_is_zero_and_not_absent() -> None:
    found = values(Telemetry())

    assert found["policyd_drift_found_total"] == {("repaired",): 0, ("left",): 0}
    assert found["policyd_object_cache_lookups_total"] == {("hit",): 0, ("miss",): 0}
    assert found["policyd_parse_duration_seconds"][()].count == 0


def test_a_measured_builder_does_what_the_other_does_and_is_timed() -> None:
    class Inner:
        name = "inner"

        def compile(self, source: object, unit: str) -> bytes:
            return b"object of " + unit.encode()

        def load(self, compiled: bytes, *_: object) -> tuple[int, ...]:
            raise ValueError(compiled.decode())

        def __getattr__(self, name: str) -> object:
            return lambda *_: name

    telemetry = Telemetry()
    builder = telemetry.measured(Inner())  # type: ignore[arg-type]

    assert builder.compile(None, "xdp:eth0") == b"object of xdp:eth0"  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="o"):
        builder.load(b"o", None, None, {})  # type: ignore[arg-type]
    found = values(telemetry)
    assert found["policyd_compile_duration_seconds"][()].count == 1
    assert found["policyd_load_duration_seconds"][()].count == 1  # what failed took its time too
    assert builder.name == "inner"


def test_counting_from_many_threads_loses_nothing() -> None:
    counts, timings = Counts(Metric("a_total", "counter", "A.", ("b",))), Timings(Metric("t", "histogram", "T."), (1.0,))

    def work() -> None:
        for number in range(2000):
            counts.add(str(number % 5))
            timings.took(0.5)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(value for _, value in counts.family().series) == 16000  # type: ignore[misc]
    (_, histogram) = timings.family().series[0]
    assert isinstance(histogram, Histogram)
    assert (histogram.count, histogram.sum) == (16000, 8000.0)


# ------------------------------------------------------------------------------------------------ what has an end


def test_labels_that_never_end_are_counted_together() -> None:
    counts = Counts(Metric("a_total", "counter", "A.", ("b",)), most=3)
    for number in range(100):
        counts.add(f"value-{number}")
    counts.add("value-0")

    found = {labels["b"]: value for labels, value in counts.family().series}
    assert found == {"value-0": 2, "value-1": 1, "value-2": 1, OTHER: 97}


def test_a_labels_value_is_short_and_safe() -> None:
    telemetry = Telemetry()
    telemetry.reconciled("x" * 5000, "\x1b[2J\n", 1.0)

    text = exposition(telemetry.families())
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 400


def test_series_beyond_the_limits_are_cut_and_counted() -> None:
    def family(name: str, count: int) -> Family:
        return Family(name, "p", "counter", "", "", tuple(({"n": str(number)}, number) for number in range(count)))

    budget = Budget(each=10, together=25)
    kept = [len(budget.bounded(family(name, count)).series) for name, count in [("a", 5), ("b", 30), ("c", 10), ("d", 10)]]

    assert kept == [5, 10, 10, 0]
    assert {labels["metric"]: value for labels, value in budget.told().series} == {"b": 20, "d": 10}


# ------------------------------------------------------------------------------------------------ how they are named

ROWS = catalogue()


@pytest.mark.parametrize("metric", ROWS, ids=lambda metric: metric.name)
def test_metrics_are_named_as_prometheus_wants_it(metric: Metric) -> None:
    """What `promtool check metrics` looks for, and that units are base units and stand in the name."""
    name = metric.name
    assert re.fullmatch(r"(policyd|process)(_[a-z0-9]+)+", name)
    assert name.endswith("_total") == (metric.type == "counter")
    assert not name.endswith(("_count", "_sum", "_bucket"))
    assert not re.search(
        r"_(ms|milliseconds|nanoseconds|minutes|kb|mb|kilobytes|percent|gauge|counter|histogram)(_|$)", name
    )
    assert metric.help
    assert metric.help.endswith((".", ")."))
    if metric.unit:
        assert name.removesuffix("_total").endswith((f"_{metric.unit}", "_max_bytes"))
    for unit in ("seconds", "bytes"):
        if name.removesuffix("_total").endswith(f"_{unit}"):
            assert metric.unit == unit or name == "policyd_hook_seconds_total"
    assert all(re.fullmatch(r"[a-z][a-z_]*", label) for label in metric.labels)
    assert not {"le", "quantile", "instance", "job"} & set(metric.labels)


def test_the_catalogue_is_what_an_agent_exports() -> None:
    telemetry = Telemetry()
    telemetry.reconciled("base", "Applied", 1.0)
    agent = AgentByHand()
    agent.families = telemetry.families  # type: ignore[method-assign]
    text = exposition_of(agent, Kept(lambda: OBSERVED)).decode()  # type: ignore[arg-type]
    known = {metric.name: metric for metric in ROWS}
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))

    own = {name: kind for name, kind in types.items() if name != "opens_total"}
    assert own == {name: metric.type for name, metric in known.items() if name in own}
    hooks = {name for name in known if name.startswith("policyd_hook_")}  # the kernel by hand lists no hooks
    assert known.keys() - own.keys() == hooks
    for name, labels in samples(text):
        metric = known.get(name) or known.get(re.sub(r"_(bucket|sum|count)$", "", name))
        if metric is not None:
            assert set(labels) - {"le"} == set(metric.labels), name


def test_every_metric_has_help_and_type_once() -> None:
    text = exposition_of(AgentByHand(), Kept(lambda: OBSERVED)).decode()  # type: ignore[arg-type]

    for word in ("HELP", "TYPE"):
        names = re.findall(rf"^# {word} (\S+)", text, re.MULTILINE)
        assert len(names) == len(set(names))
    seen: list[str] = []
    for name, _ in samples(text):
        if not seen or seen[-1] != name:
            assert name not in seen or name.endswith(("_bucket", "_sum", "_count")), f"{name} stands in two places"
            seen.append(name)


# ------------------------------------------------------------------------------------------------ measuring


def test_hooks_are_measured_for_a_moment_again_and_again() -> None:
    telemetry, windows = Telemetry(), threading.Semaphore(0)

    @contextmanager
    def measure() -> Iterator[None]:
        yield
        windows.release()

    with Measuring(0.02, 0.01, telemetry.hooks_measured, measure):
        assert all(windows.acquire(timeout=60) for _ in range(3))
    assert values(telemetry)["policyd_hooks_measured_seconds_total"][()] >= 0.03


def test_a_kernel_that_refuses_to_measure_is_left_alone() -> None:
    calls: list[int] = []

    def refuse() -> Any:
        calls.append(1)
        raise KernelError("measure the run time of programs", errno.EPERM)

    with Measuring(0.01, 0.01, lambda _: None, refuse) as measuring:
        measuring._thread.join(60)
        assert not measuring._thread.is_alive()
    assert calls == [1]
