"""`policyd top`: what happened between two looks, sorted, on screens of any width."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from state_by_hand import ACCOUNT, OBSERVED, POINT, RECORD, FakeKernel

from policyd.cli import run, top
from policyd.cli.top import KEYS, Source, ordered, picture
from policyd.health import Proof
from policyd.status import hook_views, policy_views
from policyd.views.cost import estimated_seconds
from policyd.views.top import Look, TopRow, top_rows

VIEW = policy_views(OBSERVED, FakeKernel())["opens"]  # type: ignore[arg-type]


def seen(when: float, seconds: float = 0.0, **account: int) -> Look:
    """Return a look at one policy, with these counts."""
    return Look(when, {"opens": replace(VIEW, account={**ACCOUNT, **account})}, {"opens": 1 << 20}, {"opens": seconds})


def row(name: str, **values: Any) -> TopRow:
    facts: dict[str, Any] = {
        "status": "Ready", "mode": "", "set": "", "hooks": 1, "matched_rate": 0.0, "event_rate": 0.0, "lost_rate": 0.0,
        "missed_rate": 0.0, "acted_rate": 0.0, "cost_estimate": None, "events": 0, "lost": 0, "bytes": 0,
    }  # fmt: skip
    return TopRow(policy=name, **(facts | values))


def made(*rows: TopRow, width: int = 80, height: int | None = None, sort: str = "events") -> list[str]:
    source = Source(FakeKernel(), None)  # type: ignore[arg-type]
    return [click.unstyle(line) for line in picture(source, list(rows), sort, width, height)]


def test_rates_are_of_what_happened_between_the_looks() -> None:
    (found,) = top_rows(seen(10.0, 1.0, delivered=100, ring_full=4), seen(12.0, 1.5, delivered=150, ring_full=10), {})

    assert (found.event_rate, found.lost_rate, found.cost_estimate) == (25.0, 3.0, 0.25)
    assert (found.events, found.bytes, found.status) == (150, 1 << 20, "Ready")


def test_a_policy_that_came_or_began_anew_has_no_rates_yet() -> None:
    nothing = Look(1.0, {}, {}, {})
    (new,) = top_rows(nothing, seen(2.0), {})
    (again,) = top_rows(seen(1.0, delivered=100), seen(2.0, delivered=5), {})

    assert new.event_rate is None
    assert again.event_rate is None
    assert again.events == 5


def test_cost_is_not_known_where_the_kernel_does_not_measure() -> None:
    (found,) = top_rows(seen(1.0, 5.0), seen(2.0, 5.0), {})

    assert found.cost_estimate is None


@pytest.mark.parametrize(("proven", "status"), [(True, "Proven"), (False, "Attached")])
def test_a_ready_policy_is_proven_or_attached_where_an_agent_knows(proven: bool, status: str) -> None:
    (found,) = top_rows(seen(1.0), seen(2.0), {"opens": Proof("opens", proven)})

    assert found.status == status


def test_a_hooks_time_is_divided_by_rules() -> None:
    other = replace(RECORD, name="other", rules=(*RECORD.rules, *RECORD.rules, *RECORD.rules))
    (hook,) = hook_views(OBSERVED, FakeKernel())  # type: ignore[arg-type]
    attached = replace(hook.attached, run_count=1, run_time_ns=4_000_000_000)  # type: ignore[type-var]
    shared = replace(hook, policies=("opens", "other", "gone"), attached=attached)

    assert hook.key == POINT.key
    assert estimated_seconds({"opens": RECORD, "other": other}, [shared]) == {"opens": 1.0, "other": 3.0}


def test_the_largest_come_first_and_equal_ones_by_name() -> None:
    rows = [row("b", event_rate=1.0), row("a", event_rate=1.0), row("new", event_rate=None), row("busy", event_rate=9.0)]

    assert [one.policy for one in ordered(rows, "events")] == ["busy", "a", "b", "new"]
    assert [one.policy for one in ordered(rows, "name")] == ["a", "b", "busy", "new"]
    for key in KEYS:
        assert len(ordered(rows, key)) == 4


def test_the_table_fits_80_columns_and_shows_more_on_wider_screens() -> None:
    rows = [
        row("a-policy-with-quite-a-long-name-that-says-everything", status="NotApplicable", hooks=123, event_rate=123456.7,
            lost_rate=99999.0, lost=1234567890, cost_estimate=12.345, bytes=1 << 33),
        row("b", event_rate=12.0),
    ]  # fmt: skip
    narrow, wide = made(*rows), made(*rows, width=200)

    assert max(map(len, narrow)) <= 80
    assert "MATCHED/S" not in narrow[2]
    assert "MATCHED/S" in wide[2]
    assert "a-policy-with-quite-a-long-name-that-says-everything" in wide[3]
    assert "…" in narrow[3]
    assert "123k" in narrow[3]
    assert "1234.50" in narrow[3]


def test_what_does_not_fit_on_the_screen_is_counted() -> None:
    lines = made(*(row(f"p{number}") for number in range(50)), height=20)

    assert len(lines) <= 20
    assert lines[-1] == "… and 34 more"


def test_an_empty_host_is_a_picture_too() -> None:
    assert made()[0].endswith("0 policies  0 events/s  0Ki  no agent")


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A host with one policy, whose counts do not move, and no agent."""
    monkeypatch.setattr("policyd.observe.observe", lambda _: OBSERVED)
    monkeypatch.setattr("policyd.cli.top.open_kernel", lambda *_: FakeKernel())
    monkeypatch.setattr(top, "_FIRST_SECONDS", 0.01)
    return str(tmp_path / "none.sock")


def test_json_is_one_picture(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["top", "-o", "json", "--socket", host]) == 0
    found = json.loads(capsys.readouterr().out)

    assert found["agent"] is None
    assert found["seconds"] > 0
    assert found["policies"][0] | {"policy": "opens", "events": 10, "lost": 2, "eventRate": 0.0} == found["policies"][0]


def test_without_a_terminal_one_picture_is_enough(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["top", "--socket", host]) == 0
    assert capsys.readouterr().out.count("POLICY") == 1


def test_without_a_terminal_pictures_stand_below_one_another(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["top", "-n", "2", "-d", "100ms", "--socket", host]) == 0
    out = capsys.readouterr().out

    assert out.count("POLICY") == 2
    assert "\x1b" not in out


PROGRAM = """
import fcntl, signal, sys, termios
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background ignores it
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.path.insert(0, sys.argv[1])
from state_by_hand import OBSERVED, FakeKernel
import policyd.observe, policyd.cli.top
policyd.observe.observe = lambda _: OBSERVED
policyd.cli.top.open_kernel = lambda *_: FakeKernel()
from policyd.cli import run
sys.exit(run(["top", "-d", "200ms", "--socket", "/nonexistent/agent.sock"]))
"""


@pytest.mark.parametrize("ending", [b"q", b"\x03"])
def test_on_a_terminal_q_and_ctrl_c_end_it_and_leave_the_terminal_as_it_was(ending: bytes) -> None:
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    before = termios.tcgetattr(terminal)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(Path(__file__).parent)],
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    try:
        text = _read_until(controller, b"opens", 2)
        os.write(controller, ending)
        text += _read_until(controller, b"\x1b[?25h", 1)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        after = termios.tcgetattr(terminal)
        os.close(terminal)
        os.close(controller)
    assert b"\x1b[?25l" in text
    assert text.count(b"\x1b[2J") == 1  # cleared once; then drawn over, which does not flicker
    assert b"Traceback" not in text
    assert after == before


def _read_until(fd: int, word: bytes, times: int) -> bytes:
    """Read a terminal until a word has come so often."""
    found, end = b"", time.monotonic() + 60
    while found.count(word) < times:
        assert time.monotonic() < end, found
        if select.select([fd], [], [], 0.5)[0]:
            found += os.read(fd, 65536)
    return found
