"""Computed values in C: what is an expression where it is used, what has a place, and a golden case of every operation."""

from __future__ import annotations

import re

import pytest
from resolving import one_rule, saved_target, typed
from test_golden import policies

from policyd.codegen import render
from policyd.condition import leaves
from policyd.effect import EventOutput
from policyd.observe import Observed
from policyd.plan.rows import allot_rows
from policyd.unit import BoundUnit, gather
from policyd.value import Computed, every_value
from policyd.vocabulary.operations import OPERATIONS

PREAD = "{syscall: pread64}"


def code(fields: str, hook: str = PREAD, filters: str = "") -> str:
    """Return the C of one rule's event with these columns."""
    policy = typed(one_rule(hook, filters, f"[{{event: {{fields: {fields}}}}}]"))
    desired = gather([policy])
    bound = BoundUnit(
        desired.units[0], allot_rows(desired, Observed()), {(policy.name, one.name): one for one in policy.maps}
    )
    return render(bound, saved_target()).text


def places(text: str) -> set[str]:
    """Return the values that have a place in `struct subject`."""
    subject = text.partition("struct subject {")[2].partition("\n};")[0]
    return set(re.findall(r"\b(v\d+)(?:\[\d+\])?(?: __attribute__\S+)?;", subject))


def test_a_number_that_is_used_once_has_no_place_of_its_own() -> None:
    text = code('{a: "(args.count + 4096) * 2 - 1"}')

    assert len(places(text)) == 1
    assert "c0 = ((u64) ((u64) ((u64) r->s->v0 + 4096) * 2) - 1);" in text


def test_a_number_that_is_used_twice_is_computed_once() -> None:
    text = code('{a: "args.count * args.pos", b: "(args.count * args.pos) + 1", c: "args.count * args.pos"}')

    assert text.count("(u64) r->s->v0 * r->s->v1") == 1
    assert len(places(text)) == 3


def test_expressions_do_not_grow_without_end() -> None:
    text = code('{a: "' + " + ".join(["args.count / args.pos"] * 1 + ["min(args.count, args.pos)"] * 30) + '"}')

    assert max(len(line) for line in text.splitlines() if "r->s->v" in line) < 500


def test_a_constant_divisor_makes_no_absent_quotient() -> None:
    assert "c0 = ((u64) r->s->v0 / 1024);" in code('{a: "args.count / 1024"}')
    assert "(r->s->v1 ? PD_OK : PD_ABSENT) == PD_OK ?" in code('{a: "args.count / args.fd"}')


def test_only_the_text_that_is_chosen_is_read() -> None:
    text = code('{a: "args.olddfd == args.newdfd ? args.oldname : args.newname"}', "{syscall: renameat}")
    body = text.partition("fetch_5(struct run *r)")[2].partition("\n}")[0]

    before, _, chosen = body.partition("if ((r->s->v0 == r->s->v1)) {")
    assert re.findall(r"need_\d", before) == ["need_0", "need_1"]
    assert re.findall(r"need_\d", chosen.partition("return PD_OK")[0]) == ["need_3"]


def test_a_search_stands_at_one_place_of_a_program() -> None:
    text = code(
        '{a: "process.comm.contains(process.parent.comm)", b: "!process.comm.contains(process.parent.comm)"}',
        filters='[{expr: "process.comm.contains(process.parent.comm)"}]',
    )

    assert text.count(" pd_contains(&r->s->search") == 1


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_in_some_golden_case(name: str, operations_of_cases: frozenset[str]) -> None:
    assert name in operations_of_cases


@pytest.fixture(scope="module")
def operations_of_cases() -> frozenset[str]:
    rules = [rule for policy in policies() for rule in policy.rules]
    values = [test.value for rule in rules for test in leaves(rule.condition)]
    outputs = [output for rule in rules for output in rule.outputs if isinstance(output, EventOutput)]
    values += [value for output in outputs for value in output.values]
    accesses = [value.access for value in every_value(values)]
    return frozenset(access.operation for access in accesses if isinstance(access, Computed))
