"""`policyd render`: the C that would run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policyd.cli.loading import load_or_fail, target_and_host
from policyd.cli.outcomes import show_warnings
from policyd.errors import NotFoundError
from policyd.text import did_you_mean, quote

if TYPE_CHECKING:
    from policyd.cli.context import Settings
    from policyd.unit import BoundUnit, TypedPolicy


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH…", type=click.Path())
@click.option("--hook", metavar="HOOK", help="Only the program of this attach point, as `tracepoint:sched/sched_switch`.")
@click.option("--list", "only_list", is_flag=True, help="Only list the attach points.")
@click.pass_obj
def command(settings: Settings, paths: tuple[str, ...], hook: str | None, only_list: bool) -> None:
    """Show the C that would run for the policies of a file.

    There is one program for each attach point, with the rules of all policies there; `#line` names the place in the
    file that a condition comes from. Needs no root. Row numbers are those of an empty host: where policies run
    already they may differ.

    \b
    Examples:
      policyd render policies/processes/exec-audit.yaml
      policyd render policies/ --list
      policyd render policies/ --hook xdp:lo
      policyd render --target debian12.profile policies/processes/exec-audit.yaml
    """
    from policyd.codegen import render

    loaded = load_or_fail(settings, paths)
    show_warnings(settings, loaded)
    units = {bound.unit.attach_point.key: bound for bound in bound_units(loaded.policies)}
    if only_list:
        click.echo("\n".join(units))
        return
    if hook is not None and hook not in units:
        hint = did_you_mean(hook, units) or f"there are {', '.join(sorted(units)) or 'none'}"
        raise NotFoundError(f"these policies have no attach point {quote(hook)}; {hint}")
    target, _ = target_and_host(settings)
    for key, bound in units.items():
        if hook in (None, key):
            click.echo(render(bound, target).text)


def bound_units(policies: tuple[TypedPolicy, ...]) -> tuple[BoundUnit, ...]:
    """Return the units of these policies with the rows that they would get on an empty host."""
    from policyd.observe import Observed
    from policyd.plan import plan
    from policyd.record import Wanted

    return tuple(plan({policy.name: Wanted(policy) for policy in policies}, Observed()).bound.values())
