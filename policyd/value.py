"""How a value is got in the kernel: the ways to it, and the resolved field that takes one.

`resolve` makes them from paths as policies spell them (`args.task.comm`, `process.pid`), `codegen` turns each into C.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Builtin:
    """Read by the C accessor `name` of `bpf_templates/fields/` (`process_pid`, `packet_src_ip`, `sockaddr_dst_port`…)."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """Known when the code is made (`hook.name`, `hook.kind`)."""

    number: int


@dataclass(frozen=True, slots=True)
class Text:
    """Known when the code is made: the bytes of a string without its NUL, or the 16 of an address in network order."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Cookie:
    """Which of the members of an attach point fired: its cookie, as one of `numbers` (`hook.name`)."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ContextLoad:
    """`size` bytes at `offset` of the context.

    A tracepoint's: a number, or (a string or bytes) an array inside the record.  A probe's (`struct pt_regs`): a register.
    """

    offset: int
    size: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class DataLocation:
    """A tracepoint's `__data_loc` at `offset` of the context: low 16 bits offset, high 16 bits length."""

    offset: int


@dataclass(frozen=True, slots=True)
class Argument:
    """Argument `index` of a raw tracepoint, fentry, fexit, fmod_ret or LSM program (each is a u64 in the context)."""

    index: int
    size: int = 8
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a walk: in the struct or union `container` (C name, `struct task_struct`), go to `member`.

    `member` is a C member designator (`real_parent`, `__sk_common.skc_dport`, `comm`, `a.b[3]`).  Every step but the last
    loads a pointer and follows it; the last one reads a value of the `Value`'s type, or a bit field if `bits` is set
    (offset and width in bits, as BTF tells).
    """

    container: str
    member: str
    bits: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """From an address to another, without a load: to `member` inside the `container` there (an embedded struct); or `back`,
    from the address of `member` to the `container` that it lies in (container_of)."""

    container: str
    member: str
    back: bool = False


@dataclass(frozen=True, slots=True)
class CurrentTask:
    """The address of the current `struct task_struct`."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The number that `value` gives, as a pointer: one that was saved, computed or looked up."""

    value: Value


Base = Argument | ContextLoad | CurrentTask | Fetched
"""What a walk can begin with: a number that is a pointer into kernel memory."""


@dataclass(frozen=True, slots=True)
class Walk:
    """From the pointer `base`, through kernel memory by probe reads.  A NULL or error pointer on the way is *absent*.

    `anywhere`: pointers on the way may lead into the memory of the process too; each address tells which it is.
    """

    base: Base
    steps: tuple[Step | Shift, ...]
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class Through:
    """What the C accessor `accessor` of `bpf_templates/fields/` makes of a pointer: a file's path, a socket's address.

    A step loads a pointer and follows it, a shift goes into an embedded struct; the accessor is given where that leads
    (`base` itself if there are none).  A NULL or error pointer on the way is *absent*; the accessor says what it made of the
    last.
    """

    accessor: str
    base: Base
    steps: tuple[Step | Shift, ...] = ()


@dataclass(frozen=True, slots=True)
class Pointer:
    """The pointer `base` as a number; NULL, or an error number dressed as a pointer, is *absent*."""

    base: Base


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """The errno that a result stands for: a negative number, or one dressed as a pointer.  Any other result: *absent*."""

    base: Base


@dataclass(frozen=True, slots=True)
class UserLoad:
    """`size` bytes of the process's own memory at `base + index * scale + offset`; base and index are registers, if any.

    `null`: the base is a pointer, and what is behind a NULL one is *absent*.
    """

    base: ContextLoad | Fetched | None
    offset: int
    size: int
    signed: bool = False
    index: ContextLoad | None = None
    scale: int = 1
    null: bool = False


@dataclass(frozen=True, slots=True)
class PointedBytes:
    """The bytes at the address that `pointer` gives, in user memory: as many as the value's type has."""

    pointer: ContextLoad | UserLoad | Fetched


@dataclass(frozen=True, slots=True)
class PointedString:
    """The NUL-terminated string at the address that `pointer` gives, in user or kernel memory (`either`: it tells)."""

    pointer: Base | Walk | UserLoad
    space: Literal["user", "kernel", "either"]


@dataclass(frozen=True, slots=True)
class Memory:
    """The bytes at the address that `pointer` is, in user or kernel memory (`either`: it tells).

    As many as the value's type has; or, of a type with a capacity, `length` of them and no more than fit.  A NULL pointer is
    *absent*, and so is a length below zero.
    """

    pointer: Value
    length: Value | None
    space: Literal["user", "kernel", "either"]


@dataclass(frozen=True, slots=True)
class Computed:
    """What `operation`, a row of `vocabulary.operations`, makes of the values of `operands`, in order."""

    operation: str
    operands: tuple[Value, ...]


ROW = -1
"""The column of a `Lookup` that is the whole row."""

LOOKUP_COST = 4
"""What a look-up in a table costs beside its keys (`Value.cost`)."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Column number `column` of the row that `keys` name in `table` of `policy`; *absent* where there is no such row.

    The row is as it was before the event, whatever rules write.  `keys` are the values of the table's key layout.  `ROW` as
    a column is the whole row, of `row_bytes`: whether it is there.
    """

    policy: str
    table: str
    keys: tuple[Value, ...]
    column: int
    row_bytes: int

    @property
    def row(self) -> Value:
        """The whole row that the column is in, as its bytes: looked up once, however many columns are read."""
        path = f"{self.table}[{', '.join(key.path for key in self.keys)}]"
        type_ = ValueType("bytes", Shape.BYTES, self.row_bytes)
        cost = LOOKUP_COST + max(key.cost for key in self.keys)
        unread = any(key.can_be_unread for key in self.keys)
        return Value(path, type_, replace(self, column=ROW), can_be_absent=True, can_be_unread=unread, cost=cost)


@dataclass(frozen=True, slots=True)
class Kept:
    """What `lookup` finds in a row of a span's starts; *absent* too where the column number `there` lacks the bit for it."""

    lookup: Lookup
    there: int


@dataclass(frozen=True, slots=True)
class KeptStack:
    """The stack in `row`, that of a span's start, at the byte `offset`; *absent* where the number at `there` lacks `bit`."""

    row: Value
    offset: int
    there: int
    bit: int


@dataclass(frozen=True, slots=True)
class Saved:
    """`value` as it was when the call began that now returns, taken by the program at `entry` (an `AttachPoint.key`).

    *Absent* where the beginning was not seen: the call was under way when the policy came.
    """

    entry: str
    value: Value


@dataclass(frozen=True, slots=True)
class StackTrace:
    """The frames of the kernel's or of the user's part of the stack: at most `depth`, without the `skip` innermost ones.

    *Absent* where there is no frame: the kernel's part at a place in a program, the user's of a thread of the kernel.
    """

    part: Literal["kernel", "user"]
    depth: int
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Nanoseconds since the call began that now returns, as the program at `entry` (an `AttachPoint.key`) saw it.

    *Absent* as what is `Saved`.
    """

    entry: str


Access = (
    Builtin
    | Constant
    | Text
    | Cookie
    | ContextLoad
    | DataLocation
    | Argument
    | CurrentTask
    | Walk
    | Through
    | PointedString
    | PointedBytes
    | Memory
    | UserLoad
    | Pointer
    | ErrorCode
    | Computed
    | Lookup
    | Kept
    | KeptStack
    | Saved
    | Elapsed
    | StackTrace
)


@dataclass(frozen=True, slots=True)
class Value:
    """A resolved field: `path` as the policy spells it, its type, how to get it, and what can keep it from being got.

    Equal values (path, type and access) of all rules at an attach point are fetched once.  `cost` orders the conditions of
    a conjunction: 0 constant, 1 context load, 2 cheap helper, 4 probe read or look-up, 16 string, 64 what takes a loop
    (which is fetched at one place of a program).
    """

    path: str
    type: ValueType
    access: Access
    can_be_absent: bool = False
    can_be_unread: bool = False
    cost: int = 1
    big_endian: bool = False


def operands(access: Access) -> tuple[Value, ...]:
    """Return the values of the same event that an access is made of; a saved one belongs to another event."""
    if isinstance(access, Computed):
        return access.operands
    if isinstance(access, Memory):
        return (access.pointer,) if access.length is None else (access.pointer, access.length)
    if isinstance(access, Lookup):
        return access.keys if access.column == ROW else (access.row,)
    if isinstance(access, Kept):
        return (access.lookup.row,)
    if isinstance(access, KeptStack):
        return (access.row,)
    base: object = access.pointer if isinstance(access, PointedString | PointedBytes) else access
    if isinstance(base, Walk | Through | Pointer | ErrorCode | UserLoad):
        base = base.base
    return (base.value,) if isinstance(base, Fetched) else ()


def argument_of(value: Value) -> Argument | None:
    """Return the argument that a value is, or that the way to it begins with; None if it begins elsewhere."""
    base: object = value.access
    base = base.pointer if isinstance(base, PointedString | PointedBytes) else base
    base = base.base if isinstance(base, Walk | Through | Pointer | ErrorCode | UserLoad) else base
    return base if isinstance(base, Argument) else None


def every_value(values: Iterable[Value]) -> Iterator[Value]:
    """Yield values and what they are made of, operands before what is made of them."""
    for value in values:
        yield from every_value(operands(value.access))
        yield value
