"""The kinds of values: read from text, kept, shown."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyd.text import is_safe
from policyd.vocabulary.constants import constant_sets
from policyd.vocabulary.kinds import KINDS, kind_type, parse, show, show_text
from policyd.vocabulary.syscalls import syscalls
from policyd.vocabulary.types import Shape, ValueType

COLOURS = ValueType("enum", Shape.NUMBER, 1, False, ((1, "RED"), (2, "GREEN"), (2, "VERT")))
OPEN = ValueType("flags", Shape.NUMBER, 4, True, constant_sets("x86_64")["open_flags"].symbols)
PERMISSIONS = ValueType("flags", Shape.NUMBER, 8, False, ((4, "READ"), (2, "WRITE"), (6, "BOTH")))


def mapped(last: int) -> bytes:
    return bytes(10) + b"\xff\xff" + bytes([192, 0, 2, last])


def test_every_row_reads_its_own_example() -> None:
    for row in KINDS.values():
        if row.name in {"enum", "flags", "uid", "gid", "interface", "cgroup", "stack"}:
            continue  # their examples need symbols, or things of the host; stacks are only shown
        raw = parse(kind_type(row.name), row.example)
        assert isinstance(raw, int if row.shape is Shape.NUMBER else bytes)
        assert isinstance(show_text(kind_type(row.name), raw), str)


def test_every_row_fits_its_shape() -> None:
    for name, row in KINDS.items():
        assert row.name == name
        assert row.explain.endswith(".")
        assert row.size in {1, 2, 4, 8} or row.shape is not Shape.NUMBER


@pytest.mark.parametrize(
    ("kind", "text", "raw"),
    [
        ("u32", "42", 42),
        ("u32", "0x2a", 42),
        ("u32", "052", 42),
        ("u32", "0o52", 42),
        ("u32", "0b101010", 42),
        ("u64", "4Ki", 4096),
        ("s32", "-1", -1),
        ("bool", "true", 1),
        ("bool", "False", 0),
        ("mode", "0755", 0o755),
        ("mode", "S_IFREG|0644", 0o100644),
        ("port", "443", 443),
        ("ip", "192.0.2.7", mapped(7)),
        ("ip", "::ffff:192.0.2.7", mapped(7)),
        ("ip", "::1", bytes(15) + b"\1"),
        ("mac", "02:00:00:00:00:0a", b"\2\0\0\0\0\n"),
        ("mac", "02-00-00-00-00-0A", b"\2\0\0\0\0\n"),
        ("duration", "10ms", 10_000_000),
        ("duration", "1h30m", 5_400_000_000_000),
        ("duration", "1.5s", 1_500_000_000),
        ("duration", "100", 100),
        ("size", "256Ki", 262_144),
        ("size", "1.5k", 1500),
        ("errno", "ENOENT", 2),
        ("errno", "-ENOENT", -2),
        ("errno", "EWOULDBLOCK", 11),
        ("result", "-ENOENT", -2),
        ("result", "ENOENT", -2),
        ("result", "3", 3),
        ("signal", "SIGKILL", 9),
        ("signal", "kill", 9),
        ("signal", "34", 34),
        ("capability", "CAP_SYS_ADMIN", 21),
        ("capability", "net_admin", 12),
        ("protocol", "tcp", 6),
        ("protocol", "IPPROTO_UDP", 17),
        ("protocol", "icmpv6", 58),
        ("ethertype", "arp", 0x806),
        ("ethertype", "0x88b5", 0x88B5),
        ("device", "8:1", 8 << 20 | 1),
        ("uid", "root", 0),
        ("uid", "1000", 1000),
        ("string", "no", b"no"),
        ("string", "ä", "ä".encode()),
        ("path", "/etc", b"/etc"),
        ("hex", "0xffff", 65535),
        ("bytes", "0x" + "0a" * 16, b"\n" * 16),
    ],
)
def test_text_is_read_as_its_kind(kind: str, text: str, raw: int | bytes) -> None:
    assert parse(kind_type(kind), text) == raw


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("u8", "256", "a number from 0 to 255 (u8, 8 bits)"),
        ("u8", "-1", "a number from 0 to 255"),
        ("s8", "128", "from -128 to 127"),
        ("u32", "ten", "a number, as 42"),
        ("u32", "1_000", "a number, as 42"),
        ("u64", "9" * 5000, "a number, as 42"),
        ("pid", "0x", "a number, as 42"),
        ("pid", "٣", "a number, as 42"),
        ("port", "https", "a port number from 0 to 65535"),
        ("port", "65536", "from 0 to 65535"),
        ("bool", "yes", "true or false"),
        ("mode", "755", "with a leading 0: 0755"),
        ("ip", "10.0.0.0/8", "an IP address"),
        ("ip", "fe80::1%eth0", "without a zone"),
        ("ip", "1.2.3", "an IP address"),
        ("mac", "02:00", "a MAC address"),
        ("duration", "10", ""),
        ("duration", "1 s", "a duration, as 500ms"),
        ("duration", "s", "a duration"),
        ("size", "4KiB", "a size, as 4096"),
        ("size", "0.5", "a size, as 4096"),
        ("size", "0.0001k", "a whole number"),
        ("signal", "SIGKIL", "a signal, as SIGKILL or 9 (did you mean SIGKILL"),
        ("capability", "CAP_X", "a capability"),
        ("syscall", "opennat", "did you mean openat"),
        ("device", "8:1048576", "a device by its numbers"),
        ("device", "sda", "a device by its numbers"),
        ("uid", "no such user", "a user's number"),
        ("gid", "no such group", "a group's number"),
        ("interface", "no such", "an interface of this host"),
        ("cgroup", "/no/such/cgroup", "a cgroup of this host"),
        ("string", "a\0b", "text without a NUL"),
        ("string", "x" * 256, "at most 255 bytes"),
        ("bytes", "0a", "16 bytes in hexadecimal"),
        ("bytes", "zz", "bytes in hexadecimal"),
    ],
)
def test_what_does_not_fit_says_what_was_expected(kind: str, text: str, expected: str) -> None:
    if not expected:
        parse(kind_type(kind), text)
        return
    with pytest.raises(ValueError) as error:  # noqa: PT011  the message is compared below
        parse(kind_type(kind), text)

    assert expected in str(error.value)


def test_a_string_is_as_long_as_its_field_can_hold() -> None:
    comm = ValueType("string", Shape.STRING, 16)

    assert parse(comm, "x" * 15) == b"x" * 15
    with pytest.raises(ValueError, match="at most 15 bytes"):
        parse(comm, "ä" * 8)


def test_enums_are_read_by_any_name_and_shown_by_the_first() -> None:
    assert parse(COLOURS, "VERT") == parse(COLOURS, "GREEN") == parse(COLOURS, "2") == 2
    assert show(COLOURS, 2) == "GREEN"
    assert show(COLOURS, 9) == 9
    with pytest.raises(ValueError, match="RED, GREEN or VERT"):
        parse(COLOURS, "BLUE")
    with pytest.raises(ValueError, match="0 to 255"):
        parse(COLOURS, "256")


@pytest.mark.parametrize(
    ("type_", "raw", "names"),
    [
        (OPEN, 0, ["O_RDONLY"]),
        (OPEN, 0o101, ["O_WRONLY", "O_CREAT"]),
        (OPEN, 0o2000000, ["O_RDONLY", "O_CLOEXEC"]),
        (OPEN, 0o4010000 | 1, ["O_WRONLY", "O_SYNC"]),
        (OPEN, 0o10000 | 1, ["O_WRONLY", "O_DSYNC"]),
        (OPEN, 0o20200002, ["O_RDWR", "O_TMPFILE"]),
        (OPEN, 1 << 30, ["O_RDONLY", "0x40000000"]),
        (OPEN, -1 << 31, ["O_RDONLY", "0x80000000"]),
        (PERMISSIONS, 0, []),
        (PERMISSIONS, 6, ["BOTH"]),
        (PERMISSIONS, 12, ["READ", "0x8"]),
    ],
)
def test_flags_are_shown_by_name(type_: ValueType, raw: int, names: list[str]) -> None:
    assert show(type_, raw) == names
    assert show_text(type_, raw) == ("|".join(names) or "0")


@pytest.mark.parametrize("text", ["O_WRONLY|O_CREAT", " O_WRONLY | O_CREAT ", "0101", "1|O_CREAT", "65"])
def test_flags_are_read_joined(text: str) -> None:
    assert parse(OPEN, text) == 65


@pytest.mark.parametrize("text", ["", "|", "O_WRONLY|", "O_WRONLY,O_CREAT", "o_wronly", "O_NOTHING"])
def test_broken_flags_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="flags, as O_RDONLY"):
        parse(OPEN, text)


@pytest.mark.parametrize("text", ["0x100000000", "O_WRONLY|0x100000000", "-2147483649"])
def test_flags_past_the_field_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="flags of 32 bits"):
        parse(OPEN, text)


@given(st.integers(0, (1 << 32) - 1))
def test_flags_that_were_shown_are_read_back(number: int) -> None:
    signed = number - (1 << 32) if number >> 31 else number

    assert parse(OPEN, show_text(OPEN, signed)) == signed


@pytest.mark.parametrize(
    ("kind", "raw", "json", "text"),
    [
        ("u64", 7, 7, "7"),
        ("bool", 1, True, "true"),
        ("hex", 255, "0xff", "0xff"),
        ("mode", 0o644, "0644", "0644"),
        ("mode", 0o100755, "0100755", "0100755"),
        ("duration", 1_250_000, 1_250_000, "1.25ms"),
        ("duration", 90_000_000_000, 90_000_000_000, "1.5m"),
        ("size", 4096, 4096, "4Ki"),
        ("size", 1000, 1000, "1000"),
        ("errno", 2, "ENOENT", "ENOENT"),
        ("errno", -2, "-ENOENT", "-ENOENT"),
        ("errno", 0, 0, "0"),
        ("errno", 9999, 9999, "9999"),
        ("result", -2, -2, "-ENOENT"),
        ("result", 2, 2, "2"),
        ("result", -9999, -9999, "-9999"),
        ("signal", 9, "SIGKILL", "SIGKILL"),
        ("signal", 0, 0, "0"),
        ("capability", 21, "CAP_SYS_ADMIN", "CAP_SYS_ADMIN"),
        ("protocol", 6, "tcp", "tcp"),
        ("protocol", 200, 200, "200"),
        ("ethertype", 0x86DD, "ipv6", "ipv6"),
        ("ethertype", 0x1234, "0x1234", "0x1234"),
        ("device", 4095 << 20, "4095:0", "4095:0"),
        ("interface", 2**31 - 1, 2**31 - 1, "2147483647"),
        ("ip", mapped(7), "192.0.2.7", "192.0.2.7"),
        ("ip", bytes(15) + b"\1", "::1", "::1"),
        ("mac", b"\2\0\0\0\0\n", "02:00:00:00:00:0a", "02:00:00:00:00:0a"),
        ("bytes", b"\0\xff" * 8, "00ff" * 8, "00ff" * 8),
        ("string", b"bash", "bash", "bash"),
        ("string", b"a\xffb", "a\ufffdb", "a\\xffb"),
        ("path", b"/tmp/\x1b[31m", "/tmp/\x1b[31m", "/tmp/\\x1b[31m"),
    ],
)
def test_raw_values_are_shown(kind: str, raw: int | bytes, json: object, text: str) -> None:
    assert show(kind_type(kind), raw) == json
    assert show_text(kind_type(kind), raw) == text


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_system_calls_are_read_for_the_targets_architecture(arch: str) -> None:
    assert parse(kind_type("syscall"), "openat", arch) == syscalls(arch)["openat"].number


def test_a_time_is_shown_as_a_date() -> None:
    assert str(show(kind_type("time"), 0)).endswith("Z")
    assert len(str(show(kind_type("time"), 10**9))) == len("2026-01-01T00:00:00.000000000Z")
    assert len(show_text(kind_type("time"), 10**9)) == len("2026-01-01T00:00:00.000Z")


PLAIN = sorted(
    set(KINDS)
    - {"string", "path", "paths", "time", "result", "flags", "capabilities", "enum", "ip", "cidr", "mac", "bytes", "bool"}
    - {"cgroup", "buffer", "base64", "stack"}
)


@given(st.sampled_from(PLAIN), st.data())
def test_numbers_that_were_shown_are_read_back(kind: str, data: st.DataObject) -> None:
    type_ = kind_type(kind)
    bits = type_.size * 8
    number = data.draw(
        st.integers(-(1 << bits - 1), (1 << bits - 1) - 1) if type_.signed else st.integers(0, (1 << bits) - 1)
    )
    shown = show(type_, number)
    if kind in {"device", "interface", "symbol"} and not str(shown)[:1].isdigit():
        return  # this host has it, and names are for reading

    read = parse(type_, str(shown))
    assert read == number or (kind == "compat_syscall" and show(type_, read) == shown)  # umount2 has two numbers there


@given(st.binary(min_size=16, max_size=16))
def test_addresses_that_were_shown_are_read_back(raw: bytes) -> None:
    assert parse(kind_type("ip"), str(show(kind_type("ip"), raw))) == raw


@given(st.binary(max_size=255))
def test_any_bytes_are_shown_safely(raw: bytes) -> None:
    assert is_safe(show_text(kind_type("string"), raw))


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=300))
def test_any_text_is_read_or_refused(kind: str, text: str) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(parse(kind_type(kind), text), int | bytes)


def test_all_capabilities_are_one_word_on_a_line_and_read_as_it() -> None:
    type_ = kind_type("capabilities")
    every = parse(type_, "all")

    assert isinstance(every, int)
    assert show_text(type_, every) == "all"
    assert "CAP_BPF" in str(show(type_, every))
    assert show_text(type_, every & ~1).startswith("CAP_DAC_OVERRIDE|")
    assert show_text(type_, 1) == "CAP_CHOWN"
