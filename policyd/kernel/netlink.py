"""Network interfaces: their indexes, who holds an interface's XDP place, and the filters of their clsact qdisc.

The only importer of `pyroute2`, and only when something is asked that a plain `ioctl` does not tell, or changed: its import
costs a tenth of a second.  That something has changed needs no parsing: `LinkEvents` reads the message types alone.
Filters are read by hand: `pyroute2` does not know the attribute that tells which program one holds, and they are looked at
every second.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policyd.capabilities import NET_ADMIN, why_denied
from policyd.errors import KernelError
from policyd.kernel import points
from policyd.kernel.bpf.info import open_id, program_info

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
    return any(kind in (_NEW_LINK, _DELETE_LINK) for kind, _ in _messages(data))


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


# ------------------------------------------------------------------------------------------------ filters (tc)

PARENTS = {"ingress": 0xFFFFFFF2, "egress": 0xFFFFFFF3}
"""Where the filters of a direction are: TC_H_CLSACT with TC_H_MIN_INGRESS or TC_H_MIN_EGRESS (linux/pkt_sched.h)."""

_CLSACT = 0xFFFFFFF1  # also TC_H_INGRESS: an interface has either the one or the other
_GET_QDISC, _GET_FILTER = 38, 46  # RTM_GETQDISC, RTM_GETTFILTER
_DUMP = 0x301  # NLM_F_REQUEST, NLM_F_DUMP
_ERROR, _DONE = 2, 3
_TCMSG = struct.Struct("=BxxxiIII")  # struct tcmsg: family, interface, handle, parent, info
_KIND, _OPTIONS, _BPF_NAME, _BPF_ID = 1, 2, 7, 11  # TCA_KIND, TCA_OPTIONS, TCA_BPF_NAME, TCA_BPF_ID
_ALL_PROTOCOLS = 3  # ETH_P_ALL


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of an interface: one of kind `bpf` has a name, and the id of a program."""

    priority: int
    handle: int
    kind: str
    name: str
    program: int


def clsact_kind(index: int) -> str:
    """Return what stands where an interface's clsact qdisc would: `clsact`, `ingress` or nothing."""
    for message in _dump(_GET_QDISC, index, 0, "list qdiscs"):
        _, interface, _, parent, _ = _TCMSG.unpack_from(message)
        if interface == index and parent == _CLSACT:
            return _text(_attributes(message[_TCMSG.size :]).get(_KIND, b""))
    return ""


def filters(index: int, direction: str) -> tuple[Filter, ...]:
    """Return the filters of an interface, none if it is gone."""
    found = []
    for message in _dump(_GET_FILTER, index, PARENTS[direction], f"list the {direction} filters of interface {index}"):
        _, _, handle, _, about = _TCMSG.unpack_from(message)
        attributes = _attributes(message[_TCMSG.size :])
        options = _attributes(attributes.get(_OPTIONS, b""))
        program = int.from_bytes(options.get(_BPF_ID, b""), "little")
        found.append(Filter(about >> 16, handle, _text(attributes[_KIND]), _text(options.get(_BPF_NAME, b"")), program))
    return tuple(found)


def add_clsact(index: int) -> None:
    """Make an interface's clsact qdisc; `KernelError` (EEXIST) if there is one, or one of kind ingress."""
    _change("qdisc-add", f"make the qdisc clsact of interface {index}", lambda route: route.tc("add", "clsact", index))


def delete_clsact(index: int) -> None:
    """Remove an interface's clsact qdisc, with all that is in it."""
    _change("qdisc-delete", f"remove the qdisc clsact of interface {index}", lambda route: route.tc("del", "clsact", index))


def add_filter(index: int, direction: str, wanted: Filter, program_fd: int) -> None:
    """Make a filter whose program decides by what it returns (direct action); `KernelError` (EEXIST) if it is there."""
    what = f"add filter {wanted.name} at interface {index}:{direction}"
    key = {"prio": wanted.priority, "protocol": _ALL_PROTOCOLS, "parent": PARENTS[direction]}
    told = {"fd": program_fd, "name": wanted.name, "direct_action": True}
    _change("filter-add", what, lambda route: route.tc("add-filter", "bpf", index, wanted.handle, **key, **told))


def delete_filter(index: int, direction: str, there: Filter) -> None:
    """Remove a filter; `KernelError` (ENOENT) if it is gone."""
    what = f"remove filter {there.name} from interface {index}:{direction}"
    key = {"prio": there.priority, "protocol": _ALL_PROTOCOLS, "parent": PARENTS[direction]}
    _change("filter-delete", what, lambda route: route.tc("del-filter", "bpf", index, there.handle, **key))


def _change(point: str, what: str, action: Callable[[Any], object]) -> None:
    from pyroute2 import IPRoute, NetlinkError  # noqa: PLC0415 (lazy, see above)

    try:
        with IPRoute() as route:
            points.run(point, what, lambda: action(route))
    except NetlinkError as error:
        raise _failure(what, int(error.code)) from None
    except OSError as error:
        raise _failure(what, error.errno or errno.EIO) from None


def _failure(what: str, code: int) -> KernelError:
    return KernelError(what, code, why_denied((NET_ADMIN,)) if code == errno.EPERM else "")


def _dump(kind: int, index: int, parent: int, what: str) -> Iterator[bytes]:
    """Yield what netlink lists: each message without its header."""
    request = _TCMSG.pack(0, index, 0, parent, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as asked:
        asked.send(_HEADER.pack(_HEADER.size + len(request), kind, _DUMP, 1, 0) + request)
        while True:
            for type_, body in _messages(asked.recv(_RECEIVE_BYTES)):
                if type_ in (_ERROR, _DONE):
                    code = -struct.unpack_from("=i", body)[0]
                    if code:
                        raise _failure(what, code)
                    return
                yield body


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and body of netlink messages, each at a multiple of four bytes (netlink(7))."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, *_ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            return
        yield kind, data[at + _HEADER.size : at + length]
        at += (length + 3) & ~3


def _attributes(data: bytes) -> dict[int, bytes]:
    """Return netlink attributes by their type (netlink(7): each at a multiple of four bytes)."""
    found, at = {}, 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode("utf-8", "replace")
