"""`policyd explain`: what there is to write in a policy, and what it means on this kernel."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from policyd.cli.loading import target_and_host
from policyd.cli.output import note, print_json
from policyd.errors import NotFoundError, UsageError
from policyd.text import quote, safe

if TYPE_CHECKING:
    from policyd.cli.context import Settings
    from policyd.page import Page
    from policyd.search import Found


_LEAST = 24
"""Columns beside a command that are enough for what it is about."""


def _complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return topics for the first word, and what there is of a topic for the second."""
    from policyd.explain import LISTS, THINGS
    from policyd.search import entries

    given = ctx.params.get("words") or ()
    if ctx.params.get("searches"):
        return []
    known = (
        (*LISTS, *THINGS)
        if not given
        else (e.command[2] for e in entries() if e.command[1:2] == given and len(e.command) > 2)
    )
    return [name for name in dict.fromkeys(known) if name.startswith(incomplete)]


@click.command()
@click.argument("words", nargs=-1, metavar="TOPIC [NAME]…", shell_complete=_complete)
@click.option(
    "-s", "--search", "searches", is_flag=True, help="Find what there is by words; TOPIC and NAME are these words."
)
@click.option(
    "--host", is_flag=True, help="With --search: tracepoints and functions of this kernel too, as far as it tells."
)
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="With --search: at most so many lines.")
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print one JSON document.")
@click.pass_obj
def command(settings: Settings, words: tuple[str, ...], searches: bool, host: bool, top: int, output: str | None) -> None:
    """Tell what hooks, fields, operators, outputs, actions and tables there are.

    TOPIC is keys, hooks, fields, types, operators, outputs, actions, expressions, tables, lists or scope, or one of them
    with its NAME. Arguments and their types are those of the running kernel, or of the profile that --target names.

    With --search it finds them by words, the best first; all words count, and names beat descriptions. It needs no root.

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
      policyd explain --search source port
      policyd explain --search --host tcp retransmit
    """
    if not words:
        raise UsageError(
            "explain needs a topic: `policyd explain keys` begins with a policy, `--search WORD` finds what there is"
        )
    if searches:
        _search(settings, words, host, top, output)
        return
    from policyd.explain import explain

    page = explain(words[0], " ".join(words[1:]), target_and_host(settings)[0])
    if output == "json":
        print_json(asdict(page))
    else:
        _show(page)


def _search(settings: Settings, words: tuple[str, ...], host: bool, top: int, output: str | None) -> None:
    from policyd.search import entries, host_entries, search

    of_host = tuple(host_entries(target_and_host(settings)[0])) if host else ()
    found = search(words, (*entries(), *of_host))
    if output == "json":
        print_json({"words": list(words), "found": [_to_json(one) for one in found]})
        return
    if not found:
        more = "" if host else "; --host looks among the tracepoints and functions of this kernel too"
        raise NotFoundError(f"nothing is like {quote(' '.join(words))}: `policyd explain keys` begins with a policy{more}")
    if found[0].near:
        note(f"nothing has {quote(' '.join(words))} in it; this is alike:")
    _show_found(found[:top])
    if len(found) > top:
        note(f"… and {len(found) - top} more: another word narrows it, --top shows more")


def _to_json(found: Found) -> dict[str, object]:
    entry = found.entry
    told = {"kind": entry.kind, "name": entry.name, "summary": entry.summary}
    return {**told, "command": shlex.join(("policyd", *entry.command)), "score": found.score, "near": found.near}


def _show_found(found: list[Found]) -> None:
    """Print a line each: the command that tells more, and as much of what it is as fits."""
    from policyd.cli.prose import width

    commands = [shlex.join(("policyd", *one.entry.command)) for one in found]
    wide = max(map(len, commands))
    room = width() - wide - 2
    for command, entry in zip(commands, (one.entry for one in found), strict=True):
        told = entry.summary if entry.name in entry.command[-1] else f"{entry.name}: {entry.summary}"
        if room < _LEAST:  # on a narrow screen it stands below
            click.echo(f"{click.style(command, bold=True)}\n    {safe(told, width() - 4)}")
        else:
            click.echo(f"{click.style(command.ljust(wide), bold=True)}  {safe(told, room)}")


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
