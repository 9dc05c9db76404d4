"""Run clang on generated C, caged (`cage.py`): text in, object or diagnostics out.

No include path, no environment, an empty directory of its own, limits on memory, time and output, and C that asks for a file
(`#include`, `.incbin`) is refused before.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from policyd.builders import cage
from policyd.builders.cage import STRICT, CompilerError, contents, empty_directory, environment, only_root_writes, scratch
from policyd.errors import UnsupportedError

FLAGS = (
    *("-target", "bpf", "-mcpu=v3", "-O2", "-g"),
    *("-nostdinc", "-fdebug-compilation-dir=.", "-fno-ident"),
    *("-Wall", *STRICT),
    *("-Wno-unused-function", "-Wno-unused-variable", "-Wno-unknown-warning-option"),
    *("-fno-caret-diagnostics", "-fno-color-diagnostics", "-ferror-limit=20"),
    *("-x", "c", "-c", "-", "-o", "-"),
)
"""`-mcpu=v3` (32-bit registers and atomics) is known to every kernel since 5.12 and to clang since 12."""

_NAMES = ("clang", *(f"clang-{version}" for version in range(30, 11, -1)))
_TRUSTED = ("/usr/local/bin", "/usr/bin", "/bin")
_EM_BPF = 247


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
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=cage.SECONDS, env=environment())
        return (done.stdout or done.stderr).partition("\n")[0].strip()

    def compile(self, text: str) -> bytes:
        """Return the object; `CompilerError`, `UnsupportedError` (a clang that cannot make BPF)."""
        cage.refuse_files(text)
        with empty_directory() as directory, scratch("object") as output, scratch("diagnostics") as diagnostics:
            status = self._run(text, directory, output, diagnostics)
            said = contents(diagnostics).decode("utf-8", "replace")
            if status == 0:
                return _checked(contents(output))
        if "No available targets are compatible" in said or "unknown target" in said:
            raise UnsupportedError(f"{self.path} cannot compile for BPF", instead="install the distribution's clang")
        raise CompilerError(said.strip() or cage.fate("clang", status))

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
                env=environment(),
                close_fds=True,
                start_new_session=True,
            )
        except OSError as error:
            what = f"{self.path} cannot be run: {error.strerror}"
            raise UnsupportedError(what, instead="install the distribution's clang again") from error
        with process:
            for limit, most in cage.LIMITS.items():
                resource.prlimit(process.pid, limit, (most, most))
            try:
                process.communicate(text.encode(), timeout=cage.SECONDS)
            except subprocess.TimeoutExpired:
                raise CompilerError(f"clang was stopped after {cage.SECONDS} s") from None
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
        if found and (not root or only_root_writes(Path(found).resolve())):
            return Clang(Path(found).resolve())
    raise UnsupportedError(
        "clang is not installed", "clang 12", "install the package clang (Debian, Ubuntu, Fedora: `clang`)"
    )


def _checked(data: bytes) -> bytes:
    """Return the object if it is one for BPF (EM_BPF, 247, in its ELF header): a broken clang's output is not kept."""
    if data[:4] != b"\x7fELF" or int.from_bytes(data[18:20], "little") != _EM_BPF:
        raise CompilerError(f"clang ended well, but its output of {len(data):,} bytes is no BPF object")
    return data
