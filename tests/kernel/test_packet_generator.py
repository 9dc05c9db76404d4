"""Packets that hypothesis makes up, whole and malformed: each field and each operator holds what the oracle reads in them.

The programs are run on frames by `BPF_PROG_TEST_RUN`.  Examples are the same in every run (`derandomize`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import packet_oracle as oracle
import packets as p
import pytest
from conftest import Host
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from network import private_network
from packet_strategies import FRAMES
from packets import Probe, Values

from policyd.kernel.bpf.programs import run_on_packet
from policyd.reading.policy import open_policy
from policyd.vocabulary.fields import FIELDS, Field
from policyd.vocabulary.operators import OPERATORS, fits
from policyd.vocabulary.types import Shape

pytestmark = pytest.mark.kernel

XDP = "{xdp: {interfaces: [lo], mode: generic}}"
TC = "{tc: {interfaces: [lo], direction: ingress}}"
MANY = st.lists(FRAMES, min_size=25, max_size=25)
LO = 1
"""The interface that test runs happen on."""


@pytest.fixture(autouse=True)
def _network() -> Iterator[None]:
    with private_network():
        yield


def steady(examples: int) -> settings:
    """Examples that do not change, made smaller once one fails; each has 25 frames."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    phases = (Phase.generate, Phase.shrink)
    return settings(derandomize=True, max_examples=examples, database=None, phases=phases, suppress_health_check=slow)


def runnable(hook: str, frame: bytes) -> bool:
    """Whether the kernel runs a program on it: as an skb, an IP header must be whole (bpf_prog_test_run_skb)."""
    short = {b"\x08\x00": 34, b"\x86\xdd": 54}.get(frame[12:14], 15)
    return hook == XDP or len(frame) >= short


# ------------------------------------------------------------------------------------------------ fields


@pytest.mark.parametrize(("host", "hook"), [("clang", XDP), ("clang", TC), ("bcc", XDP)], indirect=["host"])
def test_every_field_of_made_up_packets_is_what_is_in_them(host: Host, hook: str) -> None:
    probe = Probe(host, hook)

    @steady(100 if host.builder == "clang" else 8)
    @given(MANY)
    def check(made: list[bytes]) -> None:
        made = [frame for frame in made if runnable(hook, frame)]
        for frame, found in zip(made, probe.run(*made), strict=True):
            assert found == oracle.frame(frame) | {"interface": LO}, frame.hex()

    check()


# ------------------------------------------------------------------------------------------------ operators


@dataclass(frozen=True)
class Leaf:
    """A filter, and what it says of a value; `absent`: what it says of none."""

    field: str
    operator: str
    text: str
    meets: Callable[[int | bytes], bool]
    absent: bool = False

    @property
    def spelled(self) -> str:
        return f"field: {self.field}, operator: {self.operator}{self.text}"

    def matches(self, values: Values) -> bool:
        return self.meets(values[self.field]) if self.field in values else self.absent


def _number(row: Field) -> tuple[int, ...]:
    """Return two numbers that packets have in this field, the smaller one first."""
    special = {"family": (2, 10), "protocol": (6, 17), "eth.type": (p.IP4, p.IP6), "packet.length": (54, 60)}
    special |= {"interface": (0, LO), "vlan.id": (1, 100), "vlan.priority": (3, 5), "ip.dscp": (31, 32), "ip.ecn": (1, 2)}
    special |= {
        "fragment.offset": (8, 1480),
        "fragment.id": (53, 0xABCD),
        "ip6.flow_label": (1, 0x1234),
        "ip4.length": (40, 256),
        "ip6.length": (8, 256),
        "tcp.flags": (0x12, 0x24),
    }
    if row.type.kind == "bool":
        return 0, 1
    return special.get(row.path, {1: (2, 128), 2: (53, 443), 4: (1, 0x7FFFFFFF)}[row.type.size])


def _of_numbers(row: Field) -> Iterator[tuple[str, str, Callable[[int], bool]]]:
    low, high = _number(row)
    words = {0: "'false'", 1: "'true'"} if row.type.kind == "bool" else {}
    a, b = words.get(low, str(low)), words.get(high, str(high))
    yield "Equal", a, lambda n: n == low
    yield "NotEqual", b, lambda n: n != high
    yield "In", f"{a}, {b}", lambda n: n in (low, high)
    yield "NotIn", f"{a}, {b}", lambda n: n not in (low, high)
    yield "Less", b, lambda n: n < high
    yield "LessOrEqual", a, lambda n: n <= low
    yield "Greater", a, lambda n: n > low
    yield "GreaterOrEqual", b, lambda n: n >= high
    yield "InRange", f"{low}..{high}", lambda n: low <= n <= high
    yield "NotInRange", f"{low}..{high}", lambda n: not low <= n <= high
    yield "AllBits", b, lambda n: n & high == high
    yield "AnyBits", b, lambda n: n & high != 0
    yield "NoBits", b, lambda n: n & high == 0


def _of_addresses(row: Field) -> Iterator[tuple[str, str, Callable[[bytes], bool]]]:
    four, six = (p.as_kept(text) for text in (p.SRC4, p.DST6))
    networks = [ipaddress.ip_network(text) for text in ("192.0.2.0/24", "2001:db8:ffff::/48")]

    def inside(value: bytes) -> bool:
        found = ipaddress.IPv6Address(value)
        address = found.ipv4_mapped or found
        return any(address in network for network in networks if network.version == address.version)

    yield "Equal", p.SRC4, lambda value: value == four
    yield "NotEqual", f"'{p.DST6}'", lambda value: value != six
    yield "In", f"{p.SRC4}, '{p.DST6}'", lambda value: value in (four, six)
    yield "NotIn", f"{p.SRC4}, '{p.DST6}'", lambda value: value not in (four, six)
    yield "InCIDR", "192.0.2.0/24, '2001:db8:ffff::/48'", inside
    yield "NotInCIDR", "192.0.2.0/24, '2001:db8:ffff::/48'", lambda value: not inside(value)


def _of_bytes(row: Field) -> Iterator[tuple[str, str, Callable[[bytes], bool]]]:
    one, other = p.mac(p.SRC_MAC), p.mac(p.DST_MAC)
    yield "Equal", f"'{p.SRC_MAC}'", lambda value: value == one
    yield "NotEqual", f"'{p.SRC_MAC}'", lambda value: value != one
    yield "In", f"'{p.SRC_MAC}', '{p.DST_MAC}'", lambda value: value in (one, other)
    yield "NotIn", f"'{p.SRC_MAC}', '{p.DST_MAC}'", lambda value: value not in (one, other)


_FORMS = {Shape.NUMBER: _of_numbers, Shape.ADDRESS: _of_addresses, Shape.BYTES: _of_bytes}


def leaves_of(row: Field) -> Iterator[Leaf]:
    """Yield a filter for each operator that fits a field."""
    yield Leaf(row.path, "Exists", "", lambda _: True)
    yield Leaf(row.path, "DoesNotExist", "", lambda _: False, absent=True)
    for name, values, meets in _FORMS[row.type.shape](row):
        operator = OPERATORS[name]
        if fits(operator, row.type):
            key = "value" if operator.arity == "one" else "values"
            text = f", {key}: {values if key == 'value' else f'[{values}]'}"
            yield Leaf(row.path, name, text, meets, operator.negative)


LEAVES = [leaf for row in FIELDS if row.context == "packet" for leaf in leaves_of(row)]
HEAD = "apiVersion: policyd.dev/v1alpha1\nkind: Policy\nmetadata: {name: probe}\nspec:\n  events: {buffer: 4Mi}\n  rules:\n"


def policy(leaves: list[Leaf]) -> str:
    """Return a policy with a rule a filter, after one that matches every packet."""
    output = "outputs: [{event: {fields: [packet.length]}}]"
    rules = [f"    - {{name: all, hook: HOOK, {output}}}\n"]
    rules += [
        f"    - {{name: r{n}, hook: HOOK, filters: [{{{leaf.spelled}}}], {output}}}\n" for n, leaf in enumerate(leaves)
    ]
    return HEAD + "".join(rules)


def matched(host: Host) -> Iterator[set[int]]:
    """Yield the numbers of the rules that matched each packet: the events of one follow that of `all`."""
    found: list[set[int]] = []
    for event in open_policy(host.kernel, "probe").events():
        if event.origin.rule == "all":
            found.append(set())
        else:
            found[-1].add(int(event.origin.rule[1:]))
    yield from found


def test_every_operator_on_every_field_holds_for_made_up_packets_as_it_says(host: Host) -> None:
    probe = Probe(host, XDP, policy(LEAVES))
    told: set[tuple[int, bool]] = set()

    @steady(10)
    @given(MANY)
    def check(made: list[bytes]) -> None:
        for frame in made:
            run_on_packet(fd, frame)
        for frame, found in zip(made, matched(host), strict=True):
            values = oracle.frame(frame) | {"interface": LO}
            wanted = {number for number, leaf in enumerate(LEAVES) if leaf.matches(values)}
            assert found == wanted, (frame.hex(), [LEAVES[number].spelled for number in sorted(found ^ wanted)])
            told.update((number, number in wanted) for number in range(len(LEAVES)))

    with probe.program() as fd:
        check()
    telling = {(leaf.field, leaf.operator) for n, leaf in enumerate(LEAVES) if {(n, True), (n, False)} <= told}
    assert {field for field, _ in telling} == {leaf.field for leaf in LEAVES} - {"interface"}, "what is the same for all"
    assert {operator for _, operator in telling} == {leaf.operator for leaf in LEAVES}
