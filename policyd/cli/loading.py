"""From the paths of a command line to typed policies: read, parse, resolve, with every problem of every file at once.

Called by all commands that take files.  Resolving asks the target that `--target` names, or the running kernel.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.assembly import check_lists, resolve_all, warning_lines
from policyd.errors import Problem, ProblemsError, UnsupportedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.cli.context import Settings
    from policyd.host import Host
    from policyd.parsing.policy_list import PolicyList
    from policyd.target import Target
    from policyd.unit import TypedPolicy


@dataclass(frozen=True, slots=True)
class Loaded:
    """What files hold: policies in the order of the files, and all problems, errors and warnings alike.

    `lists` are the documents of kind PolicyList; what policies use of them is in the policies.
    """

    policies: tuple[TypedPolicy, ...]
    problems: tuple[Problem, ...]
    lists: tuple[PolicyList, ...] = ()

    @property
    def files(self) -> int:
        """How many files the policies and PolicyLists are from."""
        sources = [policy.source for policy in self.policies] + [one.source for one in self.lists]
        return len({source.rpartition(":")[0] for source in sources})

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "warning")

    def warnings_of(self, policy: str) -> tuple[str, ...]:
        """Return the warnings of one policy as its record keeps them."""
        return warning_lines(problem for problem in self.warnings if problem.policy == policy)


def target_and_host(settings: Settings) -> tuple[Target, Host]:
    """Return what policies are resolved for: a saved profile and any host, or this kernel and this host.

    Root gets tracefs mounted where it is not; without it only system calls, raw tracepoints and packets are known.
    """
    from policyd.host import Host
    from policyd.kernel.attachable import AttachFeatures
    from policyd.kernel.functions import function_lists
    from policyd.kernel.tracepoints import ensure_tracefs
    from policyd.target import Target

    if settings.target is not None:
        return Target.load(Path(settings.target)), Host.anywhere()
    if os.geteuid() == 0:
        with suppress(UnsupportedError):
            ensure_tracefs()
    return Target.running(AttachFeatures(), function_lists), Host.running()


def load(settings: Settings, paths: Sequence[str]) -> Loaded:
    """Read, parse and resolve; nothing is raised for what is wrong in files, it is all in `problems`."""
    from policyd import parsing

    found = parsing.load(paths)
    if not found.policies and not found.lists:
        return Loaded((), found.problems)
    target, host = target_and_host(settings)
    typed, problems = resolve_all(found.policies, target, host)
    known = {problem.position for problem in problems}
    of_lists = (problem for problem in check_lists(found.lists, target) if problem.position not in known)
    return Loaded(typed, (*found.problems, *problems, *of_lists), found.lists)


def load_or_fail(settings: Settings, paths: Sequence[str]) -> Loaded:
    """Return what `load` does, or raise all problems if one of them is an error: then nothing shall be changed."""
    if not paths:
        raise UsageError("name the files, folders or - (standard input) to read with -f")
    loaded = load(settings, paths)
    if loaded.errors:
        raise ProblemsError(loaded.problems)
    if loaded.lists and not loaded.policies:
        raise UsageError(
            "there are only PolicyLists in these files: they take effect with the policies that use them, so give both (-f)"
        )
    return loaded
