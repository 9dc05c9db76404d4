"""The `bpf(2)` system call, and the two neighbours that BPF needs: `perf_event_open(2)` and `statfs(2)`/`mount(2)`.

`call` takes a command and the bytes of its `union bpf_attr`; the modules beside this one (`maps`, `programs`, `attach`,
`info`) lay out the bytes.  Everything that `ctypes` must do for them is here.  A command that changes the kernel is a
numbered point (`kernel/points.py`).  Failures raise `KernelError` with `what` as their sentence.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.capabilities import BPF, NET_ADMIN, PERFMON, SYS_ADMIN, why_denied
from policyd.errors import KernelError, UnsupportedError
from policyd.kernel import points
from policyd.kernel.bpf.constants import CHANGES, ENOTSUPP, Command

if TYPE_CHECKING:
    from collections.abc import Callable

Buffer = ctypes.Array[ctypes.c_char]

_NUMBERS = {"x86_64": (321, 298), "aarch64": (280, 241), "riscv64": (280, 241), "s390x": (351, 331), "ppc64le": (361, 319)}
"""System call numbers by machine: bpf, perf_event_open."""

_LOAD_ATTEMPTS = 5  # BPF_PROG_LOAD gives EAGAIN when a signal interrupts the verifier (kernel commit c3494801cd17)
_CAPABILITIES = (BPF, PERFMON, NET_ADMIN)  # what bpf(2) asks for, in one command or another

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long


def buffer(data: bytes | int) -> Buffer:
    """Return memory of its own that holds `data`, or that many zero bytes; keep it alive for as long as the call lasts."""
    if isinstance(data, int):
        return ctypes.create_string_buffer(max(data, 1))
    return ctypes.create_string_buffer(data, max(len(data), 1))


def address(memory: Buffer | None) -> int:
    """Return the address of `memory` as a number for an attribute; 0 for None."""
    return 0 if memory is None else ctypes.addressof(memory)


def call(command: Command, attr: bytes | Buffer, what: str) -> int:
    """Do one `bpf(2)` command and return what it returned (an fd, a count, 0).

    `attr` as a `Buffer` also receives what the kernel writes back.  `what` says in words what is being done
    (`create map rings`): it opens the error's message and names the point.
    """
    memory = buffer(attr) if isinstance(attr, bytes) else attr
    name = CHANGES.get(command)
    try:
        if name is None:
            return _bpf(command, memory)
        return points.run(name, what, lambda: _bpf(command, memory))
    except OSError as error:
        raise failure(what, error.errno or errno.EIO) from None


def failure(what: str, number: int, wanted: tuple[str, ...] = _CAPABILITIES) -> KernelError:
    """Return the `KernelError` for an errno, with the hint that can be given without knowing more.

    `wanted` are the capabilities that it needs: the hint names those that this process lacks.
    """
    if number == ENOTSUPP:
        number = errno.EOPNOTSUPP
    return KernelError(what, number, why_denied(wanted) if number == errno.EPERM else "")


def _bpf(command: Command, memory: Buffer) -> int:
    number = _number(0)
    for attempt in range(_LOAD_ATTEMPTS):
        result = _syscall(number, int(command), memory, len(memory))
        if result >= 0:
            return int(result)
        code = ctypes.get_errno()
        again = code == errno.EINTR or (code == errno.EAGAIN and command is Command.PROG_LOAD)
        if not again or attempt == _LOAD_ATTEMPTS - 1:
            raise OSError(code, os.strerror(code))
    raise AssertionError("unreachable")


def _number(index: int) -> int:
    machine = platform.machine()
    if machine not in _NUMBERS:
        raise UnsupportedError(f"the machine {machine!r}", instead=f"supported are {', '.join(_NUMBERS)}")
    return _NUMBERS[machine][index]


@dataclass(frozen=True, slots=True)
class PerfEvent:
    """What `struct perf_event_attr` is told (`include/uapi/linux/perf_event.h`).

    `sample` is a period in events, or (`is_frequency`) samples a second.  A probe's `place` is a kernel function or a file,
    at `offset`; its `type` and the bits of `config` are in `/sys/bus/event_source/devices`.
    """

    type: int
    config: int = 0
    sample: int = 0
    is_frequency: bool = False
    place: str = ""
    offset: int = 0


_ATTR_BYTES = 72  # PERF_ATTR_SIZE_VER1
_FREQUENCY = 1 << 10
_USER_ONLY = 1 << 5 | 1 << 6  # exclude_kernel, exclude_hv
_CLOSE_ON_EXEC = 8


def perf_event_open(event: PerfEvent, what: str, pid: int = -1, cpu: int = 0) -> int:
    """Return an fd of a perf event that counts: of one process, or (`pid` -1) of all on one CPU.

    Events of tracepoints and probes are not bound to a CPU once a BPF program is attached: the program runs on every CPU
    whichever the event names (`perf_trace_run_bpf_submit` runs the tracepoint's whole array), so CPU 0 stands for all.
    """
    place = buffer(os.fsencode(event.place) + b"\0") if event.place else None
    attr = struct.pack(
        "<IIQQQQQIIQQ",
        *(event.type, _ATTR_BYTES, event.config, event.sample, 0, 0),
        _FREQUENCY if event.is_frequency else 0,
        *(0, 0, address(place), event.offset),
    )
    memory = buffer(attr)
    return checked(lambda: _syscall(_number(1), memory, pid, cpu, -1, _CLOSE_ON_EXEC), what, "perf-event-open")


_ABSENT = frozenset({errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV, errno.EINVAL})


def can_sample(type: int, config: int) -> bool:  # noqa: A002 (the kernel's word)
    """Tell whether this host can sample an event: by one of this process that never fires, which needs no privilege.

    Where even that is forbidden (kernel.perf_event_paranoid), the event is taken to be there.
    """
    never = (1 << 63) - 1
    memory = buffer(struct.pack("<IIQQQQQ24x", type, _ATTR_BYTES, config, never, 0, 0, _USER_ONLY))
    try:
        os.close(checked(lambda: _syscall(_number(1), memory, 0, -1, -1, _CLOSE_ON_EXEC), "look for a perf event"))
    except KernelError as error:
        return error.errno not in _ABSENT
    return True


def perf_event_open_tracepoint(event_id: int, what: str) -> int:
    """Return an fd of a perf event on a tracepoint, for all processes."""
    type_tracepoint = 2
    return perf_event_open(PerfEvent(type_tracepoint, event_id), what)


def raw_call(number: int, *arguments: int) -> int:
    """Do the system call of this number with plain numbers, and return what it returned; `KernelError` if it failed."""
    words = [ctypes.c_long(argument) for argument in arguments]
    return checked(lambda: _syscall(ctypes.c_long(number), *words), f"system call {number}")


def filesystem_magic(path: str) -> int:
    """Return the `f_type` of the file system that holds `path` (`BPFFS_MAGIC`)."""
    memory = buffer(256)
    checked(lambda: _libc.statfs(os.fsencode(path), memory), f"look at the file system of {path}")
    return int(struct.unpack_from("<q", memory.raw)[0]) & 0xFFFFFFFF


def mount(kind: str, path: str) -> None:
    """Mount a new instance of the file system `kind` on the directory `path`: a point."""
    no_set_uid, no_devices, no_exec = 2, 4, 8
    flags = ctypes.c_ulong(no_set_uid | no_devices | no_exec)

    def act() -> int:
        return int(_libc.mount(kind.encode(), os.fsencode(path), kind.encode(), flags, None))

    checked(act, f"mount {kind} on {path}", "mount")


def checked(act: Callable[[], int], what: str, point: str = "") -> int:
    """Run a libc call that returns -1 on failure; raise `KernelError`.  `point` names the change that it makes, if any."""

    def attempt() -> int:
        result = int(act())
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result

    try:
        return points.run(point, what, attempt) if point else attempt()
    except OSError as error:
        wanted = (SYS_ADMIN,) if point == "mount" else _CAPABILITIES
        raise failure(what, error.errno or errno.EIO, wanted) from None
