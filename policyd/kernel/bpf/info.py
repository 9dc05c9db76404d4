"""What the kernel says about its BPF objects: `BPF_OBJ_GET_INFO_BY_FD` decoded, and the walk over all ids.

The three `…Info` rows are what the engine, the readers and `doctor` see (`kernel/port.py` names them too).
"""

from __future__ import annotations

import errno
import os
import struct
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from policyd.errors import KernelError, UnsupportedError
from policyd.kernel.bpf import btf
from policyd.kernel.bpf.constants import (
    ATTACH_TYPES,
    LINK_TYPE_NAMES,
    MAP_TYPE_NAMES,
    PROGRAM_TYPE_NAMES,
    Command,
)
from policyd.kernel.bpf.syscall import Buffer, address, buffer, call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_INFO_BYTES = 256  # more than any info of today; the kernel fills what it knows and leaves the rest zero
_PATH_BYTES = 4096
_DELETED = b" (deleted)"  # what the kernel puts behind the path of a file that has no name any more

# enum bpf_perf_event_type: what a perf link's info describes (6.6)
_EVENT_UPROBE, _EVENT_URETPROBE, _EVENT_KPROBE, _EVENT_KRETPROBE, _EVENT_TRACEPOINT, _EVENT_PERF = range(1, 7)
_MULTI_RETURN = 1  # BPF_F_KPROBE_MULTI_RETURN, BPF_F_UPROBE_MULTI_RETURN


@dataclass(frozen=True, slots=True)
class MapInfo:
    """A map.  `type` is as in `MapClass.type`, or `array_of_maps`, `prog_array`; `frozen` is known from Linux 5.2 on."""

    id: int
    type: str
    key_size: int
    value_size: int
    max_entries: int
    flags: int
    name: str
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class ProgramInfo:
    """A program.  Run counts are zero unless statistics are on; `instructions` is zero for callers without CAP_BPF."""

    id: int
    name: str
    type: str
    tag: str
    run_count: int = 0
    run_time_ns: int = 0
    recursion_misses: int = 0
    verified_instructions: int = 0
    instructions: int = 0


@dataclass(frozen=True, slots=True)
class LinkInfo:
    """A link.  `target` is what the kernel says it is attached to now; `alive` is False for one that lost its target.

    type            target
    xdp             interface index
    tcx             interface index and direction, `3:ingress`
    netkit          interface index and side, `3:primary`
    netfilter       protocol family, hook, priority and flags, `2:1:0:0`; it never tells that it was detached
    cgroup          cgroup id and attach type, `1234:10`
    netns           inode number of the network namespace and attach type, `4026531840:36`
    raw_tracepoint  name
    tracing         attach type and function, `24:vfs_read`
    kprobe_multi    number of functions, `12 functions`; empty before Linux 6.6, which does not tell
    uprobe_multi    number of locations, `3 locations`; empty before Linux 6.8; not alive if the file was removed
    perf_event      empty before Linux 6.6, which does not tell; else: a tracepoint's name without its group;
                    a function, `vfs_read+0x10`; a place in a file, `/bin/sh:0x1234`; the number of an event, `event 0`

    What runs at the end of functions has `:return` behind it.  `missed`: calls of kprobed functions that the kernel dropped,
    because a kprobe ran on that CPU already or too many returns were awaited (zero before Linux 6.7, which does not tell).
    `address` is where a single kprobe was put (zero before Linux 6.6, and for users who may not know).
    """

    id: int
    type: str
    program_id: int
    alive: bool
    target: str = ""
    missed: int = field(default=0, compare=False)
    address: int = field(default=0, compare=False)


def _query(fd: int, what: str, prepared: Buffer | None = None) -> bytes:
    info = prepared if prepared is not None else buffer(_INFO_BYTES)
    call(Command.OBJ_GET_INFO_BY_FD, struct.pack("<IIQ", fd, len(info), address(info)), what)
    return info.raw


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("ascii", "replace")


def map_info(fd: int) -> MapInfo:
    """Return what `fd` is; `KernelError` EINVAL or EBADF if it is no map."""
    return replace(map_shape(fd), frozen=_is_frozen(fd))


def map_shape(fd: int) -> MapInfo:
    """Return what `fd` is without looking whether it is frozen, which takes ten times as long."""
    data = _query(fd, "read a map's information")
    kind, id_, key_size, value_size, entries, flags, name = struct.unpack_from("<6I16s", data)
    type_name = MAP_TYPE_NAMES.get(kind, str(kind))
    return MapInfo(id_, type_name, key_size, value_size, entries, flags, _text(name))


def _is_frozen(fd: int) -> bool:
    """`struct bpf_map_info` does not hold it; the fd's `fdinfo` does (kernel commit 87df15de441b)."""
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:  # noqa: PTH123 (procfs: nothing to resolve)
        return any(line.split() == ["frozen:", "1"] for line in file)


def program_info(fd: int) -> ProgramInfo:
    """Return what `fd` is; `KernelError` if it is no program."""
    data = _query(fd, "read a program's information")
    kind, id_, tag, _, translated = struct.unpack_from("<II8sII", data)
    run_time, run_count, misses, verified = struct.unpack_from("<QQQI", data, 192)
    return ProgramInfo(
        id=id_,
        name=_text(data[64:80]),
        type=PROGRAM_TYPE_NAMES.get(kind, str(kind)),
        tag=tag.hex(),
        run_count=run_count,
        run_time_ns=run_time,
        recursion_misses=misses,
        verified_instructions=verified,
        instructions=translated // 8,
    )


def link_info(fd: int) -> LinkInfo:
    """Return what `fd` is and where it is attached now; `KernelError` if it is no link."""
    what = "read a link's information"
    data = _query(fd, what)
    kind, id_, program = struct.unpack_from("<III", data)
    name = LINK_TYPE_NAMES.get(kind, str(kind))
    read = _LINK_TARGETS.get(name)
    target = read(fd, data) if read else ""
    found = LinkInfo(id_, name, program, target is not None, target or "")
    if name == "kprobe_multi":
        return replace(found, missed=struct.unpack_from("<Q", data, 32)[0])
    if name == "perf_event" and struct.unpack_from("<I", data, 16)[0] in {_EVENT_KPROBE, _EVENT_KRETPROBE}:
        address_, missed = struct.unpack_from("<QQ", data, 40)
        return replace(found, missed=missed, address=address_)
    return found


def _xdp_target(_fd: int, data: bytes) -> str | None:
    index = struct.unpack_from("<I", data, 16)[0]
    return str(index) if index else None


def _tcx_target(_fd: int, data: bytes) -> str | None:
    index, attach_type = struct.unpack_from("<II", data, 16)
    direction = "ingress" if attach_type == ATTACH_TYPES["tcx_ingress"] else "egress"
    return f"{index}:{direction}" if index else None


def _cgroup_target(_fd: int, data: bytes) -> str | None:
    cgroup, attach_type = struct.unpack_from("<QI", data, 16)
    return f"{cgroup}:{attach_type}" if cgroup else None


def _netns_target(_fd: int, data: bytes) -> str | None:
    inode, attach_type = struct.unpack_from("<II", data, 16)
    return f"{inode}:{attach_type}" if inode else None


def _netkit_target(_fd: int, data: bytes) -> str | None:
    index, attach_type = struct.unpack_from("<II", data, 16)
    return f"{index}:{'primary' if attach_type == ATTACH_TYPES['netkit_primary'] else 'peer'}" if index else None


def _netfilter_target(_fd: int, data: bytes) -> str:
    return ":".join(map(str, struct.unpack_from("<IIiI", data, 16)))


def _raw_tracepoint_target(fd: int, _data: bytes) -> str:
    return _named_target(fd, 16)


def _tracing_target(_fd: int, data: bytes) -> str:
    """Types of modules are not looked up: their numbers lie behind those of the kernel."""
    attach_type, _, type_id = struct.unpack_from("<III", data, 16)
    try:
        name = btf.running().type(type_id).name if type_id else ""
    except (ValueError, UnsupportedError):
        name = ""
    return f"{attach_type}:{name}" if name else ""


def _kprobe_multi_target(_fd: int, data: bytes) -> str:
    count, flags = struct.unpack_from("<II", data, 24)
    return f"{count} functions{_returning(bool(flags & _MULTI_RETURN))}" if count else ""


def _uprobe_multi_target(fd: int, data: bytes) -> str | None:
    count, flags = struct.unpack_from("<II", data, 52)
    if not count:
        return ""
    path, info = buffer(_PATH_BYTES), buffer(_INFO_BYTES)
    struct.pack_into("<Q", info, 16, address(path))
    struct.pack_into("<I", info, 48, _PATH_BYTES)
    _query(fd, "read a link's file", info)
    if path.value.endswith(_DELETED):
        return None
    return f"{count} locations{_returning(bool(flags & _MULTI_RETURN))}"


def _perf_event_target(fd: int, data: bytes) -> str:
    """`struct bpf_link_info.perf_event`: the kind, then at 24 a name and its length, at 36 an offset; or a number.

    The number's type is of no use: the kernel gives clocks another one than they were asked for by (`perf_swevent_init`).
    """
    kind = struct.unpack_from("<I", data, 16)[0]
    if kind == _EVENT_PERF:
        return f"event {struct.unpack_from('<I', data, 24)[0]}"
    name = _named_target(fd, 24)
    if not name or kind in {0, _EVENT_TRACEPOINT}:
        return name
    offset = struct.unpack_from("<I", data, 36)[0]
    is_file = kind in {_EVENT_UPROBE, _EVENT_URETPROBE}
    place = f"{name}:{offset:#x}" if is_file else name + (f"+{offset:#x}" if offset else "")
    return place + _returning(kind in {_EVENT_URETPROBE, _EVENT_KRETPROBE})


def _returning(returns: bool) -> str:
    return ":return" if returns else ""


def _named_target(fd: int, offset: int) -> str:
    """Ask again with room for the name, whose pointer and length stand at `offset` of the information."""
    name, info = buffer(_PATH_BYTES), buffer(_INFO_BYTES)
    struct.pack_into("<QI", info, offset, address(name), _PATH_BYTES)
    _query(fd, "read a link's target name", info)
    return os.fsdecode(name.value)


_LINK_TARGETS: dict[str, Callable[[int, bytes], str | None]] = {
    "xdp": _xdp_target,
    "tcx": _tcx_target,
    "netkit": _netkit_target,
    "netfilter": _netfilter_target,
    "cgroup": _cgroup_target,
    "netns": _netns_target,
    "raw_tracepoint": _raw_tracepoint_target,
    "tracing": _tracing_target,
    "kprobe_multi": _kprobe_multi_target,
    "uprobe_multi": _uprobe_multi_target,
    "perf_event": _perf_event_target,
    "iter": lambda fd, _: _named_target(fd, 16),
}

Sort = Literal["program", "map", "link"]
_ID_COMMANDS: dict[str, tuple[Command, Command]] = {
    "program": (Command.PROG_GET_NEXT_ID, Command.PROG_GET_FD_BY_ID),
    "map": (Command.MAP_GET_NEXT_ID, Command.MAP_GET_FD_BY_ID),
    "link": (Command.LINK_GET_NEXT_ID, Command.LINK_GET_FD_BY_ID),
}


def ids(sort: Sort) -> Iterator[int]:
    """Walk over the ids of all programs, maps or links of this kernel (needs CAP_SYS_ADMIN)."""
    memory = buffer(12)
    while True:
        try:
            call(_ID_COMMANDS[sort][0], memory, f"list the {sort}s of this kernel")
        except KernelError as error:
            if error.errno == errno.ENOENT:
                return
            raise
        found = struct.unpack_from("<I", memory, 4)[0]
        yield found
        struct.pack_into("<III", memory, 0, found, 0, 0)


def open_id(sort: Sort, id: int) -> int | None:  # noqa: A002 (the kernel's word)
    """Return an fd for an id, None if the object is gone (needs CAP_SYS_ADMIN)."""
    try:
        return call(_ID_COMMANDS[sort][1], struct.pack("<III", id, 0, 0), f"open {sort} {id}")
    except KernelError as error:
        if error.errno == errno.ENOENT:
            return None
        raise
