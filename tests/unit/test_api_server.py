"""The agent's HTTP API over real sockets: what it answers, to whom, and where it listens."""

from __future__ import annotations

import json
import os
import socket
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from agent_by_hand import DRIFT, STATUS, AgentByHand
from api_served import ask, made_agent, made_client, made_path, made_port, made_server  # noqa: F401 (fixtures)
from state_by_hand import DOCUMENT, OBSERVED

from policyd.api import channel
from policyd.api.client import AgentClient, _Connection
from policyd.api.listener import open_listener
from policyd.api.openapi import document
from policyd.api.routes import ROUTES, Route
from policyd.api.server import ApiServer
from policyd.api.snapshot import Kept
from policyd.cli import run
from policyd.config.address import Listen
from policyd.errors import KernelError, LockError, NotFoundError, OwnershipError, PrivilegeError, UsageError

# ------------------------------------------------------------------------------------------------ answers


def examples() -> list[tuple[Route, str]]:
    """Return every route with a path that it answers; the name is a policy's and a source's alike."""
    return [(route, route.path.replace("{name}", "opens" if "policies" in route.path else "base")) for route in ROUTES]


NONE_HERE = ("/api/v1/snapshots",)
"""What the state has none of; test_views_snapshots.py has one."""


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
    assert value != {"items": []} or route.path in NONE_HERE


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


def test_what_takes_long_is_kept_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, made = [100.0], []
    monkeypatch.setattr("policyd.api.snapshot.time.monotonic", lambda: clock[0])

    def make() -> int:
        clock[0] += 2.0
        made.append(clock[0])
        return len(made)

    kept = Kept(make)
    assert kept.get() == 1
    clock[0] += 5 * 2.0
    assert kept.get() == 1
    clock[0] += 0.1
    assert kept.get() == 2
    kept.forget()
    assert kept.get() == 3


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
