"""Frames of programs get their names by process and by build id; perf maps are believed only if they may be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from symbols_by_hand import compiled, in_memory, place_of, run, running

from policyd.elf import build_id_of
from policyd.stack import Stack, Symbol, UserFrame
from policyd.symbols import Symbols
from policyd.symbols.build_ids import BuildIds
from policyd.symbols.columns import frame_texts
from policyd.symbols.mappings import Mapping, Process, Processes, read_mappings
from policyd.symbols.perf_map import MOST_LINES, PerfMap, read_perf_map
from policyd.symbols.vdso import VDSO, vdso
from policyd.vocabulary.stacks import Frames

MAPS = """\
560000001000-560000002000 r-xp 00001000 fe:00 77       /opt/a program (deleted)
560000003000-560000004000 rw-p 00003000 fe:00 77       /opt/a program (deleted)
7f0000000000-7f0000001000 r-xp 00000000 00:00 0
7f0000002000-7f0000003000 r-xp 00000000 00:01 9        /memfd:doublemapper (deleted)
7f0000004000-7f0000006000 r-xp 00000000 00:00 0        [vdso]
garbage
"""


def by_hand(proc: Path, pid: int, maps: str = MAPS, uid: int = 0, began: int = 5) -> Path:
    """Make a folder of /proc."""
    folder = proc / str(pid)
    (folder / "root" / "tmp").mkdir(parents=True, exist_ok=True)
    (folder / "maps").write_text(maps)
    (folder / "status").write_text(f"Pid:\t{pid}\nNSpid:\t{pid}\t3\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
    (folder / "stat").write_text(f"{pid} (a) b) S {' '.join('0' for _ in range(18))} {began} 0\n")
    return folder


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def symbols(proc: Path, clock: Clock | None = None, live: bool = True) -> Symbols:
    clock = clock or Clock()
    processes = Processes(str(proc), clock)
    return Symbols(live, processes=processes, build_ids=BuildIds(processes, (), (), clock), clock=clock)


def perf_map(folder: Path, text: str, name: str = "perf-3.map") -> Path:
    path = folder / "root" / "tmp" / name
    path.write_text(text)
    return path


def test_mappings_are_those_with_code(tmp_path: Path) -> None:
    found = list(read_mappings(str(by_hand(tmp_path, 7))))

    assert found[0] == Mapping(0x560000001000, 0x560000002000, 0x1000, 77, "/opt/a program")
    assert [mapping.is_file for mapping in found] == [True, False, False, False]
    assert [mapping.path for mapping in found[1:]] == ["", "/memfd:doublemapper", VDSO]


def test_a_process_that_has_ended_keeps_its_mappings_and_a_new_one_of_its_number_does_not(tmp_path: Path) -> None:
    clock, folder = Clock(), by_hand(tmp_path, 7)
    process = Process(str(tmp_path), 7, clock)
    assert process.find(0x560000001010) is not None

    run("rm", "-r", folder)
    clock.now += 10
    assert process.find(0x560000001010) is not None
    assert not process.alive

    by_hand(tmp_path, 7, maps="", began=6)
    clock.now += 10
    assert process.find(0x560000001010) is None


def test_code_made_at_run_time_is_named_by_the_perf_map_of_the_process(tmp_path: Path) -> None:
    folder = by_hand(tmp_path, 7, uid=os.getuid())
    perf_map(folder, "7f0000000100 40 LFoo;::bar\x1b[2J\n7f0000002000 10 py::run:/a b.py\nbroken\n7f00 zz x\n")
    found = symbols(tmp_path)

    assert found.user(UserFrame(0x7F0000000108), 7) == Symbol(r"LFoo;::bar\x1b[2J", 8, "perf-7.map")
    assert str(found.user(UserFrame(0x7F0000002001), 7)) == "py::run:/a b.py+0x1 [perf-7.map]"
    assert found.user(UserFrame(0x7F0000000140), 7) == Symbol("", 0x7F0000000140)
    assert found.user(UserFrame(0x7F0000000140), 7, returns=True).name == r"LFoo;::bar\x1b[2J"
    assert any("perf-PID.map" in text for text in found.advice)


def test_a_perf_map_of_somebody_else_is_not_believed(tmp_path: Path) -> None:
    folder = by_hand(tmp_path, 7, uid=os.getuid() + 1000)
    path = perf_map(folder, "7f0000000100 40 evil\n")
    believed = os.getuid() == 0

    assert bool(read_perf_map(str(folder)).find(0x7F0000000108)) is believed  # a file of root is, for root may do anything
    if believed:
        os.chown(path, 12345, -1)
        assert read_perf_map(str(folder)).find(0x7F0000000108) is None


@pytest.mark.parametrize("target", ["outside", "tmp"])
def test_links_do_not_lead_out_of_the_process_root(tmp_path: Path, target: str) -> None:
    folder = by_hand(tmp_path, 7, uid=os.getuid())
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "perf-3.map").write_text("7f0000000100 40 evil\n")
    temporary = folder / "root" / "tmp"
    if target == "tmp":
        temporary.rmdir()
        temporary.symlink_to(outside)
    else:
        (temporary / "perf-3.map").symlink_to(outside / "perf-3.map")

    assert read_perf_map(str(folder)).find(0x7F0000000108) is None


def test_a_pipe_in_place_of_a_perf_map_is_not_waited_for(tmp_path: Path) -> None:
    folder = by_hand(tmp_path, 7, uid=os.getuid())
    os.mkfifo(folder / "root" / "tmp" / "perf-3.map")

    assert read_perf_map(str(folder)).find(0x7F0000000108) is None


def test_a_perf_map_is_read_again_when_it_has_grown(tmp_path: Path) -> None:
    clock = Clock()
    folder = by_hand(tmp_path, 7, uid=os.getuid())
    found = symbols(tmp_path, clock)
    perf_map(folder, "7f0000000100 40 first\n")
    assert found.user(UserFrame(0x7F0000000108), 7).name == "first"

    perf_map(folder, "7f0000000100 40 first\n7f0000000200 40 second\n")
    clock.now += 2

    assert found.user(UserFrame(0x7F0000000208), 7).name == "second"


def test_lines_of_a_perf_map_have_limits() -> None:
    lines = b"".join(b"%x 10 f%d\n" % (0x1000 + 16 * number, number) for number in range(MOST_LINES + 5))
    found = PerfMap(lines)

    assert found.find(0x1000 + 16 * (MOST_LINES - 1)) == (f"f{MOST_LINES - 1}", 0x1000 + 16 * (MOST_LINES - 1))
    assert found.find(0x1000 + 16 * MOST_LINES) is None
    assert PerfMap(b"ffffffffffffffffff 10 x\n-1 10 y\n10 fffffffffff z\n").find(0x10) is None


def test_frames_of_a_running_program_are_named_by_process_and_by_build_id(tmp_path: Path) -> None:
    program = compiled(tmp_path / "program")
    offset = place_of(program, "inner")
    build_id = build_id_of(str(program))
    with running(program) as process:
        found = Symbols()
        address = in_memory(process.pid, program, offset)
        by_process = found.user(UserFrame(address), process.pid)
        by_id = found.user(UserFrame(0, build_id, offset), process.pid)
        anywhere = Symbols().user(UserFrame(0, build_id, offset))
    assert by_process == by_id == anywhere == Symbol("inner", 4, "program")
    # The process has ended, and the program is still there: the same names.
    assert found.user(UserFrame(address), process.pid) == by_process
    assert found.user(UserFrame(0, build_id, offset + 1)) == Symbol("inner", 5, "program")


def test_a_program_that_does_not_run_is_found_in_folders_and_by_links(tmp_path: Path) -> None:
    folder, links = tmp_path / "bin" / "deep", tmp_path / "links"
    folder.mkdir(parents=True)
    program = compiled(folder / "program")
    offset, build_id = place_of(program, "middle"), build_id_of(str(program))
    processes = Processes(str(tmp_path / "proc"))
    (tmp_path / "proc").mkdir()

    def name(folders: tuple[str, ...], links_: tuple[str, ...]) -> str:
        found = Symbols(processes=processes, build_ids=BuildIds(processes, folders, links_))
        return str(found.user(UserFrame(0, build_id, offset)))

    assert name((str(tmp_path / "bin"),), ()) == "middle+0x4 [program]"
    assert name((), ()) == f"[build id {build_id[:12]}]+{offset:#x}"
    (links / build_id[:2]).mkdir(parents=True)
    (links / build_id[:2] / build_id[2:]).symlink_to(program)
    assert name((), (str(links),)) == "middle+0x4 [program]"


def test_short_build_ids_are_found_as_the_kernel_notes_them(tmp_path: Path) -> None:
    program = compiled(tmp_path / "program", "-Wl,--build-id=0x1234abcd")
    processes = Processes(str(tmp_path / "proc"))
    (tmp_path / "proc").mkdir()
    found = Symbols(processes=processes, build_ids=BuildIds(processes, (str(tmp_path),), ()))

    assert found.user(UserFrame(0, "1234abcd".ljust(40, "0"), place_of(program, "inner"))).name == "inner"


def test_an_unknown_build_id_is_told_and_not_looked_for_again_at_once(tmp_path: Path) -> None:
    clock = Clock()
    found = symbols(tmp_path, clock)
    frame = UserFrame(0, "ab" * 20, 0x10)

    assert str(found.user(frame)) == f"[build id {'ab' * 6}]+0x10"
    by_hand(tmp_path, 7)
    assert str(found.user(frame)) == f"[build id {'ab' * 6}]+0x10"
    assert found.advice[0].startswith(f"no names for 2 frames of programs that were not found (build id {'ab' * 6})")


@pytest.mark.parametrize(("ended", "expected"), [(False, "CAP_SYS_PTRACE"), (True, "have ended")])
def test_a_process_without_mappings_is_told_with_what_to_do(tmp_path: Path, ended: bool, expected: str) -> None:
    folder = by_hand(tmp_path, 7, maps="")
    if ended:
        run("rm", "-r", folder)
    found = symbols(tmp_path)

    assert found.user(UserFrame(0x10), 7) == Symbol("", 0x10)
    assert expected in found.advice[0]


def test_pids_of_other_namespaces_are_not_looked_up(tmp_path: Path) -> None:
    by_hand(tmp_path, 7)

    assert symbols(tmp_path, live=False).user(UserFrame(0x7F0000000108), 7) == Symbol("", 0x7F0000000108)


def test_the_kernels_own_code_in_processes_is_named() -> None:
    own = next((one for one in read_mappings("/proc/self") if one.path == VDSO), None)
    if own is None:
        pytest.skip("this process has no vdso")
    code = vdso(own.end - own.start)
    assert len(code) > 3
    offset = next(at for at in range(0, own.end - own.start, 8) if code.find(at))

    found = Symbols().user(UserFrame(own.start + offset), os.getpid())

    assert (found.module, found.offset) == ("vdso", offset - (code.find(offset) or ("", -1))[1])
    assert found.name
    assert len(vdso(own.end - own.start + 4096)) == 0


def test_a_stack_is_named_whole_and_calls_by_the_instruction_before(tmp_path: Path) -> None:
    program = compiled(tmp_path / "program")
    start = place_of(program, "inner") - 4
    build_id = build_id_of(str(program))
    frames = (UserFrame(0, build_id, start), UserFrame(0, build_id, start))
    with running(program):
        named = Symbols().stack(Stack((), frames, 0, user_cut=True))

    assert named.user[0] == Symbol("inner", 0, "program")
    assert named.user[1].name != "inner"
    assert (named.user_cut, named.kernel_cut) == (True, False)


def test_columns_of_events_have_places_in_functions(tmp_path: Path) -> None:
    folder = by_hand(tmp_path, 7, uid=os.getuid())
    perf_map(folder, "7f0000000100 40 first\n7f0000000140 40 second\n")
    stack = Frames("user", 7, frames=((0x7F0000000140, ""), (0x7F0000000140, ""), (0x10, "cd" * 20)))

    assert frame_texts(stack, symbols(tmp_path)) == [
        "second [perf-7.map]",
        "first+0x40 [perf-7.map]",
        f"[build id {'cd' * 6}]+0x10",
    ]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python writes no perf maps")
def test_a_python_with_perf_support_is_named_by_its_functions() -> None:
    code = "import sys\ndef wait():\n    print('ready', flush=True)\n    sys.stdin.read()\nwait()\n"
    command = [sys.executable, "-X", "perf", "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        path = Path(f"/tmp/perf-{process.pid}.map")  # where the interpreter puts it
        try:
            start = next(int(line.split()[0], 16) for line in path.read_text().splitlines() if "py::wait" in line)
            assert "py::wait" in Symbols().user(UserFrame(start), process.pid).name
        finally:
            process.kill()
            path.unlink(missing_ok=True)
