"""The keys of the configuration as rows: what the reference page and the JSON Schema are made of.

In: the models.  Out: one `Key` for each, in the order of the document, with its kind and default in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args, get_origin

from policyd.config.model import AgentSpec, Part
from policyd.config.reading import is_pairs, nested, without_none
from policyd.schema import kind_schema
from policyd.vocabulary.quantities import show_duration, show_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a mapping.  `part` is the model of what stands below it; `kind` and `default` are for people."""

    name: str
    kind: str
    default: str
    explain: str
    required: bool
    schema: dict[str, Any]
    part: type[Part] | None
    many: bool


def keys(model: type[Part]) -> tuple[Key, ...]:
    """Return the keys of a mapping."""
    return tuple(_key(row.alias or name, row) for name, row in model.model_fields.items() if not row.exclude)


def parts(model: type[Part] = AgentSpec, path: str = "spec") -> Iterator[tuple[str, type[Part]]]:
    """Yield every mapping of the document with its path (`spec.sources[].git`), outer ones first."""
    yield path, model
    for key in keys(model):
        if key.part is not None and keys(key.part):
            yield from parts(key.part, f"{path}.{key.name}" + "[]" * key.many)


def _key(name: str, row: FieldInfo) -> Key:
    part, many = nested(row.annotation)
    schema = {} if part else _schema(row.rebuild_annotation())
    kind = "list" if part and many else "mapping" if part else _kind(schema)
    default = "" if part else _show(row, kind)
    return Key(name, kind, default, row.description or "", row.is_required(), schema, part, many)


def _schema(annotation: Any) -> dict[str, Any]:
    """Return the JSON Schema of a text, a list of texts or a mapping of texts."""
    annotation = without_none(annotation)
    if not is_pairs(annotation):
        return kind_schema(annotation)
    name, value = get_args(get_args(annotation)[0])
    return {"type": "object", "propertyNames": kind_schema(name), "additionalProperties": kind_schema(value)}


def _kind(schema: dict[str, Any]) -> str:
    """Return what a value is, in words."""
    if "propertyNames" in schema:
        return f"mapping: {_kind(schema['propertyNames'])} to {_kind(schema['additionalProperties'])}"
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if "title" in schema:
        return str(schema["title"])
    if "anyOf" in schema:  # a text or a list of texts
        return f"{_kind(schema['anyOf'][0])}, or a list"
    return {"boolean": "`true`, `false`", "string": "name"}[schema["type"]]


def _show(row: FieldInfo, kind: str) -> str:
    """Return a default as a file would spell it; nothing if there is none worth telling."""
    value = row.default
    if row.is_required() or value in (None, "", ()):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if kind.startswith("duration"):
        return show_duration(int(value * 1e9))
    if kind == "size":
        return show_size(value)
    return ", ".join(map(str, value)) if get_origin(row.annotation) is tuple else str(value)
