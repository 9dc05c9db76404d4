"""The command line's client: what it says when there is no agent, none that it knows, or one that does not answer."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from policyd.api.client import AgentClient, source_path
from policyd.api.codes import ERRORS, error_for, row_of
from policyd.cli import run
from policyd.errors import LockError, NotFoundError, PolicydError, PrivilegeError, UsageError
from policyd.health import AgentStatus, DriftRow, SourceStatus
from policyd.text import is_safe
from policyd.views import plain
from policyd.views.agent import read, show


@contextmanager
def answering(path: Path, data: bytes | None) -> Iterator[AgentClient]:
    """Something that answers every connection with these bytes (None: never), whatever it is asked."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                if data is not None:
                    connection.sendall(data)
                    return
                connection.recv(1)  # until the client has gone

        thread = threading.Thread(target=serve)
        thread.start()
        yield AgentClient(str(path), timeout=0.5 if data is None else 60.0)
        server.shutdown(socket.SHUT_RDWR)
        thread.join(60)


def http(status: str, body: bytes, media: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def test_no_agent_is_told_with_what_to_do(tmp_path: Path) -> None:
    nobody = tmp_path / "nobody.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(nobody))
    for path in (tmp_path / "none.sock", nobody, nobody / "below"):
        with pytest.raises(NotFoundError, match="start one with `policyd run`, or name its socket with --socket"):
            AgentClient(str(path)).status()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (http("200 OK", b"<html>"), "is no policyd agent"),
        (http("200 OK", b"{}"), "of another version"),
        (http("200 OK", b'{"version": 5}'), "of another version"),
        (http("502 Bad Gateway", b"<html>"), "is no policyd agent|answered 502"),
        (http("500 \x1b[2J", b'{"error": 5}'), "answered 500"),
        (http("500 No", b'{"error": "a\\u001b[2Jb", "code": "failed"}'), "a.x1b.2Jb"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "broke off"),
        (b"", "broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "broke off"),
    ],
)
def test_what_is_no_agent_or_another_one_is_told_safely(data: bytes, message: str, tmp_path: Path) -> None:
    with answering(tmp_path / "a.sock", data) as client, pytest.raises(PolicydError, match=message) as raised:
        client.status()
    assert is_safe(str(raised.value))


def test_an_agent_that_does_not_answer_is_not_waited_for_long(tmp_path: Path) -> None:
    with (
        answering(tmp_path / "a.sock", None) as client,
        pytest.raises(PolicydError, match=r"did not answer within 0\.5 s"),
    ):
        client.status()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_socket_that_one_may_not_open_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("policyd.api.client._Connection.connect", refuse)
    with pytest.raises(PrivilegeError, match="sudo"):
        AgentClient(str(tmp_path / "a.sock")).status()


def test_names_cannot_leave_their_place_in_a_path() -> None:
    assert source_path("../../metrics", "suspend") == "/api/v1/sources/..%2F..%2Fmetrics/suspend"
    assert source_path("a?b#c") == "/api/v1/sources/a%3Fb%23c"


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (NotFoundError("x"), "not-found", 404),
        (UsageError("x"), "conflict", 409),
        (LockError("x"), "locked", 409),
        (PrivilegeError("x"), "forbidden", 403),
        (PolicydError("x"), "failed", 500),
    ],
)
def test_an_error_crosses_the_socket_as_itself(error: PolicydError, code: str, status: int) -> None:
    row = row_of(error)
    assert (row.code, row.status) == (code, status)
    assert type(error_for(row.code, "x")) is type(error)


def test_every_code_stands_once_and_the_last_row_takes_all() -> None:
    assert len({row.code for row in ERRORS}) == len(ERRORS)
    assert ERRORS[-1].error is PolicydError
    assert type(error_for("internal", "x")) is PolicydError


def test_rows_keep_their_meaning_as_json() -> None:
    source = SourceStatus("a_b", "git", "u", "Applied", left_out={"some_name": "why"}, applied=1.5e9 + 0.25)
    status = AgentStatus(
        "1", "n", 1, 1.6e9, True, False, ("r",), "report", (source,), (), (DriftRow(1.7e9, "w", "x", False),)
    )
    shown = plain(show(status))

    assert shown["driftMode"] == "report"
    assert shown["sources"][0]["leftOut"] == {"some_name": "why"}  # names of people are left as they are
    assert shown["sources"][0]["applied"] == "2017-07-14T02:40:00.250000Z"
    assert shown["sources"][0]["nextTry"] is None
    assert read(AgentStatus, shown) == status


def test_a_command_without_an_agent_ends_with_its_own_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reconcile", "--socket", str(tmp_path / "none.sock")]) == 4
    assert "no agent answers at" in capsys.readouterr().err
