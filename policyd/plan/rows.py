"""Who gets which row of the shared maps.

A row that a policy has is kept as long as what it holds is the same.  A row is free if no record, no running program and no
map in the kernel claims it: after a crash, or while old and new programs take turns, two things never share a row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policyd.errors import UnsupportedError
from policyd.plan.shared import MAX_SCALARS
from policyd.record import PolicyRecord, UsedRows, class_pin, map_pin, policy_id
from policyd.unit import CANARY_ROW, BoundUnit, Desired, Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from policyd.maps import MapSpec, ScalarParam
    from policyd.observe import Observed

MAX_POLICIES = CANARY_ROW
MAX_MAPS_IN_CLASS = 4096


class NoRowError(UnsupportedError):
    """There is no room left for `policy`: `most` is how many a host (or a policy) can have of `what`."""

    def __init__(self, policy: str, what: str, most: int, instead: str = "remove policies first") -> None:
        self.policy = policy
        text = f"policy {policy} would need one more {what}, and a host can have {most}"
        super().__init__(text, instead=instead)


@dataclass(slots=True)
class _Pool:
    """The rows of one shared map."""

    what: str
    size: int
    used: set[int] = field(default_factory=set)
    lowest: int = 0

    def take(self, policy: str) -> int:
        while self.lowest in self.used:
            self.lowest += 1
        if self.lowest >= self.size:
            raise NoRowError(policy, self.what, self.size)
        self.used.add(self.lowest)
        return self.lowest


def used_rows(bound: BoundUnit) -> UsedRows:
    """Return the rows that the code of a unit names."""
    names = set(bound.unit.policies)
    maps = {(class_pin(bound.maps[key].map_class), row) for key, row in bound.rows.maps.items() if key[0] in names}
    scalars = {row for key, row in bound.rows.scalars.items() if key[0] in names}
    return UsedRows(tuple(sorted(bound.rows.policies[name] for name in names)), tuple(sorted(scalars)), tuple(sorted(maps)))


def allot_rows(desired: Desired, observed: Observed, previous: Mapping[str, PolicyRecord] | None = None) -> Rows:
    """Give every policy, map and scalar of `desired` its row.

    `previous` are records that stood when this change began: what is undone gets back the rows that it had.
    `NoRowError` if a shared map is full.
    """
    return _Allotment(observed, previous or {}).rows(desired)


class _Allotment:
    def __init__(self, observed: Observed, previous: Mapping[str, PolicyRecord]) -> None:
        self.observed = observed
        self.current, self.previous = observed.records, previous
        self.policies = _Pool("policy", MAX_POLICIES)
        self.scalars = _Pool("scalar param", MAX_SCALARS)
        self.classes: dict[str, _Pool] = {}
        self.places = {name: {map_id: row for row, map_id in rows.items()} for name, rows in observed.rows.items()}
        self._claim()

    def _claim(self) -> None:
        """Mark all rows that are taken."""
        for record in [*self.current.values(), *self.previous.values()]:
            self.policies.used.add(record.row)
            self.scalars.used.update(scalar.row for scalar in record.scalars.values())
            for row in record.maps.values():
                self._class(row.shared).used.add(row.row)
        for hook in self.observed.hooks.values():
            self.policies.used.update(hook.used_rows.policies)
            self.scalars.used.update(hook.used_rows.scalars)
            for name, number in hook.used_rows.maps:
                self._class(name).used.add(number)
        self.policies.used.update(self.observed.rows.get("rings", ()))
        for name, rows in self.observed.rows.items():
            self._class(name).used.update(rows)

    def _class(self, name: str) -> _Pool:
        return self.classes.setdefault(name, _Pool(f"map of class {name.removeprefix('class-')}", MAX_MAPS_IN_CLASS))

    def _records(self, policy: str) -> Iterable[PolicyRecord]:
        return (known[policy] for known in (self.current, self.previous) if policy in known)

    def rows(self, desired: Desired) -> Rows:
        rows = Rows({}, {}, {})
        for name, policy in sorted(desired.policies.items()):
            kept = next((record.row for record in self._records(name)), None)
            rows.policies[name] = self.policies.take(name) if kept is None else kept
            for spec in policy.maps:
                rows.maps[name, spec.name] = self._map_row(spec)
            for param in policy.scalars:
                rows.scalars[name, param.name] = self._scalar_row(param)
        return rows

    def _map_row(self, spec: MapSpec) -> int:
        for record in self._records(spec.policy):
            known = record.maps.get(spec.name)
            if known and known.fingerprint == spec.fingerprint:
                return known.row
        shared = class_pin(spec.map_class)
        directory = self.observed.policies.get(policy_id(spec.policy))
        pinned = directory.maps.get(map_pin(spec.policy, spec.name, spec.fingerprint)) if directory else None
        place = self.places.get(shared, {}).get(pinned.id) if pinned else None
        return self._class(shared).take(spec.policy) if place is None else place

    def _scalar_row(self, param: ScalarParam) -> int:
        for record in self._records(param.policy):
            known = record.scalars.get(param.name)
            if known and known.type == param.type:
                return known.row
        return self.scalars.take(param.policy)
