"""Files become policies: bytes come in, `Loaded` (policies and every problem) goes to the command line and the resolver.

Nothing here raises for what a file holds.  A bad document leaves out its own policy; the others are returned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policyd.document import compose
from policyd.errors import PolicyError, Problem
from policyd.files import SourceFile, read
from policyd.parsing.envelope import read_policy
from policyd.parsing.library import KIND as LIST_KIND
from policyd.parsing.library import collect, kind_of, link
from policyd.parsing.policy_list import PolicyList, read_policy_list
from policyd.text import one_of, quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.document import Document
    from policyd.policy import Policy

__all__ = ["Loaded", "load", "parse_files", "parse_policies"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """`policies` without errors, in file order, and all problems: errors of what was left out, and warnings.

    `lists` are the PolicyLists without errors: what policies use of them is in the policies already.
    """

    policies: tuple[Policy, ...]
    problems: tuple[Problem, ...]
    lists: tuple[PolicyList, ...] = ()

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
    if files and not found.policies and not found.lists and not any(problem.severity == "error" for problem in problems):
        names = one_of(quote(file.name) for file in files)
        problems += (Problem("empty-file", f"there is no policy in {names}: only comments and empty documents"),)
    return Loaded(found.policies, problems, found.lists)


def parse_files(files: Iterable[SourceFile]) -> Loaded:
    """Return the policies of several files that belong together, and their problems."""
    documents: list[Document] = []
    problems: list[Problem] = []
    for file in files:
        found, wrong = compose(file.data, file.name)
        documents += found
        problems += wrong
    loaded = _read(documents)
    return _without_doubles(replace(loaded, problems=_once((*problems, *loaded.problems))))


def parse_policies(data: bytes, file: str) -> Loaded:
    """Return the policies of one file's bytes (several documents), and its problems."""
    return parse_files([SourceFile(file, data)])


def _read(documents: list[Document]) -> Loaded:
    """Read PolicyLists first: what is wrong in one is told of it, not of the policies that use it."""
    library = collect(documents)
    problems = list(library.problems)
    lists: list[PolicyList] = []
    policies: list[Policy] = []
    for document in sorted(documents, key=lambda document: kind_of(document) != LIST_KIND):
        linked = link(document, library)
        if kind_of(document) == LIST_KIND:
            one, wrong = read_policy_list(linked)
            lists += [one] if one else []
        else:
            policy, wrong = read_policy(linked)
            policies += [policy] if policy else []
        problems += wrong
    return Loaded(tuple(policies), tuple(problems), tuple(lists))


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems without those of the same thing at the same place: what is shared is read with each of its users."""
    first: dict[object, Problem] = {}
    for problem in problems:
        first.setdefault((problem.code, problem.position, problem.message) if problem.position else problem, problem)
    return tuple(first.values())


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
    return Loaded(policies, tuple(problems), loaded.lists)
