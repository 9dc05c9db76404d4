"""Filters as conditions: `not` pushed down to the leaves, operands parsed by the field's type, long lists in maps.

A leaf that cannot be resolved becomes a complaint with its place in the document; resolving goes on to find the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policyd.condition import AllOf, AnyOf, Condition, Test
from policyd.expression import parse
from policyd.policy import AllOf as AllFilter
from policyd.policy import AnyOf as AnyFilter
from policyd.policy import Expanded, Expr, Filter, Leaf, Not
from policyd.resolve.expressions import Expressions
from policyd.resolve.lists import FORMS, listable
from policyd.resolve.lowering import Lowering
from policyd.resolve.problems import Missing, Wrong, complain
from policyd.resolve.process import each_ancestor
from policyd.text import one_of
from policyd.vocabulary.operators import OPERATORS, fits, fitting

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.errors import Path
    from policyd.resolve.fields import Fields
    from policyd.resolve.params import Stock
    from policyd.resolve.place import Place
    from policyd.value import Value
    from policyd.vocabulary.operators import Operator


SHORT_LISTS = {"In": 16, "InCIDR": 8, "Prefix": 16, "Under": 16, "Suffix": 16}
"""Lists up to this long become comparisons in the program, longer ones a map."""

HOST = "host"
"""The constant of namespaces: that of the host's init."""

_EVERYTHING = AllOf(())


@dataclass(slots=True)
class Conditions:
    """Conditions of rule `row` at one place; complaints are collected with the path of what is wrong."""

    fields: Fields
    stock: Stock
    row: int
    complaints: list[tuple[Path, Missing]] = field(default_factory=list)
    warnings: list[tuple[Path, str]] = field(default_factory=list)

    def all_of(self, filters: tuple[Filter, ...]) -> AllOf:
        """Return the conjunction of a rule's filters, after the place's own guard."""
        found = list(self.guards(self.fields.place))
        for part in filters:
            made = self._convert(part, negate=False)
            found += made.parts if isinstance(part, Expr) and isinstance(made, AllOf) else (made,)
        return AllOf(tuple(found))

    def leaf(self, leaf: Leaf) -> Condition:
        """Return the condition of one test."""
        return self._convert(leaf, negate=False)

    def guards(self, place: Place) -> tuple[Condition, ...]:
        """Return the tests that come before a rule's own at `place`."""
        return tuple(self._guard(test) for test in place.guard)

    def _guard(self, test: Test) -> Condition:
        return self._bounded(test) if test.operator == "In" else test

    def _convert(self, part: Filter, *, negate: bool) -> Condition:
        if isinstance(part, Leaf):
            return self._checked(part.at, lambda: self._leaf(part, negate))
        if isinstance(part, Expr):
            return self._checked(part.at, lambda: self._expression(part, negate))
        if isinstance(part, Not):
            return self._convert(part.part, negate=not negate)
        if isinstance(part, Expanded):
            return self._expanded(part, negate)
        assert isinstance(part, AllFilter | AnyFilter)
        parts = tuple(self._convert(inner, negate=negate) for inner in part.parts)
        return AllOf(parts) if isinstance(part, AllFilter) != negate else AnyOf(parts)

    def _expanded(self, macro: Expanded, negate: bool) -> Condition:
        """Return what a macro stands for; complaints are about places in the macro, and tell of the use."""
        before = len(self.complaints)
        made = self._convert(AllFilter(parts=macro.parts), negate=negate)
        for _, missing in self.complaints[before:]:
            missing.used(f"macro `{macro.name}`", macro.at)
        return made

    def _checked(self, at: Path, resolved: Callable[[], Condition]) -> Condition:
        """Return what `resolved` makes of the filter at `at`; complaints are kept."""
        try:
            return resolved()
        except Missing as missing:
            complain(self.complaints, at, missing)
            return _EVERYTHING
        finally:
            self.warnings.extend((at, message) for message in self.stock.reading.taken())

    def _expression(self, part: Expr, negate: bool) -> Condition:
        try:
            return Lowering(Expressions(self.fields), self._asked, part.at).condition(parse(part.expr), negate=negate)
        except Missing as missing:
            for one in missing.each:
                one.text = one.text or part.expr
            raise

    def _leaf(self, leaf: Leaf, negate: bool) -> Condition:
        return self._asked(self.fields.value(leaf.field), leaf, negate)

    def _asked(self, value: Value, leaf: Leaf, negate: bool) -> Condition:
        """Return what `leaf` asks of `value`."""
        operator = OPERATORS[leaf.operator]
        if not fits(operator, value.type):
            raise Wrong(
                "operator-does-not-fit",
                f"{operator.name} cannot be asked of {leaf.field}, which is of type {value.type.kind}",
                f"it takes {one_of(fitting(value.type), limit=30)}",
            )
        negate ^= operator.negative
        if value.type.kind == "paths":
            elements = each_ancestor(value)
            return _some(self._tests(elements[0], operator, leaf, negate), elements, negate)
        if value.type.kind == "namespace" and any(text.strip() == HOST for text in leaf.values):
            return self._host_test(value, operator, leaf, negate)
        return self._tests(value, operator, leaf, negate)

    def _tests(self, value: Value, operator: Operator, leaf: Leaf, negate: bool) -> Condition:
        if leaf.list:
            return self._list_test(value, operator.positive, leaf, negate)
        if leaf.param:
            return self._param_test(value, operator.positive, leaf, negate)
        operands = self.stock.operands(leaf, operator, value.type)
        position = self.stock.policy.position(leaf.at)
        return self._bounded(Test(value, operator.positive, operands, None, negate, position))

    def _host_test(self, value: Value, operator: Operator, leaf: Leaf, negate: bool) -> Condition:
        """Return the test of a namespace against `host`, which the program looks up, and the other values."""
        if operator.positive not in {"Equal", "In"} or not value.path.rpartition(".")[0].endswith(".namespaces"):
            raise Wrong("bad-value", f"`{HOST}` can be compared with process.namespaces.NAME, by Equal or In")
        mine = self.fields.value(f"{value.path}.is_host")
        is_host = Test(mine, "Equal", (1,), None, negate, self.stock.policy.position(leaf.at))
        others = leaf.model_copy(update={"values": tuple(text for text in leaf.values if text.strip() != HOST)})
        if not others.values:
            return is_host
        return (AllOf if negate else AnyOf)((is_host, self._tests(value, operator, others, negate)))

    def _param_test(self, value: Value, operator: str, leaf: Leaf, negate: bool) -> Test:
        reference = self.stock.reference(leaf.param, operator, value.type)
        return Test(value, operator, (), reference, negate, self.stock.policy.position(leaf.at))

    def _list_test(self, value: Value, operator: str, leaf: Leaf, negate: bool) -> Test:
        position = self.stock.policy.position(leaf.at)
        try:
            reference = self.stock.shared(leaf.list, operator, value.type)
        except Missing as missing:
            for one in missing.each:
                if one.at:
                    one.used(f"list `{leaf.list}`", leaf.at)
            raise
        return Test(value, operator, (), reference, negate, position)

    def _bounded(self, test: Test) -> Condition:
        """Return the test, its operands in a map if they are many; those too long for a map stay in the program."""
        if test.operator not in FORMS or len(test.operands) <= SHORT_LISTS[test.operator]:
            return test
        listed = tuple(operand for operand in test.operands if listable(test.operator, operand))
        others = tuple(operand for operand in test.operands if not listable(test.operator, operand))
        reference = self.stock.literal(self.row, test.operator, test.value.type, listed)
        looked_up = Test(test.value, test.operator, (), reference, test.negate, test.position)
        if not others:
            return looked_up
        compared = Test(test.value, test.operator, others, None, test.negate, test.position)
        return (AllOf if test.negate else AnyOf)((looked_up, compared))


def _some(condition: Condition, elements: tuple[Value, ...], negate: bool) -> Condition:
    """Return the condition, made for the first of `elements`, for some of them; negated, for none."""
    return (AllOf if negate else AnyOf)(tuple(_asked(condition, element) for element in elements))


def _asked(condition: Condition, value: Value) -> Condition:
    if isinstance(condition, Test):
        return replace(condition, value=value)
    return type(condition)(tuple(_asked(part, value) for part in condition.parts))
