"""Whether values fit the columns of a table, and the keys of a row as the values that it is kept by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.expression import Name
from policyd.resolve.constants import constant_value, is_constant
from policyd.resolve.problems import Missing, Wrong
from policyd.value import Constant, Value
from policyd.vocabulary.operators import is_buffer
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from policyd.expression import Node
    from policyd.resolve.fields import Fields
    from policyd.vocabulary.tables import KeyForm, TableKey

_UNITS = frozenset({"duration", "time"})
"""Kinds that count in a unit of their own: a duration is no port."""

Misfit = tuple[str, str]
"""What is wrong (`is …`), and what to do."""


def key_values(
    table: str, columns: dict[str, ValueType | TableKey], keys: tuple[Value, ...], fields: Fields
) -> tuple[Value, ...]:
    """Return the values of a table's key layout, in order, for what a policy names; `Wrong` if it does not fit."""
    if len(keys) != len(columns):
        raise wrong_number(table, columns, len(keys), f"as {table}[{', '.join(columns)}]")
    parts = [_key(table, name, type_, key, fields) for (name, type_), key in zip(columns.items(), keys, strict=True)]
    return tuple(value for values in parts for value in values)


def wrong_number(table: str, columns: Collection[str], given: int, hint: str) -> Wrong:
    """Return the problem of a row that is named by too many or too few values."""
    wanted = "one column" if len(columns) == 1 else f"{len(columns)} columns"
    return Wrong("key-columns", f"the key of {table} has {wanted} ({', '.join(columns)}), not {given}", hint)


def _key(table: str, name: str, type_: ValueType | TableKey, key: Value, fields: Fields) -> tuple[Value, ...]:
    if isinstance(type_, ValueType):  # a plain value
        if wrong := misfit(key, type_):
            message = f"the key column {name} of {table} is {type_.kind}, and {key.path} {wrong[0]}"
            raise Wrong("key-does-not-fit", message, wrong[1])
        return (key,)
    found = next(_found(type_, key, fields), None)
    if found is None:
        message = f"the key column {name} of {table} is {type_.takes}; {key.path} is none"
        raise Wrong("key-does-not-fit", message, f"as {type_.example}")
    return found


def _found(row: TableKey, key: Value, fields: Fields) -> Iterator[tuple[Value, ...]]:
    """Yield the parts of a key by each form that fits it here."""
    for form in row.forms:
        if key.path.endswith(form.ending):
            try:
                found = tuple(_part(form, path, key, fields) for path in form.paths)
            except Missing:
                continue
            if all(_is_part(value, part.type) for value, part in zip(found, row.parts, strict=True)):
                yield found


def _is_part(value: Value, type_: ValueType) -> bool:
    """Whether a value can be a part of a thing's name: a smaller number is another thing's."""
    return misfit(value, type_) is None and value.type.size == type_.size


def _part(form: KeyForm, path: str, key: Value, fields: Fields) -> Value:
    return fields.value(key.path.removesuffix(form.ending) + path) if path else key


def constant_as(node: Node, type_: ValueType | TableKey, fields: Fields) -> Value | None:
    """Return a constant as a column of `type_` reads it; None for what is none, or for a name that the type has not."""
    if not isinstance(type_, ValueType) or not is_constant(node, fields.is_field):
        return None
    try:
        return constant_value(node, type_, fields.reading)
    except Wrong:
        if isinstance(node, Name):
            return None
        raise


def misfit(value: Value, type_: ValueType) -> Misfit | None:
    """Return why `value` cannot be kept in a column of `type_`; None if it can."""
    own = value.type
    if own.kind == "paths":
        return "is a list", f"name one of them: {value.path}[0]"
    if is_buffer(own):
        return "has no fixed length", "take so many, POINTER.as(bytes16), or a text, POINTER.as(string16)"
    if own.shape is not type_.shape:
        return f"is {own.kind}", f"declare the column as {own.kind}"
    if own.shape is Shape.BYTES and own.size != type_.size:
        return f"has {own.size} bytes", f"declare the column as bytes{own.size}"
    return _number_misfit(value, type_) if own.shape is Shape.NUMBER else None


def _number_misfit(value: Value, type_: ValueType) -> Misfit | None:
    own, bits = value.type, type_.size * 8 - type_.signed
    if isinstance(value.access, Constant):
        fits = -(1 << bits) * type_.signed <= value.access.number < 1 << bits
        return None if fits else ("does not fit in it", "declare a larger column: u64")
    if own.size > type_.size:
        return f"is a number of {own.size * 8} bits", f"declare the column as {'s' if own.signed else 'u'}{own.size * 8}"
    if own.signed and not type_.signed:
        return "can be negative", f"declare the column as s{own.size * 8}"
    if (own.kind in _UNITS) != (type_.kind in _UNITS) and not _plain(own) and not _plain(type_):
        return f"is {own.kind}", f"declare the column as {own.kind}"
    return None


def _plain(type_: ValueType) -> bool:
    return type_.kind[1:].isdigit() or type_.kind == "hex"
