"""Rows of the process table, as they are made from /proc."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from policyd.codegen import PROCESSES
from policyd.processes import row, sees_the_host, snapshot

if TYPE_CHECKING:
    from pathlib import Path


def fields(value: bytes) -> tuple[bytes, bytes, bool, bool]:
    """Return exe, args, and whether each was cut, of a `struct pd_process`."""
    exe_length, args_length, exe_cut, args_cut = struct.unpack_from("=HHBB", value)
    return value[88 : 88 + exe_length], value[344 : 344 + args_length], bool(exe_cut), bool(args_cut)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    for pid, target, arguments in (("7", "/usr/bin/python3", b"python3\0-c\0pass\0"), ("8", "/tmp/gone (deleted)", b"")):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "exe").symlink_to(target)
        (tmp_path / pid / "cmdline").write_bytes(arguments)
    (tmp_path / "2").mkdir()  # a kernel thread: no exe
    (tmp_path / "self").mkdir()
    return tmp_path


def test_each_process_with_a_program_has_a_row(proc: Path) -> None:
    rows = {int.from_bytes(key, "little"): fields(value) for key, value in snapshot(proc)}

    assert rows == {
        7: (b"/usr/bin/python3", b"python3 -c pass", False, False),
        8: (b"/tmp/gone", b"", False, False),
    }


def test_a_row_is_as_long_as_the_map_wants() -> None:
    assert len(row(b"/bin/true", b"true\0")) == PROCESSES[2]


def test_what_is_too_long_is_cut_and_says_so() -> None:
    exe, args, exe_cut, args_cut = fields(row(b"/" + b"d" * 200 + b"/" + b"e" * 200, b"tool\0" + b"x" * 300 + b"\0"))

    assert (exe, exe_cut) == (b"e" * 200, True)
    assert (len(args), args[:6], args_cut) == (255, b"tool x", True)


def test_pids_of_another_namespace_name_no_processes(tmp_path: Path) -> None:
    namespace = tmp_path / "pid"
    namespace.touch()
    assert not sees_the_host(namespace)
    assert not sees_the_host(tmp_path / "none")
