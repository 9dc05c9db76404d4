"""Paths become values: arguments by name and position, members, process and packet fields, and what is not there."""

from __future__ import annotations

from itertools import product

import pytest
from resolving import one_rule, problem, problems, resolved, rule, typed

from policyd.value import Argument, Builtin, ContextLoad, DataLocation, PointedString, Value, Walk
from policyd.vocabulary.types import Shape

OPENAT = "{syscall: openat}"
ALL_HOOKS = (
    "{syscall: read}",
    "{tracepoint: signal/signal_generate}",
    "{raw_tracepoint: sched_switch}",
    "{xdp: eth0}",
    "{tc: {interfaces: [eth0], direction: ingress}}",
    "{cgroup: skb_egress}",
    "{cgroup: connect4}",
    "{cgroup: bind6}",
)


def value(hook: str, path: str) -> Value:
    """Return the one value of an event with the one field `path`."""
    (found,) = rule(hook, outputs=f"[{{event: {{fields: ['{path}']}}}}]").outputs[0].values
    return found


# ------------------------------------------------------------------------------------------------ arguments


def test_a_system_calls_arguments_are_in_its_context() -> None:
    flags = value(OPENAT, "args.flags")
    assert flags.access == ContextLoad(32, 4, signed=True)
    assert (flags.type.kind, flags.can_be_absent, flags.can_be_unread) == ("flags", False, False)


def test_a_string_argument_is_read_from_user_memory() -> None:
    path = value(OPENAT, "args.filename")
    assert path.access == PointedString(ContextLoad(24, 8), "user")
    assert (path.type.shape, path.type.size) == (Shape.STRING, 4096)
    assert path.can_be_absent
    assert path.can_be_unread


def test_an_argument_can_be_named_by_position() -> None:
    assert value(OPENAT, "args[1]").access == value(OPENAT, "args.filename").access
    assert (
        value("{raw_tracepoint: sched_switch}", "args[1].pid").access
        == value("{raw_tracepoint: sched_switch}", "args.prev.pid").access
    )
    assert (
        value("{tracepoint: signal/signal_generate}", "args[0]").access
        == value("{tracepoint: signal/signal_generate}", "args.sig").access
    )


def test_the_result_is_there_at_exit_alone() -> None:
    assert value("{syscall: {names: [read], phase: exit}}", "ret").access == ContextLoad(16, 8, signed=True)
    early = problem(one_rule("{syscall: read}", "[{field: ret, operator: Less, value: 0}]"))
    assert "phase: exit" in early.hint


def test_errors_by_name_are_negative_results() -> None:
    found = rule("{syscall: {names: [openat], phase: exit}}", "[{field: ret, operator: In, values: [EPERM, -13]}]")
    assert found.condition.parts[0].operands == (-1, -13)


def test_one_program_for_many_calls_needs_arguments_that_agree() -> None:
    hook = "{syscall: {names: [read, write], abi: [Native, Compat]}}"
    (test,) = [
        part
        for part in rule(hook, "[{field: args.fd, operator: Equal, value: 0}]").condition.parts
        if part.value.path == "args.fd"
    ]
    assert test.value.access == ContextLoad(16, 4)
    found = problem(
        one_rule(
            "{syscall: {names: [kill, read], abi: [Native, Compat]}}", "[{field: 'args[0]', operator: Equal, value: 1}]"
        )
    )
    assert found.code == "arguments-differ"


def test_a_tracepoints_fields_are_in_its_record() -> None:
    assert value("{tracepoint: signal/signal_generate}", "args.sig").access == ContextLoad(8, 4, signed=True)
    comm = value("{tracepoint: signal/signal_generate}", "args.comm")
    assert (type(comm.access), comm.type.size) == (ContextLoad, 16)
    located = value("{tracepoint: module/module_load}", "args.name")
    assert isinstance(located.access, DataLocation)


def test_addresses_in_a_record_are_addresses() -> None:
    four, six = (value("{tracepoint: sock/inet_sock_set_state}", f"args.{name}") for name in ("daddr", "daddr_v6"))
    assert four.type == six.type
    assert (four.access.size, six.access.size) == (4, 16)


def test_members_are_walked_by_btf() -> None:
    parent = value("{raw_tracepoint: sched_process_exit}", "args.p.real_parent.tgid")
    assert isinstance(parent.access, Walk)
    assert [step.member for step in parent.access.steps] == ["real_parent", "tgid"]
    assert parent.access.base == Argument(0)
    assert parent.type.kind == "pid"
    assert parent.can_be_absent
    comm = value("{raw_tracepoint: sched_process_exit}", "args.p.comm")
    assert (comm.type.shape, comm.type.size) == (Shape.STRING, 16)


def test_more_long_strings_than_fit_are_kept_shorter() -> None:
    def sizes(count: int) -> set[int]:
        """Return what is kept of the names of `count` folders above a process's places."""
        places = product(("mm.exe_file.f_path", "fs.pwd", "fs.root"), range(9))
        paths = [f"args.p.{base}.dentry{'.d_parent' * depth}.d_name.name" for base, depth in places][:count]
        filters = ", ".join(f"{{field: {path}, operator: Exists}}" for path in paths)
        found = rule("{raw_tracepoint: sched_process_exit}", f"[{filters}]")
        return {part.value.type.size for part in found.condition.parts}

    assert [sizes(6), sizes(7), sizes(24), sizes(25)] == [{4096}, {1024}, {1024}, {256}]


# ------------------------------------------------------------------------------------------------ where fields can be read


@pytest.mark.parametrize("hook", ALL_HOOKS)
def test_time_and_cpu_are_everywhere(hook: str) -> None:
    assert value(hook, "time").access == Builtin("time_now")
    assert value(hook, "cpu").access == Builtin("cpu_id")


@pytest.mark.parametrize("hook", ["{xdp: eth0}", "{cgroup: skb_ingress}", "{tc: {interfaces: [lo], direction: egress}}"])
def test_process_is_refused_where_it_is_whoever_was_interrupted(hook: str) -> None:
    for path in ("process.pid", "process"):
        found = problem(one_rule(hook, outputs=f"[{{event: {{fields: [{path}]}}}}]"))
        assert found.code == "field-not-here"
        assert "interrupted" in found.message


def test_process_is_refused_at_interrupt_events_and_warned_of_at_mixed_ones() -> None:
    event = "[{event: {fields: [process.comm]}}]"
    assert problem(one_rule("{tracepoint: tcp/tcp_retransmit_skb}", outputs=event)).code == "field-not-here"
    found = resolved(one_rule("{tracepoint: sock/inet_sock_set_state}", outputs=event))
    assert [warning.code for warning in found.warnings] == ["process-may-be-another"]


@pytest.mark.parametrize(
    ("hook", "path", "word"),
    [
        (OPENAT, "dst.ip", "packet"),
        (OPENAT, "packet.length", "packet"),
        ("{cgroup: bind4}", "dst.port", "connect4"),
        ("{cgroup: connect4}", "src.ip", "bind4"),
        ("{xdp: eth0}", "hook.abi", "system calls"),
    ],
)
def test_a_field_of_another_hook_says_where_it_can_be_read(hook: str, path: str, word: str) -> None:
    found = problem(one_rule(hook, f"[{{field: {path}, operator: Exists}}]"))
    assert found.code == "field-not-here"
    assert word in found.message


@pytest.mark.parametrize(
    ("hook", "path", "hint"),
    [
        (OPENAT, "args.filenam", "`args.filename`"),
        (OPENAT, "process.exee", "`process.exe`"),
        (OPENAT, "filename", "`args.filename`"),
        ("{tracepoint: signal/signal_generate}", "args.sg", "`args.sig`"),
        ("{raw_tracepoint: sched_switch}", "args.nxt", "`args.next`"),
        ("{raw_tracepoint: sched_switch}", "args.next.tgidd", "tgid"),
        ("{xdp: eth0}", "ip4.scr", "`ip4.src`"),
    ],
)
def test_an_unknown_field_has_near_misses(hook: str, path: str, hint: str) -> None:
    found = problem(one_rule(hook, f"[{{field: {path}, operator: Exists}}]"))
    assert found.code == "unknown-field"
    assert hint in found.hint


def test_a_struct_and_a_pointed_to_array_say_what_to_name() -> None:
    found = problem(one_rule("{raw_tracepoint: sched_switch}", "[{field: args.next.se, operator: Exists}]"))
    assert "members" in found.message


def test_an_optional_rule_without_its_member_is_not_applicable() -> None:
    text = one_rule(
        "{raw_tracepoint: sched_switch}", "[{field: args.next.no_such, operator: Exists}]", more="optional: true"
    )
    ((name, reason),) = typed(text).not_applicable
    assert name == "it"
    assert "no_such" in reason


def test_optional_excuses_no_nonsense() -> None:
    text = one_rule(OPENAT, "[{field: process.pdi, operator: Exists}]", more="optional: true")
    assert [found.code for found in problems(text)] == ["unknown-field"]


def test_only_fields_of_the_process_table_ask_for_it() -> None:
    asked = {
        path: typed(one_rule(OPENAT, f"[{{field: {path}, operator: Exists}}]")).needs_process_table
        for path in ("process.comm", "process.exe", "process.args", "process.parent.exe", "process.parent.comm")
    }
    assert [path for path, needs in asked.items() if needs] == ["process.exe", "process.args", "process.parent.exe"]


def test_an_element_of_an_array_is_a_value() -> None:
    assert value("{tracepoint: made_up/arrays}", "args.numbers[2]").access == ContextLoad(16, 4)
    whole = problem(one_rule("{tracepoint: made_up/arrays}", "[{field: args.numbers, operator: Exists}]"))
    assert "numbers[0]" in whole.message
