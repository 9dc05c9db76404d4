"""Every operator that fits fields of packets, on every shape of packet: literal values, long lists, and params."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import packet_oracle as oracle
import packets as p
import pytest
from network import private_network
from packets import Probe, Values

from policyd.kernel.bpf.programs import run_on_packet
from policyd.reading.policy import open_policy

if TYPE_CHECKING:
    from conftest import Host

pytestmark = pytest.mark.kernel

Value = int | bytes


@dataclass(frozen=True)
class Leaf:
    """A filter, whether a value that is there meets it, and whether an absent one does."""

    field: str
    text: str
    meets: Callable[[Value], bool]
    absent: bool = False

    def matches(self, values: Values) -> bool:
        return self.meets(values[self.field]) if self.field in values else self.absent


def number(meets: Callable[[int], bool]) -> Callable[[Value], bool]:
    return lambda value: isinstance(value, int) and meets(value)


def inside(*networks: str) -> Callable[[Value], bool]:
    """IPv4 networks hold IPv4 (and IPv4-mapped) addresses, IPv6 networks the others."""
    found = [ipaddress.ip_network(network) for network in networks]

    def meets(value: Value) -> bool:
        assert isinstance(value, bytes)
        six = ipaddress.IPv6Address(value)
        address = six.ipv4_mapped or six
        return any(address in network for network in found if network.version == address.version)

    return meets


def outside(*networks: str) -> Callable[[Value], bool]:
    holds = inside(*networks)
    return lambda value: not holds(value)


def equal(*values: Value) -> Callable[[Value], bool]:
    return lambda value: value in values


def other(*values: Value) -> Callable[[Value], bool]:
    return lambda value: value not in values


def one(operator: str, value: str) -> str:
    return f"operator: {operator}, value: '{value}'"


def many(operator: str, values: str) -> str:
    return f"operator: {operator}, values: [{values}]"


def param(operator: str, name: str) -> str:
    return f"operator: {operator}, valuesFrom: {{param: {name}}}"


MANY_PORTS = (443, 53, *range(10000, 10040))
MANY_NETWORKS = ("192.0.2.0/24", "2001:db8::/48", *(f"10.{n}.0.0/16" for n in range(20)))
PARAMS = {
    "web": ("port", ("443", "8443")),
    "nets4": ("cidr", ("192.0.2.0/25", "10.0.0.0/8")),
    "nets6": ("cidr", ("2001:db8::/64",)),
    "all4": ("cidr", ("0.0.0.0/0",)),
    "all6": ("cidr", ("::/0",)),
    "both": ("cidr", ("::/0", "10.0.0.0/8")),
    "nested": ("cidr", ("2000::/3", "2001:db8::1/128")),
    "nothing": ("cidr", ()),
    "no_ports": ("port", ()),
    "macs": ("mac", ("02:00:00:00:00:01",)),
    "hosts": ("ip", ("192.0.2.1", "2001:db8::1")),
    "protocols": ("protocol", ("udp", "sctp")),
    "limit": ("u8", "3"),
}
LEAVES = (
    Leaf("dst.port", one("Equal", "443"), equal(443)),
    Leaf("dst.port", one("NotEqual", "443"), other(443), absent=True),
    Leaf("dst.port", many("In", "443, 53"), equal(443, 53)),
    Leaf("dst.port", many("NotIn", "443, 53"), other(443, 53), absent=True),
    Leaf("dst.port", many("In", ", ".join(map(str, MANY_PORTS))), equal(*MANY_PORTS)),
    Leaf("dst.port", many("NotIn", ", ".join(map(str, MANY_PORTS))), other(*MANY_PORTS), absent=True),
    Leaf("dst.port", one("Less", "443"), number(lambda n: n < 443)),
    Leaf("dst.port", one("LessOrEqual", "443"), number(lambda n: n <= 443)),
    Leaf("dst.port", one("Greater", "443"), number(lambda n: n > 443)),
    Leaf("dst.port", one("GreaterOrEqual", "443"), number(lambda n: n >= 443)),
    Leaf("dst.port", many("InRange", "53..443, 5000..5001"), number(lambda n: 53 <= n <= 443 or 5000 <= n <= 5001)),
    Leaf("dst.port", many("NotInRange", "0..442"), number(lambda n: n > 442), absent=True),
    Leaf("dst.port", param("In", "web"), equal(443, 8443)),
    Leaf("dst.port", param("NotIn", "web"), other(443, 8443), absent=True),
    Leaf("dst.port", param("In", "no_ports"), equal()),
    Leaf("dst.port", param("NotIn", "no_ports"), other(), absent=True),
    Leaf("ip.ttl", param("LessOrEqual", "limit"), number(lambda n: n <= 3)),
    Leaf("ip.ttl", param("Greater", "limit"), number(lambda n: n > 3)),
    Leaf("tcp.flags", many("AllBits", "SYN, ACK"), number(lambda n: n & 0x12 == 0x12)),
    Leaf("tcp.flags", many("AnyBits", "RST, URG"), number(lambda n: n & 0x24 != 0)),
    Leaf("tcp.flags", many("NoBits", "RST, FIN"), number(lambda n: n & 5 == 0), absent=True),
    Leaf("tcp.flags", one("Equal", "SYN|ACK"), equal(0x12)),
    Leaf("tcp.seq", one("Equal", "4294967295"), equal(0xFFFFFFFF)),
    Leaf("tcp.ack", one("GreaterOrEqual", "4294967294"), number(lambda n: n >= 0xFFFFFFFE)),
    Leaf("tcp.window", one("Equal", "65535"), equal(0xFFFF)),
    Leaf("tcp.dst_port", "operator: Exists", lambda _: True),
    Leaf("udp.length", "operator: DoesNotExist", lambda _: False, absent=True),
    Leaf("vlan.id", "operator: Exists", lambda _: True),
    Leaf("vlan.id", "operator: DoesNotExist", lambda _: False, absent=True),
    Leaf("vlan.priority", one("Greater", "4"), number(lambda n: n > 4)),
    Leaf("eth.type", many("In", "arp, ipv6"), equal(p.ARP, p.IP6)),
    Leaf("eth.src", one("Equal", p.SRC_MAC), equal(p.mac(p.SRC_MAC))),
    Leaf("eth.dst", one("NotEqual", p.SRC_MAC), other(p.mac(p.SRC_MAC)), absent=True),
    Leaf("eth.src", param("In", "macs"), equal(p.mac(p.SRC_MAC))),
    Leaf("eth.dst", param("In", "macs"), equal(p.mac(p.SRC_MAC))),
    Leaf("family", one("Equal", "AF_INET6"), equal(10)),
    Leaf("protocol", many("In", "tcp, icmpv6"), equal(p.TCP, p.ICMP6)),
    Leaf("protocol", param("In", "protocols"), equal(p.UDP, p.SCTP)),
    Leaf("protocol", many("NotIn", "tcp"), other(p.TCP), absent=True),
    Leaf("ip.fragment", one("Equal", "true"), equal(1)),
    Leaf("icmp.type", one("Equal", "135"), equal(135)),
    Leaf("packet.length", one("Greater", "100"), number(lambda n: n > 100)),
    Leaf("src.ip", one("Equal", p.SRC4), equal(p.as_kept(p.SRC4))),
    Leaf("src.ip", one("NotEqual", p.SRC6), other(p.as_kept(p.SRC6)), absent=True),
    Leaf("src.ip", many("In", f"{p.SRC4}, '{p.SRC6}'"), equal(p.as_kept(p.SRC4), p.as_kept(p.SRC6))),
    Leaf("src.ip", param("In", "hosts"), equal(p.as_kept(p.SRC4), p.as_kept(p.SRC6))),
    Leaf("src.ip", many("InCIDR", "192.0.2.0/24"), inside("192.0.2.0/24")),
    Leaf("src.ip", many("NotInCIDR", "192.0.2.0/24"), outside("192.0.2.0/24"), absent=True),
    Leaf("src.ip", many("InCIDR", "0.0.0.0/0"), inside("0.0.0.0/0")),
    Leaf("src.ip", many("InCIDR", "'::/0'"), inside("::/0")),
    Leaf("src.ip", many("NotInCIDR", "'::/0'"), outside("::/0"), absent=True),
    Leaf("dst.ip", many("InCIDR", "'2001:db8::/127', 10.0.0.1"), inside("2001:db8::/127", "10.0.0.1")),
    Leaf("src.ip", many("InCIDR", ", ".join(f"'{n}'" for n in MANY_NETWORKS)), inside(*MANY_NETWORKS)),
    Leaf("dst.ip", many("NotInCIDR", ", ".join(f"'{n}'" for n in MANY_NETWORKS)), outside(*MANY_NETWORKS), absent=True),
    Leaf("src.ip", param("InCIDR", "nets4"), inside("192.0.2.0/25", "10.0.0.0/8")),
    Leaf("dst.ip", param("NotInCIDR", "nets4"), outside("192.0.2.0/25", "10.0.0.0/8"), absent=True),
    Leaf("src.ip", param("InCIDR", "nets6"), inside("2001:db8::/64")),
    Leaf("src.ip", param("InCIDR", "all4"), inside("0.0.0.0/0")),
    Leaf("src.ip", param("InCIDR", "all6"), inside("::/0")),
    Leaf("src.ip", param("NotInCIDR", "all6"), outside("::/0"), absent=True),
    Leaf("dst.ip", param("InCIDR", "both"), inside("::/0", "10.0.0.0/8")),
    Leaf("dst.ip", param("InCIDR", "nested"), inside("2000::/3")),
    Leaf("src.ip", param("InCIDR", "nothing"), equal()),
    Leaf("src.ip", param("NotInCIDR", "nothing"), other(), absent=True),
    Leaf("ip6.src", param("InCIDR", "nets4"), inside("192.0.2.0/25", "10.0.0.0/8")),
    Leaf("ip4.dst", many("InCIDR", "198.51.100.0/24"), inside("198.51.100.0/24")),
)


def policy() -> str:
    declared = "".join(f"    {name}: {{type: {kind}, {_values(values)}}}\n" for name, (kind, values) in PARAMS.items())
    rules = "".join(
        f"    - {{name: r{at}, hook: HOOK, filters: [{{field: {leaf.field}, {leaf.text}}}], "
        "outputs: [{event: {fields: [packet.length]}}]}\n"
        for at, leaf in enumerate(LEAVES)
    )
    head = "apiVersion: policyd.dev/v1alpha1\nkind: Policy\nmetadata: {name: probe}\nspec:\n"
    return f"{head}  params:\n{declared}  rules:\n{rules}"


def _values(values: str | tuple[str, ...]) -> str:
    if isinstance(values, str):
        return f"value: {values}"
    return "values: [" + ", ".join(f"'{value}'" for value in values) + "]"


@pytest.fixture(autouse=True)
def _network() -> Iterator[None]:
    with private_network():
        yield


@pytest.mark.parametrize(
    "hook", ["{xdp: {interfaces: [lo], mode: generic}}", "{tc: {interfaces: [lo], direction: ingress}}"]
)
def test_an_operator_holds_for_the_packets_that_it_says(host: Host, hook: str) -> None:
    probe = Probe(host, hook, policy())
    wrong = []
    with probe.program() as fd:
        for name, frame in p.samples().items():
            run_on_packet(fd, frame)
            found = {event.origin.rule for event in open_policy(host.kernel, "probe").events()}
            values = oracle.frame(frame)
            for at, leaf in enumerate(LEAVES):
                if leaf.matches(values) != (f"r{at}" in found):
                    wrong.append((name, leaf.field, leaf.text, values.get(leaf.field)))
    assert not wrong


def test_every_leaf_tells_some_packet_from_another() -> None:
    """A filter that all packets meet, or none, would prove little: empty lists are meant to."""
    every = [oracle.frame(frame) for frame in p.samples().values()]
    same = {leaf.text for leaf in LEAVES if len({leaf.matches(values) for values in every}) == 1}
    assert same == {param("In", "no_ports"), param("NotIn", "no_ports"), param("InCIDR", "nothing"),
                    param("NotInCIDR", "nothing"), one("Equal", p.SRC_MAC), one("NotEqual", p.SRC_MAC),
                    param("In", "macs")}  # fmt: skip


def test_a_list_param_is_exchanged_under_the_running_program(host: Host) -> None:
    probe = Probe(host, "{xdp: {interfaces: [lo], mode: generic}}", policy())
    before = host.kernel.list(f"hooks/{probe.hook_id}")
    with probe.program() as fd:
        id_before = host.kernel.program_info(fd).id
    changed = policy().replace("'192.0.2.0/25', '10.0.0.0/8'", "'203.0.113.0/24'")
    assert changed != policy()
    host.apply(changed.replace("HOOK", probe.hook))
    row = next(at for at, leaf in enumerate(LEAVES) if leaf.text == param("InCIDR", "nets4"))
    with probe.program() as fd:
        assert host.kernel.program_info(fd).id == id_before
        run_on_packet(fd, p.ether(p.IP4, p.ip4(p.UDP, p.udp())))
        run_on_packet(fd, p.ether(p.IP4, p.ip4(p.UDP, p.udp(), src="203.0.113.9")))
    events = [event.origin.rule for event in open_policy(host.kernel, "probe").events()]
    assert events.count(f"r{row}") == 1
    assert host.kernel.list(f"hooks/{probe.hook_id}") == before
