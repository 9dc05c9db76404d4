"""What the suite in a guest shares (a plugin of pytest): policyd in children that are forked off this (warm) process.

Under emulation it takes ten seconds to start policyd; a child that is forked has everything imported.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from shell import ACTOR, PRELUDE
from stages import CASES

from policyd.cli import run

SHARED = Path(os.environ["POLICYD_VM"])
"""The directory that host and guest share: what the host has prepared, and what the suite has found."""

OBJECTS = Path("/var/cache/policyd")
ROOT = "/sys/fs/bpf/policyd"
proven: set[tuple[str, ...]] = set()
"""The ways (`preparing.Way`) of all that was seen to work here."""
LEAVING_SECONDS = 60.0
"""So long the kernel may take to let go of what has no user any more: some links wait for tasks to leave a trampoline."""
_COMMANDS = ("apply", "delete", "doctor", "events", "get", "metrics", "params")
_WARMING = (
    ("render", "policies/processes/exec-audit.yaml", "policies/network/deny-egress.yaml", "policies/network/xdp-drop.yaml"),
    ("get", "policies"),
)
_NEEDED = (*(f"cli.{name}" for name in _COMMANDS), "codegen.program", "codegen.offsets", "engine", "builders.clang")


@dataclass(frozen=True, slots=True)
class Done:
    """How a child ended: `code` is negative for a signal."""

    code: int
    stdout: str
    stderr: str


def forked(action: Callable[[], int | None]) -> Done:
    """Run `action` in a child; what it returns is the exit code."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        pid = os.fork()
        if pid == 0:
            _become(action, out.fileno(), err.fileno())
        status = os.waitpid(pid, 0)[1]
        out.seek(0)
        err.seek(0)
        return Done(os.waitstatus_to_exitcode(status), out.read().decode(), err.read().decode())


def _become(action: Callable[[], int | None], out: int, err: int) -> None:
    """Be the child: never returns."""
    code = 70
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        code = action() or 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@dataclass(frozen=True, slots=True)
class Shell:
    """policyd as a user runs it, and small programs that make things happen: the `Shell` of the tests on this kernel."""

    actor: Callable[[], str] = lambda: ACTOR

    def run(self, *words: str, check: bool = True, before: Callable[[], object] = lambda: None) -> Done:
        """Run `policyd WORDS…`; with `check` a failure fails the test.  `before` is called in the child."""
        done = forked(lambda: (before(), run(words))[1])
        assert not check or done.code == 0, f"policyd {' '.join(words)}: exit code {done.code}\n{done.stdout}{done.stderr}"
        return done

    def act(self, program: str) -> str:
        """Run a Python program as a process with a name of its own; return what it prints."""
        text = PRELUDE.replace(ACTOR, self.actor()) + textwrap.dedent(program)
        done = forked(lambda: exec(compile(text, "actor", "exec"), {"__name__": "__main__"}))
        assert done.code == 0, done.stderr
        return done.stdout.strip()

    def events(self, policy: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run("events", policy, "-o", "json").stdout.splitlines()]

    def metrics(self, policy: str) -> dict[str, list[dict[str, Any]]]:
        """Return a policy's series (`labels`, `value`) by the metric's name."""
        found = json.loads(self.run("metrics", policy, "-o", "json").stdout)["metrics"]
        return {family["name"]: family["series"] for family in found}

    def policies(self) -> dict[str, dict[str, Any]]:
        """Return the status of each policy by its name."""
        items = json.loads(self.run("get", "policies", "-o", "json").stdout)["items"]
        return {item["metadata"]["name"]: item["status"] for item in items}

    def apply(self, text: str, path: Path, before: Callable[[], object] = lambda: None, check: bool = True) -> Done:
        path.write_text(text)
        return self.run("apply", "-f", str(path), "--prune", before=before, check=check)

    @contextmanager
    def case(self, name: str, absent: Collection[str] = ()) -> Iterator[Done]:
        """Run `tests/vm/policies/NAME.yaml` alone, and delete it; what apply said is yielded.

        `absent` names the rules that this kernel has no place for: these, and no others.
        """
        told = prepared()["cases"][name]
        assert not told["error"], told["error"]
        assert set(told["not_applicable"]) == set(absent), told["not_applicable"]
        done = self.run("apply", "-f", str(CASES / f"{name}.yaml"))
        try:
            yield done
            proven.update(map(tuple, told["ways"]))
        finally:
            self.delete_all()

    def delete_all(self) -> None:
        """Delete every policy: nothing is left in bpffs, and no program, map or link of policyd's in the kernel."""
        self.run("delete", "--all")
        assert [str(path) for path in Path(ROOT).rglob("*")] == []
        end = time.monotonic() + LEAVING_SECONDS
        for kind in ("prog", "map"):  # in this order: no slot is opened while it still lets go of a program
            while left := ours(kind):
                assert time.monotonic() < end, f"left in the kernel: {left}"


@cache
def prepared() -> dict[str, Any]:
    """Return what the host has found out: see `preparing.Case`."""
    found: dict[str, Any] = json.loads((SHARED / "cases.json").read_text())
    return found


def ours(kind: str) -> list[str]:
    """Return the names of policyd's programs (`prog`) or maps (`map`), as bpftool reads them.

    It waits a moment before: bpftool opens what it lists, and a slot that is opened while the kernel lets go of it is kept
    for ever (docs/decisions.md).
    """
    time.sleep(0.4)
    done = subprocess.run(["bpftool", "-j", kind, "show"], capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout or "[]")
    return [row["name"] for row in rows if row.get("name", "").startswith("pd_")]


def version() -> tuple[int, int]:
    """Return the running kernel's version."""
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int(minor)


@pytest.fixture(scope="session")
def shell() -> Shell:
    return Shell()


@pytest.fixture(scope="session")
def found() -> Iterator[dict[str, Any]]:
    """What the suite finds out about this kernel; the host makes a page of it."""
    facts: dict[str, Any] = {"release": os.uname().release}
    yield facts
    facts["ways"] = sorted(proven)
    (SHARED / "found.json").write_text(json.dumps(facts))


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_compiled() -> Iterator[None]:
    """What is applied here was compiled on the host; what was not is a mistake of the host's preparation."""
    before = {path.name for path in OBJECTS.iterdir()}
    yield
    assert {path.name for path in OBJECTS.iterdir()} == before, "objects were compiled in the guest"


@pytest.fixture(scope="session", autouse=True)
def _warm(_nothing_is_compiled: None) -> None:
    """Do once what every child would do anew: import, read the kernel's types, make templates and expressions ready."""
    for name in _NEEDED:
        importlib.import_module(f"policyd.{name}")
    for words in _WARMING:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
            assert run(words) == 0, said.getvalue()
    gc.collect()
    gc.freeze()  # the collector of a child would write to every page of what is shared


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Tell a failure at once: a guest that hangs later would take it along."""
    if report.failed:
        print(f"\n{report.longreprtext}", flush=True)
