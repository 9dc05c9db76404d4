"""Paths in expressions: fields, members, rows of tables, names of `let`, and what is behind a cast.

`expressions.py` comes here with every word and what follows it; what stands inside (keys, lengths) goes back there.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from policyd.expression import Call, Index, Literal, Member, Name, Node, path_of, root_of
from policyd.resolve.casts import BYTES, MOST_BYTES
from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.table_values import constant_as
from policyd.text import quote
from policyd.value import Constant, Value
from policyd.words import is_field_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from policyd.resolve.fields import Fields
    from policyd.vocabulary.tables import TableKey
    from policyd.vocabulary.types import ValueType


@contextmanager
def placed(node: Node) -> Iterator[None]:
    """Make what goes wrong inside know the offset of `node`, unless it knows a better one."""
    try:
        yield
    except Missing as missing:
        for one in missing.each:
            one.offset = node.at if one.offset is None else one.offset
        raise


class Worth(Protocol):
    """What makes values of the other parts of an expression."""

    def value(self, node: Node) -> Value:
        """Return what a part is worth."""

    def is_constant(self, node: Node) -> bool:
        """Whether nothing in a part comes from an event."""

    def at(self, fields: Fields) -> Worth:
        """Return what does the same at another place."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Makes values of paths at one place, and of what is taken from them."""

    fields: Fields
    worth: Worth

    def value(self, node: Name | Member | Index) -> Value:
        root = root_of(node)
        if root == "params":
            raise Wrong("param-does-not-fit", "a param can be compared in a filter only", "x > params.NAME")
        if root == "lists":
            raise Wrong("list-does-not-fit", "a list can be asked in a filter only", "x in lists.NAME")
        if root in self.fields.lets:
            return self._named(node)
        if root in self.fields.tables.names():
            return self.row(node)
        if path := path_of(node):
            if not is_field_path(path):
                raise Wrong("bad-path", f"{quote(path)} is no path of a field", "at most four digits in an index")
            return self.fields.value(path)
        base, members = _behind(node)
        if isinstance(base, Call) and base.function == "as" and members:
            return self.cast(base, members)
        if root and isinstance(base, Index) and not self.fields.is_field(root):
            raise self.fields.tables.unknown(root)
        message = f"{quote(node.spelled)} is nothing that can be read"
        raise Wrong("bad-path", message, "members follow fields, tables and casts: args.sk.as(tcp_sock).bytes_acked")

    def _named(self, node: Name | Member | Index) -> Value:
        """Return what a `let` name stands for, or what follows it."""
        if isinstance(node, Name):
            return self.fields.let_value(node.name)
        try:
            return self._path_of_let(node)
        except Missing as missing:
            for one in missing.each:
                one.offset = node.at if not one.text else one.offset
            raise

    def _path_of_let(self, node: Member | Index) -> Value:
        return self.worth.value(substituted(node, self.fields.let_node(root_of(node))))

    def row(self, node: Node, *, presence: bool = False) -> Value:
        """Return a column of a table's row, or whether there is that row."""
        names = []
        while isinstance(node, Member):
            names.append(node.name)
            node = node.base
        if not isinstance(node, Index) or not isinstance(node.base, Name) or len(names) > 1:
            name = root_of(node)
            raise Wrong("bad-path", f"{quote(name)} is a table: name a row and a column", f"as {name}[KEY].COLUMN")
        keys = self._keys(node.base.name, node.keys)
        if presence and not names:
            return self.fields.tables.presence(node.base.name, keys, self.fields)
        return self.fields.tables.lookup(node.base.name, keys, names[0] if names else None, self.fields)

    def _keys(self, table: str, nodes: Sequence[Node]) -> tuple[Value, ...]:
        """Return the keys of a table's row; a constant is read by the type of its column."""
        types = self.fields.tables.key_types(table)
        if len(types) != len(nodes):  # which `tables` tells
            return tuple(map(self.worth.value, nodes))
        return tuple(self._key(node, type_) for node, type_ in zip(nodes, types, strict=True))

    def _key(self, node: Node, type_: ValueType | TableKey) -> Value:
        with placed(node):
            return constant_as(node, type_, self.fields) or self.worth.value(node)

    def cast(self, node: Call, members: Sequence[str] = ()) -> Value:
        assert node.target is not None
        type_name = path_of(node.arguments[0])
        if not type_name or "." in type_name:
            raise Wrong("unknown-type", "`.as` takes the name of a type", "as (-ret).as(errno) or args.sk.as(tcp_sock)")
        if self._is_of_begin(node.target) and not self.fields.casts.is_number(type_name):
            return self._as_it_began(lambda begin: begin.cast(node, members))
        return self.fields.casts.value(self._pointer(node.target), type_name, members)

    def bytes(self, node: Call) -> Value:
        """Return the bytes at a pointer: as many as the first argument says, and at most as the second."""
        assert node.target is not None
        length, *most = node.arguments
        if self._is_of_begin(node.target):
            late = f"late({node.target.spelled}).bytes({length.spelled})"
            return self._as_it_began(lambda begin: begin.bytes(node), f"{late} reads as the call ends")
        value, count = self._pointer(node.target), self.worth.value(length)
        return self.fields.casts.memory(node.spelled, value, count, self._number(most[0]) if most else BYTES)

    def _pointer(self, node: Node) -> Value:
        """Return what a cast is of; of `late(X)`: where X points to, which the cast reads as the call ends."""
        if isinstance(node, Call) and node.function == "late" and (path := path_of(node.arguments[0])):
            return self.fields.late_pointer(path)
        return self.worth.value(node)

    def _is_of_begin(self, node: Node) -> bool:
        """Whether a value is an argument of the call that now ends: what it points to is read as the call begins, too."""
        late = isinstance(node, Call) and node.function == "late"
        return self.fields.begin is not None and not late and self.worth.value(node).path.startswith(("args.", "args["))

    def _as_it_began(self, made: Callable[[Paths], Value], hint: str = "") -> Value:
        assert self.fields.begin is not None
        try:
            return self.fields.saved(made(Paths(self.fields.begin, self.worth.at(self.fields.begin))))
        except Missing as missing:
            for one in missing.each:
                one.hint = hint or one.hint
            raise

    def _number(self, node: Node) -> int:
        found = self.worth.value(node).access if self.worth.is_constant(node) else None
        if isinstance(found, Constant):
            return found.number
        with placed(node):
            raise Wrong("bad-value", f"{quote(node.spelled)} is no number", f"as .bytes(args.count, {MOST_BYTES})")

    def late(self, node: Call) -> Value:
        path = path_of(node.arguments[0])
        if not path or root_of(node.arguments[0]) in self.fields.lets:
            raise Wrong("bad-path", "`late` takes the path of an argument", "as late(args.buf)")
        return self.fields.late(path)


def _behind(node: Node) -> tuple[Node, tuple[str, ...]]:
    """Return what members and elements are taken of, and their names."""
    names: list[str] = []
    while isinstance(node, Member | Index):
        if isinstance(node, Index):
            element = node.keys[0]
            if len(node.keys) != 1 or not isinstance(element, Literal) or not element.text.isdecimal():
                return node, tuple(reversed(names))
            names.append(f"[{element.text}]")
        else:
            names.append(node.name)
        node = node.base
    joined: list[str] = []
    for name in reversed(names):
        if name.startswith("[") and joined:
            joined[-1] += name
        else:
            joined.append(name)
    return node, tuple(joined)


def substituted(node: Node, root: Node) -> Node:
    """Return `node` with its first word, a `let` name, replaced by what that stands for."""
    if isinstance(node, Member | Index):
        return replace(node, base=substituted(node.base, root))
    return root
