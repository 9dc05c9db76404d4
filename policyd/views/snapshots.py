"""What the rules of snapshots show now: `get records POLICY/RULE`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policyd.reading.snapshots import read_snapshot, snapshot_rules
from policyd.views import View
from policyd.views.tables import spellings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from policyd.kernel.port import Kernel
    from policyd.reading.snapshots import Snapshot
    from policyd.record import PolicyRecord


class SnapshotItem(View, frozen=True):
    """What a rule shows of the objects that passed its filters, in the order of the kernel's.

    `entries` counts all of them; there are more than `rows` has if it is larger.
    """

    policy: str
    name: str
    columns: list[str]
    entries: int
    rows: list[dict[str, Any]]


def snapshot_item(found: Snapshot) -> SnapshotItem:
    """Return a snapshot's rows."""
    return SnapshotItem(found.policy, found.name, list(found.columns), found.entries, found.as_json())


def snapshot_names(records: Iterable[PolicyRecord], policy: str = "") -> list[tuple[str, str]]:
    """Return policy and rule of every snapshot, of one policy or of all."""
    return [(record.name, rule.name) for record in records if policy in {"", record.name} for rule in snapshot_rules(record)]


def read_snapshots(
    kernel: Kernel, records: Iterable[PolicyRecord], most: int, policy: str, names: Collection[str]
) -> Iterator[Snapshot]:
    """Yield the snapshots called `names` (all if none are named; `POLICY/RULE` is one policy's), read now."""
    for record in records:
        for rule in snapshot_rules(record) if policy in {"", record.name} else ():
            if names and not spellings(record.name, rule.name) & set(names):
                continue
            if (found := read_snapshot(kernel, record, rule, most)) is not None:
                yield found
