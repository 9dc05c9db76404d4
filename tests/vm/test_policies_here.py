"""All shipped policies on this kernel at once: applied, each made to produce a record, and gone without a trace.

The activity is that of the tests on the development kernel; each case has a process name of its own, for here all policies
see all of it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import test_policies_live as live
from inside import SHARED, Shell, version
from stages import PORTABLE

from policyd.cli import wiring
from policyd.resolve import Host
from policyd.target import Target

CASES: dict[str, Callable[[Any], None]] = dict(live.CASES)
NOT_HERE = {"traffic"} if version() < (6, 6) else set()
"""Policies of which no rule applies to this kernel: traffic needs tcx."""


@pytest.fixture(scope="module")
def running(found: dict[str, Any]) -> Iterator[Shell]:
    shell = Shell(lambda: live.ACTOR)
    shell.run("apply", "-f", "policies/")
    found["policies"] = {
        name: sorted({row["rule"] for row in status.get("notApplicable", ())}) for name, status in shell.policies().items()
    }
    yield shell
    shell.delete_all()


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_shipped_policy_sees_what_it_is_for(running: Shell, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    if name in NOT_HERE:
        status = running.policies()[name]
        assert {row["rule"] for row in status["notApplicable"]} == {"received", "sent"}
        assert all("6.6" in row["reason"] for row in status["notApplicable"])
        return
    monkeypatch.setattr(live, "ACTOR", f"pd-{name}"[:15])
    CASES[name](running)


def _block_io(shell: Shell) -> None:
    """Through a loop device: files here are the host's, and no block device's."""
    image = Path("/tmp/pd-block-io")
    image.write_bytes(bytes(1 << 20))
    subprocess.run(["modprobe", "loop"], check=True)
    device = subprocess.run(
        ["losetup", "--find", "--show", image], check=True, capture_output=True, text=True
    ).stdout.strip()
    try:
        subprocess.run(["dd", "if=/dev/zero", f"of={device}", "bs=64k", "count=8", "oflag=direct"], check=True, stderr=-3)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
    assert live.total(shell, "block-io", "block_io_bytes") >= 1


def _module_loads(shell: Shell) -> None:
    """Here are modules, which the development kernel has not."""
    live.CASES["module-loads"](shell)
    subprocess.run(["modprobe", "dummy"], check=True)
    subprocess.run(["modprobe", "-r", "dummy"], check=True)
    rules = {event["rule"] for event in shell.events("module-loads")}
    assert rules >= {"load", "remove"}


CASES |= {"block-io": _block_io, "module-loads": _module_loads}


def test_objects_that_were_compiled_for_another_kernel_run_here(shell: Shell) -> None:
    """CO-RE: what walks through structures is relocated when it is loaded."""

    def compiled_elsewhere() -> None:
        target = Target.load(SHARED / "host.profile")
        assert target.release != os.uname().release
        wiring.target_and_host = lambda _: (target, Host.running())

    shell.run("apply", "-f", str(PORTABLE), before=compiled_elsewhere)
    pid = int(shell.act('child = subprocess.Popen(["/bin/sh", "-c", "exit 7"]); child.wait(); print(child.pid)'))
    started = [event["fields"] for event in shell.events("exec-audit") if event["rule"] == "exec"]
    assert live.has(started, pid=pid, args="/bin/sh -c exit 7", exe=os.path.realpath("/bin/sh"))
    shell.delete_all()


def test_doctor_says_of_this_kernel_what_is_true(shell: Shell, found: dict[str, Any]) -> None:
    """Debian's kernels are built with everything: what is there, a kernel's version decides."""
    features = json.loads(shell.run("doctor", "-o", "json").stdout)["features"]
    hooks = [one for one in features if one["group"] in {"attach", "later"}]
    found["hooks"] = {one["name"]: one["ok"] for one in hooks}
    assert {one["name"]: one["detail"] for one in features if one["needed"] and not one["ok"]} == {}
    assert found["hooks"] == {one["name"]: version() >= _since(one["since"]) for one in hooks}


def _since(text: str) -> tuple[int, int]:
    major, minor = text.partition(",")[0].split(".")
    return int(major), int(minor)
