"""What somebody else has changed: what runs now, compared with what was last known to be right.  Pure.

In: two `Observed`.  Out: `Damage` rows.  Records decide what belongs: where a record is another one than before, another
policyd has been at work, and that is no damage; where a record is the same (or gone, while others still refer to it),
whatever else differs is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.record import HOOKS, POLICIES, SHARED, map_pin, policy_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.kernel.port import MapInfo
    from policyd.observe import Observed, ObservedPolicy
    from policyd.observed_hook import ObservedHook
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


_WITH_USERS = ("class-", "processes")
"""Shared maps that go when nobody uses them any more; the others stay as long as there is a policy."""


def _shared(good: Observed, now: Observed) -> Iterator[Damage]:
    """Maps that are needed, and are not pinned any more, or are others."""
    used = {name for hook in now.hooks.values() if hook.record for name in now.stale(hook)}
    used |= {row.shared for record in now.records.values() for row in record.maps.values()}
    everyone = tuple(sorted(now.records))
    for name, before in good.shared.items():
        after = now.shared.get(name)
        needed = name in used or (not name.startswith(_WITH_USERS) and bool(everyone))
        if needed and (after is None or after.id != before.id):
            yield Damage(REMOVED if after is None else CHANGED, f"shared map {name}", everyone, SHARED)


# ------------------------------------------------------------------------------------------------ hooks


def _hooks(good: Observed, now: Observed) -> Iterator[Damage]:
    users: dict[str, list[str]] = {}
    for name, record in sorted(now.records.items()):
        for hook_id in record.needed_points:
            users.setdefault(hook_id, []).append(name)
    for hook_id, names in sorted(users.items()):
        before, after = good.hooks.get(hook_id), now.hooks.get(hook_id)
        if after is None or after.record is None:
            what = "its record was removed from outside" if after else REMOVED
            where = before.record.point.key if before and before.record else hook_id
            yield Damage(what, where, tuple(names), f"{HOOKS}/{hook_id}")
    for hook_id, after in now.hooks.items():
        what = _hook_fault(good.hooks.get(hook_id), after)
        if what and after.record:
            yield Damage(what, after.record.point.key, after.record.policies, f"{HOOKS}/{hook_id}")


def _hook_fault(before: ObservedHook | None, after: ObservedHook) -> str:
    """Why an attach point is not what its record says; a place that is gone is nobody's change, nor are a CPU's links."""
    if after.record is None or after.located is None:
        return ""
    fault = after.fault or after.program_fault
    if fault or before is None or before.record != after.record:
        return fault
    lost = sorted(name for name in set(before.pins) - set(after.pins) if not name.startswith(("next-", "link")))
    return f"{lost[0]} is not pinned any more" if lost else ""


# ------------------------------------------------------------------------------------------------ policies


def _policies(good: Observed, now: Observed, owned: frozenset[str]) -> Iterator[Damage]:
    named = {name for hook in now.hooks.values() if hook.record for name in hook.record.policies}
    for name in sorted((named | owned) - set(now.records)):
        if name in named:
            yield Damage("its record was removed from outside", f"policy {name}", (name,), policy_path(name))
        else:
            yield Damage(DELETED, f"policy {name}", (name,))
    for directory, before in good.policies.items():
        after = now.policies.get(directory)
        if before.record and after and after.record == before.record:
            where, path = f"policy {before.record.name}", f"{POLICIES}/{directory}"
            yield from (Damage(what, where, (before.record.name,), path) for what in _differences(before, after, good, now))


def _differences(before: ObservedPolicy, after: ObservedPolicy, good: Observed, now: Observed) -> Iterator[str]:
    """What differs of a policy whose record is the same."""
    record = before.record
    if record is None:
        return
    if after.ring is None or (before.ring and after.ring.id != before.ring.id):
        yield f"its ring: {_how(after.ring)}"
    for name, pinned in sorted(record.maps.items()):
        pin = map_pin(record.name, name, pinned.fingerprint)
        unpinned = pin not in after.maps and (pinned.purpose != "list" or bool(pinned.contents))  # an empty list has no pin
        if unpinned or (pin in before.maps and pin in after.maps and after.maps[pin].id != before.maps[pin].id):
            yield f"its {pinned.purpose} {name}: {_how(after.maps.get(pin))}"
    yield from _rows(record, good, now)


def _rows(record: PolicyRecord, good: Observed, now: Observed) -> Iterator[str]:
    if "config" in now.shared and good.config.get(record.row) != now.config.get(record.row):
        yield f"its mode or suspension {CHANGED.removeprefix('it ')}"
    for name, scalar in sorted(record.scalars.items()):
        if "scalars" in now.shared and good.scalars.get(scalar.row) != now.scalars.get(scalar.row):
            yield f"its param {name} {CHANGED.removeprefix('it ')}"
    places = [("rings", record.row, "ring"), *((row.shared, row.row, name) for name, row in sorted(record.maps.items()))]
    for array, row, name in places:
        if array in now.rows and good.rows.get(array, {}).get(row) != now.rows[array].get(row):
            yield f"the row of its {name} {CHANGED.removeprefix('it ')}"


def _how(info: MapInfo | None) -> str:
    return REMOVED if info is None else CHANGED
