"""`policyd events` through an agent: which events, in which order, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from agent_by_hand import AgentByHand, Ring

from policyd.api.server import ApiServer
from policyd.cli import agent_events, run
from policyd.cli.events import command
from policyd.config.address import Listen
from policyd.errors import LockError


def event(number: int, seconds_ago: float = 0.0) -> str:
    when = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    head = f'{{"time":"{when.strftime("%Y-%m-%dT%H:%M:%S.%f")}000Z","policy":"opens","severity":"high","rule":"r"'
    return f'{head},"hook":"h","verdict":"none","cpu":0,"fields":{{"n":{number}}}}}\n'


class FullAgent(AgentByHand):
    """An agent whose subscriptions begin with `waiting`."""

    waiting: tuple[str, ...] = ()

    @contextmanager
    def subscribe(self, policies: tuple[str, ...], tail: int) -> Iterator[Ring]:
        with super().subscribe(policies, tail) as ring:
            ring.put(*self.waiting[max(0, len(self.waiting) - tail) :])
            yield ring


@pytest.fixture
def agent() -> FullAgent:
    return FullAgent()


@pytest.fixture
def socket(agent: FullAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    path = str(tmp_path / "run/agent.sock")
    monkeypatch.setattr("policyd.api.server._TURN_SECONDS", 0.05)
    monkeypatch.setattr("policyd.cli.events.open_kernel", lambda *_: agent.kernel)
    monkeypatch.setattr("policyd.record.read_policies", lambda _: {})
    with ApiServer(agent, (Listen(path=path),)):
        yield path


def printed(capsys: pytest.CaptureFixture[str]) -> list[int]:
    return [json.loads(line)["fields"]["n"] for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(autouse=True)
def _bytes_to_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_events, "_write", lambda line: print(line, end=""))


def test_what_the_agent_still_has_is_printed_and_that_is_all(
    socket: str, agent: FullAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.waiting = tuple(event(number) for number in range(5))

    assert run(["events", "--socket", socket, "-o", "json"]) == 0
    assert printed(capsys) == [0, 1, 2, 3, 4]
    assert run(["events", "--socket", socket, "-o", "json", "--tail", "2"]) == 0
    assert printed(capsys) == [3, 4]
    assert run(["events", "--socket", socket, "-o", "json", "--limit", "2"]) == 0
    assert printed(capsys) == [0, 1]


def test_since_is_a_matter_of_the_events_time(socket: str, agent: FullAgent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.waiting = (event(1, seconds_ago=90), event(2, seconds_ago=20), event(3))

    assert run(["events", "--socket", socket, "-o", "json", "--since", "1m"]) == 0
    assert printed(capsys) == [2, 3]


def test_text_is_made_of_what_the_agent_sends(socket: str, agent: FullAgent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.waiting = (event(7),)

    assert run(["events", "--socket", socket]) == 0
    assert "opens/r  n=7\n" in capsys.readouterr().out


def test_following_goes_on_until_the_limit(socket: str, agent: FullAgent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.waiting = tuple(event(number) for number in range(1500))  # more than the reader's ring holds: 1000

    assert run(["events", "-f", "--socket", socket, "-o", "json", "--limit", "3"]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["fields"]["n"] for line in out.splitlines()] == [500, 501, 502]
    assert "lost 500 (this reader was too slow for the agent)" in err
    agent.wait_for_rings(0)


def test_the_agent_is_asked_if_another_process_reads_the_rings(
    socket: str, agent: FullAgent, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> Any:
        raise LockError("the events of policy opens are being read by process 7 (policyd)")

    agent.waiting = (event(1),)
    monkeypatch.setattr("policyd.reading.follow.Follower", locked)
    option = next(option for option in command.params if option.name == "socket")
    monkeypatch.setattr(option, "default", socket)
    assert run(["events", "-o", "json"]) == 0
    assert printed(capsys) == [1]

    monkeypatch.setattr(option, "default", f"{socket}.absent")
    assert run(["events", "-o", "json"]) == 8
    assert "read by process 7" in capsys.readouterr().err


def test_a_signal_ends_the_waiting_and_not_the_writing() -> None:
    interrupts = agent_events._Interrupts()
    lines = interrupts.guard(iter(["a", "b", "c"]))

    assert next(lines) == "a"
    interrupts._handle(2, None)  # while `a` is being written: it is noted
    assert list(lines) == []

    waiting = agent_events._Interrupts()

    def slow() -> Iterator[str]:
        waiting._handle(2, None)  # while a line is waited for: the waiting ends
        yield "never"

    assert list(waiting.guard(slow())) == []


def test_no_agent_is_told_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policyd.cli.events.open_kernel", lambda *_: AgentByHand().kernel)
    monkeypatch.setattr("policyd.record.read_policies", lambda _: {})

    assert run(["events", "--socket", str(tmp_path / "none.sock")]) == 4
    assert "no agent answers at" in capsys.readouterr().err
