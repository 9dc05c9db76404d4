"""Hooks become attach points: names, lists, globs, what is not there, and the first of several."""

from __future__ import annotations

import pytest
from resolving import HOST, one_rule, problem, resolved, saved_target, typed

from policyd.condition import AllOf, ListRef
from policyd.condition import Test as TypedTest
from policyd.errors import PolicyError
from policyd.host import _find_cgroup_root
from policyd.resolve import Host
from policyd.resolve.syscalls import COMPAT
from policyd.unit import AttachPoint
from policyd.value import Builtin, Constant, ContextLoad

NAMED = "[{event: {fields: {target: hook.name, kind: hook.kind}}}]"


def points(hook: str, host: Host = HOST) -> list[AttachPoint]:
    return [rule.attach_point for rule in resolved(one_rule(hook), host=host).policy.rules]


def guard(hook: str) -> tuple[TypedTest, ...]:
    """Return the tests that the hook itself puts before the (absent) filters."""
    (rule,) = typed(one_rule(hook)).rules
    assert isinstance(rule.condition, AllOf)
    return rule.condition.parts


@pytest.mark.parametrize(
    ("hook", "keys"),
    [
        ("{syscall: openat}", ["tracepoint:syscalls/sys_enter_openat"]),
        ("{syscall: [dup, dup2]}", ["tracepoint:syscalls/sys_enter_dup", "tracepoint:syscalls/sys_enter_dup2"]),
        ("{syscall: {names: [read], phase: exit}}", ["tracepoint:syscalls/sys_exit_read"]),
        ("{syscall: stat}", ["tracepoint:syscalls/sys_enter_newstat"]),
        ("{syscall: 'dup?'}", ["tracepoint:syscalls/sys_enter_dup2", "tracepoint:syscalls/sys_enter_dup3"]),
        ("{syscall: ['dup?', dup3]}", ["tracepoint:syscalls/sys_enter_dup2", "tracepoint:syscalls/sys_enter_dup3"]),
        ("{tracepoint: block/block_rq_issue}", ["tracepoint:block/block_rq_issue"]),
        ("{tracepoint: 'block:block_rq_issue'}", ["tracepoint:block/block_rq_issue"]),
        ("{tracepoint: 'signal/*'}", ["tracepoint:signal/signal_generate"]),
        ("{raw_tracepoint: sched_switch}", ["raw_tracepoint:sched_switch"]),
        ("{xdp: eth0}", ["xdp:eth0"]),
        ("{xdp: {interfaces: ['eth*'], mode: generic}}", ["xdp:eth0", "xdp:eth1"]),
        ("{tc: {interfaces: [lo], direction: egress}}", ["tcx:lo:egress"]),
        ("{cgroup: connect4}", ["cgroup:/cgroup:connect4"]),
        ("{cgroup: {name: [bind4, skb_egress], path: /s}}", ["cgroup:/cgroup/s:bind4", "cgroup:/cgroup/s:skb_egress"]),
        ("{cgroup: {name: connect6, path: /cgroup/a}}", ["cgroup:/cgroup/a:connect6"]),
    ],
)  # fmt: skip
def test_a_hook_becomes_its_attach_points(hook: str, keys: list[str]) -> None:
    assert [point.key for point in points(hook)] == keys


def test_interfaces_without_ethernet_are_known() -> None:
    assert [point.header for point in points("{tc: {interfaces: [wg0, eth0], direction: ingress}}")] == ["none", "ethernet"]


def test_another_hosts_interfaces_are_taken_as_they_are_named() -> None:
    assert [point.target for point in points("{xdp: ['eth*', made-up]}", Host.anywhere())] == ["eth*", "made-up"]


@pytest.mark.parametrize(
    ("hook", "code", "hint"),
    [
        ("{syscall: opnat}", "unknown-target", "`openat`"),
        ("{syscall: 'nothing*'}", "unknown-target", ""),
        ("{tracepoint: signal/signal_generat}", "unknown-target", "`signal/signal_generate`"),
        ("{raw_tracepoint: sched_swich}", "unknown-target", "`sched_switch`"),
        ("{xdp: eth9}", "unknown-target", "`eth0`"),
        ("{tc: {interfaces: [wlan0], direction: ingress}}", "unknown-target", "eth0"),
        ("{cgroup: {name: connect4, path: /gone}}", "unknown-cgroup", "/cgroup"),
        ("{syscall: set_thread_area}", "no-tracepoint", "syscall: '*'"),
    ],
)
def test_a_hook_that_is_not_there_is_an_error_with_near_misses(hook: str, code: str, hint: str) -> None:
    found = problem(one_rule(hook))
    assert found.code == code
    assert hint in found.hint
    assert found.path[:4] == ("spec", "rules", 0, "hook")


def test_all_missing_names_are_reported_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        typed(one_rule("{syscall: [opnat, raed, write]}"))
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    "hook", ["{syscall: opnat}", "{tracepoint: a/b}", "{xdp: eth9}", "{cgroup: {name: bind4, path: /gone}}"]
)
def test_an_optional_rule_without_its_hook_is_not_applicable(hook: str) -> None:
    found = typed(one_rule(hook, more="optional: true"))
    ((name, reason),) = found.not_applicable
    assert (name, found.rules) == ("it", ())
    assert "no " in reason


def test_tc_is_by_clsact_where_there_is_no_tcx_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    assert saved_target().has_attach_type("BPF_TCX_INGRESS")
    assert not saved_target().has_attach_type("BPF_MADE_UP")
    hook = "{tc: {interfaces: [lo, wg0], direction: ingress}}"
    assert (typed(one_rule(hook)).means, typed(one_rule(hook)).rules[0].attach_point.kind) == ((), "tcx")
    monkeypatch.setattr(type(saved_target()), "has_attach_type", lambda _, name: not name.startswith("BPF_TCX"))
    found = typed(one_rule(hook))
    assert [rule.attach_point.key for rule in found.rules] == ["clsact:lo:ingress", "clsact:wg0:ingress"]
    assert found.hooks == ("tc:lo:ingress", "tc:wg0:ingress")
    assert {means.why for means in found.means} == {"this kernel has no links for tc (tcx, Linux 6.6)"}


def test_tc_is_by_clsact_where_trying_tcx_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_target(), "features", {"tc egress (tcx)": False, "tc ingress (tcx)": True})
    keys = [points(f"{{tc: {{interfaces: [lo], direction: {way}}}}}")[0].kind for way in ("ingress", "egress")]
    assert keys == ["tcx", "clsact"]


def test_an_optional_rule_takes_the_hooks_that_are_there() -> None:
    found = typed(one_rule("{syscall: [opnat, read]}", more="optional: true"))
    assert [rule.attach_point.target for rule in found.rules] == ["syscalls/sys_enter_read"]
    assert found.not_applicable == ()


def test_no_cgroup2_is_said() -> None:
    with pytest.raises(PolicyError) as caught:
        resolved(one_rule("{cgroup: connect4}"), host=Host({}, "", lambda _: True))
    assert caught.value.problems[0].code == "no-cgroup2"


# ------------------------------------------------------------------------------------------------ raw_syscalls


def test_many_system_calls_are_one_program_at_raw_syscalls() -> None:
    hook = "{syscall: 's*'}"
    (rule,) = typed(one_rule(hook)).rules
    assert rule.attach_point == AttachPoint("tracepoint", "raw_syscalls/sys_enter")
    abi, name = guard(hook)
    assert (abi.value.access, abi.operands) == (Builtin("syscall_abi"), (0,))
    assert (name.value.access, name.ref) == (ContextLoad(8, 8, signed=True), ListRef("rule-0-list-0"))
    numbers = {call.number for call_name, call in saved_target().syscalls.items() if call_name.startswith("s")} - {None}
    (listed,) = [spec for spec in typed(one_rule(hook)).maps if spec.values is not None]
    assert listed.values is not None
    assert {int.from_bytes(element[:8], "little") for element in listed.values} == numbers


def test_all_system_calls_need_no_list() -> None:
    (abi,) = guard("{syscall: '*'}")
    assert abi.value.path == "hook.abi"
    assert [warning.code for warning in resolved(one_rule("{syscall: '*'}")).warnings] == [
        "every-system-call",
        "compat-not-covered",
    ]


def test_both_abis_are_numbers_apart() -> None:
    numbers = {call.number for call in saved_target().syscalls.values() if call.number is not None}
    compat = {number | COMPAT for call in saved_target().syscalls.values() for number in call.compat_numbers}
    (name,) = guard("{syscall: {names: ['?*'], abi: [Native, Compat]}}")
    assert name.value.access == Builtin("syscall_number")
    assert name.ref == ListRef("rule-0-list-0")
    symbols = dict(name.value.type.symbols)
    assert numbers | compat == set(symbols)
    assert symbols[295 | COMPAT] == "openat"


def test_32_bit_callers_are_warned_of_once_a_policy() -> None:
    rules = "\n".join([one_rule("{syscall: read}"), one_rule("{syscall: write}").replace("it,", "other,")])
    assert [warning.code for warning in resolved(rules).warnings] == ["compat-not-covered"]
    covered = one_rule("{syscall: {names: [read], abi: [Native, Compat]}}")
    assert [warning.code for warning in resolved(covered).warnings] == ["every-system-call"]


# ------------------------------------------------------------------------------------------------ hook.name


def test_hook_name_is_the_target_as_it_is_spelled() -> None:
    found = typed(one_rule("{tracepoint: [block/block_rq_issue, signal/signal_generate]}", outputs=NAMED))
    names = []
    for rule in found.rules:
        name, kind = rule.outputs[0].values
        assert kind.access == Constant(1)
        names.append(dict(name.type.symbols)[name.access.number])
    assert names == ["block/block_rq_issue", "signal/signal_generate"]


def test_hook_name_of_a_system_call_is_its_number_everywhere() -> None:
    one = typed(one_rule("{syscall: stat}", outputs=NAMED)).rules[0].outputs[0].values[0]
    every = typed(one_rule("{syscall: '*'}", outputs=NAMED)).rules[0].outputs[0].values[0]
    assert one.access == Constant(saved_target().syscalls["stat"].number)
    assert one.type == every.type


def test_events_at_raw_syscalls_name_the_call() -> None:
    layout = typed(one_rule("{syscall: '*'}", outputs="[{event: {fields: [process.pid]}}]")).rules[0].outputs[0].layout
    assert [column.path for column in layout.columns] == ["hook.name", "process.pid"]


def test_hooks_are_numbered_for_the_events_header() -> None:
    found = typed(one_rule("{syscall: [read, write]}") + "\n" + one_rule("{xdp: eth0}").replace("it,", "other,"))
    assert [found.hooks[rule.hook] for rule in found.rules] == ["syscall:read", "syscall:write", "xdp:eth0"]
    assert [rule.row for rule in found.rules] == [0, 0, 1]


# ------------------------------------------------------------------------------------------------ firstOf


def test_first_of_takes_the_first_that_is_there() -> None:
    hook = "{firstOf: [{tracepoint: no/such}, {tracepoint: signal/signal_generate}, {syscall: kill}]}"
    assert [point.key for point in points(hook)] == ["tracepoint:signal/signal_generate"]


def test_first_of_none_is_an_error() -> None:
    assert problem(one_rule("{firstOf: [{tracepoint: no/such}, {syscall: opnat}]}")).code == "unknown-target"


def test_every_field_must_be_alike_in_each_alternative() -> None:
    hook = "{firstOf: [{syscall: openat}, {syscall: openat2}]}"
    assert typed(one_rule(hook, "[{field: args.filename, operator: Under, values: [/etc]}]")).rules
    absent = problem(one_rule(hook, "[{field: args.flags, operator: Equal, value: 0}]"))
    assert absent.code == "alternatives-differ"
    unlike = problem(
        one_rule("{firstOf: [{syscall: kill}, {syscall: exit_group}]}", "[{field: 'args[0]', operator: Equal, value: 1}]")
    )
    assert (unlike.code, "kill" in unlike.message) == ("alternatives-differ", True)


# ------------------------------------------------------------------------------------------------ the host


def test_cgroup_v2_is_found_on_hybrid_hosts_and_where_paths_have_spaces() -> None:
    mounts = (
        "30 1 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
        "31 30 0:27 /docker/1 /in/container rw - cgroup2 cgroup2 rw\n"
        "32 30 0:27 / /sys/fs/cgroup/a\\040b rw - cgroup2 cgroup2 rw\n"
    )
    assert _find_cgroup_root(mounts) == "/sys/fs/cgroup/a b"
    assert _find_cgroup_root("") == ""


def test_the_running_host_has_a_loopback_with_ethernet_headers() -> None:
    host = Host.running()
    assert host.interfaces is not None
    assert host.interfaces["lo"] == "ethernet"
    assert host.has_cgroup(host.cgroup_root) or not host.cgroup_root
