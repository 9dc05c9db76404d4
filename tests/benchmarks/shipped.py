"""What each policy of policies/ and library/ costs an event, on a load that has something of everything.

Each runs alone while the kernel measures programs (kernel.bpf_stats_enabled): nanoseconds in its programs, by their runs,
and how many runs the load made. What the way into a program costs (a trap of a uprobe, a tracepoint's record) is not in it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import bench

from policyd.parsing import load

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = bench.HERE.parents[1]
SWITCH = Path("/proc/sys/kernel/bpf_stats_enabled")
LEFT_OUT = {"xdp-drop", "memory-held"}
"""One takes an interface's only place, the other traps every malloc of the host."""
LOAD = """
import os, signal, socket, subprocess, tempfile, time
signal.signal(signal.SIGHUP, signal.SIG_IGN)
with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
    for number in range(40):
        file = os.path.join(folder, str(number))
        with open(file, "wb") as out:
            out.write(b"x" * 65536); out.flush(); os.fsync(out.fileno())
        for _ in range(20):
            os.stat(file); open(file, "rb").read()
        os.rename(file, file + "-moved"); os.unlink(file + "-moved")
        subprocess.run(["/bin/true"], check=True)
        with socket.create_server(("127.0.0.1", 0)) as server:
            with socket.create_connection(server.getsockname()) as one, server.accept()[0] as other:
                one.sendall(b"x" * 1000); other.recv(1000)
        socket.getaddrinfo("localhost", 80)
        os.kill(os.getpid(), signal.SIGHUP)
        os.setuid(0)
        time.sleep(0.002)
"""


@contextmanager
def measured() -> Iterator[None]:
    """Have the kernel measure programs for the length of the block."""
    before = SWITCH.read_text(encoding="utf-8")
    SWITCH.write_text("1", encoding="utf-8")
    try:
        yield
    finally:
        SWITCH.write_text(before, encoding="utf-8")


def total(text: str, metric: str) -> float:
    return sum(float(value) for value in re.findall(rf"^{metric}{{.*}} (\S+)$", text, re.MULTILINE))


def cost(file: Path) -> tuple[float, float]:
    """Return (runs, nanoseconds a run) of a policy's programs under the load."""
    with bench.applied(file.read_text(encoding="utf-8")):
        with measured():
            subprocess.run([sys.executable, "-c", LOAD], check=True, timeout=300)
        said = bench.policyd("metrics", load([str(file)]).require()[0].name)
        everything = said if "policyd_hook_runs_total" in said else bench.policyd("metrics")
    runs = total(everything, "policyd_hook_runs_total")
    return runs, total(everything, "policyd_hook_seconds_total") * 1e9 / runs if runs else 0.0


def measure(_: Path) -> dict[str, dict[str, float]]:
    """Return runs and nanoseconds a run by policy; a policy of which nothing applies here has no runs."""
    files = [file for folder in ("policies", "library") for file in sorted((CHECKOUT / folder).rglob("*.yaml"))]
    found = {file.stem: cost(file) for file in files if file.stem not in LEFT_OUT}
    return {name: {"runs": runs, "nanoseconds": each} for name, (runs, each) in found.items()}


def report(found: dict[str, dict[str, float]]) -> None:
    rows = [
        (name, f"{one['runs']:,.0f}", f"{one['nanoseconds']:,.0f}")
        for name, one in sorted(found.items(), key=lambda row: -row[1]["runs"] * row[1]["nanoseconds"])
    ]
    bench.table("Policies alone, the dearest under this load first", ("policy", "runs", "ns a run"), rows)
