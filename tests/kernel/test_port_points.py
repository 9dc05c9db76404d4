"""Every change of the kernel passes a numbered point, fails there as the system call would, and dies there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policyd.kernel.attachable import probe
from policyd.kernel.features import PROBES
from policyd.kernel.points import VARIABLE
from policyd.kernel.real import RealKernel

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

PROGRAM = """
import sys
from policyd.builders.clang import ClangBuilder
from policyd.codegen.source import Source
from policyd.errors import PolicydError
from policyd.kernel.real import RealKernel
from policyd.unit import AttachPoint

kernel = RealKernel(sys.argv[1])
lo = AttachPoint("tcx", "lo", "egress")
text = '__attribute__((section("policyd"), used)) int pd_a(void *ctx) { return -1; }'
try:
    kernel.ensure_root()
    kernel.make_directory("staging")
    array = kernel.create_map("array", 4, 4, 4)
    kernel.update(array, bytes(4), bytes(4))
    kernel.update_many(array, [(bytes(4), bytes(4))])
    kernel.freeze(array)
    hashed = kernel.create_map("hash", 4, 4, 4)
    kernel.delete(hashed, bytes(4))
    kernel.pin(array, "staging/map")
    kernel.pin(hashed, "staging/map")
    kernel.rename("staging", "hooks")
    neutral = kernel.load_neutral(lo)
    (built,) = ClangBuilder().build(Source(text, ("pd_a",), (), ()), lo, {})
    link = kernel.attach(lo, neutral)
    kernel.update_link(lo, link, built, neutral)
    kernel.detach(link)
    event = AttachPoint("raw_tracepoint", "sched_process_exec")
    kernel.attach(event, kernel.load_neutral(event))
    counted = AttachPoint("tracepoint", "syscalls/sys_enter_vhangup")
    kernel.attach(counted, kernel.load_neutral(counted))
    kernel.unpin("hooks/map")
    kernel.remove_directory("hooks")
    kernel.remove_tree("")
except PolicydError as error:
    print(type(error).__name__, error.errno)
"""
SORTS = {
    *("mkdir", "map-create", "map-update", "map-update-batch", "map-freeze", "map-delete", "pin", "unlink", "rename"),
    *("program-load", "perf-event-open", "link-create", "link-update", "link-detach", "rmdir"),
}


@pytest.fixture
def root() -> Iterator[str]:
    path = f"/sys/fs/bpf/pd_test_points_{os.getpid()}"
    yield path
    if Path(path).exists():
        RealKernel(path).remove_tree("")


def run(root: str, script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, root]
    return subprocess.run(command, env=os.environ | {VARIABLE: script}, capture_output=True, text=True, check=False)


def traced(root: str, path: Path) -> list[str]:
    done = run(root, f"trace={path}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return path.read_text().splitlines()


def test_every_sort_of_change_is_a_point_and_each_says_what_it_changes(root: str, tmp_path: Path) -> None:
    lines = traced(root, tmp_path / "trace")
    assert [int(line.split()[0]) for line in lines] == list(range(1, len(lines) + 1))
    assert {line.split()[1] for line in lines} == SORTS
    assert all(len(line.split()) > 2 for line in lines)


def test_an_errno_at_any_point_becomes_an_error_of_ours(root: str, tmp_path: Path) -> None:
    count = len(traced(root, tmp_path / "trace"))
    for number in range(1, count + 1):
        done = run(root, f"fail={number}:EIO")
        assert re.fullmatch(r"(Kernel|Attach)Error 5\n", done.stdout), (number, done.stdout, done.stderr)
        if Path(root).exists():
            RealKernel(root).remove_tree("")


def test_a_process_dies_at_the_point_that_was_named(root: str, tmp_path: Path) -> None:
    lines = traced(root, tmp_path / "trace")
    pin = next(int(line.split()[0]) for line in lines if line.split()[1] == "pin")
    assert run(root, f"kill-before={pin}").returncode == -signal.SIGKILL
    assert RealKernel(root).list("staging") == ()
    RealKernel(root).remove_tree("")
    assert run(root, f"kill-after={pin}").returncode == -signal.SIGKILL
    assert RealKernel(root).list("staging") == ("map",)


# ------------------------------------------------------------------------------------------------ features


def test_what_policyd_needs_is_found_on_this_kernel() -> None:
    found = {feature.name: feature for feature in probe(PROBES)}
    assert [name for name, feature in found.items() if feature.needed and not feature.ok] == []
    assert len(found) == len(PROBES)
    assert all(feature.detail for feature in found.values() if not feature.ok)


HERE = ("tracepoint", "raw_tracepoint", "xdp", "tc ingress (tcx)", "tc egress (tcx)", "cgroup", "uprobe", "uprobe_multi")


@pytest.mark.parametrize("name", [*HERE, "perf_event"])
def test_attaching_is_proven_by_attaching(name: str) -> None:
    (feature,) = probe(tuple(row for row in PROBES if row.name == name))
    assert feature.ok, feature.detail


def test_probing_leaves_nothing_behind() -> None:
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208 (names are wanted)
    for _ in probe(tuple(row for row in PROBES if row.group in {"kernel", "attach"})):
        pass
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
