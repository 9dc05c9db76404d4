"""Values that no sane policy holds: each is a problem with a place, or becomes code; none is a traceback."""

from __future__ import annotations

import json

import pytest
from resolving import HOST, one_rule, policy_text, problem, resolved, saved_target

from policyd.cli.render import bound_units
from policyd.codegen import render
from policyd.errors import DocumentError, PolicyError, Problem
from policyd.parsing import parse_policies
from policyd.resolve import resolve
from policyd.vocabulary.operators import OPERATORS

CALL = "{syscall: {names: openat, abi: [Native, Compat]}}"
PLACES = {
    "a user string": (CALL, "args.filename"),
    "a kernel string": (CALL, "process.comm"),
    "a string behind a walk": ("{raw_tracepoint: sched_process_exec}", "args.bprm.filename"),
    "flags": (CALL, "args.flags"),
    "a pid": (CALL, "process.pid"),
    "an address": ("{cgroup: connect4}", "dst.ip"),
    "a port": ("{xdp: {interfaces: [lo]}}", "dst.port"),
}
VALUES = [
    *("", "0", "-1", "18446744073709551615", "18446744073709551616", "0x10", "1e3", "NaN", "~", "%s%n", "??/", "*/", "//x"),
    *("/", "//", "/etc/", "*", "**", "[a", "[]", "[]]", "[!", "[z-a]", "a\\", "*a????????????????", "x" * 300, "x" * 4095),
    *("192.0.2.1", "10.0.0.0/8", "10.0.0.0/33", "::ffff:0:0/96", "::/129", "1..2", "2..1", ".."),
    *("O_WRONLY", "\x1b[31m", "a\nb", '"', "é"),
]


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_any_value_with_any_operator_is_a_problem_or_becomes_code(place: tuple[str, str], operator: str) -> None:
    hook, field = place
    rows, placeless = [], list[Problem]()
    for value in VALUES:
        key = "" if "Exist" in operator else f", values: [{json.dumps(value, ensure_ascii=False)}]"
        leaf = f"[{{field: {field}, operator: {operator}{key}}}]"
        try:
            (policy,) = parse_policies(policy_text(one_rule(hook, leaf)).encode(), "tried.yaml").require()
            typed = resolve(policy, saved_target(), HOST).policy
        except (DocumentError, PolicyError) as error:
            placeless += [found for found in error.problems if found.position is None]
        else:
            rows.append(typed.rules[0].condition)
            if len(rows) <= 2 or value in {"[]]", "*", "**", "x" * 300}:
                for bound in bound_units((typed,)):
                    assert "/* policyd" in render(bound, saved_target()).text
    if operator in {"Equal", "NotEqual", "In", "NotIn", "Exists", "DoesNotExist"}:
        assert rows


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("[a", "without its ]"),
        ("a\\", "backslash that escapes nothing"),
        ("[z-a]", "runs backwards"),
        ("*a????????????????", "more than 4,096 states"),
    ],
)
def test_a_glob_that_cannot_be_matched_is_a_problem_at_its_place(value: str, why: str) -> None:
    found = problem(one_rule(CALL, f"[{{field: args.filename, operator: Glob, value: {json.dumps(value)}}}]"))
    assert why in found.message
    assert found.path[-2:] == ("values", 0)


@pytest.mark.parametrize("value", ["", "x" * 4095])
def test_a_text_that_cannot_be_searched_for_is_a_problem(value: str) -> None:
    found = problem(one_rule(CALL, f"[{{field: args.filename, operator: Contains, value: '{value}'}}]"))
    assert "cannot be searched for: give 1 to 4,094 bytes" in found.message


def test_a_raw_tracepoint_has_no_result_and_it_is_said() -> None:
    found = problem(one_rule("{raw_tracepoint: sched_process_exec}", "[{field: ret, operator: Equal, value: 0}]"))
    assert (found.code, found.message.partition(":")[0]) == ("unknown-field", "a tracepoint has no result")


def test_a_flood_of_wrong_values_is_told_up_to_the_twentieth() -> None:
    values = ", ".join(f"{number}.nope" for number in range(10_000))
    with pytest.raises(PolicyError) as caught:
        resolved(one_rule("{cgroup: connect4}", f"[{{field: dst.ip, operator: InCIDR, values: [{values}]}}]"))
    assert len(caught.value.problems) == 20
    assert caught.value.problems[-1].hint == "later values of this list were not read"


def test_a_renamed_value_that_no_record_could_hold_is_refused() -> None:
    column = "{field: process.comm, names: {? " + "k" * 2000 + " : v}}"
    text = policy_text(one_rule(CALL, outputs=f"[{{counter: {{name: seen, help: Seen, by: {{c: {column}}}}}}}]"))
    with pytest.raises(PolicyError, match="at most 128 can be given a name"):
        parse_policies(text.encode(), "tried.yaml").require()
