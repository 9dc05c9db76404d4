"""What must be done for one policy's own things: its row, ring, maps, scalars, config and record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.plan.rows import NoRowError
from policyd.plan.steps import (
    CONFIG_ENFORCE,
    CONFIG_SUSPEND,
    REMOVED,
    CreateMap,
    CreateRing,
    FillList,
    FillTree,
    PlaceMap,
    PrepareRow,
    SetConfig,
    SetNewScalar,
    SetScalar,
    Step,
    WriteRecord,
)
from policyd.record import Wanted, class_pin, contents_name, map_pin, policy_id, policy_path, policy_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.kernel.port import MapInfo
    from policyd.maps import MapSpec, ScalarParam
    from policyd.observe import Observed, ObservedPolicy
    from policyd.record import PolicyRecord
    from policyd.trees import TreeRoots
    from policyd.unit import Rows

MOST_RETIRED = 8
"""How many replaced rings of a policy may wait for a reader: each is kernel memory."""

READ_THEM = "its events have to be read before its ring can change its size once more: `policyd events {}` reads them"

ROW_ABSENT = bytes(24)
"""A scalar that is optional and empty: `set` is zero."""


def config_flags(suspend: bool, enforce: bool) -> int:
    """Return a policy's flags in the shared `config` map."""
    return (CONFIG_SUSPEND if suspend else 0) | (CONFIG_ENFORCE if enforce else 0)


def scalar_bytes(value: tuple[int, int] | None) -> bytes:
    """Return a row of `shared/scalars`: `{u64 set; u64 low; u64 high;}` for (low, high)."""
    if value is None:
        return ROW_ABSENT
    low, high = (number & 0xFFFF_FFFF_FFFF_FFFF for number in value)
    return (1).to_bytes(8, "little") + low.to_bytes(8, "little") + high.to_bytes(8, "little")


_LOST = {"table": "its rows are lost", "rate": "its buckets are full again"}
"""What a new map means, by purpose; of metrics: their counts restart."""


@dataclass(frozen=True, slots=True)
class PolicyPlanner:
    """Compares one wanted policy with what is there; `record` is what its record shall be.

    `steps()` are in no order but that of their stages.
    """

    wanted: Wanted
    rows: Rows
    observed: Observed
    previous: PolicyRecord | None
    record: PolicyRecord

    @classmethod
    def of(cls, wanted: Wanted, rows: Rows, observed: Observed, previous: PolicyRecord | None) -> PolicyPlanner:
        """Return the planner of one policy, whose record stood as `previous` when the change began."""
        known = observed.records.get(wanted.policy.name)
        return cls(wanted, rows, observed, previous, policy_record(wanted, rows, known or previous))

    @property
    def name(self) -> str:
        return self.wanted.policy.name

    @property
    def known(self) -> PolicyRecord | None:
        return self.observed.records.get(self.name)

    @property
    def pins(self) -> ObservedPolicy | None:
        return self.observed.policies.get(policy_id(self.name))

    def steps(self) -> Iterator[Step]:
        """Yield what makes the policy's own things as they shall be."""
        yield from self._config()
        yield from self._ring()
        for spec in self.wanted.policy.maps:
            yield from self._list(spec) if spec.values is not None else self._map(spec)
        for param in self.wanted.policy.scalars:
            yield from self._scalar(param)
        for roots in self.wanted.policy.trees:
            yield from self._tree(roots)
        if self.known is None or not self.known.same_as(self.record):
            yield WriteRecord(self.name, self.record)

    def _config(self) -> Iterator[Step]:
        row = self.rows.policies[self.name]
        flags = config_flags(self.wanted.policy.suspend, self.wanted.policy.enforce)
        if self.known is None and self.previous is None:
            yield PrepareRow(self.name, row, flags)
        elif (before := self.observed.config.get(row)) != flags:
            same = self.known is not None and config_flags(self.known.suspend, self.known.enforce) == flags
            yield SetConfig(self.name, row, flags, before, repair=same and before is not None)

    def _ring(self) -> Iterator[Step]:
        row, size = self.rows.policies[self.name], self.wanted.policy.ring_bytes
        ring = self.pins.ring if self.pins else None
        if ring is None:
            removed = self.known is not None
            yield CreateRing(self.name, row, size, REMOVED if removed else "", repair=removed)
        elif ring.max_entries != size:
            yield CreateRing(self.name, row, size, f"was {ring.max_entries >> 10} KiB", retire=self._retire(ring))
        elif self._holder("rings", row) != ring.id:
            yield PlaceMap(self.name, policy_path(self.name, "ring"), "rings", row, "the ring")

    def _retire(self, ring: MapInfo) -> str:
        """Return the pin under which the ring that is replaced waits for its reader."""
        retired = self.pins.retired if self.pins else {}
        for pin, map_id in retired.items():
            if map_id == ring.id:  # a run that did not end came this far
                return pin
        if len(retired) >= MOST_RETIRED:
            raise NoRowError(self.name, "ring that waits for its reader", MOST_RETIRED, READ_THEM.format(self.name))
        return f"retired-{max((int(pin.removeprefix('retired-')) for pin in retired), default=0) + 1}"

    def _holder(self, shared: str, row: int) -> int | None:
        return self.observed.rows.get(shared, {}).get(row)

    def _pin(self, spec: MapSpec) -> str:
        return map_pin(self.name, spec.name, self.record.maps[spec.name].fingerprint)

    def _path(self, spec: MapSpec) -> str:
        return policy_path(self.name, self._pin(spec))

    def _pinned(self, spec: MapSpec) -> MapInfo | None:
        """The map at the spec's pin, if it is one of its class."""
        found = self.pins.maps.get(self._pin(spec)) if self.pins else None
        wanted = (spec.map_class.type, spec.map_class.key_size, spec.map_class.value_size)
        return found if found and (found.type, found.key_size, found.value_size) == wanted else None

    def _map(self, spec: MapSpec) -> Iterator[Step]:
        row = self.rows.maps[self.name, spec.name]
        pinned, shared = self._pinned(spec), class_pin(spec.map_class)
        if pinned is None:
            known = self.known.maps.get(spec.name) if self.known else None
            reason, same = "", known is not None
            if known is not None:
                same = known.fingerprint == self.record.maps[spec.name].fingerprint
                lost = _LOST.get(spec.purpose, "its counts restart")
                reason = f"{REMOVED if same else 'its columns or size changed'}: {lost}"
            yield CreateMap(self.name, spec, row, reason, repair=same)
        elif self._holder(shared, row) != pinned.id:
            yield PlaceMap(self.name, self._path(spec), shared, row, f"{spec.purpose} {spec.name}")

    def _tree(self, roots: TreeRoots) -> Iterator[Step]:
        spec = next(spec for spec in self.wanted.policy.maps if spec.name == roots.tree.map_name)
        pinned = self._pinned(spec)
        mark = self.observed.trees.get(pinned.id, b"") if pinned else b""
        if mark != roots.mark:
            yield FillTree(self.name, self._path(spec), roots, changed=bool(mark))

    def _list(self, spec: MapSpec) -> Iterator[Step]:
        """A list is right if its pinned map is frozen, has the name that its values give, and sits in its row."""
        row = self.rows.maps[self.name, spec.name]
        shared = class_pin(spec.map_class)
        holder, pinned = self._holder(shared, row), self._pinned(spec)
        if spec.values and pinned and pinned.frozen and pinned.name == contents_name(spec.values):
            if holder != pinned.id:
                yield PlaceMap(self.name, self._path(spec), shared, row, f"list {spec.name}")
            return
        known = self.known.maps.get(spec.name) if self.known else None
        if known is None or known.fingerprint != self.record.maps[spec.name].fingerprint:
            if spec.values or holder or pinned:
                yield CreateMap(self.name, spec, row)
        elif spec.values or holder or pinned:
            same = known.contents == (contents_name(spec.values) if spec.values else "")
            yield FillList(self.name, spec, row, repair=same)

    def _scalar(self, param: ScalarParam) -> Iterator[Step]:
        row = self.rows.scalars[self.name, param.name]
        known = self.known.scalars.get(param.name) if self.known else None
        if known is None or known.row != row:
            yield SetNewScalar(self.name, param.name, row, param.value)
        elif (before := self.observed.scalars.get(row)) != scalar_bytes(param.value):
            same = known.value == param.value and before is not None
            yield SetScalar(self.name, param.name, row, param.value, repair=same)
