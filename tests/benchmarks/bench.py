"""What the benchmarks share: the programs that make calls, policyd and bpftrace as a user runs them, and tables.

Everything runs below a bpffs root of its own, and is removed at the end.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.kernel.bpf.attach import create_link
from policyd.kernel.bpf.maps import create
from policyd.kernel.bpf.object import Wanted, load
from policyd.kernel.bpf.programs import ProgramKind
from policyd.kernel.bpf.syscall import perf_event_open_tracepoint
from policyd.kernel.tracepoints import event_id
from policyd.vocabulary.attach import attach_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
ROOT = f"/sys/fs/bpf/policyd-benchmark-{os.getpid()}"
POLICYD = str(Path(sys.executable).with_name("policyd"))
HEAD = """---
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: {name}}}
spec:
  rules:
    - name: only
{rule}"""


def policy(name: str, rule: str) -> str:
    """Return a policy of one rule; `rule` is YAML below the rule's name, without indentation."""
    return HEAD.format(name=name, rule="".join(f"      {line}\n" for line in rule.strip().splitlines()))


def policyd(*words: str, text: str | None = None) -> str:
    """Run policyd as root does, `text` on its standard input; return what it prints."""
    done = subprocess.run(
        [POLICYD, "--root", ROOT, *words], input=text, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise SystemExit(f"policyd {' '.join(words)} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def applied(text: str) -> Iterator[None]:
    """Have these policies run for the length of the block."""
    policyd("apply", "-f", "-", text=text)
    try:
        yield
    finally:
        policyd("delete", "--all")


@contextlib.contextmanager
def bpftrace(script: str, output: Path | None = None, programs: int = 1) -> Iterator[None]:
    """Have this script, of so many programs, run for the length of the block, and wait until it has written everything."""
    with tempfile.TemporaryFile() as errors, (output or Path(os.devnull)).open("wb") as out:
        running = subprocess.Popen(["bpftrace", "-e", script], stdout=out, stderr=errors)
        _wait_for_programs(running, programs)
        if running.poll() is not None:
            errors.seek(0)
            raise SystemExit(f"bpftrace failed: {errors.read().decode()}")
        try:
            yield
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(60)


def _wait_for_programs(running: subprocess.Popen[bytes], programs: int) -> None:
    """Wait until a process holds so many programs, and then long enough for it to attach the last of them."""
    end = time.monotonic() + 120
    while running.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError):
            held = [file.read_text() for file in Path(f"/proc/{running.pid}/fdinfo").iterdir()]
            if sum("prog_id:" in text for text in held) >= programs:
                break
        time.sleep(0.1)
    time.sleep(2.0)


@contextlib.contextmanager
def by_hand(function: str, tracepoint: str, build: Path) -> Iterator[None]:
    """Have a function of by_hand.bpf.c run at a tracepoint for the length of the block."""
    elf = build / "by_hand.o"
    run("clang", "-O2", "-g", "-target", "bpf", "-c", str(HERE / "by_hand.bpf.c"), "-o", str(elf))
    kind = attach_kind("tracepoint")
    counts = create("percpu_hash", 16, 8, 10240)
    wanted = Wanted((function,), ProgramKind.of(kind), function)
    (program,) = load(elf.read_bytes(), wanted, {"counts": counts})
    number = event_id(tracepoint)
    assert number is not None, tracepoint
    event = perf_event_open_tracepoint(number, tracepoint)
    link = create_link(program, event, kind.link_attach_type, 0, tracepoint)
    try:
        yield
    finally:
        for fd in (link, event, program, counts):
            os.close(fd)


def run(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@contextlib.contextmanager
def workshop() -> Iterator[Path]:
    """A folder with the compiled `load`, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="policyd-benchmark-") as folder:
        build = Path(folder)
        run("gcc", "-O2", "-o", str(build / "load"), str(HERE / "load.c"))
        yield build


def table(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print an aligned table."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    print(f"\n{title}")
    for row in [head, *rows]:
        print(
            "  "
            + "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        )


def has_bpftrace() -> bool:
    return shutil.which("bpftrace") is not None
