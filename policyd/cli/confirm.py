"""`policyd confirm`: end the trial of a change that was applied with --try."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policyd.cli.outcomes import Shown, exit_of, show_result
from policyd.cli.output import Progress, say
from policyd.cli.wiring import make_engine
from policyd.errors import NotFoundError

if TYPE_CHECKING:
    from policyd.cli.context import Settings


@click.command()
@click.option("--revert", is_flag=True, help="Take the change back now, instead of keeping it.")
@click.pass_obj
def command(settings: Settings, revert: bool) -> None:
    """Keep a change that was applied with --try.

    \b
    Examples:
      policyd apply -f policies/ --try 60s && policyd confirm
      policyd confirm --revert
    """
    with Progress(settings) as progress:
        engine = make_engine(settings, "confirm", progress)
        if not revert:
            engine.confirm()
            say("confirmed: the change stays")
            return
        result = engine.revert()
    if result is None:
        raise NotFoundError("no change is on trial; if its time was over, it has been reverted")
    show_result(settings, result, Shown(frozenset()))
    exit_of(result)
