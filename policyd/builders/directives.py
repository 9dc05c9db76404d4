"""Which policy line a line of generated C came from.

`#line` directives say it.  They are taken out before compiling (compilers would open the files that they name, to embed the
text: kernel programs would hold lines of any file), and errors are mapped back by the physical line.  A side effect is
wanted: C that differs only in where its policy's lines are compiles to the same object.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from policyd.errors import Position

_GENERATED = ".c"  # how a directive's file ends where generated code goes on
_DIRECTIVE = re.compile(r'[ \t]*#[ \t]*line[ \t]+(?P<line>\d+)[ \t]+(?P<file>"(?:[^"\\]|\\.)*")[ \t]*')


@dataclass(frozen=True, slots=True)
class Plain:
    """C without `#line` directives, with as many lines as before; `directives` are (physical line, line, file) of each."""

    text: str
    directives: tuple[tuple[int, int, str], ...]

    def position(self, line: int) -> Position | None:
        """Return the policy's place that the C line (from 1) came from, None if it is no policy's."""
        before = [directive for directive in self.directives if directive[0] < line]
        if not before or before[-1][2].endswith(_GENERATED):
            return None
        return Position(before[-1][2], before[-1][1], 1)

    def line(self, number: int) -> str:
        """Return the text of the C line `number` (from 1), empty if there is none."""
        lines = self.text.splitlines()
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def without_directives(text: str) -> Plain:
    """Take the `#line` directives out, leaving empty lines."""
    lines, directives = text.split("\n"), []
    for index, line in enumerate(lines):
        match = _DIRECTIVE.fullmatch(line)
        if match:
            directives.append((index + 1, int(match["line"]), _unquoted(match["file"])))
            lines[index] = ""
    return Plain("\n".join(lines), tuple(directives))


def _unquoted(literal: str) -> str:
    """Return what a C string literal with octal escapes holds: UTF-8."""
    value = ast.literal_eval("b" + literal)
    assert isinstance(value, bytes)
    return value.decode("utf-8", "replace")
