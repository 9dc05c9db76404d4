"""Program commands: load instructions, run a program on given bytes.

Programs made from C are loaded by `object.py`; this is for the ones of `instructions.py`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.kernel.bpf.constants import PROGRAM_XDP_HAS_FRAGS, Command
from policyd.kernel.bpf.syscall import address, buffer, call

if TYPE_CHECKING:
    from policyd.vocabulary.attach import AttachKind


@dataclass(frozen=True, slots=True)
class ProgramKind:
    """What the kernel must be told to load a program, in numbers of `include/uapi/linux/bpf.h`.

    The expected attach type is given always: link updates and program arrays insist that old and new agree in it.
    """

    type: int
    attach_type: int = 0
    flags: int = 0

    @classmethod
    def of(cls, kind: AttachKind) -> ProgramKind:
        """Return what programs of an attach kind are loaded with; XDP takes packets of several buffers (large MTU)."""
        flags = PROGRAM_XDP_HAS_FRAGS if kind.kind == "xdp" else 0
        return cls(kind.program_type, kind.expected_attach_type, flags)


def load(kind: ProgramKind, instructions: bytes, name: str, attach_btf_id: int = 0) -> int:
    """Return the fd of a program; `KernelError` if the kernel refuses it (no log is asked for)."""
    code, gpl = buffer(instructions), buffer(b"GPL\0")
    attr = struct.pack(
        "<IIQQIIQII16sIIIIQIIQII",
        kind.type,
        len(instructions) // 8,
        address(code),
        address(gpl),
        *(0, 0, 0),  # no log
        *(0, kind.flags),  # kernel version: of no matter since 5.0
        name.encode("ascii"),
        0,  # interface: not for hardware
        kind.attach_type,
        *(0, 0, 0, 0, 0, 0, 0),  # no BTF
        attach_btf_id,
    )
    return call(Command.PROG_LOAD, attr, f"load program {name}")


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
