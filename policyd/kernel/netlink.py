"""Network interfaces: their indexes, and who holds an interface's XDP place.

The only importer of `pyroute2`, and only when something is asked that a plain `ioctl` does not tell: its import costs a
tenth of a second.  That something has changed needs no parsing: `LinkEvents` reads the message types alone.
"""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass

from policyd.errors import KernelError
from policyd.kernel.bpf.info import open_id, program_info


@dataclass(frozen=True, slots=True)
class Occupant:
    """A program that holds a place; `name` is empty where it may not be read."""

    id: int
    name: str


def index_of(name: str) -> int | None:
    """Return an interface's index, None if this network namespace has no such interface."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return None


_RTMGRP_LINK = 1  # include/uapi/linux/rtnetlink.h
_NEW_LINK, _DELETE_LINK = 16, 17
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_RECEIVE_BYTES = 1 << 16


class LinkEvents:
    """Interfaces that come, go or change in this network namespace: a socket to wait on.

    What BPF links do is not told: attaching, replacing and detaching XDP and tcx links send nothing (seen on Linux 6.18).
    """

    def __init__(self) -> None:
        """Subscribe; `OSError` where netlink is not allowed."""
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        try:
            self._socket.bind((0, _RTMGRP_LINK))
        except BaseException:
            self._socket.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def drain(self) -> bool:
        """Read all that waits; return whether some interface came, went or changed (or messages were lost)."""
        found = False
        with suppress(BlockingIOError):
            while True:
                try:
                    found |= _has_links(self._socket.recv(_RECEIVE_BYTES))
                except BlockingIOError:
                    raise
                except OSError:  # ENOBUFS: more happened than the socket holds
                    found = True
        return found

    def close(self) -> None:
        self._socket.close()


def _has_links(data: bytes) -> bool:
    """Walk over netlink messages, each at a multiple of four bytes (netlink(7))."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, *_ = _HEADER.unpack_from(data, at)
        if kind in (_NEW_LINK, _DELETE_LINK):
            return True
        if length < _HEADER.size:
            return False
        at += (length + 3) & ~3
    return False


_XDP_IDS = ("IFLA_XDP_PROG_ID", "IFLA_XDP_DRV_PROG_ID", "IFLA_XDP_SKB_PROG_ID", "IFLA_XDP_HW_PROG_ID")


def xdp_program(name: str) -> Occupant | None:
    """Return the XDP program that an interface runs, None if it has none (any more)."""
    from pyroute2 import IPRoute  # type: ignore[import-untyped]  # noqa: PLC0415 (lazy, see above)

    index = index_of(name)
    if index is None:
        return None
    with IPRoute() as route:
        messages = list(route.get_links(index))
    xdp = messages[0].get_attr("IFLA_XDP") if messages else None
    ids = [xdp.get_attr(attribute) for attribute in _XDP_IDS] if xdp is not None else []
    id_ = next((int(found) for found in ids if found), 0)
    return Occupant(id_, _program_name(id_)) if id_ else None


def _program_name(id_: int) -> str:
    try:
        fd = open_id("program", id_)
    except KernelError:
        return ""
    if fd is None:
        return ""
    try:
        return program_info(fd).name
    finally:
        os.close(fd)
