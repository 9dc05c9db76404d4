"""Stacks in policies: which parts a hook has, what an output keeps, and where stacks cannot stand."""

from __future__ import annotations

import pytest
from resolving import one_rule, problem, typed

from policyd.condition import leaves
from policyd.effect import EventOutput, MetricOutput
from policyd.maps import MapSpec
from policyd.value import StackTrace
from policyd.vocabulary.stacks import FRAME_BYTES, HEAD

OPENAT, XDP = "{syscall: openat}", "{xdp: eth0}"
READ = "{syscall: {names: [read], phase: exit}}"
INTERRUPT = "{raw_tracepoint: softirq_entry}"


def stacks(keys: str, hook: str = OPENAT) -> tuple[MetricOutput, MapSpec]:
    policy = typed(one_rule(hook, outputs=f"[{{stacks: {{name: held{', ' * bool(keys)}{keys}}}}}]"))
    (output,) = policy.rules[0].outputs
    (spec,) = policy.maps
    assert isinstance(output, MetricOutput)
    return output, spec


def parts(output: MetricOutput) -> list[StackTrace]:
    return [one.access for one in output.keys if isinstance(one.access, StackTrace)]


def wrong(hook: str, output: str) -> str:
    found = problem(one_rule(hook, outputs=f"[{output}]"))
    return f"{found.code}: {found.message}"


def test_both_parts_are_kept_where_a_hook_has_them() -> None:
    output, spec = stacks("by: [process.comm], depth: 10, skip: 2")

    assert parts(output) == [StackTrace("kernel", 10, 2), StackTrace("user", 10, 0)]
    assert spec.key is not None
    assert [column.name for column in spec.key.columns] == ["process_comm", "kernel.stack", "user.stack"]
    assert [column.size for column in spec.key.columns] == [
        16,
        HEAD.size + 10 * FRAME_BYTES["kernel"],
        HEAD.size + 10 * FRAME_BYTES["user"],
    ]
    assert spec.max_entries == 4096 + 1, "the entry of what is lost has room too"


def test_what_is_skipped_is_of_the_first_part_that_is_kept() -> None:
    assert parts(stacks("kernel: false, skip: 3")[0]) == [StackTrace("user", 127, 3)]
    assert parts(stacks("user: false, skip: 3")[0]) == [StackTrace("kernel", 127, 3)]


def test_frames_of_what_looks_are_left_out() -> None:
    assert parts(stacks("", "{raw_tracepoint: sched_process_exit}")[0]) == [
        StackTrace("kernel", 127, 2),
        StackTrace("user", 127, 0),
    ]
    assert parts(stacks("skip: 3, user: false", "{raw_tracepoint: sched_process_exit}")[0]) == [StackTrace("kernel", 127, 5)]


def test_without_a_value_events_are_counted_and_with_one_it_is_added_up() -> None:
    assert [column.name for column in stacks("")[1].value.columns] == ["count"]
    counted, spec = stacks("value: ret", READ)
    assert [column.name for column in spec.value.columns] == ["count", "sum"]
    assert counted.value is not None
    assert counted.value.path == "ret"


def test_a_part_that_a_hook_does_not_have_is_left_out_unless_it_is_asked_for() -> None:
    assert [one.part for one in parts(stacks("", INTERRUPT)[0])] == ["kernel"]
    assert "`user.stack` cannot be read at raw_tracepoint:softirq_entry" in wrong(
        INTERRUPT, "{stacks: {name: held, user: true}}"
    )


@pytest.mark.parametrize("hook", [XDP, "{tc: {interfaces: [eth0], direction: ingress}}", "{cgroup: connect4}"])
def test_where_there_is_no_stack_that_is_said(hook: str) -> None:
    assert wrong(hook, "{stacks: {name: held}}").startswith("field-not-here: `kernel.stack` cannot be read at")
    assert wrong(hook, "{event: {fields: [kernel.stack]}}").startswith("field-not-here: `kernel.stack` cannot be read at")
    assert wrong(hook, "{event: {fields: [user.stack]}}").startswith("field-not-here: `user.stack` cannot be read at")


def test_an_event_has_as_many_frames_as_there_are() -> None:
    (output,) = typed(one_rule(OPENAT, outputs="[{event: {fields: [kernel.stack, user.stack]}}]")).rules[0].outputs

    assert isinstance(output, EventOutput)
    assert [column.packed for column in output.layout.columns] == [True, True]


def test_a_key_and_what_is_kept_of_an_event_hold_whole_stacks() -> None:
    columns = "columns: {most: {max: ret, with: {at: kernel.stack}}}"
    policy = typed(one_rule(READ, outputs=f"[{{stats: {{name: kept, by: {{stack: user.stack}}, {columns}}}}}]"))
    (spec,) = policy.maps

    assert spec.key is not None
    assert spec.key.size == HEAD.size + 127 * FRAME_BYTES["user"]
    assert spec.value.columns[-1].size == HEAD.size + 127 * FRAME_BYTES["kernel"]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ("[{field: kernel.stack, operator: Equal, value: x}]", "operator-does-not-fit"),
        ("[{field: kernel.stack, operator: Contains, value: x}]", "operator-does-not-fit"),
        ("[{expr: 'size(user.stack) > 3'}]", "operator-does-not-fit"),
        ("[{expr: 'user.stack == kernel.stack'}]", "operator-does-not-fit"),
    ],
)
def test_stacks_are_not_compared_or_computed_with(filters: str, message: str) -> None:
    assert problem(one_rule(OPENAT, filters)).code == message


def test_whether_there_is_a_stack_can_be_asked() -> None:
    for filters in ("[{field: user.stack, operator: Exists}]", "[{expr: has(user.stack)}]"):
        (rule,) = typed(one_rule(OPENAT, filters)).rules
        (test,) = leaves(rule.condition)
        assert (test.value.path, test.operator) == ("user.stack", "Exists")


def test_stacks_are_neither_declared_nor_keys_of_rates() -> None:
    tables = "tables: {held: {key: {pid: pid}, value: {at: stack}}}"
    rules = one_rule(OPENAT, more="tables: [{set: held, key: [process.pid], value: [kernel.stack]}]")
    limited = "{event: {fields: [process.pid], rateLimit: {events: 1, per: 1s, by: [kernel.stack]}}}"

    assert "a stack is not declared" in problem(rules, tables).message
    assert "is a stack, which cannot be in a rate's key" in wrong(OPENAT, limited)


def test_outputs_of_one_name_keep_stacks_of_one_kind() -> None:
    first = one_rule(OPENAT, outputs="[{stacks: {name: held, depth: 5}}]")
    second = one_rule("{syscall: close}", outputs="[{stacks: {name: held, depth: 6}}]").replace("name: it", "name: other")

    assert "another `depth`" in problem(f"{first}\n{second}").message
    typed(f"{first}\n{second}".replace(", depth: 6", ""))
