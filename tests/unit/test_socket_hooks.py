"""Hooks of sockets and cgroups as policies spell them: what can be read and done at each, and what is said otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator
from resolving import HOST, one_rule, problem, resolved, saved_target

from policyd.codegen.hook import callbacks
from policyd.condition import leaves
from policyd.errors import NotFoundError, PolicyError
from policyd.explain import explain
from policyd.schema import json_schema
from policyd.unit import AttachPoint, gather
from policyd.value import ContextLoad
from policyd.vocabulary.attach import attach_kind
from policyd.vocabulary.fields import FIELDS
from policyd.vocabulary.hooks import CGROUP_HOOKS, hook_kind
from policyd.vocabulary.kinds import parse, show
from policyd.vocabulary.socket_options import OPTION_LEVELS, OPTION_NAMES
from policyd.vocabulary.tcp_events import TCP_EVENTS

FIELD = {row.path: row for row in FIELDS}


@pytest.mark.parametrize("name", CGROUP_HOOKS)
def test_every_hook_of_a_cgroup_is_an_attach_point_of_its_own(name: str) -> None:
    (rule,) = resolved(one_rule(f"{{cgroup: {name}}}", outputs="[{counter: {name: n_total}}]")).policy.rules
    assert rule.attach_point == AttachPoint("cgroup", HOST.cgroup_root, name)
    row = attach_kind("cgroup", name)
    assert (row.replacement, row.neutral, row.link) == ("link update", 1, "cgroup")


@pytest.mark.parametrize(
    ("hook", "field", "words"),
    [
        ("{cgroup: sock_create}", "src.ip", "there is no packet here"),
        ("{cgroup: sock_create}", "sockopt.name", "setsockopt and getsockopt have one"),
        ("{cgroup: setsockopt}", "ret", "this hook has no arguments"),
        ("{cgroup: setsockopt}", "sysctl.name", "the cgroup hook sysctl has one"),
        ("{cgroup: sysctl}", "device.major", "the cgroup hook device has one"),
        ("{cgroup: device}", "device.mayor", "device.major"),
        ("{cgroup: getsockname4}", "dst.port", "there is no destination here"),
        ("{syscall: getppid}", "sockopt.value", "setsockopt and getsockopt have one"),
    ],
)
def test_a_field_of_another_hook_says_where_it_is(hook: str, field: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        resolved(one_rule(hook, outputs=f"[{{event: {{fields: [{field}]}}}}]"))
    assert words in str(caught.value.problems[0])


@pytest.mark.parametrize("name", [name for name in CGROUP_HOOKS if not hook_kind("cgroup", name).verdicts])
def test_what_the_kernel_only_tells_cannot_be_denied(name: str) -> None:
    found = problem(one_rule(f"{{cgroup: {name}}}", more="action: {deny: EPERM}"))
    assert found.code == "action-not-here"
    assert "cgroup hooks" in found.hint


def test_a_misspelled_hook_of_a_cgroup_has_a_near_miss() -> None:
    with pytest.raises(PolicyError) as caught:
        resolved(one_rule("{cgroup: setsockop}"))
    (found,) = caught.value.problems
    assert (found.code, "`setsockopt`" in found.hint) == ("unknown-value", True)


def test_the_name_of_an_option_is_its_level_and_its_number() -> None:
    type_ = FIELD["sockopt.name"].type
    assert parse(type_, "SO_MARK") == 1 << 32 | 36
    assert parse(type_, "IP_TTL") == 2
    assert parse(type_, "TCP_MAXSEG") == 6 << 32 | 2
    assert show(type_, 6 << 32 | 13) == "TCP_CONGESTION"
    assert show(type_, 6 << 32 | 999) == 6 << 32 | 999
    assert parse(FIELD["sockopt.level"].type, "IPPROTO_TCP") == parse(FIELD["sockopt.level"].type, "SOL_TCP") == 6
    assert show(FIELD["sockopt.level"].type, 6) == "SOL_TCP"
    with pytest.raises(ValueError, match="SO_REUSEPORT"):
        parse(type_, "SO_REUSEPROT")


def test_names_of_options_are_of_known_levels_and_of_one_option_each() -> None:
    assert {number >> 32 for number, _ in OPTION_NAMES} <= {number for number, _ in OPTION_LEVELS}
    assert len({number for number, _ in OPTION_NAMES}) == len({name for _, name in OPTION_NAMES}) == len(OPTION_NAMES)


# ------------------------------------------------------------------------------------------------ TCP events


def test_the_events_of_a_cgroup_are_one_attach_point() -> None:
    found = resolved(one_rule("{sock_ops: {events: [Retransmit, StateChange], path: /system.slice}}")).policy
    assert {rule.attach_point for rule in found.rules} == {AttachPoint("sock_ops", f"{HOST.cgroup_root}/system.slice")}
    assert found.hooks == tuple(f"sock_ops:{name}:{HOST.cgroup_root}/system.slice" for name in ("Retransmit", "StateChange"))


def test_every_tcp_event_can_be_named() -> None:
    names = [row.name for row in TCP_EVENTS]
    rules = resolved(one_rule(f"{{sock_ops: [{', '.join(names)}]}}")).policy.rules
    assert [test.operands for rule in rules for test in leaves(rule.condition)] == [(row.number,) for row in TCP_EVENTS]


@pytest.mark.parametrize(
    ("events", "flags"),
    [
        ("[ActiveEstablished]", 0),
        ("[Connect, Retransmit]", 2),
        ("[RTO, StateChange]", 5),
        ("[RTT]", 8),
        ("[Retransmit, RTO, StateChange, RTT, Listen]", 15),
    ],
)
def test_the_kernel_is_asked_for_what_rules_are_about_alone(events: str, flags: int) -> None:
    (unit,) = gather([resolved(one_rule(f"{{sock_ops: {events}}}")).policy]).units
    assert callbacks(unit) == (f"PD_CALLBACKS {flags}",)


@pytest.mark.parametrize(
    ("hook", "field", "words"),
    [
        ("{sock_ops: StateChange}", "args.newstate", "args.new_state"),
        ("{sock_ops: Listen}", "args.segments", "the event Listen has no argument"),
        ("{sock_ops: Retransmit}", "process.comm", "the current process is whoever was interrupted"),
        ("{sock_ops: Retransmit}", "tcp.retransmit", "tcp.retransmits"),
        ("{cgroup: connect4}", "tcp.srtt", "sock_ops hooks have one"),
    ],
)
def test_what_an_event_has_not_is_said(hook: str, field: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        resolved(one_rule(hook, outputs=f"[{{event: {{fields: ['{field}']}}}}]"))
    assert words in str(caught.value.problems[0])


def test_arguments_are_read_by_name_and_by_position() -> None:
    (rule,) = resolved(one_rule("{sock_ops: StateChange}", outputs="[{event: {fields: [args, 'args[1]']}}]")).policy.rules
    values = [value for output in rule.outputs for value in output.values]  # type: ignore[union-attr]
    assert [(value.path, value.access) for value in values] == [
        ("args.old_state", ContextLoad(4, 4)),
        ("args.new_state", ContextLoad(8, 4)),
        ("args[1]", ContextLoad(8, 4)),
    ]


def test_an_event_is_explained_with_its_arguments() -> None:
    page = explain("hook", "sock_ops:StateChange", saved_target())
    assert any("old_state" in str(table) for table in page.tables)
    with pytest.raises(NotFoundError, match="`Retransmit`"):
        explain("hook", "sock_ops:Retransmits", saved_target())


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("{sock_ops: Retransmitt}", "unknown-value", "`Retransmit`"),
        ("{sock_ops: []}", "missing-key", "`events`"),
        ("{sock_ops: {event: RTO}}", "unknown-key", "`events`"),
        ("{sock_op: RTO}", "unknown-hook", "`sock_ops`"),
    ],
)
def test_a_hook_that_is_misspelled_has_a_near_miss(text: str, code: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        resolved(one_rule(text))
    (found,) = caught.value.problems
    assert found.code == code
    assert words in f"{found.message} {found.hint}"


def test_no_verdict_can_be_taken_at_an_event() -> None:
    assert problem(one_rule("{sock_ops: Listen}", more="action: {deny: EPERM}")).code == "action-not-here"


# ------------------------------------------------------------------------------------------------ look-ups

NOWHERE = replace(HOST, has_network=lambda path: path == "/run/netns/blue")


def test_a_network_namespace_is_ones_own_or_a_file() -> None:
    (own,) = resolved(one_rule("{sk_lookup: {}}")).policy.rules
    (blue,) = resolved(one_rule("{sk_lookup: /run/netns/blue}"), host=NOWHERE).policy.rules
    assert own.attach_point == AttachPoint("sk_lookup", "own")
    assert blue.attach_point == AttachPoint("sk_lookup", "/run/netns/blue")


@pytest.mark.parametrize(
    ("hook", "code", "words"),
    [
        ("{sk_lookup: /run/netns/bleu}", "unknown-target", "there is no network namespace"),
        ("{sk_lookup: blue}", "bad-target", "/run/netns/blue"),
        ("{sk_lookup: /run/../etc}", "bad-target", "no absolute path"),
        ("{sk_lookup: []}", "missing-key", "`netns`"),
        ("{sk_lookup: {net: /run/netns/blue}}", "unknown-key", "`netns`"),
        ("{sk_lookups: {}}", "unknown-hook", "`sk_lookup`"),
    ],
)
def test_a_namespace_that_is_not_there_is_said(hook: str, code: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        resolved(one_rule(hook), host=NOWHERE)
    (found,) = caught.value.problems
    assert found.code == code
    assert words in f"{found.message} {found.hint}"


def test_a_look_up_can_be_turned_away_and_not_denied() -> None:
    (rule,) = resolved(one_rule("{sk_lookup: {}}", more="action: {drop: true}")).policy.rules
    assert rule.action.verdict == "drop"
    assert "sk_lookup" in problem(one_rule("{syscall: getppid}", more="action: {drop: true}")).hint
    assert problem(one_rule("{sk_lookup: {}}", more="action: {deny: EPERM}")).code == "action-not-here"


@pytest.mark.parametrize("field", ["process.pid", "eth.src", "state", "args.x"])
def test_what_a_look_up_does_not_know_is_refused(field: str) -> None:
    with pytest.raises(PolicyError):
        resolved(one_rule("{sk_lookup: {}}", outputs=f"[{{event: {{fields: [{field}]}}}}]"))


@pytest.mark.parametrize("hook", ["{sk_lookup: {}}", "{sock_ops: Listen}"])
def test_a_scope_of_cgroups_is_refused_where_no_process_acts(hook: str) -> None:
    with pytest.raises(PolicyError) as caught:
        resolved(one_rule(hook, more="scope: {cgroups: [/system.slice]}"))
    assert any("current process" in str(found) for found in caught.value.problems)


@pytest.mark.parametrize(
    ("hook", "fits"),
    [
        ({"sk_lookup": {}}, True),
        ({"sk_lookup": "/run/netns/blue"}, True),
        ({"sk_lookup": ["/run/netns/blue", "/run/netns/green"]}, True),
        ({"sk_lookup": "blue"}, False),
        ({"sk_lookup": {"net": "/run/netns/blue"}}, False),
        ({"sock_ops": "Retransmit"}, True),
        ({"sock_ops": ["Retransmit", "RTO"]}, True),
        ({"sock_ops": {"events": "RTT", "path": "/system.slice"}}, True),
        ({"sock_ops": "Retransmitt"}, False),
        ({"cgroup": "setsockopt"}, True),
        ({"cgroup": {"name": ["sysctl", "device"], "path": "/user.slice"}}, True),
        ({"cgroup": "setsockop"}, False),
    ],
)
def test_the_schema_takes_what_the_parser_takes(hook: dict[str, object], fits: bool) -> None:
    schema = json_schema()
    one = {"$schema": schema["$schema"], "$ref": "#/$defs/hook", "$defs": schema["$defs"]}
    assert Draft202012Validator(one).is_valid(hook) == fits
