"""Metrics drawn in a terminal: aligned, within the width, in the unit that fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyd.reading.metrics import Family, Histogram
from policyd.sinks.plot import bar, plot, show_value
from policyd.text import is_safe

LATENCY = Histogram((1e-6, 2e-6, 4e-6, 8e-6), (0, 3, 0, 12, 1), 1e-4, 16)


def histogram(value: Histogram = LATENCY, unit: str = "seconds") -> Family:
    return Family("t_seconds", "p", "histogram", "Time.", unit, (({"comm": "dd"}, value),))


def test_a_histogram_is_drawn_from_its_first_to_its_last_bucket() -> None:
    lines = plot([histogram()], 60).splitlines()

    assert lines[0] == "t_seconds (policy p): Time."
    assert lines[1] == '  {comm="dd"}   count 16   mean 6.25 µs'
    assert [line.split("│")[0].strip() for line in lines[2:]] == [
        "1 µs .. 2 µs   3",
        "2 µs .. 4 µs   0",
        "4 µs .. 8 µs  12",
        "above 8 µs     1",
    ]
    assert len({line.index("│") for line in lines[2:]}) == 1


def test_the_longest_bar_fills_the_width() -> None:
    lines = plot([histogram()], 60).splitlines()

    assert max(map(len, lines[2:])) == 60


def test_counters_are_sorted_and_cut_to_the_top() -> None:
    series = tuple(({"comm": f"c{number}"}, number) for number in range(20))

    lines = plot([Family("n", "p", "counter", "", "", series)], 60, top=3).splitlines()

    assert [line.split()[0] for line in lines[1:4]] == ["comm=c19", "comm=c18", "comm=c17"]
    assert lines[4] == "  … and 17 more"


def test_an_empty_metric_says_so() -> None:
    assert plot([Family("n", "p", "counter", "", "", ())]).splitlines()[1] == "  nothing yet"


def test_an_empty_histogram_has_no_bars() -> None:
    assert len(plot([histogram(Histogram((1.0,), (0, 0), 0, 0))]).splitlines()) == 2


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (1.5, "seconds", "1.5 s"),
        (64e-6, "seconds", "64 µs"),
        (1.2345e-3, "seconds", "1.23 ms"),
        (0, "seconds", "0 s"),
        (4096, "bytes", "4 KiB"),
        (512, "bytes", "512 B"),
        (1234567, "", "1,234,567"),
    ],
)
def test_values_come_in_the_unit_that_fits(value: float, unit: str, shown: str) -> None:
    assert show_value(value, unit) == shown


def test_a_small_count_is_never_invisible() -> None:
    assert bar(1, 10**9, 20) == "▏"
    assert bar(0, 10**9, 20) == ""
    assert bar(10, 10, 4) == "████"


@given(
    st.lists(st.tuples(st.text(max_size=80), st.integers(-(2**63), 2**64)), max_size=6),
    st.integers(20, 200),
    st.sampled_from(["seconds", "bytes", ""]),
)
def test_no_line_is_wider_than_the_terminal_or_drives_it(rows: list[tuple[str, int]], width: int, unit: str) -> None:
    series = tuple(({"name": text}, number) for text, number in rows)

    for line in plot([Family("n", "p", "gauge", "", unit, series)], width).splitlines():
        assert len(line) <= max(width, 40)
        assert is_safe(line)
