"""The walk over a ring's memory: what is taken, in which runs, and where it stops."""

from __future__ import annotations

import mmap
import random
import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from ring_bytes import BUSY, COMM, DISCARD, FIXED, PACKED, PAGE, U64, HandMadeRing, event, with_header

from policyd.layout import Column, Layout
from policyd.reading.ring import Batch, Ring

OTHER = Layout((Column("a", U64), Column("b", COMM)))


def fixed(number: int, time: int = 10**9) -> bytes:
    return event(FIXED, number, b"cat", number, time=time)


def records(batch: Batch | None) -> list[bytes]:
    assert batch is not None
    found = [
        (offset, batch.memory[offset : offset + length])
        for run in batch.runs
        for offset, length in zip(run.offsets, run.lengths, strict=True)
    ]
    return [data for _, data in sorted(found)]


def test_an_empty_ring_has_no_batch() -> None:
    assert HandMadeRing().ring.read() is None


def test_every_record_is_read_once_and_in_order() -> None:
    hand = HandMadeRing()
    wanted = [fixed(number) for number in range(100)]
    hand.add_all(wanted)

    batch = hand.ring.read()

    assert records(batch) == wanted
    assert batch is not None
    assert [run.stride for run in batch.runs] == [88]  # one bulk
    hand.ring.advance(batch.end)
    assert hand.ring.read() is None
    assert hand.ring.pending == 0


def test_what_is_not_said_to_be_done_is_read_again() -> None:
    hand = HandMadeRing()
    hand.add(fixed(1))

    assert records(hand.ring.read()) == records(hand.ring.read()) == [fixed(1)]


def test_a_record_that_is_being_written_ends_the_batch() -> None:
    hand = HandMadeRing()
    hand.add_all([fixed(1), fixed(2)])
    at = hand.add(fixed(3), BUSY)
    hand.add(fixed(4))

    batch = hand.ring.read()
    assert records(batch) == [fixed(1), fixed(2)]

    assert batch is not None
    hand.ring.advance(batch.end)
    assert hand.ring.read() is None
    hand.commit(at, len(fixed(3)))
    assert records(hand.ring.read()) == [fixed(3), fixed(4)]


def test_a_busy_record_ends_a_bulk() -> None:
    hand = HandMadeRing()
    hand.add_all([fixed(number) for number in range(50)])
    hand.add(fixed(50), BUSY)
    hand.add_all([fixed(number) for number in range(50)])

    assert len(records(hand.ring.read())) == 50


def test_discarded_records_are_passed_over() -> None:
    hand = HandMadeRing()
    for number in range(200):
        hand.add(fixed(number), DISCARD if number % 7 == 0 else 0)

    batch = hand.ring.read()

    assert records(batch) == [fixed(number) for number in range(200) if number % 7]
    assert batch is not None
    assert batch.end == hand.producer


def test_discarded_records_alone_are_given_back_too() -> None:
    hand = HandMadeRing()
    hand.add(fixed(1), DISCARD)

    batch = hand.ring.read()

    assert batch is not None
    assert (len(batch), batch.end) == (0, hand.producer)


def test_a_record_too_short_for_a_header_is_counted_and_passed_over() -> None:
    hand = HandMadeRing()
    hand.add(b"short")
    hand.add(fixed(1))

    batch = hand.ring.read()

    assert records(batch) == [fixed(1)]
    assert batch is not None
    assert batch.broken == 1


def test_the_limit_is_kept() -> None:
    hand = HandMadeRing()
    hand.add_all([fixed(number) for number in range(100)])

    assert len(records(hand.ring.read(40))) == 40
    assert len(records(hand.ring.read(3))) == 3


def test_records_wrap_around_the_end_of_the_ring() -> None:
    hand = HandMadeRing(size=PAGE, start=3 * PAGE - 100)
    wanted = [fixed(1), event(PACKED, 7, b"/etc/passwd", b"/bin/cat"), fixed(2)]
    hand.add_all(wanted)

    assert records(hand.ring.read()) == wanted


def test_layouts_that_alternate_make_one_run_each() -> None:
    hand = HandMadeRing()
    hand.add_all(fixed(number) if number % 2 else event(OTHER, number, b"x") for number in range(60))

    batch = hand.ring.read()

    assert batch is not None
    assert {run.layout: len(run.offsets) for run in batch.runs} == {FIXED.id: 30, OTHER.id: 30}
    assert len(batch.runs) == 2


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from([1, 1, 1, 2])), max_size=80), st.integers(1, 90))
@settings(max_examples=100)
def test_any_mix_of_lengths_and_layouts_is_read_whole(shape: list[tuple[int, int]], limit: int) -> None:
    hand = HandMadeRing()
    wanted = [
        with_header(layout, bytes([at % 256]) * (size // 100 * 40), time=at) for at, (size, layout) in enumerate(shape)
    ]
    hand.add_all(wanted)

    found = []
    while batch := hand.ring.read(limit):
        assert len(batch) <= limit
        found += records(batch)
        hand.ring.advance(batch.end)

    assert found == wanted


WORDS = st.one_of(st.integers(0, 400), st.integers(0, 2**32 - 1))


@given(st.lists(WORDS, min_size=1, max_size=60), st.integers(0, PAGE // 8), st.integers(0, PAGE // 8))
@settings(max_examples=100)
def test_arbitrary_bytes_never_break_the_walk(words: list[int], consumer: int, waiting: int) -> None:
    data = (struct.pack(f"<{len(words)}I", *words) * PAGE)[:PAGE]
    memory, positions = mmap.mmap(-1, 3 * PAGE), mmap.mmap(-1, PAGE)
    memory[:] = struct.pack("<Q", consumer * 8 + waiting * 8).ljust(PAGE, b"\0") + data + data
    positions[:8] = struct.pack("<Q", consumer * 8)
    ring = Ring.over(positions, memory, PAGE)

    while batch := ring.read():
        assert batch.end <= (consumer + waiting) * 8
        for record in records(batch):
            assert len(record) >= 48
        ring.advance(batch.end)


def test_times_are_those_of_the_headers() -> None:
    hand = HandMadeRing()
    wanted = [fixed(number, time=1000 + number) for number in range(70)]
    wanted += [event(PACKED, 1, random.randbytes(number), b"", time=2000 + number) for number in range(9)]
    hand.add_all(wanted)

    batch = hand.ring.read()

    assert batch is not None
    assert sorted(time for run in batch.runs for time in batch.times(run)) == [*range(1000, 1070), *range(2000, 2009)]
    assert len(batch.since(1069)) == 10
