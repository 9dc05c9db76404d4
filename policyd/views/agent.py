"""The rows of `health` as JSON and back: the same fields in camelCase, times as RFC 3339 text, null for `not yet`.

The shapes are made from the rows' own annotations, so that a field is written down once.  `show` is used by the API,
`read` by its client, `model` by the OpenAPI document.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Row = TypeVar("Row", bound=DataclassInstance)

TIMES = frozenset({"when", "started", "applied", "checked", "next_try"})
"""Fields that hold seconds since 1970, whatever row they stand in."""


@cache
def model(row: type[Any]) -> type[msgspec.Struct]:
    """Return the struct that is the JSON shape of a row."""
    hints = get_type_hints(row)
    fields = [(field.name, _shape(field.name, hints[field.name])) for field in dataclasses.fields(row)]
    return msgspec.defstruct(
        row.__name__, fields, rename="camel", frozen=True, kw_only=True, namespace={"__doc__": row.__doc__}
    )


def _shape(name: str, hint: Any) -> Any:
    if name in TIMES:
        return datetime | None
    if dataclasses.is_dataclass(hint):
        return model(hint)  # type: ignore[arg-type]
    if get_origin(hint) is tuple and dataclasses.is_dataclass(get_args(hint)[0]):
        return tuple[model(get_args(hint)[0]), ...]  # type: ignore[misc]
    return hint


def show(row: DataclassInstance) -> msgspec.Struct:
    """Return a row as the struct that is its JSON."""
    values = {field.name: _shown(field.name, getattr(row, field.name)) for field in dataclasses.fields(row)}
    return model(type(row))(**values)


def _shown(name: str, value: Any) -> Any:
    if name in TIMES:
        return datetime.fromtimestamp(value, UTC) if value else None
    if dataclasses.is_dataclass(value):
        return show(value)  # type: ignore[arg-type]
    if isinstance(value, tuple):
        return tuple(show(one) if dataclasses.is_dataclass(one) else one for one in value)  # type: ignore[arg-type]
    return value


def read(row: type[Row], data: object) -> Row:
    """Return the row of which `data` is the JSON (as dicts and lists); `msgspec.ValidationError` if it is none."""
    return _read(row, msgspec.convert(data, model(row)))


def _read(row: type[Row], shown: msgspec.Struct) -> Row:
    hints = get_type_hints(row)
    return row(**{field.name: _value(hints[field.name], getattr(shown, field.name)) for field in dataclasses.fields(row)})


def _value(hint: Any, value: Any) -> Any:
    if value is None or isinstance(value, datetime):
        return value.timestamp() if value else 0.0
    if isinstance(value, msgspec.Struct):
        return _read(hint, value)
    if isinstance(value, tuple):
        return tuple(_read(get_args(hint)[0], one) if isinstance(one, msgspec.Struct) else one for one in value)
    return value
