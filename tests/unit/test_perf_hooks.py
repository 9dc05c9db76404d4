"""Sampled events as policies spell them: which event, how often, on which CPUs, and what stands in for a missing counter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from resolving import HOST, one_rule, problem, resolved

from policyd.cpus import parse_cpus, show_cpus
from policyd.errors import PolicyError
from policyd.places import Sampling, perf_event, sampling
from policyd.resolve.perf import sample_value
from policyd.value import Constant, ContextLoad
from policyd.vocabulary.fields import FIELDS

SOFTWARE_ONLY = replace(HOST, can_sample=lambda event: event == "cpu-clock", cpus=(0, 1))
FIELD = {row.path: row for row in FIELDS}


@pytest.mark.parametrize(
    ("hook", "target"),
    [
        ("{perf: cpu-clock}", "cpu-clock/frequency=99/cpus=all"),
        ("{perf: {event: cpu-clock, frequency: 49}}", "cpu-clock/frequency=49/cpus=all"),
        ("{perf: {event: task-clock, period: 1000000, cpus: all}}", "task-clock/period=1000000/cpus=all"),
        ("{perf: {event: cycles, cpus: '1,0'}}", "cycles/frequency=99/cpus=0-1"),
        ("{perf: {event: cache-misses, period: 10000, cpus: [0-3, 8, 2]}}", "cache-misses/period=10000/cpus=0-3,8"),
        ("{perf: page-faults}", "page-faults/period=1/cpus=all"),
        ("{perf: {event: context-switches, frequency: 10, cpus: 0}}", "context-switches/frequency=10/cpus=0"),
        ("{firstOf: [{tracepoint: made/up}, {perf: cpu-clock}]}", "cpu-clock/frequency=99/cpus=all"),
    ],
)
def test_an_event_becomes_one_attach_point(hook: str, target: str) -> None:
    (rule,) = resolved(one_rule(hook)).policy.rules
    assert rule.attach_point.key == f"perf_event:{target}"
    assert perf_event(sampling(rule.attach_point)) == rule.attach_point


@pytest.mark.parametrize(
    ("hook", "code", "words"),
    [
        ("{perf: cycels}", "unknown-value", "`cycles`"),
        ("{perf: {event: cycles, frequency: 0}}", "bad-count", "from 1 to 100,000"),
        ("{perf: {event: cycles, frequency: 100001}}", "bad-count", "from 1 to 100,000"),
        ("{perf: {event: cycles, frequency: 99, period: 5}}", "conflicting-keys", "either `frequency` or `period`"),
        ("{perf: {event: cycles, cpus: 3-1}}", "bad-target", "0-3,8"),
        ("{perf: {event: cycles, cpus: 9000}}", "bad-target", "0-3,8"),
        ("{perf: {frequency: 99}}", "missing-key", "`event`"),
        ("{perf: {event: cycles, cpu: 1}}", "unknown-key", "`cpus`"),
    ],
)
def test_what_cannot_be_sampled_is_said(hook: str, code: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        resolved(one_rule(hook))
    (found,) = caught.value.problems
    assert found.code == code
    assert words in f"{found.message} {found.hint}"


def test_a_missing_counter_is_replaced_by_the_clock_and_said() -> None:
    found = resolved(one_rule("{perf: cycles}", outputs="[{event: {fields: [hook.name, hook.kind]}}]"), host=SOFTWARE_ONLY)
    (rule,) = found.policy.rules
    assert rule.attach_point.target == "cpu-clock/frequency=99/cpus=all"
    assert found.policy.hooks == ("perf:cpu-clock",)
    (warning,) = found.warnings
    assert warning.code == "seen-otherwise"
    assert "no counter for cycles: cpu-clock is sampled in its place" in warning.message
    names = [value for output in rule.outputs for value in output.values]  # type: ignore[union-attr]
    assert names[0].type.symbols == ((0, "cpu-clock"),)
    assert isinstance(names[0].access, Constant)


def test_nothing_stands_in_for_a_period() -> None:
    with pytest.raises(PolicyError) as caught:
        resolved(one_rule("{perf: {event: cycles, period: 1000000}}"), host=SOFTWARE_ONLY)
    (found,) = caught.value.problems
    assert (found.code, "give a `frequency`" in found.hint) == ("no-counter", True)


def test_cpus_that_there_cannot_be_are_refused() -> None:
    with pytest.raises(PolicyError, match="this host has no CPU 2-4"):
        resolved(one_rule("{perf: {event: cpu-clock, cpus: 2-4}}"), host=SOFTWARE_ONLY)


@pytest.mark.parametrize(("path", "x86", "arm"), [("ip", 128, 256), ("period", 168, 272), ("address", 176, 280)])
def test_fields_of_a_sample_are_behind_the_registers(path: str, x86: int, arm: int) -> None:
    for arch, offset in (("x86_64", x86), ("aarch64", arm)):
        assert sample_value(FIELD[f"perf.{path}"], arch).access == ContextLoad(offset, 8)


def test_a_sample_is_of_a_process_and_cannot_be_acted_on() -> None:
    rule = resolved(one_rule("{perf: cpu-clock}", outputs="[{event: {fields: [process, perf]}}]")).policy.rules[0]
    columns = [value.path for output in rule.outputs for value in output.values]  # type: ignore[union-attr]
    assert columns[-3:] == ["perf.ip", "perf.period", "perf.address"]
    assert "process.comm" in columns
    for action in ("{signal: SIGKILL}", "{deny: EPERM}"):
        assert problem(one_rule("{perf: cpu-clock}", more=f"action: {action}")).code == "action-not-here"
    assert problem(one_rule("{perf: cpu-clock}", "[{field: args.x, operator: Exists}]")).code == "unknown-field"
    assert problem(one_rule("{syscall: openat}", "[{field: perf.ip, operator: Exists}]")).code == "field-not-here"


@pytest.mark.parametrize(
    ("event", "other", "refused"),
    [
        ("cycles", "raw_tracepoint: sched_switch", True),
        ("cycles", "tracepoint: signal/signal_generate", False),  # its programs hold samples back
        ("cpu-clock", "raw_tracepoint: sched_switch", False),  # a timer waits for a lock that is held with interrupts off
    ],
)
def test_an_evicting_metric_is_not_shared_by_what_can_interrupt_each_other(event: str, other: str, refused: bool) -> None:
    outputs = "[{counter: {name: seen, help: Seen, by: [cpu], evict: true}}]"
    rules = f"{one_rule(f'{{perf: {event}}}', outputs=outputs)}\n- {{name: other, hook: {{{other}}}, outputs: {outputs}}}"
    if not refused:
        assert len(resolved(rules).policy.rules) == 2
        return
    found = problem(rules)
    assert (found.code, found.path) == ("shared-eviction", ("spec", "rules", 0, "hook", "perf"))
    assert "`seen` evicts, and rule `other` writes to it too" in found.message


@pytest.mark.parametrize(("text", "cpus"), [("0", (0,)), ("0-3,8", (0, 1, 2, 3, 8)), ("8, 1-2\n", (1, 2, 8)), ("5-5", (5,))])
def test_lists_of_cpus_are_read_and_written(text: str, cpus: tuple[int, ...]) -> None:
    assert parse_cpus(text) == cpus
    assert parse_cpus(show_cpus(cpus)) == cpus


@pytest.mark.parametrize("text", ["", "a", "1-", "2-1", "-1", "0--1", "8192", "99999", "0x1"])
def test_no_lists_of_cpus_are_told(text: str) -> None:
    with pytest.raises(ValueError, match="not a list of CPUs"):
        parse_cpus(text)


def test_a_target_that_is_none_is_told() -> None:
    point = perf_event(Sampling("cpu-clock", 99))
    with pytest.raises(ValueError, match="not a sampled event"):
        sampling(replace(point, target="cpu-clock"))
