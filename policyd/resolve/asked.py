"""What a rule asks of its places beyond that they fire: a verdict, arguments.

In: a rule as written.  Out: `Asked`, by which the places of functions are chosen (`functions.py`): what can refuse a call is
not what only sees it, and not everything that sees a call end knows how it began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.expression import Blank, parse, path_of, root_of, split, walk
from policyd.policy import EventOutput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.policy import Model, Policy, Rule, Verdict
    from policyd.resolve.spans import Side


@dataclass(frozen=True, slots=True)
class Asked:
    """`verdict` is the rule's, `arguments`: it uses `args`, in a filter or an output."""

    verdict: Verdict = "none"
    arguments: bool = False

    @property
    def decides(self) -> bool:
        """Whether the rule has a verdict about the call: `deny` or `return`."""
        return self.verdict in {"deny", "return"}


def asked_by(rule: Rule, policy: Policy, side: Side | None = None) -> Asked:
    """Return what `rule` of `policy`, which is `side` of a span, asks."""
    verdict = rule.action.verdict if rule.action else "none"
    texts = [text for part in _parts(rule, policy) for text in part.expressions()]
    texts += [part.text for part in split(rule.message) if isinstance(part, Blank)]
    own = ""
    if side is not None:
        own = "start" if side.role == "start" else "end"
        texts += [given.field for given in side.written.key]
        texts += side.span.wanted if side.role == "start" else ()
    return Asked(verdict, any("args" in _words(text, own) for text in texts))


def _parts(rule: Rule, policy: Policy) -> Iterator[Model]:
    """Yield what may use a field; an implied event takes what there is."""
    yield from (*rule.let, *rule.filters, *rule.tables, *([rule.above] if rule.above else []))
    for output in rule.outputs:
        if not isinstance(output, EventOutput):
            yield output
        elif not output.implied:
            yield from (output, *policy.event_fields, policy.event_rates)


def _words(text: str, own: str) -> set[str]:
    """Return the first words of the paths in an expression, and the word that follows `own`."""
    parts = list(walk(parse(text)))
    after = (path_of(part).removeprefix(f"{own}.") for part in parts if own and root_of(part) == own)
    return {root_of(part) for part in parts} | {path.partition(".")[0].partition("[")[0] for path in after}
