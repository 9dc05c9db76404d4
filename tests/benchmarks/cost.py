"""What an event costs the traced process: generated code against code by hand and bpftrace, and by policies at a hook.

Nanoseconds that a system call grows by, in quiet stretches of a loop of them, all in one run; ratios tell more than figures.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import bench

if TYPE_CHECKING:
    from pathlib import Path

CALLS = 2_000_000

COUNT = """
hook: {syscall: getppid}
filters:
  - {field: process.uid, operator: Equal, value: 0}
outputs:
  - counter: {name: calls_total, by: [process.comm]}
"""
PATH = """
hook: {syscall: umount2}
filters:
  - {field: process.uid, operator: Equal, value: 0}
  - {field: args.name, operator: Prefix, values: [/opt/none-%d]}
outputs:
  - event: {fields: [process, args.name]}
"""
COUNT_SCRIPT = "tracepoint:syscalls:sys_enter_getppid /uid == 0/ { @[comm] = count(); }"
PATH_SCRIPT = (
    "tracepoint:syscalls:sys_enter_umount "
    '/uid == 0 && strncmp(str(args->name), "/opt/none-0", 11) == 0/ { @[comm] = count(); }'
)
MANY = (1, 10, 50, 100)


def path_policies(count: int) -> str:
    """Return policies of which none matches: each tests the user id and the beginning of a path in user memory."""
    return "".join(bench.policy(f"path-{number}", PATH % number) for number in range(count))


def per_call(build: Path, call: str, calls: int) -> float:
    return float(bench.run(str(build / "load"), "loop", call, str(calls)))


def added(build: Path, call: str, running: AbstractContextManager[None], calls: int = CALLS) -> float:
    """Return the nanoseconds a call that `running` adds, against calls before and after it."""
    before = per_call(build, call, calls)
    with running:
        during = per_call(build, call, calls)
    return during - min(before, per_call(build, call, calls))


def measure(build: Path) -> dict[str, float]:
    """Return nanoseconds an event, by what ran."""
    hand = {"count": "syscalls/sys_enter_getppid", "path": "syscalls/sys_enter_umount"}
    found = {
        "nothing": added(build, "getppid", nullcontext()),
        "count, by hand": added(build, "getppid", bench.by_hand("count", hand["count"], build)),
        "count, policyd": added(build, "getppid", bench.applied(bench.policy("count", COUNT))),
        "path, by hand": added(build, "umount2", bench.by_hand("path", hand["path"], build)),
    }
    for count in MANY:
        found[f"path, policyd, {count}"] = added(build, "umount2", bench.applied(path_policies(count)))
    if bench.has_bpftrace():
        found["count, bpftrace"] = added(build, "getppid", bench.bpftrace(COUNT_SCRIPT))
        found["path, bpftrace"] = added(build, "umount2", bench.bpftrace(PATH_SCRIPT))
    return found


def report(found: dict[str, float]) -> None:
    """Print what `measure` found, each against its job's measure: the code by hand, or one policy."""
    rows = []
    for name, value in found.items():
        job = name.partition(",")[0]
        base = found.get(f"{job}, by hand")
        one = found["path, policyd, 1"] if name.startswith("path, policyd") else None
        rows.append(
            (
                name,
                f"{value:.0f} ns",
                f"{value / base:.2f}" if base else "",
                f"{value / one:.2f}" if one else "",
            )
        )
    bench.table("Cost of an event", ("job, who, policies", "added", "to by hand", "to one policy"), rows)
