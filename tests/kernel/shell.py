"""policyd as a user runs it, below a bpffs root of the test's own, and small Python programs that make things happen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warm import policyd

CHECKOUT = Path(__file__).resolve().parents[2]
ACTOR = "pd-actor"
PRELUDE = f"""
import ctypes, os, signal, socket, subprocess, sys, threading, time
open("/proc/self/comm", "w").write("{ACTOR}")
libc = ctypes.CDLL(None, use_errno=True)
"""


@dataclass(frozen=True, slots=True)
class Shell:
    """Commands run from the checkout's root, so that paths are as in the documentation."""

    root: str
    builder: str = "clang"

    def run(self, *words: str, check: bool = True, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run `policyd WORDS…`; with `check` a failure fails the test, with what was printed."""
        environment = os.environ | {"POLICYD_ROOT": self.root, "POLICYD_BUILDER": self.builder}
        done = policyd(*words, environment=environment, directory=CHECKOUT, text=text)
        if check and done.returncode:
            raise AssertionError(f"policyd {' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def act(self, program: str) -> str:
        """Run a Python program as a process whose comm is `ACTOR`; return what it prints."""
        command = [sys.executable, "-c", PRELUDE + textwrap.dedent(program)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def remove_all(self) -> None:
        """Delete every policy; nothing may be left below the root, and so it goes too."""
        self.run("delete", "--all")
        root = Path(self.root)
        assert not root.exists(), [str(path) for path in root.rglob("*")]

    def events(self, policy: str) -> list[dict[str, Any]]:
        """Return the events that wait in a policy's ring."""
        return [json.loads(line) for line in self.run("events", policy, "-o", "json").stdout.splitlines()]

    def metrics(self, policy: str) -> dict[str, list[dict[str, Any]]]:
        """Return a policy's series (`labels`, `value`) by the metric's name."""
        found = json.loads(self.run("metrics", policy, "-o", "json").stdout)["metrics"]
        return {family["name"]: family["series"] for family in found}
