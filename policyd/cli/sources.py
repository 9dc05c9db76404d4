"""How the agent's sources are shown: lines of `get sources`, the page of `describe source`, the answer of a command."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from policyd.cli.output import note, paint_status, print_json, say, table, terminal_width
from policyd.errors import PolicydError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.health import DriftRow, SourceStatus

HEADERS = ("NAME", "STATUS", "REVISION", "POLICIES", "APPLIED", "REASON")
WIDE = ("KIND", "WHERE", "SEEN", "SIGNER", "FAILURES", "NEXT TRY")
_LEAST_REASON = 20
_WELL = frozenset({"Applied", "Suspended"})


class SourceFailedError(PolicydError):
    """A command to the agent was carried out, and a source is not as it should be."""

    exit_code = 1


def cells(status: SourceStatus) -> tuple[object, ...]:
    """Return one line of `get sources`, the columns of `-o wide` last."""
    now = time.time()
    left_out = f", {len(status.left_out)} left out" if status.left_out else ""
    return (
        status.name,
        status.state,
        status.revision,
        f"{len(status.policies)}{left_out}",
        _ago(status.applied, now),
        _short(status.reason),
        status.kind,
        status.where,
        status.seen if status.seen != status.revision else "",
        status.signer,
        status.failures,
        f"{max(0.0, status.next_try - now):.0f}s" if status.next_try and not status.suspended else "",
    )


def fitted(lines: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Return lines of `get sources` whose reasons, the last cells, end where a terminal does."""
    rows = [line[: len(HEADERS)] for line in lines]
    if not sys.stdout.isatty():
        return rows
    others = list(zip(*(row[:-1] for row in rows), strict=True))
    used = sum(max(len(head), *(len(str(cell)) for cell in cells)) + 2 for head, cells in zip(HEADERS, others, strict=False))
    room = max(_LEAST_REASON, shutil.get_terminal_size().columns - used)
    return [(*row[:-1], _short(str(row[-1]), room)) for row in rows]


def _ago(when: float, now: float) -> str:
    from policyd.cli.get import age

    return age(now - when) if when else ""


def _short(text: str, most: int = 100) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= most else f"{line[: most - 1]}…"


def data(status: SourceStatus) -> dict[str, Any]:
    """Return the JSON of a source, as the API gives it."""
    import msgspec

    from policyd.views.agent import show

    found: dict[str, Any] = msgspec.to_builtins(show(status))
    return found


def show_source(status: SourceStatus, drift: Iterable[DriftRow]) -> None:
    """Print everything about one source."""
    rows = [
        ("Name", status.name),
        ("Status", status.state),
        ("Reason", status.reason),
        ("Kind", status.kind),
        ("Where", status.where),
        ("Revision", status.revision),
        ("Digest", status.digest),
        ("Signer", status.signer),
        ("Seen", status.seen),
        ("Applied", _date(status.applied)),
        ("Checked", _date(status.checked)),
        ("Next try", "" if status.suspended else _date(status.next_try)),
        ("Failures", str(status.failures) if status.failures else ""),
        ("Policies", ", ".join(status.policies) or "none"),
    ]
    for key, text in rows:
        if text:
            say(f"{key + ':':<14}{text}".replace("\n", f"\n{'':14}"))
    _section("Left out", [f"{name}: {why}" for name, why in sorted(status.left_out.items())])
    if status.history:
        say()
        say("History:")
        lines = [(_date(row.when), row.outcome, row.revision, row.policies, _short(row.message)) for row in status.history]
        say(table(("WHEN", "OUTCOME", "REVISION", "POLICIES", "MESSAGE"), lines, most=terminal_width()))
    mine = [row for row in drift if not row.policies or set(row.policies) & set(status.policies)]
    _section("Drift", [_drift(row) for row in mine[:10]])


def _section(title: str, lines: list[str]) -> None:
    if lines:
        say()
        say(f"{title}:")
        for line in lines:
            say("  " + line.replace("\n", "\n    "))


def _drift(row: DriftRow) -> str:
    done = f"repaired after {row.seconds:.2f} s" if row.repaired else "not repaired"
    return f"{_date(row.when)} {row.where}: {row.what}; {done}"


def _date(when: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when)) if when else ""


def answer(statuses: Iterable[SourceStatus], output: str | None) -> None:
    """Print how a command went; `SourceFailedError` (exit code 1) if a source is not as it should be."""
    statuses = tuple(statuses)
    if output == "json":
        print_json({"items": [data(status) for status in statuses]})
    elif not statuses:
        note("No sources.")
    else:
        click.echo(table(HEADERS, fitted(map(cells, statuses)), paint_status))
    bad = [status.name for status in statuses if status.state not in _WELL]
    if bad:
        raise SourceFailedError(f"not as it should be: {', '.join(bad)}; policyd describe source {bad[0]} tells more")
