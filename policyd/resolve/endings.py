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

    from policyd.policy import Hook, Policy, Table
    from policyd.vocabulary.tables import Ending

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
    found = ((table, ending) for table in policy.tables if table.name in written for ending in _endings(table))
    rules = ((_rule(table, ending), ending.spare) for table, ending in found)
    return tuple(rule for rule, spare in rules if not spare or has(rule.hook))


def _endings(table: Table) -> Iterator[Ending]:
    """Yield where that ends which a row of the table is about; nothing where the row is about more than one thing."""
    (row, *others) = (TABLE_KEYS.get(column.type) for column in table.key)
    yield from () if row is None or others else row.endings


def _rule(table: Table, ending: Ending) -> Rule:
    at = ("spec", "tables", table.name)
    hook: Hook = _HOOKS[ending.kind](names=(ending.target,), at=at)
    tests = tuple(Leaf(field=name, operator=operator, values=(value,), at=at) for name, operator, value in ending.tests)
    write = TableWrite(kind="unset", table=table.name, key=(Given(field=ending.key, at=at),), at=at)
    name = f"{table.name.lower().replace('_', '-').strip('-')}-{'freed' if ending.spare else 'ends'}"[-63:].lstrip("-")
    return Rule(name=name, hook=hook, filters=tests, outputs=(), tables=(write,), optional=True, at=at)
