"""Packets made by hand, byte by byte, and a policy that says what policyd reads in each, to be compared with them.

`Probe` runs the programs of an applied policy on given bytes (`BPF_PROG_TEST_RUN`); `devices.py` sends them through real
interfaces.
"""

from __future__ import annotations

import ipaddress
import random
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policyd.kernel.bpf.programs import run_on_packet
from policyd.reading.policy import open_policy
from policyd.vocabulary.fields import FIELDS

if TYPE_CHECKING:
    from conftest import Host

Values = dict[str, int | bytes]

SRC_MAC, DST_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
SRC4, DST4 = "192.0.2.1", "198.51.100.7"
SRC6, DST6 = "2001:db8::1", "2001:db8:ffff::7"
IP4, ARP, TAG, IP6, SERVICE_TAG = 0x0800, 0x0806, 0x8100, 0x86DD, 0x88A8
HOP_BY_HOP, TCP, UDP, ROUTING, FRAGMENT, AH, ICMP6, NO_NEXT, OPTIONS = 0, 6, 17, 43, 44, 51, 58, 59, 60
ICMP, DCCP, SCTP, UDP_LITE, ESP = 1, 33, 132, 136, 50

PATHS = tuple(row.path for row in FIELDS if row.context == "packet")
"""Every field of packets."""

# ------------------------------------------------------------------------------------------------ headers


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def address(text: str) -> bytes:
    """Return an address as it is in a packet: 4 bytes, or 16."""
    return ipaddress.ip_address(text).packed


def as_kept(text: str) -> bytes:
    """Return an address as policyd keeps all of them: 16 bytes, IPv4 as ::ffff:a.b.c.d."""
    packed = address(text)
    return packed if len(packed) == 16 else bytes(10) + b"\xff\xff" + packed


def ether(type_: int, payload: bytes = b"", src: str = SRC_MAC, dst: str = DST_MAC) -> bytes:
    return mac(dst) + mac(src) + struct.pack("!H", type_) + payload


def tag(vlan: int, type_: int, payload: bytes = b"", priority: int = 0) -> bytes:
    """Return what follows a tag's own type: its control bits, the type of what is inside, and that."""
    return struct.pack("!HH", priority << 13 | vlan, type_) + payload


def ip4(protocol: int, payload: bytes = b"", src: str = SRC4, dst: str = DST4, options: bytes = b"", **fields: int) -> bytes:
    """`fields`: ttl, service, id, fragment (flags and offset), length, words (the header's length in words of 4 bytes)."""
    words = fields.get("words", 5 + len(options) // 4)
    head = struct.pack(
        "!BBHHHBBH4s4s",
        4 << 4 | words,
        fields.get("service", 0),
        fields.get("length", 20 + len(options) + len(payload)),
        fields.get("id", 0x1234),
        fields.get("fragment", 0),
        fields.get("ttl", 64),
        protocol,
        0,
        address(src),
        address(dst),
    )
    return with_checksum(head + options) + payload


def with_checksum(header: bytes) -> bytes:
    """Put the checksum into an IPv4 header (the kernel looks at it)."""
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return header[:10] + struct.pack("!H", ~total & 0xFFFF) + header[12:]


def ip6(next_: int, payload: bytes = b"", src: str = SRC6, dst: str = DST6, **fields: int) -> bytes:
    """`fields`: hops, service, label, length."""
    word = 6 << 28 | fields.get("service", 0) << 20 | fields.get("label", 0)
    length, hops = fields.get("length", len(payload) & 0xFFFF), fields.get("hops", 64)
    return struct.pack("!IHBB", word, length, next_, hops) + address(src) + address(dst) + payload


def extension(next_: int, payload: bytes = b"", units: int = 0) -> bytes:
    """Return an extension header of 8 * (units + 1) bytes: hop by hop, destination options, routing (of padding)."""
    room = 8 * units + 6
    pads = b"".join(bytes([1, size - 2]) + bytes(size - 2) for size in _parts(room))
    return bytes([next_, units]) + pads + payload


def _parts(room: int) -> Iterator[int]:
    while room:
        size = min(room, 255 if room != 256 else 200)
        yield size
        room -= size


def fragment6(next_: int, payload: bytes = b"", offset: int = 0, more: bool = False) -> bytes:
    """`offset` in bytes, a multiple of 8."""
    return struct.pack("!BBHI", next_, 0, offset | more, 0xABCD) + payload


def authentication(next_: int, payload: bytes = b"", icv: int = 12) -> bytes:
    """Return an AH header, whose length counts words of 4 bytes less 2 (RFC 4302)."""
    return struct.pack("!BBHII", next_, (12 + icv) // 4 - 2, 0, 0x100, 1) + bytes(icv) + payload


def tcp(src: int = 40000, dst: int = 443, flags: int = 0x12, **fields: int) -> bytes:
    """`fields`: seq, ack, window."""
    seq, ack, window = fields.get("seq", 0x01020304), fields.get("ack", 0x05060708), fields.get("window", 0x7210)
    return struct.pack("!HHIIBBHHH", src, dst, seq, ack, 5 << 4, flags, window, 0, 0)


def udp(src: int = 40000, dst: int = 53, payload: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("!HHHH", src, dst, 8 + len(payload) if length is None else length, 0) + payload


def icmp(type_: int = 8, code: int = 0) -> bytes:
    return struct.pack("!BBHHH", type_, code, 0, 1, 1)


def sctp(src: int = 40000, dst: int = 3868) -> bytes:
    return struct.pack("!HHII", src, dst, 1, 0)


def dccp(src: int = 40000, dst: int = 5001) -> bytes:
    return struct.pack("!HHBBHI", src, dst, 4, 0, 0, 1) + bytes(4)


# ------------------------------------------------------------------------------------------------ samples


def samples() -> dict[str, bytes]:
    """Return one frame of every shape that there is to read, by what it shows."""
    return {
        "arp": ether(ARP, bytes(28)),
        "802.3 length": ether(38, b"\x42\x42\x03" + bytes(35)),
        "unknown type": ether(0x88B5, bytes(46)),
        "ip4 tcp": ether(IP4, ip4(TCP, tcp(), service=0xB9, ttl=3)),
        "ip4 tcp all flags": ether(IP4, ip4(TCP, tcp(flags=0xFF, seq=0xFFFFFFFF, ack=0xFFFFFFFE, window=0xFFFF))),
        "ip4 udp": ether(IP4, ip4(UDP, udp(payload=b"hello"), id=0xFFFE)),
        "ip4 icmp": ether(IP4, ip4(ICMP, icmp(3, 4))),
        "ip4 sctp": ether(IP4, ip4(SCTP, sctp())),
        "ip4 udp-lite": ether(IP4, ip4(UDP_LITE, udp(dst=5000))),
        "ip4 dccp": ether(IP4, ip4(DCCP, dccp())),
        "ip4 esp": ether(IP4, ip4(ESP, bytes(24))),
        "ip4 options": ether(IP4, ip4(UDP, udp(dst=4789), options=bytes([148, 4, 0, 0]) + bytes([1] * 36))),
        "ip4 first fragment": ether(IP4, ip4(UDP, udp(), fragment=0x2000)),
        "ip4 later fragment": ether(IP4, ip4(UDP, udp(), fragment=0x2000 | 185)),
        "ip4 last fragment": ether(IP4, ip4(TCP, tcp(), fragment=1)),
        "ip4 do not fragment": ether(IP4, ip4(TCP, tcp(), fragment=0x4000)),
        "ip4 tiny fragment": ether(IP4, ip4(TCP, tcp()[:8], fragment=0x2000)),
        "ip4 tiny fragment in a padded frame": ether(IP4, ip4(TCP, tcp()[:8], fragment=0x2000)).ljust(60, b"\x02"),
        "ip4 that ends before its ports": ether(IP4, ip4(UDP, b"", length=22)) + udp(),
        "ip4 that ends in its header": ether(IP4, ip4(UDP, udp(), length=12)),
        "ip4 without a length": ether(IP4, ip4(TCP, tcp(), length=0)),
        "ip4 longer than the frame": ether(IP4, ip4(TCP, tcp(), length=4000)),
        "ip4 of another version": ether(IP4, ip6(TCP, tcp())),
        "ip4 with a short header": ether(IP4, ip4(TCP, tcp(), words=4)),
        "ip4 with too long a header": ether(IP4, ip4(TCP, tcp(), words=15)),
        "ip6 tcp": ether(IP6, ip6(TCP, tcp(), label=0xABCDE, service=0x2E, hops=1)),
        "ip6 udp": ether(IP6, ip6(UDP, udp(payload=b"x"))),
        "ip6 icmp": ether(IP6, ip6(ICMP6, icmp(135, 0))),
        "ip6 sctp": ether(IP6, ip6(SCTP, sctp())),
        "ip6 that ends in its ports": ether(IP6, ip6(TCP, tcp(), length=2)),
        "ip6 that ends in its extension": ether(IP6, ip6(OPTIONS, extension(UDP, udp()), length=7)),
        "ip6 without a length": ether(IP6, ip6(UDP, udp(), length=0)),
        "ip6 of another version": ether(IP6, ip4(TCP, tcp()) + bytes(20)),
        "ip6 mapped": ether(IP6, ip6(TCP, tcp(), src="::ffff:192.0.2.1", dst="::ffff:10.0.0.1")),
        "ip6 hop by hop": ether(IP6, ip6(HOP_BY_HOP, extension(UDP, udp()))),
        "ip6 long options": ether(IP6, ip6(OPTIONS, extension(TCP, tcp(), units=7))),
        "ip6 routing": ether(IP6, ip6(ROUTING, extension(TCP, tcp(), units=2))),
        "ip6 authenticated": ether(IP6, ip6(AH, authentication(UDP, udp()))),
        "ip6 all extensions": ether(IP6, _chain()),
        "ip6 no next header": ether(IP6, ip6(NO_NEXT)),
        "ip6 first fragment": ether(IP6, ip6(FRAGMENT, fragment6(UDP, udp(), more=True))),
        "ip6 later fragment": ether(IP6, ip6(FRAGMENT, fragment6(UDP, udp(), offset=1448))),
        "ip6 atomic fragment": ether(IP6, ip6(FRAGMENT, fragment6(TCP, tcp()))),
        "ip6 later fragment of options": ether(IP6, ip6(FRAGMENT, fragment6(OPTIONS, extension(UDP, udp()), offset=8))),
        "ip6 mobility": ether(IP6, ip6(135, bytes([NO_NEXT, 0, 5, 0]) + bytes(4))),
        "ip6 many options": ether(IP6, ip6(OPTIONS, _options(12, extension(UDP, udp())))),
        "ip6 too many options": ether(IP6, ip6(OPTIONS, _options(40, extension(UDP, udp())))),
        "vlan": ether(TAG, tag(100, IP4, ip4(TCP, tcp()), priority=5)),
        "vlan of priority only": ether(TAG, tag(0, IP4, ip4(TCP, tcp()), priority=7)),
        "two vlans": ether(SERVICE_TAG, tag(200, TAG, tag(4095, IP6, ip6(UDP, udp())), priority=3)),
        "three vlans": ether(TAG, tag(1, TAG, tag(2, TAG, tag(3, IP4, ip4(TCP, tcp()))))),
    }


def _chain() -> bytes:
    inner = extension(TCP, tcp(dst=8443), units=1)
    inner = authentication(OPTIONS, inner, icv=16)
    inner = fragment6(AH, inner, more=True)
    inner = extension(FRAGMENT, inner, units=2)
    return ip6(HOP_BY_HOP, extension(OPTIONS, extension(ROUTING, inner)))


def _options(more: int, inner: bytes) -> bytes:
    for _ in range(more):
        inner = extension(OPTIONS, inner)
    return inner


def mutations(seed: int, number: int) -> Iterator[bytes]:
    """Yield frames with bytes changed, cut or put in, and frames of noise: the same ones for a seed."""
    dice = random.Random(seed)
    good = list(samples().values())
    for turn in range(number):
        data = bytearray(dice.choice(good) if turn % 8 else dice.randbytes(dice.randrange(14, 160)))
        for _ in range(dice.randrange(4)):
            data[dice.randrange(12, len(data))] = dice.choice((0, 1, 4, 6, 8, 0x45, 0x60, 60, 0xFF, dice.randrange(256)))
        if not dice.randrange(3):
            del data[max(14, dice.randrange(len(data))) :]
        yield bytes(data)


# ------------------------------------------------------------------------------------------------ what policyd reads

ALL_FIELDS = f"""
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: probe}}
spec:
  rules:
    - name: seen
      hook: HOOK
      outputs: [{{event: {{fields: [{", ".join(PATHS)}]}}}}]
"""


@dataclass
class Probe:
    """A policy that makes an event of each packet, with every field of packets, at one hook."""

    host: Host
    hook: str
    policy: str = ALL_FIELDS

    def __post_init__(self) -> None:
        self.host.apply(self.policy.replace("HOOK", self.hook))

    @property
    def hook_id(self) -> str:
        (found,) = self.host.kernel.list("hooks")
        return found

    def run(self, *frames: bytes) -> list[Values]:
        """Run the program on each frame (in its own process: nothing is attached to it) and return what it read."""
        found: list[Values] = []
        with self.program() as fd:
            for start in range(0, len(frames), 200):
                part = frames[start : start + 200]
                for frame in part:
                    run_on_packet(fd, frame)
                found += self.events(len(part))
        return found

    @contextmanager
    def program(self) -> Iterator[int]:
        fd = self.host.kernel.open(f"hooks/{self.hook_id}/program-0")
        assert fd is not None
        try:
            yield fd
        finally:
            self.host.kernel.close(fd)

    def events(self, number: int) -> list[Values]:
        """Return the values of just so many events, which are there now."""
        found = self.waiting()
        assert len(found) == number, f"{len(found)} events of {number} packets"
        return found

    def waiting(self) -> list[Values]:
        """Return the values of the events that are there now, those that are not absent, by path."""
        events = open_policy(self.host.kernel, "probe").events()
        assert not any(event.unread or event.undecided for event in events), "packets are never unread"
        return [values(event) for event in events]

    def shown(self) -> list[dict[str, Any]]:
        """Return the events that are there now, as JSON shows them."""
        return [event.fields for event in open_policy(self.host.kernel, "probe").events()]

    def wait(self, wanted: Values, seconds: float = 60) -> Values:
        """Return the first event that has these values; fail if none comes."""
        end = time.monotonic() + seconds
        seen: list[Values] = []
        while time.monotonic() < end:
            for found in self.waiting():
                if wanted.items() <= found.items():
                    return found
                seen.append(found)
            time.sleep(0.01)
        raise AssertionError(f"no packet with {wanted} in {seen}")


def values(event: Any) -> Values:
    pairs = zip(event.form.columns, event.values, strict=True)
    return {column.path: value for column, value in pairs if value is not None}


def running(host: Host) -> dict[str, tuple[int, int]]:
    """Return the link's and the program's id of each hook."""
    found = {}
    for hook in host.kernel.list("hooks"):
        fd = host.kernel.open(f"hooks/{hook}/link")
        assert fd is not None
        link = host.kernel.link_info(fd)
        found[hook] = link.id, link.program_id
        host.kernel.close(fd)
    return found
