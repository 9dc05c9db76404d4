"""The agent's own log: what a line holds, and that nobody reading it does no harm."""

from __future__ import annotations

import io
import json

import pytest

from policyd import log


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Where to log to; that it was set up is undone."""
    monkeypatch.setattr(log, "_logger", None)
    monkeypatch.setattr(log, "_form", None)
    return io.StringIO()


def test_a_json_line_holds_event_facts_and_time(stream: io.StringIO) -> None:
    log.set_up(stream, "json")
    log.log(log.EVENT_DRIFT, what="a\nb", seconds=1.5, path={1})
    (line,) = stream.getvalue().splitlines()
    row = json.loads(line)
    assert (row["event"], row["what"], row["seconds"], row["path"], row["level"]) == ("drift", "a\nb", 1.5, "{1}", "info")
    assert row["timestamp"].endswith("Z")


def test_a_text_line_stays_one_line_whatever_is_in_it(stream: io.StringIO) -> None:
    log.set_up(stream, "text")
    log.log(log.EVENT_SOURCE, error="a\nb\x1b[31m")
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("event='source' error='a\\nb\\x1b[31m' timestamp='")


def test_a_reader_that_has_gone_ends_nothing(stream: io.StringIO) -> None:
    lines = []

    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            lines.append(text)
            raise BrokenPipeError

    log.set_up(Gone())
    log.log(log.EVENT_READY)
    log.log(log.EVENT_STOPPED)
    assert [line.split()[0] for line in lines] == ["event='agent-ready'", "event='agent-stopped'"]


def test_nothing_is_written_before_somebody_asked_for_it(stream: io.StringIO) -> None:
    log.log(log.EVENT_READY)
    assert stream.getvalue() == ""
