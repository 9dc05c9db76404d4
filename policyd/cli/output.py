"""How the command line prints: tables, documents, colours, progress.

Commands hand over plain values; nothing else in `cli/` writes escape sequences.  Whatever comes from a policy, a map or an
event is cleaned of control characters here, so that no text of others can drive a terminal.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

import click

from policyd.cli.yaml_text import to_yaml
from policyd.text import safe

if TYPE_CHECKING:
    from policyd.cli.context import Settings

GAP = "  "
_NARROWEST = 6
"""Signs that a column of text keeps."""


def clean(text: object) -> str:
    """Return `str(text)`, lines and tabs kept, with nothing else in it that could drive a terminal."""
    return "\n".join("\t".join(map(safe, line.split("\t"))) for line in str(text).split("\n"))


def use_color(choice: str) -> bool | None:
    """Return what click's `Context.color` must be: None leaves it to whether the stream is a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return None


def say(text: str = "") -> None:
    """Print a line (or lines) of ordinary output, cleaned."""
    click.echo(clean(text))


def note(text: str, color: str = "") -> None:
    """Print a line (or lines) to stderr, cleaned, in a colour where stderr is a terminal."""
    shown = clean(text)
    click.echo(click.style(shown, fg=color) if color else shown, err=True)


def warn(text: str) -> None:
    """Print a warning to stderr."""
    note(f"warning: {text}", "yellow")


def print_json(value: object) -> None:
    """Print one JSON document, indented, keys in the order given."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True, default=str))


def print_list(documents: Iterable[object]) -> None:
    """Print YAML documents, with `---` between them."""
    click.echo("---\n".join(map(to_yaml, documents)), nl=False)


STATUS_COLORS = {
    "Ready": "green",
    "Applied": "green",
    "Degraded": "red",
    "Refused": "red",
    "Unreachable": "red",
    "Suspended": "yellow",
    "Waiting": "yellow",
    "NotApplicable": "yellow",
    "Proven": "green",
    "Attached": "yellow",
    "enforce": "magenta",
}


def paint_status(header: str, cell: str) -> str | None:
    """Return the colour of a cell of a status column."""
    return STATUS_COLORS.get(cell) if header in {"STATUS", "MODE"} else None


Row = Sequence[object]


def table(
    headers: Sequence[str],
    rows: Iterable[Row],
    paint: Callable[[str, str], str | None] | None = None,
    numeric: frozenset[str] = frozenset(),
    most: int | None = None,
) -> str:
    """Return columns as kubectl shows them: upper-case headers, two blanks between, no borders, nothing after the last.

    Numbers are set flush right, under their header's end.  `paint(header, cell)` names a colour for a cell, or None.
    Columns of `numeric` headers are numbers, however they are written.  Where lines are longer than `most`, the widest texts
    are cut in their middle; numbers never are.
    """
    body = [[_cell(value) for value in row] for row in rows]
    lines = [list(headers), *body]
    widths = [max(len(line[at]) for line in lines) for at in range(len(headers))]
    right = [head in numeric or _is_numeric([line[at] for line in body]) for at, head in enumerate(headers)]
    widths = fit(widths, right, most)
    shown = []
    for number, line in enumerate(lines):
        cells = []
        for at, whole in enumerate(line):
            last, text = at == len(line) - 1, cut_middle(whole, widths[at])
            padded = text.rjust(widths[at]) if right[at] else text if last else text.ljust(widths[at])
            color = paint(headers[at], whole) if paint and number else None
            cells.append(padded.replace(text, click.style(text, fg=color)) if color and text else padded)
        shown.append(GAP.join(cells).rstrip())
    return "\n".join(shown)


def print_table(headers: Sequence[str], rows: Iterable[Row], paint: Callable[[str, str], str | None] | None = None) -> None:
    """Print what `table` returns, as wide as the terminal is."""
    click.echo(table(headers, rows, paint, most=terminal_width()))


def terminal_width() -> int | None:
    """Return how wide a list may be: None where it goes to no terminal, so that programs read it whole."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def fit(widths: list[int], right: Sequence[bool], most: int | None) -> list[int]:
    """Take columns of text (those that are not flush right) narrower, the widest first, until a line has `most` signs."""
    fitted = list(widths)
    texts = [at for at, flush in enumerate(right) if not flush]
    while most is not None and texts and sum(fitted) + len(GAP) * (len(fitted) - 1) > most:
        widest = max(texts, key=fitted.__getitem__)
        if fitted[widest] <= _NARROWEST:
            break
        fitted[widest] -= 1
    return fitted


def cut_middle(text: str, width: int) -> str:
    """Return text of at most `width` signs: what is too long loses its middle, since names differ at their ends."""
    if len(text) <= width:
        return text
    behind = (width - 1) // 2
    return f"{text[: width - 1 - behind]}…{text[len(text) - behind :]}"


def few(values: Sequence[str], most: int = 4, separator: str = ",") -> str:
    """Return some of many values, and how many more there are."""
    more = len(values) - most
    return separator.join(values[:most]) + (f" and {more} more" if more > 0 else "")


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    return safe(str(value))


def _is_numeric(cells: Sequence[str]) -> bool:
    """Whether a column holds numbers, or fills such as `3/10240`; `-` stands for none."""
    found = [cell.replace("/", "") for cell in cells if cell != "-"]
    return bool(found) and all(map(str.isdigit, found))


class Screen:
    """A terminal that one picture after another is drawn on, without flicker: each goes over the one before it.

    Use it as a context manager: afterwards the cursor is back, below the last picture.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def __enter__(self) -> Screen:
        self._write("\x1b[?25l\x1b[2J")
        return self

    def __exit__(self, *_: object) -> None:
        self._write("\x1b[?25h\n")

    def size(self) -> tuple[int, int]:
        """Return columns and lines; 80 and 24 of a terminal that does not know."""
        found = os.get_terminal_size(self._stream.fileno())
        return found.columns or 80, found.lines or 24

    def draw(self, lines: Sequence[str]) -> None:
        """Draw a picture; lines are no wider than the screen, and no more than fit."""
        self._write("\x1b[H" + "\n".join(f"{line}\x1b[K" for line in lines) + "\x1b[J")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class Progress:
    """One line on a terminal's stderr that tells what is being done; silent where stderr is no terminal, or with --quiet.

    Use it as a context manager: the line is gone at the end, whatever happened.
    """

    def __init__(self, settings: Settings, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._shown = False
        self._active = not settings.quiet and self._stream.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def step(self, text: str) -> None:
        """Show what is being done now, instead of what was shown before."""
        if self._active:
            width = (os.get_terminal_size(self._stream.fileno()).columns or 80) - 1  # 0: a terminal that does not know
            self._write(f"\r\x1b[K{safe(text)[:width]}")
            self._shown = True

    def clear(self) -> None:
        """Take the line away, so that ordinary output can be printed."""
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
