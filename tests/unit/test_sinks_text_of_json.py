"""Text made of JSON lines is the text made of the events themselves."""

from __future__ import annotations

import json
import time

import pytest
from ring_bytes import COMM, DURATION, FIXED, PACKED, U32, HandMadeRing, event, policy, with_header

from policyd.layout import Column, Layout
from policyd.reading.events import Decoder
from policyd.record import PolicyRecord
from policyd.sinks.jsonl import JsonLines
from policyd.sinks.text import TextLines
from policyd.sinks.text_of_json import TextOfJson
from policyd.text import is_safe
from policyd.vocabulary.kinds import kind_type

MANY = Layout(
    (
        Column("process.pid", U32),
        Column("took", DURATION),
        Column("bytes", kind_type("size")),
        Column("begun", kind_type("time")),
        Column("process.comm", COMM),
        Column("state", U32, names=(("1", "open"), ("2", "shut"))),
    )
)

LISTS = Layout(
    (Column("process.capabilities.effective", kind_type("capabilities")), Column("up", kind_type("paths"), packed=True))
)


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    offset = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    for module in ("policyd.sinks.jsonl", "policyd.sinks.text", "policyd.vocabulary.values"):
        monkeypatch.setattr(f"{module}.boot_offset", lambda: offset, raising=False)


def both(records: list[bytes], record: PolicyRecord, wide: bool = False) -> tuple[list[str], list[str]]:
    """Return the text of events, and that of their JSON lines."""
    hand = HandMadeRing()
    hand.add_all(records)
    batch = hand.ring.read()
    assert batch is not None
    direct = TextLines(wide).lines([(Decoder(record), batch)])
    lines = JsonLines().lines([(Decoder(record), batch)])
    made = TextOfJson(TextLines(wide), lambda: {record.name: record})
    return direct, [made.line(line) for line in lines]


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(
    ("layout", "rows"),
    [
        (FIXED, [(4711, b"cat", 12), (1, b"a longer name", 7), (99999, b"sh -c", 1 << 60)]),
        (PACKED, [(1, b"/etc/passwd", b"/bin/cat"), (2, "/long/path…".encode(), b'with "quotes"'), (3, b"", b"\x1b[2J")]),
        (LISTS, [(1 << 21 | 1, b"/bin/sh\0/sbin/init"), (0, b""), (1 << 63, b"/a b\0\x1b[2J\0?")]),
        (MANY, [(7, 1_500_000, 1 << 20, 5_000_000_000, b"a=b c", 1), (8, 0, 0, 1, b"", 3)]),
    ],
)
def test_both_ways_give_the_same_lines(layout: Layout, rows: list[tuple[int | bytes, ...]], wide: bool) -> None:
    records = [event(layout, *row, time=at * 10**9, verdict=at % 3) for at, row in enumerate(rows, start=1)]
    direct, made = both(records, policy(layout), wide)

    assert made == direct
    assert len(made) == len(rows)


def test_what_is_absent_unread_or_undecided_is_told_alike() -> None:
    records = [
        event(FIXED, 1, b"a", 2, time=1, absent=0b010),
        event(FIXED, 1, b"a", 2, time=2, unread=0b001, flags=1),
        with_header(0xDEAD, bytes(16), 3),
    ]
    direct, made = both(records, policy(FIXED))

    assert made == direct
    assert "process.comm=-" in made[0]
    assert "process.pid=?" in made[1]
    assert "undecodable" in made[2]


@pytest.mark.parametrize("data", ["", "{", "[]", "5", '{"time":"yesterday"}', '{"dropped":3}', '{"time":5,"\x1b[2J":1}'])
def test_what_is_no_event_is_shown_safely(data: str) -> None:
    shown = TextOfJson(TextLines(), dict).line(data)

    assert shown.endswith("\n")
    assert is_safe(shown[:-1])


def test_fields_of_a_policy_that_is_gone_are_shown_as_they_are() -> None:
    line = {
        "time": "2026-01-01T00:00:00.000000001Z", "policy": "gone", "severity": "low", "rule": "r", "hook": "h",
        "verdict": "none", "cpu": 0, "fields": {"took": 1500000, "flags": ["A", "B"], "yes": True},
    }  # fmt: skip
    shown = TextOfJson(TextLines(), dict).line(json.dumps(line))

    assert "took=1500000" in shown
    assert "flags=A|B" in shown
    assert "yes=true" in shown


def test_what_is_known_after_the_fact_is_shown_shortly() -> None:
    def text(known: object) -> str:
        origin = {"policy": "p", "severity": "low", "rule": "r", "hook": "h", "verdict": "none", "cpu": 1}
        told = {"time": "2026-11-22T11:15:00.000000001Z", **origin, "fields": {"process_uid": 33}, "enriched": known}
        return TextOfJson(TextLines(), dict).line(json.dumps(told)).split("process_uid=")[1]

    container = {
        "id": "3f9a" * 16,
        "runtime": "containerd",
        "name": "app",
        "image": "r/a:1",
        "pod": "api",
        "namespace": "shop",
    }
    assert text({"users": {"process_uid": "www-data"}}) == "33(www-data)\n"
    assert text({"container": container}).split() == ["33", "pod=shop/api", "container=app", "image=r/a:1"]
    assert text({"container": {"id": "3f9a" * 16, "pod_uid": "u"}, "pending": True}).split() == [
        "33",
        "pod=u",
        "container=3f9a3f9a3f9a",
    ]
    assert (
        text({"users": {"process_uid": "\x1b[2J x"}, "container": {"name": "a b"}}) == '33("\\x1b[2J x")  container="a b"\n'
    )
