"""Every field of packets has the value that was put into the packet, at every packet hook."""

from __future__ import annotations

from collections.abc import Iterator

import packet_oracle
import packets as p
import pytest
from conftest import Host
from network import private_network
from packets import Probe, Values

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
    with p.cgroup() as path:  # without processes: the programs run on what the test gives them only
        yield Probe(host, HOOKS[request.param].replace("CGROUP", str(path)))
        host.delete_all()


def expected(probe: Probe, frame: bytes) -> Values:
    """What the oracle reads in a frame: a cgroup's programs get it from the IP header on."""
    return packet_oracle.packet(frame[14:]) if "cgroup" in probe.hook else packet_oracle.frame(frame)


def read(probe: Probe, frames: list[bytes]) -> list[Values]:
    found = probe.run(*frames)
    for each in found:
        assert each.pop("interface") is not None
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
