"""What an expression and a structured filter both say is one condition, and so one program; the rest is computed."""

from __future__ import annotations

import pytest
from resolving import one_rule, policy_text, problem, problems, rule, typed

from policyd.condition import AllOf, AnyOf, leaves
from policyd.condition import Test as TypedTest
from policyd.parsing import parse_policies
from policyd.value import Computed

OPENAT, CONNECT, XDP = "{syscall: openat}", "{cgroup: connect4}", "{xdp: eth0}"
EXIT = "{syscall: {names: [openat], phase: exit}}"
FLAGS = "{field: args.flags, operator: "
PARAMS = """
params:
  least: {type: uid, value: 5}
  names: {type: string16, values: [a, b]}
  nets: {type: cidr, values: [10.0.0.0/8]}
  hosts: {type: ip, values: [192.0.2.1]}
  tops: {type: path, values: [/etc]}
"""

SAME = [
    (OPENAT, "args.flags == O_RDWR", f"{FLAGS}Equal, value: O_RDWR}}"),
    (OPENAT, "O_RDWR != args.flags", f"{FLAGS}NotEqual, value: O_RDWR}}"),
    (OPENAT, "args.flags == (O_CREAT | O_EXCL)", f"{FLAGS}Equal, value: O_CREAT|O_EXCL}}"),
    (OPENAT, "args.flags.has(O_CREAT)", f"{FLAGS}AllBits, values: [O_CREAT]}}"),
    (OPENAT, "args.flags.has(O_CREAT | O_EXCL)", f"{FLAGS}AllBits, values: [O_CREAT, O_EXCL]}}"),
    (OPENAT, "args.flags & (O_WRONLY | O_RDWR) != 0", f"{FLAGS}AnyBits, values: [O_WRONLY, O_RDWR]}}"),
    (OPENAT, "args.flags & O_CREAT == 0", f"{FLAGS}NoBits, values: [O_CREAT]}}"),
    (OPENAT, "args.flags & O_CREAT == O_CREAT", f"{FLAGS}AllBits, values: [O_CREAT]}}"),
    (OPENAT, "args.flags in [O_RDONLY, 1, 'O_RDWR']", f"{FLAGS}In, values: [O_RDONLY, 1, O_RDWR]}}"),
    (OPENAT, "!(args.flags in [1, 2])", f"{FLAGS}NotIn, values: [1, 2]}}"),
    (OPENAT, "args.mode == 0644", "{field: args.mode, operator: Equal, value: 0644}"),
    (OPENAT, "args.mode == (0600 | 0044)", "{field: args.mode, operator: Equal, value: 0644}"),
    (OPENAT, "process.uid == root", "{field: process.uid, operator: Equal, value: root}"),
    (OPENAT, "process.uid >= 500 * 2", "{field: process.uid, operator: GreaterOrEqual, value: 1000}"),
    (OPENAT, "1024 < process.uid", "{field: process.uid, operator: Greater, value: 1024}"),
    (OPENAT, "time > 5m", "{field: time, operator: Greater, value: 5m}"),
    (OPENAT, 'process.comm == "sshd"', "{field: process.comm, operator: Equal, value: sshd}"),
    (OPENAT, 'process.comm.startsWith("kworker/")', "{field: process.comm, operator: Prefix, values: [kworker/]}"),
    (OPENAT, 'args.filename.endsWith(".so", ".ko")', "{field: args.filename, operator: Suffix, values: [.so, .ko]}"),
    (OPENAT, 'args.filename.contains("/.git/")', "{field: args.filename, operator: Contains, values: [/.git/]}"),
    (OPENAT, 'args.filename.glob("/home/*/.ssh/*")', "{field: args.filename, operator: Glob, values: ['/home/*/.ssh/*']}"),
    (OPENAT, '!args.filename.under("/etc")', "{field: args.filename, operator: NotUnder, values: [/etc]}"),
    (EXIT, "ret == - ENOENT", "{field: ret, operator: Equal, value: -ENOENT}"),
    (EXIT, "ret in [-EPERM, EACCES]", "{field: ret, operator: In, values: [-EPERM, -EACCES]}"),
    (EXIT, "ret < 0", "{field: ret, operator: Less, value: 0}"),
    (EXIT, "ret >= 2 * 8", "{field: ret, operator: GreaterOrEqual, value: 16}"),
    (OPENAT, "has(args.filename)", "{field: args.filename, operator: Exists}"),
    (OPENAT, "!has(args.filename)", "{field: args.filename, operator: DoesNotExist}"),
    (OPENAT, '"/usr/sbin/sshd" in process.ancestors', "{field: process.ancestors, operator: In, values: [/usr/sbin/sshd]}"),
    (OPENAT, "process.namespaces.mnt != host", "{field: process.namespaces.mnt, operator: NotEqual, value: host}"),
    (
        OPENAT,
        "process.capabilities.effective.has(CAP_SYS_ADMIN)",
        "{field: process.capabilities.effective, operator: AllBits, values: [CAP_SYS_ADMIN]}",
    ),
    (OPENAT, "process.kernel_thread", "{field: process.kernel_thread, operator: Equal, value: true}"),
    (OPENAT, "!process.kernel_thread", "{field: process.kernel_thread, operator: NotEqual, value: true}"),
    (CONNECT, 'dst.ip in cidr("10.0.0.0/8")', "{field: dst.ip, operator: InCIDR, values: [10.0.0.0/8]}"),
    (CONNECT, 'dst.ip in "10.0.0.0/8"', "{field: dst.ip, operator: InCIDR, values: [10.0.0.0/8]}"),
    (
        CONNECT,
        '!(dst.ip in ["10.0.0.0/8", ip("192.0.2.1")])',
        "{field: dst.ip, operator: NotInCIDR, values: [10.0.0.0/8, 192.0.2.1]}",
    ),
    (CONNECT, 'dst.ip in ["192.0.2.1", "192.0.2.2"]', "{field: dst.ip, operator: In, values: [192.0.2.1, 192.0.2.2]}"),
    (CONNECT, 'dst.ip == ip("192.0.2.1")', "{field: dst.ip, operator: Equal, value: 192.0.2.1}"),
    (
        CONNECT,
        "protocol == tcp && dst.port == 443",
        "{allOf: [{field: protocol, operator: Equal, value: tcp}, {field: dst.port, operator: Equal, value: 443}]}",
    ),
    (XDP, "eth.src == '02:00:00:00:00:01'", "{field: eth.src, operator: Equal, value: '02:00:00:00:00:01'}"),
    (OPENAT, "process.uid >= params.least", "{field: process.uid, operator: GreaterOrEqual, valuesFrom: {param: least}}"),
    (OPENAT, "params.least > process.uid", "{field: process.uid, operator: Less, valuesFrom: {param: least}}"),
    (OPENAT, "process.comm in params.names", "{field: process.comm, operator: In, valuesFrom: {param: names}}"),
    (OPENAT, "args.filename.under(params.tops)", "{field: args.filename, operator: Under, valuesFrom: {param: tops}}"),
    (CONNECT, "dst.ip in params.nets", "{field: dst.ip, operator: InCIDR, valuesFrom: {param: nets}}"),
    (CONNECT, "dst.ip in params.hosts", "{field: dst.ip, operator: In, valuesFrom: {param: hosts}}"),
    (
        OPENAT,
        "!(args.flags == 1 && (process.uid == 0 || !(process.gid < 5)))",
        "{not: {allOf: [{field: args.flags, operator: Equal, value: 1}, "
        "{anyOf: [{field: process.uid, operator: Equal, value: 0}, "
        "{not: {field: process.gid, operator: Less, value: 5}}]}]}}",
    ),
]


def whole(hook: str, filters: str) -> AllOf:
    return typed(one_rule(hook, filters), PARAMS).rules[0].condition


def flat(condition: AllOf) -> AllOf:
    (one,) = condition.parts
    return one if isinstance(one, AllOf) else condition


@pytest.mark.parametrize(("hook", "expression", "structured"), SAME, ids=[text for _, text, _ in SAME])
def test_what_both_can_say_is_one_condition(hook: str, expression: str, structured: str) -> None:
    quoted = expression.replace("'", "''")
    found = whole(hook, f"[{{expr: '{quoted}'}}]")
    wanted = whole(hook, f"[{structured}]")
    assert found == wanted or found == flat(wanted)


def test_conditions_joined_by_and_are_filters_of_a_list() -> None:
    assert rule(OPENAT, "[{expr: args.flags == 1 && process.uid == 0 && time > 3s}]").condition == (
        rule(
            OPENAT,
            "[{field: args.flags, operator: Equal, value: 1}, {field: process.uid, operator: Equal, value: 0}, "
            "{field: time, operator: Greater, value: 3s}]",
        ).condition
    )


def only(condition: AllOf) -> TypedTest:
    (test,) = leaves(condition)
    return test


@pytest.mark.parametrize(
    ("expression", "operation", "negate"),
    [
        ("process.uid == process.gid", "eq", False),
        ("!(process.uid < process.gid)", "lt", True),
        ("process.comm != process.parent.comm", "ne", False),
        ("args.filename.startsWith(process.comm)", "starts_with", False),
        ("process.uid in [process.gid]", "eq", False),
        ("args.flags == 0 ? process.uid == 0 : process.gid == 0", "choose", False),
    ],
)
def test_two_fields_are_compared_by_computing(expression: str, operation: str, negate: bool) -> None:
    test = only(rule(OPENAT, f"[{{expr: '{expression}'}}]").condition)
    assert isinstance(test.value.access, Computed)
    assert (test.value.access.operation, test.operator, test.operands, test.negate) == (operation, "Equal", (1,), negate)


def test_what_is_computed_is_compared_with_a_constant_by_a_test() -> None:
    test = only(rule(OPENAT, "[{expr: size(args.filename) * 2 > 8}]").condition)
    assert isinstance(test.value.access, Computed)
    assert (test.value.access.operation, test.operator, test.operands) == ("mul", "Greater", (8,))


def test_bits_of_what_may_be_absent_are_computed() -> None:
    """A comparison with what is absent is false, `!=` true; `AnyBits` would be false."""
    test = only(rule(XDP, "[{expr: tcp.flags & SYN != 0}]").condition)
    assert isinstance(test.value.access, Computed)


def test_a_list_of_constants_and_fields_asks_for_both() -> None:
    condition = rule(OPENAT, "[{expr: '!(process.uid in [0, process.gid, 7])'}]").condition
    assert [(test.operator, test.operands, test.negate) for test in leaves(condition)] == [
        ("In", (0, 7), True),
        ("Equal", (1,), True),
    ]


def test_a_long_list_is_a_map_as_elsewhere() -> None:
    numbers = ", ".join(map(str, range(20)))
    assert rule(OPENAT, f"[{{expr: 'process.uid in [{numbers}]'}}]").condition == (
        rule(OPENAT, f"[{{field: process.uid, operator: In, values: [{numbers}]}}]").condition
    )


def test_a_let_name_is_what_it_stands_for() -> None:
    more = "let: {f: args.flags, writes: f.has(O_WRONLY), both: writes && process.uid == 0}"
    assert rule(OPENAT, "[{expr: both || f == 3}]", more=more).condition == (
        rule(OPENAT, "[{expr: (args.flags.has(O_WRONLY) && process.uid == 0) || args.flags == 3}]").condition
    )


def test_a_field_of_a_structured_filter_may_be_an_expression() -> None:
    assert rule(OPENAT, "[{field: size(args.filename), operator: Greater, value: 8}]").condition == (
        rule(OPENAT, "[{expr: size(args.filename) > 8}]").condition
    )


@pytest.mark.parametrize(
    ("expression", "at", "code", "told"),
    [
        ("args.flags == O_CREATE", "O_CREATE", "bad-value", "did you mean O_CREAT"),
        ("args.flags in [1, O_CREATE]", "O_CREATE", "bad-value", "did you mean O_CREAT"),
        ("process.uid > -1", "-1", "bad-value", "from 0"),
        ("process.comm == sshd", "sshd", "mixed-types", '"sshd"'),
        ("process.comm == 3", "3", "mixed-types", "texts stand in quotes"),
        ("process.comm < 'a'", "process", "operator-does-not-fit", "Less cannot be asked"),
        ("process.uid == process.comm", "process.uid ==", "mixed-types", "cannot be compared"),
        ("process.pdi == 3", "process.pdi", "unknown-field", "process.pid"),
        ("args.flags", "args.flags", "not-a-condition", "args.flags != 0"),
        ("!args.flags", "args.flags", "not-a-condition", "args.flags != 0"),
        ("process.uid == 0 && 1 == 1", "1 == 1", "not-a-condition", "says nothing of an event"),
        ("true", "true", "not-a-condition", "says nothing"),
        ("process.uid in 3", "3", "mixed-types", "as [3]"),
        ("process.uid in cidr('10.0.0.0/8')", "process.uid", "mixed-types", "only addresses"),
        ("process.uid in []", "process.uid", "bad-value", "holds nothing"),
        ("process.uid + process.comm > 3", "process.uid +", "mixed-types", "takes numbers"),
        ("time > 5Mi + 10ms", "5Mi", "bad-value", "a duration"),
        ("args.flags == params.gone", "params.gone", "unknown-param", "params"),
        ("process.pid == dst.port", "dst.port", "field-not-here", "there is no"),
        ("nothing > 3", "nothing", "unknown-field", "no field"),
        ("[1] == process.uid", "[1]", "mixed-types", "to the right of"),
    ],
)
def test_what_is_wrong_is_told_at_its_column(expression: str, at: str, code: str, told: str) -> None:
    quoted = expression.replace("'", "''")
    text = one_rule(OPENAT, f"[{{expr: '{quoted}'}}]")
    found = parse_policies(policy_text(text).encode(), "tried.yaml").errors
    (one,) = found or problems(text)
    assert one.code == code
    assert told in f"{one.message}; {one.hint}"
    assert one.position is not None
    line = policy_text(text).split("\n")[one.position.line - 1]
    assert line[one.position.column - 1 :].startswith(at.replace("'", "''"))


def test_what_is_wrong_with_a_let_name_is_told_where_it_is_given_and_once() -> None:
    text = one_rule(OPENAT, "[{expr: a > 3}, {expr: a > 4 && a < 9}]", more="let: {a: args.flags + process.comm}")
    one = problem(text)
    assert (one.code, one.path[-2:]) == ("mixed-types", ("let", "a"))


def test_any_of_fields_is_or() -> None:
    (part,) = rule(OPENAT, "[{expr: process.uid == 0 || process.gid == 0 || (time > 3s || time < 1s)}]").condition.parts
    assert isinstance(part, AnyOf)
    assert len(part.parts) == 4
