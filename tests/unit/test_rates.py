"""`rateLimit` and `sample`: their numbers, their maps, what is shared and what is not."""

from __future__ import annotations

import pytest
from resolving import one_rule, problem, typed

from policyd.effect import EventOutput
from policyd.maps import MapClass, MapSpec, ScalarParam
from policyd.policy import RateLimit, Rates
from policyd.unit import BoundUnit, Rows, TypedPolicy, gather

OPENAT = "{syscall: openat}"


def limited(text: str, spec: str = "", hook: str = OPENAT) -> TypedPolicy:
    return typed(one_rule(hook, outputs=f"[{{event: {{fields: [cpu], {text}}}}}]"), spec)


def parts(policy: TypedPolicy) -> tuple[EventOutput, dict[str, MapSpec], dict[str, ScalarParam]]:
    output = policy.rules[0].outputs[0]
    assert isinstance(output, EventOutput)
    return output, {one.name: one for one in policy.maps}, {one.name: one for one in policy.scalars}


@pytest.mark.parametrize(
    ("events", "per", "interval"),
    [(100, 10**9, 10**7), (3, 10**9, 333_333_334), (1, 3600 * 10**9, 3600 * 10**9), (10**9, 10**9, 1)],
)
def test_an_event_is_earned_no_sooner_than_the_rate_says(events: int, per: int, interval: int) -> None:
    assert RateLimit(events=events, per=per).interval == interval


@pytest.mark.parametrize(
    ("share", "threshold"), [("1/1", 1 << 32), ("1/2", 1 << 31), ("3/4", 3 << 30), ("1/4294967296", 1), ("1/3", 1431655765)]
)
def test_a_share_is_so_many_of_all_random_numbers(share: str, threshold: int) -> None:
    assert Rates(sample=share).threshold == threshold


def test_each_key_has_a_bucket_in_an_lru_map() -> None:
    found = limited("rateLimit: {events: 10, per: 1s, by: [process.pid, process.comm], burst: 4, maxKeys: 99}")
    output, maps, scalars = parts(found)
    (limit,) = output.limits
    assert (maps[limit.name].map_class, maps[limit.name].max_entries) == (MapClass("lru_hash", 24, 8), 198)
    assert scalars[limit.name].value == (10**8, 4 * 10**8)
    assert [value.path for value in limit.keys] == ["process.pid", "process.comm"]


def test_without_columns_there_is_one_bucket() -> None:
    _, maps, _ = parts(limited("rateLimit: {events: 10, per: 1s}"))
    assert [one.map_class for one in maps.values()] == [MapClass("array", 4, 8, max_entries=1)]


def test_the_event_s_own_rates_go_before_the_policy_s() -> None:
    text = "rateLimit: {events: 10, per: 1s}, sample: 1/2"
    output, _, _ = parts(limited(text, f"event: {{{text}}}"))
    assert (output.samples, tuple(limit.name for limit in output.limits)) == (
        ("it-0-sample", "events-sample"),
        ("it-0-rate", "events-rate"),
    )


def test_an_implied_event_is_held_back_by_the_policy_s_rate() -> None:
    found = typed(one_rule(OPENAT, outputs="", more="action: {signal: SIGURG}"), "event: {rateLimit: {events: 1, per: 1s}}")
    output, _, _ = parts(found)
    assert [limit.name for limit in output.limits] == ["events-rate"]


def test_other_numbers_make_neither_another_program_nor_another_map() -> None:
    def identity(events: int, sample: str) -> tuple[str, set[str]]:
        found = limited(f"rateLimit: {{events: {events}, per: 1s, by: [process.pid]}}, sample: {sample}")
        (unit,) = gather([found]).units
        maps = {(found.name, one.name): one for one in found.maps}
        rows = Rows({found.name: 0}, dict.fromkeys(maps, 0), {(found.name, one.name): 0 for one in found.scalars})
        return BoundUnit(unit, rows, maps).fingerprint, {one.fingerprint for one in found.maps}

    assert identity(10, "1/2") == identity(20, "1/3")


def test_a_rate_s_numbers_are_no_params() -> None:
    assert not any(one.is_param for one in limited("rateLimit: {events: 10, per: 1s}, sample: 1/2").scalars)


def test_a_key_that_is_a_list_is_refused_with_what_to_write() -> None:
    rule = one_rule(OPENAT, outputs="[{event: {fields: [cpu], rateLimit: {events: 1, per: 1s, by: [process.ancestors]}}}]")
    found = problem(rule)
    assert (found.code, found.hint) == ("list-in-key", "name one: process.ancestors[0]")


def test_a_policy_s_rate_needs_a_key_that_all_its_hooks_have() -> None:
    first, other = (one_rule(hook, outputs="[{event: {fields: [cpu]}}]") for hook in (OPENAT, "{xdp: eth0}"))
    rules = f"{first}\n{other.replace('name: it', 'name: other')}"
    found = problem(rules, "event: {rateLimit: {events: 1, per: 1s, by: [process.pid]}}")
    assert found.code == "field-not-here"
