"""`policyd plan`: the steps that apply would take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from policyd.cli.means import means_data, means_table
from policyd.cli.outcomes import NOTHING_ACTS, Shown
from policyd.cli.output import Progress, clean, note, print_json
from policyd.cli.request import make_request, request_options
from policyd.cli.wiring import make_engine

if TYPE_CHECKING:
    from policyd.cli.context import Settings
    from policyd.plan import Plan


@click.command()
@request_options
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print one JSON document.")
@click.pass_obj
def command(settings: Settings, /, output: str | None, **options: Any) -> None:
    """Show the steps that apply would take.

    The steps are in the order in which they are taken: everything is loaded before anything that runs is touched. Nothing is
    built and nothing is changed; apply --dry-run=kernel builds. Where a hook can be seen in several ways, or its names stand
    for many functions, a table tells which were taken.

    \b
    Examples:
      policyd plan -f policies/
      policyd plan -f policies/ --prune -o json
    """
    request, loaded = make_request(settings, "plan", options)
    with Progress(settings) as progress:
        plan = make_engine(settings, "plan", progress).plan(request)
    if output == "json":
        print_json(plan_data(plan) | {"means": means_data(loaded.policies)})
        return
    if plan.empty:
        note("nothing to do: what runs agrees with the files")
        return
    width = len(str(len(plan.steps)))
    for number, step in enumerate(plan.steps, start=1):
        click.echo(f"{number:>{width}}. {clean(step.describe())}")
    if shown := means_table(loaded.policies):
        click.echo(f"\n{shown}")
    for name in sorted(Shown.of(loaded.policies).monitoring):
        note(f"policy/{name} has actions, but {NOTHING_ACTS}")


def plan_data(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON."""
    return {
        "changes": [
            {"policy": name, "change": change.kind, "details": list(change.details), "overrides": list(change.overrides)}
            for name, change in sorted(plan.changes.items())
        ],
        "steps": [
            {
                "step": type(step).__name__,
                "description": step.describe(),
                "policies": list(step.policies),
                "attachPoint": step.point.key if step.point else None,
            }
            for step in plan.steps
        ],
    }
