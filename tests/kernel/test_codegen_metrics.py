"""Metrics on this kernel, exactly: bounds of buckets, sums, extremes, full maps, absent keys, eviction.

The values are chosen by the test: the count argument of a read from a bad descriptor, and the result of seeks in a file that
is all hole.
"""

from __future__ import annotations

import ctypes
import os
import random
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from codegen_cases import leaf, policy, rule
from conftest import Host

from policyd.reading import open_policy
from policyd.reading.metrics import Histogram

pytestmark = pytest.mark.kernel

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
READ, SEEK = 0, 8
FD = 987_654
"""No such descriptor: the call fails, and the program has seen the count."""
U64 = 2**64 - 1


def read_counts(values: Iterable[int]) -> None:
    for value in values:
        LIBC.syscall(READ, FD, None, ctypes.c_ulong(value))


def reads() -> list[dict[str, object]]:
    return [leaf("process.pid", "Equal", os.getpid()), leaf("args.fd", "Equal", FD)]


def histogram_policy(forms: dict[str, object], value: str = "args.count") -> str:
    outputs = [
        {"histogram": {"name": name, "help": "Values", "value": value, **({"buckets": buckets} if buckets else {})}}
        for name, buckets in forms.items()
    ]
    return policy("spread", [rule("r", {"syscall": "read"}, reads(), outputs)])


FORMS: dict[str, object] = {
    "plain": None,
    "log2": {"log2": "1..1024"},
    "log2_high": {"log2": "64..65536"},
    "linear": {"linear": "0..1000", "step": 50},
    "linear_one": {"linear": "5..15", "step": 1},
    "linear_uneven": {"linear": "10..100", "step": 40},
    "bounds": [1, 10, 100],
    "doubling": [1, 3, 7],
    "bound": [5],
}


def test_a_value_is_in_the_first_bucket_whose_bound_is_not_below_it(host: Host) -> None:
    host.apply(histogram_policy(FORMS))
    random_ = random.Random(7)
    values = [0, 1, U64, U64 - 1, 1 << 32, (1 << 32) + 1, 50 << 32, 1 << 63, *(random_.getrandbits(40) for _ in range(50))]
    for histogram in (read_policy_bounds(host, name) for name in FORMS):
        values += [value for bound in histogram for value in (bound - 1, bound, bound + 1) if value >= 0]

    read_counts(values)

    found = metrics(host)
    for name in FORMS:
        ((_, histogram),) = found[name]
        assert isinstance(histogram, Histogram)
        bounds = read_policy_bounds(host, name)
        expected = [0] * (len(bounds) + 1)
        for value in values:
            expected[next((n for n, bound in enumerate(bounds) if value <= bound), len(bounds))] += 1
        assert list(histogram.counts) == expected, name
        assert (histogram.count, histogram.sum) == (len(values), sum(values) & U64), name


def read_policy_bounds(host: Host, name: str) -> tuple[int, ...]:
    buckets = host.record("spread").maps[name].buckets
    assert buckets is not None
    return buckets.bounds


def metrics(host: Host) -> dict[str, list[tuple[dict[str, str], object]]]:
    return open_policy(host.kernel, "spread").metrics()  # type: ignore[return-value]


def test_negative_values_are_counted_apart(host: Host) -> None:
    outputs = [
        {"histogram": {"name": "results", "help": "Results", "value": "ret", "buckets": [0, 10]}},
        {"sum": {"name": "total", "help": "Sum", "value": "ret", "signed": True}},
        {"min": {"name": "least", "help": "Least", "value": "ret"}},
        {"max": {"name": "most", "help": "Most", "value": "ret"}},
        {"gauge": {"name": "last", "help": "Last", "value": "ret"}},
    ]
    fd = os.memfd_create("hole")
    os.ftruncate(fd, 1 << 40)
    values = [0, 7, 10, 11, 1 << 39, -22, -9, 3]

    def seek() -> None:
        for value in values:  # -1 gives EINVAL, a bad descriptor EBADF
            LIBC.syscall(SEEK, fd if value != -9 else FD, ctypes.c_long(max(value, -1)), 0)

    with ThreadPoolExecutor(1) as thread:  # this process seeks for other reasons too
        mine = leaf("process.tid", "Equal", thread.submit(threading.get_native_id).result())
        host.apply(policy("spread", [rule("r", {"syscall": {"names": ["lseek"], "phase": "exit"}}, [mine], outputs)]))
        thread.submit(seek).result()
    found = metrics(host)
    os.close(fd)

    ((_, histogram),) = found["results"]
    assert isinstance(histogram, Histogram)
    assert (histogram.counts, histogram.count, histogram.sum) == ((1, 3, 2), 6, sum(v for v in values if v >= 0))
    assert host.account("spread")["negative"] == 2
    assert found["total"] == [({}, sum(values))]
    assert found["least"] == [({}, -22)]
    assert found["most"] == [({}, 1 << 39)]
    assert found["last"] == [({}, 3)]


def test_sums_and_extremes_of_each_key_are_a_model_s(host: Host) -> None:
    by = {"by": ["args.fd"]}
    outputs = [
        {"counter": {"name": "calls", "help": "Calls", **by}},
        {"sum": {"name": "total", "help": "Sum", "value": "args.count", **by}},
        {"min": {"name": "least", "help": "Least", "value": "args.count", **by}},
        {"max": {"name": "most", "help": "Most", "value": "args.count", **by}},
        {"gauge": {"name": "last", "help": "Last", "value": "args.count", **by}},
    ]
    above = [leaf("process.pid", "Equal", os.getpid()), leaf("args.fd", "GreaterOrEqual", FD)]
    host.apply(policy("spread", [rule("r", {"syscall": "read"}, above, outputs)]))
    random_ = random.Random(3)
    calls = [(FD + random_.randrange(5), random_.getrandbits(random_.choice((3, 20, 60)))) for _ in range(400)]

    for fd, value in calls:
        LIBC.syscall(READ, fd, None, ctypes.c_ulong(value))

    found = metrics(host)
    by_fd = {str(fd): [value for other, value in calls if other == fd] for fd, _ in calls}
    model = {
        "calls": len,
        "total": lambda values: sum(values) & U64,
        "least": min,
        "most": max,
        "last": lambda values: values[-1],
    }
    for name, function in model.items():
        assert {labels["args_fd"]: value for labels, value in found[name]} == {
            fd: function(values) for fd, values in by_fd.items()
        }, name


def test_a_full_map_turns_new_series_away_and_counts_them(host: Host) -> None:
    above = [leaf("process.pid", "Equal", os.getpid()), leaf("args.fd", "GreaterOrEqual", FD)]
    small = {"by": ["args.fd"], "maxEntries": 4}
    outputs = [
        {"counter": {"name": "kept", "help": "Calls", **small}},
        {"histogram": {"name": "spread", "help": "Sizes", "value": "args.count", **small}},
    ]
    host.apply(policy("spread", [rule("r", {"syscall": "read"}, above, outputs)]))

    for _ in range(2):
        for number in range(10):
            LIBC.syscall(READ, FD + number, None, ctypes.c_ulong(1))

    found = metrics(host)
    assert {labels["args_fd"]: value for labels, value in found["kept"]} == {str(FD + n): 2 for n in range(4)}
    assert len(found["spread"]) == 4
    assert host.account("spread")["map_full"] == 2 * 2 * 6


def test_with_evict_the_newest_series_are_there(host: Host) -> None:
    above = [leaf("process.pid", "Equal", os.getpid()), leaf("args.fd", "GreaterOrEqual", FD)]
    few = {"by": ["args.fd"], "maxEntries": 200, "evict": True}
    host.apply(
        policy("spread", [rule("r", {"syscall": "read"}, above, [{"counter": {"name": "kept", "help": "Calls", **few}}])])
    )

    for number in range(5000):
        LIBC.syscall(READ, FD + number, None, ctypes.c_ulong(1))

    kept = {int(labels["args_fd"]) - FD for labels, _ in metrics(host)["kept"]}
    assert 0 < len(kept) <= 400
    assert 4999 in kept
    assert min(kept) > 3000
    assert host.account("spread")["map_full"] == 0
