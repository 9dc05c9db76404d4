"""A body for any attach point: it writes down that it ran, and with which cookie.  For tests of the kernel port alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from policyd.kernel import links
from policyd.kernel.bpf import instructions
from policyd.kernel.bpf.instructions import call_helper, instruction, load_map, move
from policyd.kernel.real import RealKernel
from policyd.unit import AttachPoint

RAN = 1 << 32
_COOKIE_HELPER, _UPDATE_HELPER = 174, 2
_FRAME, _NONE = 10, -1


def _telling(map_fd: int, verdict: int, *, cookie: bool) -> bytes:
    """Set entry 0 of an array of u64 to `RAN` plus the cookie."""
    return (
        (call_helper(_COOKIE_HELPER) if cookie else move(0, 0))
        + move(6, 1)
        + instruction(0x67, 6, immediate=32)  # r6 <<= 32
        + instruction(0x0F, 0, 6)  # r0 += r6
        + instruction(0x7B, _FRAME, 0, offset=-8)  # *(u64 *)(r10 - 8) = r0
        + instruction(0x62, _FRAME, offset=-16)  # *(u32 *)(r10 - 16) = 0
        + load_map(1, map_fd)
        + (instruction(0xBF, 2, _FRAME) + instruction(0x07, 2, immediate=-16))
        + (instruction(0xBF, 3, _FRAME) + instruction(0x07, 3, immediate=-8))
        + (move(4, 0) + call_helper(_UPDATE_HELPER) + instructions.neutral(verdict))
    )


@dataclass
class Attached:
    """A stub that is attached, with a slot; `link` is closed by who detaches."""

    kernel: RealKernel
    point: AttachPoint
    cookie: bool
    link: int = _NONE
    slot: int = _NONE
    seen: int = _NONE
    body: int = _NONE

    def fill(self, verdict: int = 0) -> None:
        """Put a body that returns `verdict` into the slot."""
        if self.body != _NONE:
            self.kernel.close(self.body)
        self.body = links.load(self.point, _telling(self.seen, verdict, cookie=self.cookie), "pd_body")
        self.kernel.update(self.slot, bytes(4), self.body.to_bytes(4, "little"))

    def told(self) -> int | None:
        """Return the cookie of the last run since the last question, None if there was none."""
        value = int.from_bytes(self.kernel.lookup(self.seen, bytes(4)) or b"", "little")
        self.kernel.update(self.seen, bytes(4), bytes(8))
        return value - RAN if value else None

    def detach(self) -> None:
        if self.link != _NONE:
            self.kernel.close(self.link)
            self.link = _NONE


@contextmanager
def attached(kernel: RealKernel, point: AttachPoint, *, cookie: bool = False) -> Iterator[Attached]:
    """Attach a stub with an empty slot; `AttachError`.  `cookie`: the body asks for it (XDP and the like have none)."""
    made = Attached(kernel, point, cookie)
    try:
        made.slot = kernel.create_map("prog_array", 4, 4, 1, 0, "pd_slot")
        made.seen = kernel.create_map("array", 4, 8, 1, 0, "pd_seen")
        stub = kernel.load_stub(point, made.slot)
        try:
            made.link = kernel.attach(point, stub)
        finally:
            kernel.close(stub)
        yield made
    finally:
        made.detach()
        for fd in (made.slot, made.seen, made.body):
            if fd != _NONE:
                kernel.close(fd)
