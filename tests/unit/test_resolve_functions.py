"""Functions of the kernel and LSM hooks become places: by which means, with which arguments, and who may decide."""

from __future__ import annotations

from dataclasses import replace

import pytest
from resolving import HOST, one_rule, policy_text, saved_target

from policyd.condition import leaves
from policyd.effect import EventOutput, MetricOutput, TypedAction
from policyd.errors import PolicyError, Problem
from policyd.functions import FunctionLists
from policyd.parsing import parse_policies
from policyd.resolve import Resolved, resolve
from policyd.target import Target
from policyd.value import Argument, Constant, ContextLoad, Cookie, ErrorCode, PointedString, Pointer, Saved, Value, Walk

TYPED = ("fentry", "fexit", "fmod_ret", "lsm")
NEW = saved_target()
"""A kernel with everything (nobody has tried)."""


def kernel(*without: str, lists: FunctionLists | None = None) -> Target:
    """Return the saved target without some features."""
    features = dict.fromkeys(without, False)
    return replace(NEW, features=features, make_lists=lambda: lists or FunctionLists())


OLD = kernel("kprobe_multi")
PROBES = kernel(*TYPED, "kprobe_multi")
NOTHING = kernel(*TYPED, "kprobe_multi", "kprobe")
NO_LSM = kernel("lsm")


def at(target: Target, hook: str, fields: str = "process.pid", **parts: str) -> Resolved:
    """Return what `resolve` makes of a rule that shows `fields`."""
    rule = one_rule(hook, outputs=f"[{{event: {{fields: [{fields}]}}}}]", **parts)
    (policy,) = parse_policies(policy_text(rule).encode(), "tried.yaml").require()
    return resolve(policy, target, HOST)


def points(target: Target, hook: str, **parts: str) -> list[str]:
    return [rule.attach_point.key for rule in at(target, hook, **parts).policy.rules]


def wrong(target: Target, hook: str, fields: str = "process.pid", **parts: str) -> Problem:
    with pytest.raises(PolicyError) as raised:
        at(target, hook, fields, **parts)
    return raised.value.problems[0]


def values(target: Target, hook: str, fields: str) -> dict[str, Value]:
    """Return the columns of the one event, by path."""
    (output,) = at(target, hook, fields).policy.rules[0].outputs
    assert isinstance(output, EventOutput)
    return {value.path: value for value in output.values}


# ------------------------------------------------------------------------------------------------ means


@pytest.mark.parametrize(
    ("hook", "new", "probes"),
    [
        ("{function: vfs_read}", "fentry:vfs_read", "kprobe:vfs_read"),
        ("{function: {names: vfs_read, phase: exit}}", "fexit:vfs_read", "kprobe:vfs_read:return"),
        ("{kprobe: vfs_read}", "kprobe:vfs_read", "kprobe:vfs_read"),
        ("{kprobe: vfs_read+0x10}", "kprobe:vfs_read+0x10", "kprobe:vfs_read+0x10"),
        ("{kprobe: vfs_read+0x0010}", "kprobe:vfs_read+0x10", "kprobe:vfs_read+0x10"),
        ("{kprobe: vfs_read+0x0}", "kprobe:vfs_read", "kprobe:vfs_read"),
        ("{kretprobe: vfs_read}", "kprobe:vfs_read:return", "kprobe:vfs_read:return"),
    ],
)
def test_one_function_is_seen_by_the_best_that_there_is(hook: str, new: str, probes: str) -> None:
    assert points(NEW, hook) == [new]
    assert points(PROBES, hook) == [probes]


def test_several_functions_are_one_link_where_the_kernel_has_that_and_a_place_each_elsewhere() -> None:
    (rule,) = at(NEW, "{function: [vfs_write, vfs_read]}").policy.rules
    assert rule.attach_point.kind == "kprobe_multi"
    assert rule.attach_point.members == ("vfs_read", "vfs_write")
    assert points(OLD, "{function: [vfs_write, vfs_read]}") == ["fentry:vfs_write", "fentry:vfs_read"]
    assert points(PROBES, "{function: [vfs_write, vfs_read]}") == ["kprobe:vfs_write", "kprobe:vfs_read"]
    assert points(NEW, "{fentry: [vfs_write, vfs_read]}") == ["fentry:vfs_write", "fentry:vfs_read"]


def test_arguments_at_the_end_of_several_functions_take_fexit() -> None:
    hook = "{function: {names: [vfs_read, vfs_write], phase: exit}}"
    assert [rule.attach_point.kind for rule in at(NEW, hook, "ret").policy.rules] == ["kprobe_multi"]
    found = at(NEW, hook, "args.count").policy.rules
    assert [rule.attach_point.key for rule in found] == ["fexit:vfs_read", "fexit:vfs_write"]


def test_the_means_of_every_rule_are_told_with_the_reason_why_there_is_no_better_one() -> None:
    (means,) = at(NEW, "{function: 'vfs_read*'}").policy.means
    assert means.point.kind == "kprobe_multi"
    assert {"vfs_read", "vfs_readlink"} <= set(means.targets)
    (means,) = at(PROBES, "{function: vfs_read}").policy.means
    assert means.point.key == "kprobe:vfs_read"
    assert means.why == "no fentry for vfs_read: the saved formats (6.18) has no fentry"


def test_functions_that_ftrace_cannot_trace_get_a_kprobe_and_no_link_with_others() -> None:
    lists = FunctionLists(frozenset({"vfs_read", "vfs_write"}))
    assert points(kernel(lists=lists), "{function: vfs_open}") == ["kprobe:vfs_open"]
    found = at(kernel(lists=lists), "{function: [vfs_read, vfs_write, vfs_open]}").policy.rules
    assert [rule.attach_point.kind for rule in found] == ["kprobe_multi", "kprobe"]
    assert points(kernel(lists=lists), "{kprobe: 'vfs_*'}") == ["kprobe_multi:vfs_read+1-3db4cc"]


def test_a_kernel_with_no_means_is_told_and_an_optional_rule_does_without() -> None:
    found = wrong(NOTHING, "{function: vfs_read}")
    assert found.code == "no-means"
    assert "has no kprobes; no fentry for vfs_read" in found.message
    policy = at(NOTHING, "{function: vfs_read}", more="optional: true").policy
    assert policy.rules == ()
    assert policy.not_applicable[0][0] == "it"
    found = wrong(NOTHING, "{firstOf: [{lsm: file_open}, {kprobe: vfs_open}]}")
    assert "none of the hooks of firstOf is there: BPF programs are not among the LSMs" in found.message
    assert "; the saved formats (6.18) has no kprobes" in found.message
    assert points(NOTHING, "{firstOf: [{lsm: file_open}, {function: vfs_open}, {syscall: openat}]}")[0].endswith("openat")


@pytest.mark.parametrize(
    ("hook", "message", "hint"),
    [
        ("{function: vfs_raed}", "has no function `vfs_raed`", "`vfs_read`"),
        ("{kprobe: do_sys_opnat2}", "has no function `do_sys_opnat2`", "`do_sys_openat2`"),
        ("{function: 'pd_nothing_*'}", "no function of the saved formats matches `pd_nothing_*`", ""),
        ("{lsm: file_opn}", "there is no LSM hook `file_opn`", "`file_open`"),
        ("{lsm: security_file_open}", "there is no LSM hook", "`file_open`"),
        ("{lsm: bpf_lsm_file_open}", "there is no LSM hook", "`file_open`"),
    ],
)
def test_an_unknown_function_has_near_misses(hook: str, message: str, hint: str) -> None:
    found = wrong(NEW, hook)
    assert found.code == "unknown-target"
    assert message in found.message
    assert hint in found.hint


def test_a_glob_stands_for_so_many_functions_as_its_limit_lets_it() -> None:
    found = wrong(NEW, "{function: '*'}")
    assert found.code == "too-many-hooks"
    assert "more than 512" in found.message
    assert "`limit: " in found.hint
    assert wrong(NEW, "{function: {names: 'vfs_*', limit: 3}}").code == "too-many-hooks"
    assert points(NEW, "{function: {names: 'vfs_*', limit: 600}}")


def test_many_programs_for_one_rule_are_told_of() -> None:
    assert at(NEW, "{function: 'vfs_*'}").warnings == ()
    (warning,) = at(OLD, "{function: 'vfs_*'}").warnings
    assert warning.code == "many-programs"
    assert "kprobe_multi" in warning.hint


# ------------------------------------------------------------------------------------------------ arguments


def test_arguments_and_results_are_where_each_means_has_them() -> None:
    typed = values(NEW, "{fexit: vfs_read}", "args.count, 'args[3]', ret")
    assert [value.access for value in typed.values()] == [Argument(2), Argument(3), Argument(4, signed=True)]
    probe = values(NEW, "{kprobe: vfs_read}", "args.count, 'args[3]'")
    assert [value.access for value in probe.values()] == [ContextLoad(96, 8), ContextLoad(88, 8)]
    assert values(NEW, "{kretprobe: vfs_read}", "ret")["ret"].access == ContextLoad(80, 8, signed=True)
    assert typed["args.count"].type.kind == "size"
    assert typed["ret"].type.kind == "result"


def test_members_are_followed_from_a_register_as_from_a_context() -> None:
    for hook, base in (("{fentry: vfs_read}", Argument(0)), ("{kprobe: vfs_read}", ContextLoad(112, 8))):
        access = values(NEW, hook, "args.file.f_flags")["args.file.f_flags"].access
        assert isinstance(access, Walk)
        assert access.base == base


def test_a_pointer_that_is_an_error_is_absent_and_its_errno_can_be_had() -> None:
    rule = at(NEW, "{fexit: filp_open}", filters="[{field: ret, operator: Exists}]").policy.rules[0]
    (test,) = leaves(rule.condition)
    assert isinstance(test.value.access, Pointer)
    assert test.value.can_be_absent
    found = values(NEW, "{fexit: filp_open}", "ret.errno, ret.f_mode, args.filename")
    assert isinstance(found["ret.errno"].access, ErrorCode)
    assert found["ret.errno"].type.kind == "errno"
    assert isinstance(found["ret.f_mode"].access, Walk)
    text = found["args.filename"].access
    assert isinstance(text, Saved)
    text = text.value.access
    assert isinstance(text, PointedString)
    assert text.space == "either", "the kernel's types do not tell whose memory it is"


@pytest.mark.parametrize(
    ("hook", "field", "message", "hint"),
    [
        ("{fentry: vfs_read}", "ret", "has no result as it begins", "phase: exit"),
        ("{lsm: file_open}", "ret", "has no result as it begins", ""),
        ("{kprobe: vfs_read+0x10}", "args.file", "arguments can be anywhere", "without an offset"),
        ("{fentry: vfs_read}", "args.fil", "has no argument fil", "`args.file`"),
        ("{fexit: kfree}", "ret", "returns nothing", ""),
    ],
)
def test_what_a_place_does_not_have_is_told_with_what_to_do(hook: str, field: str, message: str, hint: str) -> None:
    found = wrong(NEW, hook, field)
    assert message in found.message
    assert hint in found.hint


@pytest.mark.parametrize("target", [NEW, OLD], ids=["one link", "a place each"])
def test_arguments_of_several_functions_must_be_alike_and_the_error_names_both(target: Target) -> None:
    assert points(target, "{function: [vfs_read, vfs_write]}", filters="[{field: args.count, operator: Equal, value: 1}]")
    found = wrong(target, "{function: [vfs_read, filp_open]}", "'args[0]'")
    assert found.code == "arguments-differ"
    assert all(word in found.message for word in ("vfs_read", "filp_open", "struct file *", "const char *"))


def test_functions_without_types_have_bare_numbers() -> None:
    lists = FunctionLists(frozenset({"module_function"}))
    found = values(kernel(lists=lists), "{kprobe: module_function}", "'args[1]'")["args[1]"]
    assert (found.access, found.type.kind) == (ContextLoad(104, 8), "hex")
    assert points(kernel(lists=lists), "{function: module_function}") == ["kprobe:module_function"]
    assert "its arguments have no names" in wrong(kernel(lists=lists), "{kprobe: module_function}", "args.file").message
    assert wrong(kernel(lists=lists), "{fentry: module_function}").code == "no-means"


def test_the_name_of_the_function_that_fired_has_one_number_in_a_whole_policy() -> None:
    rules = """
- name: alone
  hook: {fentry: vfs_write}
  outputs: [{counter: {name: seen, help: Seen, by: [hook.name]}}]
- name: several
  hook: {function: [vfs_read, vfs_write]}
  outputs: [{counter: {name: seen, by: [hook.name]}}]
"""
    (policy,) = parse_policies(policy_text(rules).encode(), "tried.yaml").require()
    alone, several = resolve(policy, NEW, HOST).policy.rules
    first, second = (rule.outputs[0] for rule in (alone, several))
    assert isinstance(first, MetricOutput)
    assert isinstance(second, MetricOutput)
    assert first.keys[0].access == Constant(0)
    assert second.keys[0].access == Cookie((1, 0))
    assert first.keys[0].type == second.keys[0].type


def test_functions_of_interrupts_have_no_process() -> None:
    assert wrong(NEW, "{function: handle_softirqs}", "process.pid").code == "field-not-here"
    (warning,) = at(NEW, "{function: tcp_v4_rcv}").warnings
    assert "also fires in interrupts" in warning.message
    assert at(NEW, "{function: tcp_v4_connect}").warnings == ()


# ------------------------------------------------------------------------------------------------ verdicts


@pytest.mark.parametrize(
    ("hook", "action", "point", "expected"),
    [
        ("{lsm: file_open}", "{deny: EACCES}", "lsm:file_open", TypedAction("deny", 13)),
        ("{function: security_file_open}", "{deny: EPERM}", "fmod_ret:security_file_open", TypedAction("deny", 1)),
        ("{fentry: security_file_open}", "{return: -5}", "fmod_ret:security_file_open", TypedAction("return", -5)),
        ("{function: security_file_open}", "{signal: SIGKILL}", "fentry:security_file_open", TypedAction(signal=9)),
    ],
)
def test_a_verdict_is_taken_where_it_decides(hook: str, action: str, point: str, expected: TypedAction) -> None:
    (rule,) = at(NEW, hook, more=f"action: {action}").policy.rules
    assert rule.attach_point.key == point
    assert rule.action == expected


def test_functions_on_the_error_injection_list_can_be_decided_about() -> None:
    lists = FunctionLists(None, frozenset({"vfs_fsync"}))
    assert points(kernel(lists=lists), "{function: vfs_fsync}", more="action: {deny: EIO}") == ["fmod_ret:vfs_fsync"]


@pytest.mark.parametrize(
    ("target", "hook", "action", "message", "hint"),
    [
        (NEW, "{function: vfs_read}", "{deny: EPERM}", "error injection list", "{lsm: file_permission} can deny it"),
        (NEW, "{function: tcp_v4_connect}", "{deny: EPERM}", "error injection list", "{lsm: socket_connect}"),
        (kernel("fmod_ret"), "{function: security_file_open}", "{deny: EPERM}", "has no fmod_ret", "{lsm: file_open}"),
        (NEW, "{fexit: security_file_open}", "{deny: EPERM}", "has done its work", "fentry"),
        (NEW, "{function: {names: security_file_open, phase: exit}}", "{deny: EPERM}", "has done its work", "phase: enter"),
        (NEW, "{kprobe: security_file_open}", "{deny: EPERM}", "`deny` cannot be taken", "lsm"),
        (NEW, "{function: security_file_open}", "{return: 0}", "lets the function run", ""),
        (NEW, "{lsm: file_open}", "{return: -1}", "`return` cannot be taken", "`deny`"),
        (NEW, "{lsm: file_free_security}", "{deny: EPERM}", "cannot refuse it", ""),
        (NEW, "{lsm: inode_xattr_skipcap}", "{deny: EPERM}", "not answered by an errno", ""),
        (kernel("lsm", "fmod_ret"), "{lsm: file_open}", "{deny: EPERM}", "has no fmod_ret", "lsm="),
    ],
)
def test_a_verdict_that_cannot_be_taken_says_why_and_what_can(
    target: Target, hook: str, action: str, message: str, hint: str
) -> None:
    found = wrong(target, hook, more=f"action: {action}")
    assert message in found.message
    assert hint in found.hint


def test_without_bpf_among_the_lsms_the_function_is_seen_and_decides_and_a_warning_says_so() -> None:
    found = at(NO_LSM, "{lsm: file_open}", "args.file.f_flags, hook.kind")
    (warning,) = found.warnings
    assert warning.code == "seen-otherwise"
    assert "security_file_open is seen in place of the hook" in warning.message
    assert found.policy.rules[0].attach_point.key == "fentry:security_file_open"
    assert found.policy.hooks == ("lsm:file_open",)
    assert points(NO_LSM, "{lsm: file_open}", more="action: {deny: EPERM}") == ["fmod_ret:security_file_open"]
