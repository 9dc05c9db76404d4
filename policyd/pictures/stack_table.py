"""The largest stacks as lines of text: a row each, as wide as the terminal, or each frame on a line of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.pictures.amounts import amount, percent
from policyd.pictures.samples import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from policyd.pictures.samples import Frame, Sample

    Paint = Callable[[str, Kind], str]
    """Colours a text that is of a frame of some kind."""

GAP, ARROW = "  ", " < "
LONGEST_COLUMN = 24
SHORTEST_STACK = 24


def plain(text: str, kind: Kind) -> str:  # noqa: ARG001 (the signature of `Paint`)
    """Paint nothing."""
    return text


def stack_rows(samples: Sequence[Sample], whole: int, unit: str, width: int, paint: Paint = plain) -> Iterator[str]:
    """Yield a head and a line for each sample: value, share, labels, and the stack from the innermost frame outwards."""
    columns = [column for column, _ in samples[0].labels] if samples else []
    cells = [
        [_value(one.value, unit), percent(one.value, whole), *(_cut(text or "-", LONGEST_COLUMN) for _, text in one.labels)]
        for one in samples
    ]
    head = [_head(unit), "SHARE", *(_cut(column.upper(), LONGEST_COLUMN) for column in columns)]
    widths = [max(len(row[at]) for row in [head, *cells]) for at in range(len(head))]
    room = max(width - sum(widths) - len(GAP) * len(widths), SHORTEST_STACK)
    yield GAP.join([*_padded(head, widths), "STACK (INNERMOST FIRST)"[:room]])
    for row, one in zip(cells, samples, strict=True):
        yield GAP.join([*_padded(row, widths), _in_a_row(one.frames, room, paint)]).rstrip()


def stack_blocks(samples: Sequence[Sample], whole: int, unit: str, paint: Paint = plain) -> Iterator[str]:
    """Yield each sample as a line with its value and labels, and a line for each frame from the innermost outwards."""
    for number, one in enumerate(samples):
        labels = "".join(f"{GAP}{column}={text or '-'}" for column, text in one.labels)
        yield from [""] if number else []
        yield f"{amount(one.value, unit)}{GAP}{percent(one.value, whole)}{labels}"
        for frame in reversed(one.frames):
            module = f" [{frame.module}]" if frame.module and frame.kind is not Kind.UNKNOWN else ""
            yield f"    {paint(frame.name, frame.kind)}{module}"
        yield from [] if one.frames else ["    (no frames)"]


def _head(unit: str) -> str:
    return {"seconds": "TIME", "bytes": "SIZE", "": "VALUE"}.get(unit, "COUNT")


def _value(value: int, unit: str) -> str:
    return amount(value, unit) if unit in {"seconds", "bytes"} else f"{value:,}"


def _padded(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Set the first two columns, which are numbers, flush right."""
    return [
        cell.rjust(width) if at < 2 else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]


def _in_a_row(frames: Sequence[Frame], room: int, paint: Paint) -> str:
    """Return as many frames as there is room for, whole ones but the first, and an ellipsis where there are more."""
    shown: list[str] = []
    left = room
    for number, frame in enumerate(reversed(frames)):
        between = ARROW if number else ""
        rest = 2 if number < len(frames) - 1 else 0
        if number and len(between) + len(frame.name) + rest > left:
            return "".join(shown) + " …"
        name = _cut(frame.name, left - rest)
        shown.append(between + paint(name, frame.kind))
        left -= len(between) + len(name)
    return "".join(shown) or "(no frames)"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: max(most - 1, 1)]}…"
