"""The steps of a plan: frozen values that say what to do and to whom; `policyd.engine` knows how.

A step's `stage` is its place in the order of docs/architecture.md.  `policies` are those whose change the step serves:
they are the ones to leave out if it fails.  `describe()` is the line that a person reads in `policyd plan`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.maps import MapClass, MapSpec
    from policyd.record import PolicyRecord, UsedRows
    from policyd.trees import TreeRoots
    from policyd.unit import AttachPoint, BoundUnit

CONFIG_SUSPEND, CONFIG_ENFORCE = 1, 2
"""Bits of a policy's flags in the shared `config` map."""


RULES_CHANGED = "its rules changed"
"""The reason of a swap that is no repair."""

REMOVED = "it was removed from outside"
CHANGED = "it was changed from outside"
NEW_SHAPE = "another version of policyd made it in another shape; what it counted is kept"


@dataclass(frozen=True, slots=True)
class Mend:
    """Something that was changed from outside and is put right: what, and what was wrong with it, for people."""

    what: str
    reason: str


def show_flags(flags: int) -> str:
    """Return a policy's config flags in words."""
    mode = "enforce" if flags & CONFIG_ENFORCE else "monitor"
    return f"{mode}, suspended" if flags & CONFIG_SUSPEND else mode


@dataclass(frozen=True, slots=True)
class Step(ABC):
    """What all steps have in common."""

    stage: ClassVar[int] = 0

    @property
    def policies(self) -> tuple[str, ...]:
        return ()

    @property
    def point(self) -> AttachPoint | None:
        """The attach point that the step works on, if it is one's."""
        return None

    @property
    def mend(self) -> Mend | None:
        """What the step puts right; None if it does what was asked for."""
        return None

    @abstractmethod
    def describe(self) -> str:
        """Return the line that a person reads in the plan."""


@dataclass(frozen=True, slots=True)
class PolicyStep(Step):
    """A step for one policy."""

    policy: str

    @property
    def policies(self) -> tuple[str, ...]:
        return (self.policy,)


@dataclass(frozen=True, slots=True)
class HookStep(Step):
    """A step for the program of one attach point."""

    bound: BoundUnit

    @property
    def policies(self) -> tuple[str, ...]:
        return self.bound.unit.policies

    @property
    def point(self) -> AttachPoint:
        return self.bound.unit.attach_point


def kept_for(bound: BoundUnit) -> str:
    """Return for which rules an attach point is there that has none of its own; nothing for all others."""
    saves = bound.unit.saves
    if saves is None or bound.unit.rules:
        return ""
    return f"for rule {shown_rules(saves.rules)}, at the end of the calls"


def shown_rules(rules: Iterable[tuple[str, str]]) -> str:
    """Return rules (policy, name) as `policy/name`, the first few of many."""
    names = [f"{policy}/{rule}" for policy, rule in rules]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def because(reason: str) -> str:
    """Return a reason as the end of a line, or nothing."""
    return f" ({reason})" if reason else ""


# ------------------------------------------------------------------------------------------- 1. load everything first


@dataclass(frozen=True, slots=True)
class CreateShared(Step):
    """Make and pin a map of `shared/`; a class of maps (`map_class`) gets its outer array."""

    stage: ClassVar[int] = 0
    name: str
    map_class: MapClass | None = None
    reason: str = ""
    repair: bool = True

    @property
    def mend(self) -> Mend | None:
        return Mend(f"shared map {self.name}", self.reason) if self.reason and self.repair else None

    def describe(self) -> str:
        return f"create shared map {self.name}{because(self.reason)}"


@dataclass(frozen=True, slots=True)
class BuildProgram(HookStep):
    """Compile (or take from the cache) and load the program of an attach point."""

    stage: ClassVar[int] = 1
    reason: str = ""

    def describe(self) -> str:
        who = f"for {count(len(self.policies), 'policy', 'policies')}" if self.policies else f"({self.bound.unit.internal})"
        reasons = "; ".join(part for part in (self.reason, kept_for(self.bound)) if part)
        return f"build {self.bound.program_name} for {self.point.key} {who}{because(reasons)}"


@dataclass(frozen=True, slots=True)
class PrepareRow(PolicyStep):
    """Zero the account of a row that the policy has got anew, and set its config."""

    stage: ClassVar[int] = 2
    row: int
    flags: int

    def describe(self) -> str:
        return f"give policy {self.policy} row {self.row} ({show_flags(self.flags)})"


@dataclass(frozen=True, slots=True)
class CreateRing(PolicyStep):
    """Make a policy's ring of `size` bytes, pin it, and put it into the policy's row of `shared/rings`.

    `retire`: the pin under which the ring that it replaces is kept until what is unread in it has been read.
    """

    stage: ClassVar[int] = 2
    row: int
    size: int
    reason: str = ""
    repair: bool = False
    retire: str = ""

    @property
    def mend(self) -> Mend | None:
        return Mend(f"ring of policy {self.policy}", self.reason) if self.repair else None

    def describe(self) -> str:
        kept = "; what is unread in the old one is read first" if self.retire else ""
        return f"create ring of policy {self.policy}, {self.size >> 10} KiB{because(self.reason + kept)}"


@dataclass(frozen=True, slots=True)
class CreateMap(PolicyStep):
    """Make a map, fill it if it is a list, pin it, put it into its row."""

    stage: ClassVar[int] = 2
    spec: MapSpec
    row: int
    reason: str = ""
    repair: bool = False

    @property
    def mend(self) -> Mend | None:
        return Mend(f"{self.spec.purpose} {self.spec.name} of policy {self.policy}", self.reason) if self.repair else None

    def describe(self) -> str:
        what = f"{self.spec.purpose} {self.spec.name}"
        values = self.spec.values
        size = count(self.spec.max_entries, "entry", "entries") if values is None else count(len(values), "value")
        return f"create {what} of policy {self.policy}, {size}{because(self.reason)}"


@dataclass(frozen=True, slots=True)
class PlaceMap(PolicyStep):
    """Put the pinned map (or ring) `path` back into its row."""

    stage: ClassVar[int] = 2
    path: str
    shared: str
    row: int
    what: str

    @property
    def mend(self) -> Mend:
        return Mend(f"row of {self.what} of policy {self.policy}", CHANGED)

    def describe(self) -> str:
        return f"put {self.what} of policy {self.policy} back into row {self.row} of {self.shared} (changed from outside)"


@dataclass(frozen=True, slots=True)
class SetNewScalar(PolicyStep):
    """Set a scalar row that no running program reads yet."""

    stage: ClassVar[int] = 2
    name: str
    row: int
    value: tuple[int, int] | None

    def describe(self) -> str:
        return f"set {_scalar(self.name)} of policy {self.policy}"


def _scalar(name: str) -> str:
    """Name a scalar: a param, or the numbers of a rate or a sample (`ScalarParam`)."""
    return f"the numbers of {name}" if "-" in name else f"param {name}"


# ------------------------------------------------------------------------------------------- 2. attach next


@dataclass(frozen=True, slots=True)
class AttachHook(HookStep):
    """Make the link, holding a stub with an empty slot, or a program that does nothing."""

    stage: ClassVar[int] = 3
    reason: str = ""

    def describe(self) -> str:
        reasons = "; ".join(part for part in (self.reason, kept_for(self.bound)) if part)
        return f"attach {self.point.key}{because(reasons)}"


@dataclass(frozen=True, slots=True)
class MendLinks(HookStep):
    """Where each CPU has a link: make those that are missing, take away those of CPUs that are gone."""

    stage: ClassVar[int] = 3
    reason: str

    @property
    def mend(self) -> Mend:
        return Mend(self.point.key, self.reason)

    def describe(self) -> str:
        return f"mend the links of {self.point.key}{because(self.reason)}"


# ------------------------------------------------------------------------------------------- 3. records


@dataclass(frozen=True, slots=True)
class WriteRecord(PolicyStep):
    """Replace the policy's record."""

    stage: ClassVar[int] = 4
    record: PolicyRecord

    def describe(self) -> str:
        return f"write record of policy {self.policy}"


@dataclass(frozen=True, slots=True)
class ForgetPolicy(PolicyStep):
    """Remove the record of a policy that shall go: from here on no later run brings it back."""

    stage: ClassVar[int] = 4

    def describe(self) -> str:
        return f"forget policy {self.policy}"


# ------------------------------------------------------------------------------------------- 4. swap, then change in place


@dataclass(frozen=True, slots=True)
class SetConfig(PolicyStep):
    """Set the mode of a running policy, before the swap if it shall act less than it does now, else after it."""

    row: int
    flags: int
    before: int | None
    repair: bool = False

    @property
    def mend(self) -> Mend | None:
        return Mend(f"mode of policy {self.policy}", CHANGED) if self.repair else None

    @property
    def stage(self) -> int:  # type: ignore[override]
        return 5 if _less(self.flags, self.before) else 7

    def describe(self) -> str:
        was = "" if self.before is None else f" (was {show_flags(self.before)})"
        return f"set policy {self.policy} to {show_flags(self.flags)}{was}"


def _less(flags: int, before: int | None) -> bool:
    acts, acted = ((f or 0) & (CONFIG_SUSPEND | CONFIG_ENFORCE) == CONFIG_ENFORCE for f in (flags, before))
    return acted and not acts


@dataclass(frozen=True, slots=True)
class SwapProgram(HookStep):
    """Put the loaded program in charge: its hook's record first, then one slot update or one link update.

    `previous` are the rows that what ran before may name.  `repair`: `reason` is something that was changed from outside.
    """

    stage: ClassVar[int] = 6
    previous: UsedRows
    reason: str = ""
    repair: bool = False

    @property
    def mend(self) -> Mend | None:
        return Mend(self.point.key, self.reason) if self.repair else None

    def describe(self) -> str:
        return f"swap in {self.bound.program_name} at {self.point.key}{because(self.reason)}"


@dataclass(frozen=True, slots=True)
class FillList(PolicyStep):
    """Replace all values of a list by filling a new map and putting it into the row: no event sees half a list.

    `repair`: its values are as they were, and somebody changed the map.
    """

    stage: ClassVar[int] = 7
    spec: MapSpec
    row: int
    repair: bool = False

    @property
    def what(self) -> str:
        shared = "shared " if "/" in self.spec.list else ""
        return f"{shared}list {self.spec.list or self.spec.param or self.spec.name} of policy {self.policy}"

    @property
    def mend(self) -> Mend | None:
        return Mend(self.what, CHANGED) if self.repair else None

    def describe(self) -> str:
        size = count(len(self.spec.values or ()), "value")
        alone = "a map update" if self.spec.list else ""
        return f"set {self.what} to {size}{because(CHANGED if self.repair else alone)}"


@dataclass(frozen=True, slots=True)
class SetScalar(PolicyStep):
    """Change a scalar param in place; `repair`: back to what it was."""

    stage: ClassVar[int] = 7
    name: str
    row: int
    value: tuple[int, int] | None
    repair: bool = False

    @property
    def mend(self) -> Mend | None:
        return Mend(f"{_scalar(self.name)} of policy {self.policy}", CHANGED) if self.repair else None

    def describe(self) -> str:
        return f"change {_scalar(self.name)} of policy {self.policy}{because(CHANGED if self.repair else '')}"


@dataclass(frozen=True, slots=True)
class FillProcesses(Step):
    """Enter the processes that already run into the process table; `reason`: why a table that was there needs it."""

    stage: ClassVar[int] = 7
    reason: str = ""

    @property
    def mend(self) -> Mend | None:
        return Mend("process table", self.reason) if self.reason else None

    def describe(self) -> str:
        return f"fill the process table from /proc{because(self.reason)}"


@dataclass(frozen=True, slots=True)
class FillTree(PolicyStep):
    """Enter the processes that already run into the map of a process tree, pinned at `path`.

    `changed`: it was filled for other programs or numbers, and what does not belong any more is taken out.
    """

    stage: ClassVar[int] = 7
    path: str
    roots: TreeRoots
    changed: bool = False

    def describe(self) -> str:
        why = "its roots changed" if self.changed else ""
        return f"enter running processes into {self.roots.tree.map_name} of policy {self.policy}{because(why)}"


# ------------------------------------------------------------------------------------------- 5. clean up


@dataclass(frozen=True, slots=True)
class DetachHook(Step):
    """Remove the link, programs and record of an attach point that no rule needs any more."""

    stage: ClassVar[int] = 8
    id: str
    key: str

    def describe(self) -> str:
        return f"detach {self.key}"


@dataclass(frozen=True, slots=True)
class FreeMap(Step):
    """Unpin a map that no record names (`path`), and empty the rows that no record names (`rows` of `shared`)."""

    stage: ClassVar[int] = 9
    path: str = ""
    shared: str = ""
    rows: tuple[int, ...] = ()
    what: str = ""

    def describe(self) -> str:
        return f"free {self.what or self.path or self.shared}"


@dataclass(frozen=True, slots=True)
class RemoveDirectory(Step):
    """Remove the directory, and all pins that are ours in it, of a policy that is gone."""

    stage: ClassVar[int] = 10
    path: str
    what: str

    def describe(self) -> str:
        return f"remove {self.what}"


@dataclass(frozen=True, slots=True)
class FreeShared(Step):
    """Unpin a map of `shared/` that nothing uses any more."""

    stage: ClassVar[int] = 11
    name: str

    def describe(self) -> str:
        return f"free shared map {self.name}"


def count(number: int, one: str, many: str = "") -> str:
    """Return `1 value`, `2 values`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
