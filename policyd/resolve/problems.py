"""Problems of one policy as they are found, each with its place in the file; all of them are reported at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policyd.errors import Path, Position, Problem

if TYPE_CHECKING:
    from policyd.policy import Policy


class Missing(Exception):  # noqa: N818 (not an error of policyd: the resolver's own signal, turned into a Problem)
    """This target has no such hook, argument or member: an error, or NotApplicable where the rule is optional."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        self.code, self.message, self.hint = code, message, hint
        super().__init__(message)


class Wrong(Missing):
    """What is asked makes no sense on any target: always an error."""


@dataclass(slots=True)
class Problems:
    """Collects problems of `policy`; the same problem (a glob's many hooks) is kept once."""

    policy: Policy
    found: list[Problem] = field(default_factory=list)

    def error(self, path: Path, wrong: Missing) -> None:
        self._add(Problem(wrong.code, wrong.message, self.position(path), path, wrong.hint, "error", self.policy.name))

    def warning(self, path: Path, code: str, message: str, hint: str = "") -> None:
        self._add(Problem(code, message, self.position(path), path, hint, "warning", self.policy.name))

    def position(self, path: Path) -> Position | None:
        return self.policy.position(path)

    def _add(self, problem: Problem) -> None:
        if problem not in self.found:
            self.found.append(problem)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.found if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.found if problem.severity == "warning")
