"""Expressions are typed: constants by what they meet, units by what is done with them; what does not fit is told."""

from __future__ import annotations

from itertools import pairwise

import pytest
from resolving import one_rule, policy_text, problem, problems, typed

from policyd.effect import EventOutput
from policyd.parsing import parse_policies
from policyd.value import Computed, Constant, Text, Value, Walk

OPENAT, WRITE, CONNECT, XDP = "{syscall: openat}", "{syscall: write}", "{cgroup: connect4}", "{xdp: eth0}"
SWITCH, PROBE = "{raw_tracepoint: sched_switch}", "{raw_tracepoint: tcp_probe}"
TABLES = "tables: {births: {key: {sk: sock}, value: {born: time, pid: pid}}, seen: {key: {n: u32}, value: {count: u64}}}"


def column(expression: str) -> str:
    quoted = expression.replace("'", "''")
    return f"[{{event: {{fields: {{it: '{quoted}'}}}}}}]"


def value(hook: str, expression: str, more: str = "") -> Value:
    """Return what an event's column `expression` is at `hook`."""
    output = typed(one_rule(hook, outputs=column(expression), more=more), TABLES).rules[0].outputs[0]
    assert isinstance(output, EventOutput)
    return output.values[0]


def operands(found: Value) -> tuple[Value, ...]:
    assert isinstance(found.access, Computed)
    return found.access.operands


def constants(found: Value) -> list[int | bytes]:
    """Return the constants that a computed value is made of."""
    each = (operand.access for operand in operands(found))
    return [one.number if isinstance(one, Constant) else one.raw for one in each if isinstance(one, Constant | Text)]


@pytest.mark.parametrize(
    ("hook", "expression", "kind", "signed"),
    [
        (WRITE, "args.count / 1048576", "u64", False),
        (OPENAT, "args.flags & O_CREAT", "flags", False),
        (OPENAT, "args.flags << 2", "s64", True),
        (OPENAT, "process.uid + 1", "u64", False),
        (OPENAT, "process.pid - process.ppid", "u64", False),
        (OPENAT, "-args.flags", "s64", True),
        (OPENAT, "time - process.start_time", "duration", True),
        (OPENAT, "time - 5s", "time", False),
        (OPENAT, "5s + 100ms", "duration", False),
        (OPENAT, "(time - process.start_time) / 1ms", "s64", True),
        (OPENAT, "(time - process.start_time) * 2", "duration", True),
        (OPENAT, "time % 1s", "u64", False),
        (OPENAT, "size(args.filename)", "u64", False),
        (OPENAT, "process.uid == process.gid", "bool", False),
        (OPENAT, "args.flags == 0 && process.uid == 0", "bool", False),
        (OPENAT, "args.flags == 0 ? process.uid : 0", "uid", False),
        (OPENAT, 'args.flags == 0 ? "read" : "write"', "string", False),
        (OPENAT, 'process.parent.comm ?? "none"', "string", False),
        (OPENAT, "min(args.flags, O_RDWR)", "flags", True),
        (OPENAT, "max(process.uid, process.gid, 5)", "u64", False),
        (OPENAT, 'args.filename.startsWith("/etc", "/boot")', "bool", False),
        (OPENAT, "args.flags.has(O_CREAT|O_EXCL)", "bool", False),
        (OPENAT, "has(args.filename)", "bool", False),
        (OPENAT, "args.mode in [0600, 0644]", "bool", False),
        (CONNECT, 'dst.ip in cidr("10.0.0.0/8")', "bool", False),
        (CONNECT, 'dst.ip in ["10.0.0.0/8", "192.0.2.1"] ? dst.port : 0', "port", False),
        (XDP, "protocol == tcp", "bool", False),
        (OPENAT, "1 + 2 * 3", "u64", False),
        (OPENAT, "2 - 3", "s64", True),
        (OPENAT, "true", "bool", False),
        (OPENAT, "first(args.gone, args.flags)", "flags", True),
        (OPENAT, "args.flags.as(hex)", "hex", False),
        (SWITCH, "args.next.as(task_struct).pid", "pid", True),
        (SWITCH, "args.next == args.prev", "bool", False),
        (PROBE, "args.sk.as(tcp_sock).bytes_acked * 2", "u64", False),
        (PROBE, "births[args.sk].born", "time", False),
        (PROBE, "time - births[args.sk].born", "duration", True),
        (PROBE, "births[args.sk].pid ?? -1", "pid", True),
        (OPENAT, "seen[process.uid]", "u64", False),
        (OPENAT, "seen[7].count + 1", "u64", False),
        (OPENAT, "has(seen[process.uid])", "bool", False),
    ],
)
def test_an_expression_has_a_type(hook: str, expression: str, kind: str, signed: bool) -> None:
    found = value(hook, expression)
    assert (found.type.kind, found.type.signed) == (kind, signed)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("args.flags & (O_CREAT | O_EXCL)", [0xC0]),
        ("args.flags & ~O_CREAT", [~0x40]),
        ("args.mode & 0777", [0o777]),
        ("time - (1m + 30s)", [90 * 10**9]),
        ("process.uid + 2 * 0x10", [32]),
        ("process.uid + -7 / 2", [-3]),
        ("process.uid + -7 % 4", [-3]),
        ("process.uid + (1 << 40 >> 38)", [4]),
        ("process.uid + (5 ^ 1)", [4]),
        ('process.comm == "sshd"', [b"sshd"]),
        ("process.uid == root", [0]),
        ("args.flags ?? O_RDWR", [2]),
        ("process.uid + (5 - 7)", [-2]),
        ("args.mode ?? 0644", [0o644]),
    ],
)
def test_constants_are_read_by_what_they_meet_and_calculated_once(expression: str, found: list[int | bytes]) -> None:
    assert constants(value(OPENAT, expression)) == found


@pytest.mark.parametrize(
    ("expression", "absent"),
    [
        ("tcp.window / 2", True),
        ("frame.length / 2", False),
        ("frame.length / frame.length", True),
        ("tcp.window ?? 7", False),
        ("tcp.window ?? udp.length", True),
        ("tcp.window > 7", False),
        ("has(tcp.window)", False),
        ("tcp.window > 7 ? 1 : 0", False),
        ("tcp.window > 7 ? tcp.window : 0", True),
    ],
)
def test_what_is_absent_is_known_by_what_it_is_made_of(expression: str, absent: bool) -> None:
    assert value(XDP, expression.replace("frame.length", "packet.length")).can_be_absent is absent


def test_let_names_stand_for_values_of_every_form() -> None:
    more = (
        "let: {f: args.flags, g: {expr: f & 3}, h: {field: f, as: hex}, n: {table: seen, key: [process.uid]}, "
        "o: {firstOf: [args.gone, args.mode]}, t: {field: process.uid, as: u64}}"
    )
    found = [value(OPENAT, text, more) for text in ("g", "h", "n", "n.count", "o", "t + 1", "f")]
    assert [one.type.kind for one in found] == ["flags", "hex", "u64", "u64", "mode", "u64", "flags"]
    assert found[-1] == value(OPENAT, "args.flags")


def test_members_follow_a_let_name_that_is_a_pointer() -> None:
    more = "let: {tp: {field: args.sk, as: tcp_sock}}"
    assert isinstance(value(PROBE, "tp.bytes_acked", more).access, Walk)
    assert value(SWITCH, "n.comm", "let: {n: args.next}") == value(SWITCH, "args.next.comm")


def test_what_is_asked_for_twice_is_one_value() -> None:
    assert value(OPENAT, "size(args.filename) + 1") == value(OPENAT, "size(args.filename) + 1")


@pytest.mark.parametrize(
    ("hook", "expression", "at", "code", "told"),
    [
        (OPENAT, "args.flags + process.comm", "args.flags +", "mixed-types", "takes numbers"),
        (OPENAT, "time + time", "time +", "mixed-types", "make no sum"),
        (OPENAT, "5s - time", "5s", "mixed-types", "have no difference"),
        (OPENAT, "time == time - process.start_time", "time ==", "mixed-types", "cannot be compared"),
        (OPENAT, "size(args.flags)", "size", "mixed-types", "takes texts"),
        (OPENAT, "args.flags ? 1 : 2", "args.flags", "not-a-condition", "args.flags != 0"),
        (OPENAT, "args.flags && true", "args.flags", "not-a-condition", "args.flags != 0"),
        (OPENAT, 'process.uid ?? "none"', '"none"', "bad-value", "user"),
        (OPENAT, "process.uid ?? process.comm", "process.comm", "mixed-types", "one of them is taken"),
        (OPENAT, 'args.filename.glob("/etc/*")', "args.filename.glob", "operator-does-not-fit", "filters only"),
        (OPENAT, 'process.ancestors == "/bin/sh"', "process.ancestors", "operator-does-not-fit", "in process.ancestors"),
        (OPENAT, "params.x + 1", "params.x", "unknown-param", "no param"),
        (OPENAT, "args.flags / 0", "args.flags / 0", "bad-value", "zero"),
        (OPENAT, "1 / 0", "1 / 0", "bad-value", "divides by zero"),
        (OPENAT, "1 << 63 << 1", "1 <<", "bad-value", "64 bits"),
        (OPENAT, "O_CREAT + 1", "O_CREAT", "unknown-field", "no field"),
        (OPENAT, "args.flagz + 1", "args.flagz", "unknown-field", "args.flags"),
        (OPENAT, "first(args.a, args.b)", "first", "unknown-field", "args.a"),
        (OPENAT, "first(process.comn, args.b)", "process.comn", "unknown-field", "process.comm"),
        (OPENAT, "seen", "seen", "bad-path", "seen[KEY].COLUMN"),
        (OPENAT, "seen[1].cuont", "seen", "unknown-column", "count"),
        (OPENAT, "births[1, 2].born", "births", "key-columns", ""),
        (OPENAT, "(args.flags + 1).x", "(args.flags", "bad-path", "members follow"),
        (OPENAT, "[1, 2]", "[1, 2]", "mixed-types", "to the right of"),
        (OPENAT, "ip(process.comm)", "ip(", "bad-value", "in quotes"),
        (OPENAT, 'ip("300.1.1.1")', "ip(", "bad-value", "an IP address"),
        (OPENAT, "1.5", "1.5", "bad-value", "no number"),
        (OPENAT, "args.flags.as(qqq)", "args.flags.as", "unknown-type", "explain types"),
        (OPENAT, "late(args.filename)", "late", "late-not-here", ""),
    ],
)
def test_what_does_not_fit_is_told_at_its_column(hook: str, expression: str, at: str, code: str, told: str) -> None:
    text = one_rule(hook, outputs=column(expression))
    errors = parse_policies(policy_text(text, TABLES).encode(), "tried.yaml").errors
    (found,) = errors or problems(text, TABLES)
    assert found.code == code
    assert told in f"{found.message}; {found.hint}"
    assert found.position is not None
    line = policy_text(text, TABLES).split("\n")[found.position.line - 1]
    assert line[found.position.column - 1 :].startswith(at.replace("'", "''"))


def test_names_that_grow_by_each_other_have_an_end() -> None:
    names = [f"n{number}" for number in range(60)]
    grown = ", ".join(f"{name}: {before} + {before}" for before, name in pairwise(names))
    more = f"let: {{n0: args.flags + 1, {grown}}}"
    assert problem(one_rule(OPENAT, "[{expr: n59 > 3}]", more=more)).code == "too-large"
