"""How far a policy's events have been read, and how many: a row of `shared/readers`, beside the ring's own position.

The row is written before the ring's position moves.  A reader that dies in between leaves a row that is ahead of the ring:
the next reader goes on from there, so that every record is counted once, and what was done is not read again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.layout import READER
from policyd.record import SHARED, opened

if TYPE_CHECKING:
    from policyd.kernel.port import Kernel
    from policyd.reading.ring import Batch, Ring


READERS = f"{SHARED}/readers"


@dataclass(frozen=True, slots=True)
class Place:
    """A row: the ring (a map's id) that was read last, its consumer position, and the events taken out of all rings."""

    ring: int = 0
    position: int = 0
    read: int = 0


def read_place(kernel: Kernel, row: int) -> Place:
    """Return the row of a policy; all zero where no reader has been yet."""
    with opened(kernel, READERS) as fd:
        return _unpack(None if fd is None else kernel.lookup(fd, row.to_bytes(4, "little")))


def _unpack(data: bytes | None) -> Place:
    return Place(*READER.unpack(data)[:3]) if data else Place()


class Bookmark:
    """The row of the policy that a stream reads, for one ring at a time; close it."""

    def __init__(self, kernel: Kernel, row: int, ring_id: int) -> None:
        self._kernel, self._key, self._ring_id = kernel, row.to_bytes(4, "little"), ring_id
        self._fd = kernel.open(READERS)

    def claim(self, ring: Ring) -> None:
        """Begin to read a ring: first let go of what a reader before had done and could not let go any more."""
        place = self._place()
        if place.ring == self._ring_id and 0 < place.position - ring.position <= ring.pending:
            ring.advance(place.position)
        self._write(Place(self._ring_id, ring.position, place.read))

    def move(self, batch: Batch) -> None:
        """Count a batch, if the row is still this ring's: it is another's once the policy was deleted."""
        place = self._place()
        if place.ring == self._ring_id:
            self._write(Place(self._ring_id, batch.end, place.read + batch.taken))

    def _place(self) -> Place:
        return _unpack(None if self._fd is None else self._kernel.lookup(self._fd, self._key))

    def _write(self, place: Place) -> None:
        if self._fd is not None:
            self._kernel.update(self._fd, self._key, READER.pack(place.ring, place.position, place.read, 0))

    def close(self) -> None:
        if self._fd is not None:
            self._kernel.close(self._fd)
            self._fd = None
