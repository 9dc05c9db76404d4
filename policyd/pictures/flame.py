"""Flame graphs: one SVG file that needs nothing else, drawn here and brought to life by `flame.js` in a browser.

In: samples.  Out: text.  The width of a frame is its share of all values, and what stands on it is what it called.  Without
scripts it is still a picture.  Nothing in it comes from elsewhere, and every text is escaped.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from policyd.pictures.amounts import amount, percent
from policyd.pictures.samples import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from policyd.pictures.samples import Frame, Sample

WIDTH, ROW, MARGIN, HEAD, FOOT = 1200, 18, 12, 76, 44
"""Pixels: of the whole, of a frame's height, at the sides, above, below."""
NARROWEST = 0.1
"""Pixels: what would be narrower is left out, with all that it called."""
MOST_FRAMES = 20_000
"""What browsers draw at ease; of more, the widest."""
_CHARACTER = 6.65
"""Pixels that a character of the 11 px monospaced font takes, at the most."""

_HUES = {Kind.USER: (16, 44), Kind.MADE: (130, 165), Kind.KERNEL: (200, 226)}
"""From red to amber for programs, green for code made at run time, blue for the kernel."""
_LEGEND = ((Kind.MADE, "made at run time"), (Kind.KERNEL, "kernel"), (Kind.USER, "programs"))
"""From right to left."""
_PLAIN = {Kind.LABEL: "#c9c4bb", Kind.UNKNOWN: "#d9d6d0"}


@dataclass(frozen=True, slots=True)
class Look:
    """How a flame graph is drawn.  `unit` is that of values: `seconds` (they are nanoseconds), `bytes`, or what is counted.

    `icicle` puts the outermost frames at the top; `reverse` merges stacks from the innermost frame: who called it, then.
    """

    title: str
    subtitle: str = ""
    unit: str = "samples"
    icicle: bool = False
    reverse: bool = False


@dataclass(slots=True)
class _Node:
    """A frame with all that it called, by name, kind and file."""

    frame: Frame | None
    value: int = 0
    inner: dict[Frame, _Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Box:
    """A frame as it is drawn: `start` and `width` are shares of all values."""

    node: _Node
    depth: int
    start: float
    width: float


def flame_graph(samples: Sequence[Sample], look: Look) -> str:
    """Return the SVG; values that are not positive have no width."""
    root = _tree(samples, look.reverse)
    least = _least(root)
    boxes = list(_boxes(root, least))
    rows = max((box.depth for box in boxes), default=0) + 1
    height = HEAD + rows * ROW + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        f"<title>{escape(look.title)}</title>",
        f"<style>{_text('flame.css')}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        *_heading(look, root.value, {box.node.frame.kind for box in boxes if box.node.frame}),
        '<g id="frames">',
        *(_drawn(box, root.value, rows, look) for box in boxes),
        "</g>",
        *([] if boxes else [f'<text class="under" x="{MARGIN}" y="{HEAD + 12}">No stack has been counted yet.</text>']),
        *_footing(height),
        f"<script><![CDATA[{_text('flame.js')}]]></script>",
        "</svg>\n",
    ]
    return "\n".join(parts)


def _tree(samples: Iterable[Sample], reverse: bool) -> _Node:
    root = _Node(None)
    for sample in samples:
        if sample.value <= 0:
            continue
        node = root
        node.value += sample.value
        for frame in reversed(sample.frames) if reverse else sample.labelled:
            node = node.inner.setdefault(frame, _Node(frame))
            node.value += sample.value
    return root


def _least(root: _Node) -> float:
    """Return the least value of a frame that is drawn: it is wide enough, and no more than `MOST_FRAMES` are."""
    least = NARROWEST / (WIDTH - 2 * MARGIN) * root.value
    values, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        values.append(node.value)
        waiting += [one for one in node.inner.values() if one.value >= least]
    values.sort(reverse=True)
    return least if len(values) <= MOST_FRAMES else max(least, values[MOST_FRAMES] + 1)


def _boxes(root: _Node, least: float) -> Iterator[_Box]:
    """Yield the frames that are wide enough, each before those that it called; side by side they stand by name."""
    waiting = [_Box(root, 0, 0.0, 1.0)] if root.value else []
    while waiting:
        box = waiting.pop()
        yield box
        start = box.start
        for node in sorted(box.node.inner.values(), key=_order):
            width = node.value / root.value
            if node.value >= least:
                waiting.append(_Box(node, box.depth + 1, start, width))
            start += width


def _order(node: _Node) -> tuple[str, str, str]:
    assert node.frame is not None
    return node.frame.name, node.frame.kind, node.frame.module


def _drawn(box: _Box, whole: int, rows: int, look: Look) -> str:
    """Return a frame: `data-` attributes are for the script, the title is what hovering shows."""
    frame = box.node.frame
    room = WIDTH - 2 * MARGIN
    x, width = MARGIN + box.start * room, box.width * room
    level = box.depth if look.icicle or look.reverse else rows - 1 - box.depth
    y = HEAD + level * ROW
    name = frame.name if frame else "all"
    where = f" ({frame.module})" if frame and frame.module and frame.kind is not Kind.LABEL else ""
    share = f"{amount(box.node.value, look.unit)}, {percent(box.node.value, whole)}"
    color = _color(frame)
    return (
        f'<g class="f" data-d="{box.depth}" data-x="{box.start:.7f}" data-w="{box.width:.7f}" data-n="{escape(name)}">'
        f"<title>{escape(name + where)}: {escape(share)}</title>"
        f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{ROW - 1}" fill="{color}" rx="1.5"/>'
        f'<text x="{x + 4:.2f}" y="{y + 12.5}">{escape(_fitted(name, width))}</text></g>'
    )


def _fitted(name: str, width: float) -> str:
    """Return as much of a name as a frame has room for; nothing where that would be a letter or two."""
    room = int((width - 8) / _CHARACTER)
    return name if len(name) <= room else f"{name[: room - 1]}…" if room >= 3 else ""


def _color(frame: Frame | None) -> str:
    """Return a frame's colour: the same for the same name, in every picture."""
    if frame is None:
        return "#e4e0d8"
    if frame.kind in _PLAIN:
        return _PLAIN[frame.kind]
    low, high = _HUES[frame.kind]
    number = zlib.crc32(frame.name.encode())
    hue = low + number % 997 / 997 * (high - low)
    lightness = 66 + (number >> 12) % 101 / 100 * 10
    return f"hsl({hue:.0f},{78 if frame.kind is not Kind.KERNEL else 62}%,{lightness:.0f}%)"


def _heading(look: Look, whole: int, kinds: set[Kind]) -> Iterator[str]:
    under = " · ".join(filter(None, (look.subtitle, amount(whole, look.unit))))
    yield f'<text class="title" x="{MARGIN}" y="30">{escape(look.title)}</text>'
    yield f'<text class="under" x="{MARGIN}" y="50">{escape(under)}</text>'
    x = WIDTH - MARGIN
    for kind, text in _LEGEND:
        if kind not in kinds:
            continue
        x -= 26 + round(len(text) * 6.6)
        low, high = _HUES[kind]
        yield f'<rect x="{x}" y="42" width="11" height="11" rx="2" fill="hsl({(low + high) // 2},70%,70%)"/>'
        yield f'<text class="under" x="{x + 16}" y="51.5">{text}</text>'
    yield '<g id="tools"></g>'


def _footing(height: int) -> Iterator[str]:
    y = height - 17
    yield f'<text id="detail" class="detail" x="{MARGIN}" y="{y}"></text>'
    yield f'<text id="matched" class="detail end" x="{WIDTH - MARGIN}" y="{y}"></text>'


def _text(name: str) -> str:
    return files("policyd.pictures").joinpath(name).read_text(encoding="utf-8").strip()
