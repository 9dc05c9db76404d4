"""From a Policy and a Target to a TypedPolicy: every hook placed, every field, operand, output and action typed.

`resolve` is a function of its arguments: the policy as parsed, the target that code is made for, and what the host is like
(interfaces, cgroup v2).  `engine`, `render`, `validate` and `diff` call it.  All problems of a policy are found in one pass,
each with its place in the file; the modules beside this one are a noun each:

hooks, traces, packets   a rule's hook as places (attach points)        arguments, fields   paths as values at a place
conditions, operands     filters as tests                               params, lists       the maps that tests look into
columns, metrics, buckets, actions                                      outputs and actions
tables, table_values, endings                                           tables, and rules that policyd adds for them
spans, span_keys, span_rows, starts      spans as rules, and what is kept between their ends
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.condition import ListRef, ScalarRef, Test
from policyd.effect import output_maps
from policyd.errors import PolicyError, Problem
from policyd.host import Host
from policyd.resolve.asked import Asked, asked_by
from policyd.resolve.coverage import warn_of_callers
from policyd.resolve.endings import endings
from policyd.resolve.hooks import locate
from policyd.resolve.metrics import Metrics
from policyd.resolve.operands import Reading
from policyd.resolve.params import Stock
from policyd.resolve.perf import shared_evictions
from policyd.resolve.problems import Problems, Wrong
from policyd.resolve.rates import Holding
from policyd.resolve.rules import Rules
from policyd.resolve.scope import Scopes
from policyd.resolve.span_rows import settle_spans
from policyd.resolve.spans import Task, tasks_of
from policyd.resolve.tables import Tables
from policyd.unit import TypedPolicy, rate_scalars, rule_tests

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.maps import MapSpec, ScalarParam
    from policyd.policy import Hook, Policy
    from policyd.target import Target

__all__ = ["Host", "Resolved", "resolve"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A typed policy, and what its author should know though it is no error."""

    policy: TypedPolicy
    warnings: tuple[Problem, ...] = ()


def resolve(policy: Policy, target: Target, host: Host) -> Resolved:
    """Return `policy` as `target` and `host` understand it; `PolicyError` with every problem otherwise."""
    problems, reading = Problems(policy), Reading(target.arch)
    tasks = _tasks(policy, target, host)
    located = [locate(task.hook, target, host, asked_by(task.rule, policy, task.side)) for task in tasks]
    members = list(zip(tasks, located, strict=True))
    rules = Rules(
        policy=policy,
        target=target,
        host=host,
        stock=Stock(policy, reading),
        metrics=Metrics(policy.name, reading),
        holding=Holding(policy.name),
        tables=Tables(policy, problems),
        scopes=Scopes(policy, host, problems),
        problems=problems,
        names=_numbered(name for one in located for place in one.every if place.name_value is None for name in place.names),
        hooks=_numbered(place.spelled for one in located for place in one.every),
    )
    settle_spans(members, rules)
    for task, one in members:
        if task.is_settled:
            rules.add(task, one)
    maps = _maps(rules)
    for row, wrong in shared_evictions(rules.typed, maps):
        problems.error(next(task.hook.at for task in tasks if task.row == row), wrong)
    if problems.errors:
        raise PolicyError(problems.found)
    rules.tables.warn()
    warn_of_callers(((task.rule, one) for task, one in members), target, problems)
    return Resolved(_typed(policy, rules, maps), problems.warnings)


def _tasks(policy: Policy, target: Target, host: Host) -> tuple[Task, ...]:
    def has(hook: Hook) -> bool:
        return _is_had(hook, target, host)

    return tasks_of(policy, has, endings(policy, has))


def _is_had(hook: Hook, target: Target, host: Host) -> bool:
    """Whether a hook on functions is known to work here: trying has found a means, and the function is there."""
    tried = any(target.features.get(means) for means in ("fentry", "kprobe"))
    return tried and bool(locate(hook, target, host, Asked(arguments=True)).places)


def _typed(policy: Policy, rules: Rules, maps: tuple[MapSpec, ...]) -> TypedPolicy:
    return TypedPolicy(
        name=policy.name,
        rules=tuple(rules.typed),
        maps=maps,
        scalars=_scalars(rules),
        ring_bytes=policy.ring_bytes,
        enforce=policy.mode == "enforce",
        suspend=policy.suspend,
        severity=policy.severity,
        document=policy.document,
        hooks=tuple(rules.hooks),
        source=policy.source,
        list_sources=_list_sources(policy),
        needs_process_table=rules.needs_process_table,
        not_applicable=tuple(rules.not_applicable),
        means=tuple(rules.means),
        trees=rules.scopes.used(spec.name for spec in maps),
        follows=rules.scopes.follows(spec.name for spec in maps),
    )


def _list_sources(policy: Policy) -> tuple[tuple[str, str], ...]:
    copied = policy.inlined
    owners = {owner for pairs in (copied.lists, copied.filters, copied.fields) for _, owner in pairs}
    return tuple(sorted((dict.fromkeys(owners, "") | dict(policy.list_sources)).items()))


def _maps(rules: Rules) -> tuple[MapSpec, ...]:
    """Return the maps that rules use, by name; a metric, a table and a list of one name are an error."""
    for name in sorted(rules.metrics.maps.keys() & rules.stock.maps.keys()):
        message = f"`{name}` is the name of a metric and of a list parameter"
        rules.problems.error(("spec", "params"), Wrong("name-taken", message, "rename one of them"))
    tables = rules.tables.used()
    for name in sorted(tables.keys() & (rules.metrics.maps.keys() | rules.stock.maps.keys())):
        message = f"`{name}` is the name of a table, and of a metric or a list parameter"
        rules.problems.error(("spec", "tables", name), Wrong("name-taken", message, "rename one of them"))
    every = rules.metrics.maps | rules.stock.maps | rules.holding.maps | rules.scopes.maps | tables
    used = {name for rule in rules.typed for output in rule.outputs for name in output_maps(output)}
    used |= {rule.above.name for rule in rules.typed if rule.above}
    used |= {test.ref.map_name for test in _tests(rules) if isinstance(test.ref, ListRef)} | tables.keys()
    used |= rules.scopes.beside(used)
    return tuple(every[name] for name in sorted(used))


def _scalars(rules: Rules) -> tuple[ScalarParam, ...]:
    used = {test.ref.name for test in _tests(rules) if isinstance(test.ref, ScalarRef)}
    used |= {name for rule in rules.typed for name in rate_scalars(rule)}
    every = rules.stock.scalars | rules.holding.scalars
    return tuple(every[name] for name in sorted(used))


def _tests(rules: Rules) -> Iterator[Test]:
    return (test for rule in rules.typed for test in rule_tests(rule))


def _numbered(words: Iterable[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(dict.fromkeys(words))}
