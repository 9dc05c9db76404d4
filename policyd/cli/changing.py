"""The process that makes one change for the agent, and ends; `daemon/away.py` starts it.

It is made of the agent's own parts for changing things, which the agent itself does without.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.cli.context import open_kernel
from policyd.log import set_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policyd.cli.context import Settings
    from policyd.daemon.follow import Asked
    from policyd.daemon.telemetry import Rows
    from policyd.daemon.workplace import Workplace
    from policyd.engine import Engine
    from policyd.errors import Problem
    from policyd.host import Host
    from policyd.log import Form
    from policyd.parsing import Loaded
    from policyd.policy import Policy
    from policyd.sources.source import Bundle
    from policyd.unit import TypedPolicy

COMMAND = (sys.executable, "-P", "-c", "from policyd.cli.changing import main; main()")
"""Not `-m`: what is pickled must be of this module, not of `__main__`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the process has to know: the global options, and how the agent logs (None: it does not)."""

    settings: Settings
    form: Form | None


@dataclass(frozen=True, slots=True)
class Noted:
    """What the agent has to know beside the answer: what was asked of the host, and what was counted."""

    asked: Asked | None
    counted: tuple[Rows, ...]


def make_place(facts: Facts) -> tuple[Workplace, Callable[[], Noted]]:
    """Return where the change is made, and what tells at the end what was noted."""
    from policyd.assembly import make_resolver, process_table, resolve_all
    from policyd.builders.cache import default_directory
    from policyd.builders.choice import make_builder
    from policyd.cli.loading import target_and_host
    from policyd.cli.output import warn
    from policyd.daemon.follow import Surroundings
    from policyd.daemon.telemetry import CountingCache, Telemetry
    from policyd.daemon.workplace import Workplace
    from policyd.engine import Engine
    from policyd.sources import gate
    from policyd.toolchain import Toolchain

    if facts.form is not None:
        set_up(sys.stderr, facts.form)
    surroundings, telemetry = Surroundings(), Telemetry()
    kernel, (target, _) = open_kernel(facts.settings, "run"), target_and_host(facts.settings)
    builder = make_builder(facts.settings.builder, CountingCache(default_directory(), warn, telemetry.cached))
    toolchain, table = Toolchain(target, telemetry.measured(builder)), process_table()

    def engine(host: Host) -> Engine:
        return Engine(kernel, toolchain, make_resolver(target, host), table)

    def parse(bundle: Bundle, source: str) -> Loaded:
        begun = time.monotonic()
        try:
            return gate.parse(bundle, source)
        finally:
            telemetry.parsed(time.monotonic() - begun)

    def resolve(policies: Iterable[Policy], host: Host) -> tuple[tuple[TypedPolicy, ...], tuple[Problem, ...]]:
        return resolve_all(policies, target, host)

    def noted() -> Noted:
        builder.close()
        return Noted(surroundings.asked(), telemetry.of_changes())

    return Workplace(kernel, surroundings.host, engine, parse, resolve), noted


def main() -> None:
    """Do what the agent asks for through the pipes, and end; nobody but the agent ends it before."""
    from policyd.daemon.away import serve

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # not SIG_IGN, which compilers would inherit
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what others print is no answer
    serve(sys.stdin.buffer, answers, make_place)
