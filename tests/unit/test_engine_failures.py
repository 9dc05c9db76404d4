"""The failure contract of `policyd.engine`, on the kernel in memory."""

from __future__ import annotations

import dataclasses
import errno
from typing import Any

import pytest
from fake_kernel import Link
from fake_toolchain import given, point_of, policy
from test_engine_converges import EXIT, TRACE, XDP, Host

from policyd.engine import Request, trial
from policyd.errors import KernelError, LockError, NotFoundError, OwnershipError, UsageError
from policyd.record import policy_path, read_policies, write_record


@pytest.fixture
def host() -> Host:
    return Host.new()


def kinds(result: Any) -> dict[str, str]:
    return {outcome.policy: outcome.kind for outcome in result.outcomes}


def programs(host: Host, point: str) -> list[str]:
    return host.kernel.events(point_of(point))


# ------------------------------------------------------------------------------------------------ builds


def test_a_policy_that_does_not_build_is_left_out_everywhere_and_its_previous_version_runs(host: Host) -> None:
    host.apply(policy("a", points=[TRACE]), policy("b", points=[TRACE, XDP]))
    before = programs(host, XDP)
    result = host.apply(policy("a", points=[TRACE], columns=["uid"]), policy("b", points=[TRACE, XDP, EXIT], bad=True))
    assert kinds(result) == {"a": "changed", "b": "failed"}
    assert result.failed[0].previous_runs
    assert "bad rule of b" in str(result.failed[0].error)
    assert programs(host, XDP) == before
    assert programs(host, EXIT) == []


def test_bisection_finds_the_bad_ones_among_many_new_policies(host: Host) -> None:
    result = host.apply(*(policy(f"p{number:02}", bad=number in {11, 23}) for number in range(32)))
    assert sorted(outcome.policy for outcome in result.failed) == ["p11", "p23"]
    assert not any(outcome.previous_runs for outcome in result.failed)
    assert len(programs(host, TRACE)) == 1
    assert len(host.toolchain.builds) < 32


def test_what_runs_goes_before_what_is_new_if_only_the_sum_is_too_much(host: Host) -> None:
    host.apply(policy("z-old"))
    host.toolchain.most = 1
    result = host.apply(policy("z-old"), policy("a-new"))
    assert kinds(result) == {"a-new": "failed", "z-old": "unchanged"}
    assert len(programs(host, TRACE)) == 1


def test_a_unit_that_is_too_big_is_built_in_shards(host: Host) -> None:
    host.toolchain.budget = 3
    host.apply(*(policy(f"p{number}") for number in range(10)))
    assert [shards for _, shards in host.toolchain.builds] == [1, 2, 4]
    (hook,) = host.kernel.list("hooks")
    assert {"program-0", "program-3", "shards"} <= set(host.kernel.list(f"hooks/{hook}"))
    host.toolchain.budget = 100
    host.apply(policy("p0"))
    assert not {"program-1", "shards"} & set(host.kernel.list(f"hooks/{hook}"))
    host.assert_clean()


# ------------------------------------------------------------------------------------------------ attaching


def test_a_policy_whose_hook_is_taken_is_left_out_and_the_others_go_on(host: Host) -> None:
    foreign = Link(999, point_of(XDP), host.kernel.fds[host.kernel.load("foreign", point_of(XDP))])
    host.kernel.foreign.append(foreign)
    host.kernel.fds.clear()
    result = host.apply(policy("a", points=[XDP, TRACE]), policy("b", points=[TRACE]))
    assert kinds(result) == {"a": "failed", "b": "created"}
    assert programs(host, XDP) == ["foreign"]
    assert read_policies(host.kernel).keys() == {"b"}
    host.engine.delete(None)
    assert programs(host, XDP) == ["foreign"]


def test_an_unchanged_policy_whose_hook_cannot_be_mended_is_reported_and_left(host: Host) -> None:
    host.apply(policy("a", points=["xdp:eth1", TRACE]))
    host.kernel.gone.add("eth1")
    for link in host.kernel.links():
        if link.point.target == "eth1":
            link.alive, link.target = False, ""
    result = host.apply(policy("a", points=["xdp:eth1", TRACE]), policy("b"))
    assert kinds(result) == {"a": "failed", "b": "created"}
    assert len(programs(host, TRACE)) == 1
    host.kernel.gone.clear()
    assert kinds(host.apply(policy("a", points=["xdp:eth1", TRACE]), policy("b"))) == {"a": "changed", "b": "unchanged"}
    assert len(programs(host, "xdp:eth1")) == 1


def test_an_error_that_nobody_is_to_blame_for_ends_the_change_before_anything_changed(host: Host) -> None:
    host.kernel.fail(1, errno.EPERM)
    result = host.apply(policy("a"))
    assert kinds(result) == {"a": "failed"}
    assert isinstance(result.failed[0].error, KernelError)
    host.assert_clean()


# ------------------------------------------------------------------------------------------------ drift


def _detach(host: Host) -> None:
    next(link for link in host.kernel.links() if link.point.kind == "xdp").alive = False


def _unpin(*names: str) -> Any:
    def action(host: Host) -> None:
        for path in [path for path in host.kernel.pins if path.rsplit("/", 1)[-1].startswith(names)]:
            host.kernel.unpin(path)

    return action


def _empty_slot(host: Host) -> None:
    for path, pin in host.kernel.pins.items():
        if path.endswith("/slot"):
            pin.data.clear()


def _empty_row(host: Host) -> None:
    for path, pin in host.kernel.pins.items():
        if path.startswith("shared/class-") or path == "shared/rings":
            pin.data.clear()


def _zero_scalars(host: Host) -> None:
    host.kernel.pins["shared/scalars"].data.clear()


def _suspend(host: Host) -> None:
    host.kernel.pins["shared/config"].data[bytes(4)] = (1).to_bytes(8, "little")


DRIFTS = {
    "a link was detached": _detach,
    "a link was unpinned": _unpin("link"),
    "a slot was unpinned": _unpin("slot"),
    "a stub was unpinned": _unpin("stub"),
    "a program was unpinned": _unpin("program-"),
    "a hook's record was unpinned": lambda host: [
        host.kernel.unpin(path) for path in list(host.kernel.pins) if path.startswith("hooks") and path.endswith("record")
    ],
    "a slot was emptied": _empty_slot,
    "rows were emptied": _empty_row,
    "a scalar was zeroed": _zero_scalars,
    "the config was changed": _suspend,
    "a map was unpinned": _unpin("map-"),
    "the ring was unpinned": _unpin("ring"),
    "the policy's record was unpinned": lambda host: host.kernel.unpin(policy_path("a", "record")),
    "a shared map was unpinned": _unpin("account"),
    "an outer array was unpinned": lambda host: [host.kernel.unpin(p) for p in list(host.kernel.pins) if "class-" in p],
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_seen_and_mended(host: Host, drift: str) -> None:
    wanted = policy("a", points=[TRACE, XDP], counters={"c": 1}, lists={"l": ["1"]}, scalars={"s": "1"})
    host.apply(wanted)
    DRIFTS[drift](host)
    host.kernel._collect()
    assert host.pending_steps(wanted) != ()
    host.apply(wanted)
    assert host.pending_steps(wanted) == ()
    assert [host.events(point) for point in (TRACE, XDP)] == [1, 1]
    host.assert_clean()


def test_what_is_not_ours_is_never_touched(host: Host) -> None:
    host.apply(policy("a"))
    fd = host.kernel.create_map("array", 4, 8, 1, name="theirs")
    for path in ("theirs", f"{policy_path('a')}/theirs", "shared/theirs"):
        host.kernel.pin(fd, path)
    host.kernel.close(fd)
    result = host.engine.delete(None)
    assert any("ENOTEMPTY" in warning for warning in result.warnings)
    assert set(host.kernel.pins) == {"theirs", f"{policy_path('a')}/theirs", "shared/theirs"}


# ------------------------------------------------------------------------------------------------ sets, params, trials


def test_another_sets_policy_is_refused_unless_adopted(host: Host) -> None:
    host.engine.apply(Request(given(policy("a")), set="one"))
    with pytest.raises(OwnershipError, match="belongs to set one, not to two"):
        host.engine.apply(Request(given(policy("a")), set="two"))
    host.engine.apply(Request(given(policy("a")), set="two", adopt=True))
    assert read_policies(host.kernel)["a"].set == "two"


def test_pruning_removes_only_the_same_set_and_not_all_of_it_by_accident(host: Host) -> None:
    host.engine.apply(Request(given(policy("a")), set="one"))
    host.engine.apply(Request(given(policy("b"), policy("c")), set="two"))
    host.engine.apply(Request(given(policy("c")), set="two", prune=True))
    assert set(read_policies(host.kernel)) == {"a", "c"}
    with pytest.raises(UsageError, match="--allow-empty"):
        host.engine.apply(Request((), set="two", prune=True))
    host.engine.apply(Request((), set="two", prune=True, allow_empty=True))
    assert set(read_policies(host.kernel)) == {"a"}


def test_params_set_by_hand_survive_apply_until_unset(host: Host) -> None:
    wanted = policy("a", lists={"l": ["1"]}, scalars={"s": "1"})
    host.apply(wanted)
    builds = len(host.toolchain.builds)
    host.engine.set_params("a", {"l": ("5", "6"), "s": ("9",)})
    result = host.apply(wanted)
    assert kinds(result) == {"a": "unchanged"}
    assert result.outcomes[0].overrides == ("l", "s")
    assert read_policies(host.kernel)["a"].scalars["s"].value == (9, 0)
    host.engine.set_params("a", {"s": None})
    assert read_policies(host.kernel)["a"].overrides == {"l": ("5", "6")}
    host.apply(wanted, reset_params=True)
    assert read_policies(host.kernel)["a"].overrides == {}
    assert len(host.toolchain.builds) == builds
    with pytest.raises(NotFoundError, match="no param x; it has l, s"):
        host.engine.set_params("a", {"x": ()})


def test_a_list_is_frozen_and_its_capacity_follows(host: Host) -> None:
    host.apply(policy("a", lists={"l": ["1"]}))
    host.engine.set_params("a", {"l": tuple(str(number) for number in range(100))})
    (path,) = [path for path in host.kernel.pins if "/map-" in path]
    assert (host.kernel.pins[path].frozen, host.kernel.pins[path].max_entries) == (True, 100)
    host.engine.set_params("a", {"l": ()})
    assert not [path for path in host.kernel.pins if "/map-" in path]


def test_a_trial_that_is_not_confirmed_is_taken_back_whole(host: Host) -> None:
    host.apply(policy("a", lists={"l": ["1"]}), policy("b"))
    host.engine.set_params("a", {"l": ("5",)})
    request = Request(given(policy("a", lists={"l": ["2"]}), policy("c")), prune=True, reset_params=True)
    started = host.engine.apply(request, try_seconds=0.0).trial
    assert started is not None
    with pytest.raises(UsageError, match="should have been reverted, and was not"):
        host.apply(policy("a"))
    assert trial.wait(host.engine, started.token)
    records = read_policies(host.kernel)
    assert set(records) == {"a", "b"}
    assert records["a"].overrides == {"l": ("5",)}
    assert host.engine.pending() is None


def test_a_confirmed_trial_stays(host: Host) -> None:
    started = host.engine.apply(Request(given(policy("a"))), try_seconds=60).trial
    assert started is not None
    host.engine.confirm()
    assert not trial.wait(host.engine, started.token)
    assert set(read_policies(host.kernel)) == {"a"}
    with pytest.raises(NotFoundError, match="no change is on trial"):
        host.engine.confirm()


# ------------------------------------------------------------------------------------------------ what is not understood


def test_a_policy_that_is_not_understood_any_more_stays_and_keeps_its_hooks(host: Host) -> None:
    host.apply(policy("a", points=[TRACE]), policy("b", points=[XDP]))
    record = read_policies(host.kernel)["a"]
    write_record(host.kernel, policy_path("a", "record"), dataclasses.replace(record, document='{"broken": true}'))
    before = programs(host, TRACE)
    result = host.engine.apply(Request(given(policy("b", points=[XDP], columns=["uid"]), policy("c", points=[TRACE]))))
    assert kinds(result) == {"a": "left", "b": "changed", "c": "failed"}
    assert "shares an attach point with a" in str(result.failed[0].error)
    assert programs(host, TRACE) == before
    assert kinds(host.engine.delete(frozenset({"a"})))["a"] == "removed"
    host.assert_clean()


def test_a_record_of_a_later_schema_is_refused(host: Host) -> None:
    host.apply(policy("a"))
    record = dataclasses.replace(read_policies(host.kernel)["a"], schema=99)
    write_record(host.kernel, policy_path("a", "record"), record)
    with pytest.raises(OwnershipError, match="schema 99"):
        host.apply(policy("b"))


def test_two_at_once_do_not_mix(host: Host) -> None:
    host.engine.lock_timeout = 0
    with host.kernel.lock(None), pytest.raises(LockError):
        host.apply(policy("a"))


def test_a_dry_run_builds_and_leaves_nothing(host: Host) -> None:
    result = host.engine.dry_run(Request(given(policy("a", lists={"l": ["1"]}), policy("b", bad=True))))
    assert kinds(result) == {"a": "created", "b": "failed"}
    assert host.kernel.pins == {}
    assert host.kernel.fds == {}
