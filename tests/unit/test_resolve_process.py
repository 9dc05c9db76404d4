"""Fields of processes: of the current one, of its ancestors, and of any task that an argument points to."""

from __future__ import annotations

import pytest
from resolving import one_rule, policy_text, problem, rule, saved_target, typed

from policyd.condition import AllOf, AnyOf
from policyd.condition import Test as Asked
from policyd.explain import explain
from policyd.parsing import parse_policies
from policyd.value import Argument, CurrentTask, PointedString, Step, Through, Value, Walk
from policyd.vocabulary.kinds import kind_type, parse, show, show_text
from policyd.vocabulary.task import MOST_ANCESTORS, MOST_GENERATIONS, TASK_FIELDS

CALL = "{syscall: getppid}"
SWITCH = "{raw_tracepoint: sched_switch}"
PARENT, LEADER = Step("struct task_struct", "real_parent"), Step("struct task_struct", "group_leader")


def value(hook: str, path: str) -> Value:
    (found,) = rule(hook, outputs=f"[{{event: {{fields: ['{path}']}}}}]").outputs[0].values
    return found


def condition(filters: str, hook: str = CALL) -> AllOf | AnyOf | Asked:
    (found,) = rule(hook, filters).condition.parts
    return found


# ------------------------------------------------------------------------------------------------ where it is got


@pytest.mark.parametrize("name", TASK_FIELDS)
def test_every_field_of_a_process_is_one_of_any_task(name: str) -> None:
    mine, other = value(CALL, f"process.{name}"), value(SWITCH, f"args.next.process.{name}")
    assert mine.type == other.type
    assert isinstance(other.access, Walk | Through)
    assert other.access.base == Argument(2)


def test_a_parent_of_a_parent_is_two_steps_away() -> None:
    assert value(CALL, "process.parent.parent.pid").access == Walk(
        CurrentTask(), (PARENT, PARENT, Step("struct task_struct", "tgid"))
    )


def test_what_threads_have_of_their_own_is_that_of_the_parents_main_thread() -> None:
    found = value(CALL, "process.parent.capabilities.effective").access
    assert isinstance(found, Walk)
    assert found.steps[:2] == (PARENT, LEADER)


def test_generations_end_somewhere() -> None:
    last = ".".join(("process", *("parent",) * MOST_GENERATIONS))
    assert value(CALL, f"{last}.exe").type.kind == "path"
    found = problem(one_rule(CALL, f"[{{field: {last}.parent.exe, operator: Exists}}]"))
    assert f"at most {MOST_GENERATIONS}" in found.message
    assert "process.ancestors" in found.hint


def test_members_of_the_kernels_structure_follow_task() -> None:
    assert value(CALL, "process.task.mm.total_vm").access == Walk(
        CurrentTask(), (Step("struct task_struct", "mm"), Step("struct mm_struct", "total_vm"))
    )
    name = value(SWITCH, "args.next.process.parent.task.comm").access
    assert isinstance(name, Walk)
    assert name.steps == (PARENT, LEADER, Step("struct task_struct", "comm"))
    text = value(CALL, "process.task.cgroups.dfl_cgrp.kn.name").access
    assert isinstance(text, PointedString)


def test_the_group_of_a_grandparent_is_that_of_a_parent() -> None:
    (event,) = rule(CALL, outputs="[{event: {fields: [process.parent.parent]}}]").outputs
    assert [one.path for one in event.values] == [f"process.parent.parent.{name}" for name in ("pid", "comm", "exe")]


def test_the_group_of_a_pointed_to_process_is_that_of_the_current_one() -> None:
    mine, other = (
        [value.path for value in rule(SWITCH, outputs=f"[{{event: {{fields: [{path}]}}}}]").outputs[0].values]
        for path in ("process", "args.next.process")
    )
    assert [f"args.next.{path}" for path in mine] == other


def test_the_process_table_is_kept_for_who_reads_it() -> None:
    for path, needed in (
        ("process.ancestors", True),
        ("process.ancestors[3]", True),
        ("process.parent.parent.args", True),
        ("process.parent.parent.comm", False),
        ("process.namespaces.net", False),
    ):
        assert typed(one_rule(CALL, f"[{{field: '{path}', operator: Exists}}]")).needs_process_table is needed, path


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("process.namespaces.nett", "process.namespaces.net"),
        ("process.capabilities.efective", "process.capabilities.effective"),
        ("process.parent.comn", "process.parent.comm"),
        ("process.parent.parent.exee", "process.parent.parent.exe"),
        ("process.task.tgidd", "process.task.tgid"),
    ],
)
def test_an_unknown_field_of_a_process_has_near_misses(path: str, hint: str) -> None:
    found = problem(one_rule(CALL, f"[{{field: {path}, operator: Exists}}]"))
    assert found.code == "unknown-field"
    assert hint in found.hint


def test_a_group_says_what_to_name() -> None:
    for path in ("process.namespaces", "process.capabilities", "process.parent.parent"):
        found = problem(one_rule(CALL, f"[{{field: {path}, operator: Exists}}]"))
        assert (found.code, "name one of" in found.message) == ("group", True), path


@pytest.mark.parametrize(
    "path", ["process.ancestors", "process.parent.parent.pid", "process.task.tgid", "process.namespaces.net"]
)
def test_who_was_interrupted_tells_nothing(path: str) -> None:
    assert problem(one_rule("{xdp: eth0}", f"[{{field: {path}, operator: Exists}}]")).code == "field-not-here"


def test_no_member_of_a_task_is_called_process() -> None:
    btf = saved_target().btf
    task = btf.named("struct task_struct")
    assert task is not None
    assert btf.member(task, "process") is None


@pytest.mark.parametrize("path", ["process.parent.parent.cwd", "args.next.process.cwd", "args.p.process.parent.cwd"])
def test_a_field_of_any_process_is_explained(path: str) -> None:
    page = explain("field", path, saved_target())
    assert (page.title, page.paragraphs) == (f"Field {path}", (TASK_FIELDS["cwd"].explain,))


# ------------------------------------------------------------------------------------------------ lists


def test_a_test_of_a_list_is_one_of_each_of_its_paths() -> None:
    some = condition("[{field: process.ancestors, operator: Under, values: [/opt]}]")
    assert isinstance(some, AnyOf)
    assert [part.value.path for part in some.parts] == [f"process.ancestors[{index}]" for index in range(MOST_ANCESTORS)]
    assert all((part.operator, part.operands, part.negate) == ("Under", (b"/opt",), False) for part in some.parts)


def test_a_negative_test_of_a_list_is_of_all_its_paths() -> None:
    none = condition("[{field: process.ancestors, operator: NotIn, values: [/bin/sh]}]")
    assert isinstance(none, AllOf)
    assert all(part.negate for part in none.parts)
    turned = condition("[{not: {field: process.ancestors, operator: NotIn, values: [/bin/sh]}}]")
    assert isinstance(turned, AnyOf)


def test_a_long_list_is_one_map_for_all_generations() -> None:
    values = ", ".join(f"/bin/tool{number}" for number in range(30))
    found = typed(one_rule(CALL, f"[{{field: process.ancestors, operator: In, values: [{values}]}}]"))
    assert len(found.maps) == 2  # the list, and the counter of the rule


@pytest.mark.parametrize("operator", ["Contains", "Glob"])
def test_a_list_is_not_searched(operator: str) -> None:
    found = problem(one_rule(CALL, f"[{{field: process.ancestors, operator: {operator}, values: [x]}}]"))
    assert found.code == "operator-does-not-fit"


def test_a_list_is_no_key() -> None:
    found = problem(one_rule(CALL, outputs="[{counter: {name: a, help: A, by: [process.ancestors]}}]"))
    assert (found.code, found.hint) == ("list-in-key", "name one: process.ancestors[0]")


def test_a_list_is_shown_as_one() -> None:
    type_ = kind_type("paths")
    assert show(type_, b"/bin/sh\0?\0/sbin/init") == ["/bin/sh", "?", "/sbin/init"]
    assert show(type_, b"") == []
    assert show_text(type_, b"/bin/sh\0/sbin/init") == "/bin/sh < /sbin/init"


# ------------------------------------------------------------------------------------------------ namespaces, capabilities


def test_host_is_asked_of_the_kernel() -> None:
    test = condition("[{field: process.namespaces.net, operator: Equal, value: host}]")
    assert isinstance(test, Asked)
    assert (test.value.path, test.operands, test.negate) == ("process.namespaces.net.is_host", (1,), False)
    assert test.value.access == Through("task_net_is_host", CurrentTask())


def test_host_can_stand_among_numbers() -> None:
    found = condition("[{field: process.namespaces.mnt, operator: NotIn, values: [4026531840, host]}]")
    assert isinstance(found, AllOf)
    assert {(part.value.path, part.operands, part.negate) for part in found.parts} == {
        ("process.namespaces.mnt.is_host", (1,), True),
        ("process.namespaces.mnt", (4026531840,), True),
    }


def test_host_is_no_number() -> None:
    found = problem(one_rule(CALL, "[{field: process.namespaces.net, operator: Greater, value: host}]"))
    assert found.code == "bad-value"
    param = "params: {own: {type: namespace, value: host}}"
    found = problem(
        one_rule(
            CALL, "[{field: process.namespaces.net, operator: Equal, valueFrom: {param: own}}]".replace("valueF", "valuesF")
        ),
        param,
    )
    assert found.code == "bad-value"


def test_a_capability_in_a_set_is_its_bit() -> None:
    type_ = kind_type("capabilities")
    assert parse(type_, "CAP_SYS_ADMIN") == 1 << 21
    assert parse(type_, "net_admin | CAP_CHOWN") == 1 << 12 | 1
    assert show(type_, 1 << 21 | 1) == ["CAP_CHOWN", "CAP_SYS_ADMIN"]
    test = condition("[{field: process.capabilities.effective, operator: AnyBits, values: [CAP_SYS_ADMIN, CAP_BPF]}]")
    assert isinstance(test, Asked)
    assert test.operands == (1 << 21 | 1 << 39,)


# ------------------------------------------------------------------------------------------------ onUnread


def test_a_rule_acts_undecided_only_if_it_says_so() -> None:
    action = "action: {signal: SIGKILL}"
    assert not rule(CALL, more=action).action.unread
    assert not rule(CALL, more=f"{action}, onUnread: event").action.unread
    assert rule(CALL, more=f"{action}, onUnread: act").action.unread


def test_the_rule_is_the_same_after_a_round_through_its_document() -> None:
    text = policy_text(one_rule(CALL, more="action: {signal: SIGKILL}, onUnread: act"))
    (policy,) = parse_policies(text.encode(), "a.yaml").require()
    (again,) = parse_policies(policy.document.encode(), "record").require()
    assert again == policy
    assert again.rules[0].on_unread == "act"
