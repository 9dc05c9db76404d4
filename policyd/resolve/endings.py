"""Rules that policyd adds to a policy with tables: a row goes when what it is about ends.

In: a policy as written.  Out: written rules, one for each table whose key is a thread, a process, a socket or a cgroup,
which drop the row where that ends.  They are resolved, planned and shown like the policy's own, and stand behind them, so
that the policy's rules at the same hook see the row once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.policy import Given, Leaf, RawTracepointHook, Rule, TableWrite, TracepointHook
from policyd.vocabulary.tables import TABLE_KEYS

if TYPE_CHECKING:
    from policyd.policy import Hook, Policy, Table
    from policyd.vocabulary.tables import Ending

_HOOKS: dict[str, type[RawTracepointHook] | type[TracepointHook]] = {
    "raw_tracepoint": RawTracepointHook,
    "tracepoint": TracepointHook,
}


def endings(policy: Policy) -> tuple[Rule, ...]:
    """Return the rules that drop rows of what has ended, of tables that some rule of `policy` sets."""
    written = {write.table for rule in policy.rules for write in rule.tables if write.kind == "set"}
    found = ((table, _ending(table)) for table in policy.tables if table.name in written)
    return tuple(_rule(table, ending) for table, ending in found if ending is not None)


def _ending(table: Table) -> Ending | None:
    """Return where that ends which a row of the table is about; None where the row is about more than one thing."""
    (row, *others) = (TABLE_KEYS.get(column.type) for column in table.key)
    return None if row is None or others else row.ending


def _rule(table: Table, ending: Ending) -> Rule:
    at = ("spec", "tables", table.name)
    hook: Hook = _HOOKS[ending.kind](names=(ending.target,), at=at)
    tests = tuple(Leaf(field=name, operator=operator, values=(value,), at=at) for name, operator, value in ending.tests)
    write = TableWrite(kind="unset", table=table.name, key=(Given(field=ending.key, at=at),), at=at)
    name = f"{table.name.lower().replace('_', '-').strip('-')}-ends"[:63]
    return Rule(name=name, hook=hook, filters=tests, outputs=(), tables=(write,), optional=True, at=at)
