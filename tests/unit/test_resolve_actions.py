"""Actions stand where the kernel can take them; elsewhere the error says where they could."""

from __future__ import annotations

import pytest
from resolving import one_rule, problem, typed

from policyd.effect import TypedAction

CONNECT, XDP, TC = "{cgroup: connect4}", "{xdp: eth0}", "{tc: {interfaces: [eth0], direction: egress}}"


@pytest.mark.parametrize(
    ("hook", "action", "expected"),
    [
        (CONNECT, "{deny: EPERM}", TypedAction("deny", 1)),
        (CONNECT, "{deny: ECONNREFUSED}", TypedAction("deny", 111)),
        (XDP, "{drop: true}", TypedAction("drop")),
        (XDP, "{pass: true}", TypedAction("pass")),
        (TC, "{mark: 0x10}", TypedAction("mark", 16)),
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
