"""How many events a second become JSON lines with none lost: calls are paced, and the rate is raised until some are.

policyd and bpftrace print the same six fields; a run is lossless if there is a line for each call.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import bench

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 3
RATES = (50_000, 100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 800_000, 1_000_000)
RULE = """
hook: {syscall: getppid}
filters:
  - {field: process.comm, operator: Equal, value: load}
outputs:
  - event: {fields: [process.pid, process.tid, process.uid, process.gid, process.comm, cpu]}
"""
POLICY = bench.policy("events", RULE).replace("spec:\n", "spec:\n  events: {buffer: 16Mi}\n")
SCRIPT = (
    'tracepoint:syscalls:sys_enter_getppid /comm == "load"/ '
    '{ printf("{\\"pid\\": %d, \\"tid\\": %d, \\"uid\\": %d, \\"gid\\": %d, \\"comm\\": \\"%s\\", \\"cpu\\": %d}\\n", '
    "pid, tid, uid, gid, comm, cpu); }"
)


def lines(file: Path, mark: bytes) -> int:
    with file.open("rb") as text:
        return sum(mark in line for line in text)


def by_policyd(build: Path, rate: int) -> tuple[int, int]:
    """Return (calls made, lines printed)."""
    output = build / "events"
    with bench.applied(POLICY), output.open("wb") as out:
        reader = subprocess.Popen([bench.POLICYD, "--root", bench.ROOT, "events", "events", "-f", "-o", "json"], stdout=out)
        time.sleep(1.5)
        made = int(bench.run(str(build / "load"), "pace", "getppid", str(rate), str(SECONDS)))
        wait_until_quiet(output)
        reader.send_signal(signal.SIGINT)
        reader.wait(60)
    return made, lines(output, b'"load"')


def by_bpftrace(build: Path, rate: int) -> tuple[int, int]:
    output = build / "events"
    with bench.bpftrace(SCRIPT, output):
        made = int(bench.run(str(build / "load"), "pace", "getppid", str(rate), str(SECONDS)))
        wait_until_quiet(output)
    return made, lines(output, b'"load"')


def wait_until_quiet(file: Path) -> None:
    """Wait until nothing has been written for a second."""
    size = -1
    while size != file.stat().st_size:
        size = file.stat().st_size
        time.sleep(1.0)


def measure(build: Path) -> dict[str, dict[str, float]]:
    """Return for each program the highest lossless rate, and what came of the first rate that was not."""
    os.environ["BPFTRACE_PERF_RB_PAGES"] = "4096"
    programs = {"policyd": by_policyd} | ({"bpftrace": by_bpftrace} if bench.has_bpftrace() else {})
    found: dict[str, dict[str, float]] = {}
    for name, program in programs.items():
        found[name] = {"lossless a second": 0.0}
        for rate in RATES:
            made, printed = program(build, rate)
            if printed < made:
                found[name] |= {"then at": rate, "printed": printed / made}
                break
            found[name]["lossless a second"] = rate
    return found


def report(found: dict[str, dict[str, float]]) -> None:
    rows = [
        (
            name,
            f"{row['lossless a second']:,.0f}/s",
            f"{row['printed']:.1%} at {row['then at']:,.0f}/s" if "then at" in row else "not reached",
        )
        for name, row in found.items()
    ]
    bench.table("Events to JSON lines", ("program", "lossless", "beyond that"), rows)
