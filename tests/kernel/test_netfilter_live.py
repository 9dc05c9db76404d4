"""Packets at the hooks of netfilter: read, dropped, counted once while policies are replaced."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from conftest import BPFFS, MINE, Host
from load import PACKETS, Load, compile_loop, received
from network import private_network

from policyd.kernel import links
from policyd.reading.policy import open_policy
from policyd.unit import AttachPoint

pytestmark = pytest.mark.kernel

POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: watched}
spec:
  mode: enforce
  rules:
    - name: seen
      hook: {netfilter: {hook: [prerouting, postrouting], priority: 5}}
      filters: [{field: dst.port, operator: In, values: [4711, 4712]}]
      outputs:
        - counter: {name: seen_total, by: [hook.name, family, interface, dst.port]}
        - counter: {name: in_total, by: [hook.name, interface.in]}
        - counter: {name: out_total, by: [hook.name, interface.out]}
        - sum: {name: bytes_total, value: packet.length, by: [hook.name, eth.type]}
    - name: refused
      hook: {netfilter: {hook: input, priority: 5}}
      filters:
        - {field: udp.dst_port, operator: Equal, value: 4712}
        - {field: src.ip, operator: In, values: [127.0.0.1, '::1']}
        - {field: eth.src, operator: DoesNotExist}
      action: {drop: true}
"""
ADDRESSES = {"ipv4": (socket.AF_INET, "127.0.0.1"), "ipv6": (socket.AF_INET6, "::1")}


@pytest.fixture
def lone_host(objects: Path, request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host in a network namespace of its own; the parameter is the builder."""
    with private_network():
        found = Host(str(BPFFS / f"{MINE}netfilter"), objects, builder=getattr(request, "param", "clang"))
        found.kernel.ensure_root()
        try:
            yield found
        finally:
            found.close()


def exchange(family: socket.AddressFamily, address: str, port: int) -> bool:
    """Send a datagram; return whether it has arrived (what is sent through lo arrives before the call returns)."""
    with socket.socket(family, socket.SOCK_DGRAM) as sender, socket.socket(family, socket.SOCK_DGRAM) as receiver:
        receiver.bind((address, port))
        receiver.setblocking(False)
        sender.sendto(b"hello", (address, port))
        try:
            return receiver.recv(16) == b"hello"
        except BlockingIOError:
            return False


@pytest.mark.parametrize("lone_host", ["clang", "bcc"], indirect=True)
def test_packets_are_read_and_dropped_at_each_hook_of_either_family(lone_host: Host) -> None:
    lone_host.apply(POLICY)
    for family, address in ADDRESSES.values():
        assert exchange(family, address, 4711)
        assert not exchange(family, address, 4712)
    read = open_policy(lone_host.kernel, "watched").metrics()
    found = {name: {tuple(labels.values()): value for labels, value in series} for name, series in read.items()}
    hooks, families, ports = ("prerouting", "postrouting"), ("AF_INET", "AF_INET6"), ("4711", "4712")
    assert found["seen_total"] == {(*one, "lo", port): 1 for one in product(hooks, families) for port in ports}
    assert found["in_total"] == {(hook, "lo"): 4 for hook in hooks[:1]}
    assert found["out_total"] == {(hook, "lo"): 4 for hook in hooks[1:]}
    sizes = {"ip": 2 * 33, "ipv6": 2 * 53}
    assert found["bytes_total"] == {(hook, name): size for hook in hooks for name, size in sizes.items()}
    assert lone_host.pending_steps(POLICY) == ()
    lone_host.delete_all()
    assert exchange(*ADDRESSES["ipv4"], 4712)


def test_replacing_a_policy_under_load_loses_and_repeats_nothing(
    lone_host: Host, tmp_path_factory: pytest.TempPathFactory
) -> None:
    loop = compile_loop(tmp_path_factory.mktemp("loop"))
    one, two = replace(PACKETS, hook="{netfilter: {hook: prerouting, family: ip}}").versions()
    lone_host.apply(one)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 9))
        load, before = Load(loop, "packets"), received()
        load.start()
        for number in range(20):
            lone_host.apply(one if number % 2 else two)
        load.finish()
    assert received() - before > 10_000
    assert lone_host.count("counted", "events_total") == received() - before


def test_a_priority_that_somebody_else_has_is_an_error_that_says_so(lone_host: Host) -> None:
    point = AttachPoint("netfilter", "ip/input/5")
    program = lone_host.kernel.load_neutral(point)
    link = links.attach(point, program)
    try:
        (outcome,) = lone_host.try_apply(POLICY).failed
        assert "a BPF program that is not ours has priority 5 at ip input: choose another" in str(outcome.error)
    finally:
        os.close(link)
        os.close(program)
    lone_host.apply(POLICY)


def test_policies_at_one_priority_share_a_program_and_fragments_are_put_together_for_all(lone_host: Host) -> None:
    text = POLICY.replace("[prerouting, postrouting]", "input")
    text = text.replace("input, priority: 5}}", "input, priority: 5, family: ip}}")
    other = text.replace("name: watched", "name: other").replace("family: ip", "family: ip, defrag: true")
    lone_host.apply(text)
    lone_host.apply(text, other)
    (hook,) = lone_host.kernel.list("hooks")
    fd = lone_host.kernel.open(f"hooks/{hook}/link")
    assert fd is not None
    try:
        assert lone_host.kernel.link_info(fd).target == "2:1:5:1"
    finally:
        os.close(fd)
    assert lone_host.pending_steps(text, other) == ()


def test_a_link_that_was_unpinned_is_drift_and_mended(lone_host: Host) -> None:
    lone_host.apply(POLICY)
    for hook in lone_host.kernel.list("hooks"):
        lone_host.kernel.unpin(f"hooks/{hook}/link")
    assert exchange(*ADDRESSES["ipv4"], 4712), "nothing is attached any more"
    lone_host.apply(POLICY)
    assert not exchange(*ADDRESSES["ipv4"], 4712)
