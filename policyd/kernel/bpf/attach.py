"""Links and pins: attach a program, replace it, detach it, give an object a name in bpffs, take it by name."""

from __future__ import annotations

import errno
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.errors import KernelError
from policyd.kernel.bpf.constants import LINK_REPLACE, Command
from policyd.kernel.bpf.syscall import Buffer, address, buffer, call

if TYPE_CHECKING:
    from collections.abc import Iterable


def create_link(program_fd: int, target: int, attach_type: int, flags: int, what: str) -> int:
    """Return a link's fd.  `target` is an fd (cgroup, perf event) or an interface index; flags are the attach type's.

    The zeros behind the flags are each kind's own part: a tcx link without an anchor goes behind the others.
    """
    attr = struct.pack("<IIIIQQ", program_fd, target, attach_type, flags, 0, 0)
    return call(Command.LINK_CREATE, attr, what)


_READ_BYTES = 1 << 16
CGROUPS_IN_ORDER = struct.pack("<IIQ", 2, 0, 0)
"""`union bpf_iter_link_info` of cgroups: from the root of cgroup v2 down, parents before children
(BPF_CGROUP_ITER_DESCENDANTS_PRE)."""


def create_iter_link(program_fd: int, attach_type: int, info: bytes, what: str) -> int:
    """Return the fd of a link whose program is run on objects whenever it is read; `info` says on which, where it must."""
    memory = buffer(info) if info else None
    attr = struct.pack("<IIIIQIxxxx", program_fd, 0, attach_type, 0, address(memory), len(info))
    return call(Command.LINK_CREATE, attr, what)


def read_iter(link_fd: int, what: str) -> bytes:
    """Run the program of an iter link on all objects, and return what it writes.

    The kernel says EAGAIN after a million objects of which nothing was written (`bpf_seq_read`), and goes on when it is
    asked again.
    """
    reader = call(Command.ITER_CREATE, struct.pack("<II", link_fd, 0), what)
    found = bytearray()
    try:
        while True:
            try:
                data = os.read(reader, _READ_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                raise KernelError(what, error.errno or errno.EIO) from None
            if not data:
                return bytes(found)
            found += data
    finally:
        os.close(reader)


def create_netfilter_link(program_fd: int, attach_type: int, place: tuple[int, int, int, int], what: str) -> int:
    """Return the fd of a link at a hook of netfilter: `place` is protocol family, hook, priority and flags."""
    return call(Command.LINK_CREATE, struct.pack("<IIIIIIiI", program_fd, 0, attach_type, 0, *place), what)


def create_kprobe_multi_link(program_fd: int, attach_type: int, flags: int, functions: tuple[str, ...], what: str) -> int:
    """Return the fd of a kprobe_multi link on kernel functions; the cookie of each is its index."""
    names = [buffer(function.encode("ascii") + b"\0") for function in functions]
    symbols, cookies = _numbers(map(address, names)), _numbers(range(len(names)))
    attr = struct.pack(
        "<IIIIIIQQQ",
        *(program_fd, 0, attach_type, 0),
        *(flags, len(names), address(symbols), 0, address(cookies)),
    )
    return call(Command.LINK_CREATE, attr, what)


@dataclass(frozen=True, slots=True)
class FileProbes:
    """Where in one file: offsets, with the offset of a semaphore each (0: none); of one process, or (`pid` 0) of all."""

    path: str
    offsets: tuple[int, ...]
    semaphores: tuple[int, ...]
    flags: int = 0
    pid: int = 0


def create_uprobe_multi_link(program_fd: int, attach_type: int, probes: FileProbes, what: str) -> int:
    """Return the fd of a uprobe_multi link on one file; the cookie of each offset is its index."""
    path, offsets = buffer(os.fsencode(probes.path) + b"\0"), _numbers(probes.offsets)
    semaphores = _numbers(probes.semaphores) if any(probes.semaphores) else None
    cookies = _numbers(range(len(probes.offsets)))
    attr = struct.pack(
        "<IIIIQQQQIII4x",
        *(program_fd, 0, attach_type, 0),
        *(address(path), address(offsets), address(semaphores), address(cookies)),
        *(len(probes.offsets), probes.flags, probes.pid),
    )
    return call(Command.LINK_CREATE, attr, what)


def _numbers(numbers: Iterable[int]) -> Buffer:
    return buffer(b"".join(struct.pack("<Q", number) for number in numbers))


def open_raw_tracepoint(program_fd: int, name: str, what: str) -> int:
    """Return the fd of a link on a raw tracepoint; an empty name is for programs that were loaded with a BTF target."""
    memory = buffer(name.encode("ascii") + b"\0") if name else None
    return call(Command.RAW_TRACEPOINT_OPEN, struct.pack("<QIxxxxQ", address(memory), program_fd, 0), what)


def update_link(link_fd: int, new_fd: int, old_fd: int, what: str) -> None:
    """Replace a link's program if it is still `old_fd`'s (EPERM if not)."""
    call(Command.LINK_UPDATE, struct.pack("<IIII", link_fd, new_fd, LINK_REPLACE, old_fd), what)


def detach_link(link_fd: int, what: str) -> None:
    """Detach a link whoever else holds it; the link stays, without a target (EOPNOTSUPP for tracing kinds)."""
    call(Command.LINK_DETACH, struct.pack("<I", link_fd), what)


def pin(fd: int, path: str) -> None:
    """Give an object a name in bpffs; EEXIST if the name is taken."""
    memory = buffer(os.fsencode(path) + b"\0")
    call(Command.OBJ_PIN, struct.pack("<QII", address(memory), fd, 0), f"pin {path}")


def open_pin(path: str) -> int | None:
    """Return an fd of the object that `path` names, None if there is no such name."""
    memory = buffer(os.fsencode(path) + b"\0")
    try:
        return call(Command.OBJ_GET, struct.pack("<QII", address(memory), 0, 0), f"open the pin {path}")
    except KernelError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR}:
            return None
        raise
