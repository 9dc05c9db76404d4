"""What every compiler is locked into: no file, no environment, no home, and limits on memory, time and output.

The C comes from us, but some of its numbers and comments come from policies; and compilers read files, use memory without
end and crash.  Used by `compiler.py` (clang) and `bcc_server.py`.
"""

from __future__ import annotations

import fcntl
import os
import re
import resource
import signal
import stat
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CPU_SECONDS = 60
SECONDS = 300
"""How long a compiler may take for one unit: of a CPU's time, and by the clock, for other work may leave it little."""

MOST_BYTES = 64 << 20
"""How much it may write."""

LIMITS = {
    resource.RLIMIT_AS: 2 << 30,
    resource.RLIMIT_CPU: CPU_SECONDS,
    resource.RLIMIT_FSIZE: MOST_BYTES,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: 64,
}

STRICT = (
    *("-Werror=implicit-function-declaration", "-Werror=implicit-int", "-Werror=int-conversion"),
    *("-Werror=incompatible-pointer-types", "-Werror=return-type", "-Werror=uninitialized"),
)
"""What is an error in generated C, whoever compiles it: clang by itself only warns of these."""

LONGEST_PROGRAM = 32_767
"""Instructions in one program.  A jump's offset has 16 bits, and LLVM 14 cuts a longer one without a word (measured, with
clang and with bcc: a jump over 120,000 instructions went 11,072 back)."""

_NO_OTHER_SIZE = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
_SPLICE = re.compile(r"(?:\\|\?\?/)[ \t]*\n")
_COMMENT_OR_LITERAL = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
_BETWEEN_LITERALS = re.compile(r'"\s*"')
_READS_FILES = re.compile(
    r"^\s*(?:#|%:|\?\?=)\s*(?:include|include_next|import|embed)\b|\.incbin|__has_(?:include|embed)", re.MULTILINE
)


class CompilerError(Exception):
    """A compiler made nothing; the text is what it said, or what became of it."""


def refuse_files(text: str) -> None:
    """Raise `CompilerError` if C asks for a file.

    Looks as the compiler does: at spliced lines, without comments, at adjacent literals as one.
    """
    spliced = _SPLICE.sub("", text)
    bare = _COMMENT_OR_LITERAL.sub(lambda match: " " if match[0].startswith("/") else match[0], spliced)
    if _READS_FILES.search(_BETWEEN_LITERALS.sub("", bare)):
        raise CompilerError("refused: it asks for a file")


def only_root_writes(path: Path) -> bool:
    """Tell whether an executable is root's, and closed to other writers."""
    facts = path.stat()
    return facts.st_uid == 0 and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def environment() -> dict[str, str]:
    """Return all that a compiler is told of its surroundings."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


@contextmanager
def empty_directory() -> Iterator[str]:
    """An empty directory; where none can be made, the root directory: nothing is read from it by name anyway."""
    try:
        directory = tempfile.TemporaryDirectory(prefix="policyd-")
    except OSError:
        yield "/"
        return
    with directory as path:
        yield path


@contextmanager
def scratch(name: str) -> Iterator[int]:
    """A file in memory: unlike a pipe it cannot fill up while nobody reads; sealed, so that nobody makes it larger."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, MOST_BYTES)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _NO_OTHER_SIZE)
        yield fd
    finally:
        os.close(fd)


def contents(fd: int) -> bytes:
    """Return what was written: up to the offset, which this process shares with the one that wrote."""
    return os.pread(fd, os.lseek(fd, 0, os.SEEK_CUR), 0)


def fate(who: str, status: int) -> str:
    """Return what became of a process, by its return code (negative: a signal's number)."""
    if status == -signal.SIGKILL:
        return f"{who} was killed: it took more than {CPU_SECONDS} s of a CPU, or the kernel had no memory for it"
    return f"{who} died of signal {-status}" if status < 0 else f"{who} ended with status {status} and said nothing"
