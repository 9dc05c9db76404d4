"""Nodes become models: any mapping of the configuration, by what its model declares.

In: a node and a model's class.  Out: the model, or None and every problem in the `Reader`, at its place.
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin

from policyd.config.model import Part
from policyd.parsing.reader import Keys, Reader, spelling

if TYPE_CHECKING:
    from policyd.document import Node
    from policyd.errors import Path

P = TypeVar("P", bound=Part)


def read_part(reader: Reader, model: type[P], node: Node, path: Path) -> P | None:
    """Return what the mapping `node` says, checked."""
    keys = reader.keys(node, path, model.what, spelling(model))
    if keys is None:
        return None
    _check_kind(keys, model)
    fields = {name: row for name, row in model.model_fields.items() if not row.exclude}
    values = {name: _value(reader, keys, row.alias or name, row.annotation) for name, row in fields.items()}
    return reader.build(model, keys, values)


def nested(annotation: Any) -> tuple[type[Part] | None, bool]:
    """Return the model that a field's values have (None for text), and whether there is a list of them."""
    annotation = without_none(annotation)
    many = get_origin(annotation) is tuple
    inner = get_args(annotation)[0] if many else annotation
    return (inner if isinstance(inner, type) and issubclass(inner, Part) else None), many


def without_none(annotation: Any) -> Any:
    """Return `X` of `X | None`."""
    if get_origin(annotation) in (UnionType, Union):
        (annotation,) = (each for each in get_args(annotation) if each is not NoneType)
    return annotation


def is_pairs(annotation: Any) -> bool:
    """Whether a field's values are a mapping of texts to texts."""
    return get_origin(annotation) is tuple and get_origin(get_args(annotation)[0]) is tuple


def _value(reader: Reader, keys: Keys, key: str, annotation: Any) -> Any:
    part, many = nested(annotation)
    node = keys.get(key)
    if part is None:
        return keys.pairs(key) if is_pairs(annotation) else keys.texts(key) if many else keys.text(key)
    if node is None:
        return None
    found = _parts(reader, part, node, keys.below(key)) if many else read_part(reader, part, node, keys.below(key))
    return keys.note(key, node, found)


def _parts(reader: Reader, part: type[P], node: Node, path: Path) -> tuple[P, ...] | None:
    items = reader.sequence(node, path, f"a list (each is {part.what})")
    read = [read_part(reader, part, item, (*path, index)) for index, item in enumerate(items or ())]
    found = tuple(each for each in read if each is not None)
    return found if items is not None and len(found) == len(read) else None


def _check_kind(keys: Keys, model: type[Part]) -> None:
    """Report a mapping that does not have exactly one of the keys that name its kind."""
    kinds = model.kinds
    given = [kind for kind in kinds if keys.get(kind) is not None]
    if len(given) > 1:
        names = " and ".join(f"`{kind}`" for kind in given)
        keys.fail(given[1], "conflicting-keys", f"{model.what} has one kind; here are {names}")
    elif kinds and not given:
        empty = next((kind for kind in kinds if keys.has(kind)), "")
        keys.missing("`, `".join(kinds[:-1]) + f"` or `{kinds[-1]}", f"write `{empty}: {{}}`" if empty else "")
