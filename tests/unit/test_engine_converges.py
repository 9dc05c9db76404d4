"""The engine on the kernel in memory: whatever happens, the next apply converges, and nothing is left behind."""

from __future__ import annotations

import errno
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from fake_kernel import Died, FakeKernel
from fake_toolchain import FakeToolchain, given, point_of, policy, resolve
from hypothesis import given as property_of
from hypothesis import settings
from hypothesis import strategies as st

from policyd.engine import Engine, ProcessTable, Request
from policyd.errors import KernelError

if TYPE_CHECKING:
    from policyd.unit import TypedPolicy

TRACE, XDP, EXIT = "tracepoint:a/b", "xdp:eth0", "tracepoint:syscalls/sys_exit_x"


@dataclass
class Host:
    kernel: FakeKernel
    toolchain: FakeToolchain
    engine: Engine

    @classmethod
    def new(cls) -> Host:
        kernel = FakeKernel()
        toolchain = FakeToolchain(kernel)
        table = ProcessTable("hash", 4, 8, 64, lambda: [(pid.to_bytes(4, "little"), bytes(8)) for pid in (1, 2)])
        return cls(kernel, toolchain, Engine(kernel, toolchain, resolve, table, workers=1))

    def apply(self, *policies: TypedPolicy, **how: Any) -> Any:
        return self.engine.apply(Request(given(*policies), prune=True, allow_empty=True, **how))

    def pending_steps(self, *policies: TypedPolicy) -> tuple[str, ...]:
        return self.engine.plan(Request(given(*policies), prune=True, allow_empty=True)).describe()

    def events(self, point: str) -> int:
        return len(self.kernel.events(point_of(point)))

    def restart(self) -> None:
        self.kernel.restart()

    def assert_clean(self) -> None:
        self.engine.delete(None)
        assert self.kernel.fds == {}
        assert self.kernel.living() == []
        assert self.kernel.pins == {}
        assert self.kernel.directories == {""}


@pytest.fixture
def host() -> Host:
    return Host.new()


FULL = {"counters": {"c": 2}, "lists": {"l": ["1", "2"]}, "scalars": {"s": "7"}}
BEFORE = (
    policy("stays", points=[TRACE, XDP], **FULL),
    policy("changes", points=[TRACE, XDP], **FULL),
    policy("goes", points=[TRACE, EXIT], counters={"c": 1}),
)
AFTER = (
    policy("stays", points=[TRACE, XDP], **FULL),
    policy("changes", points=[TRACE, XDP, EXIT], counters={"c": 1}, lists={"l": ["1"]}, scalars={"s": "8"}, enforce=True),
    policy("comes", points=[XDP], columns=["pid", "uid"], lists={"l": []}, processes=True),
)


def test_applied_policies_see_events_and_leave_nothing_to_do(host: Host) -> None:
    result = host.apply(*BEFORE)
    assert {row.policy: row.kind for row in result.outcomes} == dict.fromkeys(("stays", "changes", "goes"), "created")
    assert [host.events(point) for point in (TRACE, XDP, EXIT)] == [1, 1, 1]
    assert host.pending_steps(*BEFORE) == ()
    assert host.kernel.fds == {}
    host.assert_clean()


def test_a_change_is_carried_out_whole(host: Host) -> None:
    host.apply(*BEFORE)
    result = host.apply(*AFTER)
    assert {row.policy: row.kind for row in result.outcomes} == {
        "stays": "unchanged",
        "changes": "changed",
        "comes": "created",
        "goes": "removed",
    }
    assert host.pending_steps(*AFTER) == ()
    host.assert_clean()


def _calls(first: tuple[TypedPolicy, ...], then: Any) -> int:
    host = Host.new()
    host.apply(*first)
    before = len(host.kernel.calls)
    then(host)
    return len(host.kernel.calls) - before


def _update(host: Host) -> None:
    host.apply(*AFTER)


def _delete(host: Host) -> None:
    host.engine.delete(None)


def _set_list(host: Host) -> None:
    host.engine.set_params("stays", {"l": ("5", "6", "7"), "s": ("9",)})


CHANGES = [
    pytest.param((), lambda host: host.apply(*BEFORE), (), id="apply"),
    pytest.param(BEFORE, _update, (TRACE, XDP), id="update"),
    pytest.param(BEFORE, _delete, (), id="delete"),
    pytest.param(BEFORE, _set_list, (TRACE, XDP, EXIT), id="params"),
]


@pytest.mark.parametrize(("first", "then", "always"), CHANGES)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_death_at_any_call_leaves_what_ran_running_and_the_next_apply_converges(
    first: tuple[TypedPolicy, ...], then: Any, always: tuple[str, ...], after: bool
) -> None:
    for number in range(1, _calls(first, then) + 1):
        host = Host.new()
        host.apply(*first)
        host.kernel.die(number, after=after)
        with pytest.raises(Died):
            then(host)
        host.restart()
        for point in always:
            assert host.events(point) == 1, host.kernel.calls[-1]
        assert all(host.events(point) <= 1 for point in (TRACE, XDP, EXIT))
        host.apply(*AFTER)
        assert host.pending_steps(*AFTER) == (), host.kernel.calls[-1]
        assert [host.events(point) for point in (TRACE, XDP, EXIT)] == [1, 1, 1]
        host.assert_clean()


@pytest.mark.parametrize(("first", "then", "always"), CHANGES)
def test_an_error_at_any_call_never_takes_away_what_ran(
    first: tuple[TypedPolicy, ...], then: Any, always: tuple[str, ...]
) -> None:
    for number in range(1, _calls(first, then) + 1):
        host = Host.new()
        host.apply(*first)
        host.kernel.fail(number, errno.ENOMEM)
        with suppress(KernelError):
            then(host)
        assert host.kernel.fds == {}, host.kernel.calls[-1]
        for point in always:
            assert host.events(point) == 1, number
        host.apply(*AFTER)
        assert host.pending_steps(*AFTER) == (), number
        host.assert_clean()


NAMES = ("a", "b", "c")
POLICIES = st.builds(
    policy,
    st.sampled_from(NAMES),
    points=st.lists(st.sampled_from([TRACE, XDP, EXIT, "cgroup:/x:connect4"]), min_size=1, max_size=3, unique=True),
    counters=st.dictionaries(st.sampled_from(["c", "d"]), st.integers(1, 2)),
    lists=st.dictionaries(st.just("l"), st.lists(st.sampled_from(["1", "2"]), unique=True)),
    scalars=st.dictionaries(st.just("s"), st.sampled_from(["1", "2", None])),
    ring=st.sampled_from([4096, 8192]),
    enforce=st.booleans(),
    suspend=st.booleans(),
    processes=st.booleans(),
)
STATES = st.lists(st.lists(POLICIES, max_size=3, unique_by=lambda row: row.name), min_size=1, max_size=4)


@property_of(states=STATES)
@settings(max_examples=30)
def test_carrying_a_plan_out_leaves_nothing_to_plan(states: list[list[TypedPolicy]]) -> None:
    host = Host.new()
    for state in states:
        host.apply(*state)
        assert host.pending_steps(*state) == ()
        wanted = {rule.attach_point for row in state for rule in row.rules}
        assert all(len(host.kernel.events(point)) == 1 for point in wanted)
    host.assert_clean()
