"""Tools of bpftrace and policies of the library side by side, on the same load: do they count the same?

By hand, as root: `.venv/bin/python tests/benchmarks/peers.py [TOOL…]`.  Each tool runs as the distribution ships it, at the
same time as the policy that takes its place; what is compared is how often each saw what the load did.  Tools whose probes
this kernel does not have are left out, and named.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bench

TOOLS = Path("/usr/sbin")
CHECKOUT = bench.HERE.parents[1]
TOKEN = f"pd-peer-{os.getpid()}"
"""A word in whatever the load does, so that only that is counted; short enough for a thread's name."""
NAMED = f"open('/proc/self/comm', 'w').write('{TOKEN}')\n"


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool and the policy in its place.

    `load` is a Python program; `told` finds in the tool's output what it said of the load, one match each, or a match whose
    group is a number to add; `counted` asks the policy, whose name is that of its file.
    """

    tool: str
    policy: str
    load: str
    told: str
    counted: Callable[[str], int]


def events(**wanted: str) -> Callable[[str], int]:
    """Return what counts a policy's events in whose fields these patterns are found."""

    def count(policy: str) -> int:
        lines = bench.policyd("events", policy, "-o", "json").splitlines()
        found = [json.loads(line)["fields"] for line in lines]
        return sum(all(re.search(text, str(fields.get(name, ""))) for name, text in wanted.items()) for fields in found)

    return count


def series(metric: str, **labels: str) -> Callable[[str], int]:
    """Return what adds up a policy's series that have these labels; a histogram counts as its number of values."""

    def count(policy: str) -> int:
        families = json.loads(bench.policyd("metrics", policy, "-o", "json"))["metrics"]
        found = [one for family in families if family["name"] == metric for one in family["series"]]
        values = [one["value"] for one in found if labels.items() <= one["labels"].items()]
        return sum(value["count"] if isinstance(value, dict) else int(value) for value in values)

    return count


PEERS = (
    Peer(
        "execsnoop",
        "policies/processes/exec-audit",
        f"for n in range(50): subprocess.run(['/bin/true', '{TOKEN}'])",
        rf"/bin/true {TOKEN}",
        events(args=rf"^/bin/true {TOKEN}"),
    ),
    Peer(
        "opensnoop",
        "library/files/opens",
        f"""
for n in range(500):
    try: open('/nowhere/{TOKEN}')
    except OSError: pass
""",
        rf"/nowhere/{TOKEN}",
        events(file=rf"^/nowhere/{TOKEN}"),
    ),
    Peer(
        "syncsnoop",
        "library/files/sync-calls",
        NAMED
        + "file = open('/var/tmp/pd-peer', 'w'); os.unlink('/var/tmp/pd-peer')\nfor n in range(20): os.fsync(file.fileno())",
        rf"{TOKEN} +.*fsync",
        series("syncs_calls", comm=TOKEN),
    ),
    Peer(
        "killsnoop",
        "policies/processes/signals",
        NAMED + "signal.signal(1, signal.SIG_IGN)\nfor n in range(200): os.kill(os.getpid(), 1)",
        rf"{TOKEN} +1 ",
        events(sender=TOKEN, signal="SIGHUP"),
    ),
    Peer(
        "setuids",
        "policies/security/privilege-changes",
        NAMED + "for n in range(100): os.setuid(0)",
        rf"{TOKEN} +0 +setuid",
        events(process_comm=TOKEN, call="setuid"),
    ),
    Peer(
        "syscount",
        "policies/processes/syscalls",
        NAMED + "for n in range(200000): os.getppid()",
        rf"@process\[{TOKEN}\]: (\d+)",
        series("syscalls_total", process_comm=TOKEN),
    ),
    Peer(
        "gethostlatency",
        "library/network/name-lookup-latency",
        NAMED + "for n in range(50): socket.getaddrinfo('localhost', 80)",
        rf"{TOKEN} .*localhost",
        series("name_lookup_seconds", comm=TOKEN),
    ),
    Peer(
        "runqlat",
        "library/cpu/run-queue-latency",
        "end = time.monotonic() + 10\nwhile time.monotonic() < end: time.sleep(0.001)",
        r"\)\s+(\d+) \|",
        series("run_queue_wait_seconds"),
    ),
    Peer("biolatency", "library/storage/disk-latency", "", r"\)\s+(\d+) \|", series("disk_latency_seconds")),
    Peer("biosnoop", "library/storage/disk-requests", "", "", events()),
    Peer("tcpconnect", "policies/network/connections", "", "", events()),
    Peer("tcpaccept", "library/network/accepts", "", "", events()),
    Peer("tcplife", "library/network/connection-lives", "", "", events()),
    Peer("tcpretrans", "policies/network/tcp-retransmits", "", "", events()),
    Peer("tcpsynbl", "library/network/syn-backlog", "", "", events()),
    Peer("vfsstat", "library/files/file-calls", "", "", series("file_calls_total")),
    Peer("capable", "library/security/capability-uses", "", "", series("capability_uses_asked")),
    Peer("oomkill", "library/memory/oom-kills", "", "", events()),
)


def needs_kprobes(peer: Peer) -> bool:
    text = (TOOLS / f"{peer.tool}.bt").read_text(encoding="utf-8")
    return (
        bool(re.search(r"^k(ret)?probe:", text, re.MULTILINE)) and not Path("/sys/bus/event_source/devices/kprobe").exists()
    )


def script_of(peer: Peer) -> str:
    """Return a tool's text; the one constant that it takes from the kernel's headers is written out."""
    text = (TOOLS / f"{peer.tool}.bt").read_text(encoding="utf-8")
    return text.replace("#include <linux/sched.h>", "#define TASK_RUNNING 0")


def compare(peer: Peer) -> tuple[int, int]:
    """Return how often the tool and the policy saw what the load did."""
    text = (
        (CHECKOUT / f"{peer.policy}.yaml")
        .read_text(encoding="utf-8")
        .replace("events: {buffer: 1Mi}", "events: {buffer: 8Mi}")
    )
    name = peer.policy.rpartition("/")[2]
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder, "said")
        with bench.applied(text), bench.bpftrace(script_of(peer), said):
            earlier = peer.counted(name)
            head = "import os, signal, socket, subprocess, time\n"
            subprocess.run([sys.executable, "-c", head + peer.load], check=True, timeout=120)
            time.sleep(1)
            counted = peer.counted(name) - (0 if "events" in peer.counted.__qualname__ else earlier)
        found = re.findall(peer.told, said.read_text(encoding="utf-8", errors="replace"))
    numbers = [int(one) if one.isdigit() else 1 for one in found]
    return sum(numbers), counted


def main(names: list[str]) -> int:
    if os.geteuid() != 0 or not bench.has_bpftrace():
        print("this needs root and bpftrace", file=sys.stderr)
        return 64
    peers = [peer for peer in PEERS if not names or peer.tool in names]
    there = [peer for peer in peers if not needs_kprobes(peer)]
    rows = []
    for peer in there:
        tool, policy = compare(peer)
        rows.append((f"{peer.tool}.bt", peer.policy.rpartition("/")[2], f"{tool:,}", f"{policy:,}"))
    bench.table(
        f"How often each saw what the load did, Linux {platform.release()}", ("tool", "policy", "it", "policyd"), rows
    )
    if left_out := [peer.tool for peer in peers if peer not in there]:
        print(f"\nnot here, for they need kprobes: {', '.join(left_out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
