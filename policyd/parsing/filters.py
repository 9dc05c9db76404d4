"""A rule's `filters`: leaves, and `allOf`, `anyOf`, `not` around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.document import Mapping, Node, Scalar, Sequence
from policyd.parsing.lists import missing_hint
from policyd.parsing.reader import macro_name
from policyd.policy import AllOf, AnyOf, Expr, Filter, Leaf, Not
from policyd.text import quote
from policyd.vocabulary.operators import OPERATORS, Operator

if TYPE_CHECKING:
    from policyd.errors import Path
    from policyd.parsing.reader import Keys, Reader

_LEAF = ("field", "operator", "value", "values", "valuesFrom")
_AROUND = ("allOf", "anyOf", "not")
_MORE = {"Equal": "In", "NotEqual": "NotIn"}


def read_filters(reader: Reader, node: Node, path: Path) -> tuple[Filter, ...] | None:
    """Return the filters of a list (of which all must hold), or None and problems."""
    items = reader.sequence(node, path, "a list of filters")
    if items is None:
        return None
    read = [_filter(reader, item, (*path, index)) for index, item in enumerate(items)]
    found = tuple(item for item in read if item is not None)
    return found if len(found) == len(read) else None


def _filter(reader: Reader, node: Node, path: Path) -> Filter | None:
    if isinstance(node, Mapping) and node.get("macro") is not None:
        name = macro_name(reader, node, path)
        return reader.macros.filters(name, path) if name is not None else None
    if isinstance(node, Mapping) and node.get("expr") is not None:
        keys = reader.keys(node, path, "a filter that is an expression", ("expr",))
        return reader.build(Expr, keys, {"expr": keys.text("expr")}) if keys is not None else None
    around = [key.text for key, _ in node.items if key.text in _AROUND] if isinstance(node, Mapping) else []
    if not around:
        return _leaf(reader, node, path)
    keys = reader.keys(node, path, "a filter", (*_AROUND, *_LEAF))
    if keys is None:
        return None
    if len(keys.node.items) > 1:
        message = f"`{around[0]}` stands alone in its filter"
        reader.report("conflicting-keys", message, node, path, "make two items of the list: a list of filters is AND")
        return None
    return _group(reader, around[0], keys.node.items[0][1], keys.below(around[0]), path)


def _group(reader: Reader, kind: str, node: Node, below: Path, path: Path) -> Filter | None:
    if kind == "not":
        if isinstance(node, Sequence):
            reader.wrong_type(node, below, "one filter", "`not: {anyOf: […]}` or `not: {allOf: […]}`")
            return None
        part = _filter(reader, node, below)
        return Not(part=part, at=path) if part is not None else None
    parts = read_filters(reader, node, below)
    if parts is None:
        return None
    if not parts:
        reader.report("missing-key", f"`{kind}` needs at least one filter", node, below)
        return None
    return AllOf(parts=parts, at=path) if kind == "allOf" else AnyOf(parts=parts, at=path)


def _leaf(reader: Reader, node: Node, path: Path) -> Leaf | None:
    hint = "write {expr: …}" if isinstance(node, Scalar) and not node.is_null else ""
    keys = reader.keys(node, path, "a filter", (*_LEAF, *_AROUND, "expr"), hint=hint)
    if keys is None:
        return None
    operator = OPERATORS.get(keys.text("operator") or "")
    values = _values(keys, operator)
    param, from_list = _shared(keys, operator)
    texts = {"field": keys.text("field"), "operator": keys.text("operator")}
    spelled = {"values": "values" if keys.has("values") else "value"}
    return reader.build(Leaf, keys, {**texts, "values": values, "param": param, "list": from_list}, spelled)


def _values(keys: Keys, operator: Operator | None) -> tuple[str, ...] | None:
    given = [key for key in ("value", "values", "valuesFrom") if keys.has(key)]
    if len(given) > 1:
        keys.fail(given[1], "conflicting-keys", f"a filter has only one of {' and '.join(f'`{key}`' for key in given)}")
        return None
    if given == ["value"] and isinstance(keys.get("value"), Sequence):
        keys.fail("value", "wrong-type", "`value` is one text; a list is `values`")
        return None
    key = given[0] if given else "value"
    values = keys.texts(key) if key != "valuesFrom" else None
    if operator is not None and key not in keys.bad:
        _count(keys, operator, key, values)
    return values


def _count(keys: Keys, operator: Operator, key: str, values: tuple[str, ...] | None) -> None:
    """Report values that are too many or too few for the operator."""
    name, count = operator.name, len(values or ())
    if operator.arity == "none":
        if keys.has(key):
            keys.fail(key, "operand-count", f"`{name}` takes no values")
    elif key == "valuesFrom":
        return
    elif not count:
        wanted = "value" if operator.arity == "one" else "values"
        if keys.has(key):
            keys.fail(key, "operand-count", f"`{name}` needs `{wanted}`", f"as {operator.example}")
        else:
            keys.missing(wanted, f"as {operator.example}", "operand-count")
    elif operator.arity == "one" and count > 1:
        hint = f"use `{_MORE[name]}`" if name in _MORE else ""
        keys.fail(key, "operand-count", f"`{name}` takes one value, and here are {count:,}", hint)


def _shared(keys: Keys, operator: Operator | None) -> tuple[str | None, str | None]:
    """Return the name of the param, or that of the list, which the values are from."""
    node = keys.get("valuesFrom")
    if node is None:
        return None, None
    below = keys.reader.keys(node, keys.below("valuesFrom"), "`valuesFrom`", ("param", "list"))
    if below is not None and below.has("param") and below.has("list"):
        below.fail("list", "conflicting-keys", "values are from either a `param` or a `list`")
    names = {what: below.text(what) if below is not None else None for what in ("param", "list")}
    if below is not None and not any(below.has(what) for what in names):
        below.missing("param` or `list")
    for what, name in names.items():
        if name is not None and operator is not None:
            _check_takes(keys, operator, what, name)
    if below is not None and names["list"] is not None and names["list"] not in keys.reader.lists:
        hint = missing_hint(keys.reader, names["list"], keys.reader.lists)
        below.fail("list", "unknown-list", f"there is no list {quote(names['list'])}", hint)
    if below is None or below.bad or below.misspelled:
        keys.bad.add("valuesFrom")
    return names["param"], names["list"]


def _check_takes(keys: Keys, operator: Operator, what: str, name: str) -> None:
    """Report a param, or a list, that the operator cannot take."""
    takes = [row for row in OPERATORS.values() if row.param and (what == "param" or row.param == "list")]
    if operator.arity != "none" and operator not in takes:
        known = ", ".join(row.name for row in takes if not row.negative)
        message = f"`{operator.name}` takes no {what} ({quote(name)})"
        keys.fail("valuesFrom", f"{what}-not-allowed", message, f"{what}s go with {known}, and what negates them")
