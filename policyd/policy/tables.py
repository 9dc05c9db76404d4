"""Tables and what rules write to them, as written."""

# ruff: noqa: TC001 (pydantic reads annotations at run time)

from __future__ import annotations

from typing import Literal

from policyd.policy.model import Model
from policyd.policy.outputs import DEFAULT_MAX_ENTRIES
from policyd.words import ColumnName, Entries, Expression, Flag, TableName, TypeName


class TableColumn(Model):
    """A column of a table's key or value."""

    name: ColumnName
    type: TypeName


class Table(Model):
    """The policy's own state: rows of `value` by `key`, kept in the kernel.  `evict`: old rows make room for new ones."""

    name: TableName
    key: tuple[TableColumn, ...]
    value: tuple[TableColumn, ...]
    max_entries: Entries = DEFAULT_MAX_ENTRIES
    evict: Flag = True


class Given(Model):
    """What a write gives a column: the one of this name, or (empty) the next in the order of the table."""

    column: str = ""
    field: Expression


class TableWrite(Model):
    """A row that a match writes, or (`unset`) drops.  `if_absent`: only where there is none."""

    kind: Literal["set", "unset"]
    table: TableName
    key: tuple[Given, ...]
    value: tuple[Given, ...] = ()
    if_absent: Flag = False
