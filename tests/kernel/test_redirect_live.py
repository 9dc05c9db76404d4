"""Packets that are sent elsewhere: out of another interface and into one, in XDP and tc; what wins over it; what is gone."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from socket import socket

import devices
import packets as p
import pytest
from conftest import Host, both_builders
from network import private_network

from policyd.errors import PolicyError
from policyd.kernel.bpf.programs import run_on_packet
from policyd.reading.policy import open_policy

pytestmark = pytest.mark.kernel

GENERIC = "{xdp: {interfaces: [pdv1], mode: generic}}"
NATIVE = "{xdp: {interfaces: [pdv1], mode: native}}"
INGRESS = "{tc: {interfaces: [pdv1], direction: ingress}}"
EGRESS = "{tc: {interfaces: [pdv0], direction: egress}}"
EVERYTHING = 0x0003  # ETH_P_ALL
DROPPED, PASSED, REDIRECTED = 1, 2, 4  # enum xdp_action
MINE, OTHERS = (p.ether(p.IP4, p.ip4(p.UDP, p.udp(dst=port))) for port in (7001, 7002))
RULE = """    - name: {name}
      hook: {hook}
      filters: [{{field: dst.port, operator: Equal, value: 7001}}]
      action: {action}
"""


@pytest.fixture(autouse=True)
def _network() -> Iterator[None]:
    """pdv0 leads to pdv1, pdv2 to pdv3."""
    with private_network():
        devices.make_pair("pdv0", "pdv1")
        devices.make_pair("pdv2", "pdv3")
        yield


def policy(*rules: tuple[str, str], name: str = "elsewhere", mode: str = "enforce", more: str = "") -> str:
    """Return a policy of (hook, action)."""
    head = f"apiVersion: policyd.dev/v1alpha1\nkind: Policy\nmetadata: {{name: {name}}}\nspec:\n  mode: {mode}\n  rules:\n"
    return head + "".join(RULE.format(name=f"r{n}", hook=hook, action=act) for n, (hook, act) in enumerate(rules)) + more


@contextmanager
def listening(*names: str) -> Iterator[list[socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(devices.raw_socket(name, EVERYTHING)) for name in names]


def received(tap: socket, frame: bytes, seconds: float = 60) -> int:
    """Wait for a frame; return what kind of packet it was to the interface (4: one that it sent, PACKET_OUTGOING)."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data, (_, _, kind, *_) = tap.recvfrom(2048)
        if data == frame:
            return int(kind)
    raise AssertionError("it did not come")


def verdicts(host: Host, name: str = "elsewhere") -> list[str]:
    return [event.origin.verdict for event in open_policy(host.kernel, name).events()]


@both_builders
@pytest.mark.parametrize("hook", [GENERIC, INGRESS, EGRESS])
def test_a_packet_leaves_by_another_interface_and_others_go_on(host: Host, hook: str) -> None:
    host.apply(policy((hook, "{redirect: pdv2}")))
    with listening("pdv3", "pdv1") as (there, here):
        devices.send_frames("pdv0", [MINE, OTHERS])
        assert received(there, MINE) != 4
        assert received(here, OTHERS) != 4
    assert verdicts(host) == ["redirected"]
    assert host.account("elsewhere")["acted"] == 1


def test_a_driver_sends_what_another_received_where_the_far_end_runs_xdp(host: Host) -> None:
    """veth takes frames of XDP for a peer that can receive them (veth_xdp_xmit): one with a program, or with GRO."""
    receiver = RULE.format(name="far", hook="{xdp: {interfaces: [pdv3], mode: native}}", action="{pass: true}")
    host.apply(policy((NATIVE, "{redirect: {interface: pdv2}}"), more=receiver))
    with listening("pdv3") as (there,):
        devices.send_frames("pdv0", [MINE])
        assert received(there, MINE) != 4


def test_what_a_driver_cannot_send_is_lost_and_the_kernel_tells(host: Host) -> None:
    """The policy is the one of docs/packets.md."""
    counter = "{counter: {name: lost_total, by: [args.err, args.to_ifindex]}}"
    lost = f"    - {{name: lost, hook: {{tracepoint: xdp/xdp_redirect_err}}, outputs: [{counter}]}}\n"
    host.apply(policy((NATIVE, "{redirect: pdv2}"), more=lost))
    devices.send_frames("pdv0", [MINE])
    end = time.monotonic() + 60
    while not (found := open_policy(host.kernel, "elsewhere").metrics()["lost_total"]) and time.monotonic() < end:
        time.sleep(0.01)
    assert [(labels["args_err"], number) for labels, number in found] == [(str(-errno.EOPNOTSUPP), 1)]
    assert verdicts(host) == ["redirected"]


def test_a_packet_comes_in_elsewhere(host: Host) -> None:
    host.apply(policy((INGRESS, "{redirect: {interface: pdv2, direction: ingress}}")))
    with listening("pdv2") as (there,):
        devices.send_frames("pdv0", [MINE])
        assert received(there, MINE) != 4, "it was received there, not sent"


def test_in_monitor_mode_nothing_goes_elsewhere_and_it_is_counted(host: Host) -> None:
    host.apply(policy((GENERIC, "{redirect: pdv2}"), mode="monitor"))
    with listening("pdv1") as (here,):
        devices.send_frames("pdv0", [MINE])
        assert received(here, MINE) != 4
    assert verdicts(host) == ["would-redirect"]
    assert host.account("elsewhere")["would_act"] == 1


@pytest.mark.parametrize(
    ("actions", "verdict"),
    [
        (("{redirect: pdv2}", "{drop: true}"), DROPPED),
        (("{redirect: pdv2}", "{pass: true}"), REDIRECTED),
        (("{pass: true}", "{redirect: pdv2}"), REDIRECTED),
    ],
)
def test_dropping_wins_over_sending_elsewhere_and_that_over_passing(
    host: Host, actions: tuple[str, str], verdict: int
) -> None:
    one, other = actions
    host.apply(policy((GENERIC, one), name="one"), policy((GENERIC, other), name="other"))
    (hook,) = host.kernel.list("hooks")
    fd = host.kernel.open(f"hooks/{hook}/program-0")
    assert fd is not None
    try:
        assert [run_on_packet(fd, frame).verdict for frame in (MINE, OTHERS)] == [verdict, PASSED]
    finally:
        host.kernel.close(fd)


def test_sending_elsewhere_wins_over_a_mark(host: Host) -> None:
    host.apply(policy((INGRESS, "{mark: 7}"), (INGRESS, "{redirect: pdv2}")))
    with listening("pdv3") as (there,):
        devices.send_frames("pdv0", [MINE])
        assert received(there, MINE) != 4


def test_an_interface_that_was_made_again_is_found_by_the_next_apply(host: Host) -> None:
    text = policy((INGRESS, "{redirect: pdv2}"))
    host.apply(text)
    assert not host.pending_steps(text)
    devices.ip("link", "delete", "pdv2")
    with pytest.raises(PolicyError, match="pdv2"):
        host.apply(text)
    devices.make_pair("pdv2", "pdv3")
    assert host.pending_steps(text), "it has another number"
    host.apply(text)
    with listening("pdv3") as (there,):
        devices.send_frames("pdv0", [MINE])
        assert received(there, MINE) != 4
