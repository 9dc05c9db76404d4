"""What became of each policy: a line each and a summary, or JSON; shared by `apply`, `delete` and `params`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from policyd.cli.failure import DIFFERS, count_problems, show_problems
from policyd.cli.output import clean, few, note, print_json, warn
from policyd.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.cli.context import Settings
    from policyd.cli.loading import Loaded
    from policyd.engine import Outcome, Result
    from policyd.engine.outcome import OutcomeKind
    from policyd.plan import Mend
    from policyd.unit import TypedPolicy

COLORS = {"created": "green", "changed": "yellow", "removed": "red", "failed": "red", "left": "red"}
WORDS = {"failed": "left out", "left": "left as it runs"}
NOTHING_ACTS = "its mode is monitor: nothing acts"


@dataclass(frozen=True, slots=True)
class Shown:
    """How a result is shown: `names` are those asked about (others only if something became of them)."""

    names: frozenset[str]
    monitoring: frozenset[str] = frozenset()
    suffix: str = ""
    overrides: bool = True  # whether to say which params are set by hand

    @classmethod
    def of(cls, policies: Iterable[TypedPolicy], suffix: str = "") -> Shown:
        """Return how to show what became of `policies`."""
        policies = tuple(policies)
        names = frozenset(policy.name for policy in policies)
        return cls(names, frozenset(p.name for p in policies if p.acts and not p.enforce), suffix)

    def chosen(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Return the outcomes to show."""
        return [one for one in outcomes if one.policy in self.names or one.kind != "unchanged"]


def show_warnings(settings: Settings, loaded: Loaded) -> None:
    """Say that files have warnings; under --verbose, say which."""
    if settings.verbose:
        show_problems(loaded.warnings)
    elif loaded.warnings and not settings.quiet:
        note(f"{count_problems(loaded.warnings)}: policyd validate shows them", "yellow")


def show_result(settings: Settings, result: Result, shown: Shown) -> None:
    """Print a line a policy, then warnings and the summary."""
    outcomes = shown.chosen(result.outcomes)
    for outcome in outcomes:
        _show_outcome(settings, outcome, shown)
    for line in mended_lines(result.mended):
        click.echo(f"{click.style('mended', fg='yellow')}{shown.suffix}: {clean(line)}")
    for warning in result.warnings:
        warn(warning)
    if not settings.quiet:
        note(f"{summary(outcomes)}{shown.suffix} ({result.seconds:.2f} s)")


def _show_outcome(settings: Settings, outcome: Outcome, shown: Shown) -> None:
    word = click.style(WORDS.get(outcome.kind, outcome.kind), fg=COLORS.get(outcome.kind))
    said = [f"policy/{clean(outcome.policy)} {word}" + ("" if outcome.error else shown.suffix)]
    if outcome.error is not None:
        said.append(f": {clean(outcome.error)}")
    elif outcome.kind == "left" and outcome.details:
        said.append(f": {clean(outcome.details[0])}")
    if outcome.previous_runs:
        said.append(" (its previous version goes on)")
    if outcome.policy in shown.monitoring and outcome.error is None:
        said.append(f" ({NOTHING_ACTS})")
    click.echo("".join(said))
    if isinstance(outcome.error, BuildError) and outcome.error.log:
        note(outcome.error.log.rstrip() if settings.verbose else "    --verbose shows the whole log")
    for param in outcome.overrides if shown.overrides and outcome.policy in shown.names else ():
        click.echo(f"    param {clean(param)} is set by hand; --reset-params goes back to the file")


def mended_lines(mended: Iterable[Mend]) -> tuple[str, ...]:
    """Return one line for all that had the same wrong with it: `xdp:eth0, xdp:eth1 (its link is not pinned any more)`."""
    things: dict[str, list[str]] = {}
    for mend in mended:
        things.setdefault(mend.reason, []).append(mend.what)
    return tuple(f"{few(found, separator=', ')} ({reason})" for reason, found in things.items())


def summary(outcomes: Iterable[Outcome]) -> str:
    """Return `2 created, 1 left out`."""
    counts = Counter(outcome.kind for outcome in outcomes)
    order: tuple[OutcomeKind, ...] = ("created", "changed", "removed", "unchanged", "left", "failed")
    return ", ".join(f"{counts[kind]} {WORDS.get(kind, kind)}" for kind in order if counts[kind]) or "nothing to do"


def print_result(result: Result, shown: Shown, extra: dict[str, Any]) -> None:
    """Print the result as JSON."""
    print_json(
        {
            "outcomes": [outcome_data(outcome) for outcome in shown.chosen(result.outcomes)],
            "mended": [{"what": mend.what, "reason": mend.reason} for mend in result.mended],
            "warnings": list(result.warnings),
            "seconds": round(result.seconds, 3),
            **extra,
        }
    )


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON; `error` is null, or {kind, message, exitCode, log}."""
    error = outcome.error
    return {
        "policy": outcome.policy,
        "outcome": outcome.kind,
        "details": list(outcome.details),
        "warnings": list(outcome.warnings),
        "overrides": list(outcome.overrides),
        "previousRuns": outcome.previous_runs,
        "error": None
        if error is None
        else {
            "kind": type(error).__name__,
            "message": str(error),
            "exitCode": error.exit_code,
            "log": getattr(error, "log", ""),
        },
    }


def exit_of(result: Result) -> None:
    """End with the exit code for a change that was made but for some policies."""
    if result.failed:
        raise click.exceptions.Exit(DIFFERS)


__all__ = ["NOTHING_ACTS", "Shown", "exit_of", "print_result", "show_problems", "show_result", "show_warnings", "summary"]
