"""JSON lines: the fast way and the long way must agree, and every byte must come out as valid JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from ring_bytes import COMM, DURATION, FIXED, IP, PACKED, PATH, PID, U32, U64, HandMadeRing, event, policy, with_header

from policyd.layout import Column, Layout
from policyd.reading.events import Decoder, boot_offset
from policyd.sinks.jsonl import JsonLines
from policyd.text import is_safe
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.reading.ring import Batch, Ring
    from policyd.record import PolicyRecord

U8, U16 = ValueType("u8", Shape.NUMBER, 1), ValueType("u16", Shape.NUMBER, 2)
FLAGS = ValueType("flags", Shape.NUMBER, 4, False, ((1, "A"), (2, "B")))
EVERYTHING = Layout(
    (
        Column("one", U8),
        Column("pid", PID),
        Column("two", U16),
        Column("comm", COMM),
        Column("where", IP),
        Column("flags", FLAGS),
        Column("took", DURATION),
        Column("path", PATH, packed=True),
        Column("named", U32, names=(("7", "seven"),)),
        Column("other", PATH, packed=True),
    )
)
ADDRESS = bytes(10) + b"\xff\xff" + bytes([10, 0, 0, 1])


def encode(records: list[bytes], record: PolicyRecord) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(records, record)]


def lines(records: list[bytes], record: PolicyRecord) -> list[str]:
    hand = HandMadeRing()
    hand.add_all(records)
    batch = hand.ring.read()
    assert batch is not None
    found = JsonLines().lines([(Decoder(record), batch)])
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in found)
    return found


def everything(number: int, **header: int) -> bytes:
    values = (number % 256, number, 2, b"cat", ADDRESS, 3, number * 10, b"/a/%d" % number, 7, b"/b")
    return event(EVERYTHING, *values, **header)


def test_a_line_has_every_part() -> None:
    wall = 4_102_444_800_123_456_789
    [line] = encode([everything(5, time=wall - boot_offset(), cpu=3, verdict=1)], policy(EVERYTHING))

    assert line.pop("time").startswith("2100-01-01T00:00:00.12")
    assert line == {
        "policy": "exec-audit",
        "severity": "high",
        "rule": "opened",
        "hook": "syscall:openat",
        "verdict": "denied",
        "cpu": 3,
        "fields": {
            "one": 5,
            "pid": 5,
            "two": 2,
            "comm": "cat",
            "where": "10.0.0.1",
            "flags": ["A", "B"],
            "took": 50,
            "path": "/a/5",
            "named": "seven",
            "other": "/b",
        },
    }
    assert list(line["fields"]) == [column.name for column in EVERYTHING.columns]


def test_times_have_nanoseconds_and_end_in_z() -> None:
    second = 4_102_444_800 * 10**9 - boot_offset()
    [line] = encode([everything(5, time=second + 1)], policy(EVERYTHING))

    text = line["time"]
    assert (len(text), text[-1], text[19]) == (30, "Z", ".")


def test_a_column_that_is_a_time_is_shown_as_the_headers_time() -> None:
    layout = Layout((Column("a", U8), Column("started", ValueType("time", Shape.NUMBER, 8)), Column("b", U8)))
    wall = 4_102_444_800_123_456_789 - boot_offset()

    [fast] = encode([event(layout, 1, wall, 2, time=wall)], policy(layout))
    [slow] = encode([event(layout, 1, wall, 2, time=wall, absent=1)], policy(layout))

    assert fast["fields"] == {"a": 1, "started": fast["time"], "b": 2}
    assert slow["fields"]["started"][:19] == slow["time"][:19]


def test_the_fast_way_and_the_long_way_agree() -> None:
    decoder_fields = [Decoder(policy(EVERYTHING)).event(everything(number)).fields for number in range(80)]

    found = encode([everything(number, time=10**9 + number) for number in range(80)], policy(EVERYTHING))

    assert [line["fields"] for line in found] == json.loads(json.dumps(decoder_fields))


def test_absent_unread_and_cut_are_told() -> None:
    records = [event(PACKED, 1, "/etc/pass…".encode(), b"/bin/cat", absent=1, unread=4, flags=1)] * 40

    for line in encode(records, policy(PACKED)):
        assert line["fields"] == {"process.pid": None, "args.filename": "/etc/pass", "exe": None}
        assert (line["unread"], line["cut"], line["undecided"]) == (["exe"], ["args.filename"], True)


def test_a_cut_string_among_whole_ones_is_told() -> None:
    records = [event(PACKED, 1, b"/etc/passwd", b"/bin/cat", time=1), event(PACKED, 1, "/etc…".encode(), b"x", time=2)]

    whole, cut = encode(records, policy(PACKED))

    assert "cut" not in whole
    assert cut["cut"] == ["args.filename"]


def test_an_unknown_layout_is_a_line_too() -> None:
    [line] = encode([with_header(0xBEEF, b"12345678")], policy(FIXED))

    assert line["undecodable"] == {"layout": "0000beef", "bytes": 56}
    assert line["fields"] == {}


def test_records_longer_than_their_layout_are_read() -> None:
    records = [event(FIXED, number, b"cat", 2, time=number) + bytes(64) for number in range(40)]

    assert [line["fields"]["process.pid"] for line in encode(records, policy(FIXED))] == list(range(40))


def test_lines_of_several_layouts_and_rings_come_in_the_order_of_time() -> None:
    hands = HandMadeRing(), HandMadeRing()
    hands[0].add_all([event(FIXED, 1, b"a", 1, time=at * 10) for at in range(40)])
    hands[1].add_all([event(PACKED, 2, b"b", b"c", time=at * 7) for at in range(40)])
    pairs = [(Decoder(policy(FIXED, PACKED, name=str(at))), batch(hand.ring)) for at, hand in enumerate(hands)]

    times = [json.loads(line)["time"] for line in JsonLines().lines(pairs)]

    assert times == sorted(times)
    assert len(times) == 80


def batch(ring: Ring) -> Batch:
    found = ring.read()
    assert found is not None
    return found


def test_the_order_of_records_holds_when_the_second_changes() -> None:
    records = [event(FIXED, 1, b"a", at, time=at * 300_000_000) for at in range(40)]

    found = encode(records, policy(FIXED))

    assert [line["fields"]["args.count"] for line in found] == list(range(40))
    assert len({line["time"][:19] for line in found}) in {12, 13}


def test_a_renewed_decoder_changes_what_is_made() -> None:
    hand, sink, decoder = HandMadeRing(), JsonLines(), Decoder(policy(FIXED))
    hand.add_all([event(FIXED, 1, b"a", 1)] * 40)
    before = sink.lines([(decoder, batch(hand.ring))])

    decoder.renew(policy(FIXED, severity="low"))
    after = sink.lines([(decoder, batch(hand.ring))])

    assert {json.loads(line)["severity"] for line in before} == {"high"}
    assert {json.loads(line)["severity"] for line in after} == {"low"}


def test_names_with_quotes_and_braces_are_only_text() -> None:
    layout = Layout((Column('a"{v0}\\', U64), Column("b\n'''\x1b", COMM), Column("c{", PATH, packed=True)))
    record = policy(layout, name="x")

    [line] = encode([event(layout, 1, b"}", b"{0}")], record)

    assert line["fields"] == {'a"{v0}\\': 1, "b\n'''\x1b": "}", "c{": "{0}"}


@given(st.binary(max_size=15), st.binary(max_size=64), st.binary(max_size=64))
def test_any_bytes_become_valid_json_that_is_safe_to_show(comm: bytes, filename: bytes, exe: bytes) -> None:
    comm = comm.split(b"\0")[0]
    fixed, packed = event(FIXED, 1, comm, 1, time=1), event(PACKED, 1, filename, exe, time=2)

    first, second = lines([fixed, packed], policy(FIXED, PACKED))

    for line in (first, second):
        msgspec.json.decode(line)  # strict: no lone surrogates, no raw control characters
        assert is_safe(line.rstrip("\n"))
    assert json.loads(first)["fields"]["process.comm"] == comm.decode("utf-8", "replace")
    assert json.loads(second)["fields"]["exe"] == exe.decode("utf-8", "replace")


@given(st.lists(st.tuples(st.sampled_from([FIXED.id, PACKED.id, EVERYTHING.id, 1]), st.binary(max_size=160)), max_size=12))
def test_arbitrary_records_become_valid_json(parts: list[tuple[int, bytes]]) -> None:
    records = [with_header(layout, body, time=at) for at, (layout, body) in enumerate(parts)]
    record = policy(FIXED, PACKED, EVERYTHING)

    found = lines([*records, with_header(1, b"")], record)

    assert len(found) == len(records) + 1
    for line, alone, (layout, _) in zip(found, records, parts, strict=False):
        if layout == FIXED.id:  # one that is too short shows nothing of what lies behind it
            assert json.loads(line)["fields"] == encode([alone], record)[0]["fields"]
    for line in found:
        assert isinstance(msgspec.json.decode(line), dict)  # strict: no lone surrogates, no raw control characters
        assert is_safe(line.rstrip("\n"))
