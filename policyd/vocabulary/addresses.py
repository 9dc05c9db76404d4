"""Network addresses as people write them.  An address is 16 bytes in network order; IPv4 is kept as `::ffff:a.b.c.d`.

Parsers raise `ValueError` with what was expected.
"""

from __future__ import annotations

import ipaddress
import re

_MAPPED = 0xFFFF << 32
_LONGEST = 64  # characters of any address with its prefix


def parse_address(text: str) -> int:
    """Return an IPv4 or IPv6 address as a 128-bit number, IPv4 mapped."""
    try:
        address = ipaddress.ip_address(text.strip()[:_LONGEST])
    except ValueError:
        raise ValueError("an IP address, as 192.0.2.7 or 2001:db8::1") from None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        raise ValueError("an IP address without a zone")
    return _number(address)


def _number(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    return int(address) | _MAPPED if address.version == 4 else int(address)


def parse_network(text: str) -> tuple[tuple[int, int], str]:
    """Return ((address as a 128-bit number, prefix length of 128), warning).

    IPv4 networks are mapped: `10.0.0.0/8` has the length 104.  A bare address is a network of its own.  Host bits that are
    set are cleared, and the warning (else '') shows the network that is meant.
    """
    text = text.strip()
    try:
        interface = ipaddress.ip_interface(text[:_LONGEST])
    except ValueError:
        raise ValueError("a network, as 10.0.0.0/8, 2001:db8::/32 or a single address") from None
    if "/" in text and not re.fullmatch(r"\d{1,3}", text.partition("/")[2]):
        raise ValueError("a network with a prefix length, as 10.0.0.0/8")
    if getattr(interface, "scope_id", None):
        raise ValueError("a network without a zone")
    network = interface.network
    length = network.prefixlen + (96 if network.version == 4 else 0)
    warning = f"{text} has host bits set: the network is {network}" if interface.ip != network.network_address else ""
    return (_number(network.network_address), length), warning


def show_address(raw: bytes | int) -> str:
    """Return an address as text; IPv4-mapped addresses as IPv4.  4 bytes are an IPv4 address."""
    if isinstance(raw, int):
        raw = raw.to_bytes(16, "big")
    if len(raw) == 4:
        return str(ipaddress.IPv4Address(raw))
    address = ipaddress.IPv6Address(raw)
    return str(address.ipv4_mapped or address)


def show_network(network: tuple[int, int]) -> str:
    """Return a network as `parse_network` gives it as text."""
    number, length = network
    if length >= 96 and number >> 32 == 0xFFFF:
        return f"{ipaddress.IPv4Address(number & 0xFFFFFFFF)}/{length - 96}"
    return f"{ipaddress.IPv6Address(number)}/{length}"


def parse_mac(text: str) -> bytes:
    """Return the 6 bytes of `02:00:00:00:00:01` (`-` may stand for `:`)."""
    text = text.strip().replace("-", ":")
    if not re.fullmatch(r"(?:[0-9a-fA-F]{1,2}:){5}[0-9a-fA-F]{1,2}", text):
        raise ValueError("a MAC address, as 02:00:00:00:00:01")
    return bytes(int(part, 16) for part in text.split(":"))


def show_mac(raw: bytes) -> str:
    """Return the bytes of a MAC address as text."""
    return raw.hex(":")
