"""The engine's process table: what runs already is known from /proc, what starts later from its exec."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Host

pytestmark = pytest.mark.kernel

POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: programs}
spec:
  rules:
    - name: calls
      hook: {syscall: getppid}
      filters:
        - {field: process.exe, operator: Equal, value: EXE}
      outputs:
        - counter: {name: calls_total, by: [process.exe]}
"""


def text() -> str:
    return POLICY.replace("EXE", str(Path("/proc/self/exe").readlink()))


def call_in_a_child() -> None:
    subprocess.run([sys.executable, "-S", "-E", "-c", "import os; os.getppid()"], check=True)


def test_programs_that_ran_before_and_that_start_later_are_known(host: Host) -> None:
    host.apply(text())
    os.getppid()
    before = host.count("programs", "calls_total")
    assert before >= 1
    call_in_a_child()
    assert host.count("programs", "calls_total") > before


def test_the_process_table_goes_with_the_last_policy_that_needs_it(host: Host) -> None:
    host.apply(text())
    assert {"processes", "processes-filled"} <= set(host.kernel.list("shared"))
    assert len(host.kernel.list("hooks")) == 4
    host.apply()
    assert host.kernel.list("") == ()
