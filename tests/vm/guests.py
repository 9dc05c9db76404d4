"""Boot a kernel on the host's own file system, run one command in it as root, and come back when it is done.

virtme-ng (in a virtual environment of its own) makes the guest, QEMU emulates its one CPU: with two, kernels oops under
emulation when they patch their own code.  The guest sees the host's files and writes only into the given directories.
Called by `lane.py`.
"""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from archives import CACHE, CHECKOUT, LaneError
from kernels import Kernel

VNG = CACHE / "tools/bin/vng"
_KERNEL_OPTIONS = (
    "lsm=landlock,lockdown,yama,integrity,bpf",
    "mitigations=off",  # each entry into the kernel would empty the emulated TLB
    "nokaslr",
    "rcupdate.rcu_expedited=1",  # most of what is left is waiting for grace periods, one after the other
    "panic=-1",  # a panic ends the guest
)
_PROCESSOR = "--qemu-opts=-cpu Nehalem"
"""A small one: what newer ones have is emulated at more cost than what it replaces."""

stopping = threading.Event()
"""Set it to end all guests."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a guest ended: the command's exit code (None: the guest hung or died), how long it took, what its console said."""

    code: int | None
    seconds: float
    console: Path


def boot(
    kernel: Kernel, command: str, writable: tuple[Path, ...], limit: float, poll: Callable[[], object] = lambda: None
) -> Ended:
    """Run `command` (of a shell) in the checkout, for at most `limit` seconds; `poll` is called while it runs.

    The first writable directory gets `exit-code`, and beside it stays the console's text.
    """
    result, console = writable[0] / "exit-code", writable[0] / "console.txt"
    result.unlink(missing_ok=True)
    script = writable[0] / "command.sh"
    script.write_text(f"cd {CHECKOUT}\n{command}\necho $? >{result}.new && mv {result}.new {result}\nsync\n")
    started = time.monotonic()
    shares = [word for path in writable for word in ("--rwdir", str(path))]
    options = [word for option in _KERNEL_OPTIONS for word in ("-a", option)]
    words = [str(VNG), "-r", str(kernel.image), "--disable-kvm", "--cpus", "1", "--memory", "2G", "--user", "root"]
    with console.open("wb") as log:
        process = _Terminal([*words, *shares, *options, _PROCESSOR, "--", f"sh {script}"], log.fileno())
        try:
            while process.runs() and not stopping.is_set() and time.monotonic() - started < limit:
                poll()
                time.sleep(0.2)
        finally:
            process.end()
    poll()
    code = int(result.read_text()) if result.exists() else None
    return Ended(code, time.monotonic() - started, console)


class _Terminal:
    """A program on a terminal of its own (virtme-ng wants one), whose output goes to a file."""

    def __init__(self, words: list[str], log: int) -> None:
        ours, theirs = pty.openpty()
        environment = os.environ | {"PATH": f"{VNG.parent}:{os.environ['PATH']}", "TERM": "dumb"}
        try:
            self._process = subprocess.Popen(
                words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=CHECKOUT, start_new_session=True
            )
        except OSError as error:
            os.close(ours)
            raise LaneError(f"{VNG}: {error.strerror}: scripts/test-vm installs it") from error
        finally:
            os.close(theirs)
        self._copier = threading.Thread(target=_copy, args=(ours, log), daemon=True)
        self._copier.start()

    def runs(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Stop the program and all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM if self.runs() else 0)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._copier.join(5)


def _copy(terminal: int, log: int) -> None:
    with suppress(OSError):  # EIO: nobody is at the other end any more
        while data := os.read(terminal, 4096):
            os.write(log, data)
    os.close(terminal)
