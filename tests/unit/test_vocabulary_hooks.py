"""The tables of hooks and attach kinds agree with each other and with the kernel's own numbers."""

from __future__ import annotations

import pytest

from policyd.kernel.bpf.btf import Btf
from policyd.unit import AttachPoint
from policyd.vocabulary.actions import ACTIONS
from policyd.vocabulary.attach import ATTACH_KINDS, attach_kind
from policyd.vocabulary.fields import HOOK_KIND
from policyd.vocabulary.hooks import CGROUP_HOOKS, HOOK_KINDS, INSTEAD, LATER_HOOKS, hook_kind, whose_process


@pytest.fixture(scope="module")
def btf() -> Btf:
    return Btf.load()


@pytest.mark.parametrize("row", ATTACH_KINDS, ids=lambda row: f"{row.kind}-{row.options[0]}")
def test_program_and_attach_types_are_the_kernels_numbers(row: object, btf: Btf) -> None:
    assert btf.enumerator(row.program_type_name) == row.program_type
    if row.attach_type_name:
        assert btf.enumerator(row.attach_type_name) == row.link_attach_type


def test_every_hook_has_an_attach_kind_and_a_key_of_its_own() -> None:
    assert len({row.key for row in HOOK_KINDS}) == len(HOOK_KINDS)
    for row in HOOK_KINDS:
        matching = [a for a in ATTACH_KINDS if a.kind == row.attach_kind and (not row.name or row.name in a.options)]
        assert matching, row.key


def test_no_attach_point_has_two_rows() -> None:
    pairs = [(row.kind, option) for row in ATTACH_KINDS for option in row.options]
    assert len(pairs) == len(set(pairs))
    assert attach_kind("tcx", "egress").attach_type_name == "BPF_TCX_EGRESS"
    with pytest.raises(KeyError):
        attach_kind("tcx", "sideways")


def test_link_updates_are_only_claimed_for_kinds_that_have_them() -> None:
    updated = {row.kind for row in ATTACH_KINDS if row.replacement == "link update"}
    assert updated == {"xdp", "tcx", "netkit", "cgroup", "iter", "sock_ops", "sk_lookup"}


def test_a_hook_without_verdict_lets_other_programs_go_on() -> None:
    neutral = {row.kind: row.neutral for row in ATTACH_KINDS}
    others = {kind: verdict for kind, verdict in neutral.items() if verdict}
    assert others == {
        "xdp": 2,
        "tcx": -1,
        "netkit": -1,
        "clsact": -1,
        "netfilter": 1,
        "cgroup": 1,
        "sock_ops": 1,
        "sk_lookup": 1,
    }


def test_every_kind_of_hook_has_a_number_for_hook_kind() -> None:
    assert {row.kind for row in HOOK_KINDS} <= {name for _, name in HOOK_KIND.symbols}


def test_signals_need_a_process_that_acts() -> None:
    assert all(row.process_is_actor for row in HOOK_KINDS if row.signals)
    assert not any(row.process_is_actor for row in HOOK_KINDS if "packet" in row.contexts)


def test_each_action_says_where_it_can_be_taken_instead() -> None:
    assert set(INSTEAD) == set(ACTIONS)


def test_reserved_hooks_are_not_offered() -> None:
    assert not {row.kind for row in HOOK_KINDS} & set(LATER_HOOKS)


def test_cgroup_hooks_are_found_by_name() -> None:
    assert [hook_kind("cgroup", name).key for name in CGROUP_HOOKS] == [f"cgroup:{name}" for name in CGROUP_HOOKS]


@pytest.mark.parametrize(
    ("event", "whose"),
    [
        ("sched/sched_switch", "actor"),
        ("sched_switch", "actor"),
        ("tcp/tcp_retransmit_skb", "interrupted"),
        ("tcp_retransmit_skb", "interrupted"),
        ("tcp/tcp_destroy_sock", "mixed"),
        ("inet_sock_set_state", "mixed"),
        ("irq/softirq_entry", "interrupted"),
        ("kvm_apic_accept_irq", "actor"),
        ("syscalls/sys_enter_openat", "actor"),
    ],
)
def test_events_in_interrupts_are_known_by_either_name(event: str, whose: str) -> None:
    assert whose_process(event) == whose


def test_a_point_of_every_attach_kind_has_a_key_and_an_id_without_dots() -> None:
    for row in ATTACH_KINDS:
        point = AttachPoint(row.kind, "some.thing", row.options[0])
        assert "." not in point.id
