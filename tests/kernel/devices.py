"""Interfaces of all kinds, to be made in a network namespace of the test's own, frames sent through them, and cgroups."""

from __future__ import annotations

import fcntl
import itertools
import mmap
import os
import socket
import struct
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from policyd.resolve import Host as ResolvingHost


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def make_pair(one: str = "pdv0", other: str = "pdv1", mtu: int = 1500) -> None:
    """Make two connected interfaces, quiet (no IPv6, so no router solicitations) and up."""
    ip("link", "add", one, "mtu", str(mtu), "type", "veth", "peer", "name", other, "mtu", str(mtu))
    for name in (one, other):
        hush(name)
        ip("link", "set", name, "up")


def hush(name: str) -> None:
    """Keep IPv6 off an interface: nobody but the test shall send there."""
    Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1", encoding="ascii")


@contextmanager
def raw_socket(name: str, protocol: int = 0) -> Iterator[socket.socket]:
    """A packet socket that sends at an interface (protocol 0: it receives nothing)."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol)) as made:
        made.bind((name, protocol))
        made.settimeout(5)
        yield made


def send_frames(name: str, frames: Iterable[bytes]) -> int:
    """Send frames out of an interface; return how many."""
    number = 0
    with raw_socket(name) as out:
        for frame in frames:
            out.send(frame)
            number += 1
    return number


def send_in_pages(name: str, frame: bytes) -> None:
    """Send a frame of which only the Ethernet header is in the buffer's linear part (af_packet.c, tpacket_fill_skb)."""
    size, header = 4096, 32  # one frame a block; TPACKET_V1's header, after which a sender's data begin
    with raw_socket(name) as out:
        out.setsockopt(263, 13, struct.pack("IIII", size, 1, size, 1))  # SOL_PACKET, PACKET_TX_RING
        with mmap.mmap(out.fileno(), size) as ring:
            ring[header : header + len(frame)] = frame
            ring[0:16] = struct.pack("LII", 1, len(frame), len(frame))  # TP_STATUS_SEND_REQUEST
            out.send(b"")


@contextmanager
def tun(name: str, *, ethernet: bool = False) -> Iterator[int]:
    """A tun device (packets begin with IP), or a tap device; yield the file descriptor, through which packets come in."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        mode = (2 if ethernet else 1) | 0x1000  # IFF_TAP or IFF_TUN, IFF_NO_PI
        fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", name.encode(), mode))  # TUNSETIFF
        hush(name)
        ip("link", "set", name, "up")
        yield fd
    finally:
        os.close(fd)


_numbers = itertools.count(1)


@contextmanager
def cgroup() -> Iterator[Path]:
    """A cgroup of the test's own; the processes in it must have ended at the end."""
    path = Path(ResolvingHost.running().cgroup_root) / f"pd_test_packets_{os.getpid()}_{next(_numbers)}"
    path.mkdir()
    try:
        yield path
    finally:
        path.rmdir()
