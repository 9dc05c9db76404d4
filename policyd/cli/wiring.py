"""Where the real parts are joined: kernel, target, host, toolchain, resolver and process table make the engine.

Called by every command that changes what runs, or plans to; nothing else knows which parts are the real ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.assembly import make_resolver, process_table
from policyd.cli.context import open_kernel, require_running_kernel
from policyd.cli.loading import target_and_host
from policyd.cli.output import note, warn

if TYPE_CHECKING:
    from policyd.builders import Builder
    from policyd.cli.context import Settings
    from policyd.cli.output import Progress
    from policyd.engine import Engine
    from policyd.plan.steps import Step


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
        toolchain=Toolchain(target, make_builder(settings), told.built),
        resolve=make_resolver(target, host),
        processes=process_table(),
        on_step=told.step,
        waiting=lambda: note("another policyd is at work: waiting for it to finish (--lock-timeout 10s gives up)"),
        lock_timeout=lock_timeout,
    )


def make_builder(settings: Settings) -> Builder:
    """Return the builder that was asked for, with this user's object cache."""
    from policyd.builders.cache import ObjectCache, default_directory
    from policyd.builders.choice import make_builder as make

    return make(settings.builder, ObjectCache(default_directory(), warn))


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
