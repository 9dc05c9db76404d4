"""A policy's books: what matched, what was lost or held back, what was read, and what waits in its rings.

`matched = delivered + lost + held` is counted in the kernel beside each record, `delivered = read + waiting` by readers.
They are exact while nothing happens; during a flood the two sides are some moments apart.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from policyd.health import Books
from policyd.reading.account import held_back, read_account
from policyd.reading.bookmark import read_place
from policyd.reading.rings import CURRENT, map_id, open_ring, ring_pins
from policyd.record import policy_path

if TYPE_CHECKING:
    from policyd.kernel.port import Kernel
    from policyd.reading.bookmark import Place
    from policyd.reading.rings import HeldRing
    from policyd.record import PolicyRecord

_ATTEMPTS = 3


def books(kernel: Kernel, record: PolicyRecord) -> Books:
    """Return the books of an applied policy, without disturbing who reads its rings."""
    for _ in range(_ATTEMPTS):
        place = read_place(kernel, record.row)
        waiting = _waiting(kernel, record, place)
        if place == read_place(kernel, record.row):
            break
    account = read_account(kernel, record.row)
    lost = {"ring_full": account["ring_full"]}
    return Books(record.name, account["matched"], account["delivered"], lost, place.read, waiting, held_back(account))


def _waiting(kernel: Kernel, record: PolicyRecord, place: Place) -> int:
    """Count the events in all rings of a policy that no reader has done with."""
    current = map_id(kernel, policy_path(record.name, CURRENT))
    total = 0
    for pin in ring_pins(kernel, record.name):
        held = open_ring(kernel, record.name, pin)
        if held is None:
            continue
        with closing(held):
            if pin == CURRENT or held.id != current:
                total += _count(held, place)
    return total


def _count(held: HeldRing, place: Place) -> int:
    ring, total = held.ring, 0
    after = max(ring.position, place.position) if place.ring == held.id else ring.position
    end = after + ring.size
    while after < end and (batch := ring.read(after=after)) is not None:
        events, _ = batch.split()
        total, after = total + events.taken, batch.end
    return total
