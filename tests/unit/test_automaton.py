"""Machines give the answers of Python's own searches."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyd.automaton import globs, search

WORDS = st.binary(min_size=1, max_size=5).map(lambda b: bytes(97 + x % 3 for x in b))
TEXTS = st.binary(max_size=30).map(lambda b: bytes(97 + x % 3 for x in b))


@given(st.lists(WORDS, min_size=1, max_size=70), TEXTS)
def test_a_search_finds_what_in_finds(needles: list[bytes], text: bytes) -> None:
    found = search(tuple(needles)).run(text)
    assert [bool(found >> i & 1) for i in range(len(needles))] == [needle in text for needle in needles]


@given(st.lists(st.text("ab*?", min_size=1, max_size=6), min_size=1, max_size=6), st.text("ab", max_size=12))
def test_globs_match_what_fnmatch_matches(patterns: list[str], text: str) -> None:
    found = globs(tuple(p.encode() for p in patterns)).run(text.encode())
    assert [bool(found >> i & 1) for i in range(len(patterns))] == [fnmatch.fnmatchcase(text, p) for p in patterns]


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (rb"[a-c]x", b"bx", True),
        (rb"[!a-c]x", b"bx", False),
        (rb"[]]", b"]", True),
        (rb"a\*", b"a*", True),
        (rb"a\*", b"ab", False),
        (rb"*", b"", True),
        (rb"", b"", True),
        (rb"", b"a", False),
    ],
)
def test_brackets_and_escapes(pattern: bytes, text: bytes, matches: bool) -> None:
    assert bool(globs((pattern,)).run(text)) is matches


@pytest.mark.parametrize("pattern", [b"[a", b"a\\", b"[b-a]"])
def test_what_is_no_glob_is_refused(pattern: bytes) -> None:
    with pytest.raises(ValueError, match="a glob"):
        globs((pattern,))


def test_nothing_is_found_behind_a_nul() -> None:
    assert search((b"b",)).run(b"a\0b") == 0
