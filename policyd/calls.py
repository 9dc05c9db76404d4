"""Calls under way: what the program where a call begins keeps for the one where it ends.

`unit.gather` makes a `Calls` for each pair of attach points some rule needs one for; `codegen` emits its struct and the code
of both halves; the engine makes its map in `shared/`.  A map belongs to one pair and one layout: with another layout comes
another map, so that no program ever reads what one of another layout has written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from policyd.maps import MapClass, digest
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from policyd.value import Access, Value
    from policyd.vocabulary.types import ValueType

Keyed = Literal["thread", "stack", "context"]
"""What tells a thread's calls apart: nothing, for a thread is in one system call at a time; the stack pointer, which is each
call's own while it lasts; the address of a typed program's context, which lies in the frame of the call's trampoline."""

PREFIX = "calls-"

KEY_BYTES = 24
"""`struct pd_call_key`: the thread's task, what `Keyed` says, which member of the attach point."""

_MOST_THREADS = 65536
_MOST_CALLS = 8192
_LRU_BYTES = 4 << 20
_NO_PREALLOC = 1  # BPF_F_NO_PREALLOC: memory follows the number of calls under way


def room(type_: ValueType) -> int:
    """Return the bytes that a value takes in a C struct, rounded up to 8; a string has its length beside it."""
    sizes = {Shape.STRING: 8 + type_.size, Shape.ADDRESS: 16, Shape.BYTES: type_.size, Shape.NUMBER: 8}
    return -(-sizes[type_.shape] // 8) * 8


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls that begin at `entry` and end at `exit` (keys of attach points), and which values are kept of each.

    `values` are those of the entry, in the order of `struct pd_call`.  `several`: the points have members, each of which has
    calls of its own.  `stack`: where the stack pointer is in the registers of a probe, and by how much it is higher as a
    function returns than as it begins.
    """

    entry: str
    exit: str
    keyed: Keyed
    values: tuple[Value, ...]
    several: bool = False
    stack: tuple[int, int] = (0, 0)

    @property
    def pin(self) -> str:
        """The name of the map below `shared/`; another one for another layout."""
        layout = tuple((value.path, value.type, value.access) for value in self.values)
        return f"{PREFIX}{digest((self.entry, self.exit, self.keyed, self.several, layout))}"

    @property
    def size(self) -> int:
        """The size of `struct pd_call` in bytes: the time, the values, the state of each."""
        return 8 + sum(room(value.type) for value in self.values) + -(-len(self.values) // 8) * 8

    @property
    def map_class(self) -> MapClass:
        """The map's shape.

        A thread's next system call takes the place of its last: what threads that died leave behind is no more than there
        were threads at a time.  A function's call that never returns (its thread was ended, it was jumped out of) leaves a
        row that no other call finds: there the rows that nobody has used for longest make room.
        """
        if self.keyed == "thread":
            return MapClass("hash", KEY_BYTES, self.size, _NO_PREALLOC, _MOST_THREADS)
        return MapClass("lru_hash", KEY_BYTES, self.size, 0, max(1024, min(_MOST_CALLS, _LRU_BYTES // self.size)))

    def index(self, path: str, access: Access) -> int:
        """Return the position of a value in `values`; `StopIteration` for one that is not kept."""
        return next(number for number, value in enumerate(self.values) if (value.path, value.access) == (path, access))
