"""`policyd run`: the agent in the foreground, as systemd and Kubernetes start it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from policyd.cli.context import Settings, require_running_kernel
from policyd.cli.failure import plural, show_problems
from policyd.cli.output import note, say
from policyd.errors import UsageError

if TYPE_CHECKING:
    from policyd.config.model import AgentConfig
    from policyd.config.options import Options


@click.command()
@click.option(
    "--config", metavar="FILE", type=click.Path(dir_okay=False), help="What the agent does: a document of kind Agent."
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="[NAME=]DIR|git+URL[#REF:PATH]",
    help="Where policies come from; may be given again.",
)
@click.option(
    "--sink",
    "sinks",
    multiple=True,
    metavar="KIND[:WHERE]",
    help="Where events go: stdout, file:PATH, …; may be given again.",
)
@click.option(
    "--listen", multiple=True, metavar="ADDRESS", help="Where the API is: unix:PATH, http://HOST:PORT; may be given again."
)
@click.option("--interval", default="", metavar="DURATION", help="How often every source is applied anew. [default: 5m]")
@click.option("--drift", type=click.Choice(["repair", "report"]), help="What others change: put it right, or only tell it.")
@click.option("--drift-interval", default="", metavar="DURATION", help="How often all of it is looked for. [default: 10s]")
@click.option(
    "--canary", default="", metavar="DURATION", help="How often events are made that prove the way; 0: never. [default: 10s]"
)
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), help="The agent's own log. [default: text on a terminal, else json]"
)
@click.option("--allow-remote", is_flag=True, help="Let --listen name addresses that other hosts can reach.")
@click.option("--detach-on-exit", is_flag=True, help="Remove what the sources own when the agent stops.")
@click.option("--check", is_flag=True, help="Only check the configuration.")
@click.pass_obj
def command(settings: Settings, /, config: str | None, check: bool, **options: Any) -> None:
    """Keep this host in agreement with its sources, and read its events, until told to stop.

    Sources are folders and git repositories, each a set of its own. A revision that is wrong is refused, and the last
    good one goes on; what somebody else changes in the kernel is put right. SIGTERM stops the agent, and programs stay
    attached (not with --detach-on-exit); SIGHUP applies every source anew. Options replace what the file says.

    \b
    Examples:
      policyd run --config /etc/policyd/agent.yaml
      policyd run --source policies/ --sink stdout
      policyd run --source team=git+https://git.example/team/policies.git#main:policies
      policyd run --config agent.yaml --check
    """
    loaded = _load(config, options)
    show_problems(loaded.warnings)
    if check:
        counts = f"{plural(len(loaded.sources), 'source')}, {plural(len(loaded.sinks), 'sink')}"
        say(f"{loaded.source or 'the command line'}: {counts}, no error found")
        return
    require_running_kernel(settings, "run")
    from policyd.cli.running import run_agent

    if not loaded.sources and not settings.quiet:
        note("no sources: what runs already is looked after, nothing else is applied")
    _set_up_log(loaded)
    run_agent(settings, loaded)


def _load(config: str | None, words: dict[str, Any]) -> AgentConfig:
    from policyd.config.load import from_options, load_config

    given = _options({name: "" if value is None else value for name, value in words.items()})
    if config is None and not given.sources and not given.sinks:
        raise UsageError("say what to do: --config FILE, or --source DIR")
    return load_config(config, given) if config is not None else from_options(given)


def _options(words: dict[str, Any]) -> Options:
    from policyd.config.options import Options

    return Options(**words)


def _set_up_log(config: AgentConfig) -> None:
    """Log to standard error as the configuration says; else text for people, JSON for a service manager or a runtime."""
    from policyd.log import set_up

    said = "format" in config.log.model_fields_set
    set_up(sys.stderr, config.log.format if said else "text" if sys.stderr.isatty() else "json")
