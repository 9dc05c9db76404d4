"""Rings made by hand, byte by byte, as the kernel lays them out; and policy records that know their layouts."""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING

from policyd.layout import CUT, HEADER, Column, Layout
from policyd.reading.ring import BUSY, DISCARD, Ring
from policyd.record import LayoutRecord, PolicyRecord, RuleRecord
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = mmap.PAGESIZE
U32 = ValueType("u32", Shape.NUMBER, 4)
U64 = ValueType("u64", Shape.NUMBER, 8)
PID = ValueType("pid", Shape.NUMBER, 4, True)
COMM = ValueType("string", Shape.STRING, 16)
PATH = ValueType("path", Shape.STRING, 4096)
IP = ValueType("ip", Shape.ADDRESS, 16)
DURATION = ValueType("duration", Shape.NUMBER, 8)

FIXED = Layout((Column("process.pid", PID), Column("process.comm", COMM), Column("args.count", U64)))
PACKED = Layout((Column("process.pid", PID), Column("args.filename", PATH, packed=True), Column("exe", PATH, packed=True)))


def policy(*layouts: Layout, name: str = "exec-audit", severity: str = "high") -> PolicyRecord:
    return PolicyRecord(
        name, "{}", 3, 4096, False, False, False, severity,
        hooks=("syscall:openat", "xdp:eth0"),
        rules=(RuleRecord(0, "opened", "", "syscall", 0, "", "none", 0, 0),),
        layouts=tuple(LayoutRecord(layout.id, layout, ((0, "opened"),), 1) for layout in layouts),
    )  # fmt: skip


def event(layout: Layout, *values: int | bytes, time: int = 10**9, **header: int) -> bytes:
    """Return a record as the kernel side writes it: packed strings behind the fixed part, cut if they end in `…`."""
    items: list[int | bytes] = []
    tail = b""
    for column, value in zip(layout.columns, values, strict=True):
        if not column.packed:
            items.append(value)
            continue
        assert isinstance(value, bytes)
        text = value.removesuffix("…".encode())
        items += [layout.size + len(tail), len(text) | (CUT if text != value else 0)]
        tail += text
    body = layout.decoder().pack(*items).ljust(layout.size, b"\0") + tail
    return with_header(layout.id, body, time, **header)


def with_header(layout: int, body: bytes, time: int = 10**9, **header: int) -> bytes:
    fields = {"rule": 0, "flags": 0, "cpu": 1, "verdict": 0, "hook": 0, "absent": 0, "unread": 0} | header
    return (
        HEADER.pack(HEADER.size + len(body), layout, 3, fields["rule"], fields["flags"], time, *list(fields.values())[2:])
        + body
    )


def stride(length: int) -> int:
    return (length + 15) & ~7


class HandMadeRing:
    """A ring in plain memory, to which records can be added; wraps as the kernel's does."""

    def __init__(self, size: int = 1 << 16, start: int = 0) -> None:
        self.size, self.producer = size, start
        self.consumer = mmap.mmap(-1, PAGE)
        self.data = mmap.mmap(-1, PAGE + 2 * size)
        self.consumer[:8] = struct.pack("<Q", start)
        self._publish()
        self.ring = Ring.over(self.consumer, self.data, size)

    def add(self, record: bytes, flags: int = 0) -> int:
        """Append a record and return where it is; `flags` are BUSY or DISCARD."""
        at = self.producer
        self._put(at, struct.pack("<II", len(record) | flags, 0) + record)
        self.producer += stride(len(record))
        self._publish()
        return at

    def commit(self, at: int, length: int) -> None:
        self._put(at, struct.pack("<I", length))

    def add_all(self, records: Iterable[bytes]) -> None:
        for record in records:
            self.add(record)

    def _put(self, at: int, data: bytes) -> None:
        """Write into both copies of the data, as the double mapping shows it."""
        for index, byte in enumerate(data):
            place = (at + index) % self.size
            self.data[PAGE + place] = self.data[PAGE + self.size + place] = byte

    def _publish(self) -> None:
        self.data[:8] = struct.pack("<Q", self.producer)


__all__ = ["BUSY", "DISCARD"]
