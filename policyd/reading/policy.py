"""One applied policy, open for reading: what tests, the command line and the daemon use.

`open_policy(kernel, "exec-audit").metrics()`; `.events()`; `.account()`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policyd.errors import NotFoundError
from policyd.reading.account import read_account
from policyd.reading.lock import consumer
from policyd.reading.metrics import Family, Labels, SeriesValue, read_families
from policyd.reading.stream import Stream
from policyd.reading.tables import read_rows, table_maps
from policyd.record import PolicyRecord, policy_path, read_policies, read_record
from policyd.text import did_you_mean, one_of, safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.kernel.port import Kernel
    from policyd.reading.events import Event
    from policyd.reading.stream import Witness


@dataclass(frozen=True, slots=True)
class PolicyReader:
    """A policy that is applied, as its record said when it was opened."""

    kernel: Kernel
    record: PolicyRecord

    @contextmanager
    def stream(self, witness: Witness | None = None) -> Iterator[Stream]:
        """Hold the ring; `LockError` if another process reads it."""
        with consumer(f"{self.kernel.root}/{policy_path(self.record.name)}", self.record.name):
            stream = Stream(self.kernel, self.record, witness)
            try:
                yield stream
            finally:
                stream.close()

    def events(self, limit: int = 1 << 20) -> list[Event]:
        """Take what waits in the ring, at most `limit` events, oldest first."""
        found: list[Event] = []
        with self.stream() as stream:
            while len(found) < limit and (batch := stream.read(limit - len(found))):
                found += sorted(stream.decoder.events(batch), key=lambda event: event.time)
                stream.done(batch)
        return found

    def families(self) -> list[Family]:
        """Return all metrics, with types, help and units."""
        return read_families(self.kernel, self.record)

    def metrics(self) -> dict[str, list[tuple[Labels, SeriesValue]]]:
        """Return name → [(labels, value)]; labels without `policy`."""
        return {family.name: list(family.series) for family in self.families()}

    def rows(self, table: str, most: int = 1 << 20) -> list[dict[str, Any]]:
        """Return the rows of a table in the order of their keys, each a value by the name of its column.

        `NotFoundError` if the policy has no such table.
        """
        of = self.record.maps.get(table)
        found = read_rows(self.kernel, self.record.name, of, most) if of is not None and of.purpose == "table" else None
        if found is None:
            names = [one.name for one in table_maps(self.record)]
            hint = did_you_mean(table, names) or f"tables: {one_of(names) or 'none'}"
            raise NotFoundError(f"policy {self.record.name} has no table {safe(table, 64)}; {hint}")
        return found.as_json()

    def account(self) -> dict[str, int]:
        """Return the counts of `layout.ACCOUNT_COLUMNS`."""
        return read_account(self.kernel, self.record.row)


def open_policy(kernel: Kernel, name: str) -> PolicyReader:
    """Open an applied policy; `NotFoundError` if there is none of that name."""
    record = read_record(kernel, policy_path(name, "record"))
    if record is None:
        known = sorted(read_policies(kernel))
        hint = did_you_mean(name, known)
        applied = one_of(known) or "none"
        raise NotFoundError(f"policy {safe(name, 64)} is not applied (applied: {applied})" + (f"; {hint}" if hint else ""))
    return PolicyReader(kernel, record)
