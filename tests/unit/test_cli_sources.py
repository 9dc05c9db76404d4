"""How the agent's sources are listed: what a line shows, and that it fits a terminal."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from policyd.cli.output import table
from policyd.cli.sources import HEADERS, cells, fitted
from policyd.health import SourceStatus

LONG = "left out: " + "policy exec-audit belongs to set base " * 3
ROWS = [
    cells(SourceStatus("base", "directory", "/etc/policyd", "Applied")),
    cells(SourceStatus("team", "git", "https://git.example", "Degraded", reason=LONG)),
]


def test_on_a_terminal_reasons_end_where_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((80, 24)))
    lines = table(HEADERS, fitted(ROWS)).splitlines()
    assert max(map(len, lines)) == 80
    assert lines[2].endswith("…")


def test_a_pipe_gets_more_of_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert fitted(ROWS) == [row[: len(HEADERS)] for row in ROWS]


def test_no_sources_are_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert fitted([]) == []
