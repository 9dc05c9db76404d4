"""The child process of the gate: parses a bundle under limits of its own, and says how it went.

In: `Limits` as arguments, the bundle on standard input (`write_frames`).  Out: one `Answer` as JSON on standard output.
Everything that could be misused is given away before the first byte of a document is read: memory, time, new files and
processes, and, where that is allowed, the user.
"""

from __future__ import annotations

import os
import resource
import struct
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Annotated, Literal

import msgspec

from policyd.files import SourceFile
from policyd.parsing import Loaded, parse_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.errors import Problem
    from policyd.sources.source import BundleFile

MAX_PROBLEMS = 200
"""Problems of a bundle that are told; each document has a limit of its own."""

NOBODY = 65534
_FRAME = struct.Struct("<II")
_PIECE = 1 << 20
_WARM_UP = (
    b"apiVersion: policyd.dev/v1alpha1\nkind: Policy\nmetadata: {nam: x}\n"
    b"spec: {rules: [{name: 'A', hook: {xdp: [a]}, message: '{a + 1}', filters: [{expr: a = b}]}]}\n"
)


Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]


class Row(msgspec.Struct, frozen=True):
    """A `Problem`; without a position, `line` is 0."""

    code: str
    message: str
    file: str
    line: Count
    column: Count
    path: tuple[str | Count, ...]
    hint: str
    severity: Literal["error", "warning"]
    policy: str


class Answer(msgspec.Struct, frozen=True):
    """What came of parsing.  `errors` counts all of them, `problems` are the first; `fault`: why it could not be done."""

    policies: Count = 0
    errors: Count = 0
    problems: tuple[Row, ...] = ()
    fault: str = ""


# ------------------------------------------------------------------------------------------------ the way in


def write_frames(out: IO[bytes], source: str, files: tuple[BundleFile, ...]) -> None:
    """Write the files of a source, each called `<source>/<path>`."""
    for file in files:
        name = f"{source}/{file.name}".encode("utf-8", "surrogateescape")
        out.write(_FRAME.pack(len(name), len(file.data)) + name)
        out.write(file.data)
    out.flush()


def read_frames(incoming: IO[bytes]) -> Iterator[SourceFile]:
    """Yield what `write_frames` wrote."""
    while head := _exactly(incoming, _FRAME.size):
        name_size, size = _FRAME.unpack(head)
        name = _exactly(incoming, name_size).decode("utf-8", "surrogateescape")
        yield SourceFile(name, _exactly(incoming, size))


def _exactly(incoming: IO[bytes], size: int) -> bytes:
    """Return `size` bytes; fewer only if nothing comes any more."""
    found = bytearray()
    while len(found) < size and (piece := incoming.read(min(size - len(found), _PIECE))):
        found += piece
    return bytes(found)


# ------------------------------------------------------------------------------------------------ limits


def give_away(memory: int, seconds: int) -> None:
    """Give up what parsing does not need.  `memory`: bytes more than now; `seconds` of CPU more than now."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    _limit(resource.RLIMIT_AS, _address_space() + memory)
    _limit(resource.RLIMIT_CPU, spent + seconds, spent + seconds + 1)  # SIGXCPU, which tells, before SIGKILL
    for none_of in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE):
        _limit(none_of, 0)
    with suppress(PermissionError):  # no root, or root without the capability
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def _limit(which: int, most: int, at_last: int | None = None) -> None:
    """Set a limit, and the hard one to `at_last` (the same if not given); what was set from outside is never raised."""
    _, hard = resource.getrlimit(which)
    wanted = most, most if at_last is None else at_last
    resource.setrlimit(which, wanted if hard == resource.RLIM_INFINITY else (min(wanted[0], hard), min(wanted[1], hard)))


def _address_space() -> int:
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 (needed once, before anything is given up)
        return int(file.read().split()[0]) * resource.getpagesize()


# ------------------------------------------------------------------------------------------------ the child


def answer_for(loaded: Loaded) -> Answer:
    """Return what is told of what was parsed."""
    shown = (*loaded.errors, *loaded.warnings)[:MAX_PROBLEMS]
    return Answer(len(loaded.policies), len(loaded.errors), tuple(_row(problem) for problem in shown))


def _row(problem: Problem) -> Row:
    at = problem.position
    file, line, column = (at.file, at.line, at.column) if at else ("", 0, 0)
    place = file, line, column, problem.path
    return Row(problem.code, problem.message, *place, problem.hint, problem.severity, problem.policy)


def main(memory: int, seconds: int) -> None:
    """Parse standard input, answer, and end."""
    parse_files([SourceFile("", _WARM_UP)])  # whatever is imported late has been: no file can be opened any more
    give_away(memory, seconds)
    try:
        answer = answer_for(parse_files(read_frames(sys.stdin.buffer)))
        data = msgspec.json.encode(answer)
    except MemoryError:
        data = _NO_MEMORY
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    os._exit(0)  # no time is spent on freeing


_NO_MEMORY = msgspec.json.encode(Answer(fault="memory"))
"""Made while there was some."""
