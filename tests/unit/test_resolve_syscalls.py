"""System calls of 32-bit callers: by the functions that they enter by where those can be probed, else at raw_syscalls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from resolving import HOST, one_rule, policy_text, saved_target

from policyd.condition import AllOf
from policyd.condition import Test as TypedTest
from policyd.effect import EventOutput
from policyd.errors import PolicyError
from policyd.functions import FunctionLists
from policyd.parsing import parse_policies
from policyd.resolve import Resolved, resolve
from policyd.resolve.compat import entry_function
from policyd.resolve.syscalls import COMPAT
from policyd.unit import TypedRule
from policyd.value import Argument, Builtin, Constant, ContextLoad, PointedString, Shift, Step, Through, Walk
from policyd.vocabulary.compat import ENTRIES, NARROW, subcalls, ways
from policyd.vocabulary.syscalls import syscalls

if TYPE_CHECKING:
    from policyd.errors import Problem
    from policyd.target import Target
    from policyd.value import Access

REGS = Argument(0)
"""What fentry programs of the entry functions are given: a pointer to the caller's registers."""
DI = ContextLoad(112, 8)
"""The same for a kprobe: the first argument is in di."""


def target(*features: str) -> Target:
    return replace(saved_target(), features=dict.fromkeys(features, True))


def found(rules: str, *features: str) -> Resolved:
    (policy,) = parse_policies(policy_text(rules).encode(), "tried.yaml").require()
    return resolve(policy, target(*features), HOST)


def rules(hook: str, *features: str, fields: str = "process.pid", filters: str = "") -> tuple[TypedRule, ...]:
    return found(one_rule(hook, filters, f"[{{event: {{fields: [{fields}]}}}}]"), *features).policy.rules


def points(hook: str, *features: str) -> list[str]:
    return [rule.attach_point.key for rule in rules(hook, *features)]


def access(rule: TypedRule, column: int = 0) -> Access:
    (output,) = rule.outputs
    assert isinstance(output, EventOutput)
    return output.values[column].access


def guard(rule: TypedRule) -> tuple[TypedTest, ...]:
    assert isinstance(rule.condition, AllOf)
    return rule.condition.parts


# ------------------------------------------------------------------------------------------------ the table


def test_every_function_of_the_32_bit_table_is_in_the_kernels_types() -> None:
    left_out = {"_sysctl", "lookup_dcookie"}  # not in this kernel any more
    calls = [call for call in saved_target().syscalls.values() if call.name not in left_out]
    missing = [way.entry for call in calls for way in ways(call, "x86_64") if not entry_function(way, saved_target())]
    assert missing == []


def test_functions_that_differ_are_in_the_table_with_places_for_every_argument() -> None:
    by_entry = {entry: call for call in syscalls("x86_64").values() for entry in call.entries if entry}
    assert set(ENTRIES) <= set(by_entry)
    for entry, row in ENTRIES.items():
        assert len(row.places) <= len(by_entry[entry].arguments)
        registers = [place for place in row.places if isinstance(place, int)]
        assert len(set(registers)) == len(registers)
        assert all(0 <= place < 6 for place in registers)


def test_what_is_split_in_halves_is_64_bits_wide() -> None:
    by_entry = {entry: call for call in syscalls("x86_64").values() for entry in call.entries}
    for entry, row in ENTRIES.items():
        arguments = by_entry[entry].arguments
        halves = [arguments[index] for index, place in enumerate(row.places) if isinstance(place, str) and "halves" in place]
        assert all(argument.size == 8 for argument in halves), entry


def test_narrow_ids_are_those_of_uid16() -> None:
    narrow = {entry for call in syscalls("x86_64").values() for entry in call.entries if entry.endswith(NARROW)}
    assert "sys_setuid16" in narrow
    assert all("uid16" in entry or "gid16" in entry or "chown16" in entry or "groups16" in entry for entry in narrow)


def test_multiplexed_calls_are_known_by_their_names() -> None:
    names = ["connect", "accept", "sendto", "shmat", "semop"]
    assert all(name in syscalls("x86_64") for name in names)
    assert [subcall.number for subcall in subcalls("sendto")] == [9, 11]
    assert subcalls("openat") == ()


# ------------------------------------------------------------------------------------------------ places


def test_32_bit_callers_are_seen_by_their_function_where_functions_can_be_probed() -> None:
    native = "tracepoint:syscalls/sys_enter_openat"
    assert points("{syscall: openat}", "fentry", "kprobe") == [native, "fentry:__ia32_compat_sys_openat"]
    assert points("{syscall: openat}", "kprobe") == [native, "kprobe:__ia32_compat_sys_openat"]
    assert points("{syscall: openat}") == [native]


def test_the_end_of_a_call_is_seen_too() -> None:
    hook = "{syscall: {names: [read], phase: exit}}"
    native = "tracepoint:syscalls/sys_exit_read"
    assert points(hook, "fentry") == [native, "fexit:__ia32_sys_read"]
    assert points(hook, "kprobe") == [native, "kprobe:__ia32_sys_read:return"]
    assert access(rules(hook, "fentry", fields="ret")[1]) == Argument(1, 8, signed=True)
    assert access(rules(hook, "kprobe", fields="ret")[1]) == ContextLoad(80, 8, signed=True)


def test_what_never_ends_has_no_end() -> None:
    assert len(points("{syscall: {names: [exit_group], phase: exit}}", "fentry")) == 1
    assert found(one_rule("{syscall: {names: [exit_group], phase: exit}}"), "fentry").warnings != ()


def test_every_way_into_a_call_is_a_place() -> None:
    assert points("{syscall: stat}", "fentry")[1:] == [
        "fentry:__ia32_compat_sys_newstat",
        "fentry:__ia32_sys_stat",
        "fentry:__ia32_compat_sys_ia32_stat64",
    ]
    assert points("{syscall: fcntl}", "fentry")[1:] == ["fentry:__ia32_compat_sys_fcntl64"]


def test_a_function_that_all_callers_share_asks_who_calls() -> None:
    native, compat = rules("{syscall: getppid}", "fentry")
    assert compat.attach_point.key == "fentry:__do_sys_getppid"
    assert [(test.value.access, test.operands) for test in guard(compat)] == [(Builtin("syscall_abi"), (1,))]
    assert guard(native) == ()


def test_native_alone_is_native_alone() -> None:
    assert points("{syscall: {names: [openat], abi: [Native]}}", "fentry") == ["tracepoint:syscalls/sys_enter_openat"]


def test_who_asks_for_32_bit_callers_gets_their_function_or_all_calls() -> None:
    hook = "{syscall: {names: [openat], abi: [Compat]}}"
    assert points(hook, "fentry") == ["fentry:__ia32_compat_sys_openat"]
    assert points(hook) == ["tracepoint:raw_syscalls/sys_enter"]
    both = "{syscall: {names: [openat], abi: [Native, Compat]}}"
    assert points(both, "fentry") == ["tracepoint:syscalls/sys_enter_openat", "fentry:__ia32_compat_sys_openat"]
    assert points(both) == ["tracepoint:raw_syscalls/sys_enter"] * 2


def test_the_name_is_the_native_one_whoever_calls() -> None:
    names = [access(rule) for rule in rules("{syscall: openat}", "fentry", fields="hook.name")]
    assert names == [Constant(257)] * 2


# ------------------------------------------------------------------------------------------------ arguments


def test_arguments_are_4_bytes_of_a_register() -> None:
    _, compat = rules("{syscall: openat}", "fentry", fields="args.dfd, args.filename, args.flags, args.mode")
    accesses = [access(compat, column) for column in range(4)]
    assert accesses == [
        Through("compat_signed", REGS, (Shift("struct pt_regs", "bx"),)),
        Through("compat_string", REGS, (Shift("struct pt_regs", "cx"),)),
        Through("compat_signed", REGS, (Shift("struct pt_regs", "dx"),)),
        Through("compat_short", REGS, (Shift("struct pt_regs", "si"),)),
    ]


def test_a_kprobe_finds_the_registers_behind_its_own() -> None:
    _, compat = rules("{syscall: close}", "kprobe", fields="args.fd")
    assert access(compat) == Through("compat_number", DI, (Shift("struct pt_regs", "bx"),))


def test_the_types_are_those_of_native_callers() -> None:
    native, compat = (rule.outputs[0] for rule in rules("{syscall: openat}", "fentry", fields="args"))
    assert isinstance(native, EventOutput)
    assert isinstance(compat, EventOutput)
    assert native.layout == compat.layout


def test_arguments_that_moved_are_found() -> None:
    compat = rules("{syscall: clone}", "fentry", fields="args.child_tidptr, args.tls")[1]
    assert [access(compat, column) for column in (0, 1)] == [
        Through("compat_number", REGS, (Shift("struct pt_regs", "di"),)),
        Through("compat_number", REGS, (Shift("struct pt_regs", "si"),)),
    ]


def test_ids_of_16_bits_are_read_as_such() -> None:
    _, old, new = rules("{syscall: setuid}", "fentry", fields="args.uid")
    assert old.attach_point.key == "fentry:__ia32_sys_setuid16"
    assert access(old) == Through("compat_short", REGS, (Shift("struct pt_regs", "bx"),))
    assert access(new) == Through("compat_number", REGS, (Shift("struct pt_regs", "bx"),))


def test_a_rule_does_without_a_place_that_nobody_asked_for_and_says_so() -> None:
    text = one_rule("{syscall: mmap}", outputs="[{event: {fields: [args.len]}}]")
    resolved = found(text, "fentry")
    assert [rule.attach_point.key for rule in resolved.policy.rules] == [
        "tracepoint:syscalls/sys_enter_mmap",
        "fentry:__ia32_sys_mmap_pgoff",
    ]
    (warning,) = resolved.warnings
    assert warning.code == "compat-not-covered"
    assert warning.message.startswith("32-bit callers that come to __ia32_compat_sys_ia32_mmap are not seen by rule it: ")
    assert warning.message.endswith("args.len of mmap cannot be read: a 32-bit caller passes all arguments in a struct")
    assert warning.position is not None


def test_plans_tell_where_32_bit_callers_are_seen() -> None:
    means = found(one_rule("{syscall: openat}"), "fentry").policy.means
    assert [(one.point.target, one.why) for one in means] == [("__ia32_compat_sys_openat", "32-bit callers")]


def test_who_asks_for_32_bit_callers_is_told_what_cannot_be_read() -> None:
    text = one_rule(
        "{syscall: {names: [pread64], abi: [Native, Compat]}}", outputs="[{event: {fields: [args.count, args.pos]}}]"
    )
    for features in ((), ("fentry",)):
        with pytest.raises(PolicyError) as caught:
            found(text, *features)
        (problem,) = [problem for problem in caught.value.problems if problem.severity == "error"]
        assert problem.code == "compat-argument"
        assert problem.message == "args.pos of pread64 cannot be read: a 32-bit caller passes it in two halves"


def test_all_arguments_are_those_that_can_be_read() -> None:
    compat = rules("{syscall: pread64}", "fentry", fields="args")[1].outputs[0]
    assert isinstance(compat, EventOutput)
    assert [value.path for value in compat.values] == ["args.fd", "args.buf", "args.count"]


# ------------------------------------------------------------------------------------------------ multiplexers


def test_socketcall_makes_socket_calls_too() -> None:
    _, direct, socketcall = rules("{syscall: connect}", "fentry", fields="args.fd, args.addrlen")
    assert direct.attach_point.key == "fentry:__ia32_sys_connect"
    assert socketcall.attach_point.key == "fentry:__ia32_compat_sys_socketcall"
    (which,) = guard(socketcall)
    assert (which.value.access, which.operands) == (Through("compat_number", REGS, (Shift("struct pt_regs", "bx"),)), (3,))
    assert [access(socketcall, column) for column in (0, 1)] == [
        Through("compat_signed_far_word_0", REGS, (Shift("struct pt_regs", "cx"),)),
        Through("compat_signed_far_word_2", REGS, (Shift("struct pt_regs", "cx"),)),
    ]


def test_send_has_no_address() -> None:
    send = rules("{syscall: sendto}", "fentry", fields="args.len, args.addr")[-2]
    assert guard(send)[0].operands == (9,)
    assert access(send, 1) == Constant(0)


def test_ipc_is_seen_without_arguments() -> None:
    (rule,) = [rule for rule in rules("{syscall: shmat}", "fentry") if "ipc" in rule.attach_point.target]
    (which,) = guard(rule)
    assert which.value.access == Through("compat_short", REGS, (Shift("struct pt_regs", "bx"),))
    warnings = found(one_rule("{syscall: shmat}", outputs="[{event: {fields: [args.shmid]}}]"), "fentry").warnings
    assert [warning.code for warning in warnings] == ["compat-not-covered"]


def test_a_multiplexers_end_does_not_tell_a_kretprobe_what_it_did() -> None:
    hook = "{syscall: {names: [connect], phase: exit}}"
    assert points(hook, "kprobe")[1:] == ["kprobe:__ia32_sys_connect:return"]
    assert [warning.code for warning in found(one_rule(hook), "kprobe").warnings] == ["compat-not-covered"]
    assert points(hook, "fentry")[1:] == ["fexit:__ia32_sys_connect", "fexit:__ia32_compat_sys_socketcall"]
    assert found(one_rule(hook), "fentry").warnings == ()


# ------------------------------------------------------------------------------------------------ raw_syscalls


def test_at_raw_syscalls_each_caller_has_arguments_of_its_own() -> None:
    native, compat = rules(
        "{syscall: {names: [openat], abi: [Native, Compat]}}", fields="args.dfd, args.filename, hook.name"
    )
    assert guard(native)[0].operands == (0,)
    assert [test.operands for test in guard(compat)] == [(1,), (295 | COMPAT,)]
    assert access(compat) == ContextLoad(16, 4, signed=True)
    assert access(compat, 2) == Constant(257)
    assert access(native, 2) == ContextLoad(8, 8, signed=True)


def test_at_raw_syscalls_socketcall_is_looked_into() -> None:
    *_, socketcall = rules("{syscall: {names: [connect], abi: [Native, Compat]}}", fields="args.fd")
    assert [test.operands for test in guard(socketcall)] == [(1,), (102 | COMPAT,), (3,)]
    assert access(socketcall) == Through("compat_signed_word_0", ContextLoad(24, 4))


def test_arguments_of_many_calls_are_not_told_apart() -> None:
    text = one_rule("{syscall: {names: ['s*'], abi: [Native, Compat]}}", outputs="[{event: {fields: ['args[0]']}}]")
    with pytest.raises(PolicyError) as caught:
        found(text)
    (problem,) = [problem for problem in caught.value.problems if problem.severity == "error"]
    assert (problem.code, problem.hint) == ("arguments-differ", "hook at most 32 in a rule")


# ------------------------------------------------------------------------------------------------ warnings


def test_who_is_covered_is_not_warned() -> None:
    assert found(one_rule("{syscall: openat}"), "fentry").warnings == ()
    assert [warning.code for warning in found(one_rule("{syscall: openat}")).warnings] == ["compat-not-covered"]


def test_who_names_the_callers_is_not_warned() -> None:
    assert found(one_rule("{syscall: {names: [openat], abi: [Native]}}")).warnings == ()


# ------------------------------------------------------------------------------------------------ verdicts


def deciding(
    hook: str, verdict: str = "deny: EPERM", fields: str = "process.pid", **lists: frozenset[str]
) -> list[TypedRule]:
    text = one_rule(hook, outputs=f"[{{event: {{fields: [{fields}]}}}}]", more=f"action: {{{verdict}}}")
    (policy,) = parse_policies(policy_text(text).encode(), "tried.yaml").require()
    able = replace(target("fentry", "kprobe", "fmod_ret"), make_lists=lambda: FunctionLists(**lists))
    return list(resolve(policy, able, HOST).policy.rules)


def refused(hook: str, **lists: frozenset[str]) -> Problem:
    with pytest.raises(PolicyError) as caught:
        deciding(hook, **lists)
    (problem,) = [problem for problem in caught.value.problems if problem.severity == "error"]
    return problem


def test_a_verdict_is_taken_where_callers_of_both_kinds_enter() -> None:
    found = deciding("{syscall: openat}")
    assert [rule.attach_point.key for rule in found] == ["fmod_ret:__x64_sys_openat", "fmod_ret:__ia32_compat_sys_openat"]
    assert {(rule.action.verdict, rule.action.number) for rule in found} == {("deny", 1)}


def test_arguments_of_a_native_caller_are_in_its_registers() -> None:
    native, _ = deciding("{syscall: openat}", fields="args.dfd, args.filename, args.mode")
    accesses = [access(native, column) for column in range(3)]
    assert accesses == [
        Walk(REGS, (Step("struct pt_regs", "di"),)),
        PointedString(Walk(REGS, (Step("struct pt_regs", "si"),)), "user"),
        Walk(REGS, (Step("struct pt_regs", "r10"),)),
    ]


def test_a_function_that_all_callers_share_decides_once() -> None:
    (both,) = deciding("{syscall: getppid}")
    assert (both.attach_point.key, guard(both)) == ("fmod_ret:__do_sys_getppid", ())
    (native,) = deciding("{syscall: {names: [getppid], abi: [Native]}}")
    assert [test.operands for test in guard(native)] == [(0,)]
    (compat,) = deciding("{syscall: {names: [getppid], abi: [Compat]}}")
    assert [test.operands for test in guard(compat)] == [(1,)]
    assert [rule.attach_point.key for rule in deciding("{syscall: getuid}")] == [
        "fmod_ret:__do_sys_getuid",
        "fmod_ret:__ia32_sys_getuid16",
    ]


def test_a_call_can_be_given_another_result() -> None:
    native, _ = deciding("{syscall: openat}", "return: 42")
    assert (native.action.verdict, native.action.number) == ("return", 42)


def test_what_has_ended_cannot_be_refused() -> None:
    assert refused("{syscall: {names: [openat], phase: exit}}").code == "action-not-here"
    assert refused("{syscall: exit_group}").message == "exit_group cannot be refused: nobody waits for its result"


def test_so_many_calls_cannot_be_decided_about() -> None:
    assert refused("{syscall: '*'}").code == "too-many-hooks"


def test_a_kernel_that_injects_no_errors_is_told_what_decides_instead() -> None:
    problem = refused("{syscall: connect}", injectable=frozenset())
    assert problem.code == "not-decidable"
    assert problem.message == (
        "nobody can decide about the system call connect: __x64_sys_connect is not on the kernel's error injection list"
    )
    assert problem.hint == "{lsm: socket_connect} can deny it"
    assert len(deciding("{syscall: openat}", injectable=frozenset({"__x64_sys_openat"}))) == 2


def test_a_shared_function_is_on_the_list_by_any_of_its_names() -> None:
    assert len(deciding("{syscall: getppid}", injectable=frozenset({"__ia32_sys_getppid"}))) == 1


def test_other_verdicts_are_none_of_a_system_calls() -> None:
    with pytest.raises(PolicyError, match="`drop` cannot be taken at syscall:openat"):
        deciding("{syscall: openat}", "drop: true")
