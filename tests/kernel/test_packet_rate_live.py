"""`above`: under a flood, what a source gets through is bounded exactly, in packets and in bytes, and is nobody else's."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import devices
import packets as p
import pytest
from conftest import Host, both_builders
from network import private_network
from packets import running

from policyd.reading.policy import open_policy

pytestmark = pytest.mark.kernel

NOISY, QUIET = "192.0.2.66", "192.0.2.7"
TC_ARRIVED = "{tc: {interfaces: [pdv1], direction: ingress}}"
XDP = "{xdp: {interfaces: [pdv1], mode: native}}"


@pytest.fixture(autouse=True)
def _network() -> Iterator[None]:
    with private_network():
        devices.make_pair()
        yield


def policy(above: str, hook: str = XDP) -> str:
    """Return a policy that drops what is above a rate, counts that, all that came, and all that got through."""
    return f"""
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: flood}}
spec:
  mode: enforce
  tables: {{offenders: {{key: {{source: ip}}, value: {{since: time}}, maxEntries: 16384}}}}
  rules:
    - name: all
      hook: {hook}
      outputs: [counter: {{name: all_total, by: [src.ip]}}, sum: {{name: all_bytes, by: [src.ip], value: packet.length}}]
    - name: flood
      hook: {hook}
      above: {above}
      outputs: [counter: {{name: above_total, by: [src.ip]}}, sum: {{name: above_bytes, by: [src.ip], value: packet.length}}]
      tables: [{{set: offenders, key: [src.ip], value: {{since: time}}}}]
      action: {{drop: true}}
    - name: arrived
      hook: {TC_ARRIVED}
      outputs: [counter: {{name: arrived_total, by: [src.ip]}}]
"""


def frame(source: str, size: int = 60) -> bytes:
    return p.ether(p.IP4, p.ip4(p.UDP, p.udp(payload=bytes(size - 42)), src=source))


def counted(host: Host, name: str) -> dict[str, int]:
    return {labels["src_ip"]: int(number) for labels, number in open_policy(host.kernel, "flood").metrics()[name]}


def passed(host: Host, sort: str = "total") -> dict[str, int]:
    """Return what each source got through."""
    every, above = counted(host, f"all_{sort}"), counted(host, f"above_{sort}")
    return {source: number - above.get(source, 0) for source, number in every.items()}


def flood(frames: list[bytes], times: int) -> int:
    """Send frames from a thread a CPU, `times` over each; return how long that took, in ns."""
    ready = threading.Barrier(len(os.sched_getaffinity(0)))

    def send(cpu: int) -> tuple[int, int]:
        os.sched_setaffinity(0, {cpu})  # this thread's
        with devices.raw_socket("pdv0") as out:
            ready.wait()
            begin = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            for _ in range(times):
                for one in frames:
                    out.send(one)
            return begin, time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    with ThreadPoolExecutor(ready.parties) as pool:
        spans = list(pool.map(send, sorted(os.sched_getaffinity(0))))
    return max(end for _, end in spans) - min(begin for begin, _ in spans)


@both_builders
def test_a_flood_from_all_cpus_gets_no_more_through_than_the_rate_and_the_burst(host: Host) -> None:
    rate, burst = 500, 100
    host.apply(policy(f"{{events: {rate}, per: 1s, by: [src.ip], burst: {burst}}}"))
    lasted = flood([frame(NOISY)] * 50, 200)
    sent = 10_000 * len(os.sched_getaffinity(0))
    devices.send_frames("pdv0", [frame(QUIET)] * 50)

    through = passed(host)
    assert counted(host, "all_total") == {NOISY: sent, QUIET: 50}
    assert burst <= through[NOISY] <= burst + rate * lasted / 1e9
    assert through[QUIET] == 50, "the flood took nothing of what others may send"
    assert counted(host, "arrived_total") == through, "what was above was dropped, and nothing else"
    offenders = {row["source"] for row in open_policy(host.kernel, "flood").rows("offenders")}
    assert offenders == {NOISY}, "what is within the rate writes nothing either"


@pytest.mark.parametrize("hook", [XDP, TC_ARRIVED, "{tc: {interfaces: [pdv0], direction: egress}}"])
def test_bytes_are_counted_by_the_size_of_packets(host: Host, hook: str) -> None:
    """100,000 bytes are there at first, and a byte more is earned in 36 ms: a frame of 1,000 after 36 s."""
    host.apply(policy("{bytes: 100k, per: 1h, by: [src.ip]}", hook))
    begin = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    with devices.raw_socket("pdv0") as out:
        for one in [frame(NOISY, 1000)] * 300 + [frame(QUIET, 100)] * 300:
            with suppress(OSError):  # ENOBUFS tells who sends that tc has dropped it
                out.send(one)
    earned = (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - begin) * 100_000 / 3600e9
    through = passed(host, "bytes")
    assert 100_000 <= through[NOISY] <= 100_000 + earned
    assert through[QUIET] == 30_000


def test_other_numbers_are_a_write_to_a_map_and_the_buckets_stay(host: Host) -> None:
    host.apply(policy("{events: 5, per: 1h, by: [src.ip]}"))
    before = running(host)
    devices.send_frames("pdv0", [frame(NOISY)] * 100)
    host.apply(policy("{events: 5, per: 1h, by: [src.ip], burst: 8}"))
    devices.send_frames("pdv0", [frame(NOISY)] * 100)
    assert running(host) == before
    assert passed(host) == {NOISY: 8}, "three more than before: the bucket was not filled anew"


def test_whoever_forges_sources_gets_a_burst_for_each_and_empties_old_buckets(host: Host) -> None:
    """As docs/rates.md says: a limit without `by` is what bounds them all."""
    host.apply(policy("{events: 3, per: 1h, by: [src.ip], maxKeys: 64}"))
    devices.send_frames("pdv0", [frame(NOISY)] * 10)
    devices.send_frames("pdv0", [frame(f"10.0.{n // 250}.{n % 250}") for n in range(5000)])
    devices.send_frames("pdv0", [frame(NOISY)] * 10)
    through = passed(host)
    assert through.pop(NOISY) == 6, "its bucket was given up for another, and is full again"
    assert set(through.values()) == {1}


def test_a_limit_without_keys_bounds_forged_sources_too(host: Host) -> None:
    host.apply(policy("{events: 30, per: 1h}"))
    devices.send_frames("pdv0", [frame(f"10.0.0.{n % 250}") for n in range(1000)])
    assert sum(passed(host).values()) == 30
