"""Network interfaces: their indexes, and who holds an interface's XDP place.

The only importer of `pyroute2`, and only when something is asked that a plain `ioctl` does not tell: its import costs a
tenth of a second.
"""

from __future__ import annotations

import os
import socket
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
