"""`policyd report`: one page for a browser with everything that policies have put out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policyd.cli.agent import open_agent, socket_option
from policyd.cli.context import Settings, open_kernel
from policyd.cli.failure import plural
from policyd.cli.names import complete_policies
from policyd.cli.output import say
from policyd.cli.quantities import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from policyd.kernel.port import Kernel
    from policyd.pictures.facts import Facts
    from policyd.reading.metrics import Family
    from policyd.record import PolicyRecord

_SLICES = 120
_SHORTEST = 0.5


@click.command()
@click.argument("policies", nargs=-1, metavar="[POLICY…]", shell_complete=complete_policies)
@click.option(
    "-o", "--output", "file", type=click.Path(dir_okay=False, allow_dash=True), metavar="FILE", default="report.html",
    show_default=True, help="Where to write; - is standard output.",
)  # fmt: skip
@click.option("--over", type=Duration(), metavar="TIME", help="Watch for so long first: lines and heat maps over time.")
@click.option("--events", type=click.IntRange(0), default=20, show_default=True, metavar="N", help="Latest events a policy.")
@click.option("--stacks/--no-stacks", default=True, help="Draw flame graphs of `stacks` outputs.  [default: yes]")
@socket_option
@click.pass_obj
def command(settings: Settings, /, policies: tuple[str, ...], file: str, over: float | None, **how: Any) -> None:
    """Write one page for a browser: plots of every output of policies (of all, if none is named), and their health.

    The page is a single file: it loads nothing, runs no script, and can be sent or printed. It has histograms, counters,
    gauges, `stats`, flame graphs, the latest events, what was lost and why, and what is not as it was applied. Nothing is
    taken away: events that wait stay for their reader. It shows what policies have seen: mind whom you send it to.

    \b
    Examples:
      policyd report
      policyd report -o disk.html --over 30s block-io
      policyd report --events 0 --no-stacks -o - | gzip > report.html.gz
    """
    from policyd.pictures.report import report_page

    kernel = open_kernel(settings, "report")
    facts = _gather(settings, kernel, policies, over, **how)
    page = report_page(facts)
    if file == "-":
        sys.stdout.write(page)
        return
    Path(file).write_text(page, encoding="utf-8")
    if not settings.quiet:
        say(f"{file}: {plural(len(facts.policies), 'policy')}, {len(page) >> 10} KiB")


def _gather(
    settings: Settings, kernel: Kernel, names: tuple[str, ...], over: float | None, events: int, stacks: bool, socket: str
) -> Facts:
    from policyd.cli.plotting import gather as watch
    from policyd.pictures.facts import Means, gather, read_all
    from policyd.pictures.tracks import Reading

    _records(kernel, names)  # an unknown name is told before anybody waits

    def read() -> list[Family]:
        return read_all(kernel, _records(kernel, names))

    if over is None:
        readings = [Reading(0.0, tuple(read()))]
    else:
        readings = watch(settings, read, over, max(2, min(int(over / _SHORTEST), _SLICES)))
    means = Means(_frame_names() if stacks else None, _asking(socket))
    return gather(kernel, readings, names, events, means)


def _records(kernel: Kernel, names: tuple[str, ...]) -> list[PolicyRecord]:
    from policyd.reading import open_policy
    from policyd.record import read_policies

    if names:
        return [open_policy(kernel, name).record for name in dict.fromkeys(names)]
    return [record for _, record in sorted(read_policies(kernel).items())]


def _frame_names() -> Any:
    from policyd.processes import sees_the_host
    from policyd.symbols import Symbols

    return Symbols(live=sees_the_host())


def _asking(socket: str) -> Callable[[str, int], Sequence[Mapping[str, Any]]]:
    """Return what asks the agent for the last events of a policy."""

    def asked(policy: str, most: int) -> Sequence[Mapping[str, Any]]:
        query = [("policy", policy), ("tail", str(most)), ("follow", "false")]
        lines = [json.loads(line) for line in open_agent(socket).stream("/api/v1/events", query)]
        return [line for line in lines if "rule" in line]

    return asked
