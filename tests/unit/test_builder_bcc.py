"""The process that has bcc in it: what it gives up, what becomes of jobs that go wrong, and which bcc it takes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from policyd.builders import bcc_server, cage
from policyd.builders.bcc import FLAGS, BccBuilder, line_table
from policyd.builders.bcc_server import INTERPRETERS, Bcc, Job
from policyd.builders.cage import CompilerError
from policyd.builders.directives import without_directives
from policyd.codegen.source import PrivateMap, Source
from policyd.errors import CompileError, UnsupportedError
from policyd.kernel.bpf.instructions import instruction, leave, load_map, move, with_maps

PROGRAM = '__attribute__((section("policyd"), used)) int pd_a(unsigned long long *ctx)\n'
GOOD = PROGRAM + "{\n\treturn ctx[1] == 7;\n}\n"
CHILD = Path(bcc_server.__file__).with_name("bcc_child.py")
FAKE = """\
import importlib.util, os, sys, types
fake = types.ModuleType("bcc")
fake.__file__, fake.__version__, fake.libbcc = "/fake/bcc/__init__.py", "9.9", None
class BPF:
    def __init__(self, text, cflags, debug):
        def job():
            {job}
        job()
    def dump_func(self, name):
        return bytes(8)
fake.BPF = BPF
sys.modules["bcc"] = fake
{start}
sys.argv = sys.argv[-2:]
sys.executable = "/usr/bin/python3"
spec = importlib.util.spec_from_file_location("__main__", sys.argv[0])
spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""
"""A bcc of the test's own, in the real child: `start` is run where the import would be, `job` in each job."""

Fake = Callable[..., Bcc]


@pytest.fixture
def bcc() -> Iterator[Bcc]:
    found = Bcc()
    yield found
    found.end()


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """Makes a `Bcc` whose interpreter has a bcc of the test's own."""
    monkeypatch.setattr(bcc_server, "only_root_writes", lambda path: True)
    made: list[Bcc] = []

    def make(job: str = "pass", start: str = "") -> Bcc:
        program, interpreter = tmp_path / "fake.py", tmp_path / "python3"
        program.write_text(FAKE.format(job=job, start=start))
        interpreter.write_text(f'#!/bin/sh\nexec /usr/bin/python3 -B {program} "$@"\n')
        interpreter.chmod(0o755)
        made.append(Bcc((str(interpreter),)))
        return made[-1]

    yield make
    for one in made:
        one.end()


def process_of(bcc: Bcc) -> subprocess.Popen[bytes]:
    """Return the running process."""
    assert bcc._process is not None
    kept = bcc._process.end.peek()
    assert kept is not None
    (process,) = [one for one in kept[2] if isinstance(one, subprocess.Popen)]
    return process


def running_of(group: int) -> list[str]:
    """Return what runs of a process group, those that have ended and wait for their parent left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            state, _, its_group, *_ = path.read_text().rpartition(")")[2].split()
            found += [str(path)] if its_group == str(group) and state != "Z" else []
    return found


def environment_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/environ").read_text().split("\0")


def job(text: str = GOOD) -> Job:
    return Job(text, ("pd_a",), FLAGS)


def said(bcc: Bcc) -> str:
    with pytest.raises(CompilerError) as caught:
        bcc.compile(job())
    return str(caught.value)


def why(bcc: Bcc) -> str:
    with pytest.raises(UnsupportedError) as caught:
        bcc.describe()
    return str(caught.value)


# ------------------------------------------------------------------------------------------------ the cage

LOOK = """\
            import json, socket
            names = dict(os.environ, uid=os.getuid(), cwd=os.listdir(), home=os.listdir(os.environ["HOME"]))
            names["status"] = open("/proc/self/status").read()
            names["links"] = [name for _, name in socket.if_nameindex()]
            raise Exception("LOOK" + json.dumps(names))"""


def test_the_process_has_no_environment_no_capabilities_and_an_empty_directory(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CPATH", "/etc")
    (text,) = [line.partition("LOOK")[2] for line in said(fake(LOOK.strip())).splitlines() if "LOOK" in line]
    seen = json.loads(text)
    status = dict(line.split(":\t") for line in seen.pop("status").splitlines() if ":\t" in line)
    assert seen["cwd"] == seen["home"] == []
    assert seen["HOME"] == seen["TMPDIR"]
    assert set(seen) - {"uid", "cwd", "home", "links"} <= {
        *("PATH", "LC_ALL", "LC_CTYPE", "HOME", "TMPDIR", "BCC_KERNEL_SOURCE", "PWD")
    }
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == int(status["CapAmb"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert seen["uid"] != 0
    if os.geteuid() == 0:
        assert seen["links"] == ["lo"]
        assert status["Groups"].strip() == ""


def test_its_folder_is_gone_and_nothing_runs_when_it_has_ended(bcc: Bcc) -> None:
    bcc.compile(job())
    group = process_of(bcc).pid
    (folder,) = [Path(word[18:]) for word in environment_of(group) if word.startswith("BCC_KERNEL_SOURCE=")]
    assert (folder / "include").is_dir()
    assert folder.stat().st_uid == os.geteuid()
    assert not folder.stat().st_mode & 0o022

    bcc.end()

    assert not folder.exists()
    wait_for(lambda: not running_of(group))


def test_it_ends_with_the_process_that_started_it_and_the_next_one_removes_its_folder(bcc: Bcc) -> None:
    script = "import os; from policyd.builders.bcc_server import Bcc; bcc = Bcc(); bcc.describe()\n"
    script += "_, folder, process, _ = bcc._process.end.peek()[2]\n"
    script += "print(process.pid, folder.path, flush=True); os.kill(os.getpid(), 9)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    pid, folder = done.stdout.split()
    wait_for(lambda: not Path(f"/proc/{pid}/exe").exists())
    bcc.describe()
    assert not Path(folder).exists()


def test_a_folder_that_is_in_use_stays(bcc: Bcc) -> None:
    other = Bcc()
    other.compile(job())
    bcc.compile(job())
    assert other.compile(job(GOOD.replace("7", "8"))).code
    other.end()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# ------------------------------------------------------------------------------------------------ jobs that go wrong


def test_a_job_that_llvm_ends_is_that_jobs_error_only(bcc: Bcc) -> None:
    text = PROGRAM + "{ int n = *ctx; int room[n]; room[0] = 1; return room[n - 1]; }\n"  # LLVM aborts the process
    with pytest.raises(CompileError, match="bcc made no program"):
        BccBuilder(bcc=bcc).compile(Source(text, ("pd_a",), (), ()), "unit")
    assert bcc.compile(job()).code


JOBS = {
    "crashes": ("os.kill(os.getpid(), 11)", "bcc died of signal 11"),
    "is killed for want of memory": ("os.kill(os.getpid(), 9)", "no memory"),
    "wants more memory than there is": ("x = bytearray(4 << 30)", "MemoryError"),
    "ends without a word": ("os._exit(3)", "bcc ended with status 3"),
    "says an error and goes on": ('os.write(2, b"error: not good\\n")', "not good"),
    "never stops talking": ("[os.write(2, bytes(1 << 20)) for _ in iter(int, 1)]", ""),
    "gives nothing": ("BPF.dump_func = lambda *_: b''", "holds no programs"),
    "gives half an instruction": ("BPF.dump_func = lambda *_: bytes(12)", "holds no programs"),
    "gives without end": ("BPF.dump_func = lambda *_: bytes(65 << 20)", ""),
    "gives a name that is unknown": ("BPF.dump_func = lambda *_: {}[0]", "KeyError"),
}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_that_goes_wrong_is_a_compile_error_and_the_next_one_works(fake: Fake, name: str) -> None:
    body, words = JOBS[name]
    bcc = fake(f'if b"return ctx[1] == 7" in text: {body}')
    assert words in said(bcc)
    assert bcc.compile(job(GOOD.replace("7", "8"))).code == (bytes(8),)


def test_a_job_that_never_ends_is_stopped(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cage, "SECONDS", 1)
    assert "stopped after 1 s" in said(fake("import time; time.sleep(99)"))


def test_a_process_that_was_killed_is_started_again(bcc: Bcc) -> None:
    bcc.describe()
    os.killpg(process_of(bcc).pid, signal.SIGKILL)
    assert bcc.compile(job()).code


def test_many_jobs_that_meet_a_dead_process_share_the_next_one(bcc: Bcc) -> None:
    bcc.describe()
    os.killpg(process_of(bcc).pid, signal.SIGKILL)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda number: bcc.compile(job(GOOD.replace("7", str(number)))), range(6)))
    assert len({result.code for result in found}) == 6


def test_a_process_with_nothing_to_do_ends_and_is_started_again(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bcc_server, "_IDLE_SECONDS", 0.05)
    bcc = fake()
    bcc.compile(job())
    process = process_of(bcc)
    wait_for(lambda: process.poll() is not None)
    assert bcc.compile(job()).code


def test_a_name_that_bcc_would_attach_is_refused(bcc: Bcc) -> None:
    text = GOOD.replace("pd_a", "kprobe__do_exit")
    with pytest.raises(CompileError, match="'kprobe__do_exit' is none for bcc"):
        BccBuilder(bcc=bcc).compile(Source(text, ("kprobe__do_exit",), (), ()), "unit")


# ------------------------------------------------------------------------------------------------ which bcc


def test_the_distributions_bcc_is_described(bcc: Bcc) -> None:
    found = bcc.describe()
    assert found.file.endswith("bcc/__init__.py")
    assert found.version[0].isdigit()
    assert any("libbcc.so" in library for library in found.libraries)
    assert bcc.identity is not None
    assert BccBuilder(bcc=bcc)._covers()


def test_another_bcc_is_another_key_and_an_unknown_one_is_not_cached(bcc: Bcc, monkeypatch: pytest.MonkeyPatch) -> None:
    builder, source = BccBuilder(bcc=bcc), Source(GOOD, ("pd_a",), (), ())
    before = builder.ingredients(source)
    assert before is not None
    monkeypatch.setattr(Bcc, "identity", ("/usr/bin/python3 1 1",))
    assert builder.ingredients(source) not in {None, before}
    builder.compile(source, "unit")
    assert builder.ingredients(source) is None


def test_an_interpreter_without_bcc_is_named_with_the_package_to_install(fake: Fake) -> None:
    without = "del sys.modules['bcc']; sys.path[:] = [name for name in sys.path if 'packages' not in name]"
    assert "bcc is not installed for /" in (message := why(fake(start=without)))
    assert "install the package python3-bpfcc" in message
    assert "bcc needs /no/such; install the package python3-bpfcc" in why(Bcc(("/no/such",)))


def test_an_unrelated_package_of_that_name_is_recognised(fake: Fake) -> None:
    message = why(fake(start="del fake.BPF; fake.__file__ = '/usr/local/lib/\\x1b[2J/bcc/__init__.py'"))
    assert "/usr/local/lib/\\x1b[2J/bcc/__init__.py is an unrelated project of the same name" in message
    assert "pip uninstall bcc" in message


STARTS = {
    "a library that is missing": ("del sys.modules['bcc']; sys.path.insert(0, '/no'); sys.modules['bcc'] = None", "bcc"),
    "a crash": ("os.kill(os.getpid(), 11)", "died of signal 11: bcc could not be imported"),
    "an end": ("os._exit(3)", "ended with status 3"),
}


@pytest.mark.parametrize("name", STARTS)
def test_a_bcc_that_cannot_be_imported_says_why(fake: Fake, name: str) -> None:
    start, words = STARTS[name]
    assert words in why(fake(start=start))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's files are looked at for their owner")
def test_an_interpreter_that_others_may_write_is_not_run(tmp_path: Path) -> None:
    loose = tmp_path / "python3"
    loose.write_text("#!/bin/sh\ntouch /tmp/policyd-was-here\n")
    loose.chmod(0o757)
    assert "bcc needs" in why(Bcc((str(loose),)))


def test_interpreters_are_looked_for_at_fixed_places_only() -> None:
    assert all(Path(name).is_absolute() for name in INTERPRETERS)


# ------------------------------------------------------------------------------------------------ lines and maps


def test_lines_are_those_of_our_text_however_many_bcc_put_before_it() -> None:
    plain = without_directives("int a;\n" + GOOD)
    told = "Disassembly of function pd_other\n; int a; // Line 1\n   0:\tb7\n"
    told += f"Disassembly of function pd_a\n; {PROGRAM.strip()} // Line 13\n   0:\t79 11\tr1\n   1:\t79 11\tr1\n"
    told += "; return ctx[1] == 7; // Line 15\n   2:\tb7\tr0 = 1\n"
    table = line_table(told, "pd_a", plain)
    assert [table.line(number) for number in range(4)] == [2, 2, 4, 4]
    assert line_table(told, "pd_missing", plain).line(0) == 0
    assert line_table("no such words", "pd_a", plain).line(0) == 0


def test_the_real_bcc_tells_the_lines(bcc: Bcc) -> None:
    plain = without_directives("\n\n" + GOOD)
    result = bcc.compile(Job(plain.text, ("pd_a",), FLAGS, debug=8))
    table = line_table(result.said, "pd_a", plain)
    assert {table.line(number) for number in range(len(result.code[0]) // 8)} >= {5}


def test_maps_take_the_place_of_their_numbers() -> None:
    code = load_map(1, 0x50000001) + move(2, 0x50000001) + leave()
    assert with_maps(code, {0x50000001: 7}) == load_map(1, 7) + move(2, 0x50000001) + leave()


@pytest.mark.parametrize(
    "code",
    [
        load_map(1, 3),  # a number that stands for nothing: a descriptor of whoever loads it
        instruction(0x18, 1, 2, 0, 0x50000000) + instruction(0),  # the address of a map's value
        instruction(0x85, 0, 1, 0, -1),  # a call of a function of its own
        instruction(0x85, 0, 2, 0, 1),  # a call of a kernel's function
        load_map(1, 0x50000000)[:8],  # half of a wide load
        leave()[:5],
    ],
)
def test_code_that_refers_to_anything_but_its_maps_is_refused(code: bytes) -> None:
    with pytest.raises(ValueError, match=r"refers|cut|whole"):
        with_maps(code, {0x50000000: 7})


def test_private_and_shared_maps_get_numbers_of_their_own(bcc: Bcc) -> None:
    private = PrivateMap("zeros", "array", 4, 8, 1)
    source = Source(GOOD, ("pd_a",), (("config", "config"),), (private,))
    ingredients = BccBuilder(bcc=bcc).ingredients(source)
    assert ingredients is not None
    assert {word for word in ingredients if word.startswith("-DPD_FD_")} == {
        *("-DPD_FD_config=0x50000000", "-DPD_FD_zeros=0x50000001")
    }


TEMPLATES = Path(__file__).resolve().parents[2] / "bpf_templates"


def test_a_member_behind_a_run_of_bit_fields_is_where_c_says(bcc: Bcc) -> None:
    """LLVM makes one number of such a run, and aligns it for BPF otherwise than for this machine."""
    types = (TEMPLATES / "lib" / "types.c").read_text()
    text = types + "struct runs { int early; " + "long : 64; " * 7 + "long late; };\n"
    text += "static long (*pd_read)(void *, u32, const void *) = (void *) 113;\n"
    text += (
        PROGRAM
        + "{ struct runs *p = (void *) ctx[0]; u64 x = 0;\n pd_read(&x, 8, PD_AT(struct runs, p, late)); return x; }\n"
    )
    (code,) = bcc.compile(Job(text, ("pd_a",), FLAGS)).code
    assert instruction(0x07, 3, immediate=64) in [code[at : at + 8] for at in range(0, len(code), 8)]
