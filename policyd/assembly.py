"""Parsed policies joined with a target and a host: what the command line and the agent hand to the engine.

In: policies (or the document in a record), a `Target`, a `Host`.  Out: typed policies with their problems, the engine's
`Resolver`, and the shape of its process table.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.errors import Problem, ProblemsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.engine import Overrides, ProcessTable, Resolver
    from policyd.host import Host
    from policyd.parsing.policy_list import PolicyList
    from policyd.policy import Policy
    from policyd.target import Target
    from policyd.unit import TypedPolicy

RECORD = "record"
"""The file name of positions in documents that come from records."""


def warning_lines(problems: Iterable[Problem]) -> tuple[str, ...]:
    """Return warnings on a line each, without their places: the same for a file and for the document in a record."""
    return tuple(f"{problem.message} [{problem.code}]" for problem in problems)


def resolve_all(
    policies: Iterable[Policy], target: Target, host: Host
) -> tuple[tuple[TypedPolicy, ...], tuple[Problem, ...]]:
    """Resolve each policy on its own; return those that could be, and the problems of all."""
    from policyd.resolve import resolve  # noqa: PLC0415 (commands that resolve nothing do not pay for it)

    typed, problems = [], list[Problem]()
    for policy in policies:
        try:
            resolved = resolve(policy, target, host)
        except ProblemsError as error:
            problems += error.problems
        else:
            typed.append(resolved.policy)
            problems += resolved.warnings
    return tuple(typed), tuple(problems)


def check_lists(lists: Iterable[PolicyList], target: Target) -> tuple[Problem, ...]:
    """Return what is wrong with the values of PolicyLists, whether or not a policy uses them."""
    from policyd.resolve.shared import check_values  # noqa: PLC0415 (as above)

    return tuple(problem for shared in lists for problem in check_values(shared, target.arch))


def make_resolver(target: Target, host: Host) -> Resolver:
    """Return what understands a recorded document again, with some params set by hand."""
    from policyd.parsing import parse_policies  # noqa: PLC0415 (as above)
    from policyd.resolve import resolve  # noqa: PLC0415

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
    from policyd.codegen import PROCESSES  # noqa: PLC0415 (as above)
    from policyd.engine import ProcessTable  # noqa: PLC0415
    from policyd.processes import host_members, host_processes  # noqa: PLC0415

    kind, key_size, value_size, entries, flags = PROCESSES
    return ProcessTable(kind, key_size, value_size, entries, host_processes, flags, host_members)
