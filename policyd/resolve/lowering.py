"""Expressions of filters as conditions: what a structured filter can say becomes the very test that it makes.

`Conditions` comes here with each `{expr: …}`.  `&&`, `||` and `!` become groups; a comparison with a constant or a param,
`in`, `startsWith`… are handed back as the leaf that says the same; everything else is computed, and compared with true.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.condition import AllOf, AnyOf, Condition
from policyd.expression import Binary, Call, ListOf, Literal, Logic, Node, Unary, path_of, root_of
from policyd.policy import Leaf
from policyd.resolve.constants import ADDRESSES, constant_text
from policyd.resolve.expressions import COMPARISONS, Expressions
from policyd.resolve.paths import placed, substituted
from policyd.resolve.problems import Missing, Wrong
from policyd.text import quote
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from policyd.errors import Path
    from policyd.value import Value

    Ask = Callable[[Value, Leaf, bool], Condition]

_OPERATORS = {
    "==": "Equal",
    "!=": "NotEqual",
    "<": "Less",
    "<=": "LessOrEqual",
    ">": "Greater",
    ">=": "GreaterOrEqual",
    "startsWith": "Prefix",
    "endsWith": "Suffix",
    "contains": "Contains",
    "glob": "Glob",
    "under": "Under",
    "has": "AllBits",
}
"""The operators of filters that comparisons and methods are."""

_SWAPPED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_PARAMS, _LISTS = "params.", "lists."


@dataclass(slots=True)
class Lowering:
    """Makes the condition of one expression at `at`; `ask` is how a leaf about a value becomes one."""

    expressions: Expressions
    ask: Ask
    at: Path

    def condition(self, node: Node, *, negate: bool) -> Condition:
        """Return the condition that `node` is (`negate`: that it is not)."""
        with placed(node):
            if isinstance(node, Logic):
                kind = AllOf if (node.operator == "&&") != negate else AnyOf
                parts = [self.condition(part, negate=negate) for part in node.parts]
                return kind(tuple(one for part in parts for one in (part.parts if isinstance(part, kind) else (part,))))
            if isinstance(node, Unary) and node.operator == "!":
                return self.condition(node.operand, negate=not negate)
            if self.expressions.is_constant(node):
                raise self._says_nothing(node, node)
            return self._one(node, negate)

    def _says_nothing(self, node: Node, constant: Node) -> Wrong:
        """Return what is wrong with a condition without a field; raise it, if a word of it is no constant either."""
        self.expressions.value(constant)
        return Wrong("not-a-condition", f"{quote(node.spelled)} says nothing of an event", "compare it with a field")

    def _one(self, node: Node, negate: bool) -> Condition:
        if isinstance(node, Binary) and node.operator in COMPARISONS:
            return self._comparison(node, negate)
        if isinstance(node, Binary) and node.operator == "in":
            return self._in(node, negate)
        if isinstance(node, Call) and node.target is not None and node.function in _OPERATORS:
            return self._method(node, negate)
        if isinstance(node, Call) and node.target is None and node.function == "has":
            return self._test(self.expressions.asked(node.arguments[0]), "Exists", (), negate)
        if root_of(node) in self.expressions.fields.lets and not isinstance(node, Call):
            written = substituted(node, self.expressions.fields.let_node(root_of(node)))
            if isinstance(written, Logic | Unary | Binary | Call):
                return self._of_let(node, written, negate)
        return self._computed(node, negate)

    def _of_let(self, node: Node, written: Node, negate: bool) -> Condition:
        """Return the condition that a `let` name stands for; what is wrong with it stands there."""
        let = self.expressions.fields.lets[root_of(node)]
        try:
            return self.condition(written, negate=negate)
        except Missing as missing:
            for one in missing.each:
                one.at, one.text = one.at or let.at, one.text or let.value
            raise

    def _computed(self, node: Node, negate: bool) -> Condition:
        return self._test(self.expressions.condition(node), "Equal", ("true",), negate)

    # -- comparisons -------------------------------------------------------------------------------------

    def _comparison(self, node: Binary, negate: bool) -> Condition:
        left, right, operator = node.left, node.right, node.operator
        if self._is_given(left) and not self._is_given(right):
            left, right, operator = right, left, _SWAPPED[operator]
        if not self._is_given(right):
            return self._computed(node, negate)
        if self._is_given(left):
            raise self._says_nothing(node, left)
        if (bits := self._bits(left, operator, right)) is not None:
            value, named, mask = bits
            return self._with(value, named, (mask,), negate)
        value = self.expressions.value(left)
        if _is_param(right):
            return self._param(value, _OPERATORS[operator], right, negate)
        return self._with(value, _OPERATORS[operator], (right,), negate)

    def _bits(self, left: Node, operator: str, right: Node) -> tuple[Value, str, Node] | None:
        """Return the value, the operator and the mask of `x & MASK == 0`, `!= 0` or `== MASK`; None for all else.

        A comparison with what is absent is not what `AnyBits` says of it, so that such a value is computed.
        """
        if not isinstance(left, Binary) or left.operator != "&" or operator not in {"==", "!="} or _is_param(right):
            return None
        field, mask = (left.right, left.left) if self.expressions.is_constant(left.left) else (left.left, left.right)
        whole = right == mask
        if not self.expressions.is_constant(mask) or not (whole or right == Literal("0")) or (whole and operator == "!="):
            return None
        value = self.expressions.value(field)
        named = "AllBits" if whole else "AnyBits" if operator == "!=" else "NoBits"
        return None if value.can_be_absent else (value, named, mask)

    def _is_given(self, node: Node) -> bool:
        """Whether a test can compare with it: a constant, or a param."""
        return self.expressions.is_constant(node) or _is_param(node)

    def _in(self, node: Binary, negate: bool) -> Condition:
        right = node.right
        if self.expressions.is_constant(node.left) and not self._is_given(right) and not isinstance(right, ListOf):
            return self._element(node, negate)
        value = self.expressions.value(node.left)
        if _is_param(right):
            return self._param(value, "InCIDR" if self._is_network_param(right) else "In", right, negate)
        if isinstance(right, ListOf):
            return self._in_list(value, right, negate)
        is_address = value.type.shape is Shape.ADDRESS
        if is_address and self.expressions.is_constant(right):
            return self._with(value, "InCIDR", (right,), negate)
        if isinstance(right, Call) and right.function in ADDRESSES:
            message = f"{quote(node.left.spelled)} is of type {value.type.kind}, and only addresses are in networks"
            raise Wrong("mixed-types", message)
        with placed(right):
            raise Wrong("mixed-types", f"`in` takes a list, not {quote(right.spelled)}", f"as [{right.spelled}]")

    def _element(self, node: Binary, negate: bool) -> Condition:
        """Return whether a constant is among the elements of a value that is a list."""
        value = self.expressions.value(node.right)
        if value.type.kind != "paths":
            raise Wrong("mixed-types", f"{quote(node.right.spelled)} is no list", "as x in [1, 2]")
        return self._with(value, "In", (node.left,), negate)

    def _in_list(self, value: Value, items: ListOf, negate: bool) -> Condition:
        given = tuple(item for item in items.items if self.expressions.is_constant(item))
        others = [item for item in items.items if not self.expressions.is_constant(item)]
        if not items.items:
            raise Wrong("bad-value", "an empty list holds nothing", "a list param may be empty: x in params.NAME")
        networks = value.type.shape is Shape.ADDRESS and any(map(_is_network, given))
        parts = [self._with(value, "InCIDR" if networks else "In", given, negate)] if given else []
        for item in others:
            if _is_param(item):
                parts.append(self._param(value, "Equal", item, negate))
            else:
                parts.append(self._test(self.expressions.same(value, item), "Equal", ("true",), negate))
        return parts[0] if len(parts) == 1 else (AllOf if negate else AnyOf)(tuple(parts))

    def _method(self, node: Call, negate: bool) -> Condition:
        assert node.target is not None
        if path_of(node.target).startswith(_PARAMS):
            raise Wrong("param-does-not-fit", "a param is what something else is compared with", "x > params.NAME")
        if path_of(node.target).startswith(_LISTS):
            raise Wrong("list-does-not-fit", "a list is what something else is looked up in", "x in lists.NAME")
        value = self.expressions.value(node.target)
        operator = _OPERATORS[node.function]
        if len(node.arguments) == 1 and _is_param(node.arguments[0]):
            return self._param(value, operator, node.arguments[0], negate)
        if not all(map(self.expressions.is_constant, node.arguments)):
            return self._computed(node, negate)
        return self._with(value, operator, node.arguments, negate)

    # -- leaves ------------------------------------------------------------------------------------------

    def _with(self, value: Value, operator: str, nodes: Sequence[Node], negate: bool) -> Condition:
        """Return the test of `value` against constants."""
        reading = self.expressions.fields.reading
        texts = []
        for node in nodes:
            with placed(node):
                texts.append(constant_text(node, value.type, reading))
        with self._blamed(nodes):
            return self._test(value, operator, tuple(texts), negate)

    def _param(self, value: Value, operator: str, node: Node, negate: bool) -> Condition:
        kind, _, name = path_of(node).partition(".")
        param, list_ = (name, "") if kind == "params" else ("", name)
        with placed(node):
            leaf = Leaf.model_construct(field=value.path, operator=operator, values=(), param=param, list=list_, at=self.at)
            return self.ask(value, leaf, negate)

    def _test(self, value: Value, operator: str, texts: tuple[str, ...], negate: bool) -> Condition:
        leaf = Leaf.model_construct(field=value.path, operator=operator, values=texts, param="", list="", at=self.at)
        return self.ask(value, leaf, negate)

    @contextmanager
    def _blamed(self, nodes: Sequence[Node]) -> Iterator[None]:
        """Make what is wrong with a value stand at the constant that it is, not in a list that the file has not."""
        try:
            yield
        except Missing as missing:
            for one in missing.each:
                place = one.at[-1] if one.at else None
                if one.at:
                    one.offset = nodes[place if isinstance(place, int) and place < len(nodes) else 0].at
                    one.at = ()
            raise

    def _is_network_param(self, node: Node) -> bool:
        return self.expressions.fields.given_type(path_of(node)) == "cidr"


def _is_param(node: Node) -> bool:
    """Whether it is a param or a list of the policy."""
    return path_of(node).startswith((_PARAMS, _LISTS))


def _is_network(node: Node) -> bool:
    if isinstance(node, Call):
        return node.function == "cidr"
    return isinstance(node, Literal) and "/" in node.text
