"""`above`: a rule is about what is beyond a rate; its numbers are scalars, its buckets a map, in events or in bytes."""

from __future__ import annotations

import pytest
from resolving import one_rule, problem, typed

from policyd.maps import MapClass
from policyd.parsing import parse_policies
from policyd.policy import Above
from policyd.policy.rates import BYTE_PARTS
from policyd.unit import BoundUnit, Rows, TypedPolicy, gather

XDP, OPENAT = "{xdp: eth0}", "{syscall: openat}"


def above(text: str, hook: str = XDP, more: str = "action: {drop: true}") -> TypedPolicy:
    return typed(one_rule(hook, outputs="[]", more=f"above: {text}, {more}"))


def test_a_rule_s_limit_has_a_bucket_for_each_key() -> None:
    found = above("{events: 1000, per: 1s, by: [src.ip], burst: 2000, maxKeys: 512}")
    (rule,), (spec,), (scalar,) = found.rules, found.maps, found.scalars
    assert rule.above is not None
    assert (rule.above.name, rule.above.weight) == (spec.name, None) == (scalar.name, None) == ("it-above", None)
    assert (spec.map_class, spec.max_entries) == (MapClass("lru_hash", 16, 8), 1024)
    assert scalar.value == (10**6, 2 * 10**9)


def test_bytes_are_those_of_the_packet() -> None:
    found = above("{bytes: 10Mi, per: 1s, burst: 1Mi}")
    limit, scalar = found.rules[0].above, found.scalars[0]
    assert limit is not None
    assert limit.weight is not None
    assert limit.weight.path == "packet.length"
    assert scalar.value == (97657, 97657 * (1 << 20) // BYTE_PARTS)


@pytest.mark.parametrize(("size", "per"), [(1, 10**9), (10 << 20, 10**9), (125_000_000_000, 10**9), (3, 7)])
def test_a_byte_is_earned_no_sooner_than_the_rate_says(size: int, per: int) -> None:
    rate = Above.model_validate({"bytes": size, "per": per, "at": ()})
    assert (rate.interval - 1) * size < per * BYTE_PARTS <= rate.interval * size


def test_only_packets_have_bytes() -> None:
    found = problem(one_rule(OPENAT, more="above: {bytes: 1Mi, per: 1s}"))
    assert "those of packets" in found.message
    assert found.hint == "count `events`"


def test_a_snapshot_has_no_rate() -> None:
    found = problem(
        one_rule("{iter: task}", outputs="[{event: {fields: [args.task.pid]}}]", more="above: {events: 1, per: 1s}")
    )
    assert (found.code, found.path[-1]) == ("output-not-here", "above")


def test_any_hook_has_events() -> None:
    found = above("{events: 10, per: 1m, by: [process.pid]}", OPENAT, "action: {signal: SIGURG}")
    assert found.rules[0].above is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{events: 1, bytes: 1, per: 1s}", "either `events` or `bytes`"),
        ("{per: 1s}", "needs `events`"),
        ("{events: 1}", "needs `per`"),
        ("{bytes: 1, per: 1m}", "less than one in a second"),
        ("{bytes: 16Ti, per: 1us}", "more than 512 in a nanosecond"),
        ("{bytes: some, per: 1s}", "is no amount"),
        ("{events: 5, per: 1ns}", "more than one event in a nanosecond"),
        ("{events: 1, per: 1s, maxKeys: 5}", "without `by`"),
        ("{events: 1, per: 1s, bye: [src.ip]}", "has no key"),
    ],
)
def test_what_is_no_rate_is_told(text: str, message: str) -> None:
    text = one_rule(XDP, outputs="[]", more=f"above: {text}, action: {{drop: true}}")
    head = "apiVersion: policyd.dev/v1alpha1\nkind: Policy\nmetadata: {name: x}\nspec:\n  rules:\n    "
    found = parse_policies((head + text).encode(), "x.yaml").problems
    assert [message in problem.message for problem in found if problem.severity == "error"] == [True], found


def identity(text: str) -> str:
    found = above(text)
    (unit,) = gather([found]).units
    maps = {(found.name, one.name): one for one in found.maps}
    rows = Rows({found.name: 0}, dict.fromkeys(maps, 0), {(found.name, one.name): 0 for one in found.scalars})
    return BoundUnit(unit, rows, maps).fingerprint


def test_numbers_are_no_part_of_the_program_and_the_unit_and_the_key_are() -> None:
    text = "{events: 10, per: 1s, by: [src.ip]}"
    assert identity(text) == identity("{events: 99, per: 1m, by: [src.ip], burst: 5}")
    others = {identity(other) for other in ("{bytes: 10Ki, per: 1s, by: [src.ip]}", "{events: 10, per: 1s, by: [dst.ip]}")}
    assert len({identity(text), *others}) == 3
