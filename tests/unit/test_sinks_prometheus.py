"""Prometheus' text format: what a scraper reads back must be what was counted."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from policyd.reading.metrics import Family, Histogram
from policyd.sinks.prometheus import exposition
from policyd.text import is_safe


def family(name: str = "opens_total", policy: str = "p", **more: object) -> Family:
    values: dict[str, object] = {"type": "counter", "help": "", "unit": "", "series": (({}, 1),)}
    return Family(name, policy, **(values | more))  # type: ignore[arg-type]


def test_help_and_type_come_once_for_all_policies() -> None:
    text = exposition([family(policy="b", help="Opens."), family(policy="a", series=(({"comm": "cat"}, 7),))])

    assert text == (
        "# HELP opens_total Opens.\n"
        "# TYPE opens_total counter\n"
        'opens_total{policy="a",comm="cat"} 7\n'
        'opens_total{policy="b"} 1\n'
    )


def test_buckets_are_cumulative_and_end_with_infinity() -> None:
    value = Histogram((0.001, 0.1), (1, 2, 3), 1.5, 6)

    text = exposition([family("t_seconds", type="histogram", series=(({}, value),))])

    assert text.splitlines()[1:] == [
        't_seconds_bucket{policy="p",le="0.001"} 1',
        't_seconds_bucket{policy="p",le="0.1"} 3',
        't_seconds_bucket{policy="p",le="+Inf"} 6',
        't_seconds_sum{policy="p"} 1.5',
        't_seconds_count{policy="p"} 6',
    ]


def test_a_name_with_two_types_leaves_as_two_metrics() -> None:
    text = exposition([family(policy="a"), family(policy="b", type="gauge")])

    assert "# TYPE opens_total counter\n" in text
    assert "# TYPE opens_total_gauge gauge\n" in text


def test_a_column_called_policy_does_not_hide_the_policy() -> None:
    assert 'opens_total{policy="p",exported_policy="x"} 1\n' in exposition([family(series=(({"policy": "x"}, 1),))])


def test_whole_numbers_have_no_decimals_and_others_keep_theirs() -> None:
    series = (({"n": "a"}, 3.0), ({"n": "b"}, 2**60), ({"n": "c"}, 1e-9))

    assert [line.split()[-1] for line in exposition([family(series=series)]).splitlines()[1:]] == ["3", str(2**60), "1e-09"]


def test_policyds_own_metrics_of_the_host_have_no_policy() -> None:
    assert 'policyd_hook_runs_total{hook="x"} 1\n' in exposition(
        [family("policyd_hook_runs_total", "", series=(({"hook": "x"}, 1),))]
    )


LABEL = re.compile(r'n="((?:[^"\\\n]|\\["\\n])*)"} 1\n\Z')


@given(st.text())
def test_any_label_can_be_read_back_as_text_that_is_safe(text: str) -> None:
    shown = exposition([family(series=(({"n": text}, 1),))])

    found = LABEL.search(shown)
    assert found is not None
    assert all(map(is_safe, shown.splitlines()))
    if is_safe(text.replace("\n", "")):
        read = re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], found[1])
        assert read == text


@given(st.text())
def test_any_help_stays_on_its_line(text: str) -> None:
    lines = exposition([family(help=text)]).split("\n")

    assert len(lines) == (4 if text else 3)
