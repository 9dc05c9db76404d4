"""Program commands: load instructions, with the verifier's log where one is wanted; run a program on given bytes.

Objects with BTF are loaded by `object.py`; this is for bare instructions: those of `instructions.py`, and those that come
from bcc.
"""

from __future__ import annotations

import errno
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.errors import KernelError
from policyd.kernel.bpf import btf
from policyd.kernel.bpf.constants import ENOTSUPP, PROGRAM_XDP_HAS_FRAGS, Command
from policyd.kernel.bpf.syscall import Buffer, address, buffer, call

if TYPE_CHECKING:
    from policyd.vocabulary.attach import AttachKind


@dataclass(frozen=True, slots=True)
class ProgramKind:
    """What the kernel must be told to load a program, in numbers of `include/uapi/linux/bpf.h`.

    The expected attach type is given always: link updates and program arrays insist that old and new agree in it.
    `function` is the kernel's function whose type (BTF) the program is loaded for, if it is of a type that is.
    """

    type: int
    attach_type: int = 0
    flags: int = 0
    function: str = ""

    @classmethod
    def of(cls, kind: AttachKind, function: str = "") -> ProgramKind:
        """Return what programs of an attach kind are loaded with; XDP takes packets of several buffers (large MTU)."""
        flags = PROGRAM_XDP_HAS_FRAGS if kind.kind == "xdp" else 0
        return cls(kind.program_type, kind.expected_attach_type, flags, function)


LOG_BYTES = (1 << 20, 16 << 20)
"""Room for the verifier's log.  A longer one loses its beginning, and the load's errno becomes ENOSPC; before Linux 6.4 it
loses its end, which tells why: then again with more (kernel commit 121664093803).  libbpf, left to itself, makes the log
whole at any length: measured, a refused loop took 44 s and gave 140 MB, instead of 8 s and the last MiB."""

_LOG_END = re.compile(r"^processed \d+ insns", re.MULTILINE)
_OF_THE_VERIFIER = frozenset(
    {errno.EACCES, errno.EINVAL, errno.E2BIG, errno.EOPNOTSUPP, errno.EFAULT, errno.ENOENT, ENOTSUPP}
)
"""What refused programs get.  EPERM, ENOMEM, EBUSY and their like come from elsewhere, and no log would tell more."""


class RefusedError(Exception):
    """The kernel refused a program; `log` is the verifier's, `errno` the load's, `program` its name if it is known."""

    def __init__(self, log: str, number: int, program: str) -> None:
        self.log, self.errno, self.program = log, number, program
        super().__init__(f"errno {number}")


def load(kind: ProgramKind, instructions: bytes, name: str) -> int:
    """Return the fd of a program; `KernelError` if the kernel refuses it (no log is asked for)."""
    return _load(kind, instructions, name, None)


def load_or_explain(kind: ProgramKind, instructions: bytes, name: str) -> int:
    """Return the fd of a program; `RefusedError` with the log if the verifier refuses it, `KernelError` for all else.

    As libbpf does, a log is asked for only when the load has failed without: writing it takes longer than verifying.
    """
    try:
        return _load(kind, instructions, name, None)
    except KernelError as error:
        if error.errno not in _OF_THE_VERIFIER:
            raise
    for size in LOG_BYTES:
        log = buffer(size)
        try:
            return _load(kind, instructions, name, log)
        except KernelError as error:
            text = log.value.decode("utf-8", "replace")
            if not text and error.errno != errno.E2BIG:
                raise
            if log_is_whole(text, error.errno) or size == LOG_BYTES[-1]:
                raise RefusedError(text, error.errno, name) from None
    raise AssertionError("unreachable")


def log_is_whole(log: str, number: int) -> bool:
    """Tell whether the end of a log, which says why, is in it; `number` is the load's errno."""
    return number != errno.ENOSPC or _LOG_END.search(log) is not None


def _load(kind: ProgramKind, instructions: bytes, name: str, log: Buffer | None) -> int:
    code, gpl = buffer(instructions), buffer(b"GPL\0")
    level = 0 if log is None else 1
    attr = struct.pack(
        "<IIQQIIQII16sIIIIQIIQII",
        kind.type,
        len(instructions) // 8,
        address(code),
        address(gpl),
        *(level, 0 if log is None else len(log), address(log)),
        *(0, kind.flags),  # kernel version: of no matter since 5.0
        name.encode("ascii")[:15],
        0,  # interface: not for hardware
        kind.attach_type,
        *(0, 0, 0, 0, 0, 0, 0),  # no BTF
        _type_id(kind.function, name),
    )
    return call(Command.PROG_LOAD, attr, f"load program {name}")


def _type_id(function: str, name: str) -> int:
    """Return the number of a function's type, 0 for none; `KernelError` (ENOENT) if the kernel has no such function."""
    if not function:
        return 0
    found = btf.running().function(function)
    if found is None:
        raise no_function(function, f"load program {name}")
    return found.id


def no_function(name: str, what: str) -> KernelError:
    """Return the error of a program for a function that the kernel's types do not have."""
    hint = f"the kernel's types have no function {name}: it is a module's, was inlined, or is another kernel's"
    return KernelError(what, errno.ENOENT, hint)


@dataclass(frozen=True, slots=True)
class PacketRun:
    """What `BPF_PROG_TEST_RUN` gave: the program's verdict, the packet after it, nanoseconds of one run."""

    verdict: int
    data: bytes
    duration_ns: int


def run_on_packet(fd: int, data: bytes, context: bytes = b"", repeat: int = 1) -> PacketRun:
    """Run a program on a packet (Ethernet header first, 14 bytes at the least) without attaching it.

    `context` is the `struct __sk_buff` or `struct xdp_md` to begin with, if other than zero.
    """
    packet, room = buffer(data), buffer(len(data) + 256)
    before, after = (buffer(context), buffer(len(context))) if context else (None, None)
    attr = buffer(
        struct.pack(
            "<IIIIQQIIIIQQIII4x",
            *(fd, 0, len(data), len(room), address(packet), address(room), repeat, 0),
            *(len(context), len(context), address(before), address(after)),
            *(0, 0, 0),
        )
    )
    call(Command.PROG_TEST_RUN, attr, "run a program on given data")
    verdict, _, size = struct.unpack_from("<III", attr, 4)
    return PacketRun(verdict, room.raw[:size], struct.unpack_from("<I", attr, 36)[0])
