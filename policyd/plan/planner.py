"""`plan`: put the steps of policies, hooks and cleaning together, and say for each policy what changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from policyd.plan.changes import describe_changes, noted
from policyd.plan.cleaning import cleaning_steps, is_exit_side, needed_shared
from policyd.plan.hooks import HookPlanner
from policyd.plan.policies import PolicyPlanner
from policyd.plan.rows import allot_rows
from policyd.plan.shared import outdated
from policyd.plan.steps import NEW_SHAPE, REMOVED, CreateShared, FillProcesses, Mend, PolicyStep, Step, SwapProgram
from policyd.unit import BoundUnit, Rows, Unit, gather

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policyd.maps import MapClass, MapSpec
    from policyd.observe import Observed
    from policyd.plan.shared import SharedShape
    from policyd.record import PolicyRecord, Wanted

ChangeKind = Literal["created", "changed", "unchanged", "removed", "left"]


@dataclass(frozen=True, slots=True)
class Options:
    """What a plan must respect.

    `frozen` policies (name → why) cannot be resolved any more: they, and the attach points that they share, stay as is.
    `skip` are attach points (directory names), `skip_policies` policies, that could not be mended just now.
    `previous` are the records that stood when the change began: what is undone gets its rows back.
    `processes` is the shape that the process table shall have.
    """

    frozen: Mapping[str, str] = field(default_factory=dict)
    skip: frozenset[str] = frozenset()
    skip_policies: frozenset[str] = frozenset()
    previous: Mapping[str, PolicyRecord] = field(default_factory=dict)
    processes: SharedShape | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What the plan means for one policy; `details` are lines for people, `overrides` the params set by hand."""

    kind: ChangeKind
    details: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are to be done, and what they mean for each policy.

    `records` are the policy records as they shall be; `bound` the wanted programs by their attach point's id.
    """

    steps: tuple[Step, ...]
    changes: dict[str, Change]
    records: dict[str, PolicyRecord]
    bound: dict[str, BoundUnit]

    @property
    def empty(self) -> bool:
        return not self.steps

    @property
    def mended(self) -> tuple[Mend, ...]:
        """What was changed from outside and is put right."""
        return tuple(mend for step in self.steps if (mend := step.mend))

    def describe(self) -> tuple[str, ...]:
        """Return one line a step."""
        return tuple(step.describe() for step in self.steps)


def plan(wanted: Mapping[str, Wanted], observed: Observed, options: Options | None = None) -> Plan:
    """Return what brings `observed` to `wanted`; `NoRowError` if a policy finds no room in the shared maps."""
    return _Planner(wanted, observed, options or Options()).plan()


def frozen_hooks(observed: Observed, frozen: Mapping[str, str]) -> frozenset[str]:
    """Return the directory names of the attach points where a frozen policy runs."""
    return frozenset(
        name for name, hook in observed.hooks.items() if hook.record and not set(frozen).isdisjoint(hook.record.policies)
    )


class _Planner:
    def __init__(self, wanted: Mapping[str, Wanted], observed: Observed, options: Options) -> None:
        self.wanted, self.observed, self.options = wanted, observed, options
        self.desired = gather([row.policy for row in wanted.values()])
        self.rows = allot_rows(self.desired, observed, options.previous)
        self.bound = {unit.attach_point.id: self._bind(unit) for unit in self.desired.units}
        self.untouched = options.skip | frozen_hooks(observed, options.frozen)

    def _bind(self, unit: Unit) -> BoundUnit:
        """Return the unit with the rows and maps of its own policies."""
        rows, maps = Rows({}, {}, {}), dict[tuple[str, str], "MapSpec"]()
        for name in unit.policies:
            policy = self.desired.policies[name]
            rows.policies[name] = self.rows.policies[name]
            maps |= {(name, spec.name): spec for spec in policy.maps}
            rows.scalars.update({(name, param.name): self.rows.scalars[name, param.name] for param in policy.scalars})
        rows.maps.update({key: self.rows.maps[key] for key in maps})
        return BoundUnit(unit, rows, maps)

    @cached_property
    def planners(self) -> dict[str, PolicyPlanner]:
        previous = self.options.previous
        return {
            name: PolicyPlanner.of(row, self.rows, self.observed, previous.get(name))
            for name, row in sorted(self.wanted.items())
        }

    @cached_property
    def records(self) -> dict[str, PolicyRecord]:
        """The records of all policies that stay."""
        current = self.observed.records
        kept = {name: current[name] for name in (*self.options.frozen, *self.options.skip_policies) if name in current}
        return {name: planner.record for name, planner in self.planners.items()} | kept

    def plan(self) -> Plan:
        steps = sorted(self._steps(), key=_order)
        changes = {name: self._change(name, steps) for name in sorted({*self.records, *self.observed.records})}
        return Plan(tuple(steps), changes, self.records, self.bound)

    def _steps(self) -> Iterator[Step]:
        processes = any(unit.keeps_processes for unit in self.desired.units)
        shared = needed_shared(
            self.records.values(), processes or ("processes" in self.observed.shared and bool(self.untouched))
        )
        shared |= self._calls()
        before = self.observed.records.values()
        known = needed_shared(before, any(record.process_table for record in before)) | self._known_calls()
        older = outdated(self.observed.shared, self.options.processes)
        for name, map_class in shared.items():
            if name in older:
                yield CreateShared(name, map_class, NEW_SHAPE, repair=False)
            elif name not in self.observed.shared:
                yield CreateShared(name, map_class, REMOVED if name in known and not older else "")
        for hook_id, bound in self.bound.items():
            if hook_id not in self.untouched:
                yield from HookPlanner(bound, self.observed).steps()
        for name, planner in self.planners.items():
            if name not in self.options.skip_policies:
                yield from planner.steps()
        if processes:
            table = self.observed.shared.get("processes")
            if table is None or table.id != self.observed.filled or "processes" in older:
                yield FillProcesses("" if table is None or "processes" in older else "it was not filled")
        yield from cleaning_steps(self.observed, self.records, frozenset(self.bound) | self.untouched, shared)

    def _calls(self) -> dict[str, MapClass | None]:
        """Return the maps of calls that are needed, with their shapes: what stays as it is keeps its own."""
        stays = (hook for name, hook in self.observed.hooks.items() if name in self.untouched)
        kept = dict.fromkeys(name for hook in stays for name in hook.calls if name in self.observed.shared)
        return kept | {calls.pin: calls.map_class for unit in self.desired.units if (calls := unit.calls)}

    def _known_calls(self) -> dict[str, MapClass | None]:
        """Return the maps of calls that what runs was loaded with."""
        return dict.fromkeys(name for hook in self.observed.hooks.values() for name in hook.calls)

    def _change(self, name: str, steps: list[Step]) -> Change:
        before, after = self.observed.records.get(name), self.records.get(name)
        if name in self.options.frozen:
            return Change("left", (self.options.frozen[name],))
        if after is None:
            return Change("removed")
        overrides = tuple(sorted(after.overrides))
        if before is None:
            return Change("created", describe_changes(None, after, steps), overrides)
        own = any(isinstance(step, PolicyStep) and step.policy == name for step in steps)
        if not own and not noted(steps, after):
            return Change("unchanged", (), overrides)
        return Change("changed", describe_changes(before, after, steps), overrides)


def _order(step: Step) -> tuple[int, bool]:
    """Stages first; in the swap, end and exit sides come before the others."""
    return step.stage, isinstance(step, SwapProgram) and not _is_exit(step)


def _is_exit(step: SwapProgram) -> bool:
    return is_exit_side(step.point)
