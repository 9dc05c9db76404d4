"""This kernel itself: `doctor` tells the truth of it, and objects that were compiled for another kernel run on it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inside import SHARED, Shell, prepared, version
from stages import PORTABLE

from policyd.cli import loading, wiring
from policyd.resolve import Host
from policyd.target import Target

CONFIGURATION = (SHARED.parent / f"boot/config-{os.uname().release}").read_text().splitlines()


def compiled_elsewhere() -> None:
    """Be a policyd that finds only objects which were compiled for another kernel's types."""
    target = Target.load(SHARED / "elsewhere.profile")
    assert target.release != os.uname().release
    loading.target_and_host = wiring.target_and_host = lambda _: (target, Host.running())


@pytest.fixture
def elsewhere(shell: Shell, request: pytest.FixtureRequest) -> Iterator[None]:
    """One of `PORTABLE`, compiled elsewhere, runs."""
    told = prepared()["portable"][request.param.stem]
    assert not told["error"], told["error"]
    shell.run("apply", "-f", str(request.param), before=compiled_elsewhere)
    yield
    shell.delete_all()


@pytest.mark.parametrize("elsewhere", [PORTABLE[0]], indirect=True, ids=lambda file: file.stem)
def test_a_tracepoint_reads_structures_by_an_object_for_another_kernel(shell: Shell, elsewhere: None) -> None:
    """CO-RE: what walks through structures is relocated when it is loaded."""
    pid = int(shell.act('child = subprocess.Popen(["/bin/sh", "-c", "exit 7"]); child.wait(); print(child.pid)'))
    started = [event["fields"] for event in shell.events("exec-audit") if event["rule"] == "exec"]
    assert [(one["args"], one["exe"]) for one in started if one["pid"] == pid] == [
        ("/bin/sh -c exit 7", os.path.realpath("/bin/sh"))
    ]


@pytest.mark.parametrize("elsewhere", [PORTABLE[1]], indirect=True, ids=lambda file: file.stem)
def test_functions_and_lsm_read_structures_by_an_object_for_another_kernel(
    shell: Shell, elsewhere: None, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    inode = int(shell.act(f'file = open("{path}", "w"); print(os.fstat(file.fileno()).st_ino)'))
    found = {(event["rule"], event["fields"]["inode"]) for event in shell.events("portable")}
    assert found >= {("fentry", inode), ("kprobe", inode), ("lsm", inode)}


def test_doctor_says_of_this_kernel_what_is_true(shell: Shell, found: dict[str, Any]) -> None:
    """What is there is decided by the kernel's version, and by how it was built."""
    features = json.loads(shell.run("doctor", "-o", "json").stdout)["features"]
    hooks = [one for one in features if one["group"] == "attach"]
    found["hooks"] = {one["name"]: one["ok"] for one in hooks}
    assert {one["name"]: one["detail"] for one in features if one["needed"] and not one["ok"]} == {}
    assert found["hooks"] == {one["name"]: _is_there(one["since"]) for one in hooks}


def _is_there(since: str) -> bool:
    """Read `5.18, CONFIG_FPROBE` against this kernel's version and the configuration that its package tells."""
    number, *options = since.split(", ")
    major, minor = number.split(".")
    options = [option for option in options if option.startswith("CONFIG_")]
    built = all({f"{option}=y", f"{option}=m"} & set(CONFIGURATION) for option in options)
    return built and version() >= (int(major), int(minor))
