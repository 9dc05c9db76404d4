"""Files become policies: bytes come in, `Loaded` (policies and every problem) goes to the command line and the resolver.

Nothing here raises for what a file holds.  A bad document leaves out its own policy; the others are returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.document import compose
from policyd.errors import PolicyError, Problem
from policyd.files import read
from policyd.parsing.envelope import read_policy
from policyd.text import one_of, quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.files import SourceFile
    from policyd.policy import Policy

__all__ = ["Loaded", "load", "parse_files", "parse_policies"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """`policies` without errors, in file order, and all problems: errors of what was left out, and warnings."""

    policies: tuple[Policy, ...]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "warning")

    def require(self) -> tuple[Policy, ...]:
        """Return the policies; raise `PolicyError` with every error if there is one."""
        if self.errors:
            raise PolicyError(self.errors)
        return self.policies


def load(paths: Iterable[str]) -> Loaded:
    """Return the policies of files, folders (recursive) and `-` (standard input), and all problems of all of them."""
    files, problems = read(paths)
    found = parse_files(files)
    problems += found.problems
    if files and not found.policies and not any(problem.severity == "error" for problem in problems):
        names = one_of(quote(file.name) for file in files)
        problems += (Problem("empty-file", f"there is no policy in {names}: only comments and empty documents"),)
    return Loaded(found.policies, problems)


def parse_files(files: Iterable[SourceFile]) -> Loaded:
    """Return the policies of several files that belong together, and their problems."""
    found = [_read_file(file.data, file.name) for file in files]
    policies = tuple(policy for each in found for policy in each.policies)
    return _without_doubles(Loaded(policies, tuple(problem for each in found for problem in each.problems)))


def parse_policies(data: bytes, file: str) -> Loaded:
    """Return the policies of one file's bytes (several documents), and its problems."""
    return _without_doubles(_read_file(data, file))


def _read_file(data: bytes, file: str) -> Loaded:
    documents, problems = compose(data, file)
    read_all = [read_policy(document) for document in documents]
    policies = tuple(policy for policy, _ in read_all if policy is not None)
    return Loaded(policies, problems + tuple(problem for _, found in read_all for problem in found))


def _without_doubles(loaded: Loaded) -> Loaded:
    """Leave out policies that share a name: nobody can tell which one is meant."""
    by_name: dict[str, list[Policy]] = {}
    for policy in loaded.policies:
        by_name.setdefault(policy.name, []).append(policy)
    problems = list(loaded.problems)
    for name, same in by_name.items():
        path = ("metadata", "name")
        for policy in same[1:]:
            message = f"there are two policies `{name}`; the other is at {same[0].position(path)}"
            problems.append(Problem("duplicate-policy", message, policy.position(path), path, "rename one", policy=name))
    policies = tuple(policy for policy in loaded.policies if len(by_name[policy.name]) == 1)
    return Loaded(policies, tuple(problems))
