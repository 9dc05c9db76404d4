"""The numbered points: what a test's script does to a process, and that nothing happens without one."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from policyd.kernel.points import VARIABLE, Script

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import sys
from policyd.kernel import points
done = []
for name in ("first", "second", "third"):
    try:
        points.run(name, "thing", lambda: print("did", name, flush=True))
    except OSError as error:
        print("failed", name, error.errno, flush=True)
"""


def run(script: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if script is not None:
        environment[VARIABLE] = script
    return subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)


def test_without_a_script_every_action_is_done_and_nothing_else_happens() -> None:
    assert run(None).stdout.split("\n") == ["did first", "did second", "did third", ""]


def test_a_process_is_killed_before_the_point() -> None:
    done = run("kill-before=2")
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "did first\n")


def test_a_process_is_killed_after_the_point_was_done() -> None:
    done = run("kill-after=2")
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "did first\ndid second\n")


def test_a_failing_point_is_not_done_and_the_next_ones_are() -> None:
    assert run("fail=2:EBUSY").stdout == f"did first\nfailed second {errno.EBUSY}\ndid third\n"


def test_the_trace_numbers_and_names_every_point_even_the_last_before_a_kill(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    run(f"trace={trace},kill-before=2")
    assert trace.read_text() == "1 first thing\n2 second thing\n"


@pytest.mark.parametrize("text", ["kill=3", "fail=1:ENOTHING", "kill-before=x"])
def test_a_script_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises((ValueError, AttributeError)):
        Script.parse(text)
