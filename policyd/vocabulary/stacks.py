"""Stacks as the kernel's programs write them: the one form in events and in the keys of maps, and how it is shown.

A stack is a head (`struct pd_stack` of `bpf_templates/fields/stack.c`), then its frames, the innermost first: a frame of the
kernel is an address; a frame of a program is a `struct bpf_stack_build_id` (include/uapi/linux/bpf.h), in which the kernel
says which file it belongs to, if it could tell.  `reading.stacks` makes `stack.Stack`s of them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from policyd.naming import symbol_name

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = struct.Struct("<IHH")
"""The process whose addresses the frames are (0: none of them is one), the bytes of a frame, `CUT` or `LOST`."""
MARK_AT = 6
"""Where the first byte of the last number of the head is."""
CUT = 1
"""There were more frames than were kept."""
LOST = 2
"""No stack at all: the entry of a `stacks` map that counts what found no room there."""

Part = Literal["kernel", "user"]
PARTS: tuple[Part, ...] = ("kernel", "user")
FRAME_BYTES: dict[Part, int] = {"kernel": 8, "user": 32}
COLUMNS: dict[Part, str] = {"kernel": "kernel.stack", "user": "user.stack"}
"""Their fields, and the columns of a `stacks` key that they are: no other column has a name with a dot."""
MOST_FRAMES = 127
"""What the kernel hands out of a stack (kernel.perf_event_max_stack, unless it was changed)."""
MOST_SKIPPED = 64

_USER = struct.Struct("<i20sQ")
_IN_FILE = 1  # BPF_STACK_BUILD_ID_VALID; BPF_STACK_BUILD_ID_IP is 2, and 0 no frame


@dataclass(frozen=True, slots=True)
class Frames:
    """A stack, decoded: `frames` are (address, "") or, of a program's frame in a file, (offset, build id in hex digits)."""

    part: Part
    pid: int = 0
    cut: bool = False
    lost: bool = False
    frames: tuple[tuple[int, str], ...] = ()


def stack_bytes(part: Part, depth: int) -> int:
    """Return the bytes of a stack of at most `depth` frames."""
    return HEAD.size + FRAME_BYTES[part] * depth


def decode_stack(raw: bytes) -> Frames:
    """Return the stack that the bytes are; behind its frames there may be zeros."""
    if len(raw) < HEAD.size:
        return Frames("kernel")
    pid, size, mark = HEAD.unpack_from(raw)
    body = raw[HEAD.size :]
    if size == FRAME_BYTES["user"]:
        found = _USER.iter_unpack(body[: len(body) // size * size])
        frames = tuple((at, name.hex() if status == _IN_FILE else "") for status, name, at in found if status)
        return Frames("user", pid, mark == CUT, mark == LOST, frames)
    numbers = struct.unpack_from(f"<{len(body) // 8}Q", body)
    return Frames("kernel", pid, mark == CUT, mark == LOST, tuple((one, "") for one in numbers if one))


def plain_texts(stack: Frames) -> list[str]:
    """Return what frames are called without looking at any program: functions of the kernel, else places and addresses."""
    if stack.part == "kernel":
        return [symbol_name(address) or f"{address:#x}" for address, _ in stack.frames]
    return [f"{file}+{at:#x}" if file else f"{at:#x}" for at, file in stack.frames]


class Shower:
    """How stacks are shown in events, rows and labels: `texts` is `plain_texts` until somebody has better names."""

    def __init__(self) -> None:
        self.texts: Callable[[Frames], list[str]] = plain_texts


SHOWER = Shower()
