"""`spec.tables`, and a rule's `tables`: what it writes to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policyd.document import Mapping, Node, Scalar, Sequence
from policyd.parsing.reader import short, with_name
from policyd.policy import Given, Table, TableColumn, TableWrite

if TYPE_CHECKING:
    from policyd.errors import Path
    from policyd.parsing.reader import Keys, Reader

TABLE_KEYS = ("key", "value", "maxEntries", "evict")
LATER_TABLE_KEYS = ("storage", "inherit")
WRITE_KINDS = ("set", "unset")
WRITE_KEYS = (*WRITE_KINDS, "key", "value", "ifAbsent")
EXAMPLE = "as {births: {key: {sk: sock}, value: {born: time}}}"


def read_tables(spec: Keys) -> tuple[Table, ...] | None:
    """Return the tables of `spec`, in the order of the file; None if there are none or some are bad."""
    node = spec.get("tables")
    if node is None:
        return None
    reader, path = spec.reader, spec.below("tables")
    if not isinstance(node, Mapping):
        reader.wrong_type(node, path, "a mapping of names to tables", EXAMPLE)
        return spec.note("tables", node, None)
    read = [_table(reader, name, value, path) for name, value in node.items]
    found = tuple(table for table in read if table is not None)
    return spec.note("tables", node, found if len(found) == len(read) else None)


def _table(reader: Reader, name: Scalar, node: Node, path: Path) -> Table | None:
    keys = reader.keys(node, (*path, name.text), "a table", TABLE_KEYS, LATER_TABLE_KEYS)
    if keys is None:
        return None
    values: dict[str, Any] = {key: keys.text(key) for key in ("maxEntries", "evict")}
    values |= {"name": name.text, "key": _columns(keys, "key"), "value": _columns(keys, "value")}
    return reader.build(Table, with_name(keys, name), values)


def _columns(keys: Keys, key: str) -> tuple[TableColumn, ...] | None:
    """Return the columns that a table's `key` or `value` declares."""
    node, path = keys.get(key), keys.below(key)
    if node is None:
        return None
    if not isinstance(node, Mapping):
        keys.reader.wrong_type(node, path, "a mapping of column names to types", EXAMPLE)
        return keys.note(key, node, None)
    if not node.items:
        keys.fail(key, "empty-table", f"a table needs columns in its `{key}`", EXAMPLE)
        return None
    read = [_column(keys.reader, name, value, path) for name, value in node.items]
    found = tuple(column for column in read if column is not None)
    return keys.note(key, node, found if len(found) == len(read) else None)


def _column(reader: Reader, name: Scalar, node: Node, path: Path) -> TableColumn | None:
    below = (*path, name.text)
    type_ = reader.text(node, below)
    if type_ is None:
        return None
    keys = with_name(short(reader, node, "type", below, "a column"), name)
    return reader.build(TableColumn, keys, {"name": name.text, "type": type_})


# ------------------------------------------------------------------------------------------------ writes


def read_writes(rule: Keys) -> tuple[TableWrite, ...] | None:
    """Return what a rule writes to tables; None if that is nothing, or some of it is bad."""
    node, path = rule.get("tables"), rule.below("tables")
    if node is None:
        return None
    items = rule.reader.sequence(node, path, "a list of writes")
    read = [_write(rule.reader, item, (*path, index)) for index, item in enumerate(items or ())]
    found = tuple(write for write in read if write is not None)
    return rule.note("tables", node, found if items is not None and len(found) == len(read) else None)


def _write(reader: Reader, node: Node, path: Path) -> TableWrite | None:
    keys = reader.keys(node, path, "a write to a table", WRITE_KEYS)
    if keys is None:
        return None
    kinds = [kind for kind in WRITE_KINDS if keys.has(kind)]
    if len(kinds) != 1:
        hint = "as {set: births, key: [args.sk], value: {born: time}}"
        if kinds:
            keys.fail("unset", "conflicting-keys", "a write is either `set` or `unset`")
        else:
            keys.missing("set", hint)
        return None
    kind = kinds[0]
    values = {"kind": kind, "table": keys.text(kind), "key": read_given(keys, "key"), "ifAbsent": keys.text("ifAbsent")}
    values["value"] = read_given(keys, "value")
    _check_value(keys, kind, values["value"])
    return reader.build(TableWrite, keys, values, {"table": kind})


def _check_value(keys: Keys, kind: str, value: object) -> None:
    for key in ("value", "ifAbsent") if kind == "unset" else ():
        if keys.has(key):
            keys.fail(key, "nothing-to-set", f"`unset` drops a row: it takes no `{key}`")
    if kind == "set" and value in {None, ()} and "value" not in keys.bad:
        keys.fail("value", "nothing-to-set", "`set` needs a `value`: the columns that it writes", "as value: {born: time}")


def read_given(keys: Keys, key: str) -> tuple[Given, ...] | None:
    """Return what stands below `key`: a list in the order of the table's columns, or a mapping of column names."""
    node, path = keys.get(key), keys.below(key)
    if isinstance(node, Sequence):
        pairs = [("", item, (*path, index)) for index, item in enumerate(node.items)]
    elif isinstance(node, Mapping):
        pairs = [(name.text, item, (*path, name.text)) for name, item in node.items]
    elif node is None:
        return None
    else:
        hint = "" if node.is_null else f"write [{node.text}]"
        keys.reader.wrong_type(node, path, "a list in the order of the table's columns, or a mapping of column names,", hint)
        return keys.note(key, node, None)
    read = [read_one_given(keys.reader, column, item, below) for column, item, below in pairs]
    found = tuple(one for one in read if one is not None)
    return keys.note(key, node, found if len(found) == len(read) else None)


def read_one_given(reader: Reader, column: str, node: Node, path: Path) -> Given | None:
    """Return the expression that `node` is, for the column of this name (none: the next one)."""
    text = reader.text(node, path)
    if text is None:
        return None
    return reader.build(Given, short(reader, node, "field", path, "a column"), {"column": column, "field": text})
