"""Calls of the kernel's functions on this kernel, from their begin to their end: each return has its own call's arguments.

On an overlay each rmdir is two calls, one inside the other: the overlay's, and that of the file system below it.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from callers import OPENAT, Caller
from inside import Shell, forked

NOTHING = "/dev/pd-nothing"
OVERLAY, TMPFS = 0x794C7630, 0x01021994
"""What their super blocks have as their magic numbers (include/uapi/linux/magic.h)."""
PLACE = Path("/run/pd-calls")

_WORK = """
for name in ("pd-call-full/inside", "pd-call-empty"):
    os.makedirs("/run/pd-calls/merged/" + name)
for name in ("pd-call-full", "pd-call-empty"):
    try: os.rmdir("/run/pd-calls/merged/" + name)
    except OSError: pass
open("/run/pd-calls/pd-call-file", "w").close()
os.unlink("/run/pd-calls/pd-call-file")
"""


@pytest.fixture
def _overlay() -> Iterator[None]:
    PLACE.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", PLACE], check=True)
    for name in ("lower", "upper", "work", "merged"):
        (PLACE / name).mkdir()
    layers = f"lowerdir={PLACE}/lower,upperdir={PLACE}/upper,workdir={PLACE}/work"
    subprocess.run(["mount", "-t", "overlay", "none", "-o", layers, PLACE / "merged"], check=True)
    yield
    subprocess.run(["umount", PLACE / "merged", PLACE], check=True)
    PLACE.rmdir()


def of_rule(events: list[dict[str, Any]], rule: str, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(event["fields"][column] for column in columns) for event in events if event["rule"] == rule]


@pytest.mark.usefixtures("_overlay")
def test_a_call_inside_another_of_the_same_function_has_its_own_arguments(shell: Shell) -> None:
    with shell.case("calls"):
        shell.act(_WORK)
        events, metrics, status = shell.events("calls"), shell.metrics("calls"), shell.policies()["calls"]
    full, empty = ("pd-call-full", -errno.ENOTEMPTY), ("pd-call-empty", 0)
    ends = [(name, magic, ret) for name, ret in (full, empty) for magic in (TMPFS, OVERLAY)]
    for rule in ("whole", "probed", "typed"):
        assert of_rule(events, rule, "name", "magic", "ret") == ends, rule
    for rule in ("whole", "probed"):
        found = of_rule(events, rule, "was", "is")
        assert [was == now for was, now in found[:2]] == [True, True], "what was not removed is there as before"
        assert all(was for was, _ in found)
        assert found[-1][1] is None, "the name of what was removed leads nowhere"
    times = [time for (time,) in of_rule(events, "whole", "duration")]
    assert 0 < times[0] < times[1]
    assert 0 < times[2] < times[3]
    several = of_rule(events, "several", "target", "name", "ret")
    assert sorted(several) == sorted(
        [*(("vfs_rmdir", name, ret) for name, _, ret in ends), ("vfs_unlink", "pd-call-file", 0)]
    )
    assert {one["labels"]["hook_name"]: int(one["value"]) for one in metrics["calls_total"]} == {
        "vfs_rmdir": 4,
        "vfs_unlink": 1,
    }
    assert status["account"]["unpaired"] == 0


def test_system_calls_of_32_bit_callers_are_paired_too(shell: Shell) -> None:
    def calls() -> None:
        Path("/proc/self/comm").write_text("pd-caller")
        with suppress(OSError):
            os.open(NOTHING, os.O_RDONLY)
        caller = Caller()
        caller.call(OPENAT, -100, caller.text(NOTHING), os.O_WRONLY)

    with shell.case("calls"):
        done = forked(calls)
        assert done.code == 0, done.stderr
        found = of_rule(shell.events("calls"), "opened", "hook_abi", "args_filename", "ret", "duration")
    assert [one[:3] for one in found] == [("Native", NOTHING, -errno.ENOENT), ("Compat", NOTHING, -errno.ENOENT)]
    assert all(one[3] > 0 for one in found)
