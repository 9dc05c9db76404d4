"""What is in a packet, read by plain slicing: the second opinion on every field of packets.

Written from the RFCs and from the fields' descriptions, not from the C: a field that cannot be read is not in the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packets import Values

TAGS = {0x8100, 0x88A8}
CHAINED = {0, 43, 44, 51, 60}
"""IPv6 headers, of 8 bytes at the least, that name the next: hop by hop, routing, fragment, AH, destination options."""
MOST_EXTENSIONS = 16
WITH_PORTS = {6, 17, 33, 132, 136}


def number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")


def frame(data: bytes) -> Values:
    """Return the fields of a packet that begins with its Ethernet header."""
    found: Values = {"packet.length": len(data)}
    if len(data) < 14:
        return found
    found |= {"eth.dst": data[0:6], "eth.src": data[6:12]}
    at, tags = 12, 0
    while number(data, at, 2) in TAGS and tags < 2:
        if len(data) < at + 6:
            return found
        if not tags:
            found |= {"vlan.id": number(data, at + 2, 2) & 0xFFF, "vlan.priority": data[at + 2] >> 5}
        at, tags = at + 4, tags + 1
    return found | network(data[at + 2 :], number(data, at, 2))


def packet(data: bytes) -> Values:
    """Return the fields of a packet that begins with its IP header."""
    found: Values = {"packet.length": len(data)}
    version = data[0] >> 4 if data else 0
    return found | network(data, {4: 0x0800, 6: 0x86DD}[version]) if version in {4, 6} else found


def network(data: bytes, type_: int) -> Values:
    found: Values = {"eth.type": type_}
    if type_ == 0x0800 and len(data) >= 20 and data[0] >> 4 == 4 and data[0] & 15 >= 5:
        return found | _ip4(data)
    if type_ == 0x86DD and len(data) >= 40 and data[0] >> 4 == 6:
        return found | _ip6(data)
    return found


def _addresses(version: str, family: int, src: bytes, dst: bytes) -> Values:
    return {"family": family, "src.ip": src, "dst.ip": dst, f"{version}.src": src, f"{version}.dst": dst}


def _ip4(data: bytes) -> Values:
    mapped = bytes(10) + b"\xff\xff"
    found = _addresses("ip4", 2, mapped + data[12:16], mapped + data[16:20])
    offset = number(data, 6, 2) & 0x1FFF
    found |= {
        "ip.dscp": data[1] >> 2,
        "ip.ecn": data[1] & 3,
        "ip.ttl": data[8],
        "ip.fragment": int(bool(offset or data[6] & 0x20)),
        "ip4.id": number(data, 4, 2),
        "ip4.length": number(data, 2, 2),
        "protocol": data[9],
    }
    if found["ip.fragment"]:
        found |= {"fragment.offset": offset * 8, "fragment.more": data[6] >> 5 & 1, "fragment.id": number(data, 4, 2)}
    inside = data[: number(data, 2, 2) or None]
    return found if offset else found | transport(inside[(data[0] & 15) * 4 :], data[9])


def _ip6(data: bytes) -> Values:
    found = _addresses("ip6", 10, data[8:24], data[24:40])
    service = number(data, 0, 4) >> 20 & 0xFF
    found |= {
        "ip.dscp": service >> 2,
        "ip.ecn": service & 3,
        "ip.ttl": data[7],
        "ip.fragment": 0,
        "ip6.flow_label": number(data, 0, 4) & 0xFFFFF,
        "ip6.length": number(data, 4, 2),
    }
    return found | _rest(data[40:][: number(data, 4, 2) or None], data[6])


def _rest(data: bytes, next_: int) -> Values:
    """Follow the extension headers; the protocol is known only if the chain's end is."""
    found: Values = {}
    for _ in range(MOST_EXTENSIONS):
        if next_ not in CHAINED:
            break
        if len(data) < 8:
            return found
        later = False
        if next_ == 44:
            found |= {"ip.fragment": 1, "fragment.offset": number(data, 2, 2) & 0xFFF8}
            found |= {"fragment.more": data[3] & 1, "fragment.id": number(data, 4, 4)}
            later, size = number(data, 2, 2) >> 3 > 0, 8
        else:
            size = (data[1] + 2) * 4 if next_ == 51 else (data[1] + 1) * 8
        next_, data = data[0], data[size:]
        if later:
            return found if next_ in CHAINED else found | {"protocol": next_}
    if next_ in CHAINED:
        return found
    return found | {"protocol": next_} | transport(data, next_)


def transport(data: bytes, protocol: int) -> Values:
    found: Values = {}
    if protocol in WITH_PORTS and len(data) >= 4:
        found |= {"src.port": number(data, 0, 2), "dst.port": number(data, 2, 2)}
    if protocol == 6 and len(data) >= 20:
        found |= {"tcp.src_port": number(data, 0, 2), "tcp.dst_port": number(data, 2, 2), "tcp.flags": data[13]}
        found |= {"tcp.seq": number(data, 4, 4), "tcp.ack": number(data, 8, 4), "tcp.window": number(data, 14, 2)}
    if protocol == 17 and len(data) >= 8:
        found |= {"udp.src_port": number(data, 0, 2), "udp.dst_port": number(data, 2, 2), "udp.length": number(data, 4, 2)}
    if protocol in {1, 58} and len(data) >= 2:
        found |= {"icmp.type": data[0], "icmp.code": data[1]}
    return found
