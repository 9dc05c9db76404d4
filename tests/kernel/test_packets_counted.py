"""Counts of packets are exact: by flow, from all CPUs at once, while policies and lists are replaced."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import devices
import packets as p
import pytest
from conftest import Host
from network import private_network
from packets import Probe, running

from policyd.kernel.bpf.programs import run_on_packet
from policyd.reading.policy import open_policy

pytestmark = pytest.mark.kernel


@pytest.fixture(autouse=True)
def _network() -> Iterator[None]:
    with private_network():
        yield


BY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: probe}
spec:
  rules:
    - name: all
      hook: HOOK
      filters: [{field: packet.length, operator: Greater, value: 20}, {field: ip.ttl, operator: NotEqual, value: VERSION}]
      outputs:
        - counter: {name: flows_total, by: [src.ip, dst.port, protocol]}
        - sum: {name: bytes_total, by: [src.ip], value: packet.length}
"""


@pytest.mark.parametrize(
    "hook",
    ["{xdp: {interfaces: [pdv1], mode: native}}", "{tc: {interfaces: [pdv1], direction: ingress}}",
     "{tc: {interfaces: [pdv0], direction: egress}}"],
)  # fmt: skip
def test_flows_are_counted_exactly_while_the_policy_is_replaced(host: Host, hook: str) -> None:
    devices.make_pair()
    flows = [(f"192.0.2.{n % 3 + 1}", 1000 + n % 5, (p.UDP, p.TCP)[n % 2]) for n in range(30)]
    frames = [
        p.ether(p.IP4, p.ip4(protocol, p.udp(dst=port) if protocol == p.UDP else p.tcp(dst=port), src=src))
        for src, port, protocol in flows
    ]
    probe = Probe(host, hook, BY.replace("VERSION", "1"))
    for turn in range(20):  # 20 * 17 * 30 = 10,200 packets
        devices.send_frames("pdv0", frames * 17)
        host.apply(BY.replace("VERSION", str(turn % 2 + 2)).replace("HOOK", probe.hook))
    metrics = open_policy(host.kernel, "probe").metrics()
    wanted: dict[tuple[str, str, str], int] = {}
    sizes: dict[str, int] = {}
    for (src, port, protocol), frame in zip(flows, frames, strict=True):
        key = (src, str(port), {p.UDP: "udp", p.TCP: "tcp"}[protocol])
        wanted[key] = wanted.get(key, 0) + 340
        sizes[src] = sizes.get(src, 0) + 340 * len(frame)
    found = {tuple(labels[name] for name in ("src_ip", "dst_port", "protocol")): n for labels, n in metrics["flows_total"]}
    assert found == wanted
    assert {labels["src_ip"]: total for labels, total in metrics["bytes_total"]} == sizes
    assert not any(host.account("probe")[name] for name in ("map_full", "key_absent", "unread", "nested"))


class Senders:
    """A thread a CPU, each of which sends a frame out of `pdv0` over and over until the block ends."""

    def __init__(self, frame: bytes) -> None:
        self.frame, self.sent, self.stop = frame, 0, threading.Event()

    def _send(self, cpu: int) -> int:
        os.sched_setaffinity(0, {cpu})  # this thread's
        number = 0
        with devices.raw_socket("pdv0") as out:
            while not self.stop.is_set():
                number += out.send(self.frame) == len(self.frame)
                time.sleep(0.0001)
        return number

    def __enter__(self) -> Senders:
        cpus = sorted(os.sched_getaffinity(0))
        self.pool = ThreadPoolExecutor(len(cpus))
        self.running = [self.pool.submit(self._send, cpu) for cpu in cpus]
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.sent = sum(sender.result(timeout=60) for sender in self.running)
        self.pool.shutdown()


def test_packets_of_all_cpus_are_counted_exactly_while_the_policy_is_replaced(host: Host) -> None:
    devices.make_pair()
    probe = Probe(host, "{tc: {interfaces: [pdv0], direction: egress}}", BY.replace("VERSION", "1"))
    with Senders(p.ether(p.IP4, p.ip4(p.UDP, p.udp()))) as senders:
        for turn in range(20):
            host.apply(BY.replace("VERSION", str(turn % 2 + 2)).replace("HOOK", probe.hook))
    assert senders.sent > 1000
    assert host.count("probe", "flows_total") == senders.sent


LISTS = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: probe}
spec:
  params: {nets: {type: cidr, values: [VALUES]}, ports: {type: port, values: [PORTS]}}
  rules:
    - name: in
      hook: HOOK
      filters:
        - {field: src.ip, operator: InCIDR, valuesFrom: {param: nets}}
        - {field: dst.port, operator: In, valuesFrom: {param: ports}}
      outputs: [{counter: {name: in_total}}]
    - name: out
      hook: HOOK
      filters:
        - anyOf:
            - {field: src.ip, operator: NotInCIDR, valuesFrom: {param: nets}}
            - {field: dst.port, operator: NotIn, valuesFrom: {param: ports}}
      outputs: [{counter: {name: out_total}}]
"""


def test_no_packet_sees_half_of_a_list_that_is_exchanged(host: Host) -> None:
    """Both lists hold the packet's network and port, among many others that are not in both."""
    devices.make_pair()
    versions = [
        LISTS.replace("VALUES", ", ".join(["192.0.2.0/24", *(f"10.{n}.0.0/16" for n in range(start, start + 100))])).replace(
            "PORTS", ", ".join(["53", *map(str, range(start + 1000, start + 1100))])
        )
        for start in (0, 100)
    ]
    probe = Probe(host, "{tc: {interfaces: [pdv0], direction: egress}}", versions[0])
    before = running(host)
    with Senders(p.ether(p.IP4, p.ip4(p.UDP, p.udp()))) as senders:
        for turn in range(20):
            host.apply(versions[(turn + 1) % 2].replace("HOOK", probe.hook))
    assert running(host) == before
    assert senders.sent > 1000
    assert (host.count("probe", "in_total"), host.count("probe", "out_total")) == (senders.sent, 0)


def test_absent_headers_make_no_series_and_are_counted(host: Host) -> None:
    probe = Probe(host, "{xdp: {interfaces: [lo], mode: generic}}", BY.replace("VERSION", "1"))
    with probe.program() as fd:
        for name in ("arp", "ip4 later fragment", "ip4 udp"):
            run_on_packet(fd, p.samples()[name])
    metrics = open_policy(host.kernel, "probe").metrics()
    assert [count for _, count in metrics["flows_total"]] == [1]
    assert host.account("probe")["key_absent"] == 3, "arp: flow and bytes; a later fragment: the flow's port"
