"""`policyd apply`: make what runs agree with files of policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from policyd.cli.outcomes import Shown, exit_of, print_result, show_result
from policyd.cli.output import Progress, note
from policyd.cli.quantities import Duration
from policyd.cli.request import make_request, request_options
from policyd.cli.wiring import make_engine
from policyd.errors import UsageError

if TYPE_CHECKING:
    from policyd.cli.context import Settings
    from policyd.engine import Engine, Request, Result

DRY = {"client": " (dry run)", "kernel": " (dry run: past the verifier)"}


@click.command()
@request_options
@click.option(
    "--dry-run",
    type=click.Choice(["client", "kernel"]),
    help="Change nothing. client: only compare; kernel: build every program, and pass the verifier.",
)
@click.option(
    "--try", "try_seconds", type=Duration(), metavar="DURATION", help="Take it all back, unless confirmed in time."
)
@click.option(
    "--lock-timeout", type=Duration(), metavar="DURATION", help="How long to wait for another policyd. [default: for ever]"
)
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print one JSON document.")
@click.pass_obj
def command(
    settings: Settings,
    /,
    dry_run: str | None,
    try_seconds: float | None,
    lock_timeout: float | None,
    output: str | None,
    **options: Any,
) -> None:
    """Make what runs agree with files of policies.

    Nothing is changed if a file is wrong. Every new program has passed the verifier before the first one is replaced, and
    replacing loses and repeats no event. A policy that cannot be loaded or attached is left out, its previous version goes
    on, the others are applied, and the exit code is 1. Policies that are in no file are left alone without --prune.
    What somebody else changed or removed in the kernel is put right, and a line `mended:` says what it was.

    \b
    Examples:
      policyd apply -f policies/
      policyd apply -f policies/ --dry-run=kernel
      policyd apply -f policies/ --set base --prune
      policyd apply -f deny-egress.yaml --try 60s && policyd confirm
      policyd get policy exec-audit -o yaml | sed s/monitor/enforce/ | policyd apply -f -
    """
    if dry_run and try_seconds:
        raise UsageError("--dry-run changes nothing, so there is nothing to --try")
    request, loaded = make_request(settings, "apply", options)
    shown = Shown.of(loaded.policies, DRY.get(dry_run or "", ""))
    with Progress(settings) as progress:
        engine = make_engine(settings, "apply", progress, lock_timeout)
        result = _carry_out(engine, request, dry_run, try_seconds)
    trial = result.trial
    if output == "json":
        tried = None if trial is None else {"seconds": try_seconds, "token": trial.token}
        print_result(result, shown, {"dryRun": dry_run, "trial": tried})
    else:
        show_result(settings, result, shown)
        if trial is not None:
            note(f"on trial: all of it is taken back in {trial.seconds_left:.0f} s, unless policyd confirm comes before")
    exit_of(result)


def _carry_out(engine: Engine, request: Request, dry_run: str | None, try_seconds: float | None) -> Result:
    if dry_run == "kernel":
        return engine.dry_run(request)
    if dry_run == "client":
        return _compare(engine, request)
    if try_seconds is None:
        return engine.apply(request)
    from policyd.cli.trial import waiting_process

    with waiting_process(engine):
        return engine.apply(request, try_seconds)


def _compare(engine: Engine, request: Request) -> Result:
    from policyd.engine import Outcome, Result

    plan = engine.plan(request)
    outcomes = (
        Outcome(name, change.kind, change.details, overrides=change.overrides)
        for name, change in sorted(plan.changes.items())
    )
    return Result(tuple(outcomes), plan, (), 0.0, mended=plan.mended)
