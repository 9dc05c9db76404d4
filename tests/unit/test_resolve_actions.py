"""Actions stand where the kernel can take them; elsewhere the error says where they could."""

from __future__ import annotations

from dataclasses import replace

import pytest
from resolving import HOST, one_rule, problem, resolved, typed

from policyd.cli.describe import _action
from policyd.effect import INTO, TypedAction
from policyd.host import Host
from policyd.record import RuleRecord

CONNECT, XDP, TC = "{cgroup: connect4}", "{xdp: eth0}", "{tc: {interfaces: [eth0], direction: egress}}"


@pytest.mark.parametrize(
    ("hook", "action", "expected"),
    [
        (CONNECT, "{deny: EPERM}", TypedAction("deny", 1)),
        (CONNECT, "{deny: ECONNREFUSED}", TypedAction("deny", 111)),
        (XDP, "{drop: true}", TypedAction("drop")),
        (XDP, "{pass: true}", TypedAction("pass")),
        (TC, "{mark: 0x10}", TypedAction("mark", 16)),
        (XDP, "{redirect: eth1}", TypedAction("redirect", 3)),
        (XDP, "{redirect: {interface: eth0}}", TypedAction("redirect", 2)),
        (TC, "{redirect: {interface: wg0, direction: egress}}", TypedAction("redirect", 4)),
        (TC, "{redirect: {interface: eth0, direction: ingress}}", TypedAction("redirect", 2 | INTO)),
        ("{cgroup: skb_egress}", "{drop: true}", TypedAction("drop")),
        ("{syscall: openat}", "{signal: SIGKILL}", TypedAction(signal=9)),
        ("{syscall: openat}", "{signal: stop}", TypedAction(signal=19)),
        ("{raw_tracepoint: sched_process_exec}", "{signal: '15'}", TypedAction(signal=15)),
    ],
)
def test_actions_have_their_numbers(hook: str, action: str, expected: TypedAction) -> None:
    policy = typed(one_rule(hook, more=f"action: {action}"))
    assert policy.rules[0].action == expected
    assert policy.acts


@pytest.mark.parametrize(
    ("hook", "action", "hint"),
    [
        ("{raw_tracepoint: sched_switch}", "{deny: EPERM}", "connect4"),
        (XDP, "{return: 1}", "fentry"),
        (CONNECT, "{redirect: eth1}", "tc"),
        ("{cgroup: skb_egress}", "{redirect: eth1}", "xdp"),
        (XDP, "{redirect: {interface: eth1, direction: ingress}}", "tc"),
        (XDP, "{deny: EPERM}", "connect4"),
        (XDP, "{mark: 1}", "tc"),
        (CONNECT, "{drop: true}", "xdp"),
        (CONNECT, "{signal: SIGKILL}", "syscall"),
        (XDP, "{signal: SIGKILL}", "syscall"),
        ("{tracepoint: tcp/tcp_retransmit_skb}", "{signal: SIGKILL}", "syscall"),
    ],
)
def test_an_action_that_cannot_be_taken_says_where_it_can(hook: str, action: str, hint: str) -> None:
    found = problem(one_rule(hook, more=f"action: {action}"))
    assert found.code == "action-not-here"
    assert hint in found.hint
    assert "action" in found.path


@pytest.mark.parametrize(
    ("hook", "action"),
    [
        (CONNECT, "{deny: EPREM}"),
        (CONNECT, "{deny: 0}"),
        (CONNECT, "{deny: 5000}"),
        (TC, "{mark: 4294967296}"),
        ("{syscall: openat}", "{signal: SIGKIL}"),
        ("{syscall: openat}", "{signal: 65}"),
    ],
)
def test_a_number_that_means_nothing_is_refused(hook: str, action: str) -> None:
    assert problem(one_rule(hook, more=f"action: {action}")).code == "bad-value"


def test_a_monitor_policy_keeps_its_actions_for_the_day_it_enforces() -> None:
    text = one_rule(XDP, more="action: {drop: true}")
    monitor, enforce = typed(text), typed(text, "mode: enforce")
    assert (monitor.enforce, enforce.enforce) == (False, True)
    assert monitor.rules == enforce.rules


def test_a_packet_goes_to_an_interface_that_is_there() -> None:
    found = problem(one_rule(XDP, more="action: {redirect: eth11}"))
    assert (found.code, found.message) == ("unknown-target", "there is no interface `eth11`")
    assert "eth1" in found.hint


def test_an_interface_that_is_not_there_makes_an_optional_rule_not_applicable() -> None:
    policy = typed(one_rule(XDP, more="action: {redirect: eth11}, optional: true"))
    assert not policy.rules
    assert policy.not_applicable == (("it", "there is no interface `eth11`"),)


@pytest.mark.parametrize(
    ("hook", "action", "message"),
    [
        (XDP, "{redirect: 'eth*'}", "one interface"),
        (TC, "{redirect: {interface: eth0}}", "to itself"),
        ("{tc: {interfaces: [eth0], direction: ingress}}", "{redirect: {interface: eth0, direction: ingress}}", "to itself"),
    ],
)
def test_a_redirect_has_one_end_which_is_not_its_beginning(hook: str, action: str, message: str) -> None:
    assert message in problem(one_rule(hook, more=f"action: {action}")).message


def test_an_interface_of_another_host_has_no_number_yet() -> None:
    policy = resolved(one_rule(XDP, more="action: {redirect: uplink}"), host=Host.anywhere()).policy
    assert policy.rules[0].action == TypedAction("redirect")


def test_an_interface_that_is_made_again_changes_the_rule() -> None:
    """What `apply` and the agent compare: the number is the rule's."""
    again = replace(HOST, indexes={**HOST.indexes, "eth1": 9})
    text = one_rule(XDP, more="action: {redirect: eth1}")
    assert [resolved(text, host=host).policy.rules[0].action.number for host in (HOST, again)] == [3, 9]


@pytest.mark.parametrize(
    ("number", "shown"),
    [(1, "redirect to lo"), (1 | INTO, "redirect into lo"), (99999, "redirect to an interface that is gone (99999)")],
)
def test_where_packets_go_is_described_by_name(number: int, shown: str) -> None:
    assert _action(RuleRecord(0, "it", "xdp:eth0", "xdp", 0, "", "redirect", number, 0)) == shown
