"""The agent's HTTP API over real sockets: what it answers, to whom, and what no client can do to it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from agent_by_hand import DRIFT, STATUS, AgentByHand
from state_by_hand import DOCUMENT, OBSERVED

from policyd.api import channel, stream
from policyd.api.client import AgentClient, _Connection
from policyd.api.listener import open_listener
from policyd.api.openapi import document
from policyd.api.routes import ROUTES, Route
from policyd.api.server import LIMITS, ApiServer
from policyd.cli import run
from policyd.config.address import Listen, parse_listen
from policyd.errors import KernelError, LockError, NotFoundError, OwnershipError, PrivilegeError, UsageError

TCP = parse_listen("http://127.0.0.1:0")


@pytest.fixture
def agent() -> AgentByHand:
    return AgentByHand()


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "run/agent.sock")


@pytest.fixture
def server(agent: AgentByHand, path: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    monkeypatch.setattr("policyd.api.snapshot.observe", lambda _: OBSERVED)
    monkeypatch.setattr("policyd.api.server._TURN_SECONDS", 0.05)
    with ApiServer(agent, (Listen(path=path), TCP)) as made:
        yield made


@pytest.fixture
def client(server: ApiServer, path: str) -> AgentClient:
    return AgentClient(path)


@pytest.fixture
def port(server: ApiServer) -> int:
    return server.listeners[1].port


def ask(port: int, method: str, target: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of an answer over TCP."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, target, body or None, {key.replace("_", "-"): value for key, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def send(port: int, data: bytes) -> bytes:
    """Return all that comes back for raw bytes, until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(data)
        found = b""
        while piece := connection.recv(65536):
            found += piece
        return found


# ------------------------------------------------------------------------------------------------ answers


def examples() -> list[tuple[Route, str]]:
    """Return every route with a path that it answers; the name is a policy's and a source's alike."""
    return [(route, route.path.replace("{name}", "opens" if "policies" in route.path else "base")) for route in ROUTES]


@pytest.mark.parametrize(
    ("route", "target"), examples(), ids=lambda value: value if isinstance(value, str) else value.method
)
def test_every_answer_is_what_the_openapi_document_says(
    route: Route, target: str, client: AgentClient, agent: AgentByHand
) -> None:
    found = document()
    schema = found["paths"][route.path][route.method.lower()]["responses"][str(route.status)]["content"][route.media][
        "schema"
    ]
    if route.media != "application/json":
        return
    connection = _Connection(client.path, 20)
    connection.request(route.method, target, headers={"X-Hub-Signature-256": "right"})
    answer = connection.getresponse()
    value = json.loads(answer.read())
    connection.close()
    assert answer.status == route.status

    jsonschema.validate(value, {**schema, "components": found["components"]}, cls=jsonschema.Draft202012Validator)
    assert value
    assert value != {"items": []}


def test_the_schema_can_refuse(client: AgentClient) -> None:
    found = document()
    schema = {"$ref": "#/components/schemas/SourceStatus", "components": found["components"]}
    value = client.get("/api/v1/sources/base")
    jsonschema.validate(value, schema)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**value, "state": "Fine"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**value, "applied": 5}, schema)


def test_the_openapi_document_is_served_and_has_every_route(client: AgentClient) -> None:
    served = client.get("/api/v1/openapi.json")

    assert served == document()
    assert {(method.upper(), where) for where, row in served["paths"].items() for method in row} == {
        (route.method, route.path) for route in ROUTES
    }
    identifiers = [operation["operationId"] for row in served["paths"].values() for operation in row.values()]
    assert len(identifiers) == len(set(identifiers))


def test_policies_are_those_of_get_with_their_proof(client: AgentClient) -> None:
    (item,) = client.get("/api/v1/policies")["items"]

    assert {key: item[key] for key in DOCUMENT} == DOCUMENT
    assert item["status"]["account"]["matched"] == 12
    assert item["status"]["proof"]["proven"] is True
    assert client.get("/api/v1/policies/opens") == item


def test_rows_come_back_as_they_were(client: AgentClient) -> None:
    assert client.status() == STATUS
    assert client.sources() == STATUS.sources
    assert client.source("team") == STATUS.sources[1]
    assert client.get("/api/v1/drift")["items"][0]["where"] == DRIFT.where


def test_metrics_are_prometheus_text(port: int) -> None:
    status, headers, body = ask(port, "GET", "/metrics")

    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = body.decode().splitlines()
    assert 'policyd_policy_proven{policy="opens"} 1' in lines
    assert 'policyd_source_state{source="base",state="Applied"} 1' in lines
    assert 'policyd_sink_dropped_total{sink="log",cause="queue full"} 2' in lines
    assert 'policyd_events_read_total{policy="opens"} 8' in lines
    assert 'policyd_lost_total{policy="opens",cause="ring_full"} 1' in lines
    assert 'policyd_reconciles_total{source="base"} 3' in lines
    assert 'policyd_scrape_failed{part="kernel"} 0' in lines


def test_the_command_line_prints_what_the_agent_exports(
    server: ApiServer, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["metrics", "--agent", "--socket", path]) == 0
    assert "policyd_agent_ready 1\n" in capsys.readouterr().out
    assert run(["metrics", "--agent", "opens", "--socket", path]) == 64


def test_what_cannot_be_read_does_not_take_the_other_metrics_along(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Any:
        raise KernelError("read a map", 1)

    monkeypatch.setattr("policyd.api.metrics.policy_views", fail)
    lines = ask(port, "GET", "/metrics")[2].decode().splitlines()

    assert 'policyd_scrape_failed{part="kernel"} 1' in lines
    assert 'policyd_scrape_failed{part="agent"} 0' in lines
    assert "policyd_agent_ready 1" in lines


def test_health_says_why_not(agent: AgentByHand, port: int) -> None:
    assert ask(port, "GET", "/healthz")[0] == ask(port, "GET", "/readyz")[0] == 200

    agent.now = replace(STATUS, ready=False, healthy=False, reasons=("source team was never applied",))
    status, _, body = ask(port, "GET", "/readyz")
    assert (status, json.loads(body)) == (503, {"ok": False, "reasons": ["source team was never applied"]})
    assert ask(port, "GET", "/healthz")[0] == 503


def test_the_kernel_is_not_read_more_often_than_once_a_second(client: AgentClient, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr("policyd.api.snapshot.observe", lambda kernel: seen.append(kernel) or OBSERVED)
    monkeypatch.setattr("policyd.api.snapshot.time.monotonic", lambda: 100.0)
    for _ in range(5):
        client.get("/api/v1/policies")
        client.get("/api/v1/hooks")
    assert len(seen) == 1

    client.reconcile()
    client.get("/api/v1/policies")
    assert len(seen) == 2


# ------------------------------------------------------------------------------------------------ commands


def test_commands_reach_the_agent(client: AgentClient, agent: AgentByHand) -> None:
    assert client.reconcile() == STATUS.sources
    assert client.reconcile("base") == STATUS.sources[:1]
    assert client.suspend("base").suspended
    assert client.resume("base") == STATUS.sources[0]
    assert client.rollback("base", "main@1111").revision == "main@1111"
    assert agent.asked == [
        ("reconcile", ""),
        ("reconcile", "base"),
        ("suspend", "base"),
        ("resume", "base"),
        ("rollback", "base", "main@1111"),
    ]


def test_what_the_agent_refuses_is_the_same_error_here(client: AgentClient, agent: AgentByHand) -> None:
    with pytest.raises(UsageError, match="no revision `unknown`"):
        client.rollback("base", "unknown")
    with pytest.raises(NotFoundError, match="did you mean `base`"):
        client.suspend("bsae")
    with pytest.raises(NotFoundError):
        client.source("../../etc")
    assert ("suspend", "bsae") not in agent.asked


@pytest.mark.parametrize("route", [route for route in ROUTES if route.access == "root"], ids=lambda route: route.path)
def test_commands_and_events_are_refused_over_tcp(route: Route, port: int, agent: AgentByHand) -> None:
    status, _, body = ask(port, route.method, route.path.replace("{name}", "base"))

    assert (status, json.loads(body)["code"]) == (403, "forbidden")
    assert agent.asked == []


def test_other_users_are_refused_even_on_a_socket_that_they_can_open(
    client: AgentClient, agent: AgentByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "peer_uid", lambda _: 1000)

    with pytest.raises(PrivilegeError, match="for root"):
        client.reconcile()
    assert agent.asked == []


def test_the_peer_of_a_socket_is_known() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert channel.peer_uid(one) == os.getuid()
        assert channel.is_trusted(channel.peer_uid(one))
        assert not channel.is_trusted(1000 if os.geteuid() != 1000 else 1001)
        assert not channel.is_trusted(None)


def test_a_forge_must_show_its_secret(port: int, agent: AgentByHand) -> None:
    accepted = ask(port, "POST", "/hooks/base", b'{"ref":"x"}', X_Hub_Signature_256="right", Content_Type="application/json")
    assert (accepted[0], json.loads(accepted[2])) == (202, {"accepted": True})
    assert agent.asked[-1] == ("webhook", "base", "right", b'{"ref":"x"}')

    wrong = ask(port, "POST", "/hooks/base", b"{}", X_Hub_Signature_256="wrong")
    unknown = ask(port, "POST", "/hooks/nobody", b"{}", X_Hub_Signature_256="right")
    assert wrong[0] == unknown[0] == 403
    assert wrong[2] == unknown[2]


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
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
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


def closed(connection: socket.socket, seconds: float = 20.0) -> bool:
    """Whether the server closes within a while; what it sends before is thrown away."""
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def test_requests_that_trickle_in_are_cut_off_and_stop_nobody(
    port: int, client: AgentClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "REQUEST_SECONDS", 0.5)
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20)) for _ in range(20)]
        for connection in slow:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: local")
        assert ask(port, "GET", "/healthz")[0] == 200
        end = time.monotonic() + 20
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
            connection.settimeout(20)
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
        end = time.monotonic() + 30
        while True:  # all workers are taken until the first of them are closed
            try:
                assert ask(port, "GET", "/api/v1/openapi.json")[0] == 200
                break
            except TimeoutError:
                assert time.monotonic() < end
        assert [ask(port, "GET", "/api/v1/openapi.json")[0] for _ in range(10)] == [200] * 10
        assert all(connection.fileno() >= 0 for connection in stuck)  # they are still there, and have read nothing


def test_many_clients_are_all_answered(port: int, client: AgentClient) -> None:
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(24)]
    for _ in range(3):
        for connection in connections:
            connection.request("GET", "/api/v1/policies")
        for connection in connections:
            assert json.loads(connection.getresponse().read())["items"]
    for connection in connections:
        connection.close()


# ------------------------------------------------------------------------------------------------ events


def event(number: int, severity: str = "info") -> str:
    return f'{{"time":"2026-01-01T00:00:00.{number:09d}Z","policy":"opens","severity":"{severity}","n":{number}}}\n'


def numbers(lines: Iterator[str], count: int) -> list[int]:
    """Return the numbers of the next events of a stream."""
    found: list[int] = []
    for line in lines:
        found += [json.loads(line)["n"]] if "n" in json.loads(line) else []
        if len(found) == count:
            break
    return found


def test_events_are_streamed_as_they_come(client: AgentClient, agent: AgentByHand) -> None:
    lines = client.stream("/api/v1/events", [("policy", "opens"), ("policy", "other"), ("tail", "5")])
    assert "heartbeat" in json.loads(next(lines))
    agent.wait_for_rings(1)
    assert agent.asked == [("subscribe", ("opens", "other"), 5)]

    agent.rings[0].put(event(1), event(2))
    assert numbers(lines, 2) == [1, 2]
    agent.rings[0].put(event(3))
    assert numbers(lines, 1) == [3]
    lines.close()
    agent.rings[0].put(event(4))
    agent.wait_for_rings(0)


def test_a_stream_can_ask_for_what_is_severe(client: AgentClient, agent: AgentByHand) -> None:
    lines = client.stream("/api/v1/events", [("severity", "high")])
    next(lines)
    agent.wait_for_rings(1)
    agent.rings[0].put(event(1, "medium"), event(2, "high"), event(3, "info"), event(4, "critical"))

    assert numbers(lines, 2) == [2, 4]
    lines.close()


def test_silence_is_a_heartbeat(client: AgentClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr(stream, "_WAIT_SECONDS", 0.01)
    lines = client.stream("/api/v1/events")

    assert all("heartbeat" in json.loads(next(lines)) for _ in range(3))
    lines.close()


def test_what_a_slow_reader_lost_is_counted_in_its_stream(client: AgentClient, agent: AgentByHand) -> None:
    lines = client.stream("/api/v1/events")
    next(lines)
    agent.wait_for_rings(1)
    agent.rings[0].put(*(event(number) for number in range(1500)))

    assert json.loads(next(lines)) == {"dropped": 500}
    assert numbers(lines, 1) == [500]
    lines.close()


def test_a_reader_that_does_not_read_holds_nobody_up(
    client: AgentClient, agent: AgentByHand, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "STALL_SECONDS", 0.5)
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.connect(path)
        stuck.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        agent.wait_for_rings(1)
        end = time.monotonic() + 30
        while agent.rings and time.monotonic() < end:
            for ring in agent.rings[:]:
                ring.put(*(event(number) for number in range(1000)))
            assert client.status().pid == STATUS.pid
        agent.wait_for_rings(0)
        assert closed(stuck)


def test_streams_are_counted_and_given_back(client: AgentClient, agent: AgentByHand) -> None:
    opened = [client.stream("/api/v1/events") for _ in range(stream.MAX_STREAMS)]
    for lines in opened:
        next(lines)
    with pytest.raises(Exception, match="streams of events are open already"):
        next(client.stream("/api/v1/events"))
    assert client.status().pid == STATUS.pid  # there are workers left for whoever asks something short

    for lines in opened:
        lines.close()
    agent.wait_for_rings(0)
    again = client.stream("/api/v1/events")
    assert "heartbeat" in json.loads(next(again))
    again.close()


def test_streams_end_when_the_agent_does(agent: AgentByHand, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policyd.api.server._TURN_SECONDS", 0.05)
    server = ApiServer(agent, (Listen(path=path),))
    server.start()
    lines = AgentClient(path).stream("/api/v1/events")
    next(lines)
    agent.wait_for_rings(1)
    server.close()

    assert [line for line in lines if '"n"' in line] == []
    assert not agent.rings
    assert not Path(path).exists()


# ------------------------------------------------------------------------------------------------ sockets


def test_the_socket_is_for_its_owner_only(server: ApiServer, path: str) -> None:
    assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600
    assert stat.S_IMODE(Path(path).parent.stat().st_mode) == 0o700
    assert [found.name for found in Path(path).parent.iterdir()] == ["agent.sock"]


def test_a_stale_socket_is_replaced(path: str) -> None:
    Path(path).parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    listener = open_listener(Listen(path=path))
    listener.close()
    assert not Path(path).exists()


def test_a_living_agent_is_not_pushed_aside(server: ApiServer, client: AgentClient, agent: AgentByHand, path: str) -> None:
    with pytest.raises(LockError, match="another agent answers"):
        ApiServer(agent, (Listen(path=path),))
    with pytest.raises(LockError, match="another process listens"):
        ApiServer(agent, (Listen(host="127.0.0.1", port=server.listeners[1].port),))
    assert client.status().pid == STATUS.pid


def test_a_file_in_the_sockets_place_is_left_alone(path: str) -> None:
    Path(path).parent.mkdir(mode=0o700)
    Path(path).write_text("mine")
    with pytest.raises(OwnershipError, match="is no socket"):
        open_listener(Listen(path=path))
    assert Path(path).read_text() == "mine"


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770])
def test_a_folder_where_others_could_put_a_socket_is_refused(mode: int, path: str) -> None:
    folder = Path(path).parent
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(OwnershipError, match="others may write"):
        open_listener(Listen(path=path))
    assert list(folder.iterdir()) == []


def test_the_socket_of_a_successor_is_not_removed(path: str) -> None:
    first = open_listener(Listen(path=path))
    first.socket.close()
    second = open_listener(Listen(path=path))
    first.close()
    assert Path(path).exists()
    second.close()
    assert not Path(path).exists()


def test_a_place_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make the folder"):
        open_listener(Listen(path=str(tmp_path / "file/agent.sock")))
    with pytest.raises(UsageError, match=r"cannot listen at http://203\.0\.113\.1:1"):  # an address that this host has not
        open_listener(Listen(host="203.0.113.1", port=1))
