"""Values as the generated code handles them: where each is kept, how it is fetched, and the expressions that name it.

`ValueTable` numbers the distinct values of a unit (by path and access; the widest type wins), so that each is fetched once
an event however many rules read it.  An `Operand` is what conditions and outputs see of one: C expressions and facts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from policyd.calls import room as room_of
from policyd.codegen import ctext as c
from policyd.codegen.computed import computed_view, text_view
from policyd.codegen.ctext import CText
from policyd.codegen.families import whole_of
from policyd.codegen.formula import formula, may_stand, takes_text
from policyd.codegen.memory import memory_view
from policyd.codegen.user_memory import user_bytes, user_number, user_string
from policyd.value import (
    Argument,
    Builtin,
    Computed,
    Constant,
    ContextLoad,
    Cookie,
    CurrentTask,
    DataLocation,
    Elapsed,
    ErrorCode,
    Fetched,
    Memory,
    PointedBytes,
    PointedString,
    Pointer,
    Saved,
    Shift,
    Step,
    Text,
    Through,
    UserLoad,
    Value,
    Walk,
    every_value,
)
from policyd.value import operands as parts_of
from policyd.vocabulary.accessors import HEAVY_COST
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policyd.codegen.computed import BranchView
    from policyd.value import Access, Base

_TABLE_STRINGS = {
    "process_exe": ("self", "exe"),
    "process_args": ("self", "args"),
    "process_parent_exe": ("parent", "exe"),
}
"""Strings that stay in the engine's process table: (member of `struct run`, member of `struct pd_process`)."""

_PARSED = ValueType("bool", Shape.NUMBER, 1)

SLACK = 256
"""Readable bytes behind every string, so that words can be compared at any offset in it."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A value in C: `value` is the number or the address of the bytes, `state` compares with PD_OK."""

    index: int
    source: Value
    value: CText
    state: CText
    length: CText = CText("")
    cut: CText = CText("0")
    capacity: int = 0
    stored: bool = True
    eager: bool = False
    row: str = ""  # "self" or "parent": the process table's row that it is in
    part_of: Operand | None = None
    parts: tuple[Operand, ...] = ()  # what it is made of, as `value.operands` says

    @property
    def shape(self) -> Shape:
        return self.source.type.shape

    @property
    def needs(self) -> tuple[CText, ...]:
        """What is fetched where the value is wanted: itself, unless that was before, or what it is an expression of."""
        if not self.stored:
            return tuple(dict.fromkeys(need for part in self.parts for need in part.needs))
        return (c.uint(self.index),) if not self.eager and all(dear is not self for dear in self.dears) else ()

    @property
    def dears(self) -> tuple[Operand, ...]:
        """What is dear to get of all that it takes to have the value; each is fetched at one place of a program."""
        within = [dear for part in self.parts for dear in part.dears]
        if self.part_of is not None:
            within.append(self.part_of)
        elif self.stored and self.source.cost >= HEAVY_COST and not within:
            within.append(self)
        return tuple(dict.fromkeys(within))

    @property
    def rows(self) -> frozenset[str]:
        """Which process rows the value is in: `self`, `parent`."""
        return frozenset({self.row} - {""}).union(*(part.rows for part in self.parts))

    @property
    def late(self) -> CText:
        """The C name of what fetches a dear value for tests, and of its state."""
        return c.ident(f"late_{self.index}")

    @property
    def can_be_absent(self) -> bool:
        return self.source.can_be_absent

    @property
    def can_be_unread(self) -> bool:
        return self.source.can_be_unread or bool(self.row)

    @property
    def uncertain(self) -> bool:
        """Whether `state` can be anything but PD_OK."""
        return self.can_be_absent or self.can_be_unread

    @property
    def number(self) -> CText:
        """The number as its sign says."""
        return c.signed(self.value) if self.source.type.signed else self.value


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of a walk: the type that the pointer points to, and the member.

    It is loaded, unless it is `inside` that type and its address is meant, or the way leads `back` from it to the type.
    """

    container: CText
    member: CText
    inside: bool = False
    back: bool = False


@dataclass(frozen=True, slots=True)
class FetchView:
    """What `fetch/*.c` may print of a value."""

    index: CText
    comment: CText
    template: str
    to: CText
    pointer: CText
    size: CText
    accessor: CText = CText("")
    number: CText = CText("")
    refused: CText = CText("0")
    address: CText = CText("")
    reader: CText = CText("")
    read: CText = CText("pd_read_kernel")
    base: CText = CText("")
    c_type: CText = CText("")
    byte: CText = CText("")
    steps: tuple[StepView, ...] = ()
    last: StepView | None = None
    parts: tuple[Operand, ...] = ()
    needs: tuple[CText, ...] = ()
    state: CText = CText("PD_OK")
    branches: tuple[BranchView, ...] = ()
    statements: tuple[CText, ...] = ()
    cases: tuple[tuple[CText, CText], ...] = ()


class ValueTable:
    """The distinct values of a unit, in the order of first use."""

    def __init__(self, values: Iterable[Value], eager: frozenset[tuple[str, Access]]) -> None:
        values = tuple(values)
        self._uses, self._addressed = _usage(values)
        widest: dict[tuple[str, Access], Value] = {}
        for value in (one for used in every_value(values) for one in (_whole(used), used) if one is not None):
            key = (value.path, value.access)
            if key not in widest or widest[key].type.size < value.type.size:
                widest[key] = value
        self._operands: dict[tuple[str, Access], Operand] = {}
        for index, (key, value) in enumerate(widest.items()):
            whole = _whole(value)
            operand = self._made(index, value, key in eager)
            self._operands[key] = replace(operand, part_of=self[whole]) if whole else operand

    def __getitem__(self, value: Value) -> Operand:
        return self._operands[value.path, value.access]

    def _made(self, index: int, value: Value, eager: bool) -> Operand:
        """Return the operand of a value: with a place of its own, unless it is an expression that is used once."""
        key = (value.path, value.access)
        parts = tuple(self[part] for part in parts_of(value.access))
        if isinstance(value.access, Text) and key not in self._addressed:
            return Operand(index, value, c.uint(0), CText("PD_OK"), stored=False)
        found = formula(value, parts) if self._uses[key] == 1 else None
        if found is not None and may_stand(value, found):
            return Operand(index, value, found.value, found.state, stored=False, parts=parts)
        return replace(_operand(index, value, eager and not parts), parts=parts)

    def __len__(self) -> int:
        return len(self._operands)

    @property
    def stored(self) -> tuple[Operand, ...]:
        return tuple(operand for operand in self._operands.values() if operand.stored)

    @property
    def computes(self) -> bool:
        """Whether some value is computed of others."""
        return any(isinstance(operand.source.access, Computed) for operand in self._operands.values())

    @property
    def searches(self) -> bool:
        """Whether some text is searched for another."""
        accesses = (operand.source.access for operand in self._operands.values())
        return any(isinstance(access, Computed) and access.operation == "contains" for access in accesses)

    @property
    def rows(self) -> frozenset[str]:
        """Which process rows some value is in: `self`, `parent`."""
        return frozenset[str]().union(*(operand.rows for operand in self._operands.values()))


def _usage(values: tuple[Value, ...]) -> tuple[Counter[tuple[str, Access]], frozenset[tuple[str, Access]]]:
    """Return how often each value is used, and the texts of the code's own of which something wants the address."""
    uses: Counter[tuple[str, Access]] = Counter()
    addressed = set()
    todo = [(value, True) for value in values]
    while todo:
        value, whole = todo.pop()
        access, key = value.access, (value.path, value.access)
        uses[key] += 1
        if whole:
            addressed.add(key)
        if uses[key] == 1:
            taken = (isinstance(access, Computed) and takes_text(access, number) for number in range(len(parts_of(access))))
            todo += [(part, not inside) for part, inside in zip(parts_of(access), taken, strict=True)]
    return uses, frozenset(addressed)


def _whole(value: Value) -> Value | None:
    """Return the value that `value` is taken out of: a packet, of which each field is a value."""
    access = value.access
    accessor = whole_of(access.accessor) if isinstance(access, Through) else ""
    if not isinstance(access, Through) or not accessor or accessor == access.accessor:
        return None
    return Value("packet", _PARSED, replace(access, accessor=accessor), True, True, HEAVY_COST)


def _operand(index: int, value: Value, eager: bool) -> Operand:
    access = value.access
    if isinstance(access, Constant):
        return Operand(index, value, c.uint(access.number), CText("PD_OK"), stored=False)
    if isinstance(access, Builtin) and access.name in _TABLE_STRINGS:
        row, member = _TABLE_STRINGS[access.name]
        base = CText(f"r->{c.ident(row)}")
        return Operand(
            index,
            value,
            c.dot(base, member),
            CText(f"({base} ? PD_OK : PD_UNREAD)"),
            length=c.dot(base, f"{member}_length"),
            cut=c.dot(base, f"{member}_cut"),
            capacity=256,
            stored=False,
            row=row,
        )
    place = CText(f"r->s->v{index}")
    state = CText(f"r->s->state[{index}]")
    if value.type.shape is Shape.STRING:
        return Operand(
            index,
            value,
            c.dot(place, "data", arrow=False),
            state,
            length=c.dot(place, "length", arrow=False),
            cut=c.dot(place, "cut", arrow=False),
            capacity=value.type.size,
            eager=eager,
        )
    return Operand(index, value, place, state, eager=eager)


def member(operand: Operand) -> CText:
    """Return the declaration of a stored value in `struct subject`."""
    return member_of(operand.source.type, f"v{operand.index}")


def member_of(type_: ValueType, name: str) -> CText:
    """Return the declaration of a struct's member that holds a value."""
    if type_.shape is Shape.STRING:
        return CText(f"PD_STRING({c.uint(type_.size)}) {c.ident(name)}")
    if type_.shape is Shape.ADDRESS:
        return CText(f"struct pd_address {c.ident(name)}")
    if type_.shape is Shape.BYTES:
        return CText(f"u8 {c.ident(name)}[{c.uint(-(-type_.size // 8) * 8)}] __attribute__((aligned(8)))")
    return CText(f"u64 {c.ident(name)}")


def room(operand: Operand) -> int:
    """Return the bytes that `member` takes, rounded up to 8."""
    return room_of(operand.source.type)


def fetch_view(operand: Operand) -> FetchView:
    """Return how the value is fetched: the template and what it prints."""
    value, shape = operand.source, operand.shape
    place = CText(f"r->s->v{operand.index}")
    plain = FetchView(
        index=c.uint(operand.index),
        comment=c.comment(value.path),
        template="",
        to=place,
        pointer=place if shape in {Shape.STRING, Shape.BYTES} else CText(f"&{place}"),
        size=c.uint(value.type.size),
        parts=operand.parts,
    )
    return _VIEWS[type(value.access)](plain, value, value.access)


def _builtin(plain: FetchView, value: Value, access: Builtin) -> FetchView:
    template = "fetch/builtin_string.c" if value.type.shape is Shape.STRING else "fetch/builtin.c"
    return replace(plain, template=template, accessor=c.ident(access.name))


def _argument(plain: FetchView, value: Value, access: Argument) -> FetchView:
    return replace(plain, template="fetch/number.c", number=_argument_number(access, value.big_endian))


def _task(plain: FetchView, _value: Value, access: CurrentTask) -> FetchView:
    return replace(plain, template="fetch/number.c", number=_pointer(plain, access))


def _address(plain: FetchView, _value: Value, access: Pointer) -> FetchView:
    return replace(plain, template="fetch/pointer.c", base=_pointer(plain, access.base))


def _error(plain: FetchView, _value: Value, access: ErrorCode) -> FetchView:
    return replace(plain, template="fetch/error.c", base=_pointer(plain, access.base))


def _cookie(plain: FetchView, _value: Value, access: Cookie) -> FetchView:
    """Add to the cookie where the numbers count as it does, else choose."""
    first = access.numbers[0]
    if access.numbers == tuple(range(first, first + len(access.numbers))):
        return replace(plain, template="fetch/number.c", number=CText(f"pd_attach_cookie(r->ctx) + {c.uint(first)}"))
    cases = tuple((c.uint(index), c.uint(number)) for index, number in enumerate(access.numbers))
    return replace(plain, template="fetch/cookie.c", cases=cases)


def _located(plain: FetchView, _value: Value, access: DataLocation) -> FetchView:
    location = f"PD_CONTEXT(u32, r->ctx, {c.uint(access.offset)})"
    address = CText(f"(u64) ((char *) r->ctx + ({location} & 0xffff))")
    return replace(plain, template="fetch/string.c", reader=c.ident("pd_string_kernel"), address=address)


def _context(plain: FetchView, value: Value, access: ContextLoad) -> FetchView:
    address = CText(f"(char *) r->ctx + {c.uint(access.offset)}")
    if value.type.shape is Shape.STRING:
        size = c.uint(min(value.type.size, access.size))
        reader = c.ident("pd_string_array")
        return replace(plain, template="fetch/string.c", reader=reader, size=size, address=CText(f"(u64) ({address})"))
    if value.type.shape is Shape.ADDRESS and access.size == 4:
        return replace(plain, template="fetch/address4.c", address=address)
    if value.type.shape is not Shape.NUMBER:
        return replace(plain, template="fetch/bytes.c", address=address)
    return replace(plain, template="fetch/number.c", number=_context_number(access, value.big_endian))


def _context_number(access: ContextLoad, big_endian: bool = False) -> CText:
    loaded = f"PD_CONTEXT(u{access.size * 8}, r->ctx, {c.uint(access.offset)})"
    if big_endian and access.size > 1:
        loaded = f"__builtin_bswap{access.size * 8}({loaded})"
    return CText(f"(s64) (s{access.size * 8}) {loaded}" if access.signed else loaded)


def _argument_number(access: Argument, big_endian: bool = False) -> CText:
    loaded = f"PD_CONTEXT(u64, r->ctx, {c.uint(access.index * 8)})"
    if access.size < 8:
        loaded = f"({'s' if access.signed else 'u'}{access.size * 8}) {loaded}"
    if big_endian and access.size > 1:
        loaded = f"__builtin_bswap{access.size * 8}({loaded})"
    return CText(f"(s64) {loaded}" if access.signed else loaded)


def _pointed(plain: FetchView, _value: Value, access: PointedString) -> FetchView:
    reader = c.ident(f"pd_string_{access.space}")
    pointer = access.pointer
    if isinstance(pointer, UserLoad):
        return user_string(plain, pointer)
    if isinstance(pointer, Walk):
        return replace(_followed(plain, pointer), template="fetch/walk_pointed.c", reader=reader)
    return replace(plain, template="fetch/string.c", reader=reader, address=_pointer(plain, pointer))


def _pointer(plain: FetchView, base: Base) -> CText:
    """Return the number that a walk begins with."""
    if isinstance(base, CurrentTask):
        return CText("pd_task()")
    if isinstance(base, Fetched):
        return plain.parts[0].value
    return _context_number(base) if isinstance(base, ContextLoad) else _argument_number(base)


def _step(step: Step | Shift) -> StepView:
    shift = isinstance(step, Shift)
    back = isinstance(step, Shift) and step.back
    return StepView(c.type_name(step.container), c.designator(step.member), inside=shift and not back, back=back)


def _through(plain: FetchView, value: Value, access: Through) -> FetchView:
    steps = tuple(map(_step, access.steps))
    template = "fetch/through_string.c" if value.type.shape is Shape.STRING else "fetch/through.c"
    base, accessor = _pointer(plain, access.base), c.ident(access.accessor)
    return replace(plain, template=template, base=base, steps=steps, accessor=accessor)


def _followed(plain: FetchView, access: Walk) -> FetchView:
    """Return the view with the walk's pointers: all steps but the last are followed."""
    views = tuple(map(_step, access.steps))
    read = c.ident("pd_read_either" if access.anywhere else "pd_read_kernel")
    return replace(plain, base=_pointer(plain, access.base), steps=views[:-1], last=views[-1], read=read)


def _walk(plain: FetchView, value: Value, access: Walk) -> FetchView:
    view, last = _followed(plain, access), access.steps[-1]
    bits = last.bits if isinstance(last, Step) else None
    if bits is not None:
        offset, width = bits
        first, end = offset // 8, -(-(offset + width) // 8)
        shifted = f"(found << {64 - (offset - first * 8) - width})"
        number = CText(f"{f'(s64) {shifted}' if value.type.signed else shifted} >> {64 - width}")
        return replace(view, template="fetch/walk_bits.c", size=c.uint(end - first), byte=c.uint(first), number=number)
    if value.type.shape is Shape.STRING:
        reader = c.ident("pd_string_either" if access.anywhere else "pd_string_array")
        return replace(view, template="fetch/walk_string.c", reader=reader)
    if value.type.shape is not Shape.NUMBER:
        return replace(view, template="fetch/walk_bytes.c")
    size = value.type.size * 8
    found = CText(f"__builtin_bswap{size}(found)") if value.big_endian and size > 8 else CText("found")
    return replace(view, template="fetch/walk.c", c_type=CText(f"{'s' if value.type.signed else 'u'}{size}"), number=found)


def _of_call(plain: FetchView, _value: Value, _access: Saved | Elapsed) -> FetchView:
    """Leave it to `calls.py`, which knows what is kept of calls, and where."""
    return plain


_VIEWS: dict[type, Callable[[FetchView, Value, Any], FetchView]] = {
    Builtin: _builtin,
    ContextLoad: _context,
    Cookie: _cookie,
    Argument: _argument,
    Computed: computed_view,
    CurrentTask: _task,
    DataLocation: _located,
    ErrorCode: _error,
    Memory: memory_view,
    Elapsed: _of_call,
    Pointer: _address,
    PointedBytes: user_bytes,
    PointedString: _pointed,
    Saved: _of_call,
    Text: text_view,
    Through: _through,
    UserLoad: user_number,
    Walk: _walk,
}
"""How each access is fetched; constants are not."""
