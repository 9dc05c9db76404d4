"""Actions on this kernel."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from inside import Shell, forked


def test_a_process_is_killed_by_what_it_does(shell: Shell) -> None:
    with shell.case("killed-by-signal"):
        assert forked(lambda: _named_as("pd-spared")).code == 0
        assert forked(lambda: _named_as("pd-killed")).code == -signal.SIGKILL
        assert [event["rule"] for event in shell.events("killed-by-signal")] == ["parent"]


def _named_as(name: str) -> None:
    Path("/proc/self/comm").write_text(name)
    os.getppid()
