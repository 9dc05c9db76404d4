"""Filters become typed tests: `not` at the leaves, operands in the field's type, long lists in maps."""

from __future__ import annotations

from itertools import product

import pytest
from resolving import one_rule, problem, problems, resolved, rule, saved_target, typed

from policyd.condition import AllOf, AnyOf, Condition, ListRef, ScalarRef, leaves
from policyd.condition import Test as TypedTest
from policyd.resolve.conditions import SHORT_LISTS
from policyd.resolve.syscalls import COMPAT
from policyd.vocabulary.operators import OPERATORS, fits
from policyd.vocabulary.types import Shape

OPENAT, CONNECT, XDP = "{syscall: openat}", "{cgroup: connect4}", "{xdp: eth0}"

FIELD_OF = {
    Shape.NUMBER: (OPENAT, "args.flags"),
    Shape.STRING: (OPENAT, "args.filename"),
    Shape.ADDRESS: (CONNECT, "dst.ip"),
    Shape.BYTES: (XDP, "eth.src"),
}
OPERANDS = {
    Shape.NUMBER: ["1", "O_RDWR"],
    Shape.STRING: ["/etc", "/boot"],
    Shape.ADDRESS: ["192.0.2.1", "'2001:db8::1'"],
    Shape.BYTES: ["'02:00:00:00:00:01'", "'02:00:00:00:00:02'"],
}
SPECIAL = {"InRange": ["1..2", "4..9"], "InCIDR": ["10.0.0.0/8", "'fd00::/8'"]}


def leaf(field: str, operator: str, shape: Shape) -> str:
    row = OPERATORS[operator]
    operands = SPECIAL.get(row.positive, OPERANDS[shape])
    values = {"none": "", "one": f", value: {operands[0]}", "many": f", values: [{', '.join(operands)}]"}[row.arity]
    return f"{{field: {field}, operator: {operator}{values}}}"


def only(condition: Condition) -> TypedTest:
    """Return the one test of a condition."""
    while isinstance(condition, AllOf | AnyOf):
        (condition,) = condition.parts
    return condition


@pytest.mark.parametrize(
    ("operator", "shape"), [*product(OPERATORS, Shape)], ids=lambda value: getattr(value, "value", value)
)
def test_every_operator_resolves_on_every_shape_that_it_fits(operator: str, shape: Shape) -> None:
    hook, field = FIELD_OF[shape]
    text = one_rule(hook, f"[{leaf(field, operator, shape)}]")
    row = OPERATORS[operator]
    if shape not in row.shapes:
        found = problem(text)
        assert found.code == "operator-does-not-fit"
        assert operator in found.message
        return
    test = only(typed(text).rules[0].condition)
    assert (test.operator, test.negate) == (row.positive, row.negative)
    assert fits(row, test.value.type)
    assert len(test.operands) == (0 if row.arity == "none" else 1 if row.arity == "one" or "Bits" in operator else 2)


def test_operands_have_the_fields_type() -> None:
    cases = {
        (OPENAT, "{field: args.flags, operator: AnyBits, values: [O_WRONLY, O_RDWR]}"): (3,),
        (OPENAT, "{field: args.filename, operator: Under, values: [/etc/, /]}"): (b"/etc", b""),
        (OPENAT, "{field: process.uid, operator: In, values: ['0', 0x10]}"): (0, 16),
        (OPENAT, "{field: args.filename, operator: Glob, values: ['/home/*/.ssh']}"): (b"/home/*/.ssh",),
        (CONNECT, "{field: dst.ip, operator: Equal, value: 192.0.2.1}"): (0xFFFF_C000_0201,),
        (CONNECT, "{field: dst.ip, operator: InCIDR, values: [10.0.0.0/8]}"): ((0xFFFF_0A00_0000, 104),),
        (CONNECT, "{field: protocol, operator: Equal, value: tcp}"): (6,),
        (CONNECT, "{field: dst.port, operator: InRange, values: [1..1023]}"): ((1, 1023),),
        (XDP, "{field: eth.src, operator: Equal, value: '02:00:00:00:00:01'}"): (b"\x02\0\0\0\0\1",),
        (XDP, "{field: tcp.flags, operator: AllBits, values: [SYN, ACK]}"): (0x12,),
    }
    for (hook, text), operands in cases.items():
        assert only(rule(hook, f"[{text}]").condition).operands == operands, text


def test_repeated_operands_are_one() -> None:
    assert only(rule(OPENAT, "[{field: process.uid, operator: In, values: [0, '0', 0x0]}]").condition).operands == (0,)


def test_not_goes_down_to_the_leaves() -> None:
    uid, gid = "{field: process.uid, operator: Equal, value: 0}", "{field: process.gid, operator: NotEqual, value: 0}"
    (negated,) = rule(OPENAT, f"[{{not: {{allOf: [{uid}, {{not: {{anyOf: [{uid}, {gid}]}}}}]}}}}]").condition.parts
    assert isinstance(negated, AnyOf)
    first, inner = negated.parts
    assert isinstance(first, TypedTest)
    assert first.negate
    assert isinstance(inner, AnyOf)
    assert [only(part).negate for part in inner.parts] == [False, True]


def test_the_same_not_twice_is_nothing() -> None:
    uid = "{field: process.uid, operator: Equal, value: 0}"
    assert rule(OPENAT, f"[{{not: {{not: {uid}}}}}]").condition == rule(OPENAT, f"[{uid}]").condition


def test_filters_keep_their_place_in_the_file() -> None:
    policy = typed(
        """
- name: it
  hook: {syscall: openat}
  filters:
    - {field: process.uid, operator: Equal, value: 0}
    - {field: process.gid, operator: Equal, value: 0}
  outputs: [{counter: {name: seen, help: Seen}}]
"""
    )
    lines = [only(part).position.line for part in policy.rules[0].condition.parts]
    assert lines[1] == lines[0] + 1


# ------------------------------------------------------------------------------------------------ lists


@pytest.mark.parametrize("operator", SHORT_LISTS)
def test_a_list_past_its_limit_becomes_a_map(operator: str) -> None:
    limit = SHORT_LISTS[operator]
    hook, field = (CONNECT, "dst.ip") if operator == "InCIDR" else (OPENAT, "args.filename")

    def policy_of(count: int) -> tuple[Condition, int]:
        values = [f"10.0.{n}.0/24" if operator == "InCIDR" else f"/path/{n}" for n in range(count)]
        found = typed(one_rule(hook, f"[{{field: {field}, operator: {operator}, values: [{', '.join(values)}]}}]"))
        return only(found.rules[0].condition), sum(spec.values is not None for spec in found.maps)

    short, no_maps = policy_of(limit)
    assert (len(short.operands), short.ref, no_maps) == (limit, None, 0)
    long, maps = policy_of(limit + 1)
    assert (long.operands, long.ref, maps) == ((), ListRef("rule-0-list-0"), 1)


def test_equal_lists_of_a_rule_are_one_map() -> None:
    values = ", ".join(map(str, range(20)))
    one = f"{{field: process.uid, operator: In, values: [{values}]}}"
    other = f"{{field: process.uid, operator: In, values: [{values}, 99]}}"
    found = typed(one_rule(OPENAT, f"[{{anyOf: [{one}, {{not: {one}}}, {other}]}}]"))
    assert [spec.name for spec in found.maps if spec.values is not None] == ["rule-0-list-0", "rule-0-list-1"]


def test_a_text_too_long_for_a_map_stays_a_comparison() -> None:
    long = "/" + "x" * 300
    values = ", ".join([long, *(f"/path/{n}" for n in range(20))])
    (part,) = rule(OPENAT, f"[{{field: args.filename, operator: In, values: [{values}]}}]").condition.parts
    assert isinstance(part, AnyOf)
    listed, compared = part.parts
    assert isinstance(listed, TypedTest)
    assert isinstance(compared, TypedTest)
    assert listed.ref == ListRef("rule-0-list-0")
    assert compared.operands == (long.encode(),)
    (negated,) = rule(OPENAT, f"[{{field: args.filename, operator: NotIn, values: [{values}]}}]").condition.parts
    assert isinstance(negated, AllOf)


# ------------------------------------------------------------------------------------------------ params


def test_a_list_param_has_a_map_for_each_form_that_is_asked_for() -> None:
    spec = "params: {places: {type: path, values: [/etc, /boot]}}"
    filters = ", ".join(
        f"{{field: args.filename, operator: {operator}, valuesFrom: {{param: places}}}}"
        for operator in ("In", "NotIn", "Under", "NotPrefix", "Suffix")
    )
    found = typed(one_rule(OPENAT, f"[{{anyOf: [{filters}]}}]"), spec)
    lists = {spec.name: spec.purpose for spec in found.maps if spec.values is not None}
    assert lists == {"places": "list", "places-under": "under", "places-prefixes": "prefixes", "places-suffixes": "suffixes"}
    assert all(spec.param == "places" for spec in found.maps if spec.values is not None)


def test_an_empty_list_param_is_an_empty_map_and_optional_is_said() -> None:
    spec = "params: {who: {type: uid, values: [], optional: true}}"
    found = typed(one_rule(OPENAT, "[{field: process.uid, operator: NotIn, valuesFrom: {param: who}}]"), spec)
    test = only(found.rules[0].condition)
    assert (test.ref, test.negate, test.operands) == (ListRef("who", optional=True), True, ())
    assert [spec.values for spec in found.maps if spec.name == "who"] == [()]


def test_a_scalar_param_is_a_row_of_the_shared_scalars() -> None:
    spec = "params: {only: {type: pid, optional: true}, least: {type: s32, value: -2}, peer: {type: ip, value: 192.0.2.1}}"
    rules = one_rule(OPENAT, "[{field: process.pid, operator: Equal, valuesFrom: {param: only}}, "
                             "{field: args.dfd, operator: Greater, valuesFrom: {param: least}}]")  # fmt: skip
    rules += "\n" + one_rule(CONNECT, "[{field: dst.ip, operator: NotEqual, valuesFrom: {param: peer}}]").replace(
        "it,", "b,"
    )
    found = typed(rules, spec)
    values = {scalar.name: scalar.value for scalar in found.scalars}
    assert values == {"only": None, "least": ((1 << 64) - 2, 0), "peer": (0xFFFF_C000_0201, 0)}
    assert only(found.rules[1].condition).ref == ScalarRef("peer")


@pytest.mark.parametrize(
    ("declared", "leaf_text"),
    [
        ("{type: path, values: [/etc]}", "{field: process.uid, operator: In, valuesFrom: {param: p}}"),
        ("{type: duration, value: 1s}", "{field: process.pid, operator: Less, valuesFrom: {param: p}}"),
        ("{type: cidr, values: [10.0.0.0/8]}", "{field: process.uid, operator: In, valuesFrom: {param: p}}"),
        ("{type: string16, value: bash}", "{field: process.comm, operator: Equal, valuesFrom: {param: p}}"),
    ],
)
def test_a_param_that_can_never_fit_the_field_is_refused(declared: str, leaf_text: str) -> None:
    found = problem(one_rule(OPENAT, f"[{leaf_text}]"), f"params: {{p: {declared}}}")
    assert found.code == "param-does-not-fit"


def test_an_unknown_type_of_a_param_has_a_near_miss() -> None:
    found = problem(
        one_rule(OPENAT, "[{field: process.uid, operator: In, valuesFrom: {param: p}}]"),
        "params: {p: {type: uidd, values: [0]}}",
    )
    assert found.code == "unknown-type"
    assert "`uid`" in found.hint


# ------------------------------------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    ("hook", "leaf_text", "code", "word"),
    [
        (OPENAT, "{field: process.uid, operator: Equal, value: '-1'}", "bad-value", "from 0 to"),
        (OPENAT, "{field: args.flags, operator: AnyBits, values: [O_RDONLY]}", "no-bits", "no bit"),
        (OPENAT, "{field: args.flags, operator: AnyBits, values: [O_WRONGLY]}", "bad-value", "O_WRONLY"),
        (OPENAT, "{field: process.comm, operator: Equal, value: a-name-that-is-too-long}", "bad-value", "15 bytes"),
        (OPENAT, "{field: process.uid, operator: InRange, values: [9..1]}", "bad-value", "lower end"),
        (CONNECT, "{field: dst.ip, operator: InCIDR, values: [10.0.0.0/33]}", "bad-value", "network"),
        (CONNECT, "{field: dst.port, operator: Equal, value: '65536'}", "bad-value", "65535"),
        (CONNECT, "{field: family, operator: Equal, value: AF_UNIX}", "bad-value", "AF_INET"),
        (OPENAT, "{field: process.pdi, operator: Equal, value: 1}", "unknown-field", ""),
        (OPENAT, "{field: process, operator: Exists}", "group", "process.pid"),
    ],
)
def test_a_leaf_that_makes_no_sense_says_why(hook: str, leaf_text: str, code: str, word: str) -> None:
    found = problem(one_rule(hook, f"[{leaf_text}]"))
    assert found.code == code
    assert word in found.message
    assert found.path[:4] == ("spec", "rules", 0, "filters")


def test_host_bits_are_a_warning_that_shows_the_network() -> None:
    found = resolved(one_rule(CONNECT, "[{field: dst.ip, operator: InCIDR, values: [10.1.2.3/8]}]"))
    (warning,) = found.warnings
    assert (warning.code, warning.severity) == ("host-bits", "warning")
    assert "10.0.0.0/8" in warning.message


def test_every_bad_value_of_a_list_is_reported_in_its_place() -> None:
    found = problems(
        """
- name: it
  hook: {syscall: openat}
  filters:
    - field: process.uid
      operator: In
      values:
        - 0
        - -1
        - 1
        - 4294967296
  outputs: [{counter: {name: seen, help: Seen}}]
"""
    )
    assert [problem.path[-2:] for problem in found] == [("values", 1), ("values", 3)]
    first, second = (problem.position.line for problem in found if problem.position)
    assert second == first + 2


def test_bad_values_of_a_param_are_reported_at_the_param_once() -> None:
    leaf_text = "{field: process.uid, operator: In, valuesFrom: {param: p}}"
    found = problems(
        one_rule(OPENAT, f"[{leaf_text}, {{not: {leaf_text}}}]"), "params: {p: {type: uid, values: [0, '-1', '-2']}}"
    )
    assert [problem.path for problem in found] == [
        ("spec", "params", "p", "values", 1),
        ("spec", "params", "p", "values", 2),
    ]


def test_a_name_stands_for_both_numbers_where_both_abis_count() -> None:
    hook = "{syscall: {names: ['*'], abi: [Native, Compat]}}"
    native, compat = (getattr(saved_target().syscalls["openat"], side) for side in ("number", "compat"))
    for operator in ("Equal", "NotEqual"):
        (test,) = rule(hook, f"[{{field: hook.name, operator: {operator}, value: openat}}]").condition.parts
        assert set(test.operands) == {native, compat | COMPAT}


def test_a_hundred_thousand_values_are_a_map_made_once() -> None:
    values = ", ".join(map(str, range(100_000)))
    text = one_rule("{syscall: [read, write, open, close]}", f"[{{field: process.uid, operator: In, values: [{values}]}}]")
    found = typed(text)
    (spec,) = [spec for spec in found.maps if spec.values is not None]
    assert spec.max_entries == 100_000
    assert {test.ref for one in found.rules for test in leaves(one.condition)} == {ListRef(spec.name)}


def test_maps_and_scalars_of_rules_that_do_not_apply_are_not_made() -> None:
    spec = "params: {who: {type: uid, values: [0]}, least: {type: uid, value: 5}}"
    tests = [
        "{field: process.uid, operator: In, valuesFrom: {param: who}}",
        "{field: process.uid, operator: Less, valuesFrom: {param: least}}",
        "{field: args.nothing, operator: Exists}",
    ]
    found = typed(one_rule(OPENAT, f"[{', '.join(tests)}]", more="optional: true"), spec)
    assert (found.maps, found.scalars, len(found.not_applicable)) == ((), (), 1)
