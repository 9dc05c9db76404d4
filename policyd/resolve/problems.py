"""Problems of one policy as they are found, each with its place in the file; all of them are reported at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policyd.errors import Path, Position, Problem

if TYPE_CHECKING:
    from policyd.policy import Policy


class Missing(Exception):  # noqa: N818 (not an error of policyd: the resolver's own signal, turned into a Problem)
    """This target has no such hook, argument or member: an error, or NotApplicable where the rule is optional.

    `at` is the place in the document, where it is known better than by whoever catches this.
    """

    def __init__(self, code: str, message: str, hint: str = "", at: Path = ()) -> None:
        self.code, self.message, self.hint, self.at = code, message, hint, at
        super().__init__(message)

    @property
    def each(self) -> tuple[Missing, ...]:
        return (self,)


class Wrong(Missing):
    """What is asked makes no sense on any target: always an error."""


class Several(Wrong):
    """Several things wrong at once, each with its own place: the values of a list."""

    def __init__(self, wrongs: list[Missing]) -> None:
        self.wrongs = tuple(wrongs)
        super().__init__(wrongs[0].code, wrongs[0].message, wrongs[0].hint, wrongs[0].at)

    @property
    def each(self) -> tuple[Missing, ...]:
        return self.wrongs


Complaints = list[tuple["Path", Missing]]
"""What is wrong at one place, each with its path in the document, before it is known whether that is an error."""


def complain(complaints: Complaints, path: Path, missing: Missing) -> None:
    """Take up what is wrong; `path` is where, unless it knows better."""
    complaints.extend((one.at or path, one) for one in missing.each)


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
