"""Where the real parts are joined: kernel, target, host, toolchain, resolver and process table make the engine.

Called by every command that changes what runs, or plans to; nothing else knows which parts are the real ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.cli.context import open_kernel, require_running_kernel
from policyd.cli.loading import target_and_host, warning_lines
from policyd.cli.output import note, warn
from policyd.errors import ProblemsError

if TYPE_CHECKING:
    from policyd.builders.clang import ClangBuilder
    from policyd.cli.context import Settings
    from policyd.cli.output import Progress
    from policyd.engine import Engine, Overrides, ProcessTable, Resolver
    from policyd.plan.steps import Step
    from policyd.resolve import Host
    from policyd.target import Target
    from policyd.unit import TypedPolicy

RECORD = "record"
"""The file name of positions in documents that come from records."""


def make_engine(settings: Settings, what: str, progress: Progress, lock_timeout: float | None = None) -> Engine:
    """Return the engine for this kernel; `what` names the command to whom is not root."""
    from policyd.engine import Engine
    from policyd.toolchain import Toolchain

    require_running_kernel(settings, what)
    kernel = open_kernel(settings, what)
    target, host = target_and_host(settings)
    told = Steps(progress)
    return Engine(
        kernel=kernel,
        toolchain=Toolchain(target, make_builder(), told.built),
        resolve=make_resolver(target, host),
        processes=process_table(),
        on_step=told.step,
        waiting=lambda: note("another policyd is at work: waiting for it to finish (--lock-timeout 10s gives up)"),
        lock_timeout=lock_timeout,
    )


def make_builder() -> ClangBuilder:
    """Return the clang builder with this user's object cache."""
    from policyd.builders.cache import ObjectCache, default_directory
    from policyd.builders.clang import ClangBuilder

    return ClangBuilder(ObjectCache(default_directory(), warn))


def make_resolver(target: Target, host: Host) -> Resolver:
    """Return what understands a recorded document again, with some params set by hand."""
    from policyd.parsing import parse_policies
    from policyd.resolve import resolve

    def understand(document: str, overrides: Overrides) -> tuple[TypedPolicy, tuple[str, ...]]:
        parsed = parse_policies(document.encode(), RECORD)
        (policy,) = parsed.require()
        params = tuple(
            param.model_copy(update={"values": tuple(overrides[param.name])}) if param.name in overrides else param
            for param in policy.params
        )
        try:
            resolved = resolve(policy.model_copy(update={"params": params}), target, host)
        except ProblemsError as error:  # places in a record's JSON would help nobody
            raise type(error)([replace(problem, position=None) for problem in error.problems]) from None
        return resolved.policy, warning_lines((*parsed.warnings, *resolved.warnings))

    return understand


def process_table() -> ProcessTable:
    """Return the shape of the process table, and what /proc knows of the processes that run already."""
    from policyd.codegen import PROCESSES
    from policyd.engine import ProcessTable
    from policyd.processes import snapshot

    kind, key_size, value_size, entries, flags = PROCESSES
    return ProcessTable(kind, key_size, value_size, entries, snapshot, flags)


class Steps:
    """Tells a terminal what the engine is doing."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.programs = 0

    def built(self, key: str) -> None:
        """One more program was compiled and has passed the verifier."""
        self.programs += 1
        self.progress.step(f"built {self.programs} programs, last {key}")

    def step(self, step: Step, number: int, total: int) -> None:
        """A step of the plan begins."""
        self.progress.step(f"[{number}/{total}] {step.describe()}")
