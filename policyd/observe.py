"""What runs on this host now, read from the kernel alone: pins, map contents, links, the programs behind them.

In: a `Kernel`.  Out: one frozen `Observed`, which the planner compares with what is wanted.  Nothing here changes anything.
Names in our directories that are not of the shapes that the engine makes are listed as `unknown`, and never touched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policyd.errors import KernelError
from policyd.observed_hook import HOOK_PIN, ObservedHook, observe_hook
from policyd.record import (
    HOOKS,
    POLICIES,
    SHARED,
    Found,
    HookRecord,
    PolicyRecord,
    find_record,
    map_pin,
    opened,
    policy_id,
)
from policyd.trees import MARK_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.kernel.port import Kernel, MapInfo

_POLICY_DIRECTORY = re.compile(r"policy-[0-9a-f]{12}")
_HOOK_DIRECTORY = re.compile(r"[a-z_]+-[0-9a-f]{12}")
POLICY_PIN = re.compile(r"(record|ring|retired-[0-9]+|map-[0-9a-f]{12})(__new)?")
SHARED_PIN = re.compile(
    r"(config|account|scalars|rings|readers|guarded|processes|processes-filled|class-[a-z0-9_]+?|calls-[0-9a-f]{12})(__new)?"
)
"""The pins that the engine makes; `__new` is one that was about to replace the other (bpffs.Bpffs.pin)."""

_HALF_MADE = re.compile(r"__new$|^next-")
_TOP = frozenset({POLICIES, HOOKS, SHARED, "staging", "pending", "sources"})


FILLED = f"{SHARED}/processes-filled"
"""A record of the id of the process table that has been filled from /proc."""


@dataclass(frozen=True, slots=True)
class ObservedPolicy:
    """A directory of `policies/`: its record (or why there is none), and what is pinned beside it."""

    id: str
    record: PolicyRecord | None
    reason: str
    ring: MapInfo | None
    maps: dict[str, MapInfo]  # by pin name
    retired: dict[str, int] = field(default_factory=dict)  # rings that were replaced and not yet drained: pin name → map id


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything of ours on this host.

    `rows[name][row]` is the id of the map in that row of the outer array `name`: of all rows that a record names, and of
    those that a run which did not end has left.
    """

    policies: dict[str, ObservedPolicy] = field(default_factory=dict)  # by directory name
    hooks: dict[str, ObservedHook] = field(default_factory=dict)  # by directory name
    shared: dict[str, MapInfo] = field(default_factory=dict)  # by pin name
    rows: dict[str, dict[int, int]] = field(default_factory=dict)
    config: dict[int, int] = field(default_factory=dict)  # policy row → flags, of the rows that records name
    scalars: dict[int, bytes] = field(default_factory=dict)  # scalar row → value, of the rows that records name
    trees: dict[int, bytes] = field(default_factory=dict)  # id of a process tree's map → what it was filled for
    filled: int = 0  # id of the process table that was filled
    leftovers: tuple[str, ...] = ()  # paths of pins that a run which did not end left on the way
    unknown: tuple[str, ...] = ()
    records: dict[str, PolicyRecord] = field(init=False)  # the readable ones of `policies`, by policy name

    def __post_init__(self) -> None:
        records = {found.record.name: found.record for found in self.policies.values() if found.record}
        object.__setattr__(self, "records", records)

    def stale(self, hook: ObservedHook) -> tuple[str, ...]:
        """Return the shared maps that the hook's programs use and that are gone from their pins, or are others now."""
        used = hook.record.shared if hook.record else {}
        return tuple(name for name, map_id in used.items() if name not in self.shared or self.shared[name].id != map_id)

    def hook_fault(self, hook: ObservedHook) -> str:
        """Return why what runs at a hook is not what its record says (in a few words), or nothing."""
        return hook.fault or self.program_fault(hook)

    def program_fault(self, hook: ObservedHook) -> str:
        """Return why the program behind a hook's links is not what its record says (in a few words), or nothing."""
        stale = [f"shared map {name} is not the one that it uses" for name in self.stale(hook)[:1]]
        return hook.program_fault or "".join(stale)

    @property
    def damaged(self) -> tuple[str, ...]:
        """Records that are there and cannot be understood, with the reasons."""
        reasons = [row.reason for row in self.policies.values()] + [row.reason for row in self.hooks.values()]
        return tuple(reason for reason in reasons if reason)


def observe(kernel: Kernel) -> Observed:
    """Read the whole state below the bpffs root; a root that does not exist is an empty state."""
    names = _Names([name for name in kernel.list("") if name not in _TOP], [])
    policies = {name: _policy(kernel, name, names) for name in names.ours(kernel, POLICIES, _POLICY_DIRECTORY)}
    hooks = {name: _hook(kernel, name, names) for name in names.ours(kernel, HOOKS, _HOOK_DIRECTORY)}
    shared = _shared(kernel, names)
    records = [row.record for row in policies.values() if row.record]
    config = _values(kernel, "config", [record.row for record in records])
    scalar_rows = [scalar.row for record in records for scalar in record.scalars.values()]
    return Observed(
        policies=policies,
        hooks=hooks,
        shared=shared,
        rows=_rows(kernel, shared, policies, hooks),
        config={row: int.from_bytes(value[:4], "little") for row, value in config.items()},
        scalars=_values(kernel, "scalars", scalar_rows),
        trees=dict(_trees(kernel, policies)),
        filled=(find_record(kernel, FILLED, FilledRecord).record or FilledRecord(0)).map_id,
        leftovers=tuple(names.leftovers),
        unknown=tuple(names.unknown),
    )


@dataclass(frozen=True, slots=True)
class FilledRecord:
    """Pinned at `FILLED` once the process table `map_id` holds what /proc knew."""

    map_id: int
    schema: int = 1


@dataclass(frozen=True, slots=True)
class _Names:
    """Collects the names that are nobody's."""

    unknown: list[str]
    leftovers: list[str]

    def ours(self, kernel: Kernel, directory: str, shape: re.Pattern[str]) -> tuple[str, ...]:
        """Return the names in a directory that have the shape of ours; the others, and what is half made, are noted."""
        names = kernel.list(directory)
        self.unknown.extend(f"{directory}/{name}" for name in names if not shape.fullmatch(name))
        self.leftovers.extend(f"{directory}/{name}" for name in names if shape.fullmatch(name) and _HALF_MADE.search(name))
        return tuple(name for name in names if shape.fullmatch(name) and not name.endswith("__new"))


def map_at(kernel: Kernel, path: str) -> MapInfo | None:
    """Return what the kernel says of the map pinned at `path`; None if there is none, or if it is no map."""
    try:
        with opened(kernel, path) as fd:
            return None if fd is None else kernel.map_info(fd)
    except KernelError:
        return None


def _policy(kernel: Kernel, directory: str, names: _Names) -> ObservedPolicy:
    path = f"{POLICIES}/{directory}"
    pins = names.ours(kernel, path, POLICY_PIN)
    found = find_record(kernel, f"{path}/record", PolicyRecord)
    if found.record and policy_id(found.record.name) != directory:
        found = Found(None, f"{path}/record is the record of another policy ({found.record.name})")
    maps = {name: info for name in pins if name.startswith("map-") and (info := map_at(kernel, f"{path}/{name}"))}
    ring = map_at(kernel, f"{path}/ring") if "ring" in pins else None
    replaced = (name for name in pins if name.startswith("retired-"))
    retired = {name: info.id for name in replaced if (info := map_at(kernel, f"{path}/{name}"))}
    return ObservedPolicy(directory, found.record, found.reason, ring, maps, retired)


def _hook(kernel: Kernel, directory: str, names: _Names) -> ObservedHook:
    path = f"{HOOKS}/{directory}"
    pins = names.ours(kernel, path, HOOK_PIN)
    found = find_record(kernel, f"{path}/record", HookRecord)
    if found.record and found.record.point.id != directory:
        found = Found(None, f"{path}/record is the record of another hook ({found.record.point.key})")
    return observe_hook(kernel, directory, found, pins)


def _shared(kernel: Kernel, names: _Names) -> dict[str, MapInfo]:
    shared: dict[str, MapInfo] = {}
    for name in names.ours(kernel, SHARED, SHARED_PIN):
        with opened(kernel, f"{SHARED}/{name}") as fd:
            if fd is not None:
                shared[name] = kernel.map_info(fd)
    return shared


def _rows(
    kernel: Kernel, shared: dict[str, MapInfo], policies: dict[str, ObservedPolicy], hooks: dict[str, ObservedHook]
) -> dict[str, dict[int, int]]:
    """Return what the outer arrays hold: the rows that records name, and the others only if a run may have left some.

    A map is pinned before it is entered in a row, and unpinned after it was taken out, unless the array goes as a whole: so
    there are others only if something is pinned that no record names, or if none names the array.  Before Linux 6.8 reading
    a row of such an array, empty or not, takes an RCU grace period (67ad2c73ff29): all 4,096 would take a minute.
    """
    everything = any(_has_unnamed_pins(found) for found in policies.values()) or _has_lost_policies(policies, hooks)
    named = _named_rows(policies, hooks)
    rows: dict[str, dict[int, int]] = {}
    for name, info in shared.items():
        if info.type == "array_of_maps":
            with opened(kernel, f"{SHARED}/{name}") as fd:
                few = named.get(name)
                items = () if fd is None else _looked_up(kernel, fd, few) if few and not everything else kernel.items(fd)
                found = ((int.from_bytes(key, "little"), int.from_bytes(value, "little")) for key, value in items)
                rows[name] = {row: map_id for row, map_id in found if map_id}
    return rows


def _has_unnamed_pins(directory: ObservedPolicy) -> bool:
    record = directory.record
    if record is None:
        return True
    return not {map_pin(record.name, row.name, row.fingerprint) for row in record.maps.values()}.issuperset(directory.maps)


def _has_lost_policies(policies: dict[str, ObservedPolicy], hooks: dict[str, ObservedHook]) -> bool:
    """Tell whether hooks run, or may run, rules of policies whose pins somebody has removed."""
    return any(
        found.record is None or not {*map(policy_id, found.record.policies)} <= {*policies} for found in hooks.values()
    )


def _named_rows(policies: dict[str, ObservedPolicy], hooks: dict[str, ObservedHook]) -> dict[str, set[int]]:
    named: dict[str, set[int]] = {}
    for record in (found.record for found in policies.values() if found.record):
        named.setdefault("rings", set()).add(record.row)
        for row in record.maps.values():
            named.setdefault(row.shared, set()).add(row.row)
    for hook in hooks.values():
        named.setdefault("rings", set()).update(hook.used_rows.policies)
        for name, number in hook.used_rows.maps:
            named.setdefault(name, set()).add(number)
    return named


def _trees(kernel: Kernel, policies: dict[str, ObservedPolicy]) -> Iterator[tuple[int, bytes]]:
    """Yield the maps of process trees that were filled, with what for."""
    known = ((found, found.record) for found in policies.values() if found.record)
    trees = ((found, record, row) for found, record in known for row in record.maps.values() if row.purpose == "tree")
    for found, record, row in trees:
        pin = map_pin(record.name, row.name, row.fingerprint)
        with opened(kernel, f"{POLICIES}/{found.id}/{pin}") as fd:
            mark = None if fd is None else kernel.lookup(fd, MARK_KEY)
        if mark is not None and pin in found.maps:
            yield found.maps[pin].id, mark


def _looked_up(kernel: Kernel, fd: int, rows: Iterable[int]) -> Iterator[tuple[bytes, bytes]]:
    for row in sorted(rows):
        key = row.to_bytes(4, "little")
        value = kernel.lookup(fd, key)
        if value is not None:
            yield key, value


def _values(kernel: Kernel, name: str, wanted: Iterable[int]) -> dict[int, bytes]:
    with opened(kernel, f"{SHARED}/{name}") as fd:
        if fd is None:
            return {}
        found = ((row, kernel.lookup(fd, row.to_bytes(4, "little"))) for row in sorted(set(wanted)))
        return {row: value for row, value in found if value is not None}
