"""Named columns, one grammar everywhere: a list of paths, or a mapping of names to paths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policyd.document import Mapping, Node, Scalar, Sequence
from policyd.parsing.reader import short, with_name
from policyd.policy import Column
from policyd.words import is_field_path

if TYPE_CHECKING:
    from policyd.errors import Path
    from policyd.parsing.reader import Keys, Reader

_KEYS = ("field", "expr", "names")


def column_name(path: str) -> str:
    """Return the name of a column made of a path, always the whole of it: `args[0].comm` is `args_0_comm`."""
    return re.sub(r"[.\[(]+", "_", re.sub(r"[])]", "", path))


def read_columns(keys: Keys, key: str) -> tuple[Column, ...] | None:
    """Return the columns below `key`; None if there are none or some are bad."""
    node = keys.get(key)
    if node is None:
        return None
    return keys.note(key, node, _columns(keys.reader, node, keys.below(key)))


def _columns(reader: Reader, node: Node, path: Path) -> tuple[Column, ...] | None:
    if isinstance(node, Sequence):
        read = [_listed(reader, item, (*path, index)) for index, item in enumerate(node.items)]
        places: list[tuple[Node, Path]] = [(item, (*path, index)) for index, item in enumerate(node.items)]
    elif isinstance(node, Mapping):
        read = [_named(reader, name, value, path) for name, value in node.items]
        places = [(name, (*path, name.text)) for name, _ in node.items]
    else:
        hint = f"write [{node.text}]" if not node.is_null and re.fullmatch(r"[\w.]{1,60}", node.text) else ""
        reader.wrong_type(node, path, "a list of fields, or a mapping of names to fields,", hint)
        return None
    columns = tuple(column for column in read if column is not None)
    return columns if len(columns) == len(read) and _distinct(reader, columns, places) else None


def _distinct(reader: Reader, columns: tuple[Column, ...], places: list[tuple[Node, Path]]) -> bool:
    seen: set[str] = set()
    good = True
    for column, (node, path) in zip(columns, places, strict=True):
        if column.name in seen:
            hint = "give it another name: {NAME: FIELD, …}"
            reader.report("duplicate-column", f"there are two columns `{column.name}`", node, path, hint)
            good = False
        seen.add(column.name)
    return good


def _listed(reader: Reader, node: Node, path: Path) -> Column | None:
    text = reader.text(node, path)
    if text is None:
        return None
    name = column_name(text) if is_field_path(text) else "none"
    return reader.build(Column, short(reader, node, "field", path, "a column"), {"name": name, "field": text})


def _named(reader: Reader, name: Scalar, node: Node, path: Path) -> Column | None:
    below = (*path, name.text)
    long = isinstance(node, Mapping)
    keys = reader.keys(node, below, "a column", _KEYS) if long else short(reader, node, "field", below, "a column")
    if keys is None:
        return None
    if keys.has("field") and keys.has("expr"):
        keys.fail("expr", "conflicting-keys", "a column has either `field` or `expr`")
    spelled = "expr" if keys.has("expr") else "field"
    values = {"name": name.text, "field": keys.text(spelled), "names": _names(keys)}
    return reader.build(Column, with_name(keys, name), values, {"field": spelled})


def _names(keys: Keys) -> tuple[tuple[str, str], ...] | None:
    node = keys.get("names")
    if node is None:
        return None
    if not isinstance(node, Mapping):
        keys.reader.wrong_type(node, keys.below("names"), "a mapping of values to texts")
        return keys.note("names", node, None)
    found = []
    for glob, value in node.items:
        text = keys.reader.text(value, (*keys.below("names"), glob.text))
        if text is not None:
            found.append((glob.text, text))
    return keys.note("names", node, tuple(found) if len(found) == len(node.items) else None)
