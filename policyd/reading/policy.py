"""One applied policy, open for reading: what tests, the command line and the daemon use.

`open_policy(kernel, "exec-audit").metrics()`; `.events()`; `.account()`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.errors import KernelError, NotFoundError
from policyd.reading.account import read_account
from policyd.reading.events import Decoder, Event
from policyd.reading.lock import consumer
from policyd.reading.metrics import Family, Labels, SeriesValue, read_families
from policyd.reading.ring import Batch, Ring
from policyd.record import PolicyRecord, policy_path, read_policies, read_record
from policyd.text import did_you_mean, one_of, safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.kernel.port import Kernel


class Stream:
    """The ring of one policy, held by this process alone, with the decoder of its records."""

    def __init__(self, kernel: Kernel, record: PolicyRecord) -> None:
        self._kernel, self.record = kernel, record
        self.decoder = Decoder(record)
        self._renewed_for: set[int] = set()
        self.fd, self.map_id, self.ring = self._open()

    def _open(self) -> tuple[int, int, Ring]:
        fd = self._kernel.open(policy_path(self.record.name, "ring"))
        if fd is None:
            raise NotFoundError(f"policy {self.record.name} has no ring: it sends no events")
        try:
            info = self._kernel.map_info(fd)
            return fd, info.id, Ring(fd, info.max_entries)
        except OSError as error:
            self._kernel.close(fd)
            raise KernelError(f"map the ring of policy {self.record.name}", error.errno or 0) from error
        except BaseException:
            self._kernel.close(fd)
            raise

    def read(self, limit: int, after: int | None = None, span: int | None = None) -> Batch | None:
        """Return the next batch, or None; the caller says `done` when it was used, in the order of batches.

        `after` and `span` as for `Ring.read`.
        """
        batch = self.ring.read(limit, after, span)
        unknown = {run.layout for run in batch.runs} - self.decoder.forms.keys() - self._renewed_for if batch else set()
        if unknown:  # the policy was replaced since: its record was written before its first new event
            self._renewed_for |= unknown
            self.renew()
        return batch

    def has_committed(self) -> bool:
        """Whether anything can be read now."""
        return self.ring.read(1) is not None

    def done(self, batch: Batch) -> None:
        """Give the batch's space back to the kernel."""
        self.ring.advance(batch.end)

    def renew(self) -> bool:
        """Read the policy's record again, and go over to its ring if that was replaced and ours is empty.

        Returns False if the policy is not applied any more and its ring is empty.
        """
        record = read_record(self._kernel, policy_path(self.record.name, "record"))
        if record is None:
            return self.ring.pending > 0
        if record != self.record:
            self.record = record
            self._renewed_for.clear()
            self.decoder.renew(record)
        self._follow_ring()
        return True

    def _follow_ring(self) -> None:
        if self.ring.pending or not self._kernel.exists(policy_path(self.record.name, "ring")):
            return
        fd, map_id, ring = self._open()
        if map_id == self.map_id:
            ring.close()
            self._kernel.close(fd)
            return
        self.close()
        self.fd, self.map_id, self.ring = fd, map_id, ring

    def close(self) -> None:
        self.ring.close()
        self._kernel.close(self.fd)


@dataclass(frozen=True, slots=True)
class PolicyReader:
    """A policy that is applied, as its record said when it was opened."""

    kernel: Kernel
    record: PolicyRecord

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        """Hold the ring; `LockError` if another process reads it."""
        with consumer(f"{self.kernel.root}/{policy_path(self.record.name)}", self.record.name):
            stream = Stream(self.kernel, self.record)
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
