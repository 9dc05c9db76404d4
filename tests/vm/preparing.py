"""Compile on the host what a guest will load: clang under emulation would take minutes.

In: a saved profile of the guest's kernel.  Out: the directory that is the guest's object cache, and what is to be known of
each case.  Called by `lane.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kernels import LaneError
from stages import FOLDER, KINDS, PORTABLE, cases, replaced

from policyd.assembly import resolve_all
from policyd.builders.cache import ObjectCache
from policyd.builders.clang import ClangBuilder
from policyd.cli.render import bound_units
from policyd.codegen import Source
from policyd.parsing import load, parse_policies
from policyd.policy import Policy
from policyd.resolve import Host
from policyd.target import Target
from policyd.toolchain import Toolchain
from policyd.unit import TypedPolicy

GUEST = Host({"lo": "ethernet"}, "/sys/fs/cgroup", lambda _: True)
"""What a guest has: one interface, cgroup v2 alone."""


Way = tuple[str, str]
"""A kind of hook as policies spell it, and the kind of the attach points that a kernel has for it."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the host found out about a case (or a shipped policy) and one kernel.

    `not_applicable` has the optional rules that the kernel has no place for, with the reason; with an `error` it cannot be
    applied at all.
    """

    not_applicable: dict[str, str] = field(default_factory=dict)
    ways: tuple[Way, ...] = ()
    error: str = ""


class Preparation:
    """Compiles for one target into one directory; `cases` and `shipped` (by name) are for the guest."""

    def __init__(self, profile: Path, objects: Path) -> None:
        self._target = Target.load(profile)
        self._builder = ClangBuilder(ObjectCache(objects))
        self._toolchain = Toolchain(self._target, self._builder)
        self._sources: dict[str, Source] = {}
        self.cases: dict[str, Case] = {}
        self.shipped: dict[str, Case] = {}

    def add_stages(self) -> None:
        """Add what every kernel must be able to run; `LaneError`."""
        typed = self._add("policies", load((str(FOLDER),)).require())
        self.shipped = {policy.name: _case((policy,)) for policy in typed}
        for kind in KINDS:
            for number, text in enumerate(replaced(kind)):
                self._add(f"{kind.name}-{number}", parse_policies(text.encode(), kind.name).require())

    def add_portable(self) -> None:
        """Add what guests with other kernels load too."""
        self._add("portable", load((str(PORTABLE),)).require())

    def add_cases(self, files: Iterable[Path] = cases()) -> None:
        """Add each file alone: what is wrong with it is for the test that applies it to complain about."""
        for file in files:
            try:
                self.cases[file.stem] = _case(self._add(file.stem, load((str(file),)).require()))
            except Exception as error:
                self.cases[file.stem] = Case(error=f"{type(error).__name__}: {error}")

    def compile(self) -> None:
        """Compile all that was added and is not there yet, as many at once as there are CPUs; `LaneError`."""
        results = self._builder.compile_many(self._sources)
        for stage, result in results.items():
            if not isinstance(result, bytes):
                name = stage.partition(" ")[0]
                if name not in self.cases:
                    raise LaneError(f"for {self._target.release}: {stage}: {result}")
                self.cases[name] = Case(error=str(result))

    def facts(self) -> dict[str, object]:
        """Return what the guest is told."""
        both = {"cases": self.cases, "shipped": self.shipped}
        return {kind: {name: asdict(case) for name, case in cases.items()} for kind, cases in both.items()}

    def _add(self, stage: str, policies: tuple[Policy, ...]) -> tuple[TypedPolicy, ...]:
        """Render what one apply of these policies would compile, and return them typed."""
        typed, problems = resolve_all(policies, self._target, GUEST)
        wrong = [str(problem) for problem in problems if problem.severity == "error"]
        if wrong:
            raise LaneError(f"on {self._target.release}: " + "; ".join(wrong))
        for bound in bound_units(typed):
            self._sources[f"{stage} {bound.unit.attach_point.key}"] = self._toolchain.render(bound)
        return typed


def _case(policies: tuple[TypedPolicy, ...]) -> Case:
    ways = {(rule.hook_kind, rule.attach_point.kind) for policy in policies for rule in policy.rules}
    return Case({rule: reason for policy in policies for rule, reason in policy.not_applicable}, tuple(sorted(ways)))
