"""`policyd rollback`: have the agent go back to an earlier revision of a source."""

from __future__ import annotations

import click

from policyd.cli.agent import open_agent, socket_option
from policyd.cli.names import complete_sources
from policyd.cli.sources import answer


@click.command()
@click.argument("source", shell_complete=complete_sources)
@click.option(
    "--to",
    "revision",
    default="",
    metavar="REVISION",
    help="Which one, as `describe source` lists it. [default: the one before]",
)
@socket_option
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print one JSON document.")
def command(source: str, revision: str, socket: str, output: str | None) -> None:
    """Have the agent go back to an earlier revision of a source, and leave the source alone from then on.

    The agent keeps the files of the last five revisions that ran, in the kernel: the source is not asked for them.
    `policyd resume` follows the source again.

    \b
    Examples:
      policyd rollback base
      policyd describe source base
      policyd rollback base --to sha256:0a1b2c3d4e5f
    """
    answer([open_agent(socket).rollback(source, revision)], output)
