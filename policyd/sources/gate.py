"""Bundles become policies, and no bundle can stop or bloat the agent: a child process with limits parses it first.

Only a bundle that came through is parsed here: parsing is deterministic, so it takes no more time and memory than the child
was given.  The child hands back problems and no policies: what it says is checked, and nothing of it runs.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import policyd
from policyd.errors import PolicyError, Position, Problem
from policyd.files import SourceFile
from policyd.parsing import Loaded, parse_files
from policyd.sources.parse_child import Answer, Row, write_frames
from policyd.sources.source import Bundle, SourceError
from policyd.text import safe
from policyd.vocabulary.quantities import show_size

if TYPE_CHECKING:
    from typing import IO

_MAX_ANSWER = 4 << 20
_MAX_TEXT = 4096
_PROGRAM = (
    "import sys; sys.path += sys.argv[3:]; "
    "from policyd.sources.parse_child import main; main(int(sys.argv[1]), int(sys.argv[2]))"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What parsing one bundle may take: bytes beyond those of an idle interpreter, seconds of CPU, seconds of the clock.

    A list of 100,000 paths takes 40 MiB and half a second.
    """

    memory: int = 96 << 20
    cpu: int = 10
    clock: float = 60.0


def parse(bundle: Bundle, source: str, limits: Limits = Limits()) -> Loaded:
    """Return the policies of a bundle and their warnings; positions are in files called `<source>/<path>`.

    Raises `PolicyError` with what is wrong in documents, and `SourceError` if parsing went beyond the limits (`refused`) or
    there was no child to be had (`transient`).
    """
    if bundle.files:
        _examine(bundle, source, limits)
    files = (SourceFile(f"{source}/{file.name}", file.data) for file in bundle.files)
    loaded = parse_files(files)
    loaded.require()
    return loaded


def _examine(bundle: Bundle, source: str, limits: Limits) -> None:
    """Raise what the child says against a bundle."""
    child = _Child(bundle, source, limits)
    try:
        answer = child.ask()
    except OSError as error:
        raise SourceError(f"no process for parsing could be started: {error.strerror}", transient=True) from None
    if answer.fault:
        raise SourceError(answer.fault, refused=True, revision=bundle.revision)
    if answer.errors:
        problems = [_problem(row) for row in answer.problems]
        more = answer.errors - sum(problem.severity == "error" for problem in problems)
        if more > 0:
            problems.append(Problem("too-many-problems", f"{more:,} more errors are not shown"))
        raise PolicyError(problems)


# ------------------------------------------------------------------------------------------------ the child, from here


class _Child:
    """One run of the child process."""

    def __init__(self, bundle: Bundle, source: str, limits: Limits) -> None:
        self.bundle, self.source, self.limits = bundle, source, limits
        self.timed_out = False

    def ask(self) -> Answer:
        """Start it, feed it, and return what it answers, or what its end means; it is gone after."""
        pipe = subprocess.PIPE
        with subprocess.Popen(
            _command(self.limits), stdin=pipe, stdout=pipe, stderr=pipe, env={}, cwd="/", start_new_session=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            feeder = threading.Thread(target=self._feed, args=(process.stdin,), name="gate", daemon=True)
            timer = threading.Timer(self.limits.clock, self._stop, (process,))
            feeder.start()
            timer.start()
            try:
                data = process.stdout.read(_MAX_ANSWER)
                process.stdout.close()
                words = process.stderr.read(_MAX_TEXT)
                process.wait()
            finally:
                process.kill()
                timer.cancel()
                feeder.join()
        return self._understand(data, words, process.returncode)

    def _feed(self, stdin: IO[bytes]) -> None:
        with suppress(BrokenPipeError, ValueError):  # it has ended, and says why
            write_frames(stdin, self.source, self.bundle.files)
        with suppress(BrokenPipeError):
            stdin.close()

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        self.timed_out = True
        process.kill()

    def _understand(self, data: bytes, words: bytes, status: int) -> Answer:
        limits = self.limits
        if self.timed_out:
            return Answer(fault=f"parsing it takes more than {limits.clock:g} s")
        if status == -signal.SIGXCPU:
            return Answer(fault=f"parsing it takes more than {limits.cpu} s of CPU")
        if status == -signal.SIGKILL:
            raise SourceError("the process that parsed it was killed by somebody else", transient=True)
        try:
            answer = msgspec.json.decode(data, type=Answer)
        except msgspec.MsgspecError:
            said = safe(words.decode("utf-8", "replace").strip().rpartition("\n")[2], 200)
            ending = signal.Signals(-status).name if status < 0 else f"status {status}"
            return Answer(fault=f"the process that parsed it ended without an answer ({ending}{': ' if said else ''}{said})")
        if answer.fault == "memory":
            hint = "split it over several sources, or make its lists shorter"
            return Answer(fault=f"parsing it takes more than {show_size(limits.memory)} of memory: {hint}")
        return answer


def _command(limits: Limits) -> list[str]:
    """Return the child's command: this interpreter, isolated, with the paths that our own modules come from."""
    paths = dict.fromkeys((str(Path(policyd.__file__).parent.parent), *filter(None, sys.path)))
    return [sys.executable, "-I", "-S", "-B", "-c", _PROGRAM, str(limits.memory), str(limits.cpu), *paths]


def _problem(row: Row) -> Problem:
    """Return a problem of the child as ours; its texts are foreign here."""
    position = Position(_text(row.file), row.line, row.column) if row.line else None
    path = tuple(_text(part) if isinstance(part, str) else part for part in row.path[:64])
    code, message, hint, policy = (_text(text) for text in (row.code, row.message, row.hint, row.policy))
    return Problem(code, message, position, path, hint, row.severity, policy)


def _text(text: str) -> str:
    return safe(text, _MAX_TEXT)
