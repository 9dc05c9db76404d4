"""The first minutes: `init` writes a policy, it runs as it is, and a report of it takes nothing away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import Shell

pytestmark = pytest.mark.kernel


@pytest.fixture
def shell() -> Iterator[Shell]:
    found = Shell(f"/sys/fs/bpf/pd_test_{os.getpid()}_first")
    yield found
    found.remove_all()


def test_a_first_policy_runs_as_it_was_written_and_its_report_takes_nothing_away(shell: Shell, tmp_path: Path) -> None:
    watched, file, page = tmp_path / "etc/watched", tmp_path / "first-opens.yaml", tmp_path / "page.html"
    watched.parent.mkdir()
    watched.write_text("something")

    shell.run("init", "--kind", "files", "--name", str(watched.parent), "--yes", "-o", str(file))
    shell.run("apply", "-f", str(file))
    shell.act(f"open({str(watched)!r}).close()")
    shell.run("report", "-o", str(page), "--over", "1s", "first-opens")

    text = page.read_text()
    assert str(watched) in text
    assert "files_opened_total" in text
    assert [event["fields"]["path"] for event in shell.events("first-opens")] == [str(watched)]
    assert "files_opened_total" in shell.run("metrics", "first-opens", "--plot").stdout
