"""What a change in a policy does to the kernel: cases as data, carried out on the kernel in memory, planned again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from fake_toolchain import given, policy
from test_engine_converges import EXIT, TRACE, XDP, Host

from policyd.engine import Request
from policyd.observe import Observed
from policyd.plan import NoRowError, allot_rows
from policyd.plan.rows import MAX_POLICIES
from policyd.unit import gather

BUILD, SWAP, RECORD = "BuildProgram", "SwapProgram", "WriteRecord"


@dataclass(frozen=True)
class Case:
    """Policy `p` before and after, the kinds of steps in order, and a word of what the plan says of it."""

    before: dict[str, Any] | None
    after: dict[str, Any] | None
    steps: list[str]
    says: str = ""
    others: dict[str, dict[str, Any]] = field(default_factory=dict)


CASES = {
    "nothing": Case({}, {}, []),
    "a description": Case({}, {"description": "new"}, [RECORD], "record only"),
    "a list's values": Case(
        {"lists": {"l": ["1"]}}, {"lists": {"l": ["2", "3"]}}, [RECORD, "FillList"], "set list l of policy p to 2 values"
    ),
    "a list emptied": Case({"lists": {"l": ["1"]}}, {"lists": {"l": []}}, [RECORD, "FillList"], "to 0 values"),
    "a list filled": Case({"lists": {"l": []}}, {"lists": {"l": ["1"]}}, [RECORD, "FillList"], "to 1 value"),
    "a scalar": Case({"scalars": {"s": "1"}}, {"scalars": {"s": "2"}}, [RECORD, "SetScalar"], "change param s"),
    "suspend": Case({}, {"suspend": True}, [RECORD, "SetConfig"], "monitor, suspended (was monitor)"),
    "enforce comes after the records": Case({}, {"enforce": True}, [RECORD, "SetConfig"], "to enforce (was monitor)"),
    "rules and more action: action last": Case(
        {"columns": ["pid"]}, {"columns": ["uid"], "enforce": True}, [BUILD, RECORD, SWAP, "SetConfig"], "to enforce"
    ),
    "rules and less action: action first": Case(
        {"columns": ["pid"], "enforce": True},
        {"columns": ["uid"]},
        [BUILD, RECORD, "SetConfig", SWAP],
        "to monitor (was enforce)",
    ),
    "an event's fields": Case({"columns": ["pid"]}, {"columns": ["uid"]}, [BUILD, RECORD, SWAP], "maps are kept"),
    "an output's key": Case(
        {"counters": {"c": 1}},
        {"counters": {"c": 2}},
        ["CreateShared", BUILD, "CreateMap", RECORD, SWAP, "FreeMap", "FreeShared"],
        "its counts restart",
    ),
    "an output more": Case(
        {"counters": {"c": 1}}, {"counters": {"c": 1, "d": 1}}, [BUILD, "CreateMap", RECORD, SWAP], "create counter d"
    ),
    "the ring's size": Case({"ring": 4096}, {"ring": 8192}, ["CreateRing", RECORD], "was 4 KiB"),
    "a hook for another": Case(
        {"points": [TRACE]},
        {"points": [XDP]},
        [BUILD, "AttachHook", RECORD, SWAP, "DetachHook"],
        f"no longer attaches to {TRACE}",
    ),
    "a file that took the place of a program's": Case(
        {"points": ["uprobe:/bin/p#one"]},
        {"points": ["uprobe:/bin/p#two"]},
        [BUILD, "AttachHook", RECORD, SWAP],
        "file was replaced",
    ),
    "a new policy": Case(
        None,
        {},
        [*["CreateShared"] * 6, BUILD, "PrepareRow", "CreateRing", "AttachHook", RECORD, SWAP],
        "1 rule at 1 attach point, monitor",
    ),
    "a policy removed": Case({}, None, ["ForgetPolicy", "DetachHook", "RemoveDirectory", *["FreeShared"] * 6]),
    "a policy removed beside another": Case(
        {"counters": {"c": 1}},
        None,
        [BUILD, "ForgetPolicy", SWAP, "FreeMap", "FreeMap", "RemoveDirectory"],
        others={"q": {"counters": {"c": 1}}},
    ),
}


def state(case: Case, facts: dict[str, Any] | None) -> list[Any]:
    mine = [] if facts is None else [policy("p", **facts)]
    return mine + [policy(name, **others) for name, others in case.others.items()]


@pytest.mark.parametrize("name", CASES)
def test_a_change_needs_just_these_steps(name: str) -> None:
    case, host = CASES[name], Host.new()
    if case.before is not None:
        host.apply(*state(case, case.before))
    wanted = Request(given(*state(case, case.after)), prune=True, allow_empty=True)
    plan = host.engine.plan(wanted)
    assert [type(step).__name__ for step in plan.steps] == case.steps
    assert case.says in "\n".join(plan.changes["p"].details)
    host.engine.apply(wanted)
    assert host.engine.plan(wanted).empty
    host.assert_clean()


def test_exit_sides_are_swapped_in_before_the_others_and_taken_away_after_them() -> None:
    host, points = Host.new(), [TRACE, EXIT, XDP]
    host.apply(policy("p", points=points))
    swaps = [line for line in host.pending_steps(policy("p", points=points, columns=["uid"])) if line.startswith("swap")]
    assert EXIT in swaps[0]
    detached = [line for line in host.pending_steps() if line.startswith("detach")]
    assert EXIT in detached[-1]


def test_a_row_is_not_given_away_while_a_program_that_names_it_may_run() -> None:
    host = Host.new()
    host.apply(policy("p", lists={"l": []}), policy("q", lists={"l": []}))
    rows = host.engine.plan(Request(given(policy("p", lists={"l": []}), policy("q", lists={"l": []})))).records
    taken = {record.maps["l"].row for record in rows.values()}
    new = host.engine.plan(Request(given(policy("q"), policy("r", lists={"l": []})), prune=True)).records
    assert new["r"].maps["l"].row not in taken


def test_the_policy_without_a_row_is_named() -> None:
    crowd = gather([policy(f"p{number:04}") for number in range(MAX_POLICIES + 1)])
    with pytest.raises(NoRowError, match=f"a host can have {MAX_POLICIES}") as caught:
        allot_rows(crowd, Observed())
    assert caught.value.policy == f"p{MAX_POLICIES:04}"
