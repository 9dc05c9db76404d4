"""Filters of the clsact qdisc, for kernels without links for tc (tcx came with Linux 6.6): what stands in a link's stead.

A filter is told apart by what is pinned where others pin their link: a *note*, a small map that says which interface and
direction, and whether the qdisc was made for it.  The note's id is the filter's handle, so that every filter at our priority
is somebody's, or (its note is gone) nobody's any more and removed.  The note is pinned before the filter is made: whatever a
process that dies leaves behind, the next one finds.  Filters and qdiscs of others are never touched, and a qdisc goes only
if policyd has made it and nothing is in it.  Called by `links.py` and `real.py`.
"""

from __future__ import annotations

import errno
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from policyd.errors import KernelError
from policyd.kernel import netlink
from policyd.kernel.bpf import info, maps
from policyd.kernel.bpf.info import LinkInfo
from policyd.kernel.netlink import Filter

if TYPE_CHECKING:
    from collections.abc import Iterable

Direction = Literal["ingress", "egress"]
DIRECTIONS: tuple[Direction, ...] = ("ingress", "egress")

KIND = "clsact"
PRIORITY = 0xBD00
"""Of all our filters: behind those that people number by hand; the kernel's own numbers begin at 0xC000 and go down."""

NAME = "pd_clsact"
_NOTE = struct.Struct("<IBB2x")  # interface, direction, whether the qdisc was made for it
_FIRST = bytes(4)


@dataclass(frozen=True, slots=True)
class Note:
    """What a pinned note says; `handle` is its map's id, `made`: policyd has made the qdisc."""

    handle: int
    interface: int
    direction: Direction
    made: bool

    @property
    def filter(self) -> Filter:
        return Filter(PRIORITY, self.handle, "bpf", NAME, 0)


def make_note(interface: int, direction: Direction) -> int:
    """Return the fd of a new note; nothing is attached yet."""
    fd = maps.create("array", len(_FIRST), _NOTE.size, 1, name=NAME)
    try:
        _write(fd, interface, direction, made=False)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _write(fd: int, interface: int, direction: Direction, *, made: bool) -> None:
    maps.update(fd, _FIRST, _NOTE.pack(interface, DIRECTIONS.index(direction), made), "write a note")


def is_note(fd: int) -> bool:
    """Tell whether `fd` is no link but a note: links are no maps."""
    return str(Path(f"/proc/self/fd/{fd}").readlink()) == "anon_inode:bpf-map"


def read_note(fd: int) -> Note:
    """Return what a note says."""
    interface, direction, made = _NOTE.unpack(maps.lookup(fd, _FIRST, _NOTE.size) or bytes(_NOTE.size))
    return Note(info.map_shape(fd).id, interface, DIRECTIONS[direction], bool(made))


def note_info(fd: int) -> LinkInfo:
    """Return what the kernel would say of a link: not alive if the filter is gone, or somebody else's by now."""
    note = read_note(fd)
    found = _filter(note)
    return LinkInfo(
        note.handle, KIND, found.program if found else 0, found is not None, f"{note.interface}:{note.direction}"
    )


def put(fd: int, program_fd: int, others: Iterable[Note]) -> None:
    """Make the filter of a note that has been pinned, and the qdisc if there is none; `others` are the other notes."""
    note = read_note(fd)
    there = netlink.clsact_kind(note.interface)
    if there == "ingress" and note.direction == "egress":
        raise KernelError("make the qdisc clsact", errno.EEXIST)
    made = not there or any(other.made and other.interface == note.interface for other in others)
    if made:
        _write(fd, note.interface, note.direction, made=True)
    if not there:
        netlink.add_clsact(note.interface)
    _sweep(note)
    netlink.add_filter(note.interface, note.direction, note.filter, program_fd)


def remove(fd: int) -> None:
    """Remove a note's filter if it is still there, then the qdisc if policyd has made it and nothing else is in it."""
    note = read_note(fd)
    if _filter(note):
        _delete(note, note.filter)
    _sweep(note)
    is_ours = note.made and netlink.clsact_kind(note.interface) == KIND
    if is_ours and not any(netlink.filters(note.interface, direction) for direction in DIRECTIONS):
        netlink.delete_clsact(note.interface)


def _filter(note: Note) -> Filter | None:
    there = (found for found in netlink.filters(note.interface, note.direction) if _is_ours(found))
    return next((found for found in there if found.handle == note.handle), None)


def _is_ours(found: Filter) -> bool:
    return (found.priority, found.kind, found.name) == (PRIORITY, "bpf", NAME)


def _sweep(note: Note) -> None:
    """Remove filters of ours whose notes are gone: somebody has removed the pins, and nothing is behind them any more."""
    for found in netlink.filters(note.interface, note.direction):
        if _is_ours(found) and found.handle != note.handle and _has_no_note(found.handle):
            _delete(note, found)


def _has_no_note(handle: int) -> bool:
    try:
        fd = info.open_id("map", handle)
    except KernelError:  # opening by id takes CAP_SYS_ADMIN
        return False
    if fd is None:
        return True
    os.close(fd)
    return False


def _delete(note: Note, there: Filter) -> None:
    try:
        netlink.delete_filter(note.interface, note.direction, there)
    except KernelError as error:
        if error.errno not in {errno.ENOENT, errno.ENODEV, errno.EINVAL}:  # gone, with its qdisc or its interface
            raise
