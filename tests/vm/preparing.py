"""Compile on the host what a guest will load: clang under emulation would take minutes.

In: a saved profile of the guest's kernel.  Out: the directory that is the guest's object cache, and what is to be known of
each case.  Called by `lane.py`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

from archives import LaneError
from stages import (
    CASES,
    FOLDER,
    GOLDEN,
    GOLDEN_HOST,
    GUEST,
    KINDS,
    LIBRARY,
    PORTABLE,
    WITH_NETKIT,
    cases,
    crowds,
    refusing,
    replaced,
)

from policyd.assembly import resolve_all
from policyd.builders.cache import ObjectCache
from policyd.builders.clang import ClangBuilder
from policyd.cli.render import bound_units
from policyd.codegen import Source
from policyd.host import Host
from policyd.parsing import Loaded, load, parse_policies
from policyd.policy import Policy
from policyd.target import Target
from policyd.toolchain import Toolchain
from policyd.unit import TypedPolicy

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
    """Compiles for one target into one directory; `found` has what guests are told: kind of case → its name → `Case`."""

    def __init__(self, target: Target, objects: Path) -> None:
        self._target = target
        self._builder = ClangBuilder(ObjectCache(objects))
        self._toolchain = Toolchain(self._target, self._builder)
        self._sources: dict[tuple[str, str, str], Source] = {}
        kinds = ("shipped", "cases", "golden", "replaced", "portable", "crowd", "library")
        self.found: dict[str, dict[str, Case]] = {kind: {} for kind in kinds}

    def add_stages(self) -> None:
        """Add what every kernel must be able to run; `LaneError`."""
        typed = self._add(("", "policies"), load((str(FOLDER),)).require())
        self.found["shipped"] = {policy.name: _case((policy,)) for policy in typed}

    def add_portable(self) -> None:
        """Add what guests with other kernels load too."""
        for file in PORTABLE:
            self._try(("portable", file.stem), load((str(file),)), GUEST)

    def add_cases(self) -> None:
        """Add each case alone: what is wrong with it is for the test that applies it to complain about."""
        for kind, folder, host in (("cases", CASES, WITH_NETKIT), ("golden", GOLDEN, GOLDEN_HOST)):
            for file in cases(folder):
                self._try((kind, file.stem), load((str(file),)), host)
        self._try(("library", "seen"), load(tuple(map(str, LIBRARY))), GUEST)
        self._try(("library", "refused"), parse_policies(refusing().encode(), "refused"), GUEST)
        for number, text in enumerate(crowds()):
            self._try(("crowd", str(number)), parse_policies(text.encode(), "crowd"), GUEST)
        for kind_ in KINDS:
            for number, text in enumerate(replaced(kind_)):
                self._try(("replaced", f"{kind_.name} {number}"), parse_policies(text.encode(), kind_.name), GUEST)

    def compile(self) -> None:
        """Compile all that was added and is not there yet, as many at once as there are CPUs; `LaneError`."""
        names = {" ".join(key): key for key in self._sources}
        results = self._builder.compile_many({name: self._sources[key] for name, key in names.items()})
        for name, result in results.items():
            kind, stage, _ = names[name]
            if not isinstance(result, bytes):
                if not kind:
                    raise LaneError(f"for {self._target.release}: {name}: {result}")
                self.found[kind][stage] = Case(error=str(result))

    def facts(self) -> dict[str, object]:
        """Return what the guest is told, for JSON."""
        return {kind: {name: asdict(case) for name, case in cases.items()} for kind, cases in self.found.items()}

    def _try(self, stage: tuple[str, str], loaded: Loaded, host: Host) -> None:
        try:
            case = _case(self._add(stage, loaded.require(), host))
        except Exception as error:
            case = Case(error=f"{type(error).__name__}: {error}")
        self.found[stage[0]][stage[1]] = case

    def _add(self, stage: tuple[str, str], policies: tuple[Policy, ...], host: Host = GUEST) -> tuple[TypedPolicy, ...]:
        """Render what one apply of these policies would compile, and return them typed."""
        typed, problems = resolve_all(policies, self._target, host)
        wrong = [str(problem) for problem in problems if problem.severity == "error"]
        if wrong:
            raise LaneError(f"on {self._target.release}: " + "; ".join(wrong))
        for bound in bound_units(typed):
            self._sources[*stage, bound.unit.attach_point.key] = self._toolchain.render(bound)
        return typed


def _case(policies: tuple[TypedPolicy, ...]) -> Case:
    ways = {(rule.hook_kind, rule.attach_point.kind) for policy in policies for rule in policy.rules}
    return Case({rule: reason for policy in policies for rule, reason in policy.not_applicable}, tuple(sorted(ways)))
