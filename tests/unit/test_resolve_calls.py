"""Arguments, results and durations at the ends of calls: what is kept at the begin, what is read late, and what is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from resolving import HOST, one_rule, policy_text, problem, saved_target, typed

from policyd.calls import PREFIX
from policyd.condition import leaves
from policyd.effect import EventOutput
from policyd.errors import PolicyError
from policyd.observe import Observed
from policyd.parsing import parse_policies
from policyd.plan import plan
from policyd.plan.cleaning import is_exit_side
from policyd.plan.steps import AttachHook, CreateShared, SwapProgram
from policyd.record import Wanted
from policyd.resolve import resolve
from policyd.target import Target
from policyd.unit import AttachPoint, TypedPolicy, Unit, gather
from policyd.value import Argument, ContextLoad, Elapsed, Fetched, PointedString, Saved, Through, UserLoad, Value, Walk

EVERYTHING = saved_target()
PROBES = replace(EVERYTHING, features=dict.fromkeys(("fentry", "fexit", "fmod_ret", "lsm", "kprobe_multi"), False))


def shown(hook: str, fields: str, target: Target = EVERYTHING, name: str = "tried", **parts: str) -> TypedPolicy:
    """Return a policy with one rule that shows `fields`."""
    text = policy_text(one_rule(hook, outputs=f"[{{event: {{fields: {fields}}}}}]", **parts))
    (policy,) = parse_policies(text.encode(), f"{name}.yaml").require()
    found = resolve(policy, target, HOST).policy
    return replace(found, name=name, rules=tuple(replace(rule, policy=name) for rule in found.rules))


def values(hook: str, fields: str, target: Target = EVERYTHING) -> dict[str, Value]:
    (output,) = shown(hook, fields, target).rules[0].outputs
    assert isinstance(output, EventOutput)
    return {value.path: value for value in output.values}


def units(*policies: TypedPolicy) -> dict[str, Unit]:
    return {unit.attach_point.key: unit for unit in gather(list(policies)).units}


# ------------------------------------------------------------------------------------------------ what is kept


@pytest.mark.parametrize(
    ("hook", "field", "target", "points", "keyed"),
    [
        (
            "{syscall: {names: [read], phase: exit, abi: [Native]}}",
            "args.fd",
            EVERYTHING,
            ["tracepoint:syscalls/sys_enter_read", "tracepoint:syscalls/sys_exit_read"],
            "thread",
        ),
        ("{fexit: vfs_read}", "args.file.f_flags", EVERYTHING, ["fentry:vfs_read", "fexit:vfs_read"], "context"),
        ("{kretprobe: vfs_read}", "args.count", EVERYTHING, ["kprobe:vfs_read", "kprobe:vfs_read:return"], "stack"),
        (
            "{function: {names: vfs_read, phase: call}}",
            "duration",
            PROBES,
            ["kprobe:vfs_read", "kprobe:vfs_read:return"],
            "stack",
        ),
    ],
)
def test_the_begin_of_a_call_has_a_program_where_its_end_wants_to_know(
    hook: str, field: str, target: Target, points: list[str], keyed: str
) -> None:
    found = units(shown(hook, f"[{field}]", target))
    assert sorted(found) == points
    begin, end = (found[point] for point in points)
    assert begin.saves is not None
    assert (begin.rules, begin.saves.rules) == ((), (("tried", "it"),))
    assert begin.saves.calls == end.resumes
    assert begin.saves.calls.keyed == keyed
    assert begin.policies == ("tried",)
    assert is_exit_side(end.attach_point)
    assert not is_exit_side(begin.attach_point)


def test_nothing_is_kept_that_nobody_asks_for() -> None:
    assert list(units(shown("{syscall: {names: [read], phase: call, abi: [Native]}}", "[ret]"))) == [
        "tracepoint:syscalls/sys_exit_read"
    ]
    implied = typed(
        one_rule("{syscall: {names: [read], phase: exit, abi: [Native]}}", outputs="", more="action: {signal: SIGTERM}")
    )
    assert implied.entries == ()
    (call,) = typed(
        one_rule("{syscall: {names: [read], phase: call, abi: [Native]}}", outputs="", more="action: {signal: SIGTERM}")
    ).rules
    (output,) = call.outputs
    assert isinstance(output, EventOutput)
    paths = [column.path for column in output.layout.columns]
    assert paths[-5:] == ["args.fd", "args.buf", "args.count", "ret", "duration"]


def test_numbers_are_still_in_a_typed_programs_context_at_its_end() -> None:
    found = values("{fexit: vfs_read}", "[args.count, args.file.f_flags, ret]")
    assert isinstance(found["args.count"].access, Argument)
    kept = found["args.file.f_flags"].access
    assert isinstance(kept, Saved)
    assert isinstance(kept.value.access, Walk)
    assert kept.entry == "fentry:vfs_read"


def test_rules_of_several_policies_share_what_is_kept_and_each_is_named() -> None:
    hook = "{syscall: {names: [openat], phase: exit, abi: [Native]}}"
    found = units(
        shown(hook, "[args.filename, args.flags]", name="one"),
        shown(hook, "{short: args.filename.as(string16), flags: args.flags}", name="two"),
        shown(hook.replace("exit", "enter"), "[args.flags]", name="three"),
    )
    begin = found["tracepoint:syscalls/sys_enter_openat"]
    assert begin.saves is not None
    assert [value.path for value in begin.saves.calls.values].count("args.flags") == 1
    assert begin.saves.policies == {"one", "two"}
    assert begin.policies == ("one", "three", "two")
    assert [rule.policy for rule in begin.rules] == ["three"]


def test_another_layout_is_another_map_and_both_halves_change() -> None:
    hook = "{syscall: {names: [openat], phase: exit, abi: [Native]}}"
    one, two = (units(shown(hook, fields)) for fields in ("[args.flags]", "[args.flags, args.mode]"))
    pins = [{unit.calls.pin for unit in found.values() if unit.calls is not None} for found in (one, two)]
    assert [len(names) for names in pins] == [1, 1]
    assert pins[0] != pins[1]


def test_at_one_place_for_all_system_calls_only_those_meant_are_kept() -> None:
    found = units(shown("{syscall: {names: [getpgid, getsid], phase: call, abi: [Native, Compat]}}", "[duration]"))
    saves = found["tracepoint:raw_syscalls/sys_enter"].saves
    assert saves is not None
    assert saves.tests
    assert all(policy == "tried" for policy, _ in saves.conditions)


def test_the_attach_points_where_calls_begin_are_the_policys_too() -> None:
    policy = shown("{kretprobe: vfs_read}", "[args.count]")
    entry = AttachPoint("kprobe", "vfs_read").id
    assert policy.entries == (entry,)
    assert entry in policy.points


# ------------------------------------------------------------------------------------------------ late


def test_what_is_read_late_goes_by_the_pointer_of_the_begin() -> None:
    hook = "{syscall: {names: [read], phase: exit, abi: [Native]}}"
    (buffer,) = values(hook, "{it: late(args.buf)}").values()
    assert isinstance(buffer.access, PointedString)
    assert isinstance(buffer.access.pointer, Fetched)
    pointer = buffer.access.pointer.value.access
    assert isinstance(pointer, Saved)
    assert pointer.value.access == ContextLoad(24, 8)
    assert (buffer.can_be_absent, buffer.can_be_unread) == (True, True)


def test_structures_in_a_callers_memory_have_members_and_addresses_their_fields() -> None:
    found = values("{syscall: connect}", "[args.uservaddr.address.port, args.uservaddr.sa_family]")
    assert found["args.uservaddr.address.port"].access == Through("user_address_port", ContextLoad(24, 8))
    family = found["args.uservaddr.sa_family"].access
    assert isinstance(family, UserLoad)
    assert (family.offset, family.size, family.null) == (0, 2, True)
    (size,) = values("{syscall: {names: [newfstatat], phase: exit}}", "{it: late(args.statbuf.st_size)}").values()
    assert isinstance(size.access, UserLoad)
    assert isinstance(size.access.base, Fetched)
    assert size.access.offset == 48


def test_an_address_that_points_into_the_kernel_is_followed_as_the_function_returns() -> None:
    (value,) = values("{kretprobe: vfs_read}", "{it: late(args.file.f_pos)}").values()
    assert isinstance(value.access, Walk)
    assert isinstance(value.access.base, Fetched)
    (typed_value,) = values("{fexit: vfs_read}", "{it: late(args.file.f_pos)}").values()
    assert isinstance(typed_value.access, Walk)
    assert typed_value.access.base == Argument(0)


@pytest.mark.parametrize(
    ("hook", "field", "code", "message"),
    [
        ("{syscall: read}", "late(args.buf)", "late-not-here", "is no end"),
        ("{syscall: {names: [read], phase: exit}}", "late(args.fd)", "late-not-here", "points to nothing"),
        ("{syscall: {names: [read], phase: exit}}", "late(ret)", "late-not-here", "reads as a call ends"),
        ("{syscall: {names: [read], phase: exit}}", "late(args.bfu)", "unknown-field", "has no argument"),
        ("{syscall: {names: [read], phase: exit}}", "args.bfu", "unknown-field", "has no argument"),
        ("{syscall: {names: [read], phase: exit}}", "duration", "field-not-here", "phase: call"),
        ("{syscall: connect}", "args.fd.x", "unknown-field", "has no members"),
        ("{syscall: connect}", "args.uservaddr.adress", "unknown-field", "has no member adress"),
        (
            "{syscall: {names: [sendmsg], phase: exit}}",
            "args.msg.msg_iov.iov_len",
            "unreadable-field",
            "numbers in the structure",
        ),
    ],
)
def test_what_is_not_to_be_had_at_an_end_says_why(hook: str, field: str, code: str, message: str) -> None:
    found = problem(one_rule(hook, outputs=f"[{{event: {{fields: {{it: {field}}}}}}}]"))
    assert found.code == code, found
    assert message in found.message


def test_the_time_since_the_begin_is_that_of_the_pair() -> None:
    (value,) = values("{function: {names: vfs_read, phase: call}}", "[duration]").values()
    assert value.access == Elapsed("fentry:vfs_read")
    assert (value.type.kind, value.can_be_absent) == ("duration", True)


def test_a_verdict_comes_too_late_at_the_end_of_a_call() -> None:
    with pytest.raises(PolicyError, match="action-not-here"):
        shown("{function: {names: security_file_open, phase: call}}", "[ret]", more="action: {deny: EPERM}")


# ------------------------------------------------------------------------------------------------ the plan


def test_ends_are_put_in_charge_before_begins_and_go_after_them() -> None:
    policy = shown("{kretprobe: vfs_read}", "[args.count, ret]")
    steps = plan({"tried": Wanted(policy)}, Observed()).steps
    swaps = [step.point.key for step in steps if isinstance(step, SwapProgram)]
    assert swaps == ["kprobe:vfs_read:return", "kprobe:vfs_read"]
    maps = [step.name for step in steps if isinstance(step, CreateShared) and step.name.startswith(PREFIX)]
    assert maps == [unit.calls.pin for unit in gather([policy]).units[:1] if unit.calls is not None]
    attached = [step.describe() for step in steps if isinstance(step, AttachHook)]
    assert "attach kprobe:vfs_read (for rule tried/it, at the end of the calls)" in attached


def test_an_ancestor_of_an_argument_can_be_asked_for_at_the_end() -> None:
    hook, ancestors = "{kretprobe: wake_up_new_task}", "args.p.process.ancestors"
    (rule,) = shown(hook, "[process.pid]", filters=f"[{{field: {ancestors}, operator: In, values: [/usr/sbin/sshd]}}]").rules
    assert rule.entry is not None
    kept = [test.value.access for test in leaves(rule.condition)]
    assert kept
    assert all(isinstance(access, Saved) for access in kept)
