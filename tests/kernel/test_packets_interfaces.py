"""Packets through real interfaces: tags that the kernel took out, devices without Ethernet, buffers of several parts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import devices
import packet_oracle as oracle
import packets as p
import pytest
from conftest import Host, resolve_text
from foreign import foreign
from network import private_network
from packets import Probe, Values

from policyd.reading.policy import open_policy

pytestmark = pytest.mark.kernel

SAMPLES = p.samples()
TC = "{tc: {interfaces: [%s], direction: %s}}"
XDP = "{xdp: {interfaces: [%s], mode: %s}}"


@pytest.fixture(autouse=True)
def _network() -> Iterator[None]:
    with private_network():
        yield


def seen_of(frames: list[bytes], probe: Probe, interface: str = "pdv0") -> list[Values]:
    """Send frames and return what was read in each (in chunks, so that neither ring nor backlog overflows)."""
    found = []
    for start in range(0, len(frames), 100):
        part = frames[start : start + 100]
        devices.send_frames(interface, part)
        found += arrived(probe, len(part))
    for each in found:
        assert f"[{socket.if_indextoname(int(each.pop('interface')))}]" in probe.hook
    return found


def arrived(probe: Probe, number: int) -> list[Values]:
    """Return the values of just so many events: the last ones may be on their way."""
    found = probe.waiting()
    end = time.monotonic() + 60
    while len(found) < number and time.monotonic() < end:
        time.sleep(0.005)
        found += probe.waiting()
    assert len(found) == number
    return found


def received(frame: bytes) -> Values:
    """What tc reads of a frame that was received: the kernel took the outer tag out (skb_vlan_untag)."""
    if oracle.number(frame, 12, 2) not in oracle.TAGS:
        return oracle.frame(frame)
    control = oracle.number(frame, 14, 2)
    return oracle.frame(frame[:12] + frame[16:]) | {"vlan.id": control & 0xFFF, "vlan.priority": control >> 13}


def deliverable(frame: bytes) -> bool:
    """Whether the kernel keeps a received frame: a tag must be whole."""
    return oracle.number(frame, 12, 2) not in oracle.TAGS or len(frame) >= 20


# ------------------------------------------------------------------------------------------------ Ethernet


@pytest.mark.parametrize("hook", [XDP % ("pdv1", "generic"), XDP % ("pdv1", "native"), TC % ("pdv0", "egress")])
def test_frames_are_read_as_they_were_sent(host: Host, hook: str) -> None:
    devices.make_pair()
    frames = [frame[:end] for frame in SAMPLES.values() for end in (*range(14, len(frame), 3), len(frame))]
    frames += p.mutations(seed=2, number=1000)
    for frame, found in zip(frames, seen_of(frames, Probe(host, hook)), strict=True):
        assert found == oracle.frame(frame), frame.hex()


def test_a_tag_that_the_kernel_took_out_is_read_by_tc(host: Host) -> None:
    devices.make_pair()
    frames = [frame[:end] for frame in SAMPLES.values() for end in (*range(14, len(frame), 3), len(frame))]
    frames += p.mutations(seed=3, number=1000)
    frames = [frame for frame in frames if deliverable(frame)]
    for frame, found in zip(frames, seen_of(frames, Probe(host, TC % ("pdv1", "ingress"))), strict=True):
        assert found == received(frame), frame.hex()


def test_a_tag_beside_the_packet_is_read_on_its_way_out(host: Host) -> None:
    """A bridge sends on what came with a tag: the tag is in the buffer's own field, not in the packet."""
    devices.make_pair("pdv0", "pdv1")
    devices.make_pair("pdv2", "pdv3")
    devices.ip("link", "add", "pdbr", "type", "bridge")
    devices.hush("pdbr")
    for name in ("pdv1", "pdv2"):
        devices.ip("link", "set", name, "master", "pdbr")
    devices.ip("link", "set", "pdbr", "up")
    probe = Probe(host, TC % ("pdv2", "egress"))
    everyone = "ff:ff:ff:ff:ff:ff"
    inside = p.ip4(p.UDP, p.udp(dst=4711))
    end = time.monotonic() + 60
    while not probe.waiting() and time.monotonic() < end:  # until the bridge forwards
        devices.send_frames("pdv0", [p.ether(p.ARP, bytes(28), dst=everyone)])
        time.sleep(0.05)
    devices.send_frames("pdv0", [p.ether(p.TAG, p.tag(77, p.IP4, inside, priority=6), dst=everyone)])
    found = probe.wait({"dst.port": 4711})
    assert (found["vlan.id"], found["vlan.priority"], found["eth.type"]) == (77, 6, p.IP4)
    assert found["packet.length"] == 14 + len(inside)


# ------------------------------------------------------------------------------------------------ buffers of several parts


@pytest.mark.parametrize("direction", ["egress", "ingress"])
@pytest.mark.parametrize("name", ["ip4 tcp", "ip4 options", "ip6 all extensions", "ip4 udp"])
def test_headers_beyond_the_linear_part_are_read(host: Host, direction: str, name: str) -> None:
    devices.make_pair()
    interface = {"egress": "pdv0", "ingress": "pdv1"}[direction]
    with foreign("tcx", direction) as witness, witness.attached(interface):
        probe = Probe(host, TC % (interface, direction))
        devices.send_in_pages("pdv0", SAMPLES[name])
        (found,) = arrived(probe, 1)
        assert witness.linear <= 14, "the test must send what it says"
    del found["interface"]
    assert found == oracle.frame(SAMPLES[name])


@pytest.mark.parametrize("mode", ["generic", "native"])
def test_xdp_reads_a_packet_that_came_in_pages(host: Host, mode: str) -> None:
    devices.make_pair()
    probe = Probe(host, XDP % ("pdv1", mode))
    devices.send_in_pages("pdv0", SAMPLES["ip6 all extensions"])
    (found,) = arrived(probe, 1)
    del found["interface"]
    assert found == oracle.frame(SAMPLES["ip6 all extensions"])


@pytest.mark.parametrize("mode", ["generic", "native"])
def test_xdp_takes_and_reads_packets_of_a_large_mtu(host: Host, mode: str) -> None:
    devices.make_pair(mtu=9000)
    probe = Probe(host, XDP % ("pdv1", mode))
    frame = p.ether(p.IP4, p.ip4(p.UDP, p.udp(payload=bytes(8900))))
    devices.send_frames("pdv0", [frame])
    (found,) = arrived(probe, 1)
    del found["interface"]
    assert found == oracle.frame(frame)


def test_xdp_reads_headers_that_lie_across_the_parts_of_a_jumbo_frame(host: Host) -> None:
    """4 KiB of options before TCP's header, whose place moves by 4 bytes from before the first part's end to after it."""
    frames = [ether_with_options(size) + bytes(2000) for size in range(3000, 3900, 4)]
    probe = Probe(host, XDP % ("lo", "generic"))
    for frame, found in zip(frames, probe.run(*frames), strict=True):
        del found["interface"]
        assert found == oracle.frame(frame)
        assert found["tcp.dst_port"] == 443, "the oracle reads it too"


def ether_with_options(size: int) -> bytes:
    """Return a frame with `size` bytes (a multiple of 4) between IPv6's header and TCP's."""
    odd = size % 8
    inner = p.authentication(p.TCP, p.tcp(), icv=12 + odd - (8 if odd > 4 else 0))
    rest = size - (len(inner) - 20)
    first = 2048
    inner = p.extension(p.AH, inner, units=(rest - first) // 8 - 1)
    return p.ether(p.IP6, p.ip6(p.OPTIONS, p.extension(p.OPTIONS, inner, units=first // 8 - 1)))


# ------------------------------------------------------------------------------------------------ no Ethernet


def test_what_packets_begin_with_is_told_by_the_kind_of_device() -> None:
    devices.make_pair()
    devices.ip("link", "add", "pdbr", "type", "bridge")
    with devices.tun("pdtun"), devices.tun("pdtap", ethernet=True):
        headers = {}
        for name in ("lo", "pdv0", "pdbr", "pdtap", "pdtun"):
            for hook in (XDP % (name, "generic"), TC % (name, "ingress")):
                (given,) = resolve_text(p.ALL_FIELDS.replace("HOOK", hook))
                headers[name, hook[1:4]] = given.policy.rules[0].attach_point.header
    assert headers == {
        (name, hook): "none" if name == "pdtun" else "ethernet"
        for name in ("lo", "pdv0", "pdbr", "pdtap", "pdtun")
        for hook in ("xdp", "tc:")
    }


@pytest.mark.parametrize("hook", [TC % ("pdtun", "ingress"), XDP % ("pdtun", "generic")])
def test_packets_without_an_ethernet_header_are_read(host: Host, hook: str) -> None:
    frames = [frame[14:] for name, frame in SAMPLES.items() if name.startswith("ip") and "another version" not in name]
    packets = [packet[:end] for packet in frames for end in (*range(1, len(packet), 3), len(packet))]
    with devices.tun("pdtun") as fd:
        probe = Probe(host, hook)
        found = []
        for packet in packets:
            os.write(fd, packet)
            found += arrived(probe, 1)
        host.delete_all()
    for packet, each in zip(packets, found, strict=True):
        del each["interface"]
        assert each == oracle.packet(packet), packet.hex()


def test_packets_that_leave_without_an_ethernet_header_are_read(host: Host) -> None:
    with devices.tun("pdtun") as fd:
        devices.ip("addr", "add", "192.0.2.1/24", "dev", "pdtun")
        probe = Probe(host, TC % ("pdtun", "egress"))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.bind(("192.0.2.1", 4001))
            out.sendto(b"hello", ("192.0.2.2", 4002))
        found = probe.wait({"dst.port": 4002})
        host.delete_all()
        sent = next(packet for packet in iter(lambda: os.read(fd, 2048), b"") if packet[22:24] == (4002).to_bytes(2, "big"))
    del found["interface"]
    assert found == oracle.packet(sent)
    assert not {"eth.src", "eth.dst", "vlan.id"} & found.keys()


@pytest.mark.parametrize("name", ["ip4 tcp", "ip4 options", "ip6 all extensions", "ip6 udp"])
def test_headers_beyond_the_linear_part_are_read_without_an_ethernet_header_too(host: Host, name: str) -> None:
    with devices.tun("pdtun"), foreign("tcx", "egress") as witness, witness.attached("pdtun"):
        probe = Probe(host, TC % ("pdtun", "egress"))
        devices.send_in_pages("pdtun", SAMPLES[name][14:])
        (found,) = arrived(probe, 1)
        assert witness.linear == 0, "the test must send what it says"
        host.delete_all()
    del found["interface"]
    assert found == oracle.packet(SAMPLES[name][14:])


def test_a_tap_device_has_ethernet_headers(host: Host) -> None:
    with devices.tun("pdtap", ethernet=True) as fd:
        probe = Probe(host, TC % ("pdtap", "ingress"))
        os.write(fd, SAMPLES["two vlans"])
        (found,) = arrived(probe, 1)
        host.delete_all()
    del found["interface"]
    assert found == received(SAMPLES["two vlans"])


def test_one_rule_reads_packets_of_interfaces_with_and_without_ethernet(host: Host) -> None:
    """Each is an attach point with a program of its own."""
    devices.make_pair()
    text = p.ALL_FIELDS.replace("HOOK", "{tc: {interfaces: ['pd*'], direction: ingress}}").replace(
        "outputs: [", "outputs: [{counter: {name: seen_total, by: {where: hook.name, inside: eth.type, port: dst.port}}}, "
    )
    with devices.tun("pdtun") as fd:
        host.apply(text)
        assert len(host.kernel.list("hooks")) == 3
        for _ in range(3):
            os.write(fd, SAMPLES["ip4 udp"][14:])
            devices.send_frames("pdv0", [SAMPLES["ip6 tcp"]])
        counted = open_policy(host.kernel, "probe").metrics()["seen_total"]
        host.delete_all()
    found = {tuple(labels[name] for name in ("where", "inside", "port")): number for labels, number in counted}
    assert found == {("pdtun", "ip", "53"): 3, ("pdv1", "ipv6", "443"): 3}


# ------------------------------------------------------------------------------------------------ sockets

TALK = """
import socket, sys
open(sys.argv[1], "w").write(str(__import__("os").getpid()))
kind = socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
with socket.socket(kind, socket.SOCK_DGRAM) as one, socket.socket(kind, socket.SOCK_DGRAM) as other:
    one.bind((sys.argv[2], 4003)); other.bind((sys.argv[2], 4004))
    one.sendto(b"hello", (sys.argv[2], 4004)); other.recv(9)
"""


@pytest.mark.parametrize("name", ["skb_ingress", "skb_egress"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_cgroups_packets_are_read_from_their_ip_header_on(host: Host, name: str, address: str) -> None:
    with devices.cgroup() as path:
        probe = Probe(host, f"{{cgroup: {{name: {name}, path: {path}}}}}")
        subprocess.run([sys.executable, "-c", TALK, str(path / "cgroup.procs"), address], check=True)
        (found,) = probe.events(1)
        host.delete_all()
    six = address == "::1"
    assert found["interface"] == socket.if_nametoindex("lo")
    wanted = {"src.ip": p.as_kept(address), "dst.ip": p.as_kept(address), "src.port": 4003, "dst.port": 4004}
    wanted |= {"protocol": 17, "udp.length": 13, "packet.length": 53 if six else 33, "family": 10 if six else 2}
    assert wanted.items() <= found.items()
    assert not {"eth.src", "eth.dst", "vlan.id"} & found.keys()


@pytest.mark.parametrize("hook", [TC % ("lo", "ingress"), TC % ("lo", "egress"), XDP % ("lo", "generic")])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_loopback_interface_has_ethernet_headers(host: Host, hook: str, address: str) -> None:
    probe = Probe(host, hook)
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"hello", (address, 4005))
    found = probe.wait({"dst.port": 4005, "eth.src": bytes(6), "src.ip": p.as_kept(address)})
    assert found["interface"] == socket.if_nametoindex("lo")
    assert found["packet.length"] == 14 + (53 if ":" in address else 33)


def test_packets_behind_generic_xdp_on_loopback_are_read_without_their_ethernet_header(host: Host) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    counter = "{counter: {name: %s_total, by: [protocol, dst.port]}}"
    rules = [
        f"{{name: {name}, hook: {hook}, outputs: [{counter % name}]}}"
        for name, hook in (
            ("dropper", XDP % ("lo", "generic")),
            ("arrived", TC % ("lo", "ingress")),
            ("left", TC % ("lo", "egress")),
        )
    ]
    host.apply(
        "{apiVersion: policyd.dev/v1alpha1, kind: Policy, metadata: {name: both}, spec: {rules: [" + ", ".join(rules) + "]}}"
    )
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            for _ in range(5):
                sender.sendto(b"x" * 100, (address, 4242))
    metrics = open_policy(host.kernel, "both").metrics()
    for name in ("dropper_total", "arrived_total", "left_total"):
        assert [value for labels, value in metrics[name] if labels["dst_port"] == "4242"] == [10], name
