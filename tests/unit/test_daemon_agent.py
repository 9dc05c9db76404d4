"""The agent as the API sees it: its status, what it refuses, whose policies it takes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from agent_host import AgentHost, FakeSource
from fake_toolchain import given, policy

from policyd.daemon.agent import Agent, AgentOptions, Parts
from policyd.daemon.follow import Surroundings
from policyd.daemon.telemetry import Telemetry
from policyd.daemon.tended import SourcePlan
from policyd.engine import Request
from policyd.errors import NotFoundError
from policyd.health import SinkStatus
from policyd.record import read_policies
from policyd.resolve import Host

if TYPE_CHECKING:
    from collections.abc import Mapping


class FakePump:
    turned = 0.0
    refreshed = 0
    sinks: tuple[SinkStatus, ...] = ()

    def statuses(self) -> tuple[SinkStatus, ...]:
        return self.sinks

    def stop(self, seconds: float) -> None:
        pass

    def refresh(self) -> None:
        self.refreshed += 1


def take_call(headers: Mapping[str, str], body: bytes) -> bool:
    return body == b"secret"


@pytest.fixture
def base() -> FakeSource:
    source = FakeSource("base")
    source.put("a")
    return source


def agent_over(host: AgentHost, *plans: SourcePlan, **options: Any) -> Agent:
    surroundings = Surroundings(lambda: Host({}, "", lambda _: True))
    parts = Parts(host.writer.place, surroundings, FakePump(), Telemetry())  # type: ignore[arg-type]
    return Agent(parts, plans, AgentOptions(**options))


def test_it_is_ready_once_every_source_has_been_applied(base: FakeSource) -> None:
    team = FakeSource("team", error=OSError("no disk"))
    agent = agent_over(AgentHost(), SourcePlan(base), SourcePlan(team), node="node-1")
    agent.reconciler.turn()
    agent.reconciler.turned_once.set()
    assert agent.pump.refreshed == 2  # type: ignore[attr-defined]  # rings of what was applied are read at once
    status = agent.status()
    assert (status.ready, status.healthy, status.node, status.drift_mode) == (False, True, "node-1", "repair")
    assert [source.state for source in status.sources] == ["Applied", "Degraded"]
    assert any("team is Degraded: no disk" in reason for reason in status.reasons)

    team.error = None
    agent.reconciler.tended["team"].due = 0.0
    agent.reconciler.turn()
    assert (agent.status().ready, agent.status().reasons) == (True, ())


def test_a_sink_that_fails_is_told_and_changes_nothing_about_health(base: FakeSource) -> None:
    agent = agent_over(AgentHost(), SourcePlan(base))
    agent.reconciler.turn()
    dead = SinkStatus("siem", "webhook", "x", 0, 1, {}, error="x: Connection refused")
    agent.pump.sinks = (dead, SinkStatus("log", "file", "y", 1, 0, {}))  # type: ignore[attr-defined]
    assert (agent.status().healthy, agent.status().reasons) == (True, ("sink siem fails: x: Connection refused",))


def test_sources_that_are_configured_no_longer_are_told_while_policies_of_theirs_run(base: FakeSource) -> None:
    host = AgentHost(SourcePlan(base))
    host.turn()
    agent = agent_over(host)
    agent._look_for_removed_sources()
    (reason,) = agent.status().reasons
    assert "policyd delete --all --set base" in reason
    assert set(read_policies(host.kernel)) == {"a"}

    host._engine(host.surroundings.host()).delete(None)
    agent._look_for_removed_sources()
    assert agent.status().reasons == ()
    assert host.kernel.list("sources") == ()


def test_on_exit_it_removes_what_its_own_sources_own_and_nothing_else(base: FakeSource) -> None:
    host = AgentHost()
    host._engine(host.surroundings.host()).apply(Request(given(policy("manual"))))
    agent = agent_over(host, SourcePlan(base), detach_on_exit=True)
    agent.reconciler.turn()
    assert set(read_policies(host.kernel)) == {"a", "manual"}
    agent._stop()
    assert set(read_policies(host.kernel)) == {"manual"}
    assert host.kernel.fds == {}


def test_a_forge_s_call_goes_to_the_source_that_takes_it(base: FakeSource) -> None:
    agent = agent_over(AgentHost(), SourcePlan(base, call=take_call), SourcePlan(FakeSource("folder")))
    assert agent.webhook("base", {}, b"secret")
    assert not agent.webhook("base", {}, b"guess")
    for name in ("folder", "nope"):
        with pytest.raises(NotFoundError):
            agent.webhook(name, {}, b"secret")


def test_policies_of_suspended_sources_are_not_brought_back(base: FakeSource) -> None:
    agent = agent_over(AgentHost(), SourcePlan(base))
    agent.reconciler.turn()
    assert agent.reconciler.own_policies() == ("a",)
    agent.reconciler.tending.set_suspended(agent.reconciler.tended["base"], True)
    assert agent.reconciler.own_policies() == ()
