"""Every field of packets has the value that was put into the packet, at every packet hook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import devices
import packet_oracle
import packets as p
import pytest
from network import private_network
from packets import Probe, Values

from policyd.kernel.bpf.programs import run_on_packet

if TYPE_CHECKING:
    from conftest import Host

pytestmark = pytest.mark.kernel

SAMPLES = p.samples()
HOOKS = {
    "xdp": "{xdp: {interfaces: [lo], mode: generic}}",
    "tc ingress": "{tc: {interfaces: [lo], direction: ingress}}",
    "tc egress": "{tc: {interfaces: [lo], direction: egress}}",
    "cgroup ingress": "{cgroup: {name: skb_ingress, path: CGROUP}}",
    "cgroup egress": "{cgroup: {name: skb_egress, path: CGROUP}}",
}


@pytest.fixture
def network() -> Iterator[None]:
    with private_network():
        yield


@pytest.fixture(params=list(HOOKS))
def probe(request: pytest.FixtureRequest, host: Host, network: None) -> Iterator[Probe]:
    with devices.cgroup() as path:  # without processes: the programs run on what the test gives them only
        yield Probe(host, HOOKS[request.param].replace("CGROUP", str(path)))
        host.delete_all()


def expected(probe: Probe, frame: bytes) -> Values:
    """What the oracle reads in a frame: a cgroup's programs get it from the IP header on."""
    return packet_oracle.packet(frame[14:]) if "cgroup" in probe.hook else packet_oracle.frame(frame)


def read(probe: Probe, frames: list[bytes]) -> list[Values]:
    found = probe.run(*frames)
    for each in found:
        assert each.pop("interface") == 1, "test runs happen on `lo`"
    return found


def runnable(probe: Probe, frame: bytes) -> bool:
    """Whether the kernel runs a program on it without an interface: as an skb, an IP header must be whole."""
    short = {b"\x08\x00": 34, b"\x86\xdd": 54}.get(frame[12:14], 15)
    return "xdp" in probe.hook or len(frame) >= short


def test_every_prefix_of_every_shape_is_read_as_far_as_it_goes(probe: Probe) -> None:
    frames = [frame[:end] for frame in SAMPLES.values() for end in range(14, len(frame) + 1)]
    frames = [frame for frame in frames if runnable(probe, frame)]
    for frame, found in zip(frames, read(probe, frames), strict=True):
        assert found == expected(probe, frame), frame.hex()


def test_broken_packets_and_noise_are_read_as_by_the_oracle(probe: Probe) -> None:
    frames = [frame for frame in p.mutations(seed=1, number=2000) if runnable(probe, frame)]
    for frame, found in zip(frames, read(probe, frames), strict=True):
        assert found == expected(probe, frame), frame.hex()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (
            "ip4 tcp",
            {
                "packet_length": 54,
                "interface": "lo",
                "family": "AF_INET",
                "protocol": "tcp",
                "src_ip": "192.0.2.1",
                "src_port": 40000,
                "dst_ip": "198.51.100.7",
                "dst_port": 443,
                "eth_src": "02:00:00:00:00:01",
                "eth_dst": "02:00:00:00:00:02",
                "eth_type": "ip",
                "ip_ttl": 3,
                "ip_dscp": 46,
                "ip_ecn": 1,
                "ip_fragment": False,
                "ip4_src": "192.0.2.1",
                "ip4_dst": "198.51.100.7",
                "ip4_id": 0x1234,
                "ip4_length": 40,
                "tcp_src_port": 40000,
                "tcp_dst_port": 443,
                "tcp_flags": ["SYN", "ACK"],
                "tcp_seq": 0x01020304,
                "tcp_ack": 0x05060708,
                "tcp_window": 0x7210,
            },
        ),
        (
            "two vlans",
            {
                "packet_length": 70,
                "interface": "lo",
                "family": "AF_INET6",
                "protocol": "udp",
                "src_ip": "2001:db8::1",
                "src_port": 40000,
                "dst_ip": "2001:db8:ffff::7",
                "dst_port": 53,
                "eth_src": "02:00:00:00:00:01",
                "eth_dst": "02:00:00:00:00:02",
                "eth_type": "ipv6",
                "vlan_id": 200,
                "vlan_priority": 3,
                "ip_ttl": 64,
                "ip_dscp": 0,
                "ip_ecn": 0,
                "ip_fragment": False,
                "ip6_src": "2001:db8::1",
                "ip6_dst": "2001:db8:ffff::7",
                "ip6_flow_label": 0,
                "ip6_length": 8,
                "udp_src_port": 40000,
                "udp_dst_port": 53,
                "udp_length": 8,
            },
        ),
    ],
)
def test_fields_are_shown_as_people_write_them(host: Host, network: None, name: str, shown: dict[str, Any]) -> None:
    probe = Probe(host, HOOKS["xdp"])
    with probe.program() as fd:
        run_on_packet(fd, SAMPLES[name])
    (found,) = probe.shown()
    assert {name: value for name, value in found.items() if value is not None} == shown
    assert found.keys() == {path.replace(".", "_") for path in p.PATHS}, "what is absent is null"
