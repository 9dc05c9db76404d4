"""`policyd diff`: what apply would change, for each policy: its document, and what became of it in the kernel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from policyd.cli.document_diff import document_changes
from policyd.cli.failure import DIFFERS
from policyd.cli.outcomes import NOTHING_ACTS, Shown
from policyd.cli.output import Progress, clean, print_json
from policyd.cli.request import make_request, request_options
from policyd.cli.wiring import make_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.cli.context import Settings
    from policyd.plan import Change, Plan
    from policyd.record import PolicyRecord

MARKS = {"created": ("+", "green"), "changed": ("~", "yellow"), "removed": ("-", "red"), "left": ("!", "red")}


@click.command()
@request_options
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print one JSON document.")
@click.pass_obj
def command(settings: Settings, /, output: str | None, **options: Any) -> None:
    """Show what apply would change: exit code 0 nothing, 1 something.

    Compared is with what really runs: a link that somebody detached, a map or program that somebody replaced, is a
    difference like a changed file. Params that were set by hand are shown, and are no difference, since apply keeps them.

    \b
    Examples:
      policyd diff -f policies/
      policyd diff -f policies/ --prune --set base
      policyd diff -f policies/ > /dev/null || policyd apply -f policies/
    """
    from policyd.record import read_policies

    request, loaded = make_request(settings, "diff", options)
    with Progress(settings) as progress:
        engine = make_engine(settings, "diff", progress)
        plan = engine.plan(request)
        before = read_policies(engine.kernel)
    monitoring = Shown.of(loaded.policies).monitoring
    if output == "json":
        print_json(diff_data(plan, before))
    else:
        _show(plan, before, monitoring, frozenset(policy.name for policy in loaded.policies))
    if not plan.empty:
        raise click.exceptions.Exit(DIFFERS)


def _show(plan: Plan, before: dict[str, PolicyRecord], monitoring: frozenset[str], given: frozenset[str]) -> None:
    for name, change in sorted(plan.changes.items()):
        if change.kind in MARKS:
            mark, color = MARKS[change.kind]
            click.echo(click.style(f"{mark} policy/{clean(name)} {change.kind}", fg=color))
            for line in (*lines(plan, before, name), *change.details):
                click.echo(f"    {clean(line)}")
            if name in monitoring and change.kind != "created":
                click.echo(f"    it has actions, but {NOTHING_ACTS}")
        if name in given:
            for line in _overrides(before.get(name), change):
                click.echo(f"= policy/{clean(name)} {clean(line)}")
    rest = [step for step in plan.steps if not step.policies]
    if not any(change.kind in MARKS for change in plan.changes.values()):
        for step in rest:
            click.echo(f"~ {clean(step.describe())}")


def lines(plan: Plan, before: dict[str, PolicyRecord], name: str) -> Iterator[str]:
    """Yield what differs between the document that runs and the one that shall run."""
    if name in before and name in plan.records:
        yield from document_changes(json.loads(before[name].document), json.loads(plan.records[name].document))


def _overrides(record: PolicyRecord | None, change: Change) -> Iterator[str]:
    for param in change.overrides:
        values = ",".join(record.overrides.get(param, ())) if record else ""
        yield f"param {param} is set by hand to {values or '(empty)'}; apply keeps it without --reset-params"


def diff_data(plan: Plan, before: dict[str, PolicyRecord]) -> dict[str, Any]:
    """Return the differences as JSON."""
    return {
        "differs": not plan.empty,
        "policies": [
            {
                "policy": name,
                "change": change.kind,
                "document": list(lines(plan, before, name)),
                "details": list(change.details),
                "overrides": list(change.overrides),
            }
            for name, change in sorted(plan.changes.items())
        ],
    }
