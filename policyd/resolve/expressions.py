"""Expressions as values: every part gets a type, constants that of what they meet, names what they stand for at this place.

`Fields.value` comes here with every text that is no plain path.  What is wrong is raised as `Missing` or `Wrong` with the
offset of the part; filters go by way of `lowering.py`, which comes back here for what only computing can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from policyd.resolve.computed import address, computed, number
from policyd.resolve.constants import ADDRESSES, constant_value, is_constant, is_named, network_text, plain_value
from policyd.resolve.paths import Paths, placed, substituted
from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.spans import root_word
from policyd.text import quote
from policyd.value import Constant, Value, every_value
from policyd.vocabulary.addresses import parse_network
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policyd.resolve.fields import Fields

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


@dataclass(slots=True)
class Expressions:
    """Makes values of trees at one place."""

    fields: Fields

    @property
    def paths(self) -> Paths:
        """What makes values of paths here."""
        return Paths(self.fields, self)

    def at(self, fields: Fields) -> Expressions:
        """Return what makes values at another place."""
        return Expressions(fields)

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
        if root_word(node):
            return self.fields.of_span(node, self)
        if isinstance(node, Name | Member | Index):
            return self.paths.value(node)
        return _MAKERS[type(node)](self, node)

    def _call(self, node: Call) -> Value:
        if node.function in {"as", "bytes"}:
            return self.paths.cast(node) if node.function == "as" else self.paths.bytes(node)
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

    def _has(self, node: Call) -> Value:
        return self._computed(node, "present", [self.asked(node.arguments[0])])

    def asked(self, node: Node) -> Value:
        """Return the value of which `has` asks whether it is there: a table's row may be one."""
        with placed(node):
            written = node
            if root_of(node) in self.fields.lets:
                written = substituted(node, self.fields.let_node(root_of(node)))
            if isinstance(written, Index) and root_of(written) in self.fields.tables.names():
                return self.paths.row(written, presence=True)
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
            for operand in operands if operation != "present" else ():
                if operand.type.kind == "stack":
                    message = f"{quote(operand.path)} is a stack: it can be shown and counted by, not computed with"
                    raise Wrong("operator-does-not-fit", message)
                if operand.type.kind == "paths":
                    message = f"{quote(operand.path)} is a list of paths, and can be asked in filters only"
                    raise Wrong("operator-does-not-fit", message, f'"/usr/sbin/sshd" in {operand.path}, or name one: [0]')
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
    "late": lambda expressions, node: expressions.paths.late(node),
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
