"""The README's five minutes, command by command and in its order, on this kernel."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from agents import until
from shell import CHECKOUT, Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel


def commands_of(part: str) -> list[list[str]]:
    """Return the words of each command of a part, without `policyd` and without the remark behind it."""
    marked = re.compile(rf"<!-- {part}: .*?-->(?P<text>.*?)<!-- end of {part} -->", re.DOTALL)
    found = marked.search((CHECKOUT / "README.md").read_text(encoding="utf-8"))
    assert found is not None
    lines = [line.removeprefix("$ ") for line in found["text"].splitlines() if line.startswith("$ ")]
    words = [shlex.split(line, comments=True) for line in lines]
    assert all(command[0] == "policyd" for command in words)
    return [command[1:] for command in words]


@pytest.fixture
def shell() -> Iterator[Shell]:
    shell = Shell(f"/sys/fs/bpf/pd_test_readme_{os.getpid()}")
    yield shell
    shell.remove_all()


def test_the_tour_of_the_readme_works_from_beginning_to_end(shell: Shell) -> None:
    commands = commands_of("tour")
    assert len(commands) > 15
    printed = {}
    for words in commands:
        done = shell.run(*words)
        printed[" ".join(words)] = done.stdout + done.stderr
        if words[0] == "apply":
            shell.act('subprocess.run(["true"]); open("/etc/hostname").close()')
    assert "exec-audit/" in printed["events exec-audit --tail 5"]  # of whoever began or ended last on this host
    assert "syscalls_total{" in printed["metrics"]
    assert "exec-audit/killed" in printed["render policies/processes/exec-audit.yaml"]
    assert "192.0.2.0/24" in printed["params list deny-egress"]


def test_the_agent_of_the_readme_works_from_beginning_to_end(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, *commands = commands_of("agent")
    assert len(commands) > 7
    socket = tmp_path / "agent.sock"
    monkeypatch.setenv("POLICYD_SOCKET", str(socket))
    words = [word.replace("/tmp/", f"{tmp_path}/") for word in start]
    command = [sys.executable, "-m", "policyd", "--root", shell.root, *words, "--listen", f"unix:{socket}"]
    with (tmp_path / "agent.log").open("w") as out, subprocess.Popen(command, cwd=CHECKOUT, stderr=out) as agent:
        try:
            until(lambda: "Applied" in shell.run("get", "sources", check=False).stdout)
            until(lambda: "Proven" in shell.run("get", "policies").stdout)
            shell.act('subprocess.run(["true"]); open("/etc/hostname").close()')
            printed = {" ".join(words): shell.run(*words).stdout for words in commands}
        finally:
            agent.terminate()
    assert agent.returncode == 0, (tmp_path / "agent.log").read_text("utf-8")
    assert "policyd_reconcile" in printed["metrics --agent"]
    assert "Applied" in printed["resume base"]
    assert "exec-audit" in (tmp_path / "policyd-events.jsonl").read_text("utf-8")
