"""Stacks as the kernel keeps them, and what people read in place of their addresses.

`views.stacks` reads them from maps, `symbols` names their frames, and `pictures` draws what was found.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UserFrame:
    """A place in a program: an offset in the file that has this build id, where the kernel could tell, else an address.

    `build_id` is in hex digits; without one `address` is an address of the process, which needs its memory map to be read.
    """

    address: int
    build_id: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Stack:
    """Frames from the innermost outwards.  `pid` is the process that the user frames belong to, 0 where that is not known.

    `kernel_cut`, `user_cut`: there were more frames than were kept.
    """

    kernel: tuple[int, ...] = ()
    user: tuple[UserFrame, ...] = ()
    pid: int = 0
    kernel_cut: bool = False
    user_cut: bool = False


@dataclass(frozen=True, slots=True)
class StackSeries:
    """What one `stacks` output has counted or summed for one stack and one key.

    `labels` are the columns of `by` as text; `value` is in the output's own unit (a count, bytes, nanoseconds).
    """

    stack: Stack
    labels: tuple[tuple[str, str], ...]
    value: int


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a frame is called: a function, how far into it, and the file (or kernel module) that has it.

    `name` is empty where nothing has a name for it; people see the module with the offset then, or the address.
    """

    name: str
    offset: int = 0
    module: str = ""
