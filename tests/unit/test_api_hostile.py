"""What no client can do to the agent's API: wrong requests, tricks, and endless patience."""

from __future__ import annotations

import http.client
import json
import socket
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest
from agent_by_hand import STATUS, AgentByHand
from api_served import ask, closed, made_agent, made_client, made_path, made_port, made_server  # noqa: F401 (fixtures)

from policyd.api import channel, stream
from policyd.api.client import AgentClient, _Connection
from policyd.api.server import LIMITS


def send(port: int, data: bytes) -> bytes:
    """Return all that comes back for raw bytes, until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(data)
        found = b""
        while piece := connection.recv(65536):
            found += piece
        return found


# ------------------------------------------------------------------------------------------------ requests that are wrong


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", "/", 404, "not-found"),
        ("GET", "/metrics/", 404, "not-found"),
        ("GET", "//metrics", 200, ""),
        ("GET", "/api/v1/../../metrics", 404, "not-found"),
        ("GET", "/api/v1/policies/%2e%2e%2f%2e%2e%2fetc%2fpasswd", 404, "not-found"),
        ("GET", "/api/v1/policies/opens%00", 404, "not-found"),
        ("GET", "/api/v1/policies/opens%0d%0aX-Evil:%201", 404, "not-found"),
        ("GET", "/api/v1/policies/%1b[2J", 404, "not-found"),
        ("GET", "/api/v1/policies/OPENS", 404, "not-found"),
        ("GET", "/api/v1/policies/" + "a" * 300, 404, "not-found"),
        ("POST", "/metrics", 405, "method-not-allowed"),
        ("DELETE", "/api/v1/policies/opens", 405, "method-not-allowed"),
        ("GET", "/api/v1/reconcile", 405, "method-not-allowed"),
        ("OPTIONS", "/api/v1/status", 405, "method-not-allowed"),
        ("BREW", "/metrics", 405, "method-not-allowed"),
        ("GET", "/metrics?x=1", 400, "bad-request"),
        ("GET", "/metrics?x", 400, "bad-request"),
        ("GET", "/metrics?" + "&".join(f"a{n}=1" for n in range(100)), 400, "bad-request"),
    ],
)
def test_wrong_requests_are_refused_in_json(method: str, target: str, status: int, code: str, port: int) -> None:
    found, headers, body = ask(port, method, target)

    assert found == status
    assert "X-Evil" not in headers
    if status >= 400:
        answer = json.loads(body)
        assert set(answer) == {"error", "code"}
        assert answer["code"] == code
        assert "\x1b" not in answer["error"]
    if status == 405:
        assert headers["Allow"]


@pytest.mark.parametrize(
    "query", ["tail=-1", "tail=x", "tail=1&tail=2", "severity=loud", "tail=" + "9" * 30, "policies=a", "tail=%F0%9F%92%A5"]
)
def test_parameters_of_a_stream_are_checked(query: str, client: AgentClient) -> None:
    with pytest.raises(Exception, match=r"tail|severity|policy") as raised:
        list(client.stream("/api/v1/events?" + query))
    assert type(raised.value).__name__ == "RequestError"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\nHost: a\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /metrics HTTP/1.1\r\nX: ".ljust(16 << 10, b"a"), 431),
        (b"POST /hooks/base HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"POST /hooks/base HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_in_json(data: bytes, status: int, port: int) -> None:
    head, _, body = send(port, data).partition(b"\r\n\r\n")

    assert head.startswith((f"HTTP/1.1 {status}".encode(), f"HTTP/1.0 {status}".encode()))
    assert set(json.loads(body)) == {"error", "code"}
    assert ask(port, "GET", "/healthz")[0] == 200


def test_a_body_without_end_is_cut(port: int) -> None:
    limit = int(str(LIMITS["max_request_body_size"]))
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"POST /hooks/base HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 8 * limit:
                connection.sendall(chunk)
                sent += len(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert sent < 8 * limit
    assert ask(port, "GET", "/healthz")[0] == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:9633", 200), ("localhost", 200), ("[::1]:9633", 200), ("evil.example", 400), ("evil.example:9633", 400)],
)
def test_a_web_page_cannot_ask_under_its_own_name(host: str, status: int, port: int) -> None:
    assert ask(port, "GET", "/healthz", Host=host)[0] == status


def test_head_has_the_headers_and_no_body(port: int) -> None:
    status, headers, body = ask(port, "HEAD", "/healthz")

    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 0


def test_head_of_a_stream_is_no_stream(client: AgentClient, agent: AgentByHand) -> None:
    for _ in range(stream.MAX_STREAMS + 1):
        connection = _Connection(client.path, 20)
        connection.request("HEAD", "/api/v1/events")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
        connection.close()
    assert not agent.rings


def test_a_bug_tells_strangers_nothing(agent: AgentByHand, port: int) -> None:
    agent.error = ValueError("secret text")
    status, _, body = ask(port, "GET", "/api/v1/status")

    assert (status, json.loads(body)["code"]) == (500, "internal")
    assert b"secret" not in body
    agent.error = None
    assert ask(port, "GET", "/api/v1/status")[0] == 200


# ------------------------------------------------------------------------------------------------ clients that are slow


def test_requests_that_trickle_in_are_cut_off_and_stop_nobody(
    port: int, client: AgentClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "REQUEST_SECONDS", 0.5)
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60)) for _ in range(20)]
        for connection in slow:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: local")
        assert ask(port, "GET", "/healthz")[0] == 200
        end = time.monotonic() + 60
        while True:  # drip on: every byte is a sign of life, and does not help
            try:
                slow[0].sendall(b"h")
            except OSError:
                break
            assert time.monotonic() < end
            time.sleep(0.05)
        assert all(closed(connection) for connection in slow[1:])
    assert client.status().pid == STATUS.pid


def test_a_full_port_takes_nothing_from_roots_socket(port: int, client: AgentClient) -> None:
    with ExitStack() as stack:
        for _ in range(100):
            connection = stack.enter_context(socket.socket())
            connection.settimeout(60)
            connection.connect(("127.0.0.1", port))
            connection.sendall(b"GET / HTTP/1.1\r\n")
        assert client.status().pid == STATUS.pid
        assert client.reconcile("base")
    assert ask(port, "GET", "/healthz")[0] == 200


def test_clients_that_do_not_read_their_answers_stop_nobody(
    port: int, agent: AgentByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "STALL_SECONDS", 0.5)
    agent.now = replace(STATUS, reasons=("x" * (8 << 20),))
    with ExitStack() as stack:
        stuck = []
        for _ in range(8):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", port))
            connection.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
            stuck.append(connection)
        end = time.monotonic() + 90
        while True:  # all workers are taken until the first of them are closed
            try:
                assert ask(port, "GET", "/api/v1/openapi.json")[0] == 200
                break
            except TimeoutError:
                assert time.monotonic() < end
        assert [ask(port, "GET", "/api/v1/openapi.json")[0] for _ in range(10)] == [200] * 10
        assert all(connection.fileno() >= 0 for connection in stuck)  # they are still there, and have read nothing


def test_many_clients_are_all_answered(port: int, client: AgentClient) -> None:
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(24)]
    for _ in range(3):
        for connection in connections:
            connection.request("GET", "/api/v1/policies")
        for connection in connections:
            assert json.loads(connection.getresponse().read())["items"]
    for connection in connections:
        connection.close()
