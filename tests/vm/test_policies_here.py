"""All shipped policies on this kernel at once: applied, each made to produce a record, and gone without a trace.

The activity is that of the tests on the development kernel; each case has a process name of its own, for here all policies
see all of it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import test_policies_live as live
from inside import Shell, prepared, proven

CASES: dict[str, Callable[[Any], None]] = dict(live.CASES)


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
    monkeypatch.setattr(live, "ACTOR", f"pd-{name}"[:15])
    CASES[name](running)
    proven.update(map(tuple, prepared()["shipped"][name]["ways"]))


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
