"""The agent's parts, made from its configuration and put together.

`policyd run` calls it; nothing else knows which parts are the real ones.
"""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from policyd import __version__
from policyd.cli.context import open_kernel
from policyd.log import form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from policyd.cli.changing import Noted
    from policyd.cli.context import Settings
    from policyd.config.model import AgentConfig, Enrich, GitSource, SourceConfig
    from policyd.daemon.agent import Agent
    from policyd.daemon.away import Away
    from policyd.daemon.follow import Surroundings
    from policyd.daemon.telemetry import Telemetry
    from policyd.daemon.tended import SourcePlan
    from policyd.enrich.enricher import Enricher
    from policyd.health import Books
    from policyd.kernel.port import Kernel
    from policyd.reading.metrics import Family
    from policyd.sinks.outlet import Outlet

NODE = "POLICYD_NODE"
"""Names this host in events and status, where it is not called by its host name: a pod's is not the node's."""


def run_agent(settings: Settings, config: AgentConfig) -> None:
    """Run until told to stop."""
    from policyd.kernel.bpf.memory import share_arenas

    share_arenas()
    agent = make_agent(settings, config)
    agent.run(lambda: _serving(agent, config))


@contextmanager
def _serving(agent: Agent, config: AgentConfig) -> Iterator[None]:
    """Answer the API, and measure hooks if that is asked for, for the length of the block."""
    from policyd.api.server import ApiServer
    from policyd.daemon.measuring import Measuring

    with ExitStack() as stack:
        stack.enter_context(ApiServer(agent, config.listen))
        if config.stats is not None:
            telemetry = agent.parts.telemetry
            stack.enter_context(Measuring(config.stats.interval, config.stats.window, telemetry.hooks_measured))
        yield


def make_agent(settings: Settings, config: AgentConfig) -> Agent:
    """Return the agent that a configuration describes; nothing has been started yet."""
    from policyd.daemon import agent as seams
    from policyd.daemon.agent import Agent, AgentOptions, Parts
    from policyd.daemon.canary import Prover
    from policyd.daemon.drift import DriftOptions
    from policyd.daemon.follow import Surroundings
    from policyd.daemon.pump import Pump
    from policyd.daemon.telemetry import Telemetry

    kernel, surroundings, telemetry = open_kernel(settings, "run"), Surroundings(), Telemetry()
    node = os.environ.get(NODE, "") or socket.gethostname()
    options = AgentOptions(
        interval=config.interval,
        drift=DriftOptions(config.drift.mode, config.drift.interval),
        detach_on_exit=config.detach_on_exit,
        node=node,
    )
    plans = tuple(map(_plan, config.sources))
    made: list[Agent] = []
    prover = Prover(kernel, config.canary.interval) if config.canary.interval else None
    parts = Parts(
        place=_away(settings, kernel, surroundings, telemetry),
        surroundings=surroundings,
        pump=Pump(kernel, _outlets(config, node, made), _enricher(config.enrich, node), prover),
        telemetry=telemetry,
        books=lambda: _books(kernel),
        prover=seams.Prover(prover.start, prover.stop, prover.proofs) if prover else seams.Prover(),
    )
    made.append(Agent(parts, plans, options))
    return made[0]


# ------------------------------------------------------------------------------------------------ policies → the kernel


def _away(settings: Settings, kernel: Kernel, surroundings: Surroundings, telemetry: Telemetry) -> Away:
    """Return what has changes made in a process of their own (`cli/changing.py`)."""
    from policyd.cli.changing import COMMAND, Facts
    from policyd.daemon.away import Away

    def learn(noted: Noted | None) -> None:
        if noted is not None:
            surroundings.learn(noted.asked)
            telemetry.learn(noted.counted)

    return Away(kernel, COMMAND, Facts(settings, form()), learn)


# ------------------------------------------------------------------------------------------------ sources


def _plan(config: SourceConfig) -> SourcePlan:
    """Return a source with what the configuration says about it."""
    from policyd.daemon.tended import SourcePlan
    from policyd.sources.directory import Directory

    if config.directory is not None:
        plan = SourcePlan(Directory(config.name, config.directory.path))
    else:
        assert config.git is not None
        plan = _git_plan(config.name, config.git)
    return replace(
        plan,
        allow_empty=config.allow_empty,
        adopt=config.adopt,
        suspend=config.suspend,
        depends_on=config.depends_on,
    )


def _git_plan(name: str, config: GitSource) -> SourcePlan:
    from policyd.daemon.tended import SourcePlan
    from policyd.sources import git

    source = git.GitSource(name, config)
    call = _taking_calls(config.webhook.secret, source.poke) if config.webhook else None
    return SourcePlan(source, call=call, close=source.close)


def _taking_calls(secret: str, poke: Callable[[], object]) -> Callable[[Mapping[str, str], bytes], bool]:
    """Return what takes a forge's call."""
    from policyd.sources.webhook import WebhookError, check_call

    def take(headers: Mapping[str, str], body: bytes) -> bool:
        try:
            check_call(headers, body, secret)
        except WebhookError:
            return False
        poke()
        return True

    return take


# ------------------------------------------------------------------------------------------------ events and metrics


def _outlets(config: AgentConfig, node: str, made: list[Agent]) -> tuple[Outlet, ...]:
    """Return the sinks; those that send metrics ask the agent, which is in `made` by then."""
    from policyd.sinks.facts import AgentFacts
    from policyd.sinks.kinds import make_outlets

    def families() -> list[Family]:
        from policyd.api.metrics import families_of
        from policyd.api.snapshot import Kept
        from policyd.observe import observe

        return families_of(made[0], Kept(lambda: observe(made[0].kernel)))

    return make_outlets(config.sinks, AgentFacts(node, __version__, families))


def _enricher(config: Enrich, node: str) -> Enricher | None:
    from policyd.enrich.disk import HostFiles
    from policyd.enrich.enricher import make_enricher

    return make_enricher(HostFiles.of_environment(), config.containers, config.users, node if config.node else "")


def _books(kernel: Kernel) -> tuple[Books, ...]:
    from policyd.reading.books import books
    from policyd.record import read_policies

    return tuple(books(kernel, record) for _, record in sorted(read_policies(kernel).items()))
