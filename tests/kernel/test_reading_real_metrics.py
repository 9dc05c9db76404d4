"""Metric maps of the running kernel, read by `policyd metrics`: CPUs put together, each format from the same maps."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from policyd.kernel.real import RealKernel
from policyd.layout import Column, Layout
from policyd.maps import Buckets, MapClass
from policyd.reading import open_policy
from policyd.record import MapRecord, PolicyRecord, map_pin, policy_path, write_record
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

U64 = ValueType("u64", Shape.NUMBER, 8)
BY = Layout((Column("process.comm", ValueType("string", Shape.STRING, 16)),))
COUNT = Column("count", U64)
SPREAD = Layout((COUNT, Column("sum", ValueType("duration", Shape.NUMBER, 8)), *(Column(f"b{at}", U64) for at in range(3))))
CPUS = os.sysconf("SC_NPROCESSORS_CONF")


def metric(name: str, purpose: str, kind: str, value: Layout, **more: object) -> MapRecord:
    key = None if kind.endswith("array") else BY
    size = 4 if key is None else key.size
    return MapRecord(name, 0, MapClass(kind, size, value.size), purpose, "f", 8, key, value, **more)  # type: ignore[arg-type]


METRICS = (
    metric("opens_total", "counter", "percpu_hash", Layout((COUNT,)), help="Opens."),
    metric("alone_total", "counter", "percpu_array", Layout((COUNT,))),
    metric("took_seconds", "histogram", "percpu_hash", SPREAD, buckets=Buckets("explicit", (1_000_000, 1_000_000_000))),
)


def fill(kernel: RealKernel, of: MapRecord, key: bytes, slots: tuple[int, ...]) -> None:
    """Make the map of a metric and put `slots` into it on every CPU."""
    entries = 1 if of.key is None else 8
    fd = kernel.create_map(of.map_class.type, of.map_class.key_size, of.map_class.value_size, entries)
    kernel.update(fd, key, struct.pack(f"<{len(slots)}Q", *slots) * CPUS)
    kernel.pin(fd, policy_path("numbers", map_pin("numbers", of.name, of.fingerprint)))
    kernel.close(fd)


@pytest.fixture
def kernel() -> Iterator[RealKernel]:
    root = f"/sys/fs/bpf/pd_test_metrics_{os.getpid()}"
    kernel = RealKernel(root)
    kernel.ensure_root()
    kernel.make_directory(policy_path("numbers"))
    record = PolicyRecord("numbers", "{}", 0, 4096, False, False, False, "low", maps={of.name: of for of in METRICS})
    write_record(kernel, policy_path("numbers", "record"), record)
    fill(kernel, METRICS[0], b"cat".ljust(16, b"\0"), (3,))
    fill(kernel, METRICS[1], bytes(4), (1,))
    fill(kernel, METRICS[2], b"dd".ljust(16, b"\0"), (2, 500_000_000, 1, 1, 0))
    yield kernel
    shutil.rmtree(root)


def metrics(kernel: RealKernel, *words: str) -> str:
    command = [sys.executable, "-m", "policyd", "--root", kernel.root, "metrics", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_values_of_all_cpus_are_added_up(kernel: RealKernel) -> None:
    found = open_policy(kernel, "numbers").metrics()

    assert found["opens_total"] == [({"process_comm": "cat"}, 3 * CPUS)]
    assert found["alone_total"] == [({}, CPUS)]


def test_prometheus_text_has_every_metric_and_the_account(kernel: RealKernel) -> None:
    lines = metrics(kernel).splitlines()

    assert f'opens_total{{policy="numbers",process_comm="cat"}} {3 * CPUS}' in lines
    assert f'took_seconds_bucket{{policy="numbers",process_comm="dd",le="0.001"}} {CPUS}' in lines
    assert f'took_seconds_bucket{{policy="numbers",process_comm="dd",le="+Inf"}} {2 * CPUS}' in lines
    assert f'took_seconds_sum{{policy="numbers",process_comm="dd"}} {CPUS * 0.5:g}' in lines
    assert 'policyd_events_matched_total{policy="numbers"} 0' in lines


def test_json_has_the_same_numbers(kernel: RealKernel) -> None:
    found = {one["name"]: one for one in json.loads(metrics(kernel, "-o", "json"))["metrics"]}

    assert found["opens_total"]["series"] == [{"labels": {"process_comm": "cat"}, "value": 3 * CPUS}]
    value = found["took_seconds"]["series"][0]["value"]
    assert [bucket["count"] for bucket in value["buckets"]] == [CPUS, CPUS, 0]


def test_plots_draw_histograms_and_bars(kernel: RealKernel) -> None:
    text = metrics(kernel, "numbers", "--plot")

    assert "up to 1 ms" in text
    assert "1 ms .. 1 s" in text
    assert "█" in text


def test_a_name_that_is_not_applied_is_exit_code_4(kernel: RealKernel) -> None:
    command = [sys.executable, "-m", "policyd", "--root", kernel.root, "metrics", "nobody"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (4, "")
    assert "policy nobody is not applied (applied: numbers)" in done.stderr
