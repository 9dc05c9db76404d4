"""Snapshots: what the rules of a policy show of objects of the kernel, which the kernel goes through when it is asked.

In: a policy's record and the pinned links of its rules' hooks.  Out: `Snapshot`s: the columns of a rule's event, and a row
for each object that passed its filters.  Nothing of it is kept anywhere: each reading is a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policyd.layout import HEADER
from policyd.observed_hook import link_pin
from policyd.reading.events import Decoder
from policyd.record import HOOKS, opened
from policyd.unit import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.kernel.port import Kernel
    from policyd.reading.events import Event
    from policyd.record import PolicyRecord, RuleRecord

KIND = "iter"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The first `events` of `entries` that a rule shows."""

    policy: str
    name: str
    columns: tuple[str, ...]
    entries: int
    events: tuple[Event, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """Return each row as a mapping of its columns' names to values as JSON has them."""
        return [event.fields for event in self.events]

    def as_text(self) -> list[dict[str, str]]:
        """Return each row as a mapping of its columns' names to texts; not yet safe for a terminal."""
        return [event.texts for event in self.events]


def snapshot_rules(record: PolicyRecord) -> list[RuleRecord]:
    """Return the rules of a policy that show a snapshot, a rule once."""
    found = {rule.name: rule for rule in record.rules if rule.hook_kind == KIND}
    return list(found.values())


def read_snapshot(kernel: Kernel, record: PolicyRecord, rule: RuleRecord, most: int) -> Snapshot | None:
    """Return the first `most` rows that `rule` shows now, in the order of the kernel's; None if its hooks have gone."""
    decoder = Decoder(record)
    found: list[Event] = []
    entries, seen = 0, False
    for data in _read(kernel, record):
        seen = True
        for row in _records(data):
            if _is_of(row, record.row, rule.row):
                entries += 1
                if len(found) < most:
                    found.append(decoder.event(row))
    return Snapshot(record.name, rule.name, _columns(record, rule), entries, tuple(found)) if seen else None


def _columns(record: PolicyRecord, rule: RuleRecord) -> tuple[str, ...]:
    """Return the names of what the rule shows, which the policy's newest layout of it has."""
    known = [one for one in record.layouts if (rule.row, rule.name) in one.rules]
    newest = max(known, key=lambda one: one.generation, default=None)
    return tuple(column.name for column in newest.layout.columns if not column.hidden) if newest else ()


def _read(kernel: Kernel, record: PolicyRecord) -> Iterator[bytes]:
    for point in record.points:
        if kind_of(point) == KIND:
            with opened(kernel, f"{HOOKS}/{point}/{link_pin(None)}") as link:
                if link is not None:
                    yield kernel.read_link(link)


def _records(data: bytes) -> Iterator[bytes]:
    """Yield what programs have written: each record tells its length, header included."""
    at = 0
    while at + HEADER.size <= len(data):
        length = max(HEADER.unpack_from(data, at)[0], HEADER.size)
        yield data[at : at + length]
        at += length


def _is_of(row: bytes, policy: int, rule: int) -> bool:
    header = HEADER.unpack_from(row)
    return (header[2], header[3]) == (policy, rule)
