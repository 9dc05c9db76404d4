"""Events as text: columns that stay aligned, nothing that drives a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from ring_bytes import FIXED, PACKED, HandMadeRing, event, policy, with_header

from policyd.reading.events import Decoder
from policyd.sinks.text import TextLines, quoted
from policyd.text import is_safe

if TYPE_CHECKING:
    from policyd.record import PolicyRecord


def show(records: list[bytes], record: PolicyRecord, sink: TextLines | None = None) -> list[str]:
    hand = HandMadeRing()
    hand.add_all(records)
    batch = hand.ring.read()
    assert batch is not None
    found = (sink or TextLines()).lines([(Decoder(record), batch)])
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in found)
    return [line.rstrip("\n") for line in found]


def test_a_line_tells_time_rule_and_fields() -> None:
    [line] = show([event(FIXED, 4711, b"cat", 12)], policy(FIXED))

    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.\d{3}  exec-audit/opened  process\.pid=4711  process\.comm=cat  args\.count=12", line
    )


def test_wide_adds_date_severity_hook_and_cpu() -> None:
    [line] = show([event(FIXED, 1, b"cat", 2)], policy(FIXED), TextLines(wide=True))

    assert re.match(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d{4}  high  exec-audit/opened  syscall:openat  cpu=1  ", line
    )


def test_columns_stay_aligned() -> None:
    records = [event(FIXED, number, comm, 1, time=at) for at, (number, comm) in enumerate([(99999, b"longer"), (1, b"a")])]

    first, second = show(records, policy(FIXED))

    assert first.index("process.comm") == second.index("process.comm")
    assert first.index("args.count") == second.index("args.count")


def test_events_come_in_the_order_of_time() -> None:
    found = show([event(FIXED, 1, b"a", 1, time=20), event(FIXED, 2, b"a", 1, time=10)], policy(FIXED))

    assert ["process.pid=2" in line for line in found] == [True, False]


def test_missing_values_and_cuts_have_their_signs() -> None:
    records = [event(PACKED, 1, "/etc/pass…".encode(), b"/bin/cat", absent=1, unread=4, flags=1)]

    [line] = show(records, policy(PACKED))

    assert line.endswith("process.pid=-  args.filename=/etc/pass…  exe=?  (a filter could not be decided)")


def test_a_verdict_has_a_column_once_there_was_one() -> None:
    sink = TextLines()

    [plain] = show([event(FIXED, 1, b"a", 1)], policy(FIXED), sink)
    first, second = show([event(FIXED, 1, b"a", 1, verdict=6), event(FIXED, 1, b"a", 1)], policy(FIXED), sink)

    assert "opened  process" in plain
    assert "opened  would-deny  process" in first
    assert "opened  -           process" in second


def test_colours_follow_severity_and_only_if_asked_for() -> None:
    [plain] = show([event(FIXED, 1, b"a", 1)], policy(FIXED))
    [colored] = show([event(FIXED, 1, b"a", 1)], policy(FIXED), TextLines(color=True))

    assert "\x1b" not in plain
    assert "\x1b[31mexec-audit/opened\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain


def test_an_unknown_layout_says_so() -> None:
    [line] = show([with_header(0xBEEF, b"12345678")], policy(FIXED))

    assert "undecodable: 56 bytes of layout 0000beef" in line


def test_values_with_blanks_or_quotes_are_quoted() -> None:
    assert [quoted(text) for text in ("sh -c id", 'a"b', "", "a=b", "plain")] == [
        '"sh -c id"',
        '"a\\"b"',
        '""',
        '"a=b"',
        "plain",
    ]


@given(st.binary(max_size=15), st.binary(max_size=64), st.booleans())
def test_no_bytes_of_an_event_reach_the_terminal_as_control_characters(comm: bytes, path: bytes, wide: bool) -> None:
    records = [event(FIXED, 1, comm.split(b"\0")[0], 1), event(PACKED, 1, path, b"\x1b]0;title\x07")]

    for line in show(records, policy(FIXED, PACKED), TextLines(wide=wide)):
        assert is_safe(line)


@given(st.text(max_size=30).filter(bool))
def test_no_name_of_a_policy_reaches_the_terminal_as_control_characters(name: str) -> None:
    [line] = show([event(FIXED, 1, b"a", 1)], policy(FIXED, name=name))

    assert is_safe(line)
