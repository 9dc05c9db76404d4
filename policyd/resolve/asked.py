"""What a rule asks of its places beyond that they fire: a verdict, arguments.

In: a rule as written.  Out: `Asked`, by which the places of functions are chosen (`functions.py`): what can refuse a call is
not what only sees it, and not everything that sees a call end knows how it began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.parsing.sense import leaves
from policyd.policy import EventOutput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.policy import Policy, Rule, Verdict


@dataclass(frozen=True, slots=True)
class Asked:
    """`verdict` is the rule's, `arguments`: it uses `args`, in a filter or an output."""

    verdict: Verdict = "none"
    arguments: bool = False

    @property
    def decides(self) -> bool:
        """Whether the rule has a verdict about the call: `deny` or `return`."""
        return self.verdict in {"deny", "return"}


def asked_by(rule: Rule, policy: Policy) -> Asked:
    """Return what `rule` of `policy` asks."""
    verdict = rule.action.verdict if rule.action else "none"
    return Asked(verdict, any(path == "args" or path.startswith(("args.", "args[")) for path in _paths(rule, policy)))


def _paths(rule: Rule, policy: Policy) -> Iterator[str]:
    for leaf in leaves(rule.filters):
        yield leaf.field
    for output in rule.outputs:
        if isinstance(output, EventOutput):
            if not output.implied:  # an implied event takes what there is
                yield from (column.field for column in (*output.fields, *policy.event_fields))
            for limit in (output.rates.rate_limit, policy.event_rates.rate_limit):
                yield from (column.field for column in (limit.by if limit else ()))
        else:
            yield from output.texts
    for write in rule.tables:
        yield from (given.field for given in (*write.key, *write.value))
