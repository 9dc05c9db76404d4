"""Named columns, one grammar everywhere: a list of paths, or a mapping of names to paths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policyd.document import Mapping, Node, Scalar, Sequence
from policyd.parsing.reader import macro_name, short, with_name
from policyd.policy import Column
from policyd.text import quote, safe
from policyd.words import is_expression, is_field_path

if TYPE_CHECKING:
    from policyd.errors import Path
    from policyd.parsing.reader import Keys, Reader

_KEYS = ("field", "expr", "names")
MOST_HINTED = 40
"""Characters of an expression that a hint repeats."""


def column_name(path: str) -> str:
    """Return the name of a column made of a path, always the whole of it: `args[0].comm` is `args_0_comm`."""
    return re.sub(r"[.\[(]+", "_", re.sub(r"[])]", "", path))


def read_columns(keys: Keys, key: str) -> tuple[Column, ...] | None:
    """Return the columns below `key`; None if there are none or some are bad."""
    node = keys.get(key)
    if node is None:
        return None
    return keys.note(key, node, columns_of(keys.reader, node, keys.below(key)))


def columns_of(reader: Reader, node: Node, path: Path) -> tuple[Column, ...] | None:
    """Return the columns that `node` spells, those of macros among them; None and problems if some are bad."""
    if isinstance(node, Sequence):
        return _list_of_columns(reader, node, path)
    if _is_macro(reader, node):
        return _listed(reader, node, path)
    if isinstance(node, Mapping):
        read = [_named(reader, name, value, path) for name, value in node.items]
        places = [(name, (*path, name.text)) for name, _ in node.items]
    else:
        hint = f"write [{node.text}]" if not node.is_null and re.fullmatch(r"[\w.]{1,60}", node.text) else ""
        reader.wrong_type(node, path, "a list of fields, or a mapping of names to fields,", hint)
        return None
    columns = tuple(column for column in read if column is not None)
    return _distinct(reader, list(zip(columns, places, strict=True))) if len(columns) == len(read) else None


def _is_macro(reader: Reader, node: Node) -> bool:
    """Whether a mapping is `{macro: NAME}` alone: there are such columns, so that `macro` is no column's name."""
    name = node.get("macro") if isinstance(node, Mapping) and len(node.items) == 1 else None
    return isinstance(name, Scalar) and ("fields", name.text) in reader.macros.nodes


def _list_of_columns(reader: Reader, node: Sequence, path: Path) -> tuple[Column, ...] | None:
    found: list[tuple[Column, tuple[Node, Path]]] = []
    good = True
    for index, item in enumerate(node.items):
        columns = _listed(reader, item, (*path, index))
        found += [(column, (item, (*path, index))) for column in columns or ()]
        good &= columns is not None
    return _distinct(reader, found) if good else None


def _distinct(reader: Reader, columns: list[tuple[Column, tuple[Node, Path]]]) -> tuple[Column, ...] | None:
    """Return the columns, those once that a macro has as well; None and problems if two others share a name."""
    seen: dict[str, Column] = {}
    good = True
    for column, (node, path) in columns:
        first = seen.setdefault(column.name, column)
        if first is not column and not (first == column and (first.used_at or column.used_at)):
            hint = "give it another name: {NAME: FIELD, …}"
            reader.report("duplicate-column", f"there are two columns `{column.name}`", node, path, hint)
            good = False
    return tuple(seen.values()) if good else None


def _listed(reader: Reader, node: Node, path: Path) -> tuple[Column, ...] | None:
    """Return the column of a list's item; those of a macro, where it names one: `{macro: NAME}`."""
    if isinstance(node, Mapping) and node.get("macro") is not None:
        name = macro_name(reader, node, path)
        return reader.macros.columns(name, path) if name is not None else None
    column = _one(reader, node, path)
    return (column,) if column is not None else None


def _one(reader: Reader, node: Node, path: Path) -> Column | None:
    text = reader.text(node, path)
    if text is None:
        return None
    if not is_field_path(text) and is_expression(text):
        hint = (
            f"give it a name: {{NAME: '{safe(text)}'}}" if len(text) <= MOST_HINTED else "give it a name: {NAME: EXPRESSION}"
        )
        reader.report("unnamed-column", f"{quote(text)} is an expression, which has no name of its own", node, path, hint)
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
