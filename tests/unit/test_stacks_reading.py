"""Stacks: their bytes become frames, the entries of their maps series and counts, and events show them."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from ring_bytes import COMM, DURATION, U64, policy
from test_reading_metrics import Maps, slots

from policyd.errors import NotFoundError
from policyd.layout import Column, Layout
from policyd.maps import MapClass
from policyd.reading.metrics import names_of, read_families
from policyd.reading.stacks import Totals, read_stacks
from policyd.record import MapRecord, map_pin, policy_path
from policyd.stack import Stack, UserFrame
from policyd.views.stacks import stack_outputs, stacks
from policyd.vocabulary.kinds import show, show_text
from policyd.vocabulary.stacks import HEAD, SHOWER, Frames, decode_stack, stack_bytes
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.kernel.port import Kernel
    from policyd.record import PolicyRecord

DEPTH = 4
FILE = bytes(range(20))
KERNEL = ValueType("stack", Shape.BYTES, stack_bytes("kernel", DEPTH))
USER = ValueType("stack", Shape.BYTES, stack_bytes("user", DEPTH))
KEY = Layout((Column("comm", COMM), Column("kernel.stack", KERNEL), Column("user.stack", USER)))


def kernel_stack(*frames: int, mark: int = 0) -> bytes:
    return HEAD.pack(0, 8, mark) + struct.pack(f"<{len(frames)}Q", *frames)


def user_stack(*frames: tuple[int, bytes], pid: int = 0, mark: int = 0) -> bytes:
    return HEAD.pack(pid, 32, mark) + b"".join(struct.pack("<i20sQ", 1 if one else 2, one, at) for at, one in frames)


def key(kernel: bytes, user: bytes, comm: bytes = b"cat") -> bytes:
    return KEY.encode((comm.ljust(16, b"\0"), kernel.ljust(KERNEL.size, b"\0"), user.ljust(USER.size, b"\0")))


def opened(entries: dict[bytes, bytes], value: Layout) -> tuple[Kernel, PolicyRecord]:
    of = MapRecord("waits", 0, MapClass("percpu_hash", KEY.size, value.size), "stacks", "f", 9, KEY, value, "Helps.")
    record = replace(policy(), maps={"waits": of})
    return cast("Kernel", Maps({policy_path(record.name, map_pin(record.name, "waits", "f")): entries})), record


COUNTED = Layout((Column("count", U64),))
SUMMED = Layout((Column("count", U64), Column("sum", DURATION)))


def test_a_stack_of_the_kernel_is_its_addresses() -> None:
    raw = kernel_stack(0xFFFFFFFF81000010, 0xFFFFFFFF81000020)

    assert decode_stack(raw) == decode_stack(raw + bytes(64))
    assert [at for at, _ in decode_stack(raw).frames] == [0xFFFFFFFF81000010, 0xFFFFFFFF81000020]


def test_frames_of_a_program_are_places_in_files_or_addresses_of_the_process() -> None:
    found = decode_stack(user_stack((0x1234, FILE), (0x7F0000000010, b""), pid=7))

    assert found == Frames("user", 7, frames=((0x1234, FILE.hex()), (0x7F0000000010, "")))


@pytest.mark.parametrize("length", [*range(12), 41, 100])
def test_bytes_of_any_length_are_decoded(length: int) -> None:
    for head in (kernel_stack(1, 2), user_stack((1, FILE)), bytes(8), b"\xff" * 8):
        found = decode_stack((head + bytes(range(100)))[:length])
        assert len(found.frames) <= length // 8 + 1


def test_an_event_shows_a_stack_as_a_list_and_on_a_line() -> None:
    type_ = ValueType("stack", Shape.STRING, 4096)
    raw = user_stack((0x1234, FILE), (0x7F0000000010, b""), mark=1)

    assert show(type_, raw) == [f"{FILE.hex()}+0x1234", "0x7f0000000010", "[cut]"]
    assert show_text(type_, raw) == f"{FILE.hex()}+0x1234 < 0x7f0000000010 < [cut]"


def test_who_has_better_names_of_frames_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SHOWER, "texts", lambda stack: [f"{stack.part}!" for _ in stack.frames])

    assert show(ValueType("stack", Shape.STRING, 4096), kernel_stack(1, 2)) == ["kernel!", "kernel!"]


def test_a_map_of_stacks_becomes_series_the_largest_first() -> None:
    entries = {
        key(kernel_stack(1, 2), user_stack((5, FILE))): slots((1, 10), (2, 20)),
        key(kernel_stack(3), user_stack((6, b""), pid=7), b"ls"): slots((1, 50), (0, 0)),
    }
    kernel, record = opened(entries, SUMMED)

    (found,) = stack_outputs(kernel, [record])

    assert found.parts == ("kernel", "user")
    assert (found.unit, found.summed, found.help, found.max_entries) == ("seconds", True, "Helps.", 8)
    first, second = found.series
    assert first.stack == Stack((3,), (UserFrame(6),), 7)
    assert (first.labels, first.value) == ((("comm", "ls"),), 50)
    assert second.stack == Stack((1, 2), (UserFrame(0, FILE.hex(), 5),))
    assert second.value == 30
    assert found.totals == Totals(80, 4)
    assert stacks(kernel, record, "waits") == found.series


def test_what_was_lost_cut_or_could_not_be_read_is_counted() -> None:
    lost = HEAD.pack(0, 0, 2)
    entries = {
        key(kernel_stack(1, 2, 3, 4, mark=1), user_stack((5, FILE))): slots((3,)),
        key(kernel_stack(1), user_stack((5, FILE), mark=1)): slots((4,)),
        key(kernel_stack(), user_stack()): slots((5,)),
        key(lost, b"", b""): slots((6,)),
        key(kernel_stack(9), user_stack()): slots((0,)),
    }
    kernel, record = opened(entries, COUNTED)

    found = read_stacks(kernel, record.name, record.maps["waits"])

    assert found is not None
    assert found.totals == Totals(7, 7, 7, 6, 5)
    assert [(one.stack.kernel_cut, one.stack.user_cut) for one in found.series] == [(False, True), (True, False)]


def test_a_name_that_no_output_has_gets_the_near_ones() -> None:
    kernel, record = opened({}, COUNTED)

    with pytest.raises(NotFoundError, match="did you mean `waits`"):
        list(stack_outputs(kernel, [record], names=("wait",)))
    with pytest.raises(NotFoundError, match="there is no stacks output `idle`; outputs: waits"):
        stacks(kernel, record, "idle")


def test_stacks_leave_as_totals_only() -> None:
    entries = {
        key(kernel_stack(1, mark=1), user_stack()): slots((3, 2 * 10**9)),
        key(kernel_stack(2), user_stack()): slots((1, 10**9)),
        key(kernel_stack(), user_stack()): slots((5, 9)),
        key(HEAD.pack(0, 0, 2), b"", b""): slots((6, 0)),
    }
    kernel, record = opened(entries, SUMMED)

    found = read_families(kernel, record)

    assert [(one.name, one.type, one.unit, one.series) for one in found] == [
        ("waits_total", "counter", "seconds", (({}, 3.0),)),
        ("waits_truncated_total", "counter", "", (({}, 3),)),
        ("waits_lost_total", "counter", "", (({}, 6),)),
        ("waits_empty_total", "counter", "", (({}, 5),)),
    ]
    assert names_of(record.maps["waits"]) == tuple(one.name for one in found)
