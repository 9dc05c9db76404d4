"""The process table on this kernel: whose program and arguments a rule sees, after every way to start a process."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from codegen_cases import leaf, policy, rule
from conftest import Host

from policyd.processes import EXE_AT, row
from policyd.reading import open_policy
from policyd.reading.events import Event

pytestmark = pytest.mark.kernel

PYTHON = os.path.realpath(sys.executable)
OWN = str(Path("/proc/self/exe").readlink())
FIELDS = ["process.pid", "process.exe", "process.args", "process.parent.pid", "process.parent.exe", "process.parent.comm"]
MARK = f"/pd-seen-{os.getpid()}"
"""What the processes of this run open: other runs of these tests may go on beside it."""
SEEN = policy(
    "seen",
    [
        rule(
            "r",
            {"syscall": "openat"},
            [leaf("args.filename", "Equal", MARK)],
            [{"event": {"fields": [*FIELDS, "args.filename"]}}],
        )
    ],
)
OPENER = f"import os\ntry: os.open('{MARK}', 0)\nexcept OSError: pass\n"
SHOW = """
arguments = open("/proc/self/cmdline").read().replace(chr(0), " ")[:-1]
print(os.readlink("/proc/self/exe"), arguments, sep="|", flush=True)
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule saw of the process that opened, and what /proc said."""

    fields: dict[str, Any]
    cut: tuple[str, ...]
    proc_exe: str
    proc_args: str


def the_event(host: Host) -> Event:
    """Return the one event of a process of this run.

    Others are undecided: a new process's first system calls name files in pages of its loader that are not in memory yet.
    """
    (event,) = [event for event in open_policy(host.kernel, "seen").events() if not event.undecided]
    return event


@pytest.fixture
def run(host: Host) -> Callable[..., Seen]:
    host.apply(SEEN)

    def run_it(command: list[str], **how: Any) -> Seen:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, **how)
        exe, _, arguments = done.stdout.strip().partition("|")
        event = the_event(host)
        return Seen(event.fields, event.cut, exe, arguments)

    return run_it


def test_an_exec_is_seen_as_proc_shows_it(run: Callable[..., Seen]) -> None:
    seen = run([sys.executable, "-c", OPENER + SHOW, "one", "two words"])

    assert seen.fields["process_exe"] == seen.proc_exe == PYTHON
    assert seen.proc_args.startswith(seen.fields["process_args"])
    assert seen.fields["process_parent_pid"] == os.getpid()
    assert seen.fields["process_parent_exe"] == OWN


def test_arguments_are_joined_by_spaces_and_cut_at_255_bytes(run: Callable[..., Seen]) -> None:
    seen = run([sys.executable, "-c", OPENER + SHOW, "x" * 300])

    assert seen.fields["process_args"] == seen.proc_args[:255]
    assert "process_args" in seen.cut


def copy_of_perl(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy("/usr/bin/perl", path)
    return path


PERL = f'open(F, "<", "{MARK}"); print readlink("/proc/self/exe")'


def test_a_symlink_and_a_relative_path_lead_to_the_file(run: Callable[..., Seen], tmp_path: Path) -> None:
    real = copy_of_perl(tmp_path / "real" / "tool")
    (tmp_path / "link").symlink_to(real)

    for command in ([str(tmp_path / "link")], ["./tool"], ["../real/./tool"]):
        seen = run([*command, "-e", PERL], cwd=real.parent)
        assert seen.fields["process_exe"] == seen.proc_exe == str(real)


def test_a_script_is_its_interpreter(run: Callable[..., Seen], tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!/usr/bin/perl -w\n{PERL}")
    script.chmod(0o755)

    seen = run([str(script), "word"])

    assert seen.fields["process_exe"] == seen.proc_exe == os.path.realpath("/usr/bin/perl")
    assert seen.fields["process_args"] == f"/usr/bin/perl -w {script} word"


def test_a_path_through_a_mount_is_whole(run: Callable[..., Seen], tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(mounted)], check=True)
    try:
        tool = copy_of_perl(mounted / "in" / "tool")
        seen = run([str(tool), "-e", PERL])
    finally:
        subprocess.run(["umount", str(mounted)], check=True)

    assert seen.fields["process_exe"] == seen.proc_exe == str(tool)


def test_a_path_that_is_too_long_keeps_its_end_and_passes_for_no_other(run: Callable[..., Seen], tmp_path: Path) -> None:
    """The directories are as long as it takes for `/usr/bin/dpkg` to be all that fits."""
    tool = copy_of_perl(tmp_path / ("d" * 250) / "usr" / "bin" / "dpkg")

    seen = run([str(tool), "-e", PERL])

    assert seen.proc_exe == str(tool)
    assert seen.fields["process_exe"] == "usr/bin/dpkg"
    assert "process_exe" in seen.cut
    assert row(os.fsencode(tool), b"")[EXE_AT : EXE_AT + 13] == b"usr/bin/dpkg\0"


def test_a_path_of_many_directories_is_whole(run: Callable[..., Seen]) -> None:
    top = Path(f"/tmp/pd{os.getpid()}")
    tool = copy_of_perl(top.joinpath(*"a" * 100) / "tool")
    try:
        seen = run([str(tool), "-e", PERL])
    finally:
        shutil.rmtree(top)

    assert seen.fields["process_exe"] == seen.proc_exe == str(tool)
    assert "process_exe" not in seen.cut


def test_a_program_in_memory_has_its_name(run: Callable[..., Seen]) -> None:
    program = f"""
import os
fd = os.memfd_create("hidden", 0)
os.write(fd, open("/usr/bin/perl", "rb").read())
os.execve(fd, ["innocent", "-e", '''{PERL}'''], os.environ)
"""

    seen = run([sys.executable, "-c", program])

    assert seen.proc_exe == "/memfd:hidden (deleted)"
    assert seen.fields["process_exe"] == "/memfd:hidden"
    assert seen.fields["process_args"].startswith("innocent -e ")


def test_an_exec_in_a_thread_is_the_process_s(run: Callable[..., Seen]) -> None:
    program = f"""
import os, threading, time
thread = threading.Thread(target=os.execv, args=("/usr/bin/perl", ["perl", "-e", '''{PERL}''']))
thread.start()
time.sleep(20)
"""

    seen = run([sys.executable, "-c", program])

    assert seen.fields["process_exe"] == seen.proc_exe == os.path.realpath("/usr/bin/perl")


def test_a_fork_without_exec_is_its_parent_s_program(host: Host) -> None:
    host.apply(SEEN)

    pid = os.fork()
    if pid == 0:
        libc = ctypes.CDLL(None)
        libc.open(MARK.encode(), 0)
        os._exit(0)
    os.waitpid(pid, 0)

    event = the_event(host)
    assert event.fields["process_pid"] == pid
    assert event.fields["process_exe"] == OWN
    assert event.fields["process_parent_pid"] == os.getpid()


def test_a_process_that_was_there_before_is_known(host: Host) -> None:
    program = f"import sys\nprint('ready', flush=True)\nsys.stdin.readline()\n{OPENER}"
    with subprocess.Popen(
        [sys.executable, "-c", program, "early"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        host.apply(SEEN)
        child.communicate("\n", timeout=60)

    event = the_event(host)
    assert event.fields["process_exe"] == PYTHON
    assert event.fields["process_args"] == f"{sys.executable} -c {program} early"[:255]
    assert event.fields["process_parent_exe"] == OWN


def test_what_the_programs_have_entered_is_not_overwritten_from_proc(host: Host) -> None:
    """A snapshot taken before an exec is entered after it: the newer row stays."""
    stale = os.getpid().to_bytes(4, "little"), row(b"/stale", b"stale\0")
    child = subprocess.Popen(["/usr/bin/perl", "-e", "sleep 60"])
    late = child.pid.to_bytes(4, "little"), row(b"/stale", b"stale\0")
    try:
        host.apply(SEEN)
        table = processes(host)
        assert table[child.pid] == os.path.realpath("/usr/bin/perl").encode()
        other = subprocess.Popen(["/usr/bin/perl", "-e", "sleep 60"])
        try:
            time.sleep(0.3)
            host.engine.processes = type(host.engine.processes)(  # type: ignore[misc]
                *_shape(host), lambda: [stale, late, (other.pid.to_bytes(4, "little"), row(b"/stale", b""))]
            )
            host.kernel.unpin("shared/processes-filled")
            host.apply(SEEN)
            assert processes(host)[other.pid] == os.path.realpath("/usr/bin/perl").encode()
        finally:
            other.kill()
            other.wait()
    finally:
        child.kill()
        child.wait()


def _shape(host: Host) -> tuple[Any, ...]:
    table = host.engine.processes
    assert table is not None
    return table.type, table.key_size, table.value_size, table.max_entries


def processes(host: Host) -> dict[int, bytes]:
    """Return pid → exe of the process table."""
    fd = host.kernel.open("shared/processes")
    assert fd is not None
    try:
        rows = dict(host.kernel.items(fd))
    finally:
        host.kernel.close(fd)
    return {int.from_bytes(key, "little"): value[EXE_AT : EXE_AT + 256].split(b"\0", 1)[0] for key, value in rows.items()}


def test_short_processes_leave_no_rows(host: Host) -> None:
    host.apply(SEEN)
    mine = set()

    for number in range(500):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        mine.add(pid)
        if number % 50 == 0:
            subprocess.run(["/bin/true"], check=True)
        if number % 100 == 0:
            with subprocess.Popen(["/bin/sleep", "9"]) as killed:
                mine.add(killed.pid)
                killed.send_signal(signal.SIGKILL)
        os.waitpid(pid, 0)

    assert not mine & processes(host).keys() - _living()
    assert os.getpid() in processes(host)


def _living() -> set[int]:
    return {int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()}
