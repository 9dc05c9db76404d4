"""Expressions as values: every part gets a type, constants that of what they meet, names what they stand for at this place.

`Fields.value` comes here with every text that is no plain path.  What is wrong is raised as `Missing` or `Wrong` with the
offset of the part; filters go by way of `lowering.py`, which comes back here for what only computing can tell.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from policyd.expression import (
    Binary,
    Call,
    Choice,
    Index,
    ListOf,
    Literal,
    Logic,
    Member,
    Name,
    Node,
    Unary,
    path_of,
    root_of,
    walk,
)
from policyd.resolve.casts import BYTES, MOST_BYTES
from policyd.resolve.computed import address, computed, number
from policyd.resolve.constants import ADDRESSES, constant_value, is_constant, is_named, network_text, plain_value
from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.table_values import constant_as
from policyd.text import quote
from policyd.value import Constant, Value, every_value
from policyd.vocabulary.addresses import parse_network
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from policyd.resolve.fields import Fields
    from policyd.vocabulary.tables import TableKey

MOST_OPERATIONS = 256
"""Values that one expression is made of, `let` names written out."""

_BINARY = dict(zip("+-*/%&|^", ("add", "sub", "mul", "div", "mod", "and", "or", "xor"), strict=True)) | {
    "<<": "shl",
    ">>": "shr",
    "==": "eq",
    "!=": "ne",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
}
"""The operation that each sign between two operands is."""
COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_UNITS = frozenset({"time", "duration", "size"})
_UNSIGNED_64 = ValueType("u64", Shape.NUMBER, 8)


@contextmanager
def placed(node: Node) -> Iterator[None]:
    """Make what goes wrong inside know the offset of `node`, unless it knows a better one."""
    try:
        yield
    except Missing as missing:
        for one in missing.each:
            one.offset = node.at if one.offset is None else one.offset
        raise


@dataclass(slots=True)
class Expressions:
    """Makes values of trees at one place."""

    fields: Fields

    def value(self, node: Node) -> Value:
        """Return what `node` is worth; `Missing` or `Wrong`, with its offset, if it makes no sense here."""
        with placed(node):
            found = self._plain(node) if self.is_constant(node) else self._value(node)
            if sum(1 for _ in islice(every_value([found]), MOST_OPERATIONS + 1)) > MOST_OPERATIONS:
                raise Wrong("too-large", f"more than {MOST_OPERATIONS} operations, `let` names written out")
            return found

    def beside(self, node: Node, other: ValueType) -> Value:
        """Return what `node` is worth beside a value of type `other`, which reads it if it is a constant."""
        if not self.is_constant(node):
            return self.value(node)
        with placed(node):
            return constant_value(node, other, self.fields.reading)

    def condition(self, node: Node) -> Value:
        """Return what is true or false."""
        with placed(node):
            value = self.value(node)
            if value.type.kind != "bool":
                message = f"{quote(node.spelled)} is of type {value.type.kind}, and a condition is wanted here"
                raise Wrong("not-a-condition", message, f"compare it, as {node.spelled} != 0" * (len(node.spelled) < 40))
            return value

    def is_constant(self, node: Node) -> bool:
        """Whether nothing in `node` comes from an event."""
        return is_constant(node, self.fields.is_field)

    def _plain(self, node: Node) -> Value:
        """Return a constant that meets nothing; a word that is no constant here may be a field that is misspelled."""
        for part in () if isinstance(node, Call) else walk(node):
            if isinstance(part, Name):
                with placed(part):
                    self.fields.value(part.name)
        return plain_value(node, self.fields.reading)

    # -- parts -------------------------------------------------------------------------------------------

    def _value(self, node: Node) -> Value:
        if isinstance(node, Name | Member | Index):
            return self._path(node)
        return _MAKERS[type(node)](self, node)

    def _path(self, node: Name | Member | Index) -> Value:
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
            return self.fields.value(path)
        base, members = _behind(node)
        if isinstance(base, Call) and base.function == "as" and members:
            return self._cast(base, members)
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
        return self.value(substituted(node, self.fields.let_node(root_of(node))))

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
            return tuple(map(self.value, nodes))
        return tuple(self._key(node, type_) for node, type_ in zip(nodes, types, strict=True))

    def _key(self, node: Node, type_: ValueType | TableKey) -> Value:
        with placed(node):
            return constant_as(node, type_, self.fields) or self.value(node)

    def _cast(self, node: Call, members: Sequence[str] = ()) -> Value:
        assert node.target is not None
        type_name = path_of(node.arguments[0])
        if not type_name or "." in type_name:
            raise Wrong("unknown-type", "`.as` takes the name of a type", "as (-ret).as(errno) or args.sk.as(tcp_sock)")
        if self._is_of_begin(node.target) and not self.fields.casts.is_number(type_name):
            return self._as_it_began(lambda begin: begin._cast(node, members))
        return self.fields.casts.value(self._pointer(node.target), type_name, members)

    def _bytes(self, node: Call) -> Value:
        """Return the bytes at a pointer: as many as the first argument says, and at most as the second."""
        assert node.target is not None
        length, *most = node.arguments
        if self._is_of_begin(node.target):
            late = f"late({node.target.spelled}).bytes({length.spelled})"
            return self._as_it_began(lambda begin: begin._bytes(node), f"{late} reads as the call ends")
        value, count = self._pointer(node.target), self.value(length)
        return self.fields.casts.memory(node.spelled, value, count, self._number(most[0]) if most else BYTES)

    def _pointer(self, node: Node) -> Value:
        """Return what a cast is of; of `late(X)`: where X points to, which the cast reads as the call ends."""
        if isinstance(node, Call) and node.function == "late" and (path := path_of(node.arguments[0])):
            return self.fields.late_pointer(path)
        return self.value(node)

    def _is_of_begin(self, node: Node) -> bool:
        """Whether a value is an argument of the call that now ends: what it points to is read as the call begins, too."""
        late = isinstance(node, Call) and node.function == "late"
        return self.fields.begin is not None and not late and self.value(node).path.startswith(("args.", "args["))

    def _as_it_began(self, made: Callable[[Expressions], Value], hint: str = "") -> Value:
        assert self.fields.begin is not None
        try:
            return self.fields.saved(made(Expressions(self.fields.begin)))
        except Missing as missing:
            for one in missing.each:
                one.hint = hint or one.hint
            raise

    def _number(self, node: Node) -> int:
        found = self.value(node).access if self.is_constant(node) else None
        if isinstance(found, Constant):
            return found.number
        with placed(node):
            raise Wrong("bad-value", f"{quote(node.spelled)} is no number", f"as .bytes(args.count, {MOST_BYTES})")

    def _call(self, node: Call) -> Value:
        if node.function in {"as", "bytes"}:
            return self._cast(node) if node.function == "as" else self._bytes(node)
        return self._method(node) if node.target is not None else _FUNCTIONS[node.function](self, node)

    def _first(self, node: Call) -> Value:
        wrongs = []
        for argument in node.arguments:
            try:
                return self.value(argument)
            except Wrong:
                raise
            except Missing as missing:
                wrongs.append(missing)
        hints = "; ".join(missing.message for missing in wrongs)
        raise Missing(wrongs[0].code, f"none of what `first` names is here: {hints}")

    def _late(self, node: Call) -> Value:
        path = path_of(node.arguments[0])
        if not path or root_of(node.arguments[0]) in self.fields.lets:
            raise Wrong("bad-path", "`late` takes the path of an argument", "as late(args.buf)")
        return self.fields.late(path)

    def _has(self, node: Call) -> Value:
        return self._computed(node, "present", [self.asked(node.arguments[0])])

    def asked(self, node: Node) -> Value:
        """Return the value of which `has` asks whether it is there: a table's row may be one."""
        with placed(node):
            written = node
            if root_of(node) in self.fields.lets:
                written = substituted(node, self.fields.let_node(root_of(node)))
            if isinstance(written, Index) and root_of(written) in self.fields.tables.names():
                return self.row(written, presence=True)
            return self.value(node)

    def _size(self, node: Call) -> Value:
        return self._computed(node, "size", [self.value(node.arguments[0])])

    def _extreme(self, node: Call) -> Value:
        return self._computed(node, node.function, self._together(node.arguments))

    # -- operators ---------------------------------------------------------------------------------------

    def _unary(self, node: Unary) -> Value:
        if node.operator == "!":
            return self._computed(node, "no", [self.condition(node.operand)])
        return self._computed(node, "neg" if node.operator == "-" else "not", [self.value(node.operand)])

    def _binary(self, node: Binary) -> Value:
        if node.operator == "in":
            return self._in(node)
        if node.operator == "??":
            return self._computed(node, "default", self._together((node.left, node.right)))
        left, right = self._pair(node)
        self._check_units(node, left.type, right.type)
        if node.operator in {"/", "%"} and isinstance(right.access, Constant) and not right.access.number:
            raise Wrong("bad-value", f"{quote(node.spelled)} divides by zero")
        return self._computed(node, _BINARY[node.operator], [left, right])

    def _pair(self, node: Binary) -> tuple[Value, Value]:
        """Return both operands; a constant is read by the other's type where they are compared, or where it is a name."""
        names_only = node.operator not in COMPARISONS
        for one, other, swap in ((node.left, node.right, False), (node.right, node.left, True)):
            if self.is_constant(other) and not self.is_constant(one):
                value = self.value(one)
                beside = self.value(other) if names_only and not is_named(other) else self.beside(other, value.type)
                return (beside, value) if swap else (value, beside)
        return self.value(node.left), self.value(node.right)

    def _together(self, nodes: Sequence[Node]) -> list[Value]:
        """Return values of which some one is taken: constants are of the type of the first that is none."""
        first = next((node for node in nodes if not self.is_constant(node)), None)
        if first is None:
            return [self.value(node) for node in nodes]
        type_ = self.value(first).type
        found = [self.beside(node, type_) for node in nodes]
        for node, value in zip(nodes, found, strict=True):
            if value.type.shape is not type_.shape or _clash(value.type.kind, type_.kind):
                message = f"{quote(first.spelled)} is of type {type_.kind}, and {quote(node.spelled)} of {value.type.kind}"
                with placed(node):
                    raise Wrong("mixed-types", message, "one of them is taken: they need one type")
        return found

    def _choice(self, node: Choice) -> Value:
        return self._computed(node, "choose", [self.condition(node.condition), *self._together((node.yes, node.no))])

    def _logic(self, node: Logic) -> Value:
        parts = [self.condition(part) for part in node.parts]
        return self._computed(node, "all" if node.operator == "&&" else "any", parts)

    def _in(self, node: Binary) -> Value:
        value = self.value(node.left)
        items = node.right.items if isinstance(node.right, ListOf) else (node.right,)
        if not items:
            raise Wrong("bad-value", "an empty list holds nothing")
        return self._any(node, [self._is_one(node, value, item) for item in items])

    def _is_one(self, node: Binary, value: Value, item: Node) -> Value:
        if path_of(item).startswith("params."):
            raise Wrong("param-does-not-fit", "a list param can be asked in filters only", "move the condition to a filter")
        if path_of(item).startswith("lists."):
            raise Wrong("list-does-not-fit", "a list can be asked in filters only", "move the condition to a filter")
        is_network = isinstance(item, Call) and item.function in ADDRESSES
        if value.type.shape is Shape.ADDRESS and (is_network or isinstance(item, Literal)):
            return self._in_network(node, value, item)
        if not isinstance(node.right, ListOf):
            with placed(item):
                raise Wrong("mixed-types", f"`in` takes a list, not {quote(item.spelled)}", f"as [{item.spelled}]")
        return self.same(value, item)

    def same(self, value: Value, item: Node) -> Value:
        """Return whether `item` is `value`."""
        return self._computed(item, "eq", [value, self.beside(item, value.type)])

    def _in_network(self, node: Binary, value: Value, item: Node) -> Value:
        with placed(item):
            try:
                (base, length), warning = parse_network(network_text(item))
            except ValueError as error:
                raise Wrong("bad-value", f"{quote(item.spelled)} is no network: expected {error}") from error
            self.fields.reading.warnings += [warning] if warning else []
            network = address(item.spelled, base.to_bytes(16, "big"))
            return self._computed(node, "in_network", [value, network, number(str(length), _UNSIGNED_64, length)])

    def _any(self, node: Node, values: list[Value]) -> Value:
        return values[0] if len(values) == 1 else self._computed(node, "any", values)

    def _method(self, node: Call) -> Value:
        assert node.target is not None
        if node.function not in _METHODS:
            raise Wrong("operator-does-not-fit", f"`.{node.function}` can be asked in filters only", "move it to a filter")
        value = self.value(node.target)
        parts = [self.beside(argument, value.type) for argument in node.arguments]
        return self._any(node, [self._computed(node, _METHODS[node.function], [value, part]) for part in parts])

    def _list(self, node: ListOf) -> Value:
        raise Wrong("mixed-types", "a list stands to the right of `in` only", f"x in {node.spelled[:40]}")

    # -- results -----------------------------------------------------------------------------------------

    def _computed(self, node: Node, operation: str, operands: list[Value]) -> Value:
        with placed(node):
            try:
                return computed(node.spelled, operation, operands)
            except ValueError as error:
                raise Wrong("mixed-types", f"{quote(node.spelled)}: {error}") from error

    def _check_units(self, node: Binary, left: ValueType, right: ValueType) -> None:
        """Refuse sums and comparisons of times, durations and sizes with one another."""
        compared = node.operator in COMPARISONS
        if not (_clash(left.kind, right.kind) if compared else _no_sum(node.operator, left.kind, right.kind)):
            return
        wrong = "cannot be compared" if compared else "make no sum" if node.operator == "+" else "have no difference"
        kinds = f"{quote(node.left.spelled)} is a {left.kind} and {quote(node.right.spelled)} a {right.kind}"
        raise Wrong("mixed-types", f"{kinds}: they {wrong}", "`.as(u64)` makes a plain number of either")


_MAKERS: dict[type, Callable[[Expressions, Any], Value]] = {
    Unary: Expressions._unary,
    Binary: Expressions._binary,
    Logic: Expressions._logic,
    Choice: Expressions._choice,
    Call: Expressions._call,
    ListOf: Expressions._list,
}
_FUNCTIONS: dict[str, Callable[[Expressions, Call], Value]] = {
    "first": Expressions._first,
    "has": Expressions._has,
    "late": Expressions._late,
    "max": Expressions._extreme,
    "min": Expressions._extreme,
    "size": Expressions._size,
}
_METHODS = {"contains": "contains", "endsWith": "ends_with", "has": "has_bits", "startsWith": "starts_with"}
"""What can be asked of a value by computing, and the operation that asks."""


def _clash(one: str, other: str) -> bool:
    return one != other and {one, other} <= _UNITS


def _no_sum(operator: str, left: str, right: str) -> bool:
    """Whether two units can neither be added nor subtracted: sizes and times, two times added."""
    if operator not in {"+", "-"} or not {left, right} <= _UNITS:
        return False
    return ("size" in {left, right} and left != right) or (right == "time" and (operator, left) != ("-", "time"))


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
