"""Run `git`, `ssh-keygen` and `gpg` in a source's state folder, caged: what they may take and say is bounded.

A command line comes in, what the program wrote goes out.  Nothing of this process's environment reaches the program but
proxies; its whole group is killed when time is up, when it writes too much, and when it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import selectors
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policyd.document import MAX_FILE_BYTES
from policyd.errors import UnsupportedError
from policyd.sources.source import MAX_BUNDLE_BYTES, MAX_FILES, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TRUSTED = "/usr/local/bin:/usr/bin:/bin"
_PACKAGES = {"git": "git", "ssh": "openssh-client", "ssh-keygen": "openssh-client", "gpg": "gnupg", "timeout": "coreutils"}
_PASSED_ON = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_MOST_SAID = 64 << 10
_CHUNK = 1 << 16

_CAGE = 'ulimit -c 0; ulimit -f "$1" && ulimit -v "$2" || exit 125; shift 2; exec "$@"'
"""The limits are set by a shell before the program begins: what a program has started has the limits that it had then.
POSIX: `-f` counts blocks of 512 bytes, `-v` KiB.  coreutils' `timeout` around it ends it even if this process is gone."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may take.  Times in seconds, sizes in bytes."""

    seconds: float = 120.0
    pack_bytes: int = 256 << 20
    memory_bytes: int = 1 << 30
    file_bytes: int = MAX_FILE_BYTES
    bundle_bytes: int = MAX_BUNDLE_BYTES
    files: int = MAX_FILES
    entries: int = 50_000
    """Names below the path, policies or not."""
    depths: tuple[int, ...] = (64, 1024, 16_384)
    """How many commits are asked for, one after the other, until the newest accepted one is found among them."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a program: its exit status (negative: the signal), its output, and what it said on standard error."""

    status: int
    output: bytes
    said: str


class TooMuchError(Exception):
    """A program wrote more than was allowed."""


@dataclass(slots=True)
class Runner:
    """Runs programs in the folder that `folder` is an fd of, until the time of `limits` is over or `stop` is called.

    The fd is handed to each program: a lock on it holds until the last of them has ended.
    """

    folder: int
    limits: Limits
    _deadline: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _process: subprocess.Popen[bytes] | None = None
    _stopped: bool = False

    def __post_init__(self) -> None:
        self._deadline = time.monotonic() + self.limits.seconds

    def stop(self) -> None:
        """Kill what runs, and let nothing more be run; from any thread."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                _kill(self._process)

    def run(self, command: Sequence[str], environment: Mapping[str, str], given: bytes = b"", most: int = _CHUNK) -> Ended:
        """Return how it ended; `given` is its input.  `TooMuchError`, `SourceError` (no time left), `UnsupportedError`."""
        program = find_program(command[0])
        with memory_file("input", given) as entry, _scratch() as said:
            process = self._start([program, *command[1:]], environment, entry, said)
            try:
                output = self._read(process, command[0], most)
                process.wait(self._left(command[0]))
            except subprocess.TimeoutExpired:
                raise self._late(command[0]) from None
            finally:
                _kill(process)
                process.wait()
                with self._lock:
                    self._process = None
                if process.stdout:
                    process.stdout.close()
            if self._stopped:
                raise SourceError("stopped while it was fetched", transient=True)
            return Ended(process.returncode, output, _contents(said))

    def _start(self, command: list[str], environment: Mapping[str, str], entry: int, said: int) -> subprocess.Popen[bytes]:
        blocks = str(_at_most(resource.RLIMIT_FSIZE, self.limits.pack_bytes) // 512)
        kib = str(_at_most(resource.RLIMIT_AS, self.limits.memory_bytes) // 1024)
        seconds = str(self._left(command[0]) + 5)
        with self._lock:
            if self._stopped:
                raise SourceError("stopped before it was fetched", transient=True)
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _CAGE, "sh", blocks, kib, find_program("timeout"), "-s", "KILL", seconds, *command],
                stdin=entry,
                stdout=subprocess.PIPE,
                stderr=said,
                cwd=f"/proc/self/fd/{self.folder}",
                env=clean_environment() | dict(environment),
                pass_fds=(self.folder,),
                start_new_session=True,
            )
            return self._process

    def _read(self, process: subprocess.Popen[bytes], name: str, most: int) -> bytes:
        assert process.stdout is not None
        output = bytearray()
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            while True:
                if not ready.select(self._left(name)):
                    raise self._late(name)
                chunk = os.read(process.stdout.fileno(), _CHUNK)
                if not chunk:
                    return bytes(output)
                output += chunk
                if len(output) > most:
                    raise TooMuchError

    def _left(self, name: str) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._late(name)
        return left

    def _late(self, name: str) -> SourceError:
        what = f"{os.path.basename(name)} was stopped: fetching took longer than {self.limits.seconds:g} s"  # noqa: PTH119
        return SourceError(what, transient=True)


def _at_most(limit: int, wanted: int) -> int:
    """Return what a limit can be set to: one of this process that is lower already cannot be raised."""
    hard = resource.getrlimit(limit)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def find_program(name: str) -> str:
    """Return where `name` is, looked for in the system's own folders; `UnsupportedError` names its package."""
    found = shutil.which(name, path=_TRUSTED)
    if found is None:
        raise UnsupportedError(f"{name} is not installed", instead=f"install the package {_PACKAGES.get(name, name)}")
    return found


def clean_environment() -> dict[str, str]:
    """Return what every program gets: English messages, no home, and the proxies that this process was given."""
    proxies = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {"PATH": _TRUSTED, "LC_ALL": "C", "HOME": "/nonexistent", "TZ": "UTC", **proxies}


@contextlib.contextmanager
def memory_file(name: str, data: bytes) -> Iterator[int]:
    """A file that has no name on any disk, closed to other users, at its beginning."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC)
    try:
        os.fchmod(fd, 0o600)
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.lseek(fd, 0, os.SEEK_SET)
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def _scratch() -> Iterator[int]:
    """A file in memory that cannot grow: unlike a pipe it does not fill up while nobody reads."""
    fd = os.memfd_create("said", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, _MOST_SAID)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
        yield fd
    finally:
        os.close(fd)


def _contents(fd: int) -> str:
    return os.pread(fd, os.lseek(fd, 0, os.SEEK_CUR), 0).decode("utf-8", "surrogateescape")


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
