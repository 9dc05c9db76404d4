"""The drift watch on the kernel in memory: what counts as damage, how it is repaired, and what is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from agent_host import TRACE, XDP, AgentHost, FakeSource
from fake_kernel import Program
from fake_toolchain import given, policy

from policyd.daemon.storm import FAST_REPAIRS, FIRST_PAUSE_SECONDS, WINDOW_SECONDS, Storms
from policyd.daemon.tended import SourcePlan
from policyd.engine import Engine, Request
from policyd.record import read_policies

if TYPE_CHECKING:
    from collections.abc import Callable

FULL = {"points": [TRACE, XDP], "counters": {"c": 1}, "lists": {"l": ["1"]}, "scalars": {"s": "7"}}


def _host(mode: str = "repair") -> AgentHost:
    source = FakeSource("base")
    source.put("a", **FULL)
    host = AgentHost(SourcePlan(source), mode=mode)
    host.turn()
    _by_hand(host).apply(Request(given(policy("manual", points=[XDP], counters={"m": 1})), set="other"))
    assert host.drift.check() == ()
    return host


@pytest.fixture
def host() -> AgentHost:
    return _host()


def _by_hand(host: AgentHost) -> Engine:
    """Return another policyd's engine."""
    return host._engine(host.surroundings.host())


def _pins(host: AgentHost, *words: str) -> list[str]:
    return [pin for pin in sorted(host.kernel.pins) if all(word in pin for word in words)]


def _unlink(host: AgentHost, *words: str) -> None:
    """Remove pins as `rm` does: nobody is asked."""
    for pin in _pins(host, *words):
        host.kernel.unpin(pin)


def _unlink_tree(host: AgentHost, path: str) -> None:
    host.kernel.remove_tree(path)


def _set_row(host: AgentHost, name: str, row: int, value: bytes) -> None:
    fd = host.kernel.open(f"shared/{name}")
    assert fd is not None
    host.kernel.update(fd, row.to_bytes(4, "little"), value)
    host.kernel.close(fd)


def _detach_link(host: AgentHost) -> None:
    for pin in _pins(host, "hooks/xdp", "/link"):
        host.kernel.pins[pin].alive = False


def _overwrite_slot(host: AgentHost) -> None:
    for pin in _pins(host, "hooks/tracepoint", "/slot"):
        host.kernel.pins[pin].data[bytes(4)] = Program(9999, "evil", "tracepoint")


def _flip_mode(host: AgentHost) -> None:
    _set_row(host, "config", read_policies(host.kernel)["a"].row, (2).to_bytes(4, "little") + bytes(4))


def _set_scalar(host: AgentHost) -> None:
    _set_row(host, "scalars", read_policies(host.kernel)["a"].scalars["s"].row, (1).to_bytes(8, "little") * 3)


REPINNED = [("hooks", "/link"), ("hooks", "/slot"), ("hooks", "/stub"), ("hooks", "/program-0"), ("hooks", "/record")]
REPINNED += [("policies", "/ring"), ("policies", "/map-"), ("policies", "/record"), ("shared/",)]


@pytest.mark.parametrize("words", REPINNED, ids="".join)
def test_unlinked_pins_come_back_for_the_same_objects_and_no_event_is_missed(
    host: AgentHost, words: tuple[str, ...]
) -> None:
    before = {pin: host.kernel.pins[pin] for pin in _pins(host)}
    calls = len(host.toolchain.builds)
    _unlink(host, *words)
    assert len(host.events(TRACE)) == len(host.events(XDP)) == 1
    rows = host.drift.check()
    assert rows
    assert all(row.repaired for row in rows)
    assert {pin: host.kernel.pins[pin] for pin in _pins(host)} == before
    assert len(host.toolchain.builds) == calls
    assert host.drift.check() == ()


def test_each_shared_map_alone_is_missed(host: AgentHost) -> None:
    before = dict(host.kernel.pins)
    for name in host.kernel.list("shared"):
        host.kernel.unpin(f"shared/{name}")
        (row,) = host.drift.check()
        assert (row.where, row.repaired) == (f"shared map {name}", True)
        assert host.kernel.pins == before


@pytest.mark.parametrize("parent", ["hooks", "policies"])
def test_whole_directories_come_back_for_the_same_objects(host: AgentHost, parent: str) -> None:
    before = dict(host.kernel.pins)
    for name in host.kernel.list(parent):
        _unlink_tree(host, f"{parent}/{name}")
        assert all(row.repaired for row in host.drift.check())
        assert host.kernel.pins == before
    assert len(host.events(TRACE)) == len(host.events(XDP)) == 1


@pytest.mark.parametrize("when", ["_restore_pins", "_settle"])
@pytest.mark.parametrize("words", [("hooks/tracepoint",), ("hooks/xdp",), ("policies", "/map-")], ids="".join)
def test_pins_that_go_just_before_or_after_a_change_come_back_too(
    host: AgentHost, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], when: str
) -> None:
    before = {pin: host.kernel.pins[pin] for pin in _pins(host)}
    step = getattr(host.writer, when)

    def disturbed(*given: Any) -> Any:
        _unlink(host, *words)
        return step(*given)

    monkeypatch.setattr(host.writer, when, disturbed)
    host.writer.apply(Request())
    monkeypatch.undo()
    rows = host.drift.check()
    assert rows
    assert all(row.repaired for row in rows)
    assert {pin: host.kernel.pins[pin] for pin in _pins(host)} == before
    assert host.drift.check() == ()


BROKEN: list[tuple[Callable[[AgentHost], None], str, str]] = [
    (_detach_link, XDP, "detached"),
    (_overwrite_slot, TRACE, "another program"),
    (_flip_mode, "policy a", "mode or suspension"),
    (_set_scalar, "policy a", "param s"),
]


@pytest.mark.parametrize(("spoil", "where", "what"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_what_was_changed_is_told_and_put_right(
    host: AgentHost, spoil: Callable[[AgentHost], None], where: str, what: str
) -> None:
    spoil(host)
    (row,) = host.drift.check()
    assert (row.where.startswith(where), what in row.what, row.repaired) == (True, True, True), row
    assert "a" in row.policies
    assert len(host.events(TRACE)) == len(host.events(XDP)) == 1
    assert host.drift.check() == ()
    assert host.drift.rows()[0] == row


@pytest.mark.parametrize(("spoil", "where", "what"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_in_report_mode_it_is_told_once_and_left(spoil: Callable[[AgentHost], None], where: str, what: str) -> None:
    host = _host("report")
    spoil(host)
    (row,) = host.drift.check()
    assert (row.where.startswith(where), row.repaired) == (True, False)
    calls = len(host.kernel.calls)
    assert host.drift.check() == ()
    assert len(host.kernel.calls) == calls


@pytest.mark.parametrize("glimpsed", [_detach_link, _overwrite_slot])
def test_a_glance_at_what_is_held_sees_links_and_slots(host: AgentHost, glimpsed: Callable[[AgentHost], None]) -> None:
    assert not host.writer.guard.glance()
    glimpsed(host)
    assert host.writer.guard.glance()


def test_what_another_policyd_changes_is_no_drift_and_is_let_go(host: AgentHost) -> None:
    engine = _by_hand(host)
    engine.apply(Request(given(policy("manual", points=[TRACE, XDP], counters={"m": 2})), set="other"))
    assert host.drift.check() == ()
    engine.set_params("a", {"s": ("9",)})
    assert host.drift.check() == ()
    engine.delete(frozenset({"manual"}))
    assert host.drift.check() == ()
    assert len(host.events(XDP)) == 1
    host.writer.close()
    engine.delete(None)
    assert [item for item in host.kernel.living() if item.name != "pd_record"] == []


def test_a_hook_that_another_policyd_detached_is_not_held_on(host: AgentHost) -> None:
    engine = _by_hand(host)
    engine.apply(Request(given(policy("extra", points=["tracepoint:c/d"])), set="other"))
    host.drift.check()
    engine.delete(frozenset({"extra"}))
    host.drift.check()
    assert host.events("tracepoint:c/d") == []


def test_a_policy_of_a_source_that_somebody_deletes_is_brought_back_and_one_by_hand_is_not(host: AgentHost) -> None:
    _by_hand(host).delete(frozenset({"a", "manual"}))
    assert host.drift.check() == ()
    host.turn()
    assert set(read_policies(host.kernel)) == {"a"}
    (row,) = host.drift.check()
    assert (row.what, row.where, row.repaired) == ("it was deleted", "policy a", True)


def test_a_deleted_policy_of_a_suspended_source_stays_deleted(host: AgentHost) -> None:
    host.reconciler.tending.set_suspended(host.reconciler.tended["base"], True)
    _by_hand(host).delete(frozenset({"a"}))
    assert host.drift.check() == ()
    host.turn()
    assert "a" not in read_policies(host.kernel)


def test_an_emptied_root_is_filled_again_by_the_sources(host: AgentHost) -> None:
    for name in ("hooks", "policies", "shared", "sources"):
        _unlink_tree(host, name)
    host.drift.check()
    host.turn()
    assert set(read_policies(host.kernel)) == {"a"}
    assert host.kernel.exists("shared/config")
    assert len(host.events(TRACE)) == 1
    assert host.status("base").state == "Applied"


def test_an_attach_point_that_is_gone_is_not_drift(host: AgentHost) -> None:
    host.kernel.gone.add("eth0")
    _detach_link(host)
    assert host.drift.check() == ()


def test_a_new_attach_point_under_the_same_name_is_attached(host: AgentHost) -> None:
    host.kernel.places["eth0"] = "another eth0"
    (row,) = host.drift.check()
    assert (row.where, row.repaired) == ("xdp:eth0", True)
    assert [link.target for link in host.kernel.links() if link.alive and link.point.kind == "xdp"] == ["another eth0"]


def test_what_the_agent_itself_detaches_is_not_held_a_moment_longer(host: AgentHost) -> None:
    seen = []
    change = host.kernel._change

    def watched(text: str, action: Any) -> Any:
        result = change(text, action)
        if text.startswith("unlink hooks/tracepoint") and text.endswith("/link"):
            seen.append(host.events(TRACE))
        return result

    host.kernel._change = watched  # type: ignore[method-assign]
    host.reconciler.tended["base"].plan.source.put("a", **FULL | {"points": [XDP]})  # type: ignore[attr-defined]
    host.look("base")
    assert seen == [[]]


def test_repairs_that_are_undone_again_and_again_become_slower(host: AgentHost) -> None:
    for _ in range(FAST_REPAIRS):
        _detach_link(host)
        assert [row.repaired for row in host.drift.check()] == [True]
    _detach_link(host)
    assert host.drift.check() == ()
    assert host.events(XDP) == []
    assert list(host.drift.paused()) == ["xdp:eth0"]


def test_a_policy_that_is_deleted_again_and_again_comes_back_slower(host: AgentHost) -> None:
    for _ in range(FAST_REPAIRS):
        _by_hand(host).delete(frozenset({"a"}))
        host.drift.check()
        host.turn()
        assert "a" in read_policies(host.kernel)
    _by_hand(host).delete(frozenset({"a"}))
    host.drift.check()
    host.turn()
    assert "a" not in read_policies(host.kernel)
    assert list(host.drift.paused()) == ["policy a"]


def test_a_storm_s_pauses_grow_and_end() -> None:
    storms, now = Storms(), 1000.0
    for _ in range(FAST_REPAIRS - 1):
        assert not storms.tried("x", now)
    assert storms.tried("x", now)
    assert storms.paused(now) == {"x": FIRST_PAUSE_SECONDS}
    assert not storms.may("x", now + 1)
    assert storms.may("y", now + 1)
    now += FIRST_PAUSE_SECONDS
    assert storms.may("x", now)
    assert storms.tried("x", now)
    assert storms.paused(now) == {"x": 2 * FIRST_PAUSE_SECONDS}
    now += 2 * FIRST_PAUSE_SECONDS + 2 * WINDOW_SECONDS
    assert not storms.tried("x", now)
    assert storms.paused(now) == {}
