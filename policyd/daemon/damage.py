"""What somebody else has changed: what runs now, compared with what was last known to be right.  Pure.

In: two `Observed`.  Out: `Damage` rows.  Records decide what belongs: where a record is another one than before, another
policyd has been at work, and that is no damage; where a record is the same (or gone, while others still refer to it),
whatever else differs is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.record import HOOKS, POLICIES, SHARED, map_pin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.kernel.port import MapInfo
    from policyd.observe import Observed, ObservedHook, ObservedPolicy
    from policyd.record import PolicyRecord

DELETED = "it was deleted"
REMOVED = "it was removed from outside"
CHANGED = "it was changed from outside"


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it was: what is wrong, where, whose it is, and the directories whose pins are missing."""

    what: str
    where: str
    policies: tuple[str, ...] = ()
    directory: str = ""


def find_damage(good: Observed, now: Observed, owned: Iterable[str] = ()) -> tuple[Damage, ...]:
    """Return what was changed between `good` and `now`; `owned` are policies that nobody but the agent may delete."""
    found = [*_shared(good, now), *_hooks(good, now), *_policies(good, now, frozenset(owned))]
    return tuple(dict.fromkeys(found))


# ------------------------------------------------------------------------------------------------ shared maps


def _shared(good: Observed, now: Observed) -> Iterator[Damage]:
    """Maps that running programs use and that are not pinned any more, or are others."""
    used = {name: hook for hook in now.hooks.values() if hook.record for name in now.stale(hook)}
    for name, hook in used.items():
        if name in good.shared and hook.record:
            what = REMOVED if name not in now.shared else CHANGED
            yield Damage(what, f"shared map {name}", tuple(sorted(now.records)), SHARED)


# ------------------------------------------------------------------------------------------------ hooks


def _hooks(good: Observed, now: Observed) -> Iterator[Damage]:
    for hook_id, before in good.hooks.items():
        if before.record is None:
            continue
        after = now.hooks.get(hook_id)
        if after is None or after.record is None:
            users = tuple(name for name, record in sorted(now.records.items()) if hook_id in record.needed_points)
            if users:
                what = "its record was removed from outside" if after else REMOVED
                yield Damage(what, before.record.point.key, users, f"{HOOKS}/{hook_id}")
    for hook_id, after in now.hooks.items():
        what = _hook_fault(good.hooks.get(hook_id), after)
        if what and after.record:
            yield Damage(what, after.record.point.key, after.record.policies, f"{HOOKS}/{hook_id}")


def _hook_fault(before: ObservedHook | None, after: ObservedHook) -> str:
    """Why an attach point is not what its record says; a place that is gone is nobody's change."""
    if after.record is None or after.located is None:
        return ""
    fault = after.fault or after.program_fault
    if fault or before is None or before.record != after.record:
        return fault
    lost = sorted(name for name in set(before.pins) - set(after.pins) if not name.startswith("next-"))
    return f"{lost[0]} is not pinned any more" if lost else ""


# ------------------------------------------------------------------------------------------------ policies


def _policies(good: Observed, now: Observed, owned: frozenset[str]) -> Iterator[Damage]:
    running = {name for hook in now.hooks.values() if hook.record for name in hook.record.policies}
    for directory, before in good.policies.items():
        if before.record is None:
            continue
        name, after = before.record.name, now.policies.get(directory)
        where, path = f"policy {name}", f"{POLICIES}/{directory}"
        if after is None or after.record is None:
            if name in running:
                yield Damage("its record was removed from outside", where, (name,), path)
            elif name in owned:
                yield Damage(DELETED, where, (name,))
        elif after.record == before.record:
            yield from (Damage(what, where, (name,), path) for what in _differences(before, after, good, now))


def _differences(before: ObservedPolicy, after: ObservedPolicy, good: Observed, now: Observed) -> Iterator[str]:
    """What differs of a policy whose record is the same."""
    record = before.record
    if record is None:
        return
    if before.ring and _id(after.ring) != before.ring.id:
        yield f"its ring: {_how(after.ring)}"
    for name, pinned in sorted(record.maps.items()):
        pin = map_pin(record.name, name, pinned.fingerprint)
        if pin in before.maps and _id(after.maps.get(pin)) != before.maps[pin].id:
            yield f"its {pinned.purpose} {name}: {_how(after.maps.get(pin))}"
    yield from _rows(record, good, now)


def _rows(record: PolicyRecord, good: Observed, now: Observed) -> Iterator[str]:
    if good.config.get(record.row) != now.config.get(record.row):
        yield f"its mode or suspension {CHANGED.removeprefix('it ')}"
    for name, scalar in sorted(record.scalars.items()):
        if good.scalars.get(scalar.row) != now.scalars.get(scalar.row):
            yield f"its param {name} {CHANGED.removeprefix('it ')}"
    places = [("rings", record.row, "ring"), *((row.shared, row.row, name) for name, row in sorted(record.maps.items()))]
    for array, row, name in places:
        if array in now.rows and good.rows.get(array, {}).get(row) != now.rows[array].get(row):
            yield f"the row of its {name} {CHANGED.removeprefix('it ')}"


def _id(info: MapInfo | None) -> int:
    return info.id if info else 0


def _how(info: MapInfo | None) -> str:
    return REMOVED if info is None else CHANGED
