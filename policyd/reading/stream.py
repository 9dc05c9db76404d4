"""The events of one policy, batch by batch: from its rings, the oldest first, with the decoder of their records.

A batch's space is given back only when it was used (`done`); what has been read is written down before (`bookmark.py`).
Canaries are taken out here: no user sees one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from policyd.layout import HEADER
from policyd.reading.bookmark import Bookmark
from policyd.reading.events import Decoder
from policyd.reading.rings import CURRENT, map_id, open_oldest, retire, ring_pins
from policyd.record import policy_path, read_record

if TYPE_CHECKING:
    from policyd.kernel.port import Kernel
    from policyd.reading.ring import Batch, Ring
    from policyd.record import PolicyRecord


class Witness(Protocol):
    """Who is told of what came through."""

    def canary(self, policy: str, point: int, program: int) -> None:
        """A canary was read: the attach point's id and the program's fingerprint, 48 bits each."""

    def event(self, policy: str, rule: int, when: int) -> None:
        """An event of a rule (its row) was read, the last of some; `when` is in nanoseconds since boot."""


class Stream:
    """The rings of one policy, held by this process alone; `witness` is told of canaries, and of some events."""

    def __init__(self, kernel: Kernel, record: PolicyRecord, witness: Witness | None = None) -> None:
        self._kernel, self.record, self._witness = kernel, record, witness
        self.decoder = Decoder(record)
        self._renewed_for: set[int] = set()
        self._take_oldest()

    def _take_oldest(self) -> None:
        self._held = open_oldest(self._kernel, self.record.name)
        self._bookmark = self._claim()

    def _claim(self) -> Bookmark:
        bookmark = Bookmark(self._kernel, self.record.row, self._held.id)
        bookmark.claim(self._held.ring)
        return bookmark

    @property
    def fd(self) -> int:
        """The file descriptor of the ring that is read now."""
        return self._held.fd

    @property
    def map_id(self) -> int:
        """The id of the ring that is read now."""
        return self._held.id

    @property
    def ring(self) -> Ring:
        """The ring that is read now."""
        return self._held.ring

    @property
    def is_current(self) -> bool:
        """Whether the ring that is read now is the one that programs write to; else `read` goes on to the next."""
        return self._held.pin == CURRENT

    def read(self, limit: int, after: int | None = None, span: int | None = None) -> Batch | None:
        """Return the next batch, or None; the caller says `done` when it was used, in the order of batches.

        `after` and `span` as for `Ring.read`.
        """
        batch = self.ring.read(limit, after, span)
        while batch is None and after is None and self._held.pin != CURRENT and self._follow_ring():
            batch = self.ring.read(limit, None, span)
        if batch is None:
            return None
        batch, canaries = batch.split()
        if self._witness is not None:
            self._tell(self._witness, batch, canaries)
        unknown = {run.layout for run in batch.runs} - self.decoder.forms.keys() - self._renewed_for
        if unknown:  # the policy was replaced since: its record was written before its first new event
            self._renewed_for |= unknown
            self.renew()
        return batch

    def _tell(self, witness: Witness, batch: Batch, canaries: tuple[bytes, ...]) -> None:
        for record in canaries:
            *_, point, program = HEADER.unpack_from(record)
            witness.canary(self.record.name, point, program)
        for run in batch.runs:
            header = HEADER.unpack_from(batch.memory, run.offsets[-1])
            witness.event(self.record.name, header[3], header[5])

    def has_committed(self) -> bool:
        """Whether anything can be read now."""
        return self.ring.read(1) is not None

    def done(self, batch: Batch) -> None:
        """Count the batch as read, and give its space back to the kernel."""
        self._bookmark.move(batch)
        self.ring.advance(batch.end)

    def renew(self) -> bool:
        """Read the policy's record again, and go on to its next ring if ours is empty and was replaced.

        Returns False if the policy is not applied any more and its ring is empty.
        """
        record = read_record(self._kernel, policy_path(self.record.name, "record"))
        if record is None:
            return self.ring.pending > 0
        if record != self.record:
            self.record = record
            self._renewed_for.clear()
            self.decoder.renew(record)
        if not self._follow_ring() and self._is_ours():
            before, self._bookmark = self._bookmark, self._claim()
            before.close()
        return True

    def _is_ours(self) -> bool:
        """Whether the ring is still the policy's, which may have been deleted and applied anew since."""
        return self.map_id == map_id(self._kernel, policy_path(self.record.name, self._held.pin))

    def _follow_ring(self) -> bool:
        """Go on to the next ring if ours is empty and was replaced; return whether that was so."""
        pins, before, bookmark = ring_pins(self._kernel, self.record.name), self._held, self._bookmark
        if self.ring.pending or CURRENT not in pins:
            return False
        if before.pin == CURRENT and before.id == map_id(self._kernel, policy_path(self.record.name, CURRENT)):
            return False
        if before.pin in pins[:-1] and not retire(before, self.record):
            return False
        self._take_oldest()
        before.close()
        bookmark.close()
        return True

    def close(self) -> None:
        """Let the ring go."""
        self._held.close()
        self._bookmark.close()
