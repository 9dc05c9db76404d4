"""What `cli/output.py` and `cli/yaml_text.py` print."""

from __future__ import annotations

import io
import os

import click
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policyd.cli.context import Settings
from policyd.cli.output import Progress, clean, print_table, table, use_color
from policyd.cli.yaml_text import to_yaml
from policyd.text import is_safe

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def as_text(value: object) -> object:
    """Return `value` with every scalar as policyd reads it: text, and null only where nothing is."""
    if isinstance(value, dict):
        return {str(key): as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_text(item) for item in value]
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(VALUES)
def test_yaml_text_reads_back_as_the_same_text(value: object) -> None:
    assert yaml.load(to_yaml(value), Loader=yaml.BaseLoader) == as_text(value)


@given(st.text())
def test_yaml_1_1_readers_get_text_back_unless_it_is_a_number_or_a_truth_value(text: str) -> None:
    found = yaml.safe_load(to_yaml([text]))[0]
    assert isinstance(found, (int, float, bool)) or found == text


@pytest.mark.parametrize(
    "text", ["no", "Yes", "0755", "22:22", "~", "null", "", "- a", "---", "2020-01-01", "a: b", "a #b", "x ", "*"]
)
def test_text_that_yaml_would_misread_is_quoted(text: str) -> None:
    assert to_yaml(text).startswith('"')


@pytest.mark.parametrize(
    "text", ["/etc", "args.flags", "10.0.0.0/8", "O_WRONLY", "Opens for writing under /etc", "500ms", "53", "true"]
)
def test_ordinary_words_are_plain(text: str) -> None:
    assert to_yaml({"value": text}) == f"value: {text}\n"


def test_nested_lists_and_mappings_are_indented_as_kubectl_does() -> None:
    shown = to_yaml({"rules": [{"name": "a", "by": ["x", "z"], "hook": {}}], "none": [], "deep": [[1, 2]]})

    assert shown == "rules:\n- name: a\n  by:\n  - x\n  - z\n  hook: {}\nnone: []\ndeep:\n- - 1\n  - 2\n"


@given(st.text())
def test_clean_text_holds_nothing_that_drives_a_terminal(text: str) -> None:
    assert all(is_safe(part) for line in clean(text).split("\n") for part in line.split("\t"))


def test_tables_align_text_left_and_numbers_right() -> None:
    shown = table(("NAME", "EVENTS", "AGE"), [("a", 5, "1s"), ("longer-name", 1234567, None)])

    assert shown.splitlines() == [
        "NAME          EVENTS  AGE",
        "a                  5  1s",
        "longer-name  1234567  -",
    ]


def test_a_cell_cannot_break_its_line_or_colour_a_terminal() -> None:
    shown = table(("NAME",), [("a\nb\x1b[31m",)])

    assert shown.splitlines() == ["NAME", "a\\nb\\x1b[31m"]


def test_colour_does_not_move_columns() -> None:
    rows = [("a", "Ready", "x"), ("b", "Degraded", "y")]
    plain = table(("NAME", "STATUS", "Z"), rows)
    painted = table(("NAME", "STATUS", "Z"), rows, lambda header, cell: "green" if cell == "Ready" else None)

    assert painted != plain
    assert click.unstyle(painted) == plain


@pytest.mark.parametrize(
    ("choice", "environment", "expected"),
    [
        ("auto", {}, None),
        ("auto", {"NO_COLOR": "1"}, False),
        ("auto", {"NO_COLOR": ""}, None),
        ("auto", {"TERM": "dumb"}, False),
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {}, False),
    ],
)
def test_no_color_is_respected_unless_colour_is_asked_for(
    choice: str, environment: dict[str, str], expected: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert use_color(choice) is expected


def written(terminal: int, clearings: int) -> str:
    """Return what is written to a terminal, in however many pieces it comes, until it has been cleared so often."""
    shown = ""
    while shown.count("\x1b[K") < clearings:
        shown += os.read(terminal, 4096).decode()
    return shown


def test_progress_is_one_line_that_is_gone_at_the_end() -> None:
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as stream:
        with Progress(Settings(), stream) as progress:
            progress.step("compiling \x1b[31m" + "x" * 300)
        shown = written(master, 2)
    os.close(master)

    assert shown.startswith("\r\x1b[Kcompiling \\x1b[31mxxx")
    assert shown.endswith("\r\x1b[K")
    assert len(shown) < 100


def test_quiet_means_no_progress() -> None:
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as stream:
        with Progress(Settings(quiet=True), stream) as progress:
            progress.step("compiling")
        stream.write("end")
        stream.flush()
        assert os.read(master, 4096) == b"end"
    os.close(master)


def test_progress_is_silent_where_stderr_is_no_terminal() -> None:
    stream = io.StringIO()

    with Progress(Settings(), stream) as progress:
        progress.step("compiling")

    assert stream.getvalue() == ""


# ------------------------------------------------------------------------------------------------ tables that fit

LONG = "cgroup:/sys/fs/cgroup/unified/system.slice/a-service-with-a-long-name.service:connect4"


@pytest.mark.parametrize("most", [60, 80, 200])
def test_a_table_fits_and_widens_and_cuts_names_in_their_middle(most: int) -> None:
    rows = [(LONG, 12, "Degraded", 123456), ("xdp:eth0", 1, "Ready", 5)]

    shown = table(("HOOK", "POLICIES", "STATUS", "RUNS"), rows, most=most).splitlines()

    assert max(map(len, shown)) <= most
    assert shown[1].endswith("123456")
    assert "Degraded" in shown[1]
    assert shown[1].startswith("cgroup:/sys")
    assert (":connect4 " in shown[1]) == (most >= 60)
    assert (LONG in shown[1]) == (most >= 120)


def test_numbers_are_never_cut_and_colours_are_of_the_whole_cell() -> None:
    seen: list[str] = []

    def paint(_: str, cell: str) -> None:
        seen.append(cell)

    shown = table(("STATUS", "COUNT"), [("NotApplicable", 123456789)], paint, most=10)

    assert "123456789" in shown
    assert seen == ["NotApplicable", "123456789"]


def test_what_goes_to_no_terminal_is_whole(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    print_table(("HOOK", "RUNS"), [(LONG, 1)])

    assert LONG in capsys.readouterr().out
