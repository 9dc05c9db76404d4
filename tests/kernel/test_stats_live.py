"""`stats` on this kernel, exactly: each column is what a model makes of the same events, with what is kept beside it.

The values are chosen by the test: the count argument of a read from a bad descriptor.
"""

from __future__ import annotations

import ctypes
import os
import random
import threading
from pathlib import Path
from typing import Any

import pytest
from codegen_cases import leaf, policy, rule
from conftest import Host, both_builders

from policyd.reading import open_policy
from policyd.reading.metrics import Family, Histogram

pytestmark = pytest.mark.kernel

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
READ, SEEK = 0, 8
FD = 987_654
"""No such descriptor: the call fails, and the program has seen the count."""

COLUMNS: dict[str, Any] = {
    "calls": "count",
    "bytes": {"sum": "args.count"},
    "mean": {"avg": "args.count"},
    "least": {"min": "args.count", "with": {"tid": "process.tid", "comm": "process.comm"}},
    "most": {"max": "args.count", "with": {"tid": "process.tid", "exe": "process.exe"}},
    "final": {"last": "args.count"},
    "spread": {"histogram": "args.count", "buckets": [10, 1000]},
}


def reads() -> list[dict[str, object]]:
    return [leaf("process.pid", "Equal", os.getpid()), leaf("args.fd", "GreaterOrEqual", FD)]


def stats_policy(columns: dict[str, Any], hook: Any = "read", filters: Any = None, **more: Any) -> str:
    output = {"name": "read", "help": "Reads", "by": {"fd": "args.fd"}, "columns": columns, **more}
    return policy("kept", [rule("r", {"syscall": hook}, reads() if filters is None else filters, [{"stats": output}])])


def families(host: Host) -> dict[str, Family]:
    return {family.name: family for family in open_policy(host.kernel, "kept").families()}


def by_fd(family: Family) -> dict[int, Any]:
    return {int(labels["fd"]): value for labels, value in family.series}


def call(fd: int, count: int) -> None:
    LIBC.syscall(READ, fd, None, ctypes.c_ulong(count))


@both_builders
def test_every_column_is_what_a_model_makes_of_the_same_events(host: Host) -> None:
    host.apply(stats_policy(COLUMNS, show={"thread": "process.tid", "cpu": "cpu"}))
    random_ = random.Random(11)
    calls = [(FD + random_.randrange(4), random_.getrandbits(random_.choice((3, 9, 40)))) for _ in range(300)]
    cpus = sorted(os.sched_getaffinity(0))
    lock, last = threading.Lock(), {}

    def one_half(half: int) -> None:
        os.sched_setaffinity(0, {cpus[half % len(cpus)]})
        for fd, count in calls[half::2]:
            with lock:
                call(fd, count)
                last[fd] = (count, threading.get_native_id())

    threads = [threading.Thread(target=one_half, args=(half,), name=f"half-{half}") for half in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = families(host)
    values = {fd: [count for other, count in calls if other == fd] for fd, _ in calls}
    who = {fd: {count: threads[at % 2].native_id for at, (other, count) in enumerate(calls) if other == fd} for fd in values}
    assert set(found) == {f"read_{name}" for name in COLUMNS}
    assert by_fd(found["read_calls"]) == {fd: len(counts) for fd, counts in values.items()}
    assert by_fd(found["read_bytes"]) == {fd: sum(counts) for fd, counts in values.items()}
    assert by_fd(found["read_mean"]) == {fd: pytest.approx(sum(counts) / len(counts)) for fd, counts in values.items()}
    assert by_fd(found["read_least"]) == {fd: min(counts) for fd, counts in values.items()}
    assert by_fd(found["read_most"]) == {fd: max(counts) for fd, counts in values.items()}
    assert by_fd(found["read_final"]) == {fd: last[fd][0] for fd in values}
    for fd, histogram in by_fd(found["read_spread"]).items():
        counts = values[fd]
        small, middle = sum(c <= 10 for c in counts), sum(10 < c <= 1000 for c in counts)
        assert histogram == Histogram((10, 1000), (small, middle, len(counts) - small - middle), sum(counts), len(counts))
    most = found["read_most"]
    value: Any
    for (labels, value), record, beside in zip(most.series, most.record, most.beside, strict=True):
        fd = int(labels["fd"])
        assert int(record["tid"]) == who[fd][value]
        assert record["exe"] == str(Path("/proc/self/exe").readlink())
        assert int(beside["thread"]) == last[fd][1]
    least = found["read_least"]
    for (labels, _), record in zip(least.series, least.record, strict=True):
        assert int(record["tid"]) in who[int(labels["fd"])].values()
    types = {family.column: family.type for family in found.values()}
    assert types == {
        "calls": "counter", "bytes": "counter", "mean": "gauge", "least": "gauge", "most": "gauge", "final": "gauge",
        "spread": "histogram",
    }  # fmt: skip


def test_contents_stay_where_the_columns_stay(host: Host) -> None:
    columns = {"calls": "count", "bytes": {"sum": "args.count * 2 + 1"}}
    host.apply(stats_policy(columns))
    call(FD, 20)

    other = {"field": "args.count", "operator": "Less", "value": "1000"}
    host.apply(stats_policy(columns, filters=[*reads(), other], help="Reads that are small"))
    call(FD, 30)
    call(FD, 3000)

    found = families(host)
    assert by_fd(found["read_calls"]) == {FD: 2}
    assert by_fd(found["read_bytes"]) == {FD: 2 * 50 + 2}
    assert found["read_calls"].help == "Reads that are small"
    host.apply(stats_policy({**columns, "least": {"min": "args.count"}}))
    assert by_fd(families(host)["read_calls"]) == {}, "with another column it is another map"


def test_each_column_of_an_event_stands_alone(host: Host) -> None:
    """Values that are below zero or absent are left out of their column and counted; the others go on."""
    columns: dict[str, Any] = {
        "calls": "count",
        "plain": {"sum": "ret"},
        "signed": {"sum": "ret", "signed": True},
        "least": {"min": "ret"},
        "spread": {"histogram": "ret", "buckets": [10]},
        "share": {"max": "10 / (ret + 9)", "with": ["process.tid"]},
    }
    filters = [leaf("process.tid", "Equal", threading.get_native_id()), leaf("ret", "Equal", "-EBADF")]
    host.apply(stats_policy(columns, {"names": ["read"], "phase": "exit"}, filters, by={"fd": "ret"}))

    call(FD, 1)

    found = {family.column: [value for _, value in family.series] for family in families(host).values()}
    assert found == {
        "calls": [1], "plain": [0], "signed": [-9], "least": [-9], "spread": [Histogram((10,), (0, 0), 0, 0)], "share": [],
    }  # fmt: skip
    account = host.account("kept")
    assert (account["negative"], account["key_absent"]) == (2, 1), "10 / 0 is absent"
