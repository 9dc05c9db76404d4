"""Hooks of sockets and cgroups as policies spell them: what can be read and done at each, and what is said otherwise."""

from __future__ import annotations

import pytest
from resolving import HOST, one_rule, problem, resolved

from policyd.errors import PolicyError
from policyd.unit import AttachPoint
from policyd.vocabulary.attach import attach_kind
from policyd.vocabulary.fields import FIELDS
from policyd.vocabulary.hooks import CGROUP_HOOKS, hook_kind
from policyd.vocabulary.kinds import parse, show
from policyd.vocabulary.socket_options import OPTION_LEVELS, OPTION_NAMES

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
        ("{cgroup: sock_create}", "src.ip", "packets are seen"),
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
