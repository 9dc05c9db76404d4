"""`rateLimit` and `sample` on this kernel: what is let through is bounded, what is held back is counted, and is events only.

Events are reads from a bad descriptor, whose count argument the test chooses.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from typing import Any

import pytest
from codegen_cases import leaf, policy, rule
from conftest import Host, both_builders

from policyd.reading import open_policy

pytestmark = pytest.mark.kernel

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
READ = 0
FD = 987_654
NOISY, QUIET = FD, FD + 1


def mine() -> list[dict[str, object]]:
    return [leaf("process.pid", "Equal", os.getpid()), leaf("args.fd", "GreaterOrEqual", FD)]


def limited(held: dict[str, Any], outputs: list[Any] | None = None, **spec: Any) -> str:
    fields = {"fd": "args.fd", "count": "args.count"}
    shown = [{"event": {"fields": fields, **held}}, {"counter": {"name": "reads", "help": "Reads", "by": ["args.fd"]}}]
    return policy("held", [rule("r", {"syscall": "read"}, mine(), shown + (outputs or []))], **spec)


def read(fd: int, times: int = 1) -> None:
    for _ in range(times):
        LIBC.syscall(READ, fd, None, ctypes.c_ulong(1))


def let_through(host: Host) -> dict[int, int]:
    found: dict[int, int] = {}
    for event in open_policy(host.kernel, "held").events():
        fd = int(event.fields["fd"])
        found[fd] = found.get(fd, 0) + 1
    return found


def counted(host: Host) -> dict[int, int]:
    series: list[tuple[dict[str, str], Any]] = list(open_policy(host.kernel, "held").metrics()["reads"])
    return {int(labels["args_fd"]): int(value) for labels, value in series}


@both_builders
def test_a_noisy_key_takes_nothing_from_a_quiet_one_and_everything_is_counted(host: Host) -> None:
    host.apply(limited({"rateLimit": {"events": 5, "per": "1h", "by": ["args.fd"]}}))

    for _ in range(3):
        read(NOISY, 1000)
        read(QUIET)

    assert let_through(host) == {NOISY: 5, QUIET: 3}
    assert counted(host) == {NOISY: 3000, QUIET: 3}
    account = host.account("held")
    assert (account["matched"], account["delivered"], account["rate_limited"]) == (3003, 8, 2995)


def test_threads_on_all_cpus_get_no_more_than_the_rate_and_the_burst(host: Host) -> None:
    rate, burst = 2000, 50
    host.apply(limited({"rateLimit": {"events": rate, "per": "1s", "burst": burst}}))
    cpus = sorted(os.sched_getaffinity(0))
    ready = threading.Barrier(4)
    spans: list[tuple[int, int]] = []

    def hammer(number: int) -> None:
        os.sched_setaffinity(0, {cpus[number % len(cpus)]})
        ready.wait()
        begin = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        read(NOISY, 20_000)
        spans.append((begin, time.clock_gettime_ns(time.CLOCK_BOOTTIME)))

    threads = [threading.Thread(target=hammer, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lasted = max(end for _, end in spans) - min(begin for begin, _ in spans)
    most = burst + rate * lasted / 1e9
    account = host.account("held")
    assert burst <= account["delivered"] <= most
    assert account["delivered"] >= 0.5 * min(most, 80_000), "earned, and held back all the same"
    assert account["matched"] == 80_000 == account["delivered"] + account["rate_limited"] + account["ring_full"]


def test_only_events_are_held_back(host: Host) -> None:
    """Beside a rate of one event an hour, each verdict is taken, each number counts."""
    stats = {"stats": {"name": "sizes", "columns": {"n": "count", "bytes": {"sum": "args.count"}}}}
    rules = [
        rule(
            "acts",
            {"syscall": "read"},
            mine(),
            [{"event": {"fields": {"fd": "args.fd"}, "rateLimit": {"events": 1, "per": "1h"}}}, stats],
            action={"signal": "SIGURG"},
        )
    ]
    host.apply(policy("held", rules, mode="enforce"))

    read(NOISY, 40)

    account = host.account("held")
    assert (account["acted"], account["delivered"], account["rate_limited"]) == (40, 1, 39)
    assert open_policy(host.kernel, "held").metrics() == {"sizes_n": [({}, 40)], "sizes_bytes": [({}, 40)]}


def test_the_policy_s_rate_holds_all_its_events_back_together(host: Host) -> None:
    own = {"event": {"fields": {"fd": "args.fd"}, "rateLimit": {"events": 3, "per": "1h"}}}
    host.apply(limited({}, [own], event={"rateLimit": {"events": 10, "per": "1h"}}))

    read(NOISY, 100)

    account = host.account("held")
    assert (account["matched"], account["delivered"], account["rate_limited"]) == (200, 10, 190)


def test_a_sample_is_the_share_that_was_asked_for(host: Host) -> None:
    host.apply(limited({"sample": "1/10"}))

    read(NOISY, 20_000)

    account = host.account("held")
    assert account["delivered"] + account["ring_full"] + account["sampled_out"] == account["matched"] == 20_000
    kept = account["delivered"] + account["ring_full"]
    assert 1700 < kept < 2300, "seven standard deviations"
    assert counted(host) == {NOISY: 20_000}


def test_other_numbers_are_a_write_to_a_map_and_the_buckets_stay(host: Host) -> None:
    def text(events: int, sample: str) -> str:
        return limited({"rateLimit": {"events": events, "per": "1h", "by": ["args.fd"]}, "sample": sample})

    host.apply(text(5, "1/1"))
    before = host.record("held")
    programs = host.kernel.list("hooks")
    read(NOISY, 100)
    steps = host.pending_steps(text(8, "1/1"))
    assert set(steps) == {"change the numbers of r-0-rate of policy held", "write record of policy held"}

    host.apply(text(8, "1/1"))

    after = host.record("held")
    assert {name: row.fingerprint for name, row in after.maps.items()} == {
        name: row.fingerprint for name, row in before.maps.items()
    }
    assert host.kernel.list("hooks") == programs
    read(NOISY, 100)  # five are spent already, and an hour is as long as before
    read(QUIET, 100)
    through = let_through(host)
    assert through[QUIET] == 8
    assert through[NOISY] == 5


def test_so_many_keys_keep_their_buckets_whichever_cpu_they_come_from(host: Host) -> None:
    """The kernel sets entries of an LRU map aside for each CPU: there must be room for the others' all the same."""
    host.apply(limited({"rateLimit": {"events": 1, "per": "1h", "by": ["args.fd"], "maxKeys": 1000}}))
    every = os.sched_getaffinity(0)

    for turn in range(4):
        os.sched_setaffinity(0, {sorted(every)[turn % len(every)]})
        for key in range(1000):
            read(FD + key)
    os.sched_setaffinity(0, every)

    account = host.account("held")
    assert (account["matched"], account["delivered"]) == (4000, 1000)
