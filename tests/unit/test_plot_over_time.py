"""Metrics over time: what each slice added, and how that is drawn; the clock is the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fake_kernel import FakeKernel
from hypothesis import given
from hypothesis import strategies as st

from policyd.cli import run
from policyd.pictures.heat import plot_over_time, slices_of, sparkline
from policyd.pictures.tracks import Reading, Track, grown, tracks, watch
from policyd.reading.metrics import Family, Histogram, SeriesValue
from policyd.sinks.plot import in_encoding
from policyd.text import is_safe

BOUNDS = (1e-6, 2e-6, 4e-6)


def histogram(*counts: int) -> Histogram:
    return Histogram(BOUNDS, counts, sum(counts) * 1e-6, sum(counts))


def family(value: SeriesValue, type_: str = "counter", unit: str = "", **labels: str) -> Family:
    return Family("seen", "p", type_, "What was seen.", unit, ((labels or {"comm": "dd"}, value),))  # type: ignore[arg-type]


def over(*values: SeriesValue, type_: str = "counter", unit: str = "") -> tuple[Track, ...]:
    """Return the tracks of one series that was read once a second."""
    return tracks([Reading(float(at), (family(value, type_, unit),)) for at, value in enumerate(values)])


# ------------------------------------------------------------------------------------------------ what is read


@dataclass
class Clock:
    """Time that goes on while somebody sleeps, and by `cost` with each reading."""

    now: float = 0.0
    cost: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def read(self) -> list[Family]:
        self.now += self.cost
        return [family(int(self.now))]


def test_slices_are_of_equal_length_however_long_a_reading_takes() -> None:
    clock = Clock(cost=0.25)

    found = list(watch(clock.read, 10.0, 5, clock, clock.sleep))

    assert [reading.when for reading in found] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert clock.slept[0] == 1.75


def test_a_reading_that_is_slower_than_a_slice_never_sleeps_backwards() -> None:
    clock = Clock(cost=3.0)

    found = list(watch(clock.read, 2.0, 2, clock, clock.sleep))

    assert len(found) == 3
    assert min(clock.slept) == 0.0


def test_counters_and_histograms_grow_and_gauges_are() -> None:
    assert over(5, 7, 7, 10)[0].steps == (2, 0, 3)
    assert over(5, 7, 4, type_="gauge")[0].steps == (7, 4)
    assert over(histogram(1, 0, 0, 0), histogram(1, 2, 0, 1))[0].steps == (
        Histogram(BOUNDS, (0, 2, 0, 1), pytest.approx(3e-6), 3),
    )


def test_a_series_that_comes_later_was_not_there_before() -> None:
    readings = [Reading(0.0, ()), Reading(1.0, ()), Reading(2.0, (family(4),)), Reading(3.0, (family(6),))]

    (track,) = tracks(readings)

    assert track.steps == (None, 4, 2)
    assert track.rates() == (None, 4.0, 2.0)
    assert track.grown == 6


def test_what_has_gone_back_was_begun_anew() -> None:
    assert grown(100, 3) == 3
    assert grown(histogram(9, 9, 0, 0), histogram(1, 0, 0, 0)) == histogram(1, 0, 0, 0)
    assert grown(histogram(1, 0, 0, 0), Histogram((1.0,), (2, 0), 2.0, 2)) == Histogram((1.0,), (2, 0), 2.0, 2)


def test_rates_are_a_second_whatever_the_length_of_a_slice() -> None:
    readings = [Reading(0.0, (family(0),)), Reading(2.0, (family(10),)), Reading(2.5, (family(15),))]

    assert tracks(readings)[0].rates() == (5.0, 10.0)


# ------------------------------------------------------------------------------------------------ what is drawn


def test_a_heat_map_has_a_row_for_each_bucket_and_a_column_for_each_slice() -> None:
    values = (histogram(0, 0, 0, 0), histogram(0, 16, 0, 0), histogram(0, 16, 0, 0), histogram(0, 16, 1, 0))

    lines = plot_over_time(over(*values, type_="histogram", unit="seconds"), 80).splitlines()

    assert lines[1] == '  {comm="dd"}   17 in 3 s   mean 1 µs'
    assert lines[2:4] == ["    2 µs .. 4 µs │  ░│", "    1 µs .. 2 µs │█  │"]
    assert lines[-1] == "    ░ up to 1   ▒ up to 4   ▓ up to 9   █ up to 16 in 1 s"


def test_a_heat_map_of_small_numbers_names_no_shade_that_no_number_has() -> None:
    lines = plot_over_time(over(histogram(0, 0, 0, 0), histogram(0, 1, 0, 0), type_="histogram"), 80).splitlines()

    assert lines[-1] == "    █ up to 1 in 1 s"


def test_nothing_in_a_histogram_is_said_in_one_line() -> None:
    lines = plot_over_time(over(histogram(0, 0, 0, 0), histogram(0, 0, 0, 0), type_="histogram"), 80).splitlines()

    assert lines[1:] == ['  {comm="dd"}   0 in 1 s']


def test_many_buckets_are_put_together() -> None:
    bounds = tuple(float(number) for number in range(100))
    before, after = Histogram(bounds, (0,) * 101, 0, 0), Histogram(bounds, (1,) * 101, 5050.0, 101)

    lines = plot_over_time(over(before, after, type_="histogram"), 80).splitlines()

    assert len(lines) <= 28
    assert sum("│█│" in line for line in lines) > 10


def test_counters_are_lines_with_what_was_added_and_the_last_rate() -> None:
    lines = plot_over_time(over(0, 4, 8, 8, 10), 80).splitlines()

    assert lines[1] == "  comm=dd ██▁▄  +10  2/s"


def test_gauges_are_lines_with_their_value_and_may_be_below_zero() -> None:
    lines = plot_over_time(over(0, -8, 0, 8, type_="gauge"), 80).splitlines()

    assert lines[1] == "  comm=dd ▁▄█  8"


@pytest.mark.parametrize(
    ("values", "room", "drawn"),
    [
        ([], 8, ""),
        ([0.0, 0.0], 8, "▁▁"),
        ([None, 1.0], 8, " █"),
        ([1.0, 1.0, 8.0, 8.0], 2, "▂█"),
        ([0.001, 1000.0], 8, "▂█"),
    ],
)
def test_a_sparkline_starts_at_zero_and_hides_nothing(values: list[float | None], room: int, drawn: str) -> None:
    assert sparkline(values, room) == drawn


def test_the_series_that_grow_most_come_first_and_the_rest_is_counted() -> None:
    def series(factor: int) -> Family:
        return Family("n", "p", "counter", "", "", tuple(({"comm": f"c{at}"}, at * factor) for at in range(20)))

    lines = plot_over_time(tracks([Reading(0.0, (series(1),)), Reading(1.0, (series(2),))]), 80, top=2).splitlines()

    assert [line.split()[0] for line in lines[1:3]] == ["comm=c19", "comm=c18"]
    assert lines[3] == "  … and 18 more"


@pytest.mark.parametrize(
    ("width", "seconds", "slices"), [(80, 60, 52), (200, 60, 120), (80, 10, 20), (80, 0.1, 2), (20, 60, 12)]
)
def test_slices_fit_the_width_and_are_not_too_short(width: int, seconds: float, slices: int) -> None:
    assert slices_of(width, seconds) == slices


@given(
    st.text(max_size=60),
    st.lists(st.lists(st.integers(0, 2**40), min_size=4, max_size=4), min_size=2, max_size=90),
    st.integers(20, 200),
    st.sampled_from(["seconds", "bytes", ""]),
)
def test_no_line_is_wider_than_the_terminal_or_drives_it(text: str, counts: list[list[int]], width: int, unit: str) -> None:
    def read(at: int) -> Reading:
        series = (
            family(histogram(*counts[at]), "histogram", unit, name=text),
            family(counts[at][0], "counter", unit, name=text),
        )
        return Reading(float(at), series)

    drawn = plot_over_time(tracks([read(at) for at in range(len(counts))]), width)
    for line in drawn.splitlines():
        assert len(line) <= max(width, 40)
        assert is_safe(line)


def test_where_there_is_only_ascii_signs_keep_their_width() -> None:
    drawn = plot_over_time(over(histogram(0, 0, 0, 0), histogram(0, 9, 1, 0), type_="histogram", unit="seconds"), 80)

    plain = in_encoding(drawn, "ascii")
    assert plain.isascii()
    assert [len(line) for line in plain.splitlines()] == [len(line) for line in drawn.splitlines()]
    assert "1 us .. 2 us |#|" in plain
    assert in_encoding(drawn, "utf-8") == drawn
    assert in_encoding("▁▂▃▄▅▆▇█", None) == "_.-~=+*#"


# ------------------------------------------------------------------------------------------------ the command


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A host with one policy, whose counter grows with each reading."""
    numbers = iter(range(1000))
    monkeypatch.setattr("policyd.cli.metrics.open_kernel", lambda *_: FakeKernel())
    monkeypatch.setattr("policyd.record.read_policies", lambda _: {1: None})
    monkeypatch.setattr("policyd.reading.metrics.read_families", lambda *_: [family(10 * next(numbers))])
    monkeypatch.setattr("policyd.cli.plotting.time.sleep", lambda _: None)
    return


def test_over_some_seconds_is_drawn_once_and_can_be_written_to_a_file(
    host: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["metrics", "--over", "2s"]) == 0

    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("seen (policy p)")
    assert "+40" in shown[1]


def test_what_is_interrupted_draws_what_it_has_seen(
    host: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = iter([None, None])

    def sleep(_: float) -> None:
        if next(pauses, "enough") == "enough":
            raise KeyboardInterrupt

    monkeypatch.setattr("policyd.cli.plotting.time.sleep", sleep)
    assert run(["metrics", "--over", "1h"]) == 0
    assert "+20" in capsys.readouterr().out


def test_watching_needs_a_terminal_and_says_what_does_not(host: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["metrics", "--watch"]) == 64
    assert "--over 60s" in capsys.readouterr().err


def test_a_plot_for_a_terminal_without_utf8_is_ascii(host: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "shown").open("w", encoding="ascii") as stream, monkeypatch.context() as patch:
        patch.setattr("sys.stdout", stream)
        assert run(["metrics", "--plot"]) == 0
        assert run(["metrics", "--plot"]) == 0

    assert "##########" in (tmp_path / "shown").read_text()
