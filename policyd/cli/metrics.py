"""`policyd metrics`: the metrics of policies and policyd's own, as Prometheus text, JSON, or drawn."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import click

from policyd.cli.agent import open_agent, socket_option
from policyd.cli.context import Settings, open_kernel
from policyd.cli.names import complete_policies
from policyd.cli.output import note, print_json
from policyd.cli.plotting import Drawing, draw
from policyd.cli.quantities import Duration
from policyd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.kernel.port import Kernel
    from policyd.reading.metrics import Family, SeriesValue
    from policyd.record import PolicyRecord


@click.command()
@click.argument("policies", nargs=-1, metavar="[POLICY…]", shell_complete=complete_policies)
@click.option("-o", "--output", type=click.Choice(["prometheus", "table", "json"]), default="prometheus", help="Format.")
@click.option("--plot", is_flag=True, help="Draw histograms and bars in the terminal instead.")
@click.option(
    "--over", type=Duration(), metavar="TIME", help="Watch for so long, and draw what happened: heat maps, sparklines."
)
@click.option(
    "--watch", is_flag=True, help="Draw over time again and again, until q; --over says how much of it.  [default: 60s]"
)
@click.option(
    "--top", type=click.IntRange(1), default=10, show_default=True, help="Series a metric, where it is drawn or a table."
)
@click.option("--agent", is_flag=True, help="Print what the agent exports: its own metrics too.")
@socket_option
@click.pass_obj
def command(settings: Settings, /, policies: tuple[str, ...], output: str, agent: bool, socket: str, **drawn: Any) -> None:
    """Print every metric of policies (of all, if none is named).

    Beside the metrics of policies there are policyd's own: what each policy matched, delivered and lost, and what the kernel
    counts for each hook (runs and time only while kernel.bpf_stats_enabled is on). With --agent it is what a scrape of the
    agent gives, with its sources, sinks, proofs and itself.

    \b
    Examples:
      policyd metrics
      policyd metrics syscalls --plot
      policyd metrics block-io --over 60s
      policyd metrics block-io --watch
      policyd metrics -o table
      policyd metrics --agent
      policyd metrics -o json | jq '.metrics[] | select(.name == "opens_total")'
    """
    drawing = Drawing(**drawn)
    if agent:
        if policies or drawing.wanted or output != "prometheus":
            raise UsageError("--agent prints all metrics as Prometheus text: leave out policies, what draws, and -o")
        click.echo(open_agent(socket).text("/metrics"), nl=False)
        return
    from policyd.reading.metrics import read_families

    kernel = open_kernel(settings, "metrics")
    if drawing.wanted:
        draw(settings, lambda: [one for of in _records(kernel, policies) for one in read_families(kernel, of)], drawing)
        return
    records = _records(kernel, policies)
    families = [family for record in records for family in read_families(kernel, record)]
    if output == "table":
        _print_tables(families, drawing.top)
        return
    families += _own(kernel, records, everything=not policies)
    if output == "json":
        print_json({"metrics": [_to_json(family) for family in families]})
        return
    from policyd.sinks.prometheus import exposition

    click.echo(exposition(families), nl=False)


def _print_tables(families: list[Family], top: int) -> None:
    from policyd.sinks.metrics_table import metric_tables

    if families:
        click.echo(metric_tables(families, shutil.get_terminal_size().columns, top), nl=False)
    else:
        note("no policy has metrics")


def _records(kernel: Kernel, names: tuple[str, ...]) -> list[PolicyRecord]:
    from policyd.reading import open_policy
    from policyd.record import read_policies

    if names:
        return [open_policy(kernel, name).record for name in dict.fromkeys(names)]
    return [record for _, record in sorted(read_policies(kernel).items())]


def _own(kernel: Kernel, records: Iterable[PolicyRecord], everything: bool) -> list[Family]:
    from policyd.reading.account import account_families, hook_families, read_account, read_hooks

    found = account_families({record.name: read_account(kernel, record.row) for record in records})
    return [*found, *hook_families(read_hooks(kernel))] if everything else found


def _to_json(family: Family) -> dict[str, Any]:
    series: list[dict[str, Any]] = []
    for at, (labels, value) in enumerate(family.series):
        more = {"show": family.beside, "with": family.record}
        kept = {key: texts[at] for key, texts in more.items() if texts and texts[at]}
        series.append({"labels": labels, "value": _value(value), **kept})
    keys = ("name", "policy", "type", "help", "unit", "output", "column")
    return {key: getattr(family, key) for key in keys if getattr(family, key)} | {"series": series}


def _value(value: SeriesValue) -> object:
    from policyd.reading.metrics import Histogram

    if not isinstance(value, Histogram):
        return value
    bounds = [*value.bounds, None]
    buckets = [{"le": bound, "count": count} for bound, count in zip(bounds, value.counts, strict=True)]
    return {"count": value.count, "sum": value.sum, "buckets": buckets}
