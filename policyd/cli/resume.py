"""`policyd resume`: have the agent follow a source again."""

from __future__ import annotations

import click

from policyd.cli.agent import open_agent, socket_option
from policyd.cli.names import complete_sources
from policyd.cli.sources import answer


@click.command()
@click.argument("source", shell_complete=complete_sources)
@socket_option
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print one JSON document.")
def command(source: str, socket: str, output: str | None) -> None:
    """Have the agent follow a source again, after `suspend` or `rollback`, and wait until it has been applied.

    \b
    Examples:
      policyd resume base
    """
    agent = open_agent(socket)
    agent.resume(source)
    answer(agent.reconcile(source), output)
