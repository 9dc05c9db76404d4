"""Records become events: values, absence, cuts, and what is not known."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ring_bytes import COMM, FIXED, IP, PACKED, PID, U64, HandMadeRing, event, policy, with_header

from policyd.layout import FLAG_UNREAD, Column, Layout
from policyd.reading.events import Decoder, boot_offset
from policyd.reading.shown import MEMORY, Shown


def test_an_event_says_where_it_comes_from() -> None:
    decoder = Decoder(policy(FIXED))

    found = decoder.event(event(FIXED, 4711, b"cat", 12, time=5, cpu=3, verdict=6, hook=1))

    origin = found.origin
    assert (origin.policy, origin.severity, origin.rule) == ("exec-audit", "high", "opened")
    assert (origin.hook, origin.verdict) == ("xdp:eth0", "would-deny")
    assert (found.time, found.cpu, found.undecided) == (5, 3, False)
    assert found.fields == {"process.pid": 4711, "process.comm": "cat", "args.count": 12}


def test_packed_strings_are_found_behind_the_fixed_part() -> None:
    found = Decoder(policy(PACKED)).event(event(PACKED, 1, b"/etc/passwd", b"/bin/cat"))

    assert found.fields == {"process.pid": 1, "args.filename": "/etc/passwd", "exe": "/bin/cat"}


def test_absent_and_unread_columns_are_null_and_unread_ones_named() -> None:
    found = Decoder(policy(FIXED)).event(event(FIXED, 1, b"cat", 2, absent=0b001, unread=0b100))

    assert found.fields == {"process.pid": None, "process.comm": "cat", "args.count": None}
    assert found.unread == ("args.count",)


def test_a_cut_string_is_named() -> None:
    found = Decoder(policy(PACKED)).event(event(PACKED, 1, "/etc/pass…".encode(), b"/bin/cat"))

    assert found.cut == ("args.filename",)
    assert found.fields["args.filename"] == "/etc/pass"


def test_an_undecided_filter_marks_the_event() -> None:
    assert Decoder(policy(FIXED)).event(event(FIXED, 1, b"cat", 2, flags=FLAG_UNREAD)).undecided


def test_an_event_of_a_forgotten_layout_is_counted_and_kept() -> None:
    decoder = Decoder(policy(FIXED))

    found = decoder.event(with_header(0xABCD, b"\1" * 40, hook=9, verdict=99))

    assert (found.form, found.layout, found.size, found.fields) == (None, 0xABCD, 88, {})
    assert (found.origin.rule, found.origin.hook, found.origin.verdict) == ("opened", "?", "?")
    assert decoder.undecodable == 1


def test_a_record_shorter_than_its_layout_is_undecodable() -> None:
    decoder = Decoder(policy(FIXED))

    assert decoder.event(event(FIXED, 1, b"cat", 2)[:-8]).form is None
    assert decoder.undecodable == 1


def test_a_renewed_decoder_knows_the_new_layout_and_the_old_one() -> None:
    decoder = Decoder(policy(FIXED))

    decoder.renew(policy(FIXED, PACKED))

    assert decoder.event(event(PACKED, 1, b"a", b"b")).form is not None
    assert decoder.event(event(FIXED, 1, b"cat", 2)).form is not None


def test_rule_names_are_those_of_the_layouts_generation() -> None:
    record = policy(FIXED)
    old = Decoder(record).event(event(FIXED, 1, b"cat", 2, rule=0))
    unknown = Decoder(record).event(event(FIXED, 1, b"cat", 2, rule=7))

    assert (old.origin.rule, unknown.origin.rule) == ("opened", "?")


def test_names_replace_values_by_the_first_glob_that_fits() -> None:
    names = (("ext4_*_read*", "read"), ("ext4_*", "other"), ("7", "seven"))
    shown = Shown(Column("op", COMM, names=names))

    assert [shown[raw] for raw in (b"ext4_file_read_iter", b"ext4_sync", b"xfs")] == ["read", "other", "xfs"]
    assert Shown(Column("n", PID, names=names))[7] == "seven"
    assert Shown(Column("n", PID, names=names)).text(8) == "8"


def test_what_is_remembered_of_a_column_is_bounded() -> None:
    shown = Shown(Column("a", U64))

    for number in range(MEMORY + 10):
        assert shown[number] == number

    assert len(shown) <= MEMORY


def test_long_strings_are_not_remembered() -> None:
    shown = Shown(Column("args", COMM))

    assert shown[b"x" * 5000] == "x" * 5000
    assert not shown


def test_addresses_print_as_people_write_them() -> None:
    layout = Layout((Column("src.ip", IP),))
    mapped = bytes(10) + b"\xff\xff" + bytes([192, 0, 2, 7])

    assert Decoder(policy(layout)).event(event(layout, mapped)).fields == {"src.ip": "192.0.2.7"}


def test_the_boot_offset_leads_to_the_wall_clock() -> None:
    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME) + boot_offset()

    assert now == pytest.approx(time.time_ns(), abs=50_000_000)


@given(st.binary(min_size=48, max_size=200), st.sampled_from([FIXED.id, PACKED.id, 1]))
def test_arbitrary_records_never_break_decoding(data: bytes, layout: int) -> None:
    record = data[:4] + layout.to_bytes(4, "little") + data[8:]
    hand = HandMadeRing()
    hand.add(record)
    batch = hand.ring.read()
    assert batch is not None

    found = list(Decoder(policy(FIXED, PACKED)).events(batch))

    assert len(found) == 1
    assert set(found[0].fields) <= {"process.pid", "process.comm", "args.count", "args.filename", "exe"}
