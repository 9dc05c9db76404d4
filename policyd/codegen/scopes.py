"""Scopes: whom rules are about, asked once an event before any of them; and the trees of processes that scopes hold.

In: the rules of a unit, with their scopes.  Out: what `scope.c`, `shard.c`, `rule.c`, `internal/trees.c` and
`internal/cgroup_mkdir.c` print.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.ctext import CText
from policyd.condition import leaves
from policyd.trees import Followed, Tree
from policyd.value import every_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.codegen.condition import Tests
    from policyd.condition import Test
    from policyd.unit import BoundUnit, TypedRule, TypedScope
    from policyd.value import Value

BELOW = "Below"
"""The operator that scopes ask of cgroups: whether it is one of a list's, or below one of them."""


@dataclass(frozen=True, slots=True)
class ScopeView:
    """What `scope.c` may print of a scope."""

    index: CText
    comment: CText
    condition: CText


@dataclass(frozen=True, slots=True)
class TreeView:
    """What `internal/trees.c` may print of a tree of processes: its map, and that of the programs that it comes from."""

    processes: CText
    binaries: CText | None
    policy_row: CText
    follow: bool


@dataclass(frozen=True, slots=True)
class FollowedView:
    """What `internal/cgroup_mkdir.c` may print of a scope's cgroups: their list, and that of the paths that come in."""

    cgroups: CText
    paths: CText
    policy_row: CText


class Scopes:
    """The scopes of a unit's rules, numbered; equal ones of a policy are one."""

    def __init__(self, rules: tuple[TypedRule, ...], tests: Tests) -> None:
        self._rules = rules
        numbers: dict[tuple[str, TypedScope], int] = {}
        for rule in rules:
            for scope in rule.scopes:
                numbers.setdefault((rule.policy, scope), len(numbers))
        self._numbers = numbers
        self.views = tuple(
            ScopeView(
                c.uint(number), c.comment(f"whom {policy} is about"), tests.condition(policy, one.condition, one.unresolved)
            )
            for (policy, one), number in numbers.items()
        )

    def holds(self, rule: TypedRule) -> CText:
        """Return the expression that tells whether a rule is about this event; empty if it is about every one."""
        numbers = dict.fromkeys(self._numbers[rule.policy, scope] for scope in rule.scopes)
        return c.all_of(CText(f"r->s->scopes[{c.uint(number)}]") for number in numbers) if numbers else CText("")

    def asked(self, run: slice) -> tuple[CText, ...]:
        """Return the numbers of the scopes that some of these rules have."""
        found = {self._numbers[rule.policy, scope] for rule in self._rules[run] for scope in rule.scopes}
        return tuple(map(c.uint, sorted(found)))

    def some(self, run: slice) -> CText:
        """Return the expression that tells whether some rule is about this event; empty if one is about every event."""
        rules = self._rules[run]
        if not rules or not all(rule.scopes for rule in rules):
            return CText("")
        return c.any_of(dict.fromkeys(map(self.holds, rules)))


def asks_cgroups(rules: Iterable[TypedRule]) -> bool:
    """Tell whether some scope asks where in the tree of cgroups something is."""
    return any(test.operator == BELOW for test in _tests(rules))


def scope_values(rules: Iterable[TypedRule]) -> Iterator[Value]:
    """Yield what scopes ask for, before anything else is fetched."""
    return every_value(test.value for test in _tests(rules))


def _tests(rules: Iterable[TypedRule]) -> Iterator[Test]:
    return (test for rule in rules for scope in rule.scopes for test in leaves(scope.condition))


def tree_views(bound: BoundUnit) -> tuple[TreeView, ...]:
    """Return the trees whose maps a unit keeps."""
    return tuple(
        TreeView(
            processes=_map(bound, tree.policy, tree.map_name),
            binaries=_map(bound, tree.policy, tree.binaries) if tree.binaries else None,
            policy_row=c.uint(bound.rows.policies[tree.policy]),
            follow=tree.follow,
        )
        for tree in bound.unit.keeps
        if isinstance(tree, Tree)
    )


def followed_views(bound: BoundUnit) -> tuple[FollowedView, ...]:
    """Return the lists of cgroups that a unit keeps."""
    return tuple(
        FollowedView(
            cgroups=_map(bound, one.policy, one.map_name),
            paths=_map(bound, one.policy, one.paths),
            policy_row=c.uint(bound.rows.policies[one.policy]),
        )
        for one in bound.unit.keeps
        if isinstance(one, Followed)
    )


def _map(bound: BoundUnit, policy: str, name: str) -> CText:
    """Return a map of a policy as arguments: its class's outer array, and its row."""
    return CText(f"MAP({c.ident(bound.maps[policy, name].map_class.name)}), {c.uint(bound.rows.maps[policy, name])}")
