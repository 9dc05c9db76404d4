"""What is kept of a span's starts: a row of a private table, by key, with the time and the fields that its rules use.

`Starts` is made of the places of a span's hooks (`settle`), and tells fields of the start at its end (`value`) and what each
rule of the span writes (`writes`).  A row has the time, then a bit for each column that was there, then the columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import TYPE_CHECKING, TypeVar

from policyd.condition import Test
from policyd.effect import TableWrite
from policyd.expression import path_of
from policyd.layout import Column, Layout
from policyd.maps import MapClass, MapSpec
from policyd.resolve.columns import KEY_STRING_SIZE, MOST_KEY_BYTES
from policyd.resolve.computed import computed
from policyd.resolve.lists import BPF_F_NO_PREALLOC
from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.spans import DURATION, END, SPAN, START, Side, Span, Use, root_word, thing_of, without_root
from policyd.resolve.stacks import stack_value
from policyd.resolve.table_values import key_values, misfit, wrong_number
from policyd.resolve.tables import MOST_VALUE_BYTES, Table, key_parts
from policyd.text import did_you_mean, one_of, quote
from policyd.value import ROW, Kept, KeptStack, Lookup, Value
from policyd.vocabulary.kinds import kind_type
from policyd.vocabulary.operations import result_type
from policyd.vocabulary.operators import is_buffer
from policyd.vocabulary.stack_fields import stack_type
from policyd.vocabulary.stacks import COLUMNS, FRAME_BYTES, PARTS, stack_bytes
from policyd.vocabulary.tables import TABLE_KEYS, TableKey
from policyd.vocabulary.types import Shape, ValueType
from policyd.words import is_field_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from policyd.expression import Node
    from policyd.policy import Given, SpanSide
    from policyd.resolve.expressions import Expressions
    from policyd.resolve.fields import Fields
    from policyd.resolve.hooks import Located
    from policyd.resolve.rules import Rules
    from policyd.resolve.spans import Task
    from policyd.vocabulary.stacks import Part

    Typed = ValueType | TableKey
    Member = tuple[Task, Located]
    Ends = Sequence[tuple[SpanSide, tuple[Fields, ...]]]

T = TypeVar("T")

AT, THERE, FIRST = 0, 1, 2
"""The number of the column with the time, of that with the bits, and of the first field."""

MOST_KEPT = 56
"""Fields that a row can have: each has a bit."""

THE_SPAN = "the span"
_TIME, _BITS = kind_type("time"), ValueType("u64", Shape.NUMBER, 8)
_STRINGS = (KEY_STRING_SIZE, 128, 64, 32)
"""What is kept of a text: the first size with which the row is not too long."""


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
        values = tuple(_key_value(one, fields) for one in given)
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
        if (part := _part(text)) is None:
            return value
        return stack_value(part, fields.place.point.kind, (size - stack_bytes(part, 0)) // FRAME_BYTES[part])


def _part(text: str) -> Part | None:
    """Return the part of a stack that a field is; None if it is none."""
    return next((part for part in PARTS if text == COLUMNS[part]), None)


def _fetched_type(path: str, kept: ValueType) -> ValueType:
    """Return the type of a stack that was kept: with room for the frame more that other stacks have."""
    part = _part(path.removeprefix(f"{START}."))
    assert part is not None
    return stack_type(part, (kept.size - stack_bytes(part, 0)) // FRAME_BYTES[part])


# ------------------------------------------------------------------------------------------------ making it


def settle_spans(members: Sequence[Member], rules: Rules) -> None:
    """Make the table of each span; what is wrong with one is reported, and one of optional rules may be not applicable."""
    spans = {id(task.side.span): task.side.span for task, _ in members if task.side is not None}
    for span in spans.values():
        own = [(task, one) for task, one in members if task.side is not None and task.side.span is span]
        reasons = [missing for _, one in own for _, missing in one.missing]
        if any(not one.places for task, one in own if task.side and task.side.role in {"start", "end"}) and reasons:
            _left_out(span, own, reasons, rules)
            continue
        try:
            span.starts = _settled(span, own, rules)
        except Missing as missing:
            if span.first.optional and not isinstance(missing, Wrong):
                _left_out(span, own, [missing], rules)
            else:
                rules.report([(one.at or span.hook.at, one) for one in missing.each])


def _left_out(span: Span, own: Sequence[Member], reasons: Sequence[Missing], rules: Rules) -> None:
    """Leave the rules of a span out: this target lacks one of its ends."""
    if span.first.optional and not any(isinstance(reason, Wrong) for reason in reasons):
        rules.not_applicable += [(rule.name, reasons[0].message) for rule in span.owners]
    else:
        rules.report([one for _, located in own for one in located.missing])


def _settled(span: Span, own: Sequence[Member], rules: Rules) -> Starts:
    def fields(task: Task, located: Located, longest: int) -> tuple[Fields, ...]:
        return tuple(rules.fields(task, place, longest) for place in located.places)

    def starts(longest: int) -> tuple[Fields, ...]:
        return tuple(one for task, at in own if task.side and task.side.role == "start" for one in fields(task, at, longest))

    first_starts = sorted(own, key=lambda one: one[0].side is None or one[0].side.role != "start")
    ends = [(task.side.written, fields(task, at, KEY_STRING_SIZE)) for task, at in first_starts if task.side]
    made = settle(span, rules.policy.name, ends, starts)
    rules.tables.keep(made.table)
    return made


def settle(span: Span, policy: str, ends: Ends, starts: Callable[[int], tuple[Fields, ...]]) -> Starts:
    """Return the table of a span; `Missing` or `Wrong` says what does not fit.

    `ends` are all its sides, with the fields of each of their places; `starts` gives the fields of its starts, texts of
    unknown length cut to so many bytes.
    """
    keys = _key_types(span, ends)
    _expand(span, starts(KEY_STRING_SIZE))
    key = Layout(tuple(column for name, type_ in keys.items() for column in key_parts(name, type_)))
    if key.size > MOST_KEY_BYTES:
        message = f"the key has {key.size:,} bytes, that of a span has at most {MOST_KEY_BYTES:,}"
        raise Wrong("row-too-long", message, at=span.hook.starts[0].key[0].at)
    if len(span.wanted) > MOST_KEPT:
        message = f"{len(span.wanted)} fields of the start are used, a span keeps at most {MOST_KEPT}"
        raise Wrong("too-many-columns", message, at=span.hook.at)
    for longest in _STRINGS:
        kept = [_kept_column(text, use, starts(longest), longest) for text, use in span.wanted.items()]
        head = (Column("started", _TIME, "start.time"), Column("there", _BITS, hidden=True))
        value = Layout((*head, *_distinct(column for column, _ in kept)))
        size = value.size - sum(column.size for column in value.columns if column.type.kind == "stack")
        if size <= MOST_VALUE_BYTES:
            break
    else:
        message = f"what is kept of the start has {size:,} bytes, and {MOST_VALUE_BYTES:,} at most fit"
        raise Wrong("row-too-long", message, "use fewer fields of the start", span.hook.at)
    kind, flags = ("lru_hash", 0) if span.hook.evict else ("hash", BPF_F_NO_PREALLOC)
    map_class = MapClass(kind, key.size, value.size, flags)
    spec = MapSpec(policy, span.name, "table", map_class, span.hook.max_entries, key, value)
    table = Table(span.name, keys, {column.name: column.type for column in value.columns}, spec)
    numbers = {text: FIRST + number for number, text in enumerate(span.wanted)}
    certain = frozenset(FIRST + number for number, (_, uncertain) in enumerate(kept) if not uncertain)
    return Starts(policy, table, numbers, certain, span.hook.keep == "first")


def _expand(span: Span, places: tuple[Fields, ...]) -> None:
    """Put the members of groups (`start.process`) in the place of each, as they are at the first start.

    What can be done without, and some start does not have, goes.
    """
    for text, use in tuple(span.wanted.items()):
        if use.spare and not all(_has(text, fields) for fields in places):
            del span.wanted[text]
            continue
        members = _group(text, use, places[0])
        if members is not None:
            del span.wanted[text]
            span.groups[text] = members
            for member in members:
                span.wanted.setdefault(member, use)
    span.wanted.pop("time", None)  # every row has it


def _has(text: str, fields: Fields) -> bool:
    try:
        fields.value(text)
    except Missing:
        return False
    return True


def _group(text: str, use: Use, fields: Fields) -> tuple[str, ...] | None:
    try:
        return fields.group(text) if is_field_path(text) else None
    except Missing as missing:
        raise _used(missing, use) from missing


def _key_types(span: Span, ends: Ends) -> dict[str, Typed]:
    """Return the columns of the key, with types that hold what every side names."""
    first = span.hook.starts[0]
    names = tuple(_distinct_names(given.column or given.field for given in first.key))
    found: dict[str, Typed] = {}
    for side, places in ends:
        for name, given in zip(names, in_order(side, names), strict=True):
            for fields in places:
                type_ = _there(fields, partial(_key_type, given, fields))
                if type_ is not None:
                    found[name] = _one_key_type(found[name], type_, given, fields) if name in found else type_
    return found


def in_order(side: SpanSide, names: tuple[str, ...]) -> tuple[Given, ...]:
    """Return a side's key in the order of the first one's, whose columns are `names`; `Wrong` if it has others."""
    at = side.key[0].at
    if len(side.key) != len(names):
        wrong = wrong_number(THE_SPAN, names, len(side.key), "starts, ends and cancels name the same thing")
        wrong.at = at
        raise wrong
    if not all(given.column for given in side.key) or {given.column for given in side.key} == set(names):
        by_name = {given.column: given for given in side.key}
        return tuple(by_name[name] for name in names) if set(by_name) == set(names) else side.key
    other = next(given for given in side.key if given.column not in names)
    hint = did_you_mean(other.column, names) or f"it has {one_of(names)}"
    raise Wrong("unknown-column", f"the key of {THE_SPAN} has no column {quote(other.column)}", hint, other.at)


def _key_type(given: Given, fields: Fields) -> Typed:
    thing, _ = thing_of(given)
    type_ = _key_value(given, fields).type
    if thing:
        return TABLE_KEYS[thing]
    if type_.kind == "paths" or is_buffer(type_):
        hint = "name one: [0]" if type_.kind == "paths" else "take so many bytes: POINTER.as(bytes16)"
        raise Wrong("key-does-not-fit", f"{given.field} is {type_.kind}: it cannot be the key of a span", hint, given.at)
    return type_


def _key_value(given: Given, fields: Fields) -> Value:
    text = thing_of(given)[1]
    try:
        return fields.value(text)
    except Missing as missing:
        for one in missing.each:
            one.at, one.text = one.at or given.at, one.text or given.field
        raise


def _one_key_type(known: Typed, type_: Typed, given: Given, fields: Fields) -> Typed:
    """Return the type of two keys that are to name the same; a thing (`.as(thread)`) may be said at one side only."""
    if isinstance(known, TableKey) or isinstance(type_, TableKey):
        things = [one for one in (known, type_) if isinstance(one, TableKey)]
        if len({one.name for one in things}) > 1:
            raise _other_key(f"a {things[0].name}", f"a {things[1].name}", given, fields)
        return things[0]
    if _other_units(known, type_):
        raise _other_key(known.kind, type_.kind, given, fields)
    try:
        return result_type("default", (known, type_))
    except ValueError:
        raise _other_key(known.kind, type_.kind, given, fields) from None


def _other_key(known: str, other: str, given: Given, fields: Fields) -> Wrong:
    message = f"the key is {known} at the start, and {other} at {fields.place.spelled} ({given.field})"
    return Wrong("key-does-not-fit", message, "both must name the same thing", given.at)


def _other_units(one: ValueType, other: ValueType) -> bool:
    """Whether two numbers count different things: a process is no port, a plain number can be either."""
    plain = _is_plain(one) or _is_plain(other)
    return one.shape is other.shape is Shape.NUMBER and one.kind != other.kind and not plain


def _is_plain(type_: ValueType) -> bool:
    return type_.kind[1:].isdigit()


def _kept_column(text: str, use: Use, places: tuple[Fields, ...], longest: int) -> tuple[Column, bool]:
    """Return the column of a field of the start, and whether it may not be there."""
    found = [_there(fields, partial(_start_value, text, use, fields)) for fields in places]
    values = [value for value in found if value is not None]
    if (part := _part(text)) is not None:
        size = stack_bytes(part, use.frames)
        return Column(text, ValueType("stack", Shape.BYTES, size), f"{START}.{text}"), True
    types = [value.type for value in values]
    try:
        type_ = reduce(lambda one, other: result_type("default", (one, other)), types)
    except ValueError as error:
        message = f"{START}.{text} is not of one type at the starts of the span: {error}"
        raise _used(Wrong("mixed-types", message, "name what the starts have in common"), use) from error
    value = Value(text, type_, values[0].access)
    if wrong := misfit(value, type_):
        raise _used(Wrong("value-does-not-fit", f"{START}.{text} cannot be kept: it {wrong[0]}", wrong[1]), use)
    if type_.shape is Shape.STRING:
        type_ = replace(type_, size=min(type_.size, longest))
    return Column(text, type_, f"{START}.{text}"), any(one.can_be_absent or one.can_be_unread for one in values)


def _there(fields: Fields, made: Callable[[], T]) -> T | None:
    """Return what `made` returns; None for what 32-bit callers, for whom nobody asked, pass so that it cannot be read."""
    try:
        return made()
    except Missing as missing:
        if fields.place.extra and missing.code == "compat-argument":
            return None
        raise


def _start_value(text: str, use: Use, fields: Fields) -> Value:
    try:
        return fields.value(text)
    except Missing as missing:
        raise _used(missing, use) from missing


def _used(missing: Missing, use: Use) -> Missing:
    """Place what is wrong with a field of the start where it is used."""
    for one in missing.each:
        one.at, one.text = use.path, use.text
        if not use.text:
            continue
        one.offset = use.offset + (len(START) + 1 + one.offset if one.offset is not None else 0)
    return missing


def _distinct_names(texts: Iterable[str]) -> list[str]:
    """Return names for expressions, each another one."""
    found: list[str] = []
    for text in texts:
        name = re.sub(r"\W+", "_", text).strip("_") or "value"
        while name in found or name in {"started", "there"}:
            name += "_"
        found.append(name)
    return found


def _distinct(columns: Iterable[Column]) -> tuple[Column, ...]:
    made = tuple(columns)
    names = _distinct_names(column.name for column in made)
    return tuple(Column(name, column.type, column.path) for name, column in zip(names, made, strict=True))
