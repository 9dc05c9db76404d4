"""What must go: hooks without rules, policies without a wish, maps, rows and shared maps that nothing names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.plan.steps import DetachHook, ForgetPolicy, FreeMap, FreeShared, RemoveDirectory, Step
from policyd.record import POLICIES, SHARED, PolicyRecord, class_pin, map_pin, policy_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.maps import MapClass
    from policyd.observe import Observed, ObservedPolicy
    from policyd.observed_hook import ObservedHook
    from policyd.unit import AttachPoint

BASE = ("config", "account", "scalars", "rings", "readers", "guarded")
"""Shared maps that are there wherever a policy is."""


def needed_shared(records: Iterable[PolicyRecord], processes: bool) -> dict[str, MapClass | None]:
    """Return the names of the shared maps that policies with these records need, with the class of those that have one."""
    records = tuple(records)
    if not records:
        return {}
    classes = {class_pin(row.map_class): row.map_class for record in records for row in record.maps.values()}
    return dict.fromkeys((*BASE, *(("processes",) if processes else ()))) | dict(sorted(classes.items()))


def cleaning_steps(
    observed: Observed, kept: dict[str, PolicyRecord], hooks: frozenset[str], shared: Iterable[str]
) -> Iterator[Step]:
    """Yield what removes all that is ours and neither a policy of `kept` nor a hook of `hooks` nor `shared` needs.

    `kept` are the records as they shall be, `hooks` the directory names of the attach points that stay.
    """
    for name in sorted(set(observed.records) - set(kept)):
        yield ForgetPolicy(name)
    yield from _hooks(observed, hooks)
    for path in observed.leftovers:
        yield FreeMap(path=path, what=f"{path}, left by a run that did not end")
    yield from _rows(observed, kept, set(shared))
    yield from _pins(observed, kept)
    wanted, shared = {policy_id(name) for name in kept}, set(shared)
    for directory in sorted(set(observed.policies) - wanted):
        record = observed.policies[directory].record
        yield RemoveDirectory(
            f"{POLICIES}/{directory}", f"policy {record.name}" if record else f"what is left of {directory}"
        )
    for name in sorted(set(observed.shared) - shared - {"processes-filled"}):
        yield FreeShared(name)
    if "processes" not in shared and "processes-filled" in observed.shared:
        yield FreeShared("processes-filled")


def _hooks(observed: Observed, wanted: frozenset[str]) -> Iterator[Step]:
    """Yield the detaching of hooks, reading and end sides last."""
    gone = sorted((observed.hooks[name] for name in set(observed.hooks) - wanted), key=_exit_side)
    for hook in gone:
        yield DetachHook(hook.id, hook.record.point.key if hook.record else hook.id)


def _exit_side(hook: ObservedHook) -> tuple[bool, str]:
    return bool(hook.record and is_exit_side(hook.record.point)), hook.id


def is_exit_side(point: AttachPoint) -> bool:
    """Whether an attach point is the end of what another one begins: `syscalls/sys_exit_openat`, a function's return."""
    traced = point.target.rpartition("/")[2]
    return traced == "sys_exit" or traced.startswith("sys_exit_") or point.kind == "fexit" or point.option == "return"


def _rows(observed: Observed, kept: dict[str, PolicyRecord], shared: set[str]) -> Iterator[Step]:
    """Yield the emptying of rows that no kept policy has; outer arrays that go as a whole need none."""
    named: dict[str, dict[int, str]] = {"rings": {record.row: record.name for record in kept.values()}}
    for record in kept.values():
        for row in record.maps.values():
            named.setdefault(row.shared, {})[row.row] = record.name
    for name in sorted(shared & set(observed.rows)):
        free = tuple(sorted(set(observed.rows[name]) - set(named.get(name, ()))))
        if free:
            yield FreeMap(shared=name, rows=free, what=f"rows {', '.join(map(str, free))} of {SHARED}/{name}")


def _pins(observed: Observed, kept: dict[str, PolicyRecord]) -> Iterator[Step]:
    """Yield the unpinning of maps that the record of a kept policy does not name."""
    for name, record in sorted(kept.items()):
        directory = observed.policies.get(record.id)
        pins = {map_pin(name, row.name, row.fingerprint) for row in record.maps.values()}
        old = observed.records[name].maps if name in observed.records else {}
        names = {map_pin(name, row.name, row.fingerprint): row.name for row in old.values()}
        for pin in sorted(set(directory.maps) - pins) if directory else ():
            what = f"map {names.get(pin, pin)} of policy {name}"
            yield FreeMap(path=f"{POLICIES}/{record.id}/{pin}", what=what)
        yield from _half_retired(directory, record)


def _half_retired(directory: ObservedPolicy | None, record: PolicyRecord) -> Iterator[Step]:
    """Yield the unpinning of a ring that was to be replaced and then was not."""
    if directory is None or directory.ring is None or directory.ring.max_entries != record.ring_bytes:
        return
    for pin, map_id in directory.retired.items():
        if map_id == directory.ring.id:
            yield FreeMap(path=f"{POLICIES}/{record.id}/{pin}", what=f"the second pin of the ring of policy {record.name}")
