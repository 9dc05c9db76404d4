"""Standard output as a sink: whole lines, and a time limit for who does not read."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from sink_doubles import fresh, lines, numbers

from policyd.sinks.sink import SinkError
from policyd.sinks.stdout import StdoutSink


def test_a_pipe_gets_every_line(tmp_path: Path) -> None:
    inner, outer = os.pipe()
    got: list[bytes] = []

    def drain() -> None:
        while data := os.read(inner, 65536):
            got.append(data)

    reader = threading.Thread(target=drain)
    reader.start()
    sink = StdoutSink(outer)
    for start in range(0, 5000, 100):
        sink.write([lines(*range(start, start + 100))])
    os.close(outer)
    reader.join()
    os.close(inner)
    assert numbers(b"".join(got)) == list(range(5000))


def test_who_does_not_read_costs_the_time_limit_and_later_gets_whole_lines() -> None:
    inner, outer = os.pipe()
    sink = StdoutSink(outer, timeout=0.05)
    batch = fresh(2000)
    with pytest.raises(SinkError, match="takes nothing") as caught:
        sink.write([batch])
    assert caught.value.transient
    got = os.read(inner, 1 << 20)
    assert len(got) < len(batch.data)
    sink.write([lines(7)])  # the line that was begun ends first
    os.close(outer)
    got += os.read(inner, 1 << 20)
    os.close(inner)
    assert numbers(got)[-1] == 7


def test_a_reader_that_went_away_is_told_and_not_waited_for() -> None:
    inner, outer = os.pipe()
    os.close(inner)
    with pytest.raises(SinkError, match="Broken pipe") as caught:
        StdoutSink(outer).write([lines(1)])
    assert not caught.value.transient
    os.close(outer)


def test_a_file_takes_it_all(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        StdoutSink(out.fileno()).write([lines(*range(3000))])
    assert numbers((tmp_path / "out").read_bytes()) == list(range(3000))
