"""Small pieces of the command line: values on a line, durations, wrapped tables, outcomes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyd.cli.outcomes import Shown, summary
from policyd.cli.params import split_values
from policyd.cli.prose import wrapped_table
from policyd.cli.quantities import Duration
from policyd.engine import Outcome
from policyd.errors import NotFoundError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", ()),
        ("a", ("a",)),
        ("10.0.0.0/8,192.0.2.7/32", ("10.0.0.0/8", "192.0.2.7/32")),
        (r"a\,b,c", ("a,b", "c")),
        (r"a\\,b", ("a\\", "b")),
        (r"C:\temp", (r"C:\temp",)),
        ("a,", ("a", "")),
        ("a\\", ("a\\",)),
    ],
)
def test_values_are_separated_by_commas(text: str, values: tuple[str, ...]) -> None:
    assert split_values(text) == values


@given(st.lists(st.text(), min_size=1).filter(lambda values: values != [""]))
def test_every_value_can_be_written(values: list[str]) -> None:
    text = ",".join(value.replace("\\", "\\\\").replace(",", "\\,") for value in values)

    assert split_values(text) == tuple(values)


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("500ms", 0.5), ("2m", 120), ("1h30m", 5400)])
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@given(
    st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(st.text(max_size=60), min_size=n, max_size=n), min_size=1)),
    st.integers(60, 120),
)
def test_wrapped_tables_fit_and_lose_no_word(rows: list[list[str]], columns: int) -> None:
    lines = wrapped_table([""] * len(rows[0]), rows, columns)

    assert all(len(line) <= columns for line in lines)
    shown = "".join("".join(lines).split())
    for row in rows:
        for cell in row:
            if cell.isascii() and cell.isalnum():
                assert set(cell) <= set(shown)


def test_a_table_gives_way_in_its_widest_column() -> None:
    lines = wrapped_table(("name", "meaning"), [("a", "one two three four five six seven eight nine ten eleven")], 30)

    assert lines[0] == "NAME  MEANING"
    assert lines[1] == "a     one two three four five"
    assert lines[2].startswith("      six")


def test_only_those_asked_about_are_shown_unless_something_became_of_them() -> None:
    outcomes = [
        Outcome("asked", "unchanged"),
        Outcome("other", "unchanged"),
        Outcome("pruned", "removed"),
        Outcome("broken", "failed", error=NotFoundError("x")),
    ]

    shown = Shown(frozenset({"asked"})).chosen(outcomes)
    assert [outcome.policy for outcome in shown] == ["asked", "pruned", "broken"]
    assert summary(shown) == "1 removed, 1 unchanged, 1 left out"
    assert summary([]) == "nothing to do"
