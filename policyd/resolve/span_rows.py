"""The tables of spans: keys and columns typed, from the places of all their hooks, before the rules of spans are resolved.

In: the rules to be resolved, each with where it is (`settle_spans`).  Out: `Span.starts` of each span that makes sense.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial, reduce
from typing import TYPE_CHECKING

from policyd.layout import Column, Layout
from policyd.maps import MapClass, MapSpec
from policyd.resolve.columns import KEY_STRING_SIZE, MOST_KEY_BYTES
from policyd.resolve.lists import BPF_F_NO_PREALLOC
from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.span_keys import distinct_names, key_types, there
from policyd.resolve.spans import START, Span, Use
from policyd.resolve.starts import FIRST, Starts, part_of
from policyd.resolve.table_values import misfit
from policyd.resolve.tables import MOST_VALUE_BYTES, Table, key_parts
from policyd.value import Value
from policyd.vocabulary.kinds import kind_type
from policyd.vocabulary.operations import result_type
from policyd.vocabulary.stacks import stack_bytes
from policyd.vocabulary.types import Shape, ValueType
from policyd.words import is_field_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from policyd.policy import SpanSide
    from policyd.resolve.fields import Fields
    from policyd.resolve.hooks import Located
    from policyd.resolve.rules import Rules
    from policyd.resolve.spans import Task
    from policyd.vocabulary.tables import TableKey

    Typed = ValueType | TableKey
    Member = tuple[Task, Located]
    Ends = Sequence[tuple[SpanSide, tuple[Fields, ...]]]

MOST_KEPT = 56
"""Fields that a row can have: each has a bit."""

_TIME, _BITS = kind_type("time"), ValueType("u64", Shape.NUMBER, 8)
_STRINGS = (KEY_STRING_SIZE, 128, 64, 32)
"""What is kept of a text: the first size with which the row is not too long."""


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
    keys = key_types(span, ends)
    _expand(span, starts(KEY_STRING_SIZE))
    key = Layout(tuple(column for name, type_ in keys.items() for column in key_parts(name, type_)))
    if key.size > MOST_KEY_BYTES:
        message = f"the key has {key.size:,} bytes, that of a span has at most {MOST_KEY_BYTES:,}"
        raise Wrong("row-too-long", message, at=span.hook.starts[0].key[0].at)
    value, certain = _row(span, starts)
    kind, flags = ("lru_hash", 0) if span.hook.evict else ("hash", BPF_F_NO_PREALLOC)
    map_class = MapClass(kind, key.size, value.size, flags)
    spec = MapSpec(policy, span.name, "table", map_class, span.hook.max_entries, key, value)
    table = Table(span.name, keys, {column.name: column.type for column in value.columns}, spec)
    numbers = {text: FIRST + number for number, text in enumerate(span.wanted)}
    return Starts(policy, table, numbers, certain, span.hook.keep == "first")


def _row(span: Span, starts: Callable[[int], tuple[Fields, ...]]) -> tuple[Layout, frozenset[int]]:
    """Return the layout of a row, and the numbers of the columns that are always there."""
    if len(span.wanted) > MOST_KEPT:
        message = f"{len(span.wanted)} fields of the start are used, a span keeps at most {MOST_KEPT}"
        raise Wrong("too-many-columns", message, at=span.hook.at)
    head = (Column("started", _TIME, "start.time"), Column("there", _BITS, hidden=True))
    for longest in _STRINGS:
        kept = [_kept_column(text, use, starts(longest), longest) for text, use in span.wanted.items()]
        value = Layout((*head, *_distinct(column for column, _ in kept)))
        size = value.size - sum(column.size for column in value.columns if column.type.kind == "stack")
        if size <= MOST_VALUE_BYTES:
            return value, frozenset(FIRST + number for number, (_, uncertain) in enumerate(kept) if not uncertain)
    message = f"what is kept of the start has {size:,} bytes, and {MOST_VALUE_BYTES:,} at most fit"
    raise Wrong("row-too-long", message, "use fewer fields of the start", span.hook.at)


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


def _kept_column(text: str, use: Use, places: tuple[Fields, ...], longest: int) -> tuple[Column, bool]:
    """Return the column of a field of the start, and whether it may not be there."""
    found = [there(fields, partial(_start_value, text, use, fields)) for fields in places]
    values = [value for value in found if value is not None]
    if (part := part_of(text)) is not None:
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


def _distinct(columns: Iterable[Column]) -> tuple[Column, ...]:
    made = tuple(columns)
    names = distinct_names(column.name for column in made)
    return tuple(Column(name, column.type, column.path) for name, column in zip(names, made, strict=True))
