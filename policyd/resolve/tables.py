"""The tables of a policy: their maps, look-ups in them as values, and what rules write to them.

`Tables` is made once a policy; `fields.py` and expressions ask it for look-ups at a place, `rules.py` for a rule's writes.
Keys and values are checked against the types that the table declares.  A key column of a type that only keys have (`thread`,
`sock`…) is made of the fields that its row of `vocabulary.tables` names.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from policyd.effect import TableWrite
from policyd.expression import parse
from policyd.layout import Column, Layout
from policyd.maps import MapClass, MapSpec
from policyd.resolve.columns import MOST_KEY_BYTES
from policyd.resolve.lists import BPF_F_NO_PREALLOC
from policyd.resolve.operands import declared_type
from policyd.resolve.problems import Complaints, Missing, Problems, Wrong, complain
from policyd.resolve.table_values import constant_as, key_values, misfit, wrong_number
from policyd.text import did_you_mean, one_of, quote
from policyd.value import ROW, Lookup, Value
from policyd.vocabulary.kinds import KINDS
from policyd.vocabulary.operators import is_buffer
from policyd.vocabulary.tables import TABLE_KEYS, TableKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.errors import Path
    from policyd.policy import Given, Policy, Rule, TableColumn
    from policyd.policy import Table as WrittenTable
    from policyd.policy import TableWrite as Written
    from policyd.resolve.fields import Fields
    from policyd.vocabulary.types import ValueType

T = TypeVar("T")

MOST_VALUE_BYTES = 1024
"""A row is copied to the scratch place of a CPU, where it is read."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is declared: `keys` and `columns` by name, and the map that it is kept in."""

    name: str
    keys: dict[str, ValueType | TableKey]
    columns: dict[str, ValueType]
    spec: MapSpec

    def column(self, name: str) -> int:
        """Return a value column's number; `Wrong` with near misses."""
        if name not in self.columns:
            hint = did_you_mean(name, self.columns) or f"it has {one_of(self.columns)}"
            raise Wrong("unknown-column", f"the table {self.name} has no column {quote(name)}", hint)
        return list(self.columns).index(name)


@dataclass(slots=True)
class Tables:
    """The tables of `policy`; what is wrong with their declarations is reported to `problems` at once.

    `read` and `written` name those that rules look into and set rows of, `touched` all that they write to.
    """

    policy: Policy
    problems: Problems
    tables: dict[str, Table] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for written in self.policy.tables:
            if (table := self._declared(written)) is not None:
                self.tables[table.name] = table

    def keep(self, table: Table) -> None:
        """Take up a table that policyd made: the starts of a span."""
        self.tables[table.name] = table
        self.touched.add(table.name)

    # -- look-ups ----------------------------------------------------------------------------------------

    def names(self) -> tuple[str, ...]:
        """Return the names of all tables, in the order of the file."""
        return tuple(table.name for table in self.policy.tables)

    def key_types(self, name: str) -> tuple[ValueType | TableKey, ...]:
        """Return the types of a table's key columns, in order; `Wrong` for an unknown table."""
        return tuple(self._table(name).keys.values())

    def columns(self, name: str) -> tuple[str, ...]:
        """Return the names of a table's value columns, in order; `Wrong` for an unknown table."""
        return tuple(self._table(name).columns)

    def lookup(self, name: str, keys: tuple[Value, ...], column: str | None, fields: Fields) -> Value:
        """Return a column of the row that `keys` name, as it was before the event; absent where there is none.

        A table of one value column needs no `column`.  `Wrong` with near misses if there is no such table or column, or if
        the keys are of other types.
        """
        table = self._table(name)
        if column is None and len(table.columns) > 1:
            hint = f"as {name}[…].{next(iter(table.columns))}: it has {one_of(table.columns)}"
            raise Wrong("unknown-column", f"the table {name} has several columns: name one", hint)
        column = column or next(iter(table.columns))
        return self._value(table, table.column(column), keys, fields)

    def presence(self, name: str, keys: tuple[Value, ...], fields: Fields) -> Value:
        """Return the row that `keys` name, to ask whether it is there (`Exists`, `has`): it is no value to show."""
        return self._value(self._table(name), ROW, keys, fields)

    def _value(self, table: Table, column: int, keys: tuple[Value, ...], fields: Fields) -> Value:
        parts = key_values(table.name, table.keys, keys, fields)
        self.read.add(table.name)
        access = Lookup(self.policy.name, table.name, parts, column, table.spec.value.size)
        if column == ROW:
            return access.row
        wanted = table.spec.value.columns[column]
        path = f"{table.name}[{', '.join(key.path for key in keys)}].{wanted.name}"
        return replace(access.row, path=path, type=wanted.type, access=access)

    def _table(self, name: str) -> Table:
        if name not in self.tables:
            if name in self.names():  # its declaration is wrong, which has been said
                raise Wrong("unknown-table", f"the table {quote(name)} is not declared as it should be")
            raise self.unknown(name)
        return self.tables[name]

    def unknown(self, name: str) -> Wrong:
        """Return the problem of a name that no table has, with near misses."""
        names = self.names()
        hint = did_you_mean(name, names) or (f"there are {one_of(names)}" if names else "declare it under `spec.tables`")
        return Wrong("unknown-table", f"there is no table {quote(name)}", hint)

    # -- writes ------------------------------------------------------------------------------------------

    def writes(self, rule: Rule, fields: Fields, complaints: Complaints) -> tuple[TableWrite, ...]:
        """Return what a rule writes at a place; what is wrong with it goes to `complaints`."""
        found = []
        for written in rule.tables:
            if written.table in self.names() and written.table not in self.tables:
                continue  # its declaration is wrong, which has been said
            try:
                found.append(self._write(written, fields))
            except Missing as missing:
                complain(complaints, written.at, missing)
        return tuple(found)

    def _write(self, written: Written, fields: Fields) -> TableWrite:
        table = self._at(written.at, lambda: self._table(written.table), written.kind)
        given = _ordered(table, written.key, list(table.keys), (*written.at, "key"))
        keys = tuple(self._value_of(one, type_, fields) for one, type_ in zip(given, table.keys.values(), strict=True))
        parts = self._at((*written.at, "key"), lambda: key_values(table.name, table.keys, keys, fields))
        columns = tuple(self._column(table, one, name, fields) for name, one in _named(table, written))
        self.touched.add(table.name)
        if written.kind == "set":
            self.written.add(table.name)
        return TableWrite(table.name, written.kind, parts, columns, written.if_absent)

    def _column(self, table: Table, given: Given, name: str, fields: Fields) -> tuple[int, Value]:
        number = self._at(given.at, lambda: table.column(name))
        value = self._value_of(given, table.columns[name], fields)
        if wrong := misfit(value, table.columns[name]):
            message = f"the column {name} of {table.name} is {table.columns[name].kind}, and {given.field} {wrong[0]}"
            raise Wrong("value-does-not-fit", message, wrong[1], given.at)
        return number, value

    def _value_of(self, given: Given, type_: ValueType | TableKey, fields: Fields) -> Value:
        """Return what a write gives a column; a constant is read by the column's type."""
        return self._at(given.at, lambda: constant_as(parse(given.field), type_, fields) or fields.value(given.field))

    @staticmethod
    def _at(path: Path, read: Callable[[], T], *below: str) -> T:
        """Return what `read` returns; what is wrong is at `path`, unless that is known better."""
        try:
            return read()
        except Missing as missing:
            missing.at = missing.at or (*path, *below)
            raise

    # -- declarations ------------------------------------------------------------------------------------

    def _declared(self, written: WrittenTable) -> Table | None:
        keys = {one.name: type_ for one in written.key if (type_ := self._key_type(one)) is not None}
        columns = {one.name: type_ for one in written.value if (type_ := self._type(one)) is not None}
        if len(keys) < len(written.key) or len(columns) < len(written.value):
            return None
        key = Layout(tuple(column for name, type_ in keys.items() for column in key_parts(name, type_)))
        value = Layout(tuple(Column(name, type_) for name, type_ in columns.items()))
        if (twice := _twice(key, value)) is not None:
            message = f"the table {written.name} has two columns {quote(twice)}"
            self.problems.error(written.at, Wrong("duplicate-column", message, "give one of them another name"))
            return None
        for layout, most, part in ((key, MOST_KEY_BYTES, "key"), (value, MOST_VALUE_BYTES, "value")):
            if layout.size > most:
                message = f"the {part} has {layout.size:,} bytes, a table's {part} has at most {most:,}"
                self.problems.error((*written.at, part), Wrong("row-too-long", message, "give strings a size: string64"))
                return None
        return Table(written.name, keys, columns, self._spec(written, key, value))

    def _spec(self, written: WrittenTable, key: Layout, value: Layout) -> MapSpec:
        kind, flags = ("lru_hash", 0) if written.evict else ("hash", BPF_F_NO_PREALLOC)
        map_class = MapClass(kind, key.size, value.size, flags)
        return MapSpec(self.policy.name, written.name, "table", map_class, written.max_entries, key, value)

    def _key_type(self, column: TableColumn) -> ValueType | TableKey | None:
        return TABLE_KEYS.get(column.type) or self._type(column, more=tuple(TABLE_KEYS))

    def _type(self, column: TableColumn, more: tuple[str, ...] = ()) -> ValueType | None:
        """Return the type that a column declares; None after what is wrong was reported.  `more` are near misses too."""
        try:
            return _plain_type(column.type, more)
        except Wrong as wrong:
            self.problems.error(column.at, wrong)
            return None

    # -- the whole policy --------------------------------------------------------------------------------

    def used(self) -> dict[str, MapSpec]:
        """Return the maps of the tables that rules write to or look into."""
        return {name: table.spec for name, table in self.tables.items() if name in self.read | self.touched}

    def warn(self) -> None:
        """Warn of tables that only half of what they are for is done with."""
        for table in self.policy.tables:
            read, written = table.name in self.read, table.name in self.written
            if read and not written:
                message = f"no rule writes to the table {table.name}: a look-up in it never finds anything"
                self.problems.warning(table.at, "never-written", message, "a rule's `tables` write: [{set: …}]")
            elif written and not read:
                hint = f"`policyd get records {table.name}` shows it"
                self.problems.warning(table.at, "never-read", f"no rule looks into the table {table.name}", hint)
            elif not read and table.name not in self.touched:
                self.problems.warning(table.at, "unused-table", f"no rule uses the table {table.name}: it is not made")


def key_parts(name: str, type_: ValueType | TableKey) -> tuple[Column, ...]:
    """Return the columns that a key column is kept as, of which people see the first."""
    if not isinstance(type_, TableKey):
        return (Column(name, type_),)
    first, *others = type_.parts
    return Column(name, first.type), *(Column(f"{name}_{part.suffix}", part.type, hidden=True) for part in others)


def _twice(*layouts: Layout) -> str | None:
    """Return the first name that two columns have."""
    names = [column.name for layout in layouts for column in layout.columns]
    return next((name for number, name in enumerate(names) if name in names[:number]), None)


def _plain_type(name: str, more: tuple[str, ...]) -> ValueType:
    if name in TABLE_KEYS and name not in KINDS:
        raise Wrong("unknown-type", f"only a key can be a {name}", "a value is a number: u64, pid, hex")
    try:
        type_ = declared_type(name)
    except Wrong as wrong:
        raise Wrong(wrong.code, wrong.message, did_you_mean(name, [*KINDS, *more]) or wrong.hint) from wrong
    if type_.kind == "paths":
        raise Wrong("unknown-type", "a list of paths cannot be a column", "keep one of them: type path")
    if is_buffer(type_):
        raise Wrong("unknown-type", f"{type_.kind} has no fixed length: it cannot be a column", "so many bytes can: bytes16")
    return type_


def _ordered(table: Table, given: tuple[Given, ...], names: list[str], at: Path) -> tuple[Given, ...]:
    """Return a key's values in the order of its columns, each there once."""
    by_name = {one.column: one for one in given if one.column}
    if not by_name and len(given) == len(names):
        return given
    for name, one in by_name.items():
        if name not in names:
            hint = did_you_mean(name, names) or f"it has {one_of(names)}"
            raise Wrong("unknown-column", f"the key of {table.name} has no column {quote(name)}", hint, one.at)
    if by_name.keys() == set(names):
        return tuple(by_name[name] for name in names)
    wrong = wrong_number(table.name, names, len(given), "name each of them")
    wrong.at = at
    raise wrong


def _named(table: Table, written: Written) -> list[tuple[str, Given]]:
    """Return the values that a write gives, by the name of their column; a list names all columns, in order."""
    names = list(table.columns)
    if all(one.column for one in written.value):
        return [(one.column, one) for one in written.value]
    if len(written.value) != len(names):
        message = f"{table.name} has the columns {one_of(names, 20)}: a list gives each of them a value, in this order"
        raise Wrong("unknown-column", message, "or name those that are set: {COLUMN: VALUE}", (*written.at, "value"))
    return list(zip(names, written.value, strict=True))
