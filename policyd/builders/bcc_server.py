"""bcc, in a process of its own: start it, hand it C, get instructions.

In: C and flags.  Out: instructions of each program, and what the compiler said.  One process serves all units of a change,
from any thread, and ends with this one, or when it has had nothing to do for a while.  `bcc_child.py` is the other side.
"""

from __future__ import annotations

import json
import os
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import weakref
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policyd.builders import cage
from policyd.builders.bcc_folder import Folder
from policyd.builders.cage import CompilerError, contents, fate, only_root_writes, scratch
from policyd.errors import UnsupportedError
from policyd.text import safe

INTERPRETERS = ("/usr/bin/python3", "/usr/libexec/platform-python")
"""Where distributions have the interpreter that their package of bcc is for.  Not of PATH: that one is seldom theirs."""

_PYTHONS = ("usr/lib", "usr/lib64", "usr/local/lib", "usr/local/lib64")
_LIBRARIES = (*_PYTHONS, "usr/lib/*-linux-gnu*", "usr/lib/llvm*/lib")
_INSTALLED = (
    *(f"{folder}/python3*/*-packages/bcc/*.py" for folder in _PYTHONS),
    *(f"{folder}/{name}*.so*" for folder in _LIBRARIES for name in ("libbcc", "libLLVM", "libclang-cpp")),
)
"""What decides about bcc's output, wherever a distribution puts it."""

INSTALL = "install the package python3-bpfcc (Debian, Ubuntu) or python3-bcc (Fedora)"
_CHILD = Path(__file__).with_name("bcc_child.py")
_VERSION = re.compile(r"""^__version__ = ['"]([\w.+]+)['"]""", re.MULTILINE)
_IDLE_SECONDS = 10
_GRACE_SECONDS = 15
_STATUS = struct.Struct("<iI")
_MOST_HELLO = 1 << 16


@dataclass(frozen=True, slots=True)
class Description:
    """One bcc: the interpreter that has it, its module's file and version, the libraries that it loads."""

    python: str
    file: str
    version: str
    libraries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """What to compile: C, the functions wanted of it, the compiler's flags; `debug` is bcc's (8: source lines in `said`)."""

    text: str
    programs: tuple[str, ...]
    flags: tuple[str, ...]
    debug: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a job: each program's instructions, in order, what was said meanwhile, and the job's peak memory."""

    code: tuple[bytes, ...]
    said: str
    peak_kib: int


class Bcc:
    """bcc behind an interpreter.  Safe for threads; `end` may be called at any time, and a later job starts it again."""

    def __init__(self, interpreters: tuple[str, ...] = INTERPRETERS) -> None:
        self._interpreters = interpreters
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._identity: tuple[str, ...] | None = None

    @property
    def identity(self) -> tuple[str, ...] | None:
        """What changes when another bcc is installed here, found without asking it (100 ms).

        None if there is none, or none where distributions put it: then `describe` knows more.
        """
        if self._identity is None:
            self._identity = self._installed()
        return self._identity

    @staticmethod
    def version() -> str | None:
        """Return the version of the installed package, from its file: nothing is imported.  None if there is none."""
        for path in _files():
            if path.name == "version.py" and (found := _VERSION.search(path.read_text(encoding="utf-8", errors="replace"))):
                return found[1]
        return None

    def _installed(self) -> tuple[str, ...] | None:
        python, found = self._interpreter(), _files()
        names = {path.parent.name if path.suffix == ".py" else path.name.partition(".")[0] for path in found}
        if python is None or not names >= {"bcc", "libbcc"}:
            return None
        facts = ((path, path.stat()) for path in (python, *found))
        return tuple(f"{path} {fact.st_size} {fact.st_mtime_ns}" for path, fact in facts)

    def describe(self) -> Description:
        """Return which bcc this is; `UnsupportedError` if there is none that can be used."""
        return self._running().description

    def compile(self, job: Job) -> Result:
        """Compile one unit; `CompilerError`, `UnsupportedError`.  The text must not hold `#line` directives."""
        cage.refuse_files(job.text)
        for _ in range(2):  # it may have ended, of idleness or worse, before it took the job
            process = self._running()
            result = process.compile(job)
            if result is not None:
                return result
            self._forget(process)
        raise CompilerError("bcc's process ended before it had done anything")

    def end(self) -> None:
        """Kill the process, and the jobs that still run."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.end()

    def _forget(self, process: _Process) -> None:
        with self._lock:
            if self._process is process:  # else another thread has started the next one already
                self._process = None
        process.end()

    def _running(self) -> _Process:
        with self._lock:
            if self._process is None:
                python = self._interpreter()
                if python is None:
                    raise UnsupportedError(f"bcc needs {self._interpreters[0]}", instead=INSTALL)
                self._process, self._identity = _Process(python), None
            return self._process

    def _interpreter(self) -> Path | None:
        paths = (Path(name) for name in self._interpreters)
        return next((path.resolve() for path in paths if path.exists() and only_root_writes(path.resolve())), None)


def _files() -> list[Path]:
    return sorted({path.resolve() for pattern in _INSTALLED for path in Path("/").glob(pattern)})


class _Process:
    """One running `bcc_child.py`, with a folder of its own that only this user may write."""

    def __init__(self, python: Path) -> None:
        folder = Folder.make()
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connection = mine
        with its:
            try:
                process = subprocess.Popen(
                    [str(python), "-I", "-B", "-X", "utf8", str(_CHILD), _settings()],
                    stdin=its.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd=folder.empty,
                    env={**cage.environment(), **folder.environment()},
                    close_fds=True,
                    start_new_session=True,
                )
            except OSError as error:
                _finish(mine, folder, None, os.getpid())
                raise UnsupportedError(f"{python} cannot be run: {error.strerror}", instead=INSTALL) from error
        self.end = weakref.finalize(self, _finish, mine, folder, process, os.getpid())
        try:
            self.description = _description(self._hello(python, process), python)
        except UnsupportedError:
            self.end()
            raise

    def _hello(self, python: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        self._connection.settimeout(cage.SECONDS)
        try:
            message = self._connection.recv(_MOST_HELLO)
        except TimeoutError:
            raise UnsupportedError(f"{python} did not import bcc within {cage.SECONDS} s", instead=INSTALL) from None
        except OSError:
            message = b""
        if not message:
            with suppress(subprocess.TimeoutExpired):
                process.wait(1)
            status = process.poll()
            became = "ended" if status is None else fate(str(python), status)
            raise UnsupportedError(f"{became}: bcc could not be imported", instead=INSTALL)
        told: dict[str, Any] = json.loads(message)
        return told

    def compile(self, job: Job) -> Result | None:
        """Return what came of a job; None if the process is gone and has not begun with it."""
        with ExitStack() as stack:
            text = os.memfd_create("text", os.MFD_CLOEXEC)
            stack.callback(os.close, text)
            os.write(text, job.text.encode())
            output, diagnostics = stack.enter_context(scratch("instructions")), stack.enter_context(scratch("diagnostics"))
            told, tell = os.pipe()
            stack.callback(os.close, told)
            message = json.dumps({"programs": job.programs, "flags": job.flags, "debug": job.debug}).encode()
            try:
                socket.send_fds(self._connection, [message], [text, output, diagnostics, tell])
            except OSError:
                return None
            finally:
                os.close(tell)
            answer = self._answer(told)
            said = contents(diagnostics).decode("utf-8", "replace").replace("\0", "")
            if not answer and not said:
                return None
            if len(answer) != _STATUS.size:
                raise CompilerError("bcc's process was killed")
            status, peak = _STATUS.unpack(answer)
            return Result(_code(contents(output), job, status, said), said, peak)

    def _answer(self, told: int) -> bytes:
        """The other side stops a job that takes too long: waiting longer than that means that it is stopped itself."""
        poll = select.poll()
        poll.register(told, select.POLLIN | select.POLLHUP)
        if not poll.poll((cage.SECONDS + _GRACE_SECONDS) * 1000):
            self.end()
            raise CompilerError(f"bcc was stopped after {cage.SECONDS} s")
        return os.read(told, _STATUS.size)


def _code(output: bytes, job: Job, status: int, said: str) -> tuple[bytes, ...]:
    """Return each program's instructions, after a look at what became of the job."""
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL:
        wall, cpu = cage.SECONDS, cage.CPU_SECONDS
        raise CompilerError(f"bcc was stopped after {wall} s, or {cpu} s of a CPU, or the kernel had no memory for it")
    if code or (not job.debug and "error: " in said):  # LLVM goes on after some errors; with debug, C is among the words
        raise CompilerError(said.strip() or fate("bcc", code))
    found, at = [], 0
    for _ in job.programs:
        size = int.from_bytes(output[at : at + 4], "little")
        found.append(output[at + 4 : at + 4 + size])
        at += 4 + size
    if at != len(output) or not all(found) or len(output) % 8 != 4 * len(found) % 8:
        raise CompilerError(f"bcc ended well, but its output of {len(output):,} bytes holds no programs")
    return tuple(found)


def _description(told: dict[str, Any], python: Path) -> Description:
    error = safe(str(told["error"]))
    if error == "unrelated":
        what = f"{safe(told['file'])} is an unrelated project of the same name"
        raise UnsupportedError(f"bcc: {what}", instead=f"remove it (pip uninstall bcc) and {INSTALL}")
    if error == "unreadable":
        raise UnsupportedError(f"bcc: nobody can read {tempfile.gettempdir()}", instead="set TMPDIR to a folder like /tmp")
    if error:
        what = "is not installed" if error.startswith("ModuleNotFoundError") else f"cannot be imported ({error})"
        raise UnsupportedError(f"bcc {what} for {python}", instead=INSTALL)
    return Description(str(python), safe(told["file"]), safe(told["version"]), tuple(told["libraries"]))


def _settings() -> str:
    limits = {**cage.LIMITS, resource.RLIMIT_NOFILE: 128}
    return json.dumps({"limits": list(limits.items()), "seconds": cage.SECONDS, "idle": _IDLE_SECONDS})


def _finish(connection: socket.socket, folder: Folder, process: subprocess.Popen[bytes] | None, owner: int) -> None:
    """`owner` is the process that started it: what is forked off that must not end it."""
    connection.close()
    if os.getpid() != owner:
        return
    if process is not None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    folder.remove()
