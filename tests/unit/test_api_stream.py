"""Events as a stream: in order, filtered, counted where they were let go, and no burden for anybody."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_by_hand import STATUS, AgentByHand
from api_served import closed, made_agent, made_client, made_path, made_port, made_server  # noqa: F401 (fixtures)

from policyd.api import channel, stream
from policyd.api.client import AgentClient
from policyd.api.server import ApiServer
from policyd.config.address import Listen


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


def test_a_stream_can_ask_for_tags(client: AgentClient, agent: AgentByHand) -> None:
    lines = client.stream("/api/v1/events", [("tag", "a"), ("tag", "c")])
    next(lines)
    agent.wait_for_rings(1)
    tags = {1: ["a", "b"], 2: [], 3: ["d"], 4: ["c"]}
    tagged = [event(number).replace(',"n"', f',"tags":{json.dumps(found)},"n"') for number, found in tags.items()]
    agent.rings[0].put(*tagged)

    assert numbers(lines, 2) == [1, 4]
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
        end = time.monotonic() + 60
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
