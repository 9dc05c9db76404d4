"""A policy's books, and what the kernel counts for each hook.

In: the shared `account` map (a row a policy, per CPU) and the programs that hold the links.  Out: numbers by name.
`matched = delivered + ring_full + rate_limited + sampled_out` holds for the events of a policy, and
`books.py` goes on from there.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.layout import ACCOUNT_COLUMNS
from policyd.observed_hook import LINK_PIN
from policyd.reading.metrics import Family
from policyd.record import HOOKS, SHARED, HookRecord, find_record, opened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policyd.kernel.port import Kernel

LOSSES: tuple[tuple[str, str], ...] = (
    ("ring_full", "ring full"),
    ("map_full", "map full"),
    ("nested", "nested run"),
    ("table_full", "table full"),
    ("table_absent", "no key or value of a table"),
    ("negative", "negative value"),
    ("key_absent", "no key or value"),
)
"""Columns of the account that mean that something was not recorded, and why."""

EVENT_LOSSES = ("ring_full", "nested")
"""Those of them that mean a lost event."""

HELD_BACK = ("rate_limited", "sampled_out")
"""Columns of the account that mean an event that the policy itself did not want."""


def held_back(account: Mapping[str, int]) -> dict[str, int]:
    """Return how many events rates and samples have held back."""
    return {column: account.get(column, 0) for column in HELD_BACK}


_ROW = struct.Struct(f"<{len(ACCOUNT_COLUMNS)}Q")


def read_account(kernel: Kernel, row: int) -> dict[str, int]:
    """Return the counts of the policy in `row`, all CPUs together; all zero if there is no account map."""
    with opened(kernel, f"{SHARED}/account") as fd:
        if fd is None:
            return dict.fromkeys(ACCOUNT_COLUMNS, 0)
        value = kernel.lookup(fd, struct.pack("<I", row)) or b""
        size = kernel.map_info(fd).value_size
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
    because a program was running on that CPU already, and calls that came to no program (`LinkInfo.missed`).
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
        if record is None or not pin:
            continue
        with opened(kernel, f"{HOOKS}/{directory}/{pin}") as fd:
            if fd is None:
                continue
            info = kernel.program_info(fd)
        misses = info.recursion_misses + sum(_dropped(kernel, f"{HOOKS}/{directory}/{name}") for name in names)
        found.append(HookStatistics(record.point.key, record.policies, info.run_count, info.run_time_ns, misses))
    return sorted(found, key=lambda hook: hook.hook)


def _dropped(kernel: Kernel, path: str) -> int:
    """Return how many calls a pinned link did not pass on to its program; 0 for what is no link."""
    if not LINK_PIN.fullmatch(path.rpartition("/")[2]):
        return 0
    with opened(kernel, path) as fd:
        return 0 if fd is None else kernel.link_info(fd).missed


def account_families(accounts: dict[str, dict[str, int]]) -> list[Family]:
    """Return the accounts of policies (name → counts) as metrics of policyd's own."""
    found = []
    for policy, counts in accounts.items():
        for column, name, text in _COUNTERS:
            found.append(_counter(name, policy, text, (({}, counts[column]),)))
        lost = tuple(({"cause": column}, counts[column]) for column, _ in LOSSES)
        found.append(_counter("policyd_lost_total", policy, "What was not recorded, by cause.", lost))
        held = tuple(({"cause": column}, count) for column, count in held_back(counts).items())
        found.append(_counter("policyd_events_held_back_total", policy, "Events that a rate or a sample held back.", held))
    return found


_COUNTERS = (
    ("matched", "policyd_events_matched_total", "Events whose rule matched."),
    ("delivered", "policyd_events_delivered_total", "Events put into the ring."),
    ("unread", "policyd_rules_unread_total", "Times that a rule could not be decided: something could not be read."),
    ("unpaired", "policyd_calls_unpaired_total", "Calls and spans that ended, of whose begin nobody knew."),
    ("acted", "policyd_actions_taken_total", "Verdicts and signals taken."),
    ("would_act", "policyd_actions_withheld_total", "Verdicts and signals held back by monitor mode."),
)


def hook_families(hooks: list[HookStatistics]) -> list[Family]:
    """Return what the kernel counts for hooks; runs and time only if it counted any (statistics were on)."""
    columns: list[tuple[str, str, str, list[tuple[str, int | float]]]] = [
        ("policyd_hook_missed_total", "Runs that the kernel dropped: a program or a probe ran on that CPU already.", "", []),
        ("policyd_hook_runs_total", "Runs, while kernel.bpf_stats_enabled was on.", "", []),
        ("policyd_hook_seconds_total", "Time spent in the hook, while kernel.bpf_stats_enabled was on.", "seconds", []),
    ]
    for hook in hooks:
        columns[0][3].append((hook.hook, hook.misses))
        if hook.run_count:
            columns[1][3].append((hook.hook, hook.run_count))
            columns[2][3].append((hook.hook, hook.run_time * 1e-9))
    return [
        _counter(name, "", text, tuple(({"hook": hook}, value) for hook, value in rows), unit)
        for name, text, unit, rows in columns
        if rows
    ]


def _counter(
    name: str, policy: str, text: str, series: tuple[tuple[dict[str, str], int | float], ...], unit: str = ""
) -> Family:
    return Family(name, policy, "counter", text, unit, series)
