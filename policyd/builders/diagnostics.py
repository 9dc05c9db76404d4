"""What compilers and the verifier say about generated C, as errors that name the policy's line: the same for all builders.

Their text is never passed on as it is: a diagnostic can quote a file, and what names no line of ours is left out.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.builders.cage import LONGEST_PROGRAM
from policyd.errors import CompileError, Position, VerifierError
from policyd.kernel.bpf import verifier

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.builders.directives import Plain
    from policyd.kernel.bpf.programs import RefusedError

_DIAGNOSTIC = re.compile(
    r"(?:<stdin>|/virtual/main\.c):(?P<line>\d+):\d+: (?:fatal )?(?P<severity>error|warning): (?P<text>.*)"
)
_LOGGED_SOURCE = re.compile(r"^; (.*)@ <stdin>:(\d+)$", re.MULTILINE)
_LOGGED_INSTRUCTION = re.compile(r"^(\d+): \([0-9a-f]{2}\) ", re.MULTILINE)
_TOO_BIG = ("BPF stack limit", "out of insn range")  # llvm/lib/Target/BPF: BPFRegisterInfo.cpp, BPFMIPeephole.cpp
_BUG = "generated code does not compile: please report this as a bug of policyd"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of C that a program's instructions came from: (instruction, line) where a line begins, in order."""

    rows: tuple[tuple[int, int], ...] = ()

    def line(self, instruction: int) -> int:
        """Return the line (from 1) of an instruction, 0 if it is not known."""
        before = [line for start, line in self.rows if start <= instruction]
        return before[-1] if before else 0


def compile_error(unit: str, plain: Plain, said: str, broken: str) -> CompileError:
    """Return the error with every diagnostic about our C, each with the line of C and the policy's line.

    Other lines are left out where there are such, for a diagnostic about another file would quote that file.  `broken` opens
    the message where there is none: then it is the compiler itself that failed.
    """
    report, first, position = [], "", None
    for match in filter(None, map(_DIAGNOSTIC.match, said.splitlines())):
        line = int(match["line"])
        place = plain.position(line)
        where = f"{place.file}:{place.line}: " if place else ""
        report.append(f"{where}{match['severity']}: {match['text']} (generated line {line}: {plain.line(line)})")
        if match["severity"] == "error" and not first:
            first, position = match["text"], place
    what = _BUG if report else broken
    if not first:
        first = "it names another file" if "In file included" in said else said.partition("\n")[0]
    too_big = any(words in said for words in _TOO_BIG)
    return CompileError(unit, f"{what}: {first}", "\n".join(report), position, too_big=too_big)


def too_long(unit: str, instructions: int) -> CompileError:
    """Return the error for a program with more instructions than jumps are sure to reach over."""
    what = f"a program of {instructions:,} instructions is too long: jumps reach {LONGEST_PROGRAM:,}"
    return CompileError(unit, what, too_big=True)


def verifier_error(unit: str, plain: Plain, refused: RefusedError, lines: Callable[[], Lines]) -> VerifierError:
    """Return the error with the readable log and the policy's line.  `lines` is asked only where the log names none."""
    found = verifier.diagnose(refused.log, refused.errno)
    log, line = _with_source_lines(refused.log, plain), found.line
    if not line and found.instruction >= 0:
        table = lines()
        line = table.line(found.instruction)
        log = log if _LOGGED_SOURCE.search(refused.log) else _with_lines_of(log, plain, table)
    code = errno.E2BIG if found.over_budget else refused.errno
    return VerifierError(unit, found.summary, log, code, _position(plain, line))


def _position(plain: Plain, line: int) -> Position | None:
    return plain.position(line) if line else None


def _with_source_lines(log: str, plain: Plain) -> str:
    """Put the text of the C lines into the log: the compiler read its input from a pipe and could not."""
    return _LOGGED_SOURCE.sub(lambda match: _shown(plain, int(match[2])), log)


def _with_lines_of(log: str, plain: Plain, table: Lines) -> str:
    """Put the C line before each instruction with which another line begins, as the kernel does where it knows the lines."""
    last = 0

    def shown(match: re.Match[str]) -> str:
        nonlocal last
        line = table.line(int(match[1]))
        if line in {0, last}:
            return match[0]
        last = line
        return f"{_shown(plain, line)}\n{match[0]}"

    return _LOGGED_INSTRUCTION.sub(shown, log) if table.rows else log


def _shown(plain: Plain, line: int) -> str:
    place = plain.position(line)
    return f"; {plain.line(line)} @ " + (f"{place.file}:{place.line}" if place else f"generated:{line}")
