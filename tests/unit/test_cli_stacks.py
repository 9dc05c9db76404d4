"""`policyd stacks`: outputs made by hand, in every form, and what is said where there is nothing to show."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from ring_bytes import U64, policy
from test_pictures_samples import Names, series

from policyd.cli import run
from policyd.cli.names import complete_stacks
from policyd.layout import Column, Layout
from policyd.maps import MapClass
from policyd.pictures.difference import added
from policyd.reading.stacks import Stacks, Totals
from policyd.record import MapRecord
from policyd.stack import Stack, StackSeries

WHOLE = Stacks(
    "profile",
    "oncpu",
    "Where CPUs are.",
    "",
    False,
    ("kernel", "user"),
    64,
    (series(30), series(10, comm="dd")),
    Totals(40, 40, 3, 2, 1),
)
SLEPT = Stacks(
    "waits",
    "offcpu",
    "",
    "seconds",
    True,
    ("kernel",),
    64,
    (StackSeries(Stack((1, 2)), (), 2_500_000_000),),
    Totals(2_500_000_000, 4),
)
EMPTY = Stacks("waits", "idle", "", "", False, ("kernel",), 64, (), Totals())
OUTPUTS = {(one.policy, one.name): one for one in (WHOLE, SLEPT, EMPTY)}


class Advised(Names):
    """Names by hand, with one advice."""

    def __init__(self, live: bool = True, folders: tuple[str, ...] = ()) -> None:
        self.advice = ("7 frames are in programs without symbols (cat): install their debug packages",)


def map_of(name: str) -> MapRecord:
    return MapRecord(
        name, 0, MapClass("percpu_hash", 8, 8), "stacks", "f", 9, Layout(()), Layout((Column("count", U64),)), ""
    )


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], Stacks]:
    """Two policies with outputs of stacks, and one without."""
    found = dict(OUTPUTS)
    names = ("profile", "waits", "plain")
    maps = {policy_: {of: map_of(of) for owner, of in OUTPUTS if owner == policy_} for policy_ in names}
    records = {name: replace(policy(), name=name, maps=maps[name]) for name in names}
    monkeypatch.setattr("policyd.cli.stacks.open_kernel", lambda *_: None)
    monkeypatch.setattr("policyd.cli.names.open_kernel", lambda *_: object())
    monkeypatch.setattr("policyd.record.read_policies", lambda _: records)
    monkeypatch.setattr("policyd.views.stacks.read_stacks", lambda _, owner, of: found.get((owner, of.name)))
    monkeypatch.setattr("policyd.symbols.Symbols", Advised)
    return found


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    def call(*words: str, code: int = 0) -> tuple[str, str]:
        assert run(["stacks", *words]) == code
        out, err = capsys.readouterr()
        return out, err

    return call


def test_the_largest_stacks_are_rows_of_80_columns(shown: Any) -> None:
    out, err = shown("profile")
    head, columns, first, second = out.splitlines()

    assert head == "profile/oncpu: 40 events, 2 stacks; 3 truncated; 2 lost (no room); 1 without frames"
    assert columns.split() == ["COUNT", "SHARE", "COMM", "STACK", "(INNERMOST", "FIRST)"]
    assert first.split() == ["30", "75.0", "%", "cat", "vfs_read", "<", "ksys_read", "<", "read", "<", "main"]
    assert second.split()[:4] == ["10", "25.0", "%", "dd"]
    assert "install their debug packages" in err


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_rows_are_as_wide_as_the_terminal(shown: Any, state: Any, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    deep = StackSeries(Stack(tuple([1, 2] * 60)), (("comm", "c" * 40),), 5)
    state["profile", "oncpu"] = replace(WHOLE, series=(deep, series(30)))
    rows = shown("oncpu")[0].splitlines()[1:]

    assert max(map(len, rows)) <= max(width, 71)
    assert rows[2].endswith("…")


def test_wide_shows_every_frame(shown: Any) -> None:
    out, err = shown("profile/oncpu", "-o", "wide", "--top", "1")

    assert out.splitlines()[1:] == [
        "30 events  75.0 %  comm=cat",
        "    vfs_read [kernel]",
        "    ksys_read [fs]",
        "    read [libc.so.6]",
        "    main [cat]",
    ]
    assert "1 of 2 stacks" in err


def test_times_are_shown_as_such(shown: Any) -> None:
    assert shown("waits", "offcpu")[0].splitlines()[2].split()[:2] == ["2.50", "s"]
    assert json.loads(shown("offcpu", "-o", "json")[0])["items"][0]["unit"] == "nanoseconds"


def test_colours_only_where_they_are_asked_for(shown: Any) -> None:
    assert "\x1b[" not in shown("profile")[0]
    assert "\x1b[34mvfs_read\x1b[0m" in shown("profile", "--color", "always")[0]


def test_json_has_every_frame_with_its_place(shown: Any) -> None:
    (item,) = json.loads(shown("profile", "oncpu", "-o", "json")[0])["items"]

    assert {key: item[key] for key in ("policy", "output", "unit", "total", "events", "truncated", "lost", "empty")} == {
        "policy": "profile",
        "output": "oncpu",
        "unit": "events",
        "total": 40,
        "events": 40,
        "truncated": 3,
        "lost": 2,
        "empty": 1,
    }
    assert item["stacks"][0]["labels"] == {"comm": "cat"}
    assert item["stacks"][0]["kernel"][1] == {"function": "ksys_read", "offset": 8, "module": "fs"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["cat;main;read;ksys_read_[k];vfs_read_[k] 30", "dd;main;read;ksys_read_[k];vfs_read_[k] 10"]),
        (("--by", "none"), ["main;read;ksys_read_[k];vfs_read_[k] 40"]),
        (("--by", "comm", "--user"), ["cat;main;read 30", "dd;main;read 10"]),
        (("--by", "none", "--kernel", "--top", "1"), ["ksys_read_[k];vfs_read_[k] 40"]),
    ],
)
def test_folded_stacks_hold_what_is_chosen(shown: Any, words: tuple[str, ...], expected: list[str]) -> None:
    assert shown("profile", "oncpu", "--folded", *words)[0].splitlines() == expected


def test_pictures_and_profiles_are_written(shown: Any, tmp_path: Path) -> None:
    svg, profile = tmp_path / "oncpu.svg", tmp_path / "oncpu.pb.gz"

    assert shown("oncpu", "--svg", str(svg))[1].splitlines()[0] == f"{svg} written"
    assert shown("oncpu", "--pprof", str(profile), "-q")[1] == ""

    assert "policy profile · Where CPUs are · 3 truncated · 2 lost · 40 events" in svg.read_text(encoding="utf-8")
    assert b"policyd: policy profile, output oncpu" in gzip.decompress(profile.read_bytes())
    assert shown("oncpu", "--svg", "-")[0].startswith("<svg ")


def test_a_difference_is_what_was_added(shown: Any, state: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def later(_: float) -> None:
        state["profile", "oncpu"] = replace(
            WHOLE, series=(series(35), series(10, comm="dd")), totals=Totals(45, 45, 3, 2, 1)
        )

    monkeypatch.setattr("policyd.cli.stacks.time.sleep", later)

    assert shown("oncpu", "--diff", "10s", "--folded")[0] == "cat;main;read;ksys_read_[k];vfs_read_[k] 5\n"


def test_ctrl_c_ends_the_time_of_a_difference(shown: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("policyd.cli.stacks.time.sleep", interrupted)

    assert shown("oncpu", "--diff", "1h")[0].startswith("profile/oncpu: 0 events, 0 stacks")


def test_counts_that_began_anew_are_all_new() -> None:
    after = replace(WHOLE, series=(series(4),), totals=Totals(4, 4))

    assert added(WHOLE, after) == after
    assert added(after, after).totals == Totals()


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("oncpv",), 4, "there is no stacks output `oncpv`; did you mean `oncpu`?"),
        (("waits", "oncpu"), 4, "there is no stacks output `oncpu` of policy waits; did you mean `offcpu`?"),
        (("wait", "offcpu"), 4, "there is no policy `wait`; did you mean `waits`?"),
        (("plain",), 4, "policy `plain` has no `stacks` output; policies that have: profile or waits"),
        (("a", "b", "c"), 64, "name a policy, an output, or a policy and its output"),
        (("--svg", "x.svg"), 64, "--svg takes one output: name profile/oncpu, waits/idle or waits/offcpu"),
        (("oncpu", "--folded", "--svg", "x.svg"), 64, "--folded and --svg cannot stand together"),
        (("oncpu", "--folded", "-o", "json"), 64, "--folded is a form of its own: leave -o json out"),
        (("oncpu", "--icicle"), 64, "add --svg FILE"),
        (("oncpu", "--by", "pid"), 64, "--by pid: stacks are counted by comm"),
        (("oncpu", "--diff", "soon"), 64, "expected"),
        (("oncpu", "--svg", "/nowhere/x.svg"), 7, "/nowhere/"),
    ],
)
def test_errors_say_what_to_do(shown: Any, words: tuple[str, ...], code: int, expected: str) -> None:
    out, err = shown(*words, code=code)

    assert expected in err
    assert out == ""


def test_an_output_that_has_counted_nothing_says_so(shown: Any) -> None:
    assert shown("idle")[0] == "waits/idle: 0 events, 0 stacks\n"
    assert "waits/idle has counted no stack yet" in shown("idle", "--folded")[1]


def test_no_output_at_all_is_no_error(shown: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policyd.record.read_policies", lambda _: {})

    assert shown() == ("", "no policy has a `stacks` output; `policyd explain output stacks` shows how one is written\n")


@pytest.mark.parametrize(
    ("named", "incomplete", "expected"),
    [
        ((), "o", ["offcpu", "oncpu"]),
        ((), "", ["idle", "offcpu", "oncpu", "profile", "waits"]),
        (("waits",), "", ["idle", "offcpu"]),
    ],
)
def test_names_are_completed(named: tuple[str, ...], incomplete: str, expected: list[str]) -> None:
    context = click.Context(click.Command("stacks"))
    context.params["names"] = named

    assert complete_stacks(context, click.Argument(["names"]), incomplete) == expected
