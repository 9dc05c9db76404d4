"""`policyd init`: a first policy for somebody who has never written one, asked for on a terminal or told by options."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policyd.cli.loading import target_and_host
from policyd.cli.output import note, say
from policyd.errors import PolicydError, ProblemsError, UsageError
from policyd.text import did_you_mean, one_of, quote, safe

if TYPE_CHECKING:
    from policyd.cli.context import Settings
    from policyd.errors import Problem
    from policyd.starters import Starter

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be written, and where, as options tell it; None (no names) is not told."""

    kind: str | None
    names: tuple[str, ...]
    interface: str | None
    file: str | None
    policy: str | None


def _complete_kinds(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[click.shell_completion.CompletionItem]:
    from policyd.starters import STARTERS

    item = click.shell_completion.CompletionItem
    return [item(one.kind, help=one.sees) for one in STARTERS.values() if one.kind.startswith(incomplete)]


def _complete_interfaces(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in _interfaces() if name.startswith(incomplete)]


def _interfaces() -> list[str]:
    import socket

    return [name for _, name in socket.if_nameindex()]


@click.command()
@click.option("--kind", metavar="KIND", shell_complete=_complete_kinds, help="What to see; --list tells what there is.")
@click.option(
    "--name",
    "names",
    metavar="NAME",
    multiple=True,
    help="A folder, program, network, system call… to look for; may be repeated.",
)
@click.option(
    "--interface", metavar="NAME", shell_complete=_complete_interfaces, help="Interface, for kind packets.  [default: lo]"
)
@click.option("--policy", metavar="NAME", help="Name of the policy.  [default: that of the file]")
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(allow_dash=True),
    help="Where to write; - prints it.  [default: KIND.yaml]",
)
@click.option("--yes", is_flag=True, help="Ask nothing: what is not told is as proposed.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--list", "lists", is_flag=True, help="List the kinds, and ask nothing.")
@click.pass_obj
def command(settings: Settings, /, yes: bool, force: bool, lists: bool, **told: Any) -> None:
    """Write a first policy: it asks what to see, which names, and where to write.

    The policy is checked before it is written, as `validate` does, against the running kernel or the profile that --target
    names. Its comments tell what the lines mean, and what else could stand there. It needs no root, and runs nothing.

    \b
    Examples:
      policyd init
      policyd init --kind files --name /etc --name /boot -o etc.yaml
      policyd init --kind syscalls --name fsync --yes
      policyd init --kind connections --yes -o - | policyd validate -
    """
    if lists:
        _show_kinds()
        return
    wish = Wish(**told)
    asks = not yes and sys.stdin.isatty()
    if wish.kind is None and not asks:
        raise UsageError("nobody can be asked what to see: name it with --kind (`policyd init --list` tells what there is)")
    _begin(settings, wish, asks, force)


def _show_kinds() -> None:
    from policyd.cli.prose import width, wrapped_table
    from policyd.starters import STARTERS

    rows = [(one.kind, one.sees, one.asks) for one in STARTERS.values()]
    click.echo("\n".join(wrapped_table(("kind", "what it shows", "names are"), rows, width())))


def _begin(settings: Settings, wish: Wish, asks: bool, force: bool) -> None:
    """Ask for what is not told, write the policy, and tell what to do with it."""
    starter = _starter(wish.kind or _ask_kind())
    wish = replace(wish, interface=_interface(starter, wish, asks))
    names = _names(starter, wish, asks)
    file = wish.file or (_ask_file(f"{starter.kind}.yaml", force) if asks else f"{starter.kind}.yaml")
    path = None if file == "-" else _place(file, starter, force)
    policy = _policy_name(wish.policy, path, starter)
    text = _checked(settings, starter, policy, names, wish, asks)
    if path is None:
        click.echo(text, nl=False)
        return
    _write(path, text, force)
    if not settings.quiet:
        _next(starter, policy, path)


# ------------------------------------------------------------------------------------------------ what is asked


def _starter(kind: str) -> Starter:
    from policyd.starters import STARTERS

    found = STARTERS.get(kind)
    if found is None:
        hint = did_you_mean(kind, STARTERS) or f"there are {one_of(STARTERS, 20)}"
        raise UsageError(f"there is no kind {quote(kind)} of first policy; {hint}")
    return found


def _ask_kind() -> str:
    """Return the kind that was chosen, by its number or by its word."""
    from policyd.starters import STARTERS

    note("What do you want to see?\n")
    for number, one in enumerate(STARTERS.values(), 1):
        note(f"  {number:>2}  {one.kind:<12} {one.sees}")
    note("")
    while True:
        answer = _prompt("Number or word", "1").strip().lower()
        if answer.isdecimal() and 0 < int(answer) <= len(STARTERS):
            return tuple(STARTERS)[int(answer) - 1]
        try:
            return _starter(answer).kind
        except UsageError as error:
            note(f"{error}", "yellow")


def _interface(starter: Starter, wish: Wish, asks: bool) -> str:
    if wish.interface is not None or not starter.asks_interface or not asks:
        return wish.interface or "lo"
    return _prompt(f"At which interface ({one_of(_interfaces(), 8)})", "lo").strip()


def _names(starter: Starter, wish: Wish, asks: bool) -> tuple[str, ...]:
    if wish.names:
        return wish.names
    proposed = starter.example if starter.required else ()
    return _ask_names(starter, proposed) if asks else proposed


def _ask_names(starter: Starter, proposed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of one line, apart by blanks or commas."""
    told = "" if starter.required else f" (as {' '.join(starter.example)}; nothing: all)"
    answer = _prompt(f"Which {starter.asks}{told}", " ".join(proposed))
    return tuple(re.split(r"[\s,]+", answer.strip())) if answer.strip() else ()


def _ask_file(proposed: str, force: bool) -> str:
    """Return where to write; a file that is there is asked about again."""
    while True:
        answer = _prompt("Write it to", proposed).strip()
        if answer == "-" or force or not Path(answer).is_file():
            return answer
        note(f"{safe(answer)} is there already: give another name (policyd init --force writes over it)", "yellow")


def _prompt(text: str, default: str) -> str:
    return str(click.prompt(text, default=default, show_default=bool(default), err=True))


# ------------------------------------------------------------------------------------------------ what is written


def _place(file: str, starter: Starter, force: bool) -> Path:
    """Return the file to write: in a folder, one of the kind's name.  `UsageError` if it is there, and must not be lost."""
    path = Path(file)
    if path.is_dir():
        path /= f"{starter.kind}.yaml"
    if path.exists() and not force:
        raise UsageError(
            f"{quote(str(path), 200)} is there already: name another file with -o, or write over it with --force"
        )
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {quote(str(path.parent), 200)}: make it first, or name another file with -o")
    return path


def _policy_name(told: str | None, path: Path | None, starter: Starter) -> str:
    """Return what was told, or the file's name if a policy may be called so, or the kind."""
    if told is not None:
        if not _NAME.fullmatch(told):
            raise UsageError(f"{quote(told)} is no name of a policy: small letters, digits and hyphens, as `etc-writes`")
        return told
    stem = path.stem.lower().replace("_", "-") if path else ""
    return stem if _NAME.fullmatch(stem) else starter.kind


def _checked(settings: Settings, starter: Starter, policy: str, names: tuple[str, ...], wish: Wish, asks: bool) -> str:
    """Return the text of a policy that is valid; names that are not are asked for again where somebody can be."""
    from policyd.starters import write

    while True:
        text = write(starter, policy, names, wish.interface or "lo")
        problems = _problems(settings, text)
        if not problems:
            return text
        if not asks or wish.names:
            raise _refused(starter, problems)
        for message in dict.fromkeys(problem.message for problem in problems):
            note(message, "yellow")
        names = _ask_names(starter, starter.example if starter.required else ())


def _problems(settings: Settings, text: str) -> tuple[Problem, ...]:
    """Return the errors that `validate` would find."""
    from policyd.assembly import resolve_all
    from policyd.parsing import parse_policies

    found = parse_policies(text.encode(), "policy")
    target, host = target_and_host(settings)
    _, problems = resolve_all(found.policies, target, host)
    return tuple(problem for problem in (*found.problems, *problems) if problem.severity == "error")


def _refused(starter: Starter, problems: tuple[Problem, ...]) -> PolicydError:
    """Return the error that nothing was written, with what is wrong; there is no file yet that places could be in."""
    told = list({one.message: replace(one, position=None, path=()) for one in problems}.values())
    more = f"nothing was written; --name gives {starter.asks} (`policyd init --list` tells what else there is to see)"
    hint = f"{told[-1].hint}\n    {more}" if told[-1].hint else more
    return ProblemsError([*told[:-1], replace(told[-1], hint=hint)])


def _write(path: Path, text: str, force: bool) -> None:
    """Write the file; one that has come meanwhile is not written over."""
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{quote(str(path), 200)} is there already: name another file with -o, or use --force") from error


def _next(starter: Starter, policy: str, path: Path) -> None:
    """Tell the commands that come next."""
    import shlex

    file = shlex.quote(str(path))
    steps = [
        (f"policyd validate {file}", "check it, after each change"),
        (f"sudo policyd apply -f {file}", "run it"),
        *((f"sudo policyd {words}", "see what it sees") for words in starter.commands(policy)),
        (f"sudo policyd delete policy {policy}", "take it away"),
    ]
    wide = max(len(command) for command, _ in steps)
    say(f"{path}: the policy {policy}, which is valid for this kernel. Its comments tell what its lines mean. Next:\n")
    for command, meaning in steps:
        say(f"  {command:<{wide}}  {meaning}")
