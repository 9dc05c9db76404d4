"""A policy's books, and what the kernel counts for each hook.

In: the shared `account` map (a row a policy, per CPU) and the programs that hold the links.  Out: numbers by name.
`matched = delivered + ring_full + nested` holds for the events of a policy; nothing is lost without a count.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.layout import ACCOUNT_COLUMNS
from policyd.record import HOOKS, SHARED, HookRecord, find_record

if TYPE_CHECKING:
    from policyd.kernel.port import Kernel

LOSSES: tuple[tuple[str, str], ...] = (
    ("ring_full", "ring full"),
    ("map_full", "map full"),
    ("nested", "nested run"),
    ("negative", "negative value"),
    ("key_absent", "no key or value"),
)
"""Columns of the account that mean that something was not recorded, and why."""

EVENT_LOSSES = ("ring_full", "nested")
"""Those of them that mean a lost event."""

_ROW = struct.Struct(f"<{len(ACCOUNT_COLUMNS)}Q")


def read_account(kernel: Kernel, row: int) -> dict[str, int]:
    """Return the counts of the policy in `row`, all CPUs together; all zero if there is no account map."""
    fd = kernel.open(f"{SHARED}/account")
    if fd is None:
        return dict.fromkeys(ACCOUNT_COLUMNS, 0)
    try:
        value = kernel.lookup(fd, struct.pack("<I", row)) or b""
        size = kernel.map_info(fd).value_size
    finally:
        kernel.close(fd)
    return dict(zip(ACCOUNT_COLUMNS, _total(value, -(-size // 8) * 8), strict=True))


def _total(value: bytes, stride: int) -> list[int]:
    """Add up the rows of all CPUs, which lie `stride` bytes apart."""
    starts = range(0, len(value) - _ROW.size + 1, max(stride, _ROW.size))
    rows = [_ROW.unpack_from(value, start) for start in starts]
    return [sum(column) for column in zip(*rows, strict=True)] if rows else [0] * len(ACCOUNT_COLUMNS)


@dataclass(frozen=True, slots=True)
class HookStatistics:
    """What the kernel counts on the program that a hook's link holds (the stub, where there is one).

    Run count and time (ns) grow only while `kernel.bpf_stats_enabled` is on; `misses` always: runs that the kernel dropped
    because a program was running on that CPU already.
    """

    hook: str
    policies: tuple[str, ...]
    run_count: int
    run_time: int
    misses: int


def read_hooks(kernel: Kernel) -> list[HookStatistics]:
    """Return the statistics of every hook that has a record and a program, in the order of their names."""
    found = []
    for directory in kernel.list(HOOKS):
        record = find_record(kernel, f"{HOOKS}/{directory}/record", HookRecord).record
        names = kernel.list(f"{HOOKS}/{directory}")
        pin = next((name for name in ("stub", "program", "program-0") if name in names), "")
        fd = kernel.open(f"{HOOKS}/{directory}/{pin}") if record and pin else None
        if record is None or fd is None:
            continue
        try:
            info = kernel.program_info(fd)
        finally:
            kernel.close(fd)
        found.append(
            HookStatistics(record.point.key, record.policies, info.run_count, info.run_time_ns, info.recursion_misses)
        )
    return sorted(found, key=lambda hook: hook.hook)
