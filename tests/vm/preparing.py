"""Compile on the host what a guest will load: clang under emulation would take minutes.

In: a saved profile of the guest's kernel.  Out: the directory that is the guest's object cache, and what is to be known of
each case.  Called by `lane.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
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

GUEST = Host({"lo": "ethernet"}, "/sys/fs/cgroup", lambda _: True)
"""What a guest has: one interface, cgroup v2 alone."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the host found out about a case and one kernel.

    `not_applicable` has the optional rules that the kernel has no place for, with the reason; with an `error` it cannot be
    applied at all.
    """

    not_applicable: dict[str, str]
    error: str = ""


class Preparation:
    """Compiles for one target into one directory; `cases` is filled by `add_cases`, and written for the guest."""

    def __init__(self, profile: Path, objects: Path) -> None:
        self._target = Target.load(profile)
        self._builder = ClangBuilder(ObjectCache(objects))
        self._toolchain = Toolchain(self._target, self._builder)
        self._sources: dict[str, Source] = {}
        self.cases: dict[str, Case] = {}

    def add_stages(self) -> None:
        """Add what every kernel must be able to run; `LaneError`."""
        self._add("policies", load((str(FOLDER),)).require())
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
                self.cases[file.stem] = Case(self._add(file.stem, load((str(file),)).require()))
            except Exception as error:
                self.cases[file.stem] = Case({}, f"{type(error).__name__}: {error}")

    def compile(self) -> None:
        """Compile all that was added and is not there yet, as many at once as there are CPUs; `LaneError`."""
        results = self._builder.compile_many(self._sources)
        for stage, result in results.items():
            if not isinstance(result, bytes):
                name = stage.partition(" ")[0]
                if name not in self.cases:
                    raise LaneError(f"for {self._target.release}: {stage}: {result}")
                self.cases[name] = Case({}, str(result))

    def facts(self) -> dict[str, object]:
        """Return what the guest is told of the cases."""
        return {name: asdict(case) for name, case in self.cases.items()}

    def _add(self, stage: str, policies: tuple[Policy, ...]) -> dict[str, str]:
        """Render what one apply of these policies would compile; return the rules that do not apply to this kernel."""
        typed, problems = resolve_all(policies, self._target, GUEST)
        wrong = [str(problem) for problem in problems if problem.severity == "error"]
        if wrong:
            raise LaneError(f"on {self._target.release}: " + "; ".join(wrong))
        for bound in bound_units(typed):
            self._sources[f"{stage} {bound.unit.attach_point.key}"] = self._toolchain.render(bound)
        return {rule: reason for policy in typed for rule, reason in policy.not_applicable}
