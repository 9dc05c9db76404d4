"""The command line: the group `policyd`, its table of commands, and what becomes of errors.

Each command is a module of this package that holds a click command named `command`; it is imported when it is called,
so that `policyd --help` and shell completion stay instant.  `main` is the only place that turns exceptions into messages
and exit codes: commands raise, they never print errors.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from policyd.cli.context import DEFAULT_ROOT, Settings
from policyd.cli.failure import EXIT_CODES, tell
from policyd.cli.output import use_color

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: its name, the module that holds it, one line of help, and the section of `--help` it stands in."""

    name: str
    help: str
    section: str

    @property
    def module(self) -> str:
        return f"policyd.cli.{self.name}"


_WRITE, _CHANGE, _SEE, _HOST = "Write policies (no root)", "Change what runs", "See what runs", "This host"
_AGENT = "The agent"

COMMANDS: tuple[Entry, ...] = (
    Entry("init", "Write a first policy: it asks what to see", _WRITE),
    Entry("validate", "Check policies: all problems of all files, with places and hints", _WRITE),
    Entry("render", "Show the C that would run for the policies of a file", _WRITE),
    Entry("explain", "Tell what hooks, fields, operators, outputs and actions there are", _WRITE),
    Entry("schema", "Print the JSON Schema of a policy, for editors and CI", _WRITE),
    Entry("diff", "Show what apply would change: exit code 0 nothing, 1 something", _CHANGE),
    Entry("plan", "Show the steps that apply would take", _CHANGE),
    Entry("apply", "Make what runs agree with files of policies", _CHANGE),
    Entry("confirm", "Keep a change that was applied with --try", _CHANGE),
    Entry("delete", "Unload policies and free all that they hold", _CHANGE),
    Entry("params", "List, set and unset values of policies, without a reload", _CHANGE),
    Entry("get", "List policies, hooks, maps or records", _SEE),
    Entry("describe", "Show everything about one policy or hook", _SEE),
    Entry("events", "Print the events of policies", _SEE),
    Entry("top", "Show what policies do right now: events, losses, cost, memory", _SEE),
    Entry("stacks", "Show and draw the stacks that policies have counted", _SEE),
    Entry("metrics", "Print the metrics of policies, for Prometheus or as plots", _SEE),
    Entry("report", "Write one page for a browser: plots, events and health of policies", _SEE),
    Entry("run", "Keep this host in agreement with folders and git repositories: the agent", _AGENT),
    Entry("reconcile", "Have the agent fetch and apply its sources now", _AGENT),
    Entry("suspend", "Have the agent leave a source alone", _AGENT),
    Entry("resume", "Have the agent follow a source again", _AGENT),
    Entry("rollback", "Have the agent go back to an earlier revision of a source", _AGENT),
    Entry("health", "Tell whether the agent is healthy, or ready, by the exit code", _HOST),
    Entry("doctor", "Tell what this kernel can do, and save its profile", _HOST),
    Entry("version", "Print the version of policyd, its tools and this kernel", _HOST),
    Entry("completion", "Print the completion script of a shell", _HOST),
)
_BY_NAME = {entry.name: entry for entry in COMMANDS}


def _set_color(ctx: click.Context, settings: Settings, choice: str) -> None:
    settings.color = use_color(choice)
    ctx.find_root().color = ctx.color = settings.color


def _remember(ctx: click.Context, option: click.Parameter, value: object) -> None:
    """Put a global option's value into the settings; a value given before the command yields to one given after it."""
    source = ctx.get_parameter_source(str(option.name))
    if ctx.parent is not None and source is click.core.ParameterSource.DEFAULT:
        return
    settings = ctx.ensure_object(Settings)
    if option.name == "color":
        _set_color(ctx, settings, str(value))
    else:
        setattr(settings, str(option.name), value)


def _global_options(hidden: bool) -> list[click.Parameter]:
    """Return the options that may stand before or after a command; after it they are not listed in its help."""
    return [*_place_options(hidden), *_output_options(hidden)]


def _place_options(hidden: bool) -> list[click.Parameter]:
    """Return the options that tell where policies run, and what compiles them."""
    return [
        click.Option(
            ["--root"],
            metavar="DIR",
            default=DEFAULT_ROOT,
            help="Folder in bpffs that holds everything policyd pins.",
            show_default=True,
            **_from_environment("POLICYD_ROOT", hidden),
        ),
        click.Option(
            ["--target"],
            metavar="FILE",
            type=click.Path(dir_okay=False),
            help="Kernel profile to check and compile for, instead of the running kernel (see doctor --save-profile).",
            **_from_environment("POLICYD_TARGET", hidden),
        ),
        click.Option(
            ["--builder"],
            type=click.Choice(["auto", "clang", "bcc"]),
            default="auto",
            help="What compiles the programs: auto means clang where it is installed, else bcc (see doctor).",
            **_from_environment("POLICYD_BUILDER", hidden),
        ),
    ]


def _output_options(hidden: bool) -> list[click.Parameter]:
    """Return the options that tell what is printed, and how."""
    return [
        click.Option(
            ["--color"],
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            help="Colours: auto means on a terminal, and not if NO_COLOR is set.",
            **_from_environment("POLICYD_COLOR", hidden),
        ),
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            help="Tell more: whole verifier logs, the traceback of a bug.",
            **_remembered(hidden),
        ),
        click.Option(["-q", "--quiet"], is_flag=True, help="Print no progress and no summaries.", **_remembered(hidden)),
    ]


def _remembered(hidden: bool) -> dict[str, Any]:
    """Return what makes an option a global one."""
    return {"hidden": hidden, "expose_value": False, "callback": _remember}


def _from_environment(variable: str, hidden: bool) -> dict[str, Any]:
    """Return what makes an option a global one that a variable may give too: that is looked at once, before the command."""
    return {**_remembered(hidden), "envvar": None if hidden else variable, "show_envvar": True}


class LazyGroup(click.Group):
    """A group whose commands are rows of `COMMANDS`, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [entry.name for entry in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = _BY_NAME.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = importlib.import_module(entry.module).command
        command.name = entry.name
        _accept_global_options(command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _BY_NAME and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _BY_NAME, n=3)
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section in dict.fromkeys(entry.section for entry in COMMANDS):
            with formatter.section(section):
                formatter.write_dl([(e.name, e.help) for e in COMMANDS if e.section == section], col_spacing=3)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES], col_spacing=3)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[click.shell_completion.CompletionItem]:
        item = click.shell_completion.CompletionItem
        found = [item(e.name, help=e.help) for e in COMMANDS if e.name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


def _accept_global_options(command: click.Command) -> None:
    """Let the global options stand after the command too (and after a command of its own group)."""
    command.epilog = command.epilog or "Global options (policyd --help) may stand here too."
    taken = {name for parameter in command.params for name in parameter.opts}
    command.params.extend(option for option in _global_options(hidden=True) if not taken & set(option.opts))
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _accept_global_options(inner)


@click.group(
    cls=LazyGroup,
    params=_global_options(hidden=False),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def cli() -> None:
    """Run eBPF programs that YAML policies describe.

    \b
    Examples:
      policyd validate policies/
      sudo policyd apply -f policies/
      sudo policyd get policies
      sudo policyd events -f
      sudo policyd delete --all

    `policyd COMMAND --help` shows the options and examples of a command. The options below may stand before or after it.
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; whatever goes wrong is told on stderr, never as a traceback."""
    settings = Settings()
    try:
        with cli.make_context("policyd", list(arguments), obj=settings) as ctx:
            cli.invoke(ctx)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        return done.exit_code
    except BaseException as error:  # the one place that turns every error into a message
        return tell(error, settings)
    return 0


def main() -> int:
    """The program `policyd`."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # there are none, and looking for them takes 30 ms
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    instruction = os.environ.get("_POLICYD_COMPLETE")
    if instruction:
        from click.shell_completion import shell_complete

        from policyd.cli.shells import register

        register()
        return shell_complete(cli, {}, "policyd", "_POLICYD_COMPLETE", instruction)
    return run(sys.argv[1:])
