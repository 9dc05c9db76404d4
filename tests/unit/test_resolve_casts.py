"""Casts: the types that they give, where pointers lead, and what is said of those that make no sense."""

from __future__ import annotations

import pytest
from resolving import one_rule, problems, typed

from policyd.effect import EventOutput
from policyd.value import Computed, Fetched, Memory, PointedString, Saved, Value, Walk
from policyd.vocabulary.types import Shape

PREAD = "{syscall: pread64}"
RAW = "{raw_tracepoint: inet_sock_set_state}"
CALL = "{syscall: {names: [read], phase: call}}"


def made(expression: str, hook: str = PREAD) -> Value:
    """Return the value of an expression at a hook."""
    rule = typed(one_rule(hook, "", f"[{{event: {{fields: {{it: '{expression}'}}}}}}]")).rules[0]
    (output,) = rule.outputs
    assert isinstance(output, EventOutput)
    return output.values[-1]


@pytest.mark.parametrize(
    ("expression", "kind", "shape", "size"),
    [
        ("args.count.as(u8)", "u8", Shape.NUMBER, 1),
        ("args.fd.as(errno)", "errno", Shape.NUMBER, 4),
        ("args.count.as(duration)", "duration", Shape.NUMBER, 8),
        ("args.fd.as(tcp_state)", "enum", Shape.NUMBER, 4),
        ("args.fd.as(open_flags)", "flags", Shape.NUMBER, 4),
        ("args.fd.as(bpf_map_type)", "enum", Shape.NUMBER, 4),
        ("args.fd.as(softirq)", "enum", Shape.NUMBER, 4),
        ("args.fd.as(compat_syscall)", "compat_syscall", Shape.NUMBER, 4),
        ("args.fd.as(ip)", "ip", Shape.ADDRESS, 16),
        ("args.buf.as(string16)", "string", Shape.STRING, 16),
        ("args.buf.as(bytes6)", "bytes", Shape.BYTES, 6),
        ("args.buf.as(mac)", "mac", Shape.BYTES, 6),
        ("args.buf.as(in6_addr)", "ip", Shape.ADDRESS, 16),
        ("args.buf.bytes(args.count)", "buffer", Shape.STRING, 257),
        ("args.buf.bytes(args.count, 32)", "buffer", Shape.STRING, 33),
        ("args.buf.bytes(args.count).as(bytes64)", "buffer", Shape.STRING, 65),
        ("args.buf.bytes(args.count).as(base64)", "base64", Shape.STRING, 257),
        ("args.buf.as(bytes6).as(base64)", "base64", Shape.BYTES, 6),
    ],
)
def test_a_cast_gives_the_type(expression: str, kind: str, shape: Shape, size: int) -> None:
    found = made(expression).type

    assert (found.kind, found.shape, found.size) == (kind, shape, size)


def test_a_number_of_the_same_size_and_sign_is_not_converted() -> None:
    assert not isinstance(made("args.count.as(hex)").access, Computed)
    assert isinstance(made("args.count.as(s64)").access, Computed)


def test_pointers_of_system_calls_lead_into_the_process_and_others_tell() -> None:
    mine, other = made("args.buf.as(string16)").access, made("args.sk.as(string16)", RAW).access

    assert isinstance(mine, PointedString)
    assert isinstance(other, PointedString)
    assert (mine.space, other.space) == ("user", "either")


def test_a_computed_number_can_be_a_pointer() -> None:
    found = made("(args.buf.as(u64) + 8).as(bytes4)").access

    assert isinstance(found, Memory)
    assert isinstance(found.pointer.access, Computed)


def test_members_follow_a_structure() -> None:
    found = made("args.sk.as(tcp_sock).bytes_acked", RAW)

    assert isinstance(found.access, Walk)
    assert found.access.steps[-1].container == "struct tcp_sock"
    assert not found.access.anywhere


def test_a_structure_of_a_structure_goes_on_from_the_pointer_that_was_found() -> None:
    found = made("args.sk.as(tcp_sock).inet_conn.icsk_af_ops.as(u64).as(sock).sk_err", RAW).access

    assert isinstance(found, Walk)
    assert isinstance(found.base, Fetched)


def test_an_argument_is_read_as_the_call_begins_and_late_as_it_ends() -> None:
    begun, late = made("args.buf.bytes(args.count)", CALL).access, made("late(args.buf).bytes(ret)", CALL).access

    assert isinstance(begun, Saved)
    assert isinstance(begun.value.access, Memory)
    assert isinstance(late, Memory)
    assert isinstance(late.pointer.access, Saved)


@pytest.mark.parametrize(
    ("expression", "hook", "message"),
    [
        ("args.fd.as(errnoo)", PREAD, "there is no type `errnoo`"),
        ("args.fd.as(enum)", PREAD, "`enum` is no type of one value"),
        ("args.fd.as(tcp_sock).bytes_acked", PREAD, "`args.fd` is of type u32, and no pointer"),
        ("args.sk.as(tcp_sock).bytes_ackd", RAW, "struct tcp_sock has no member bytes_ackd"),
        ("args.sk.as(tcp_sock)", RAW, "`args.sk.as(tcp_sock)` is a whole structure"),
        ("args.fd.as(errno).x", PREAD, "is no pointer: nothing can follow it"),
        ("args.count.as(base64)", PREAD, "is of type size, and cannot be base64"),
        ("args.count.as(ip)", PREAD, "is of type size, and cannot be ip"),
        ("args.buf.bytes(args.count, 5000)", PREAD, "`.bytes` keeps from 1 to 4,096 bytes, not 5,000"),
        ("args.buf.bytes(process.comm)", PREAD, "the length `process.comm` is of type string, and no number"),
        ("args.buf.bytes(args.count) + 1", PREAD, "takes numbers, and this is a text"),
    ],
)
def test_what_makes_no_sense_is_told(expression: str, hook: str, message: str) -> None:
    (problem,) = problems(one_rule(hook, "", f"[{{event: {{fields: {{it: '{expression}'}}}}}}]"))

    assert message in problem.message


def test_a_near_miss_of_a_type_is_offered() -> None:
    (problem,) = problems(one_rule(PREAD, "", "[{event: {fields: {it: args.fd.as(tcp_stat)}}}]"))

    assert problem.hint == "did you mean `tcp_state`?"


def test_bytes_of_any_length_are_no_key() -> None:
    (problem,) = problems(one_rule(PREAD, "", "[{counter: {name: n, help: h, by: {it: args.buf.bytes(args.count)}}}]"))

    assert problem.code == "list-in-key"
    assert problem.hint == "take so many: POINTER.as(bytes16)"


def test_the_length_of_what_is_read_at_the_end_asks_for_late() -> None:
    (problem,) = problems(one_rule(CALL, "", "[{event: {fields: {it: args.buf.bytes(ret)}}}]"))

    assert problem.hint == "late(args.buf).bytes(ret) reads as the call ends"
