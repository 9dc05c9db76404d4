"""By which of the kernel's means policies see what they hook: lines of `policyd plan` and `validate -o wide`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policyd.cli.output import clean, table, terminal_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.unit import Means, TypedPolicy

_SHOWN = 8
"""Targets of one attach point that a line names; JSON has them all."""


def means_table(policies: Iterable[TypedPolicy], *, every: bool = False) -> str:
    """Return a table of means, and of rules that do not apply; empty if there are none.  `every`: name all targets."""
    rows = [row for policy in policies for row in _rows(policy, every=every)]
    most = None if every else terminal_width()
    return table(("POLICY", "RULE", "HOOK", "SEEN BY", "STANDS FOR"), rows, most=most) if rows else ""


def _rows(policy: TypedPolicy, *, every: bool) -> Iterator[tuple[str, ...]]:
    alike: dict[tuple[str, ...], list[Means]] = {}
    for means in policy.means:
        alone = means.point.key if means.point.members else ""
        alike.setdefault((means.rule, means.point.kind, means.point.option, means.why, alone), []).append(means)
    for group in alike.values():
        yield policy.name, *map(clean, _row(group, every=every))
    for rule, reason in policy.not_applicable:
        yield policy.name, rule, "", "nothing here", clean(reason)


def _row(group: list[Means], *, every: bool) -> tuple[str, ...]:
    """Return a row about places of one rule that are seen alike, each by a link of its own."""
    first = group[0]
    why = f" ({first.why})" if first.why else ""
    if len(group) == 1:
        return first.rule, first.hook, first.point.key, _named(first.targets, every=every) + why
    kind = first.point.kind + (f":{first.point.option}" if first.point.option else "")
    targets = tuple(target for means in group for target in means.targets)
    hook = first.hook.partition(":")[0]
    return first.rule, f"{hook}: {len(group)} places", f"{kind}, each", _named(targets, every=every) + why


def _named(targets: tuple[str, ...], *, every: bool) -> str:
    if every or len(targets) <= _SHOWN:
        return ", ".join(targets)
    return ", ".join(targets[:_SHOWN]) + f" and {len(targets) - _SHOWN} more"


def means_data(policies: Iterable[TypedPolicy]) -> list[dict[str, Any]]:
    """Return all means as JSON."""
    return [
        {
            "policy": policy.name,
            "rule": means.rule,
            "hook": means.hook,
            "attachPoint": means.point.key,
            "targets": list(means.targets),
            "reason": means.why,
        }
        for policy in policies
        for means in policy.means
    ]
