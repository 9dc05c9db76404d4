"""parsing: documents become frozen policies in their long form."""

from __future__ import annotations

from functools import partial

import pytest
from effort import calls
from policy_texts import WHOLE, parse, with_rule

from policyd.errors import PolicyError, Position
from policyd.parsing import Loaded, parse_policies
from policyd.policy import (
    Action,
    AllOf,
    AnyOf,
    Buckets,
    CgroupHook,
    EventOutput,
    FirstOf,
    Leaf,
    MetricOutput,
    Not,
    RawTracepointHook,
    SyscallHook,
    TcHook,
    TracepointHook,
    XdpHook,
)


def codes(text: str) -> list[str]:
    return [problem.code for problem in parse_policies(text.encode(), "f.yaml").problems]


def test_a_whole_policy_is_read() -> None:
    policy = parse(WHOLE)
    assert (policy.name, policy.severity, policy.mode, policy.suspend) == ("etc-writes", "medium", "enforce", True)
    assert policy.labels == (("team", "platform"), ("example.com/tier", "1"))
    assert policy.annotations == (("docs", "https://example.com/é"),)
    assert policy.description == "Who opens files under /etc for writing\n"
    assert policy.ring_bytes == 1 << 20
    assert [column.field for column in policy.event_fields] == ["time", "cpu"]
    assert policy.source == "f.yaml:1"
    assert policy.acts


def test_params_take_the_form_of_their_value_or_else_of_their_use() -> None:
    params = {param.name: (param.type, param.form, param.values, param.optional) for param in parse(WHOLE).params}
    assert params == {
        "package_managers": ("path", "list", ("/usr/bin/dpkg", "/usr/bin/apt"), False),
        "slowest": ("duration", "scalar", ("10ms",), False),
        "only_pid": ("pid", "scalar", (), True),
        "some": ("uid", "list", (), True),
    }


def test_an_empty_list_param_is_a_list() -> None:
    text = WHOLE.replace("[/usr/bin/dpkg, /usr/bin/apt]", "[]")
    assert parse(text).params[0].form == "list"


def test_filters_nest() -> None:
    under, refused, either, slow = parse(WHOLE).rules[0].filters
    assert under == Leaf(field="args.filename", operator="Under", values=("/etc",))
    assert refused == Not(part=Leaf(field="process.exe", operator="In", param="package_managers"))
    assert slow == Leaf(field="ret", operator="Greater", param="slowest")
    assert isinstance(either, AnyOf)
    assert isinstance(either.parts[1], AllOf)
    assert either.parts[1].parts[0] == Leaf(field="process.pid", operator="Equal", param="only_pid")


def test_columns_are_named_by_their_whole_path() -> None:
    event = parse(WHOLE).rules[0].outputs[0]
    assert isinstance(event, EventOutput)
    assert [(column.name, column.field) for column in event.fields] == [
        ("process", "process"), ("args_filename", "args.filename"), ("args_0_pid", "args[0].pid"),
    ]  # fmt: skip


def test_outputs_of_one_name_share_what_one_of_them_says() -> None:
    _, first, second, total = parse(WHOLE).rules[0].outputs
    assert isinstance(first, MetricOutput)
    assert isinstance(second, MetricOutput)
    assert isinstance(total, MetricOutput)
    assert (
        (second.help, second.max_entries, second.evict) == (first.help, first.max_entries, first.evict) == ("Opens", 5, True)
    )
    assert (total.kind, total.value, total.signed, total.max_entries) == ("sum", "ret", True, 10240)


def test_an_action_has_a_verdict_and_a_signal() -> None:
    assert parse(WHOLE).rules[0].action == Action(verdict="deny", number="EPERM", signal="SIGKILL")


@pytest.mark.parametrize(
    ("hook", "model"),
    [
        ("{syscall: openat}", SyscallHook(names=("openat",))),
        ("{syscall: [dup, 'dup*']}", SyscallHook(names=("dup", "dup*"))),
        ("{syscall: {names: ['*'], phase: exit}}", SyscallHook(names=("*",), phase="exit")),
        ("{syscall: {names: dup, abi: [Native, Compat]}}", SyscallHook(names=("dup",), abi=("Native", "Compat"))),
        ("{syscall: {names: dup, abi: Compat}}", SyscallHook(names=("dup",), abi=("Compat",))),
        ("{tracepoint: sched:sched_switch}", TracepointHook(names=("sched/sched_switch",))),
        ("{tracepoint: {names: ['sched/*']}}", TracepointHook(names=("sched/*",))),
        ("{raw_tracepoint: [sched_wakeup, sched_switch]}", RawTracepointHook(names=("sched_wakeup", "sched_switch"))),
        ("{xdp: 'veth*'}", XdpHook(interfaces=("veth*",))),
        ("{xdp: {interfaces: [eth0], mode: generic}}", XdpHook(interfaces=("eth0",), mode="generic")),
        ("{tc: {interfaces: eth0.100, direction: egress}}", TcHook(interfaces=("eth0.100",), direction="egress")),
        ("{cgroup: connect4}", CgroupHook(names=("connect4",))),
        (
            "{cgroup: {name: [connect4, connect6], path: /system.slice}}",
            CgroupHook(names=("connect4", "connect6"), path="/system.slice"),
        ),
        (
            "{firstOf: [{raw_tracepoint: a}, {syscall: b}]}",
            FirstOf(hooks=(RawTracepointHook(names=("a",)), SyscallHook(names=("b",)))),
        ),
    ],
)
def test_short_hooks_become_long(hook: str, model: object) -> None:
    assert parse(with_rule(hook=hook)).rules[0].hook == model


@pytest.mark.parametrize(
    ("buckets", "model"),
    [
        ("log2", Buckets()),
        ("{log2: 1us..64s}", Buckets(low="1us", high="64s")),
        ("{linear: 0..1000, step: 50}", Buckets(shape="linear", low="0", high="1000", step="50")),
        ("{linear: -10..10, step: 5}", Buckets(shape="linear", low="-10", high="10", step="5")),
        ("[100us, 1ms, 0.5s]", Buckets(shape="list", bounds=("100us", "1ms", "0.5s"))),
    ],
)
def test_buckets_have_three_forms(buckets: str, model: Buckets) -> None:
    policy = parse(with_rule(outputs=f"[{{histogram: {{name: h, value: ret, buckets: {buckets}}}}}]"))
    (output,) = policy.rules[0].outputs
    assert isinstance(output, MetricOutput)
    assert output.buckets == model


def test_columns_can_be_named_and_their_values_too() -> None:
    fields = "{op: {expr: hook.name, names: {'ext4_*': ext4, '*': other}}, pid: process.pid, c: {field: process.comm}}"
    (event,) = parse(with_rule(outputs=f"[{{event: {{fields: {fields}}}}}]")).rules[0].outputs
    assert isinstance(event, EventOutput)
    assert [(column.name, column.field, column.names) for column in event.fields] == [
        ("op", "hook.name", (("ext4_*", "ext4"), ("*", "other"))),
        ("pid", "process.pid", ()),
        ("c", "process.comm", ()),
    ]


@pytest.mark.parametrize("action", ["{drop: true}", "{pass: true}", "{mark: 0x10}", "{deny: EACCES}", "{signal: 9}"])
def test_an_action_alone_implies_an_event(action: str) -> None:
    (event,) = parse(with_rule(outputs="", action=action)).rules[0].outputs
    assert isinstance(event, EventOutput)
    assert event.implied
    assert [column.field for column in event.fields] == ["process", "args"]


def test_an_action_with_an_empty_list_of_outputs_has_no_event() -> None:
    assert parse(with_rule(outputs="[]", action="{drop: true}")).rules[0].outputs == ()


def test_the_document_is_parsed_back_into_an_equal_policy() -> None:
    policy = parse(WHOLE)
    again = parse(policy.document)
    assert again == policy
    assert hash(again) == hash(policy)
    assert again.document == policy.document


@pytest.mark.parametrize(
    "value", ['"\\e[31m\\x85\\u2028\\ufeff"', '"~"', '"null"', '""', "'a: b'", '"\\x7f\\t\\n"', '"\\U0001F600"']
)
def test_any_value_survives_the_document(value: str) -> None:
    policy = parse(with_rule(filters=f"[{{field: process.comm, operator: Equal, value: {value}}}]"))
    assert parse(policy.document) == policy


def test_comments_and_short_forms_change_no_policy() -> None:
    plain = parse(with_rule(hook="{syscall: openat}"))
    commented = parse("# a comment\n" + with_rule(hook="{syscall: {names: [openat], phase: enter}} # long"))
    assert commented == plain
    assert commented.position(("spec", "rules", 0, "hook")) != plain.position(("spec", "rules", 0, "hook"))


def test_a_description_changes_the_policy_and_nothing_of_its_rules() -> None:
    other = parse(WHOLE.replace("Who opens", "Who writes"))
    assert other != parse(WHOLE)
    assert other.rules == parse(WHOLE).rules


def test_every_part_knows_its_place() -> None:
    policy = parse(WHOLE)
    rule = policy.rules[0]
    assert policy.position(rule.at) == Position("f.yaml", 21, 7)
    leaf = rule.filters[0]
    assert isinstance(leaf, Leaf)
    assert policy.position((*leaf.at, "values")) == Position("f.yaml", 25, 59)
    assert policy.position((*policy.params[0].at, "type")) == Position("f.yaml", 16, 30)


def test_problems_name_their_policy() -> None:
    (problem,) = parse_policies(with_rule(outputs="[]").encode(), "f").problems
    assert problem.policy == "example"


def test_one_bad_document_leaves_the_others() -> None:
    loaded = parse_policies((with_rule(hook="{nothing: x}") + "---\n" + WHOLE).encode(), "f")
    assert [policy.name for policy in loaded.policies] == ["etc-writes"]
    assert [problem.code for problem in loaded.errors] == ["unknown-hook"]


def test_all_problems_of_a_policy_are_told_at_once() -> None:
    text = with_rule(
        hook="{syscal: x}",
        filters="[{field: 'a b', operator: Equal, value: 1}, {field: a, operator: Eq, value: 1}]",
        outputs="[{counter: {name: a-b}}]",
        action="{deny: EPERM, drop: true}",
    ).replace("name: example", "name: Example")
    found = codes(text)
    assert sorted(found) == sorted(
        ["bad-name", "unknown-hook", "bad-expression", "unknown-operator", "bad-metric-name", "conflicting-keys"]
    )


def test_require_raises_every_error() -> None:
    loaded = parse_policies(with_rule(hook="{nothing: x}", outputs="[{nothing: x}]").encode(), "f")
    with pytest.raises(PolicyError) as caught:
        loaded.require()
    assert len(caught.value.problems) == 2
    assert Loaded((), ()).require() == ()


def test_a_policy_that_acts_in_monitor_mode_is_told_so() -> None:
    assert codes(with_rule(action="{signal: SIGKILL}")) == ["nothing-acts"]
    assert codes(with_rule(action="{signal: SIGKILL}").replace("spec:\n", "spec:\n  mode: enforce\n")) == []


def blocking(number: int) -> str:
    values = ", ".join(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(number))
    return with_rule(filters=f"[{{field: dst.ip, operator: InCIDR, values: [{values}]}}]")


def test_100_000_values_are_read() -> None:
    leaf = parse(blocking(100_000)).rules[0].filters[0]
    assert isinstance(leaf, Leaf)
    assert len(leaf.values) == 100_000


def test_a_thousand_more_values_cost_the_same_however_many_there_are() -> None:
    some, more, most = (calls(partial(parse, blocking(number))) for number in (1000, 2000, 3000))
    assert most - more < 1.1 * (more - some)


def test_a_flood_of_problems_is_cut() -> None:
    filters = ", ".join("{field: a, operator: Nope, value: 1}" for _ in range(1000))
    assert len(codes(with_rule(filters=f"[{filters}]"))) == 100
