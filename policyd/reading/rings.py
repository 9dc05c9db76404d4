"""The rings of one policy: the one that fills, and those before it that were replaced and still hold what nobody has read.

A ring that is replaced (its size changed) stays pinned as `retired-<n>` until a reader has emptied it and frees it.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.errors import KernelError, NotFoundError
from policyd.reading.ring import Ring
from policyd.record import SHARED, opened, policy_path

if TYPE_CHECKING:
    from policyd.kernel.port import Kernel
    from policyd.record import PolicyRecord

CURRENT = "ring"
_RETIRED = "retired-"


def ring_pins(kernel: Kernel, policy: str) -> tuple[str, ...]:
    """Return the names of a policy's pinned rings, the oldest first."""
    names = kernel.list(policy_path(policy))
    retired = [name for name in names if name.startswith(_RETIRED) and name.removeprefix(_RETIRED).isdigit()]
    retired.sort(key=lambda name: int(name.removeprefix(_RETIRED)))
    return (*retired, *((CURRENT,) if CURRENT in names else ()))


@dataclass(frozen=True, slots=True)
class HeldRing:
    """A ring, open and mapped."""

    kernel: Kernel
    pin: str
    fd: int
    id: int
    ring: Ring

    def close(self) -> None:
        self.ring.close()
        self.kernel.close(self.fd)


def open_ring(kernel: Kernel, policy: str, pin: str) -> HeldRing | None:
    """Open the ring pinned as `pin`; None if there is none.  `KernelError` if it cannot be mapped."""
    with ExitStack() as stack:
        fd = kernel.open(policy_path(policy, pin))
        if fd is None:
            return None
        stack.callback(kernel.close, fd)
        info = kernel.map_info(fd)
        try:
            ring = Ring(fd, info.max_entries)
        except OSError as error:
            raise KernelError(f"map the ring of policy {policy}", error.errno or 0) from error
        stack.pop_all()
        return HeldRing(kernel, pin, fd, info.id, ring)


def open_oldest(kernel: Kernel, policy: str) -> HeldRing:
    """Open the ring that is to be read next; `NotFoundError` if the policy has none."""
    pins = ring_pins(kernel, policy)
    current = map_id(kernel, policy_path(policy, CURRENT))
    for pin in pins:
        held = open_ring(kernel, policy, pin)
        if held is None:
            continue
        if pin == CURRENT or held.id != current:
            return held
        held.close()  # it was to be replaced, and was not: both pins are of one ring
    raise NotFoundError(f"policy {policy} has no ring: it sends no events")


def map_id(kernel: Kernel, path: str) -> int:
    """Return the id of a pinned map, 0 if there is none."""
    with opened(kernel, path) as fd:
        return 0 if fd is None else kernel.map_info(fd).id


def retire(held: HeldRing, record: PolicyRecord) -> bool:
    """Free a replaced ring that is empty; False if it may still get records, or has got some."""
    kernel = held.kernel
    with opened(kernel, f"{SHARED}/rings") as fd:
        row = b"" if fd is None else kernel.lookup(fd, record.row.to_bytes(4, "little")) or b""
    if int.from_bytes(row, "little") == held.id:
        return False
    kernel.settle()  # a program that took the ring from the row before it changed may still write
    if held.ring.pending:
        return False
    kernel.unpin(policy_path(record.name, held.pin))
    return True
