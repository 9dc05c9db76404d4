"""A socket for local readers: each on its own, none in the way of another."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sink_doubles import fresh, lines, numbers, until

from policyd.sinks import local
from policyd.sinks.local import SocketSink
from policyd.sinks.sink import SinkError


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SocketSink]:
    made = SocketSink(str(tmp_path / "events.sock"))
    yield made
    made.close()


def connect(sink: SocketSink) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(20)
    before = len(sink._readers)
    made.connect(sink.where)
    until(lambda: len(sink._readers) > before)
    return made


def read(connection: socket.socket, last: int) -> list[Any]:
    """Read lines until the event with this number."""
    data = b""
    while not data.endswith(b"\n") or json.loads(data.splitlines()[-1]).get("fields", {}).get("number") != last:
        data += connection.recv(1 << 16)
    return [json.loads(line) for line in data.splitlines()]


def test_every_reader_gets_every_event_from_its_connection_on(sink: SocketSink) -> None:
    sink.write([lines(1)])
    with connect(sink) as first:
        sink.write([lines(2)])
        with connect(sink) as second:
            sink.write([lines(3), lines(4)])
            assert [one["fields"]["number"] for one in read(first, 4)] == [2, 3, 4]
            assert [one["fields"]["number"] for one in read(second, 4)] == [3, 4]
    assert Path(sink.where).stat().st_mode & 0o777 == 0o600


def test_a_slow_reader_loses_the_oldest_is_told_and_costs_others_nothing(
    sink: SocketSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "READER_BYTES", 100_000)
    with connect(sink) as slow, connect(sink) as quick:
        last = 0
        for _ in range(100):
            batch = fresh(100)
            last = numbers(batch.data)[-1]
            sink.write([batch])
            read(quick, last)
        assert "too slow have lost" in sink.trouble()
        found = read(slow, last)
    dropped = sum(one["dropped"] for one in found if "dropped" in one)
    assert dropped > 0
    assert dropped + sum("fields" in one for one in found) == 10_000
    assert sink.trouble() == f"readers that were too slow have lost {dropped} events"


def test_a_reader_that_goes_is_forgotten(sink: SocketSink) -> None:
    with connect(sink), connect(sink) as stays:
        pass
    until(lambda: not sink._readers)
    sink.write([lines(1)])
    assert stays.fileno() == -1


def test_there_are_only_so_many_readers(sink: SocketSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "MAX_READERS", 1)
    with connect(sink) as first, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as second:
        second.settimeout(20)
        second.connect(sink.where)
        assert second.recv(1) == b""
        sink.write([lines(1)])
        assert len(read(first, 1)) == 1


def test_the_socket_of_a_process_that_died_is_replaced_and_a_living_one_is_not(sink: SocketSink, tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="another process listens there") as caught:
        SocketSink(sink.where)
    assert not caught.value.transient
    stale = tmp_path / "stale.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(stale))
    again = SocketSink(str(stale))
    with connect(again):
        pass
    again.close()
    assert not stale.exists()


def test_nothing_else_is_ever_removed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(SinkError, match="something else that is no socket"):
        SocketSink(str(tmp_path / "file"))
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with pytest.raises(SinkError):
        SocketSink(str(tmp_path / "link"))
    assert (tmp_path / "file").read_text() == "precious"
    with pytest.raises(SinkError, match="No such file"):
        SocketSink(str(tmp_path / "no" / "socket"))
