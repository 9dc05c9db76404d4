"""Formats of tracepoints: what the kernel's text says.  The texts in tests/data/formats are from 6.18."""

from __future__ import annotations

from pathlib import Path

import pytest

from policyd.errors import UnsupportedError
from policyd.tracefs import RawField, RunningFormats, SavedFormats, find_tracefs, parse_format

FORMATS = Path(__file__).parent.parent / "data" / "formats"


def fields(name: str) -> dict[str, RawField]:
    raw = parse_format((FORMATS / f"{name}.txt").read_text())
    return {field.name: field for field in raw.fields}


def test_a_format_has_its_name_its_number_and_all_fields() -> None:
    raw = parse_format((FORMATS / "power__cpu_idle.txt").read_text())

    assert raw.name == "cpu_idle"
    assert raw.id > 0
    assert [field.name for field in raw.fields if not field.common] == ["state", "cpu_id"]
    assert raw.print_format.startswith('"state=%lu')


def test_places_and_signs_are_as_written() -> None:
    assert fields("sched__sched_switch")["prev_pid"] == RawField("prev_pid", "pid_t", 24, 4, True)
    assert fields("sched__sched_switch")["prev_state"] == RawField("prev_state", "long", 32, 8, True)


def test_arrays_have_a_count() -> None:
    assert fields("sched__sched_switch")["prev_comm"] == RawField("prev_comm", "char", 8, 16, False, 16)
    assert fields("raw_syscalls__sys_enter")["args"] == RawField("args", "unsigned long", 16, 48, False, 6)


def test_an_array_of_a_macros_length_is_counted_by_its_size() -> None:
    text = 'name: x\nID: 1\nformat:\n\tfield:char comm[TASK_COMM_LEN];\toffset:8;\tsize:16;\tsigned:0;\n\nprint fmt: ""\n'

    (field,) = parse_format(text).fields

    assert field.count == 16


def test_located_fields_say_where_their_bytes_are() -> None:
    assert fields("net__net_dev_xmit")["name"] == RawField("name", "char", 24, 4, False, 0, "data")
    text = 'name: x\nID: 1\nformat:\n\tfield:__rel_loc u8[] blob;\toffset:8;\tsize:4;\tsigned:0;\n\nprint fmt: ""\n'
    (field,) = parse_format(text).fields
    assert (field.c_type, field.location) == ("u8", "relative")


def test_pointers_keep_their_whole_type() -> None:
    assert fields("syscalls__sys_enter_openat")["filename"].c_type == "const char *"
    assert fields("sock__inet_sock_set_state")["skaddr"].c_type == "const void *"


@pytest.mark.parametrize("text", ["", "hello", "name: x\n", "ID: 7\n", "name: x\nID: y\n"])
def test_what_is_no_format_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a tracepoint format"):
        parse_format(text)


def test_tracefs_is_found_in_the_mount_table(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "22 1 0:21 / /proc rw - proc proc rw\n"
        "41 1 0:38 / /mnt/with\\040space rw,nosuid shared:9 - tracefs tracefs rw\n"
        "40 1 0:38 / /sys/kernel/debug/tracing rw shared:9 - tracefs tracefs rw\n"
    )
    assert find_tracefs(table) == Path("/mnt/with space")
    table.write_text(table.read_text() + "43 1 0:38 / /sys/kernel/tracing rw - tracefs nodev rw\n")
    assert find_tracefs(table) == Path("/sys/kernel/tracing")


def test_no_tracefs_is_none(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("22 1 0:21 / /proc rw - proc proc rw\n")

    assert find_tracefs(table) is None


@pytest.mark.parametrize("found", [None, Path("/nonexistent")])
def test_without_tracefs_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch, found: Path | None) -> None:
    monkeypatch.setattr("policyd.tracefs.find_tracefs", lambda: found)

    with pytest.raises(
        UnsupportedError, match=r"run as root \(or with CAP_DAC_READ_SEARCH\), or use a saved profile: --target FILE"
    ):
        RunningFormats().names()


def test_saved_formats_are_those_that_were_given() -> None:
    saved = SavedFormats({"b/y": "Y", "a/x": "X"})

    assert saved.names() == ("a/x", "b/y")
    assert saved.text("a/x") == "X"
    assert saved.text("a/z") is None
