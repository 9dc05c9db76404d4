"""What is kept of a span's starts: a row of a private table, by key, with the time and the fields that its rules use.

`Starts` is made of the places of a span's hooks (`span_rows.py`).  It tells fields of the start at its end (`value`), and
what each rule of the span writes (`writes`).  A row has the time, a bit for each column that was there, and the columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.condition import Test
from policyd.effect import TableWrite
from policyd.expression import path_of
from policyd.resolve.computed import computed
from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.span_keys import THE_SPAN, in_order, key_value
from policyd.resolve.spans import DURATION, END, SPAN, START, Side, root_word, without_root
from policyd.resolve.stacks import stack_value
from policyd.resolve.table_values import key_values
from policyd.text import did_you_mean, quote
from policyd.value import ROW, Kept, KeptStack, Lookup, Value
from policyd.vocabulary.stack_fields import stack_type
from policyd.vocabulary.stacks import COLUMNS, FRAME_BYTES, PARTS, stack_bytes

if TYPE_CHECKING:
    from policyd.expression import Node
    from policyd.resolve.expressions import Expressions
    from policyd.resolve.fields import Fields
    from policyd.resolve.tables import Table
    from policyd.vocabulary.stacks import Part
    from policyd.vocabulary.types import ValueType

AT, THERE, FIRST = 0, 1, 2
"""The number of the column with the time, of that with the bits, and of the first field."""


@dataclass(frozen=True, slots=True)
class Starts:
    """The table of a span: `table` with its keys, and the number of the column of each field, as it is spelled at the start.

    `certain` are the columns that are always there.
    """

    policy: str
    table: Table
    numbers: dict[str, int]
    certain: frozenset[int]
    keep_first: bool

    # -- what rules read ---------------------------------------------------------------------------------

    def value(self, node: Node, side: Side, fields: Fields, worth: Expressions) -> Value:
        """Return what a field that begins with `start`, `end` or `span` is at a rule of the span."""
        word, path = root_word(node), path_of(node)
        if path == word:
            raise Wrong("group", f"{quote(word)} alone is no field", f"as {DURATION}, start.time or end.time")
        if word == SPAN:
            if path != DURATION:
                hint = did_you_mean(node.spelled, (DURATION,)) or f"a span has {DURATION}"
                raise Wrong("unknown-field", f"there is no field {quote(node.spelled)}", hint)
            if side.role != "end":
                raise Wrong("field-not-here", f"{DURATION} is known where the span ends, not at {fields.place.spelled}")
            return self.duration(side, fields)
        inner = without_root(node, len(word) + 1)
        if word == START and side.role != "start":
            return self._kept(inner, side, fields)
        if word == END and side.role == "start":
            message = f"{quote(node.spelled)} is not known at {fields.place.spelled}, where the span starts"
            raise Wrong("field-not-here", message, "filters of the rule are asked at the end")
        return worth.value(inner)

    def duration(self, side: Side, fields: Fields) -> Value:
        """Return the time from the start to the end; absent where there was no start."""
        return computed(DURATION, "sub", [fields.value("time"), self._column(AT, "start.time", side, fields)])

    def ended(self, side: Side, fields: Fields) -> Test:
        """Return the test that there was a start, and that it was not after the end."""
        return Test(self.duration(side, fields), "GreaterOrEqual", (0,), None, False, None)

    def _kept(self, inner: Node, side: Side, fields: Fields) -> Value:
        if inner.spelled == "time":
            return self._column(AT, "start.time", side, fields)
        if inner.spelled not in self.numbers:  # what is wrong with it has been told, or a `let` has made it of others
            message = f"{quote(inner.spelled)} of the start was not kept"
            raise Wrong("unknown-field", message, "name the whole field: start.args.sk.flow")
        return self._column(self.numbers[inner.spelled], f"{START}.{inner.spelled}", side, fields)

    def _column(self, number: int, path: str, side: Side, fields: Fields) -> Value:
        spec = self.table.spec
        keys = self._keys(side, fields)
        row = Lookup(self.policy, spec.name, keys, ROW, spec.value.size).row
        lookup = Lookup(self.policy, spec.name, keys, number, spec.value.size)
        type_, offsets = spec.value.columns[number].type, spec.value.offsets()
        if type_.kind == "stack":
            stack = KeptStack(row, offsets[number], offsets[THERE], 1 << number)
            return Value(path, _fetched_type(path, type_), stack, True, row.can_be_unread, row.cost)
        access = lookup if number == AT or number in self.certain else Kept(lookup, THERE)
        return Value(path, type_, access, True, row.can_be_unread, row.cost)

    def _keys(self, side: Side, fields: Fields) -> tuple[Value, ...]:
        given = in_order(side.written, tuple(self.table.keys))
        values = tuple(key_value(one, fields) for one in given)
        try:
            return key_values(THE_SPAN, self.table.keys, values, fields)
        except Missing as missing:
            missing.at = missing.at or given[0].at
            raise

    # -- what rules write --------------------------------------------------------------------------------

    def writes(self, side: Side, fields: Fields) -> tuple[TableWrite, ...]:
        """Return what a rule of the span does to the row."""
        if side.role == "end":
            return ()
        name, keys = self.table.name, self._keys(side, fields)
        if side.role == "cancel":
            return (TableWrite(name, "unset", keys),)
        if side.role == "drop":
            told = Side(side.span, "end", side.written)
            return (TableWrite(name, "end", keys, ((AT, self.duration(told, fields)),)),)
        kept = ((number, self._given(text, number, fields)) for text, number in self.numbers.items())
        columns = ((AT, fields.value("time")), *kept)
        return (TableWrite(name, "start", keys, columns, self.keep_first),)

    def _given(self, text: str, number: int, fields: Fields) -> Value:
        """Return what the start keeps in a column."""
        size = self.table.spec.value.columns[number].type.size
        value = fields.value(text)
        if (part := part_of(text)) is None:
            return value
        return stack_value(part, fields.place.point.kind, (size - stack_bytes(part, 0)) // FRAME_BYTES[part])


def part_of(text: str) -> Part | None:
    """Return the part of a stack that a field is; None if it is none."""
    return next((part for part in PARTS if text == COLUMNS[part]), None)


def _fetched_type(path: str, kept: ValueType) -> ValueType:
    """Return the type of a stack that was kept: with room for the frame more that other stacks have."""
    part = part_of(path.removeprefix(f"{START}."))
    assert part is not None
    return stack_type(part, (kept.size - stack_bytes(part, 0)) // FRAME_BYTES[part])
