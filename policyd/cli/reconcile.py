"""`policyd reconcile`: have the agent fetch and apply its sources now."""

from __future__ import annotations

import click

from policyd.cli.agent import open_agent, socket_option
from policyd.cli.names import complete_sources
from policyd.cli.sources import answer


@click.command()
@click.argument("source", required=False, default="", shell_complete=complete_sources)
@socket_option
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print one JSON document.")
def command(source: str, socket: str, output: str | None) -> None:
    """Have the agent fetch and apply a source now (all of them, if none is named), and wait until it has.

    Exit code 1: the agent did, and a source is not as it should be.

    \b
    Examples:
      policyd reconcile
      policyd reconcile base
    """
    answer(open_agent(socket).reconcile(source), output)
