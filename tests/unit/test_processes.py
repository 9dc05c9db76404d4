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


def process(proc: Path, pid: int, parent: int, pids: str, namespace: str = "") -> None:
    """Make a process of /proc with a status; `namespace` names what stands for its pid namespace."""
    folder = proc / str(pid)
    (folder / "ns").mkdir(parents=True)
    (folder / "exe").symlink_to("/bin/tool")
    (folder / "cmdline").write_bytes(b"tool\0")
    sets = "".join(
        f"{name}:\t{number:016x}\n" for number, name in enumerate(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), 1)
    )
    (folder / "status").write_text(
        f"Name:\ttool\nPPid:\t{parent}\nUid:\t10\t11\t12\t13\nGid:\t20\t21\t22\t23\nNSpid:\t{pids}\n{sets}"
    )
    if namespace:
        (proc / namespace).touch()
        (folder / "ns" / "pid").hardlink_to(proc / namespace)


def began(value: bytes) -> tuple[int, ...]:
    """Return a row's `struct pd_began`: five sets, uid, gid, seven namespaces, origin, whether ids are known."""
    return struct.unpack_from("=5Q2I7IBB", value, 8)


def test_a_row_says_what_a_process_is_now(tmp_path: Path) -> None:
    process(tmp_path, 7, 1, "7")
    (tmp_path / "7" / "ns" / "net").touch()

    ((_, value),) = snapshot(tmp_path)

    net = (tmp_path / "7" / "ns" / "net").stat().st_ino & 0xFFFFFFFF
    host = 1
    assert began(value) == (3, 2, 1, 4, 5, 10, 20, 0, 0, net, 0, 0, 0, 0, host, 1)


@pytest.mark.parametrize("readable", [True, False], ids=["namespaces", "depths"])
def test_where_a_process_came_from_is_seen_by_its_parents(tmp_path: Path, readable: bool) -> None:
    inside, deeper, host = ("inside", "deeper", "host") if readable else ("", "", "")
    process(tmp_path, 1, 0, "1", host)
    process(tmp_path, 50, 1, "50 1", inside)  # the first of a container
    process(tmp_path, 51, 50, "51 2", inside)
    process(tmp_path, 60, 1, "60 9", inside)  # somebody came in
    process(tmp_path, 61, 60, "61 10", inside)
    process(tmp_path, 70, 61, "70 11 1", deeper)
    process(tmp_path, 80, 99, "80 12", inside)  # who made it is gone

    origins = {int.from_bytes(key, "little"): began(value)[-2] for key, value in snapshot(tmp_path)}

    host_, init, joined = 1, 2, 3
    assert origins == {1: host_, 50: init, 51: init, 60: joined, 61: joined, 70: init, 80: 0}


def test_what_may_not_be_read_is_not_known(proc: Path) -> None:
    assert {began(value)[-2:] for _, value in snapshot(proc)} == {(0, 0)}
