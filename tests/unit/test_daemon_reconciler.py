"""The reconciler on the kernel in memory: states, what runs on when something is wrong, history, waiting, retries."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from agent_host import TRACE, AgentHost, FakeSource, unreachable
from fake_toolchain import given, policy

from policyd.daemon.history import KEPT
from policyd.daemon.reconciler import Effort, Reconciler
from policyd.daemon.tended import JITTER, LAST_RETRY_SECONDS, SourcePlan
from policyd.engine import Request
from policyd.errors import NotFoundError, UsageError
from policyd.record import read_policies
from policyd.sources.source import Mark, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def base() -> FakeSource:
    source = FakeSource("base")
    source.put("a", "b")
    return source


@pytest.fixture
def host(base: FakeSource) -> AgentHost:
    found = AgentHost(SourcePlan(base))
    found.turn()
    return found


def running(host: AgentHost) -> dict[str, str]:
    return {name: record.set for name, record in sorted(read_policies(host.kernel).items())}


def test_a_source_is_applied_as_a_set_with_its_revision(host: AgentHost, base: FakeSource) -> None:
    status = host.status("base")
    assert (status.state, status.policies, status.revision) == ("Applied", ("a", "b"), base.fetch(Mark()).revision)
    assert running(host) == {"a": "base", "b": "base"}
    assert {record.revision for record in read_policies(host.kernel).values()} == {status.revision}
    assert [row.outcome for row in status.history] == ["applied"]


def test_a_change_is_followed_and_what_left_the_source_is_pruned(host: AgentHost, base: FakeSource) -> None:
    base.put("b", "c", counters={"n": 1})
    status = host.look("base")
    assert (status.state, status.policies, len(status.history)) == ("Applied", ("b", "c"), 2)
    assert running(host) == {"b": "base", "c": "base"}


def _wrong(source: FakeSource) -> None:
    source.put("a", wrong=True)


def _empty(source: FakeSource) -> None:
    source.content = {}


def _gone(source: FakeSource) -> None:
    source.error = unreachable()


def _unsigned(source: FakeSource) -> None:
    source.error = SourceError("commit 1234 is not signed", refused=True, revision="main@1234")


def _unbuildable(source: FakeSource) -> None:
    source.put("a", bad=True)
    source.content["b"] = {"name": "b"}


def _no_interface(source: FakeSource) -> None:
    source.content["a"]["interface"] = "eth9"


STATES: list[tuple[Callable[[FakeSource], None], str, str, bool]] = [
    (_wrong, "Refused", "refused", False),
    (_empty, "Refused", "refused", False),
    (_unsigned, "Refused", "refused", False),
    (_gone, "Unreachable", "", True),
    (_unbuildable, "Degraded", "partial", True),
    (_no_interface, "Degraded", "partial", True),
]


@pytest.mark.parametrize(("spoil", "state", "outcome", "retried"), STATES, ids=lambda value: getattr(value, "__name__", ""))
def test_whatever_is_wrong_with_a_revision_what_ran_runs_on_and_a_good_one_ends_it(
    host: AgentHost, base: FakeSource, spoil: Callable[[FakeSource], None], state: str, outcome: str, retried: bool
) -> None:
    before = host.events()
    spoil(base)
    status = host.look("base")
    assert (status.state, running(host)) == (state, {"a": "base", "b": "base"})
    assert status.reason
    assert (status.history[0].outcome if len(status.history) > 1 else "") == outcome
    assert bool(status.failures) == retried
    assert host.events() == before

    base.error = None
    base.put("a", "b", columns=["uid"])
    status = host.look("base")
    assert (status.state, status.reason, status.left_out, status.failures) == ("Applied", "", {}, 0)
    assert host.events() != before


def test_a_refusal_is_written_down_once(host: AgentHost, base: FakeSource) -> None:
    _wrong(base)
    for _ in range(3):
        status = host.look("base")
    assert [row.outcome for row in status.history] == ["refused", "applied"]


def test_what_could_not_be_applied_keeps_its_previous_version_and_is_not_pruned(host: AgentHost, base: FakeSource) -> None:
    _no_interface(base)
    status = host.look("base")
    assert "eth9" in status.left_out["a"]
    assert "interface" not in read_policies(host.kernel)["a"].document

    host.interfaces["eth9"] = "ethernet"
    assert host.surroundings.changed() == "interface eth9 came, went or changed"
    host.reconciler.wake(effort=Effort.FOLLOW)
    fetched = len(base.fetched)
    host.turn()
    assert host.status("base").state == "Applied"
    assert "interface" in read_policies(host.kernel)["a"].document
    assert len(base.fetched) == fetched  # the revision that is pinned was enough


def test_a_revision_of_which_nothing_fitted_is_tried_again_when_the_host_changes(host: AgentHost, base: FakeSource) -> None:
    base.put("a", "b", interface="eth9")
    assert host.look("base").history[0].outcome == "failed"
    host.interfaces["eth9"] = "ethernet"
    host.reconciler.wake(effort=Effort.FOLLOW)
    host.turn()
    assert (host.status("base").state, running(host)) == ("Applied", {"a": "base", "b": "base"})


def test_a_revision_that_only_took_away_is_what_runs_although_the_rest_of_it_did_not_fit(
    host: AgentHost, base: FakeSource
) -> None:
    base.put("a", "b")
    host.look("base")
    base.content = {"a": {"name": "a", "interface": "eth9"}}
    status = host.look("base")
    assert running(host) == {"a": "base"}
    assert (status.state, status.policies, status.seen) == ("Degraded", ("a",), status.revision)
    assert host.reconciler.own_policies() == ("a",)  # b is not missed


@pytest.mark.parametrize("spoil", [_wrong, _gone])
def test_applying_what_ran_again_hides_no_refusal(
    host: AgentHost, base: FakeSource, spoil: Callable[[FakeSource], None]
) -> None:
    spoil(base)
    before = host.look("base")
    host._engine(host.surroundings.host()).delete(frozenset({"a"}))
    host.reconciler.wake(effort=Effort.APPLY)
    host.turn()
    status = host.status("base")
    assert (status.state, status.reason, status.seen) == (before.state, before.reason, before.seen)
    assert running(host) == {"a": "base", "b": "base"}


@pytest.mark.parametrize("allowed", [False, True])
def test_an_empty_source_prunes_only_if_that_is_allowed(base: FakeSource, allowed: bool) -> None:
    host = AgentHost(SourcePlan(base, allow_empty=allowed))
    host.turn()
    base.content = {}
    assert host.look("base").state == ("Applied" if allowed else "Refused")
    assert list(running(host)) == ([] if allowed else ["a", "b"])


def test_a_source_that_never_held_a_policy_is_applied() -> None:
    host = AgentHost(SourcePlan(FakeSource("base")))
    host.turn()
    assert host.status("base").state == "Applied"


@pytest.mark.parametrize("adopt", [False, True])
def test_a_name_of_another_set_is_left_out_unless_it_is_adopted(host: AgentHost, base: FakeSource, adopt: bool) -> None:
    team = FakeSource("team")
    team.put("b", "t")
    both = host.restarted(SourcePlan(base), SourcePlan(team, adopt=adopt))
    both.turn()
    status = both.status("team")
    assert running(both) == {"a": "base", "b": "team" if adopt else "base", "t": "team"}
    assert status.state == ("Applied" if adopt else "Degraded")
    assert ("belongs to set base" in status.left_out.get("b", "")) is not adopt


def test_a_source_waits_for_those_that_it_depends_on(base: FakeSource) -> None:
    team = FakeSource("team")
    team.put("t")
    base.error = unreachable()
    host = AgentHost(SourcePlan(team, depends_on=("base",)), SourcePlan(base))
    host.turn()
    assert (host.status("team").state, running(host)) == ("Waiting", {})
    assert "base" in host.status("team").reason

    base.error = None
    assert host.look("base").state == "Applied"
    host.turn()
    assert host.status("team").state == "Applied"


@pytest.mark.parametrize(
    ("needs", "said"), [({"a": ("b",), "b": ("a",)}, "circle"), ({"a": ("nobody",), "b": ()}, "which is no source")]
)
def test_wrong_dependencies_are_told(host: AgentHost, needs: dict[str, tuple[str, ...]], said: str) -> None:
    plans = [SourcePlan(FakeSource(name), depends_on=depends_on) for name, depends_on in needs.items()]
    with pytest.raises(UsageError, match=said):
        Reconciler(host.writer, plans, 300.0)


def test_tries_come_later_and_later(host: AgentHost, base: FakeSource) -> None:
    _gone(base)
    delays = []
    for _ in range(12):
        host.look("base")
        delays.append(host.reconciler.tended["base"].due - time.monotonic())
    assert delays[0] < 3
    assert all(later > earlier for earlier, later in pairwise(delays[:7]))
    assert max(delays) <= LAST_RETRY_SECONDS * (1 + JITTER)
    assert host.status("base").failures == 12


def test_what_is_not_due_is_left_alone(host: AgentHost, base: FakeSource) -> None:
    fetched = len(base.fetched)
    host.turn()
    assert len(base.fetched) == fetched
    host.look("base")
    assert len(base.fetched) == fetched + 1


def test_the_same_revision_is_not_applied_again_but_by_interval(host: AgentHost) -> None:
    changes = host.writer.changes
    host.look("base")
    assert host.writer.changes == changes
    host.reconciler.wake(effort=Effort.FULL)
    host.turn()
    assert host.writer.changes == changes + 1


def test_the_newest_accepted_revision_is_remembered_over_a_restart(host: AgentHost, base: FakeSource) -> None:
    base.order = 7
    base.put("a")
    host.look("base")
    assert host.status("base").signer == "signer-7"
    again = host.restarted(SourcePlan(base))
    again.turn()
    assert base.fetched[-1] == Mark("7", 7)


# ------------------------------------------------------------------------------------------------ history and rollback


def _revisions(host: AgentHost, base: FakeSource, count: int) -> list[str]:
    found = []
    for number in range(count):
        base.put("a", counters={"n": number + 1})
        found.append(host.look("base").revision)
    return found


def test_the_last_revisions_are_kept_with_their_contents_and_no_more(host: AgentHost, base: FakeSource) -> None:
    revisions = _revisions(host, base, KEPT + 2)
    status = host.status("base")
    assert [row.revision for row in status.history] == revisions[:1:-1]
    pins = [pin for pin in host.kernel.pins if pin.startswith("sources/") and "/revision-" in pin]
    assert len(pins) == KEPT


def _job(host: AgentHost, work: Callable[[], Any]) -> Any:
    """Do what the API does through the reconciler's thread."""
    future = host.reconciler._have_done(work)
    host.turn()
    return future.result(0)


def test_going_back_takes_an_earlier_revision_from_the_kernel_and_suspends(host: AgentHost, base: FakeSource) -> None:
    first, second, third = _revisions(host, base, 3)
    one = host.reconciler.tended["base"]
    base.error = unreachable()

    status = _job(host, lambda: host.reconciler.tending.roll_back(one, ""))
    assert (status.state, status.revision, status.suspended) == ("Suspended", second, True)
    assert status.history[0].outcome == "rolled-back"
    status = _job(host, lambda: host.reconciler.tending.roll_back(one, ""))
    assert status.revision == first
    status = _job(host, lambda: host.reconciler.tending.roll_back(one, third.removeprefix("sha256:")))
    assert status.revision == third
    with pytest.raises(NotFoundError, match="kept:"):
        _job(host, lambda: host.reconciler.tending.roll_back(one, "v9"))

    base.error = None
    base.put("z")
    again = host.restarted(SourcePlan(base))
    again.turn()
    assert (again.status("base").state, list(running(again))) == ("Suspended", ["a"])
    _job(again, lambda: again.reconciler.tending.set_suspended(again.reconciler.tended["base"], False))
    assert list(running(again)) == ["z"]


def test_there_is_nothing_to_go_back_to_at_first(host: AgentHost) -> None:
    with pytest.raises(NotFoundError, match="no earlier revision"):
        _job(host, lambda: host.reconciler.tending.roll_back(host.reconciler.tended["base"], ""))


def test_a_suspended_source_is_not_fetched(base: FakeSource) -> None:
    host = AgentHost(SourcePlan(base, suspend=True))
    host.turn()
    assert (base.fetched, host.status("base").state) == ([], "Suspended")
    with pytest.raises(UsageError, match="configuration"):
        host.reconciler.resume("base")


# ------------------------------------------------------------------------------------------------ others at work


def test_a_pending_trial_is_waited_for_and_a_forgotten_one_is_taken_back(host: AgentHost, base: FakeSource) -> None:
    engine = host._engine(host.surroundings.host())
    engine.apply(Request(given(policy("tried"))), try_seconds=60)
    base.put("a", "b", "c")
    status = host.look("base")
    assert (status.state, "c" in running(host)) == ("Waiting", False)
    assert "on trial" in status.reason

    engine.confirm()
    assert host.look("base").state == "Applied"
    assert set(running(host)) == {"a", "b", "c", "tried"}

    engine.apply(Request(given(policy("forgotten"))), try_seconds=-60)
    base.put("a", "b", "c", "d")
    assert host.look("base").state == "Applied"
    assert set(running(host)) == {"a", "b", "c", "d", "tried"}
    assert engine.pending() is None


def test_a_trial_that_begins_while_the_lock_is_waited_for_is_waited_for_too(
    host: AgentHost, base: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = host._engine(host.surroundings.host())
    lock = host.kernel.lock

    def trial_first(*how: Any) -> Any:
        monkeypatch.setattr(host.kernel, "lock", lock)
        engine.apply(Request(given(policy("tried"))), try_seconds=60)
        return lock(*how)

    monkeypatch.setattr(host.kernel, "lock", trial_first)
    base.put("a")
    assert host.look("base").state == "Waiting"
    assert len(host.status("base").history) == 1


def test_a_bug_in_a_source_does_not_end_the_others(host: AgentHost, base: FakeSource) -> None:
    base.error = ZeroDivisionError("oops")
    team = FakeSource("team")
    team.put("t")
    both = host.restarted(SourcePlan(base), SourcePlan(team))
    both.turn()
    assert (both.status("base").state, both.status("team").state) == ("Degraded", "Applied")
    assert "a bug of policyd" in both.status("base").reason


def test_commands_are_refused_when_the_agent_stops(host: AgentHost) -> None:
    host.writer.stopping.set()
    with pytest.raises(UsageError, match="stopping"):
        host.reconciler.reconcile()
    with pytest.raises(NotFoundError, match="there are: base"):
        host.reconciler.suspend("nope")


def test_nothing_of_the_agent_stays_open(host: AgentHost) -> None:
    host.writer.close()
    assert host.kernel.fds == {}
    assert host.events(TRACE)
