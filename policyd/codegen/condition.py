"""Conditions: one C function a test, and one expression a rule over them.

Each test answers for a value that was read, one that is absent (a positive test is false, a negated one true), and one that
could not be read: then it returns what its caller asks for, so that a rule can be asked twice, "could it match?" and "does
it for sure?".  The two answers differ exactly when the rule is undecided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.compare import compare, equal_address, order_with
from policyd.codegen.ctext import CText
from policyd.condition import AllOf, ListRef, ScalarRef, Test, leaves
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.codegen.automata import Automata
    from policyd.codegen.operand import Operand, ValueTable
    from policyd.condition import Condition
    from policyd.unit import BoundUnit

_COST_OF_SEARCH = 64


@dataclass(frozen=True, slots=True)
class TestView:
    """What `test.c` may print of a test."""

    __test__ = False  # not a test of pytest's

    index: CText
    comment: CText
    line: CText | None
    file: CText | None
    needs: tuple[CText, ...]
    lates: tuple[CText, ...]
    searches: tuple[CText, ...]
    state: CText
    can_be_unread: bool
    can_be_absent: bool
    when_absent: CText
    when_empty: CText
    result: CText
    expression: CText = CText("")
    scalar_row: CText = CText("")
    is_list: bool = False
    is_scalar: bool = False


class Tests:
    """The tests of a unit, numbered in the order in which rules ask for them; equal tests of equal policies are one."""

    __test__ = False

    def __init__(self, bound: BoundUnit, values: ValueTable, automata: Automata) -> None:
        self._bound, self._values, self._automata = bound, values, automata
        self.views: list[TestView] = []
        self._seen: dict[tuple[str, Test], int] = {}

    def condition(self, policy: str, condition: Condition, unread: int) -> CText:
        """Return a rule's expression, cheapest tests of each conjunction first; undecided tests count as `unread`."""
        if isinstance(condition, Test):
            return c.call(f"test_{self._number(policy, condition)}", c.ident("r"), c.uint(unread))
        combine = c.all_of if isinstance(condition, AllOf) else c.any_of
        parts = sorted(condition.parts, key=_cost)
        return combine(self.condition(policy, part, unread) for part in parts)

    def searches(self, policy: str, condition: Condition) -> tuple[CText, ...]:
        """Return the searches that a rule's tests are of, each after the value that it is in."""
        views = (self.views[self._number(policy, test)] for test in leaves(condition))
        return tuple(dict.fromkeys(search for view in views for search in (*view.lates, *view.searches)))

    def _number(self, policy: str, test: Test) -> int:
        key = (policy if test.ref else "", test)
        if key not in self._seen:
            self._seen[key] = len(self.views)
            self.views.append(self._view(self._seen[key], policy, test))
        return self._seen[key]

    def _view(self, index: int, policy: str, test: Test) -> TestView:
        operand = self._values[test.value]
        where = test.position
        expression = CText("")
        scalar_row = CText("")
        searches: tuple[CText, ...] = ()
        when_empty = c.uint(1 if test.ref and test.ref.optional else int(test.negate))
        if isinstance(test.ref, ListRef):
            expression = _list_search(self._bound, policy, test, operand)
            positive = c.ident("found")
        elif isinstance(test.ref, ScalarRef):
            scalar_row = c.uint(self._bound.rows.scalars[policy, test.ref.name])
            positive = _scalar(operand, test.operator)
        elif test.operator in {"Contains", "Glob"}:
            positive, searches = self._automata.found(test, operand)
        else:
            positive = compare(operand, test.operator, test.operands)
        return TestView(
            index=c.uint(index),
            comment=c.comment(f"{test.value.path} {'not ' if test.negate else ''}{test.operator}"),
            line=c.uint(where.line) if where else None,
            file=c.string(where.file) if where else None,
            needs=operand.needs,
            lates=tuple(dear.late for dear in operand.dears),
            searches=searches,
            state=operand.state,
            can_be_unread=operand.can_be_unread,
            can_be_absent=operand.uncertain,
            when_absent=c.uint(int(test.negate)),
            when_empty=when_empty,
            result=c.no(positive) if test.negate else positive,
            expression=expression,
            scalar_row=scalar_row,
            is_list=isinstance(test.ref, ListRef),
            is_scalar=isinstance(test.ref, ScalarRef),
        )


def _cost(condition: Condition) -> int:
    if not isinstance(condition, Test):
        return max((_cost(part) for part in condition.parts), default=0) + 1
    if condition.operator in {"Contains", "Glob"}:
        return condition.value.cost + _COST_OF_SEARCH
    return condition.value.cost + (4 if condition.ref else 0)


def _scalar(operand: Operand, operator: str) -> CText:
    if operand.shape is Shape.ADDRESS:
        return equal_address(operand, CText("scalar->high"), CText("scalar->low"))
    return order_with(operand, operator, CText("scalar->low"))


def _list_search(bound: BoundUnit, policy: str, test: Test, operand: Operand) -> CText:
    """Return the call that looks the value up in the list's map."""
    assert isinstance(test.ref, ListRef)
    spec = bound.maps[policy, test.ref.map_name]
    head = (
        c.call("MAP", c.ident(spec.map_class.name)),
        c.uint(bound.rows.maps[policy, test.ref.map_name]),
    )
    prefix_key = CText("(struct pd_prefix_key *) r->s->key")
    by_operator: dict[str, Callable[[], CText]] = {
        "Below": lambda: c.call("pd_below", c.ident("r"), *head),
        "InCIDR": lambda: c.call("pd_in_cidrs", *head, CText(f"&{operand.value}")),
        "Prefix": lambda: c.call("pd_in_prefixes", *head, prefix_key, operand.value, operand.length),
        "Under": lambda: c.call("pd_in_folders", *head, prefix_key, operand.value, operand.length),
        "Suffix": lambda: c.call(
            "pd_in_suffixes", *head, prefix_key, operand.value, operand.length, c.uint(operand.capacity - 1)
        ),
    }
    if test.operator in by_operator:
        return by_operator[test.operator]()
    if operand.shape is Shape.STRING:
        key = CText("(char *) r->s->key")
        return c.call("pd_in_strings", *head, key, c.uint(spec.map_class.key_size), operand.value, operand.length)
    if operand.shape is Shape.NUMBER:
        return c.call("pd_in_numbers", *head, operand.value)
    return c.call("pd_in_list", *head, CText(f"&{operand.value}"))
