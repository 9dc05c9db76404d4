"""`get records TABLE`: the rows of a table made by hand, as text and as documents."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from state_by_hand import OBSERVED, FakeKernel

from policyd.cli import run
from policyd.cli.records import fitted

NAME = "/usr/bin/" + "long" * 24


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policyd.observe.observe", lambda _: OBSERVED)
    monkeypatch.setattr("policyd.cli.get.open_kernel", lambda *_: FakeKernel())


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: str) -> tuple[str, str]:
        assert run(list(words)) == 0
        return tuple(capsys.readouterr())  # type: ignore[return-value]

    return call


@pytest.mark.parametrize("words", [("started",), ("opens/started",), ("-p", "opens"), ("started", "-p", "opens")])
def test_rows_are_in_the_order_of_their_keys(words: tuple[str, ...], shown: Any) -> None:
    out, err = shown("get", "records", *words)
    head, first, second = out.splitlines()
    assert head.split() == ["THREAD", "FD", "COUNT", "NAME"]
    assert first.split() == ["7", "5", "1", "short"]
    assert second.split()[:3] == ["40", "3", "2"]
    assert err == ""


def test_text_fits_80_columns_and_wide_shows_all(shown: Any) -> None:
    out, _ = shown("get", "records", "started")
    assert max(map(len, out.splitlines())) == 80
    assert out.splitlines()[2].endswith("…")
    wide, _ = shown("get", "records", "started", "-o", "wide")
    assert wide.splitlines()[0].split() == ["THREAD", "THREAD_STARTED", "FD", "COUNT", "NAME"]
    assert NAME in wide


def test_documents_have_whole_values(shown: Any) -> None:
    (item,) = json.loads(shown("get", "records", "started", "-o", "json")[0])["items"]
    assert (item["policy"], item["name"], item["entries"], item["maxEntries"]) == ("opens", "started", 2, 1000)
    assert (item["key"], item["value"]) == (["thread", "thread_started", "fd"], ["count", "name"])
    assert [row["name"] for row in item["rows"]] == ["short", NAME]
    (document,) = yaml.safe_load_all(shown("get", "records", "started", "-o", "yaml")[0])
    assert document.keys() == item.keys()
    assert [row["count"] for row in document["rows"]] == [1, 2]
    assert shown("get", "records", "started", "-o", "name")[0] == "record/opens/started\n"


def test_a_limit_says_that_there_is_more(shown: Any) -> None:
    out, err = shown("get", "records", "started", "--limit", "1")
    assert len(out.splitlines()) == 2
    assert "1 of 2 rows" in err


def test_a_policys_name_still_lists_its_record(shown: Any) -> None:
    assert shown("get", "records", "opens")[0].splitlines()[0].split()[0] == "POLICY"


def test_an_unknown_table_names_near_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["get", "records", "startet", "-p", "opens"]) != 0
    assert "did you mean `started`?" in capsys.readouterr().err


def test_columns_that_find_no_room_are_left_out_from_the_right() -> None:
    rows, left_out = fitted([f"column_{number:02}" for number in range(12)], [["x" * 30] * 12])
    assert left_out == 7
    assert sum(map(len, rows[0])) + 2 * 4 == 80
    assert all(cell.endswith("x…") for cell in rows[0])
