"""Syslog and the journal against real sockets, read by readers that are not ours."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sink_doubles import event, lines, numbers, until

from policyd.config.address import SyslogAddress
from policyd.sinks.journald import JournaldSink, entry, field_name
from policyd.sinks.sink import Lines, SinkError
from policyd.sinks.syslog import SyslogSink, shortened

TIME = rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z|-)"
RFC5424 = re.compile(
    rb"<(\d{1,3})>1 " + TIME + rb" ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) - (.*)", re.DOTALL
)


def parsed(message: bytes) -> tuple[int, str, str, bytes]:
    """Return priority, time, MSGID and text."""
    found = RFC5424.fullmatch(message)
    assert found, message
    assert (found[3], found[4], found[5]) == (b"node-1", b"policyd", str(os.getpid()).encode())
    return int(found[1]), found[2].decode(), found[6].decode(), found[7]


@pytest.mark.parametrize("network", ["unix", "udp"])
def test_an_event_is_a_datagram(tmp_path: Path, network: str) -> None:
    family = socket.AF_UNIX if network == "unix" else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "log") if network == "unix" else ("127.0.0.1", 0))
        port = 0 if network == "unix" else daemon.getsockname()[1]
        address = SyslogAddress(network, str(tmp_path / "log"), "127.0.0.1", port)  # type: ignore[arg-type]
        sink = SyslogSink(address, "node-1")
        assert sink.write([lines(5), lines(6, severity="critical", policy="a" * 60)]) == 0
        first, second = parsed(daemon.recv(65536)), parsed(daemon.recv(65536))
        sink.close()
    assert first[:3] == (10 * 8 + 3, "2026-11-22T11:15:00.000000Z", "exec-audit")
    assert json.loads(first[3])["fields"] == {"number": 5}
    assert second[0] == 10 * 8 + 2
    assert second[2] == "a" * 32


def octets(data: bytes) -> list[bytes]:
    """Split a TCP stream by its counts (RFC 6587, 3.4.1)."""
    found = []
    while data:
        length, _, data = data.partition(b" ")
        found.append(data[: int(length)])
        data = data[int(length) :]
    return found


def test_tcp_counts_octets_and_connects_anew_when_the_other_side_has_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        sink = SyslogSink(SyslogAddress("tcp", host="127.0.0.1", port=server.getsockname()[1]), "node-1")
        sink.write([lines(1, text="naïve"), lines(2)])
        first, _ = server.accept()
        assert [numbers(parsed(message)[3])[0] for message in octets(first.recv(65536))] == [1, 2]
        first.close()
        until(lambda: not closes(sink, lines(3)))
        second, _ = server.accept()
        assert [numbers(parsed(message)[3])[0] for message in octets(second.recv(65536))] == [3]
        second.close()
        sink.close()


def closes(sink: SyslogSink, batch: Lines) -> bool:
    """Write a batch; return whether the connection was found closed."""
    try:
        sink.write([batch])
    except SinkError:
        return True
    return False


def test_who_is_not_there_is_tried_again(tmp_path: Path) -> None:
    for address in (SyslogAddress("unix", str(tmp_path / "none")), SyslogAddress("tcp", host="127.0.0.1", port=1)):
        with pytest.raises(SinkError, match=re.escape(str(address))) as caught:
            SyslogSink(address).write([lines(1)])
        assert caught.value.transient


def test_a_daemon_that_does_not_read_costs_the_time_limit(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "log"))
        sink = SyslogSink(SyslogAddress("unix", str(tmp_path / "log")), timeout=0.1)
        with pytest.raises(SinkError, match="timed out"):
            sink.write([lines(*range(5000))])


def test_a_long_event_is_cut_to_fit_and_says_so() -> None:
    line = event(1, **{"process.args": "x" * 3000, "file.path": "é" * 900, "short": "s"}).encode()[:-1]
    made = shortened(line, 1200)
    assert made is not None
    assert len(made) <= 1200
    found = json.loads(made)
    assert set(found["cut"]) == {"process.args", "file.path"}
    assert found["fields"]["short"] == "s"
    assert set(found["fields"]["process.args"]) == {"x"}
    assert shortened(line, len(line)) is line
    assert shortened(line, 100) is None


def test_what_cannot_be_cut_to_fit_is_counted(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "log"))
        sink = SyslogSink(SyslogAddress("unix", str(tmp_path / "log")), "node-1", max_bytes=400)
        assert sink.write([lines(1, many=list(range(500))), lines(2)]) == 1
        assert numbers(parsed(daemon.recv(65536))[3]) == [2]
        sink.close()


# ------------------------------------------------------------------------------------------------ the journal


def fields(data: bytes) -> dict[str, str]:
    """Read an entry as the journal does."""
    found = {}
    while data:
        name, _, rest = data.partition(b"\n")
        if b"=" in name:
            key, _, value = name.partition(b"=")
            found[key.decode()], data = value.decode(), rest
        else:
            (length,) = struct.unpack_from("<Q", rest)
            found[name.decode()] = rest[8 : 8 + length].decode()
            assert rest[8 + length : 9 + length] == b"\n"
            data = rest[9 + length :]
    return found


def test_an_event_is_an_entry_with_all_its_fields(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "journal"))
        sink = JournaldSink(str(tmp_path / "journal"))
        sink.write([lines(7, **{"process.args": "sh\nPRIORITY=0", "process.comm": "sh", "none": None, "list": [1]})])
        found = fields(journal.recv(65536))
        sink.close()
    assert found["MESSAGE"] == 'exec-audit/opened number=7 process.args="sh\\nPRIORITY=0" process.comm=sh list=[1]'
    assert (found["PRIORITY"], found["SYSLOG_IDENTIFIER"]) == ("3", "policyd")
    assert (found["POLICYD_POLICY"], found["POLICYD_SEVERITY"]) == ("exec-audit", "high")
    assert found["POLICYD_FIELD_PROCESS_ARGS"] == "sh\nPRIORITY=0"
    assert "POLICYD_FIELD_NONE" not in found


@settings(max_examples=200, deadline=None)
@given(name=st.text(min_size=1), text=st.text(st.characters(codec="utf-8")))
def test_no_value_can_become_a_field_of_its_own(name: str, text: str) -> None:
    read = fields(entry(json.loads(event(1)) | {"fields": {name: text}}))
    assert set(read) <= {
        "MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "POLICYD_TIME", "POLICYD_POLICY", "POLICYD_SEVERITY", "POLICYD_RULE",
        "POLICYD_HOOK", "POLICYD_VERDICT", "POLICYD_CPU", field_name(f"field_{name}"),
    }  # fmt: skip
    assert read["PRIORITY"] == "3"
    assert re.fullmatch("POLICYD_[A-Z0-9_]{1,56}", field_name(f"field_{name}"))


def test_what_is_too_large_for_a_datagram_comes_in_a_sealed_file(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "journal"))
        sink = JournaldSink(str(tmp_path / "journal"))
        big = "x" * (1 << 20)
        sink.write([lines(1, args=big)])
        data, fds, _, _ = socket.recv_fds(journal, 65536, 1)
        assert data == b""
        with os.fdopen(fds[0], "r+b") as file:
            file.seek(0)
            assert fields(file.read())["POLICYD_FIELD_ARGS"] == big
            with pytest.raises(PermissionError):
                os.write(file.fileno(), b"x")
        sink.close()


def test_a_journal_that_comes_back_is_found_again(tmp_path: Path) -> None:
    sink = JournaldSink(str(tmp_path / "journal"))
    with pytest.raises(SinkError, match="No such file"):
        sink.write([lines(1)])
    got: list[bytes] = []
    for _ in range(2):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
            journal.bind(str(tmp_path / "journal"))
            until(lambda: not gone(sink))
            got.append(journal.recv(65536))
        (tmp_path / "journal").unlink()
    assert [fields(data)["POLICYD_FIELD_NUMBER"] for data in got] == ["1", "1"]
    sink.close()


def gone(sink: JournaldSink) -> bool:
    try:
        sink.write([lines(1)])
    except SinkError:
        return True
    return False
