"""Run clang on generated C, caged: text in, object or diagnostics out.

The C comes from us, but some of its numbers and comments come from policies; and compilers read files, use memory without
end and crash.  So: no include path, no environment, an empty directory of its own, limits on memory, time and output, and C
that asks for a file (`#include`, `.incbin`) is refused before.
"""

from __future__ import annotations

import fcntl
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

FLAGS = (
    *("-target", "bpf", "-mcpu=v3", "-O2", "-g"),
    *("-nostdinc", "-fdebug-compilation-dir=.", "-fno-ident"),
    *("-Wall", "-Werror=implicit-function-declaration", "-Werror=implicit-int", "-Werror=int-conversion"),
    *("-Werror=incompatible-pointer-types", "-Werror=return-type", "-Werror=uninitialized"),
    *("-Wno-unused-function", "-Wno-unused-variable", "-Wno-unknown-warning-option"),
    *("-fno-caret-diagnostics", "-fno-color-diagnostics", "-ferror-limit=20"),
    *("-x", "c", "-c", "-", "-o", "-"),
)
"""`-mcpu=v3` (32-bit registers and atomics) is known to every kernel since 5.12 and to clang since 12."""

_NAMES = ("clang", *(f"clang-{version}" for version in range(30, 11, -1)))
_TRUSTED = ("/usr/local/bin", "/usr/bin", "/bin")
_SECONDS = 60
_EM_BPF = 247
_MOST_BYTES = 64 << 20
_NO_OTHER_SIZE = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
_LIMITS = {
    resource.RLIMIT_AS: 2 << 30,
    resource.RLIMIT_CPU: _SECONDS,
    resource.RLIMIT_FSIZE: _MOST_BYTES,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: 64,
}
_SPLICE = re.compile(r"(?:\\|\?\?/)[ \t]*\n")
_COMMENT_OR_LITERAL = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
_BETWEEN_LITERALS = re.compile(r'"\s*"')
_READS_FILES = re.compile(
    r"^\s*(?:#|%:|\?\?=)\s*(?:include|include_next|import|embed)\b|\.incbin|__has_(?:include|embed)", re.MULTILINE
)


class CompilerError(Exception):
    """Clang made no object; the text is what it said, or what became of it."""


@dataclass(frozen=True)
class Clang:
    """One clang executable."""

    path: Path

    @cached_property
    def identity(self) -> str:
        """What changes when another clang is installed here: without asking it, which takes 30 ms."""
        facts = self.path.stat()
        return f"{self.path} {facts.st_size} {facts.st_mtime_ns}"

    def version(self) -> str:
        """Return the first line of `clang --version`."""
        command = [str(self.path), "--version"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS, env=_environment())
        return (done.stdout or done.stderr).partition("\n")[0].strip()

    def compile(self, text: str) -> bytes:
        """Return the object; `CompilerError`, `UnsupportedError` (a clang that cannot make BPF)."""
        if _asks_for_a_file(text):
            raise CompilerError("refused: it asks for a file")
        with _empty_directory() as directory, _scratch("object") as output, _scratch("diagnostics") as diagnostics:
            status = self._run(text, directory, output, diagnostics)
            said = _contents(diagnostics).decode("utf-8", "replace")
            if status == 0:
                return _checked(_contents(output))
        if "No available targets are compatible" in said or "unknown target" in said:
            raise UnsupportedError(f"{self.path} cannot compile for BPF", instead="install the distribution's clang")
        raise CompilerError(said.strip() or _fate(status))

    def _run(self, text: str, directory: str, output: int, diagnostics: int) -> int:
        """The limits are set from outside while clang still waits for its input: nothing must run between fork and exec,
        for other threads may hold locks then.  What a wrapper has started before that has no limits, but writes into files
        that cannot grow, and is killed with the rest of its session."""
        try:
            process = subprocess.Popen(
                [str(self.path), *FLAGS],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=diagnostics,
                cwd=directory,
                env=_environment(),
                close_fds=True,
                start_new_session=True,
            )
        except OSError as error:
            what = f"{self.path} cannot be run: {error.strerror}"
            raise UnsupportedError(what, instead="install the distribution's clang again") from error
        with process:
            for limit, most in _LIMITS.items():
                resource.prlimit(process.pid, limit, (most, most))
            try:
                process.communicate(text.encode(), timeout=_SECONDS)
            except subprocess.TimeoutExpired:
                raise CompilerError(f"clang was stopped after {_SECONDS} s") from None
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return process.returncode


def find_clang() -> Clang:
    """Return the clang to use: of PATH for users, of the system's own folders for root; `UnsupportedError`."""
    root = os.geteuid() == 0
    search = os.pathsep.join(_TRUSTED) if root else os.environ.get("PATH", os.defpath)
    for name in _NAMES:
        found = shutil.which(name, path=search)
        if found and (not root or _only_root_writes(Path(found).resolve())):
            return Clang(Path(found).resolve())
    raise UnsupportedError(
        "clang is not installed", "clang 12", "install the package clang (Debian, Ubuntu, Fedora: `clang`)"
    )


def _asks_for_a_file(text: str) -> bool:
    """Look as the compiler does: at spliced lines, without comments, at adjacent literals as one."""
    spliced = _SPLICE.sub("", text)
    bare = _COMMENT_OR_LITERAL.sub(lambda match: " " if match[0].startswith("/") else match[0], spliced)
    return _READS_FILES.search(_BETWEEN_LITERALS.sub("", bare)) is not None


def _only_root_writes(path: Path) -> bool:
    facts = path.stat()
    return facts.st_uid == 0 and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


@contextmanager
def _empty_directory() -> Iterator[str]:
    """An empty directory; where none can be made, the root directory: nothing is read from it by name anyway."""
    try:
        directory = tempfile.TemporaryDirectory(prefix="policyd-")
    except OSError:
        yield "/"
        return
    with directory as path:
        yield path


@contextmanager
def _scratch(name: str) -> Iterator[int]:
    """A file in memory: unlike a pipe it cannot fill up while nobody reads; sealed, so that nobody makes it larger."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, _MOST_BYTES)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _NO_OTHER_SIZE)
        yield fd
    finally:
        os.close(fd)


def _contents(fd: int) -> bytes:
    """Return what was written: up to the offset, which this process shares with the one that wrote."""
    return os.pread(fd, os.lseek(fd, 0, os.SEEK_CUR), 0)


def _checked(data: bytes) -> bytes:
    """Return the object if it is one for BPF (EM_BPF, 247, in its ELF header): a broken clang's output is not kept."""
    if data[:4] != b"\x7fELF" or int.from_bytes(data[18:20], "little") != _EM_BPF:
        raise CompilerError(f"clang ended well, but its output of {len(data):,} bytes is no BPF object")
    return data


def _fate(status: int) -> str:
    return f"clang died of signal {-status}" if status < 0 else f"clang ended with status {status} and said nothing"
