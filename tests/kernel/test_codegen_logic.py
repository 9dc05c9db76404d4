"""What absent and unread values do to rules on this kernel, against three-valued logic in Python; and the books.

A system call with a bad address for a file name makes it unread, one with NULL makes it absent.
"""

from __future__ import annotations

import ctypes
import itertools
import os
from collections.abc import Iterator
from typing import Any

import pytest
from codegen_cases import leaf, policy, rule
from conftest import Host

from policyd.reading import open_policy

pytestmark = pytest.mark.kernel

HOOK = {"syscall": "openat"}
OPENAT = 257
BAD = 8
LIBC = ctypes.CDLL(None, use_errno=True)
Tree = Any
PATH = f"/pd-logic/{os.getpid()}"

TRUE = leaf("args.flags", "AnyBits", "O_NOATIME")
FALSE = leaf("args.flags", "AnyBits", "O_PATH")
UNKNOWN = leaf("args.filename", "Equal", PATH)
"""With a bad address for a name: true, false and unknown."""


def call(address: int | bytes | None) -> None:
    """Call openat of a name at an address, marked for `mine`."""
    name = address if isinstance(address, bytes) else ctypes.c_void_p(address)
    LIBC.syscall(OPENAT, -100, name, os.O_NOATIME | os.O_NONBLOCK, 0)


def mine() -> Tree:
    return {"allOf": [leaf("process.pid", "Equal", os.getpid()), leaf("args.flags", "AllBits", "O_NOATIME", "O_NONBLOCK")]}


def kleene(tree: Tree) -> bool | None:
    """Return what a tree of TRUE, FALSE and UNKNOWN is; None for unknown."""
    for known, value in ((TRUE, True), (FALSE, False), (UNKNOWN, None)):
        if tree is known:
            return value
    if "not" in tree:
        inner = kleene(tree["not"])
        return None if inner is None else not inner
    parts = [kleene(part) for part in tree.get("allOf", ()) or tree["anyOf"]]
    deciding = "anyOf" in tree
    if deciding in parts:
        return deciding
    return None if None in parts else not deciding


def trees() -> Iterator[Tree]:
    """Yield every pair of leaves under both connectives, plain and negated, and some of depth three."""
    leaves = (TRUE, FALSE, UNKNOWN)
    pairs = [{kind: list(pair)} for kind in ("allOf", "anyOf") for pair in itertools.product(leaves, repeat=2)]
    yield from ({"not": one} for one in leaves)
    yield from pairs
    yield from ({"not": pair} for pair in pairs)
    for kind, other in (("allOf", "anyOf"), ("anyOf", "allOf")):
        for first, (second, third) in itertools.product(leaves, itertools.product(leaves, repeat=2)):
            yield {kind: [first, {"not": {other: [second, {"not": third}]}}]}


def test_rules_follow_three_valued_logic(host: Host) -> None:
    every = list(trees())
    outputs = [
        [{"counter": {"name": f"c{n}", "help": "N"}}, {"event": {"fields": ["args.flags"]}}] for n in range(len(every))
    ]
    rules = [rule(f"r{n}", HOOK, [mine(), tree], outputs[n]) for n, tree in enumerate(every)]
    host.apply(policy("logic", rules))

    call(BAD)

    reader = open_policy(host.kernel, "logic")
    events = {event.origin.rule: event.undecided for event in reader.events()}
    counts = {name: sum(int(value) for _, value in series) for name, series in reader.metrics().items()}  # type: ignore[arg-type]
    expected = [kleene(tree) for tree in every]
    assert events == {f"r{n}": value is None for n, value in enumerate(expected) if value is not False}
    assert counts == {f"c{n}": int(value is True) for n, value in enumerate(expected)}
    assert host.account("logic")["unread"] == expected.count(None)
    assert {True, False, None} == set(expected)


ABSENT = {
    "Equal": False,
    "NotEqual": True,
    "In": False,
    "NotIn": True,
    "Prefix": False,
    "NotPrefix": True,
    "Suffix": False,
    "NotSuffix": True,
    "Contains": False,
    "NotContains": True,
    "Glob": False,
    "NotGlob": True,
    "Under": False,
    "NotUnder": True,
    "Exists": False,
    "DoesNotExist": True,
}


def test_of_an_absent_value_negative_operators_are_true(host: Host) -> None:
    rules = [rule(op.lower(), HOOK, [mine(), leaf("args.filename", op, "/x")], [counter(op)]) for op in ABSENT]
    rules.append(rule("event", HOOK, [mine()], [{"event": {"fields": ["args.filename", "args.flags"]}}]))
    rules.append(rule("keyed", HOOK, [mine()], [counter("keyed", by=["args.filename"])]))
    host.apply(policy("absent", rules))

    call(None)

    reader = open_policy(host.kernel, "absent")
    counts = {name: sum(int(value) for _, value in series) for name, series in reader.metrics().items()}  # type: ignore[arg-type]
    assert counts == {op: int(value) for op, value in ABSENT.items()} | {"keyed": 0}
    (event,) = reader.events()
    assert (event.fields["args_filename"], event.unread, event.undecided) == (None, (), False)
    assert host.account("absent") == dict.fromkeys(host.account("absent"), 0) | {
        "matched": 1,
        "delivered": 1,
        "key_absent": 1,
    }


def counter(name: str, **more: object) -> dict[str, object]:
    return {"counter": {"name": name, "help": "Something", **more}}


def test_an_unread_value_is_flagged_and_takes_no_action(host: Host) -> None:
    fields = [{"event": {"fields": ["args.filename"]}}]
    here = leaf("args.filename", "Equal", PATH)
    rules = [
        rule("decided", HOOK, [mine(), {"not": here}], fields, action={"signal": "SIGKILL"}),
        rule("keyed", HOOK, [mine()], [counter("keyed", by=["args.filename"])]),
    ]
    host.apply(policy("unread", rules, mode="enforce"))

    call(BAD)  # would be the end of this process if unknown counted as true
    call(PATH.encode())

    (event,) = open_policy(host.kernel, "unread").events()
    assert (event.undecided, event.unread, event.fields["args_filename"]) == (True, ("args_filename",), None)
    account = host.account("unread")
    assert (account["unread"], account["acted"], account["key_absent"]) == (1, 0, 1)
    (series,) = open_policy(host.kernel, "unread").metrics()["keyed"]
    assert series == ({"args_filename": PATH}, 1)


def test_the_books_balance_when_a_ring_is_flooded(host: Host) -> None:
    """Matched is delivered and lost together; what was delivered is what is read, and none is there twice."""
    fields = [{"event": {"fields": ["args.filename", "args.mode", "process.comm"]}}, counter("opens_total")]
    small = policy("flood", [rule("r", HOOK, [mine()], fields)], events={"buffer": "32Ki"})
    host.apply(small)
    reader, read = open_policy(host.kernel, "flood"), 0

    for _ in range(3):
        for number in range(1000):
            call(f"{PATH}/{number}".encode())
        events = reader.events()
        names = [event.fields["args_filename"] for event in events]
        assert names == [f"{PATH}/{number}" for number in range(len(events))]
        read += len(events)

    account = host.account("flood")
    assert account["matched"] == 3000
    assert account["delivered"] == read
    assert account["ring_full"] == 3000 - read > 0
    assert read > 300
    assert host.count("flood", "opens_total") == 3000
