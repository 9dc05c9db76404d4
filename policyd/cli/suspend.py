"""`policyd suspend`: have the agent leave a source alone."""

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
    """Have the agent leave a source alone: it is not fetched, and what runs of it stays, repaired as before.

    It stays so when the agent is started anew.

    \b
    Examples:
      policyd suspend base
      policyd resume base
    """
    answer([open_agent(socket).suspend(source)], output)
