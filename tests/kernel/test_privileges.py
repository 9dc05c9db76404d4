"""Exactly the capabilities of the table, and one less each, as root and as another user: real policies, real kernel."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from policyd.capabilities import BPF, DAC_READ_SEARCH, NET_ADMIN, PERFMON, SYS_PTRACE

pytestmark = pytest.mark.kernel

CHECKOUT = Path(__file__).resolve().parents[2]
NOBODY = 65534
EVENTS, PACKETS = "pd-tracing", "pd-network"
POLICIES = f"""
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: {EVENTS}}}
spec:
  rules:
    - {{name: call, hook: {{syscall: getppid}}, outputs: [{{event: {{fields: [process.pid, process.exe]}}}}, {{counter: {{name: calls_total}}}}]}}
    - {{name: raw, hook: {{raw_tracepoint: sched_process_fork}}, outputs: [{{counter: {{name: forks_total}}}}]}}
    - {{name: library, hook: {{uprobe: {{library: libc, symbol: getppid}}}}, outputs: [{{counter: {{name: asked_total}}}}]}}
    - {{name: clock, hook: {{perf: {{event: cpu-clock, frequency: 1}}}}, outputs: [{{counter: {{name: samples_total}}}}]}}
---
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: {PACKETS}}}
spec:
  rules:
    - {{name: in, hook: {{tc: {{interfaces: [lo], direction: ingress}}}}, outputs: [{{counter: {{name: packets_total}}}}]}}
    - {{name: connect, hook: {{cgroup: connect4}}, outputs: [{{counter: {{name: connects_total}}}}]}}
    - {{name: rest, hook: {{cgroup: sysctl}}, outputs: [{{counter: {{name: calls_total}}}}]}}
    - {{name: flows, hook: {{sock_ops: [Connect, Retransmit]}}, outputs: [{{counter: {{name: flows_total}}}}]}}
    - {{name: look-ups, hook: {{sk_lookup: {{}}}}, outputs: [{{counter: {{name: look_ups_total}}}}]}}
"""  # noqa: E501

_roots = itertools.count(1)


@dataclass
class Confined:
    """policyd with a set of capabilities and no way to more, below a bpffs root of its own."""

    home: Path
    user: int = 0
    root: str = field(default_factory=lambda: f"/sys/fs/bpf/pd_test_{os.getpid()}_cap{next(_roots)}")

    def run(self, held: tuple[str, ...], *words: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        names = ",".join(("-all", *(f"+{name.removeprefix('CAP_').lower()}" for name in held)))
        command = ["setpriv", "--no-new-privs", f"--bounding-set={names}", f"--inh-caps={names}"]
        if self.user:
            command += [f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", f"--ambient-caps={names}"]
        environment = os.environ | {"POLICYD_ROOT": self.root, "HOME": str(self.home), "XDG_CACHE_HOME": str(self.home)}
        return subprocess.run(
            [*command, sys.executable, "-m", "policyd", *words],
            input=text, capture_output=True, text=True, check=False, env=environment, cwd=CHECKOUT, timeout=180,
        )  # fmt: skip

    def outcomes(self, held: tuple[str, ...]) -> dict[str, str]:
        """Apply the policies; return the line about each."""
        done = self.run(held, "apply", "-f", "-", text=POLICIES)
        said = (done.stdout + done.stderr).splitlines()
        return {name: line for name in (EVENTS, PACKETS) for line in said if line.startswith(f"policy/{name} ")}

    def read(self, held: tuple[str, ...], *words: str) -> Any:
        done = self.run(held, *words, "-o", "json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()] if words[0] == "events" else json.loads(done.stdout)

    def remove(self, held: tuple[str, ...]) -> None:
        done = self.run(held, "delete", "--all")
        assert done.returncode == 0, done.stderr
        assert not Path(self.root).exists()


def seen(policyd: Confined, held: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of the event of a call that this process makes."""
    os.getppid()
    fields = [event["fields"] for event in policyd.read(held, "events", EVENTS)]
    (mine,) = [found for found in fields if found["process_pid"] == os.getpid()]
    return mine


@pytest.mark.parametrize(
    ("user", "held"),
    [(0, (BPF, PERFMON, NET_ADMIN)), (NOBODY, (BPF, PERFMON, NET_ADMIN, DAC_READ_SEARCH))],
    ids=["root", "nobody"],
)
def test_the_set_of_the_table_is_enough_for_every_command(tmp_path: Path, user: int, held: tuple[str, ...]) -> None:
    tmp_path.chmod(0o700)
    os.chown(tmp_path, user, user)
    for parent in tmp_path.parents[:2]:
        parent.chmod(parent.stat().st_mode | 0o011)  # pytest's folders are root's; another user must come through
    policyd = Confined(tmp_path, user)
    try:
        assert {name: line.split()[1] for name, line in policyd.outcomes(held).items()} == dict.fromkeys(
            (EVENTS, PACKETS), "created"
        )
        assert seen(policyd, held)["process_exe"] is None  # this process was there before, and has more capabilities
        phases = {row["metadata"]["name"]: row["status"]["phase"] for row in policyd.read(held, "get", "policies")["items"]}
        assert phases == {EVENTS: "Ready", PACKETS: "Ready"}
        needs = {row["capability"]: row for row in policyd.read(held, "doctor")["capabilities"]}
        assert {name for name, row in needs.items() if row["required"]} == set(held)
        assert all(row["held"] for row in needs.values() if row["required"])
    finally:
        policyd.remove(held)


def test_with_sys_ptrace_the_programs_of_older_processes_are_known(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    held = (BPF, PERFMON, NET_ADMIN, SYS_PTRACE)
    policyd = Confined(tmp_path)
    try:
        policyd.outcomes(held)
        assert seen(policyd, held)["process_exe"] == os.path.realpath(sys.executable)
    finally:
        policyd.remove(held)


@pytest.mark.parametrize(
    ("gone", "left_out"),
    [(NET_ADMIN, {PACKETS}), (PERFMON, {EVENTS, PACKETS}), (BPF, {EVENTS, PACKETS})],
)
def test_one_less_is_named_and_leaves_out_what_needs_it(tmp_path: Path, gone: str, left_out: set[str]) -> None:
    tmp_path.chmod(0o700)
    full = (BPF, PERFMON, NET_ADMIN)
    policyd = Confined(tmp_path)
    try:
        lines = policyd.outcomes(tuple(name for name in full if name != gone))
        assert {name for name, line in lines.items() if "left out" in line} == left_out
        assert all(f"this process lacks {gone};" in lines[name] for name in left_out), lines
    finally:
        policyd.remove(full)
