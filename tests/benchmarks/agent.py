"""Memory and processor time of the agent, by how many policies it looks after: idle, and while events are made.

Policies are those of `policies/` under other names, so that they meet at the same attach points.  What the host does by
itself makes events too: a quiet machine is meant.  Changes are made by a process of their own, which is not counted.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import bench
import events

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICIES = Path(__file__).resolve().parents[2] / "policies"
LEFT_OUT = {"xdp-drop.yaml"}  # takes an interface's only place, once
NUMBERS = (1, 20, 100)
SECONDS = 20
RATE = 20_000
"""Calls a second of the flood; one policy makes an event of each."""
READY = "agent-ready"


def write_policies(folder: Path, number: int) -> None:
    """Write so many policies; the first makes an event of each call that the flood makes."""
    folder.mkdir()
    (folder / "flood.yaml").write_text(bench.policy("flood", events.RULE), encoding="utf-8")
    files = sorted(file for file in POLICIES.rglob("*.yaml") if file.name not in LEFT_OUT)
    for index in range(number - 1):
        text = files[index % len(files)].read_text("utf-8")
        name = re.compile(r"^(metadata:.*?name: *)([\w-]+)", re.MULTILINE | re.DOTALL)
        text = name.sub(rf"\g<1>\g<2>-{index}", text, count=1)
        (folder / f"{index:03}.yaml").write_text(text, encoding="utf-8")


@contextlib.contextmanager
def agent(build: Path, folder: Path) -> Iterator[int]:
    """Run an agent that has applied a folder, for the length of the block; give its process id."""
    log = build / "agent.log"
    command = [bench.POLICYD, "--root", bench.ROOT, "run", "--source", str(folder), "--log-format", "json"]
    command += ["--listen", f"unix:{build}/agent.sock", "--sink", f"file:{build}/events.jsonl"]
    with log.open("w") as errors, subprocess.Popen(command, stderr=errors) as process:
        try:
            while READY not in log.read_text("utf-8"):
                if process.poll() is not None:
                    raise SystemExit(f"the agent ended:\n{log.read_text('utf-8')}")
                time.sleep(0.2)
            time.sleep(5.0)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    bench.policyd("delete", "--all")


def resident(pid: int, name: str = "VmRSS") -> float:
    """Return megabytes (2^20 bytes)."""
    text = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name}:"))) / 1024


def cpu(pid: int) -> float:
    """Return seconds of CPU so far, children not included."""
    words = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def measure(build: Path) -> dict[str, dict[str, float]]:
    """Return for each number of policies the memory in MB and the percentage of one processor."""
    found = {}
    for number in NUMBERS:
        folder = build / f"policies-{number}"
        write_policies(folder, number)
        with agent(build, folder) as pid:
            before = cpu(pid)
            time.sleep(SECONDS)
            row = {"idle MB": resident(pid), "idle %": (cpu(pid) - before) / SECONDS * 100}
            before = cpu(pid)
            bench.run(str(build / "load"), "pace", "getppid", str(RATE), str(SECONDS))
            row |= {
                "flood %": (cpu(pid) - before) / SECONDS * 100,
                "flood MB": resident(pid),
                "most MB": resident(pid, "VmHWM"),
            }
        found[str(number)] = row
    return found


def report(found: dict[str, dict[str, float]]) -> None:
    rows = [(number, *(f"{row[column]:.{digits}f}" for column, digits in COLUMNS.items())) for number, row in found.items()]
    bench.table(f"The agent: memory and CPU, idle and at {RATE:,} events/s", ("policies", *COLUMNS), rows)


COLUMNS = {"idle MB": 0, "idle %": 1, "flood MB": 0, "flood %": 0, "most MB": 0}
