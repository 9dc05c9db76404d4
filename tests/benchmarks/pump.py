"""How many events a second the agent's pump moves from a ring to its sinks with none lost, and what that costs.

Calls are paced, and the rate is raised until an event is missing from a file, by each cause: lost in the ring, or dropped by
the outlet.  The pump runs as in the agent: its thread, a thread for each sink.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import bench
import events

if TYPE_CHECKING:
    from pathlib import Path

RATES = (100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 800_000)
WAYS = {
    "file": ["file"],
    "two files": ["file", "file"],
    "file, fields redacted": ["redacted"],
    "no sink": [],
}
PROGRAM = """
import json, sys, time
from policyd.daemon.pump import Pump
from policyd.kernel.real import RealKernel
from policyd.sinks.fields import Fields
from policyd.sinks.file import FileSink, Rotation
from policyd.sinks.outlet import Choice, Outlet

def outlet(number, kind):
    fields = Fields(redact=("process.comm",)) if kind == "redacted" else Fields()
    return Outlet(kind, FileSink(f"{sys.argv[2]}/out{number}", Rotation(0)), Choice(fields=fields))

pump = Pump(RealKernel(sys.argv[1]), [outlet(*one) for one in enumerate(sys.argv[3:])])
pump.start()
before = time.process_time()
print("started", flush=True)
sys.stdin.readline()
time.sleep(1)
pump.stop(60)
sent = [status.sent for status in pump.statuses()]
print(json.dumps({"read": pump.read.total(), "sent": sent, "cpu": time.process_time() - before}))
"""


def run_at(build: Path, kinds: list[str], rate: int) -> tuple[int, int, float]:
    """Return calls made, events that all sinks have, and seconds of CPU for them."""
    with bench.applied(events.POLICY):
        command = [sys.executable, "-c", PROGRAM, bench.ROOT, str(build), *kinds]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as pump:
            assert pump.stdin is not None
            assert pump.stdout is not None
            pump.stdout.readline()
            time.sleep(1.0)
            made = int(bench.run(str(build / "load"), "pace", "getppid", str(rate), str(events.SECONDS)))
            pump.stdin.write("\n")
            pump.stdin.flush()
            told = json.loads(pump.stdout.readline())
    for file in build.glob("out*"):
        file.unlink()
    return made, min([told["read"], *told["sent"]]), told["cpu"]


def measure(build: Path) -> dict[str, dict[str, float]]:
    """Return for each way the highest lossless rate, the CPU time of an event at it, and what came of the next rate."""
    found: dict[str, dict[str, float]] = {}
    for name, kinds in WAYS.items():
        found[name] = {"lossless a second": 0.0}
        for rate in RATES:
            made, written, cpu = run_at(build, kinds, rate)
            if written < made:
                found[name] |= {"then at": rate, "written": written / made}
                break
            found[name] |= {"lossless a second": rate, "microseconds an event": cpu / made * 1e6}
    return found


def report(found: dict[str, dict[str, float]]) -> None:
    rows = [
        (
            name,
            f"{row['lossless a second']:,.0f}/s",
            f"{row['microseconds an event']:.2f} µs" if "microseconds an event" in row else "-",
            f"{row['written']:.1%} at {row['then at']:,.0f}/s" if "then at" in row else "not reached",
        )
        for name, row in found.items()
    ]
    bench.table("The agent's pump: from a ring to its sinks", ("sinks", "lossless", "CPU an event", "beyond that"), rows)
