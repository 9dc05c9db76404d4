"""Keys of spans: what every side of one names, as columns of types that hold what each of them has there."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.spans import thing_of
from policyd.resolve.table_values import wrong_number
from policyd.text import did_you_mean, one_of, quote
from policyd.vocabulary.operations import result_type
from policyd.vocabulary.operators import is_buffer
from policyd.vocabulary.tables import TABLE_KEYS, TableKey
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from policyd.policy import Given, SpanSide
    from policyd.resolve.fields import Fields
    from policyd.resolve.spans import Span
    from policyd.value import Value

    Typed = ValueType | TableKey
    Ends = Sequence[tuple[SpanSide, tuple[Fields, ...]]]

T = TypeVar("T")

THE_SPAN = "the span"


def key_types(span: Span, ends: Ends) -> dict[str, Typed]:
    """Return the columns of the key, with types that hold what every side names."""
    first = span.hook.starts[0]
    names = tuple(distinct_names(given.column or given.field for given in first.key))
    found: dict[str, Typed] = {}
    for side, places in ends:
        for name, given in zip(names, in_order(side, names), strict=True):
            for fields in places:
                type_ = there(fields, partial(_key_type, given, fields))
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
    type_ = key_value(given, fields).type
    if thing:
        return TABLE_KEYS[thing]
    if type_.kind == "paths" or is_buffer(type_):
        hint = "name one: [0]" if type_.kind == "paths" else "take so many bytes: POINTER.as(bytes16)"
        raise Wrong("key-does-not-fit", f"{given.field} is {type_.kind}: it cannot be the key of a span", hint, given.at)
    return type_


def key_value(given: Given, fields: Fields) -> Value:
    """Return the value of a column of a side's key; `Missing` or `Wrong`, at its place."""
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


def there(fields: Fields, made: Callable[[], T]) -> T | None:
    """Return what `made` returns; None for what 32-bit callers, for whom nobody asked, pass so that it cannot be read."""
    try:
        return made()
    except Missing as missing:
        if fields.place.extra and missing.code == "compat-argument":
            return None
        raise


def distinct_names(texts: Iterable[str]) -> list[str]:
    """Return names for expressions, each another one."""
    found: list[str] = []
    for text in texts:
        name = re.sub(r"\W+", "_", text).strip("_") or "value"
        while name in found or name in {"started", "there"}:
            name += "_"
        found.append(name)
    return found
