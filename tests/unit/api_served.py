"""An agent made by hand, served over real sockets: the fixtures of the tests of the API, and a plain client for TCP."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_by_hand import AgentByHand
from state_by_hand import OBSERVED

from policyd.api.client import AgentClient
from policyd.api.server import ApiServer
from policyd.config.address import Listen, parse_listen

TCP = parse_listen("http://127.0.0.1:0")


@pytest.fixture(name="agent")
def made_agent() -> AgentByHand:
    return AgentByHand()


@pytest.fixture(name="path")
def made_path(tmp_path: Path) -> str:
    return str(tmp_path / "run/agent.sock")


@pytest.fixture(name="server")
def made_server(agent: AgentByHand, path: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    monkeypatch.setattr("policyd.api.snapshot.observe", lambda _: OBSERVED)
    monkeypatch.setattr("policyd.api.server._TURN_SECONDS", 0.05)
    with ApiServer(agent, (Listen(path=path), TCP)) as made:
        yield made


@pytest.fixture(name="client")
def made_client(server: ApiServer, path: str) -> AgentClient:
    return AgentClient(path)


@pytest.fixture(name="port")
def made_port(server: ApiServer) -> int:
    return server.listeners[1].port


def ask(port: int, method: str, target: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of an answer over TCP."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, target, body or None, {key.replace("_", "-"): value for key, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def closed(connection: socket.socket, seconds: float = 60.0) -> bool:
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
