"""What one call of the command line works with: the global options, and the objects that commands share.

A command takes a `Settings` (`click.pass_obj`), which the global options fill in wherever they stand on the line.
Everything that costs time to import is imported by the functions that need it: `policyd --help` imports nothing but click.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.capabilities import BPF, missing
from policyd.errors import PrivilegeError, UsageError

if TYPE_CHECKING:
    from policyd.kernel.port import Kernel
    from policyd.vocabulary.stacks import Frames

DEFAULT_ROOT = "/sys/fs/bpf/policyd"


@dataclass(slots=True)
class Settings:
    """The global options.  `target` is a saved profile's path, or None for the running kernel; `color` None means auto;
    `builder` is one of `builders.choice.CHOICES`."""

    root: str = DEFAULT_ROOT
    target: str | None = None
    builder: str = "auto"
    verbose: bool = False
    quiet: bool = False
    color: bool | None = None


def require_root(what: str) -> None:
    """Raise `PrivilegeError` unless this process may use bpf(2): as root, or as another user who was given capabilities.

    Whatever else is missing is named where it is missed; the bpffs root must be that user's own.
    """
    if os.geteuid() != 0 and missing([BPF]):
        raise PrivilegeError(
            f"{what} needs root: the programs and maps of policies are root's; try again with sudo"
            " (init, validate, render, explain, schema, version and completion need no root)"
        )


def require_running_kernel(settings: Settings, what: str) -> None:
    """Raise unless the command can work on the running kernel: before files are read, so that this is told first."""
    if settings.target is not None:
        raise UsageError(f"{what} works on the running kernel: leave --target (POLICYD_TARGET) out")
    require_root(what)


def open_kernel(settings: Settings, what: str) -> Kernel:
    """Return the running kernel for a command that reads.

    A root that exists must be ours before anything in it is believed; one that does not is an empty state.
    """
    from policyd.kernel.real import RealKernel
    from policyd.vocabulary.stacks import SHOWER

    require_root(what)
    kernel = RealKernel(settings.root)
    if os.path.lexists(settings.root):
        kernel.ensure_root()
    SHOWER.texts = _named
    return kernel


def _named(stack: Frames) -> list[str]:
    """Name the first stack that is shown: who shows none does not pay for what knows names."""
    from policyd.processes import sees_the_host
    from policyd.symbols.columns import name_stacks
    from policyd.vocabulary.stacks import SHOWER

    name_stacks(sees_the_host())
    return SHOWER.texts(stack)
