"""Problems of one policy as they are found, each with its place in the file; all of them are reported at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policyd.errors import Path, Position, Problem
from policyd.text import did_you_mean, one_of

if TYPE_CHECKING:
    from policyd.errors import TargetError
    from policyd.policy import Policy


CODES: dict[str, str] = {
    # hooks
    "unknown-target": "No system call, event, interface or kind of hook of this name on this target.",
    "unknown-cgroup": "No such cgroup on this host.",
    "scope-not-here": "A scope asks for what cannot be told at a hook.",
    "no-cgroup2": "cgroup v2 is not mounted.",
    "no-tracepoint": "A system call that the kernel makes no tracepoint for.",
    "too-many-hooks": "A glob that matches more tracepoints or functions than a rule may have.",
    "no-counter": "A hardware event that this host cannot count, by a period that nothing can stand in for.",
    "shared-eviction": "A metric that evicts, written at a hardware event and at a hook that such an event can interrupt.",
    "no-means": "A function that this kernel has no means to see.",
    "not-decidable": "A function whose result nobody else can decide.",
    "target-unknown": "The target cannot be asked: no tracefs, no BTF.",
    "alternatives-differ": "A field that the hooks of a firstOf do not all have, or not with one type.",
    # fields
    "unknown-field": "No field, argument or member of this name.",
    "field-not-here": "A field that this hook does not have.",
    "late-not-here": "`late` of what does not point to anything, or where no call ends.",
    "would-break": "A hook that would break the program that it is in.",
    "unreadable-field": "A field of a type that cannot be read.",
    "arguments-differ": "System calls of one rule that keep an argument in different places.",
    "compat-argument": "An argument that 32-bit callers pass so that it cannot be read.",
    "group": "A group of fields where one field is wanted.",
    # expressions
    "bad-path": "What is no path, where one is wanted.",
    "mixed-types": "Values that do not fit together: a text and a number, a time and a size.",
    "not-a-condition": "A value, or what is always so, where a condition is wanted.",
    "too-large": "An expression of more operations than a program may have.",
    # operands
    "operator-does-not-fit": "An operator that cannot be asked of a field of this type.",
    "bad-priority": "A priority of netfilter at which what is asked for cannot be had.",
    "bad-value": "A value that a field of this type cannot have.",
    "too-many-values": "More values than one program can search for.",
    "no-bits": "A mask without bits.",
    "param-does-not-fit": "A param whose values the field can never have.",
    "unknown-type": "A param or a list of a type that does not exist.",
    "list-does-not-fit": "A list whose values the field can never have.",
    "unknown-list": "An expression names a list that is neither in the policy nor in a PolicyList that was given.",
    # outputs and actions
    "output-not-here": "An output, or a write, where there is only something to show.",
    "too-many-columns": "An event with more columns than its header has bits for.",
    "list-in-key": "A metric's key that has a list in it, or bytes of any length.",
    "key-too-long": "A metric's key that is too long.",
    "value-too-long": "Stats whose columns take too much room.",
    "duplicate-column": "Two columns have one name.",
    "not-a-number": "A metric of something that is no number.",
    "bad-buckets": "Bounds that make no histogram.",
    "outputs-disagree": "Outputs that share a name differ.",
    "name-taken": "Two of a policy's metrics, tables and list params have one name.",
    # tables
    "unknown-table": "No table of this name.",
    "unknown-column": "A table has no column of this name, or has several where none is named.",
    "key-columns": "A row of a table is named by too many or too few values.",
    "key-does-not-fit": "A table's key cannot be made of this value.",
    "value-does-not-fit": "A column of a table cannot hold this value.",
    "row-too-long": "A table's key or value is too long.",
    "action-not-here": "An action that this hook cannot take.",
}
"""Every code of an error that resolving can report: a promise to scripts, as those of `parsing` are."""

WARNINGS: dict[str, str] = {
    "host-bits": "A network with host bits set.",
    "compat-not-covered": "System calls of 32-bit programs are not seen.",
    "every-system-call": "A hook that every system call of the host pays for.",
    "many-programs": "A hook whose names stand for many places, each with a program of its own.",
    "scope-empty": "A scope names cgroups or containers of which there are none now.",
    "seen-otherwise": "A hook that is seen by another means than the one that was named.",
    "never-written": "A table that rules look into and none writes to.",
    "never-read": "A table that rules write to and none looks into.",
    "unused-table": "A table that no rule uses.",
    "process-may-be-another": "An event that fires in interrupts too.",
}


class Missing(Exception):  # noqa: N818 (not an error of policyd: the resolver's own signal, turned into a Problem)
    """This target has no such hook, argument or member: an error, or NotApplicable where the rule is optional.

    `at` is the place in the document, where it is known better than by whoever catches this; `uses` are what it is part of
    (a macro, a list), each with the place where that is used.  Of an expression, `text` is the whole of it, and `offset` the
    character where the part begins that is meant.
    """

    def __init__(self, code: str, message: str, hint: str = "", at: Path = ()) -> None:
        assert code in CODES, code
        self.code, self.message, self.hint, self.at = code, message, hint, at
        self.uses: list[tuple[str, Path]] = []
        self.text = ""
        self.offset: int | None = None
        super().__init__(message)

    @property
    def each(self) -> tuple[Missing, ...]:
        return (self,)

    def used(self, what: str, path: Path) -> None:
        """Note that this is about a part of `what`, which is used at `path`."""
        for one in self.each:
            one.uses.append((what, path))


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


def from_target(error: TargetError, prefix: str = "args.") -> Missing:
    """Return a target's complaint as a problem of the policy, with the nearest names."""
    word = re.split(r"[ .]", str(error))[-1]
    names = [prefix + name for name in error.candidates]
    hint = did_you_mean(prefix + word, names) or (f"there are {one_of(names)}" if names else "")
    return Missing("unknown-field", str(error), hint)


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
        uses = "".join(f" (in {what}, used at {self.position(at)})" for what, at in wrong.uses)
        message = f"{wrong.message}{uses}"
        place = self.position(path)
        if wrong.offset is not None:
            place = self.policy.position_of(path, wrong.text, wrong.offset)
        self._add(Problem(wrong.code, message, place, path, wrong.hint, "error", self.policy.name))

    def warning(self, path: Path, code: str, message: str, hint: str = "") -> None:
        assert code in WARNINGS, code
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
