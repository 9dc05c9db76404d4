"""`policyd explain`: what there is to write in a policy, and what it means on this kernel."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from policyd.cli.loading import target_and_host
from policyd.cli.output import print_json

if TYPE_CHECKING:
    from policyd.cli.context import Settings
    from policyd.page import Page


def _complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from policyd.explain import LISTS, THINGS

    return [topic for topic in (*LISTS, *THINGS) if topic.startswith(incomplete)]


@click.command()
@click.argument("topic", shell_complete=_complete)
@click.argument("name", nargs=-1)
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print one JSON document.")
@click.pass_obj
def command(settings: Settings, topic: str, name: tuple[str, ...], output: str | None) -> None:
    """Tell what hooks, fields, operators, outputs, actions and tables there are.

    TOPIC is hooks, fields, types, operators, outputs, actions, tables or scope, or one of them with its NAME. Arguments and
    their types are those of the running kernel, or of the profile that --target names.

    \b
    Examples:
      policyd explain hooks
      policyd explain hook syscall:openat
      policyd explain hook tracepoint:sched/sched_switch
      policyd explain hook raw_tracepoint:sched_process_exec
      policyd explain field process.exe
      policyd explain operator InCIDR
      policyd explain expressions
      policyd explain field args.sk.flow.dst.port
      policyd explain type duration
      policyd explain type struct file
    """
    from policyd.explain import explain

    page = explain(topic, " ".join(name), target_and_host(settings)[0])
    if output == "json":
        print_json(asdict(page))
    else:
        _show(page)


def _show(page: Page) -> None:
    from policyd.cli.prose import paragraph, width, wrapped_table

    columns = width()
    click.secho(page.title, bold=True)
    for text in page.paragraphs:
        click.echo(f"\n{paragraph(text, columns)}")
    for table in page.tables:
        click.echo()
        if table.title:
            click.secho(f"{table.title}:", bold=True)
        margin = "  " if table.title else ""
        for line in wrapped_table(table.headings, table.rows, columns - len(margin)):
            click.echo(f"{margin}{line}".rstrip())
