"""text.py: foreign text cannot act on a terminal, and near misses are near."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyd.text import did_you_mean, is_safe, near, one_of, quote, safe, safe_bytes


def test_no_character_of_a_dangerous_kind_is_safe() -> None:
    for code in range(0x110000):
        char = chr(code)
        if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or unicodedata.bidirectional(char) in {
            "LRE", "LRO", "RLE", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
        }:  # fmt: skip
            assert not is_safe(char), hex(code)


@given(st.text() | st.text("\x00\x1b\x7f\x9b\u202e\u2028\ufeffé"))
def test_safe_text_is_safe_and_says_the_same_twice(text: str) -> None:
    assert is_safe(safe(text))
    assert safe(safe(text)) == safe(text)


@given(st.binary())
def test_any_bytes_can_be_shown(data: bytes) -> None:
    assert is_safe(safe_bytes(data))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é ü 漢 ✓", "plain é ü 漢 ✓"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b", "\\x9b"),
        ("\u202e", "\\u202e"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_is_not_safe_is_shown_by_its_number(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_bytes_that_are_no_text_are_shown_by_their_number() -> None:
    assert safe_bytes(b"a\xff\xc3\xa9") == "a\\xffé"


def test_long_text_is_cut() -> None:
    assert safe("abcdef", 4) == "abc…"
    assert quote("a" * 1000) == "`" + "a" * 59 + "…`"


def test_near_misses_come_best_first_whatever_their_case() -> None:
    assert near("equals", ["NotEqual", "In", "Equal"]) == ["Equal", "NotEqual"]
    assert near("sched-switch", ["sched_switch", "sched_waking"])[0] == "sched_switch"
    assert near("zzz", ["Equal"]) == []


def test_hints_and_lists_read_as_sentences() -> None:
    assert did_you_mean("tracepont", ["tracepoint", "xdp"]) == "did you mean `tracepoint`?"
    assert did_you_mean("zzz", ["xdp"]) == ""
    assert one_of(["a", "b", "c"]) == "a, b or c"
    assert one_of(["a"]) == "a"
    assert one_of(list("abcdef"), 3) == "a, b, c and 3 more"
