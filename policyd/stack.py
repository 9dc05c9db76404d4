"""Stacks as the kernel keeps them, and what people read in place of their addresses.

`views.stacks` reads them from maps, `symbols` names their frames, and `pictures` draws what was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


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

    `name` is empty where nothing has a name for it; people see the module with the offset then, or the address.  `offset` is
    counted from what is named first: the function, the file, or 0.  All of it is safe to show.
    """

    name: str
    offset: int = 0
    module: str = ""

    @property
    def label(self) -> str:
        """The function, without the place in it: `vfs_read`; `[libfoo.so]` or `[unknown]` where no function is known."""
        return self.name or f"[{self.module or 'unknown'}]"

    def __str__(self) -> str:
        """Return `vfs_read+0x10`, `ext4_sync_fs+0x2c [ext4]`, `[libfoo.so]+0x1234` or `0x7f0012345678`."""
        if not self.name:
            return f"[{self.module}]+{self.offset:#x}" if self.module else f"{self.offset:#x}"
        text = f"{self.name}+{self.offset:#x}" if self.offset else self.name
        return f"{text} [{self.module}]" if self.module else text


class FrameNames(Protocol):
    """What gives frames their names (`symbols.Symbols` does).  It never fails: what has no name is a `Symbol` without one.

    `returns` is true of every frame but the innermost: its address is where a call returns to, so that the call before it is
    what is named.
    """

    def kernel(self, address: int, *, returns: bool = False) -> Symbol: ...

    def user(self, frame: UserFrame, pid: int = 0, *, returns: bool = False) -> Symbol: ...

    def stack(self, stack: Stack) -> NamedStack: ...


@dataclass(frozen=True, slots=True)
class NamedStack:
    """A stack with names, each part from the innermost frame outwards: first the kernel's, which the user's called."""

    kernel: tuple[Symbol, ...] = ()
    user: tuple[Symbol, ...] = ()
    kernel_cut: bool = False
    user_cut: bool = False
