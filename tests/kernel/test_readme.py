"""The README's five minutes, command by command and in its order, on this kernel."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

import pytest
from shell import CHECKOUT, Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

TOUR = re.compile(r"<!-- tour: .*?-->(?P<text>.*?)<!-- end of tour -->", re.DOTALL)


def tour() -> list[list[str]]:
    """Return the words of each command of the tour, without `policyd` and without the remark behind it."""
    found = TOUR.search((CHECKOUT / "README.md").read_text(encoding="utf-8"))
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
    commands = tour()
    assert len(commands) > 15
    printed = {}
    for words in commands:
        done = shell.run(*words)
        printed[" ".join(words)] = done.stdout + done.stderr
        if words[0] == "apply":
            shell.act('subprocess.run(["true"]); open("/etc/hostname").close()')
    assert "exec-audit/exec" in printed["events exec-audit --tail 5"]
    assert "syscalls_total{" in printed["metrics"]
    assert "exec-audit/killed" in printed["render policies/exec-audit.yaml"]
    assert "192.0.2.0/24" in printed["params list deny-egress"]
