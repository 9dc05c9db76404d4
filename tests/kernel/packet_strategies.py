"""Packets by the rules of their formats, and against them: what hypothesis draws for the tests of packet fields.

Every layer can lie: about its length, about what comes next, about being a fragment.  A frame can be padded, as short ones
are on a wire, cut anywhere from the end of its Ethernet header on, or have bytes that are others.  What hypothesis draws is
one text of bytes a frame, each of which makes a choice: zeros, to which it shrinks a failure, are the plain ones.
"""

from __future__ import annotations

from typing import TypeVar

import packets as p
from hypothesis import strategies as st

T = TypeVar("T")

MACS = (p.SRC_MAC, p.DST_MAC, "ff:ff:ff:ff:ff:ff")
SOURCES4, SOURCES6 = (p.SRC4, p.DST4, "0.0.0.0", "255.255.255.255"), (p.SRC6, p.DST6, "::", "::ffff:192.0.2.1")
PORTS = (443, 53, 0, 1024, 65535)
BYTES, SHORTS = (2, 128, 0, 1, 127, 255), (40, 53, 443, 0, 1, 8, 20, 256, 65535)
WORDS = (1, 0x7FFFFFFF, 0, 0x1234, 0x80000000, 0xFFFFFFFF)
TYPES = (p.IP4, p.IP6, p.ARP, p.TAG, p.SERVICE_TAG, 0, 0x88B5)
PROTOCOLS = (p.TCP, p.UDP, p.TCP, p.UDP, p.ICMP, p.ICMP6, p.SCTP, p.DCCP, p.UDP_LITE, p.ESP, p.NO_NEXT, 135, 255)
CHAINED = (p.FRAGMENT, p.HOP_BY_HOP, p.ROUTING, p.AH, p.OPTIONS)


class Choices:
    """Choices by the bytes of `drawn`, one each; when they are used up, every choice is the first."""

    def __init__(self, drawn: bytes) -> None:
        self._drawn = iter(drawn)

    def number(self, below: int) -> int:
        return next(self._drawn, 0) % below

    def of(self, *options: T) -> T:
        return options[self.number(len(options))]

    def once_in(self, times: int) -> bool:
        return self.number(times) == times - 1


def transport(choose: Choices, protocol: int) -> bytes:
    """What follows an IP header, whole or cut, by its protocol."""
    src, dst = choose.of(*PORTS), choose.of(*PORTS)
    if protocol == p.TCP:
        fields = {"seq": choose.of(*WORDS), "ack": choose.of(*WORDS), "window": choose.of(*SHORTS)}
        whole = p.tcp(src, dst, choose.of(0x12, 0x24, 0, 2, 0xFF, 0x29, choose.number(256)), **fields)
    elif protocol in {p.UDP, p.UDP_LITE}:
        whole = p.udp(src, dst, length=choose.of(*SHORTS))
    elif protocol in {p.ICMP, p.ICMP6}:
        whole = p.icmp(choose.of(*BYTES), choose.of(*BYTES))
    else:
        whole = p.dccp(src, dst) if protocol == p.DCCP else p.sctp(src, dst)
    return whole[: choose.of(None, None, None, None, None, None, None, None, len(whole) - 1, 8, 7, 4, 3, 1, 0)]


def packet4(choose: Choices) -> bytes:
    protocol = choose.of(*PROTOCOLS)
    fields = {"ttl": choose.of(*BYTES), "service": choose.number(256), "id": choose.of(*SHORTS)}
    if choose.once_in(3):  # do not fragment, more fragments, the reserved bit; offsets in units of 8
        fields["fragment"] = choose.of(0x2000, 0, 0x4000, 0x8000) | choose.of(0, 1, 185, 0x1FFF)
    if choose.once_in(4):
        fields["length"] = choose.of(*SHORTS)
    if choose.once_in(6):
        fields["words"] = choose.number(16)
    options = b"\x01" * (4 * choose.of(0, 0, 0, 1, 10))
    src, dst = choose.of(*SOURCES4), choose.of(*SOURCES4)
    return p.ip4(protocol, transport(choose, protocol), src, dst, options, **fields)


def packet6(choose: Choices) -> bytes:
    next_ = choose.of(*PROTOCOLS)
    inner = transport(choose, next_)
    for _ in range(choose.of(0, 0, 1, 1, 2, 3, 6)):  # from the last header to the first
        kind = choose.of(*CHAINED)
        inner, next_ = _before(choose, kind, next_, inner), kind
    if choose.once_in(16):  # about as many as are followed
        for _ in range(14 + choose.number(5)):
            inner, next_ = p.extension(next_, inner), p.OPTIONS
    label = 0 if choose.once_in(2) else choose.of(*WORDS) & 0xFFFFF
    fields = {"hops": choose.of(*BYTES), "service": choose.number(256), "label": label}
    if choose.once_in(4):
        fields["length"] = choose.of(*SHORTS)
    src, dst = choose.of(*SOURCES6), choose.of(*SOURCES6)
    return p.ip6(next_, inner, src, dst, **fields)


def _before(choose: Choices, kind: int, next_: int, inner: bytes) -> bytes:
    if kind == p.FRAGMENT:
        return p.fragment6(next_, inner, choose.of(0, 0, 8, 1448, 65528), choose.once_in(2))
    if kind == p.AH:
        return p.authentication(next_, inner, choose.of(12, 16, 32))
    made = p.extension(next_, inner, choose.of(0, 0, 1, 7))
    return made[:1] + bytes([choose.number(256)]) + made[2:] if choose.once_in(10) else made  # its length lies


def frame(drawn: bytes) -> bytes:
    """Return an Ethernet frame, 14 bytes at the least."""
    choose = Choices(drawn)
    make, type_ = choose.of(
        (packet4, p.IP4), (packet6, p.IP6), (packet4, p.IP4), (packet6, p.IP6), (packet4, choose.of(*TYPES))
    )
    tags = [choose.of(p.TAG, p.SERVICE_TAG) for _ in range(choose.of(0, 0, 0, 1, 2, 3))]
    inside = make(choose)
    for tag in tags:
        inside, type_ = p.tag(choose.of(100, 1, 0, 4095), type_, inside, choose.number(8)), tag
    found = bytearray(p.ether(type_, inside, choose.of(*MACS), choose.of(*MACS)))
    for _ in range(choose.of(0, 0, 0, 1, 2)):
        at = 12 + choose.number(80)
        found[at : at + 1] = bytes([choose.of(*BYTES)])[: len(found[at : at + 1])]
    end = 14 + choose.number(max(1, min(len(found) - 13, 256))) if choose.once_in(4) else len(found)
    return bytes(found[:end]).ljust(choose.of(0, 60), b"\xa5")


FRAMES = st.binary(min_size=64, max_size=64).map(frame)
