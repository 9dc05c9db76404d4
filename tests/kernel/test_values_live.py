"""Texts, casts and raw bytes on this kernel: what policies say of the arguments of calls that this process makes.

`renameat` takes two texts that may be equal, absent (NULL) or unread (a bad address); `write` and `read` have a buffer of a
length; sockets have structures that casts lead into.  Arithmetic is in `test_expressions_live.py`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from codegen_cases import leaf, policy, rule
from conftest import Host, both_builders

from policyd.reading import open_policy

pytestmark = pytest.mark.kernel

LIBC = ctypes.CDLL(None, use_errno=True)
RENAMEAT = {"x86_64": 264, "aarch64": 38}[os.uname().machine]
BAD = 8
UNREAD = "unread"
Text = str | int | None
LONG = "x" * 300
PAIRS: tuple[tuple[Text, Text], ...] = (
    *(("abc", "abc"), ("abc", "ab"), ("abc", "bc"), ("abcdefghi", "cdefghi"), ("xabcdefghabcdefghijk", "abcdefghij")),
    *(("aabaabaaab", "aabaaa"), ("aabaabaaab", "aabaaab"), ("abcdefgh", "abcdefgh"), ("abcdefgx", "abcdefgh")),
    *(("", "a"), ("a", ""), ("", ""), (None, "b"), ("b", None), (None, None), (BAD, "a"), ("a", BAD), (BAD, None)),
    *((LONG, LONG), ("a" * 255, "a" * 255), ("a" * 254 + "b", "a" * 100 + "b"), ("abcdefghi", "abcdefgh")),
)
TEXTS = {
    "eq": "old == new",
    "ne": "old != new",
    "begins": "old.startsWith(new)",
    "ends": "old.endsWith(new)",
    "holds": "old.contains(new)",
    "is": 'old == "abc"',
    "begins_ab": 'old.startsWith("ab")',
    "ends_bc": 'old.endsWith("bc")',
    "holds_bc": 'old.contains("bc")',
    "size": "size(old)",
    "or_none": 'old ?? "none"',
    "first": 'old ?? new ?? "neither"',
    "there": "has(old)",
    "every": "old == new && has(old)",
    "some": "old == new || has(old)",
    "no": "!(old == new)",
    "chosen": "args.olddfd < args.newdfd ? old : new",
    "word": 'args.olddfd < args.newdfd ? "low" : "the higher one"',
    "number": "size(old) ?? 99",
}


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


def mine(**fields: object) -> list[dict[str, Any]]:
    return [leaf("process.pid", "Equal", os.getpid()), *(leaf(f"args.{name}", "Equal", is_) for name, is_ in fields.items())]


def event(**columns: str) -> tuple[dict[str, Any], ...]:
    return ({"event": {"fields": columns}},)


def rename(old: Text, new: Text, low: bool) -> None:
    names = (name.encode() if isinstance(name, str) else ctypes.c_void_p(name) for name in (old, new))
    folders = (-100, -99) if low else (-99, -100)
    LIBC.syscall(RENAMEAT, *(one for pair in zip(folders, names, strict=True) for one in pair))


def model(old: Text, new: Text, low: bool) -> dict[str, object]:
    """Return what each of `TEXTS` is worth, in Python; of texts 255 bytes are kept."""
    one, other = (name[:255] if isinstance(name, str) else UNREAD if name == BAD else None for name in (old, new))

    def of_both(answer: Callable[[str, str], bool], absent: bool = False) -> object:
        if UNREAD in {one, other}:
            return UNREAD
        return absent if one is None or other is None else answer(one, other)

    def of_one(answer: Callable[[str], object], absent: object = False) -> object:
        return UNREAD if one == UNREAD else absent if one is None else answer(one)

    same, there = of_both(lambda a, b: a == b), of_one(lambda _: True)
    known = (same, there)
    return {
        "eq": same,
        "ne": of_both(lambda a, b: a != b, absent=True),
        "begins": of_both(lambda a, b: a.startswith(b)),
        "ends": of_both(lambda a, b: a.endswith(b)),
        "holds": of_both(lambda a, b: b in a),
        "is": of_one(lambda a: a == "abc"),
        "begins_ab": of_one(lambda a: a.startswith("ab")),
        "ends_bc": of_one(lambda a: a.endswith("bc")),
        "holds_bc": of_one(lambda a: "bc" in a),
        "size": of_one(len, None),
        "or_none": of_one(lambda a: a, "none"),
        "first": one if one is not None else other if other is not None else "neither",
        "there": there,
        "every": False if False in known else UNREAD if UNREAD in known else True,
        "some": True if True in known else UNREAD if UNREAD in known else False,
        "no": same if same == UNREAD else not same,
        "chosen": one if low else other,
        "word": "low" if low else "the higher one",
        "number": of_one(len, 99),
    }


def test_texts_are_what_python_says_of_them(host: Host) -> None:
    let = {"old": "args.oldname.as(string256)", "new": "args.newname.as(string256)"}
    host.apply(policy("texts", [rule("r", {"syscall": "renameat"}, mine(), event(**TEXTS), let=let)]))
    cases = [(old, new, low) for low in (True, False) for old, new in PAIRS]
    for case in cases:
        rename(*case)

    events = open_policy(host.kernel, "texts").events()

    found = [{name: UNREAD if name in one.unread else one.fields[name] for name in TEXTS} for one in events]
    expected = [model(*case) for case in cases]
    wrong = [(case, was, want) for case, was, want in zip(cases, found, expected, strict=True) if was != want]
    assert not wrong


@both_builders
def test_what_is_written_and_read_is_in_the_event(host: Host, pipe: tuple[int, int]) -> None:
    """A NUL is a byte like any other; what does not fit is cut, and says so; a read that failed has read nothing."""
    reads, writes = pipe
    columns = event(
        data="args.buf.bytes(args.count)",
        few="args.buf.bytes(args.count, 4)",
        base="args.buf.bytes(args.count).as(base64)",
        four="args.buf.as(bytes4)",
        text="args.buf.as(string8)",
        low="args.count.as(u8)",
        start='args.buf.bytes(args.count, 8) == "474500"',
    )
    late = event(data="late(args.buf).bytes(ret)", error="(-ret).as(errno)")
    call = {"syscall": {"names": ["read"], "phase": "call"}}
    rules = [rule("write", {"syscall": "write"}, mine(fd=writes), columns), rule("read", call, mine(fd=reads), late)]
    host.apply(policy("bytes", rules))
    sent = (b"GET \0/ind", b"GE\0", b"x" * 300)
    for one in sent:
        os.write(writes, one)
    os.set_blocking(reads, False)
    received = [os.read(reads, 12), os.read(reads, 400)]
    with contextlib.suppress(BlockingIOError):
        os.read(reads, 400)

    events = open_policy(host.kernel, "bytes").events()

    written = [one.fields for one in events if one.origin.rule == "write"]
    assert [bytes.fromhex(str(one["data"])) for one in written] == [one[:256] for one in sent]
    assert [one["base"] for one in written] == [b64encode(one[:256]).decode() for one in sent]
    assert [bytes.fromhex(str(one["few"])) for one in written] == [one[:4] for one in sent]
    assert [str(one["four"])[:6] for one in written] == [one[:3].hex() for one in sent]
    assert [one["text"] for one in written] == [one.split(b"\0")[0][:7].decode() for one in sent]
    assert [one["low"] for one in written] == [len(one) % 256 for one in sent]
    assert [one["start"] for one in written] == [False, True, False]
    assert [one.cut for one in events if one.origin.rule == "write"] == [("few",), (), ("data", "few", "base")]
    read = [one.fields for one in events if one.origin.rule == "read"]
    assert [one["data"] for one in read] == [one[:256].hex() for one in received] + [None]
    assert read[-1]["error"] == "EAGAIN"


def test_casts_lead_into_structures_of_the_kernel_and_of_the_caller(host: Host) -> None:
    sk = event(
        acked="args.sk.as(tcp_sock).bytes_acked", port="args.sk.as(inet_sock).inet_sport", state="args.newstate.as(u8)"
    )
    to = event(
        ip="args.uservaddr.as(sockaddr).ip",
        port="args.uservaddr.as(sockaddr_in).sin_port",
        same="args.uservaddr.as(sockaddr_in).sin_addr.s_addr.as(ip)",
        family="args.uservaddr.as(u64).as(sockaddr).sa_family",
    )
    rules = [
        rule("tcp", {"raw_tracepoint": "inet_sock_set_state"}, [leaf("args.newstate", "Equal", "TCP_FIN_WAIT1")], sk),
        rule("connect", {"syscall": "connect"}, mine(), to),
    ]
    host.apply(policy("casts", rules))
    with socket.create_server(("127.0.0.1", 0)) as server:
        there = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", there)) as client:
            own = client.getsockname()[1]

    events = {(one.origin.rule, one.fields["port"]): one.fields for one in open_policy(host.kernel, "casts").events()}

    assert events["connect", there] == {"ip": "127.0.0.1", "port": there, "same": "127.0.0.1", "family": "AF_INET"}
    assert events["tcp", own] == {"acked": 1, "port": own, "state": 4}
