"""Values as the generated code handles them: where each is kept, and the expressions that name it; `fetching` gets them.

`ValueTable` numbers the distinct values of a unit (by path and access; the widest type wins), so that each is fetched once
an event however many rules read it.  An `Operand` is what conditions and outputs see of one: C expressions and facts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policyd.calls import room as room_of
from policyd.codegen import ctext as c
from policyd.codegen.ctext import CText
from policyd.codegen.families import whole_of
from policyd.codegen.formula import formula, may_stand, takes_text
from policyd.value import Builtin, Computed, Constant, KeptStack, Text, Through, Value, every_value
from policyd.value import operands as parts_of
from policyd.vocabulary.accessors import HEAVY_COST
from policyd.vocabulary.stacks import COLUMNS, FRAME_BYTES
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.value import Access

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
        if isinstance(value.access, KeptStack):
            return _kept_stack(index, value, value.access, parts)
        found = formula(value, parts) if self._uses[key] == 1 else None
        if found is not None and may_stand(value, found):
            return Operand(index, value, found.value, found.state, stored=False, parts=parts)
        return replace(_operand(index, value, eager and not parts), parts=parts)

    def __len__(self) -> int:
        return len(self._operands)

    @property
    def all(self) -> tuple[Operand, ...]:
        return tuple(self._operands.values())

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


def _kept_stack(index: int, value: Value, access: KeptStack, parts: tuple[Operand, ...]) -> Operand:
    """Return the operand of a stack that a span's start has: it stays in the row, which was copied."""
    (row,) = parts
    bits = CText(f"PD_LOAD(u64, {row.value}, {c.uint(access.there)}) & {c.uint(access.bit)}")
    state = CText(f"({row.state} == PD_OK ? ({bits} ? PD_OK : PD_ABSENT) : {row.state})")
    size = value.type.size - FRAME_BYTES["user" if value.path.endswith(COLUMNS["user"]) else "kernel"]
    place, length = CText(f"({row.value} + {c.uint(access.offset)})"), CText(f"({state} == PD_OK ? {c.uint(size)} : 0)")
    return Operand(index, value, place, state, length=length, capacity=size, stored=False, parts=parts)


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
