"""Names of frames on this host, as root: programs that were deleted, stripped or have ended, and other root file systems."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from codegen_cases import leaf, policy, rule
from conftest import Host
from symbols_by_hand import compiled, debug_path, in_memory, place_of, run, running, separated

from policyd.cli import run as policyd
from policyd.elf import build_id_of
from policyd.kallsyms import running_kernel
from policyd.stack import Symbol, UserFrame
from policyd.symbols import Symbols
from policyd.symbols.mappings import read_mappings

pytestmark = pytest.mark.kernel

MAKER = """
import ctypes, mmap, os, sys
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
start = ctypes.addressof(ctypes.c_char.from_buffer(page))
with open(f"/tmp/perf-{os.getpid()}.map", "w") as file:
    file.write(f"{start:x} 40 made::here\\n")
print(os.getpid(), start, flush=True)
sys.stdin.read()
"""


def test_the_kernels_functions_are_named_with_their_modules() -> None:
    lines = (line.split() for line in Path("/proc/kallsyms").read_text(encoding="ascii").splitlines())
    known = {fields[2]: int(fields[0], 16) for fields in lines if fields[1] in "tT"}

    for name in ("vfs_read", "do_sys_openat2"):
        found = running_kernel().find(known[name] + 1)
        assert found is not None
        assert (found.name, found.module, found.address) == (name, "", known[name])


def test_a_program_that_was_deleted_is_read_through_its_process(tmp_path: Path) -> None:
    program = compiled(tmp_path / "program")
    offset = place_of(program, "middle")
    build_id = build_id_of(str(program))
    with running(program) as process:
        address = in_memory(process.pid, program, offset)
        program.unlink()
        (tmp_path / "program").write_bytes(b"something else")
        by_process = Symbols().user(UserFrame(address), process.pid)
        by_id = Symbols().user(UserFrame(0, build_id, offset))

    assert by_process == by_id == Symbol("middle", 4, "program")


def test_debug_files_are_found_in_the_root_of_the_process(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    program = compiled(root / "program", "-static")
    offset = place_of(program, "middle")
    separated(program, debug_path(root / "usr" / "lib" / "debug", program))
    with subprocess.Popen(["chroot", root, "/program"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            found = Symbols().user(UserFrame(in_memory(process.pid, program, offset)), process.pid)
        finally:
            process.kill()

    assert found == Symbol("middle", 4, "program")


def test_a_perf_map_is_the_one_of_the_process_in_its_namespaces(tmp_path: Path) -> None:
    # The distribution's interpreter: that of the tests may itself lie below /tmp.
    script = 'mount -t tmpfs none /tmp && exec /usr/bin/python3 -c "$1"'
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh", MAKER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        number, start = map(int, process.stdout.readline().split())
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
        pid = int(children[0])
        try:
            found = Symbols().user(UserFrame(start + 8), pid)
            outside = Symbols().user(UserFrame(start + 8), os.getpid())
        finally:
            process.stdin.close()
            process.wait(timeout=60)

    assert number == 1
    assert found == Symbol("made::here", 8, f"perf-{pid}.map")
    assert outside.name != "made::here"


def test_own_frames_are_in_the_files_that_are_mapped() -> None:
    symbols = Symbols()
    mapping = next(one for one in read_mappings("/proc/self") if one.is_file)

    assert symbols.user(UserFrame(mapping.start), os.getpid()).module == Path(mapping.path).name


@pytest.mark.parametrize("host", ["clang"], indirect=True)
def test_stacks_of_a_stripped_program_that_has_ended_have_names_in_every_form(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program, debug = tmp_path / "pd_named", tmp_path / ".debug" / "pd_named.debug"
    flags = ("-O0", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-fno-stack-protector", "-fcf-protection=none")
    linked = ("-static", "-nostdlib", "-nostartfiles", "-Wl,--build-id=sha1")
    source = Path(__file__).with_name("chain.c")
    run(shutil.which("gcc") or "cc", *flags, *linked, "-o", program, source)
    separated(program, debug, link=True)
    outputs = [{"stacks": {"name": "calls", "help": "Calls", "by": ["process.comm"]}}, {"event": {"fields": ["user.stack"]}}]
    filters = [leaf("process.comm", "Equal", "pd_named")]
    host.apply(policy("named", [rule("calls", {"syscall": "getpgid"}, filters, outputs)]))
    with subprocess.Popen([program, "0", "s"]) as spinning:  # so that the build id is known: the folder is not searched
        try:
            subprocess.run([program, "20"], check=True)
            assert policyd(["--root", host.root, "stacks", "named", "calls", "--user", "--by", "none", "--folded"]) == 0
            out = capsys.readouterr().out
            assert policyd(["--root", host.root, "events", "named", "--limit", "1", "-o", "json"]) == 0
            event = capsys.readouterr().out
        finally:
            spinning.kill()

    assert {"_start;begin;work;left;innermost 20", "_start;begin;work;right;innermost 20"} <= set(out.splitlines())
    assert "innermost+0x" in event
    assert "[pd_named]" in event
