"""Hooks of netfilter and of netkit devices become attach points; at a place of netfilter all policies share one mode."""

from __future__ import annotations

import pytest
from resolving import one_rule, policy_text, problem, resolved, saved_target, typed

from policyd.daemon.means import Means, means_of
from policyd.errors import PolicyError
from policyd.parsing import parse_policies
from policyd.places import Netfilter, netfilter, netfilter_place
from policyd.unit import AttachPoint, gather


@pytest.mark.parametrize(
    ("hook", "keys"),
    [
        ("{netfilter: input}", ["netfilter:ip/input/0", "netfilter:ip6/input/0"]),
        ("{netfilter: {hook: [output], family: ip6, priority: -300}}", ["netfilter:ip6/output/-300"]),
        ("{netfilter: {hook: [forward, forward], family: ip}}", ["netfilter:ip/forward/0"]),
        ("{netfilter: {hook: prerouting, family: ip, priority: 2147483646}}", ["netfilter:ip/prerouting/2147483646"]),
    ],
)
def test_a_hook_becomes_a_point_a_family(hook: str, keys: list[str]) -> None:
    assert [rule.attach_point.key for rule in typed(one_rule(hook)).rules] == keys


@pytest.mark.parametrize(
    ("hook", "code", "words"),
    [
        ("{netfilter: inptu}", "unknown-value", "input"),
        ("{netfilter: {hook: input, family: ipv4}}", "unknown-value", "ip"),
        ("{netfilter: {hook: input, priority: 2147483647}}", "bad-count", "from -2147483646 to 2147483646"),
        ("{netfilter: {hook: input, priority: filter}}", "bad-count", "filter"),
        ("{netfilter: {hook: input, defrag: maybe}}", "not-a-flag", "maybe"),
        ("{netfilter: {hook: input, prio: 3}}", "unknown-key", "priority"),
    ],
)
def test_what_is_misspelled_is_refused_with_what_was_meant(hook: str, code: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policies(policy_text(one_rule(hook)).encode(), "tried.yaml").require()
    (found,) = caught.value.problems
    assert found.code == code
    assert words in f"{found.message} {found.hint}"


def test_fragments_cannot_be_put_together_before_the_kernel_does() -> None:
    hook = "{netfilter: {hook: input, priority: -400, defrag: true}}"
    assert problem(one_rule(hook)).code == "bad-priority"
    assert typed(one_rule(hook.replace("-400", "-399"))).rules[0].attach_point.option == "defrag"


def test_a_kernel_without_netfilter_links_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(saved_target()), "has_attach_type", lambda _, name: name != "BPF_NETFILTER")
    assert "netfilter hooks need Linux 6.4" in problem(one_rule("{netfilter: input}")).message


def test_one_rule_that_wants_whole_packets_gets_them_for_all_at_the_place() -> None:
    hook = "{netfilter: {hook: input, family: ip%s}}"
    rules = "\n".join(
        one_rule(hook % more).replace("name: it", f"name: {name}") for name, more in (("a", ""), ("b", ", defrag: true"))
    )
    (unit,) = gather([resolved(rules).policy]).units
    assert (unit.attach_point.option, len(unit.rules)) == ("defrag", 2)
    assert unit.attach_point.key == "netfilter:ip/input/0"


@pytest.mark.parametrize("field", ["eth.src", "interface.in", "interface.out", "dst.port"])
def test_fields_of_packets_and_both_interfaces_are_there(field: str) -> None:
    rule = one_rule("{netfilter: forward}", f"[{{field: {field}, operator: Exists}}]")
    assert len(typed(rule).rules) == 2


@pytest.mark.parametrize(
    ("hook", "words"),
    [("{netfilter: {hook: input, family: ip}}", "process.pid"), ("{xdp: lo}", "interface.in")],
)
def test_what_is_not_known_there_is_refused(hook: str, words: str) -> None:
    assert problem(one_rule(hook, f"[{{field: {words}, operator: Exists}}]")).code in {"unknown-field", "field-not-here"}


def test_a_place_is_spelled_and_read_again() -> None:
    place = Netfilter("ip6", "postrouting", -5, True)
    assert netfilter_place(netfilter(place)) == place
    assert netfilter(place) == AttachPoint("netfilter", "ip6/postrouting/-5", "defrag", "none")


def test_the_agent_sends_itself_a_packet_but_cannot_forward_one() -> None:
    assert means_of(AttachPoint("netfilter", "ip6/input/0"), "") == Means("datagram", "6")
    assert "forwarded" in str(means_of(AttachPoint("netfilter", "ip/forward/0"), ""))


def test_a_netkit_device_is_a_place_a_side_and_known_by_the_name_in_the_policy() -> None:
    found = typed(
        one_rule("{netkit: {interfaces: ['eth*'], side: peer}}", outputs="[{counter: {name: seen, by: [hook.name]}}]")
    )
    assert [rule.attach_point.key for rule in found.rules] == ["netkit:eth0:peer", "netkit:eth1:peer"]
    assert found.hooks == ("netkit:eth0:peer", "netkit:eth1:peer")


@pytest.mark.parametrize("hook", ["{netkit: {interfaces: [eth0], side: pear}}", "{netkit: {interfaces: [eth0]}}"])
def test_a_side_that_is_none_is_refused(hook: str) -> None:
    with pytest.raises(PolicyError, match=r"peer|side"):
        parse_policies(policy_text(one_rule(hook)).encode(), "tried.yaml").require()


def test_a_kernel_without_netkit_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(saved_target()), "has_attach_type", lambda _, name: "NETKIT" not in name)
    assert "netkit hooks need Linux 6.7" in problem(one_rule("{netkit: {interfaces: [eth0], side: peer}}")).message
