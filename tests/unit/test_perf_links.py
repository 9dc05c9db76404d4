"""Links on each CPU, on the kernel in memory: made, seen by every CPU, mended one by one, followed by the agent."""

from __future__ import annotations

import errno
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from agent_host import AgentHost, FakeSource
from fake_kernel import Died
from fake_toolchain import point_of, policy
from test_engine_converges import TRACE, Host

from policyd.daemon.tended import SourcePlan
from policyd.errors import KernelError
from policyd.observe import observe
from policyd.status import faults, hook_views

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = "perf_event:cpu-clock/frequency=49/cpus=all"
POINT = point_of(SAMPLES)
PIN = f"hooks/{POINT.id}/link"
FIRST = policy("profile", points=[SAMPLES, TRACE], counters={"c": 1})
SECOND = policy("profile", points=[SAMPLES, TRACE], counters={"c": 2})


@pytest.fixture
def host() -> Host:
    host = Host.new()
    host.apply(FIRST)
    return host


def seen(host: Host) -> list[int]:
    """Return how many programs see an event on each of the CPUs 0 to 3."""
    return [len(host.kernel.events(POINT, cpu)) for cpu in range(4)]


def link_pins(host: Host) -> dict[str, object]:
    return {path: item for path, item in host.kernel.pins.items() if path.startswith(PIN)}


def test_each_cpu_has_a_link_and_all_hold_one_stub(host: Host) -> None:
    assert seen(host) == [1, 1, 0, 0]
    assert sorted(link_pins(host)) == [f"{PIN}-0", f"{PIN}-1"]
    assert len({link.program.id for link in host.kernel.links() if link.point == POINT}) == 1
    assert host.pending_steps(FIRST) == ()
    (view,) = [view for view in hook_views(observe(host.kernel), host.kernel) if view.id == POINT.id]
    assert len(view.link_ids) == 2
    host.assert_clean()


def test_a_new_program_is_swapped_by_one_call_for_all_cpus(host: Host) -> None:
    links, before = link_pins(host), len(host.kernel.calls)
    host.apply(SECOND)
    calls = host.kernel.calls[before:]
    assert link_pins(host) == links
    assert not [call for call in calls if call.startswith("attach")]
    assert len([call for call in calls if call == "update pd_slot"]) == 2  # this one's and the tracepoint's
    assert seen(host) == [1, 1, 0, 0]


def test_a_lost_link_is_missed_and_only_it_is_made_again(host: Host) -> None:
    left = link_pins(host)[f"{PIN}-0"]
    builds = len(host.toolchain.builds)
    host.kernel.unpin(f"{PIN}-1")
    assert seen(host) == [1, 0, 0, 0]
    observed = observe(host.kernel)
    assert faults(observed, observed.records["profile"]) == (f"{SAMPLES}: CPU 1 has no link",)
    assert host.pending_steps(FIRST) == (f"mend the links of {SAMPLES} (CPU 1 has no link)",)

    (outcome,) = host.apply(FIRST).outcomes
    assert (outcome.policy, outcome.kind) == ("profile", "changed")
    assert seen(host) == [1, 1, 0, 0]
    assert link_pins(host)[f"{PIN}-0"] is left
    assert len(host.toolchain.builds) == builds
    assert host.pending_steps(FIRST) == ()


def test_all_links_can_be_lost(host: Host) -> None:
    for pin in link_pins(host):
        host.kernel.unpin(pin)
    assert "CPU 0-1 has no link" in host.pending_steps(FIRST)[0]
    host.apply(FIRST)
    assert seen(host) == [1, 1, 0, 0]


def test_a_lost_stub_makes_all_links_anew(host: Host) -> None:
    links = link_pins(host)
    host.kernel.unpin(f"hooks/{POINT.id}/stub")
    assert any(step.startswith("attach") and "its stub is not pinned" in step for step in host.pending_steps(FIRST))
    host.apply(FIRST)
    assert seen(host) == [1, 1, 0, 0]
    assert not set(map(id, links.values())) & set(map(id, link_pins(host).values()))


def test_cpus_that_come_get_a_link_and_those_that_go_lose_it(host: Host) -> None:
    host.kernel.online = (0, 1, 2, 3)
    assert host.pending_steps(FIRST) == (f"mend the links of {SAMPLES} (CPU 2-3 has no link)",)
    host.apply(FIRST)
    assert seen(host) == [1, 1, 1, 1]

    host.kernel.online = (0, 2)
    assert host.pending_steps(FIRST) == (f"mend the links of {SAMPLES} (CPU 1,3 is offline, and has a link)",)
    host.apply(FIRST)
    assert sorted(link_pins(host)) == [f"{PIN}-0", f"{PIN}-2"]
    assert host.pending_steps(FIRST) == ()
    host.assert_clean()


def test_a_policy_whose_cpus_are_all_offline_is_refused_and_leaves_nothing() -> None:
    host = Host.new()
    host.kernel.online = ()
    (outcome,) = host.apply(FIRST).outcomes
    assert outcome.kind == "failed"
    assert "none of its CPUs is online" in str(outcome.error)
    assert host.events(TRACE) == 0
    host.kernel.online = (0,)
    host.apply(FIRST)
    assert seen(host) == [1, 0, 0, 0]
    host.assert_clean()


def _come(host: Host) -> None:
    host.kernel.online = (1, 2)
    host.apply(FIRST)


CHANGES = [
    pytest.param((), lambda host: host.apply(FIRST), id="apply"),
    pytest.param((FIRST,), lambda host: host.apply(SECOND), id="update"),
    pytest.param((FIRST,), _come, id="other CPUs"),
    pytest.param((FIRST,), lambda host: host.engine.delete(None), id="delete"),
]


def _calls(first: tuple[object, ...], then: Callable[[Host], object]) -> int:
    host = Host.new()
    host.apply(*first)
    before = len(host.kernel.calls)
    then(host)
    return len(host.kernel.calls) - before


@pytest.mark.parametrize(("first", "then"), CHANGES)
def test_whatever_a_change_dies_of_the_next_apply_gives_every_cpu_its_link(
    first: tuple[object, ...], then: Callable[[Host], object]
) -> None:
    for number in range(1, _calls(first, then) + 1):
        for fault in ("before", "after", "error"):
            host = Host.new()
            host.apply(*first)
            if fault == "error":
                host.kernel.fail(number, errno.ENOMEM)
            else:
                host.kernel.die(number, after=fault == "after")
            with suppress(Died, KernelError):
                then(host)
            host.restart()
            assert max(seen(host)) <= 1, host.kernel.calls[-1]
            host.apply(SECOND)
            assert host.pending_steps(SECOND) == (), host.kernel.calls[-1]
            assert seen(host) == [int(cpu in host.kernel.online) for cpu in range(4)], number
            host.assert_clean()


# ------------------------------------------------------------------------------------------------ the agent


def _agent() -> AgentHost:
    source = FakeSource("base")
    source.put("profile", points=[SAMPLES], counters={"c": 1})
    host = AgentHost(SourcePlan(source))
    host.turn()
    assert host.drift.check() == ()
    return host


def test_the_agent_pins_a_lost_link_again_for_the_same_link() -> None:
    host = _agent()
    before = dict(host.kernel.pins)
    host.kernel.unpin(f"{PIN}-1")
    assert len(host.kernel.events(POINT, 1)) == 1  # it is held
    (row,) = host.drift.check()
    assert (row.where, row.what, row.repaired) == (SAMPLES, "CPU 1 has no link", True)
    assert host.kernel.pins == before


def test_the_agent_follows_cpus_that_come_and_go() -> None:
    host = _agent()
    for online in ((0, 1, 2), (0, 2), (0, 1, 2)):
        host.kernel.online = online
        (row,) = host.drift.check()
        assert row.repaired
        assert sorted(path for path in host.kernel.pins if path.startswith(PIN)) == [f"{PIN}-{cpu}" for cpu in online]
        assert {link.cpu for link in host.kernel.links()} == set(online)
        assert host.drift.check() == ()


def test_links_that_another_policyd_has_mended_are_no_damage() -> None:
    host = _agent()
    host.kernel.online = (0,)
    host.kernel.unpin(f"{PIN}-1")
    assert host.drift.check() == ()
    assert [path for path in host.kernel.pins if path.startswith(PIN)] == [f"{PIN}-0"]
