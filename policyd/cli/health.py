"""`policyd health`: the probe of an agent for service managers and Kubernetes, by its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policyd.cli.agent import open_agent, socket_option

if TYPE_CHECKING:
    from policyd.cli.context import Settings


@click.command()
@click.option("--ready", is_flag=True, help="Ask whether every source has been applied once, not only whether it lives.")
@socket_option
@click.pass_context
def command(ctx: click.Context, ready: bool, socket: str) -> None:
    """Tell whether the agent is healthy, by the exit code: 0 yes, 1 no, 4 there is none.

    Healthy: each of its loops has turned lately. Ready: every source has been applied once, so that what runs is what was
    asked for. A source that is refused later leaves the agent ready: the last good policies run on.

    \b
    Examples:
      policyd health
      policyd health --ready
    """
    settings: Settings = ctx.obj
    status = open_agent(socket).status()
    holds = status.ready if ready else status.healthy
    if not settings.quiet:
        word = "ready" if ready else "healthy"
        click.echo(word if holds else f"not {word}" + "".join(f"\n  {reason}" for reason in status.reasons))
    ctx.exit(0 if holds else 1)
