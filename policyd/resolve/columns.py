"""Named columns of events and metric keys as layouts: groups expanded, strings packed or inline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.layout import Column, Layout
from policyd.policy import Column as NamedPath
from policyd.resolve.problems import Complaints, Missing, Wrong, complain
from policyd.resolve.spans import DURATION
from policyd.resolve.stacks import key_column
from policyd.text import quote
from policyd.vocabulary.attach import attach_kind
from policyd.vocabulary.operators import is_buffer
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from policyd.errors import Path
    from policyd.resolve.fields import Fields
    from policyd.value import Value

MOST_COLUMNS = 64
"""An event's header has a bit a column for what was absent or unread."""

PACKED_FROM = 16
"""Strings longer than this follow an event's fixed part, as long as they are."""

LONGEST_INLINE = 256
"""Strings longer than this do so at every hook: the compiler clears no larger place."""

KEY_STRING_SIZE = 256
"""What a metric's key keeps of a string."""

MOST_KEY_BYTES = 1024

DEFAULT_GROUPS = ("process", "args", "flow")
"""What an event shows that nobody described: those of these that the hook has."""

Columns = tuple[Layout, tuple["Value", ...]]


def event_columns(columns: tuple[NamedPath, ...], fields: Fields, complaints: Complaints) -> Columns:
    """Return an event's layout and values, groups expanded; a column that two places ask for is there once."""
    found: dict[str, tuple[Column, Value]] = {}
    for column in columns:
        try:
            for name, path in _expand(column, fields):
                _add(found, name, fields.value(path), column)
        except Missing as missing:
            complain(complaints, column.at, _in_macro(missing, column))
    if fields.place.many and all(value.path != "hook.name" for _, value in found.values()):
        fired = fields.value("hook.name")
        found = {"hook_name": (Column("hook_name", fired.type, "hook.name"), fired), **found}
    if len(found) > MOST_COLUMNS:
        wrong = Wrong("too-many-columns", f"{len(found)} columns, an event has at most {MOST_COLUMNS}")
        complaints.append((columns[-1].at, wrong))
    layout = Layout(tuple(packed_from(column, fields) for column, _ in found.values()))
    return layout, tuple(value for _, value in found.values())


def default_columns(fields: Fields, at: Path) -> tuple[NamedPath, ...]:
    """Return the columns of an event that nobody described."""
    groups = [group for group in DEFAULT_GROUPS if _has(fields, group)]
    place = fields.place
    if place.entry is not None and place.phase == "exit":  # nothing is kept from the beginning unless somebody asks for it
        groups = [one for group in groups for one in (place.arguments.paths() if group == "args" else (group,))]
    groups += ["duration"] if place.phase == "call" else []
    groups += [DURATION] if fields.side is not None else []
    return tuple(NamedPath(name=group.replace(".", "_"), field=group, at=at) for group in groups)


def key_columns(
    columns: tuple[NamedPath, ...], fields: Fields, complaints: Complaints, what: str = "a metric's key"
) -> Columns:
    """Return a metric's key, or another fixed place that is called `what`, and its values."""
    found: dict[str, tuple[Column, Value]] = {}
    for column in columns:
        try:
            value = fields.value(column.field)
            if value.type.kind == "paths":
                hint = f"name one: {column.field}[0]"
                raise Wrong("list-in-key", f"{column.field} is a list, which cannot be in {what}", hint)
            if value.type.kind == "stack" and what == "a rate's key":
                raise Wrong("list-in-key", f"{column.field} is a stack, which cannot be in {what}")
            if is_buffer(value.type) and value.type.kind != "stack":
                hint = "take so many: POINTER.as(bytes16)"
                raise Wrong(
                    "list-in-key", f"{column.field} has no fixed length: {value.type.kind} cannot be in {what}", hint
                )
            _add(found, column.name, value, column)
        except Missing as missing:
            complain(complaints, column.at, _in_macro(missing, column))
    key = Layout(tuple(_short(column) for column, _ in found.values()))
    size = key.size - sum(column.size for column in key.columns if column.type.kind == "stack")
    if size > MOST_KEY_BYTES:
        wrong = Wrong("key-too-long", f"{size} bytes, {what} has at most {MOST_KEY_BYTES}")
        complaints.append((columns[-1].at, wrong))
    return key, tuple(value for _, value in found.values())


def _in_macro(missing: Missing, column: NamedPath) -> Missing:
    if column.used_at:
        missing.used("a macro", column.used_at)
    return missing


def _has(fields: Fields, group: str) -> bool:
    try:
        return bool(fields.group(group))
    except Missing:
        return False


def _expand(column: NamedPath, fields: Fields) -> list[tuple[str, str]]:
    members = fields.group(column.field)
    if members is None:
        return [(column.name, column.field)]
    return [(_member_name(column, path), path) for path in members]


def _member_name(column: NamedPath, path: str) -> str:
    """Return the name of a group's member: made of its path, or of the name that the policy gave the group."""
    if column.name == _name(column.field):
        return _name(path)
    return f"{column.name}_{_name(path.removeprefix(column.field + '.'))}"


def _name(path: str) -> str:
    return path.replace(".", "_")


def _add(found: dict[str, tuple[Column, Value]], name: str, value: Value, column: NamedPath) -> None:
    known = found.get(name)
    if known is not None and known[1].path != value.path:
        message = f"two columns are called {quote(name)}: {known[1].path} and {value.path}"
        raise Wrong("duplicate-column", message, "name them: {NAME: FIELD}")
    if known is None or column.names:
        found[name] = (Column(name, value.type, value.path, names=column.names), value)


def packed_from(column: Column, fields: Fields) -> Column:
    """Return the column of an event, packed if it is a string of some length."""
    scratch = attach_kind(fields.place.point.kind, fields.place.point.option).scratch
    longest = PACKED_FROM if scratch else LONGEST_INLINE
    long = column.type.shape is Shape.STRING and (column.type.size > longest or is_buffer(column.type))
    return replace(column, packed=True) if long else column


def _short(column: Column) -> Column:
    if column.type.kind == "stack":
        return key_column(column)
    if column.type.shape is not Shape.STRING or column.type.size <= KEY_STRING_SIZE:
        return column
    return replace(column, type=replace(column.type, size=KEY_STRING_SIZE))
