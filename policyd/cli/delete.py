"""`policyd delete`: unload policies and free all that they hold."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from policyd.cli.kinds import POLICY, parse_names
from policyd.cli.names import complete_names
from policyd.cli.outcomes import Shown, exit_of, print_result, show_result
from policyd.cli.output import Progress, note
from policyd.cli.quantities import Duration
from policyd.cli.wiring import make_engine
from policyd.errors import LockError, UsageError

if TYPE_CHECKING:
    from policyd.cli.context import Settings
    from policyd.kernel.port import Kernel


@click.command()
@click.argument("words", nargs=-1, metavar="[policy NAME…]", shell_complete=complete_names)
@click.option("--all", "everything", is_flag=True, help="Delete every policy (of the set, with --set).")
@click.option("--set", "owner", metavar="NAME", help="With --all: only the policies of this set.")
@click.option(
    "--lock-timeout", type=Duration(), metavar="DURATION", help="How long to wait for another policyd. [default: for ever]"
)
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print one JSON document.")
@click.pass_obj
def command(
    settings: Settings,
    words: tuple[str, ...],
    everything: bool,
    owner: str | None,
    lock_timeout: float | None,
    output: str | None,
) -> None:
    """Unload policies and free all that they hold.

    Programs are detached and unloaded, maps and pins are freed; events that were not read and counts are gone. Other
    policies at the same hooks go on without a gap. An agent (policyd run) applies what its sources hold again: stop it
    first, or change the sources. With --all, what an agent that has ended left for the next one goes too, and the
    folder in bpffs if nothing else is in it.

    \b
    Examples:
      policyd delete policy exec-audit
      policyd delete policy/exec-audit policy/deny-egress
      policyd delete --all --set base
      policyd delete --all
    """
    if bool(words) == everything:
        raise UsageError("name the policies to delete (policy NAME…), or say --all")
    if owner is not None and not everything:
        raise UsageError("--set NAME goes with --all")
    names = frozenset(parse_names(words, (POLICY,))[1]) if words else None
    if names is not None and not names:
        raise UsageError("name the policies to delete; policyd get policies lists them")
    with Progress(settings) as progress:
        engine = make_engine(settings, "delete", progress, lock_timeout)
        if owner is not None:
            from policyd.record import read_policies

            names = frozenset(name for name, record in read_policies(engine.kernel).items() if record.set == owner)
        result = engine.delete(names)
        if everything and owner is None:
            _leave(engine.kernel, lock_timeout)
    shown = Shown(names or frozenset())
    if output == "json":
        print_result(result, shown, {})
    else:
        show_result(settings, result, shown)
    exit_of(result)


def _leave(kernel: Kernel, lock_timeout: float | None) -> None:
    """Remove what an agent that has ended left, and the root if it is empty then; another policyd at work keeps both."""
    from policyd.daemon.single import forget_sources

    with suppress(LockError), kernel.lock(lock_timeout):
        if forget_sources(kernel):
            kernel.remove_root()
        else:
            note("an agent runs here, and applies what its sources hold again: stop it first", "yellow")
