"""Rules that policyd adds to a policy with tables: a row goes when what it is about ends.

In: a policy as written.  Out: written rules, one for each table whose key is a thread, a process, a socket or a cgroup,
which drop the row where that ends.  They are resolved, planned and shown like the policy's own, and stand behind them, so
that the policy's rules at the same hook see the row once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.policy import FunctionHook, Given, Leaf, RawTracepointHook, Rule, TableWrite, TracepointHook
from policyd.vocabulary.tables import TABLE_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policyd.errors import Path
    from policyd.policy import Hook, Policy, Table
    from policyd.vocabulary.tables import Ending, TableKey

_HOOKS: dict[str, type[RawTracepointHook] | type[TracepointHook] | type[FunctionHook]] = {
    "raw_tracepoint": RawTracepointHook,
    "tracepoint": TracepointHook,
    "function": FunctionHook,
}


def endings(policy: Policy, has: Callable[[Hook], bool]) -> tuple[Rule, ...]:
    """Return the rules that drop rows of what has ended, of tables that some rule of `policy` sets.

    `has` tells whether a hook is to be had, for those that are done without where it is not.
    """
    written = {write.table for rule in policy.rules for write in rule.tables if write.kind == "set"}
    tables = ((table, _thing(table)) for table in policy.tables if table.name in written)
    found = (_of_table(table.name, row, has) for table, row in tables if row)
    return tuple(rule for rules in found for rule in rules)


def _thing(table: Table) -> TableKey | None:
    """Return what a row of the table is about; none where it is about more than one thing."""
    (row, *others) = (TABLE_KEYS.get(column.type) for column in table.key)
    return None if others else row


def _of_table(table: str, row: TableKey, has: Callable[[Hook], bool]) -> Iterator[Rule]:
    return ending_rules(table, row, ("spec", "tables", table), has, table.lower().replace("_", "-").strip("-"))


def ending_rules(table: str, row: TableKey, at: Path, has: Callable[[Hook], bool], prefix: str) -> Iterator[Rule]:
    """Yield the rules that drop rows of `table`, each about one thing of the kind `row`, where that ends.

    Their names begin with `prefix`.
    """
    for ending in row.endings:
        hook: Hook = _HOOKS[ending.kind](names=(ending.target,), at=at)
        if not ending.spare or has(hook):
            name = f"{prefix}-{'freed' if ending.spare else 'ends'}"[-63:].lstrip("-")
            yield _rule(name, table, ending, hook)


def _rule(name: str, table: str, ending: Ending, hook: Hook) -> Rule:
    at = hook.at
    tests = tuple(Leaf(field=name, operator=operator, values=(value,), at=at) for name, operator, value in ending.tests)
    key = (Given(field=ending.key, at=at),)
    write = TableWrite.model_construct(kind="unset", table=table, key=key, value=(), if_absent=False, at=at)
    return Rule(name=name, hook=hook, filters=tests, outputs=(), tables=(write,), optional=True, at=at)
