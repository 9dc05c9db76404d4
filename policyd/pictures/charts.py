"""Charts as SVG, for a page: bars, heat maps, lines and sparklines of metrics.

In: histograms and tracks.  Out: markup without a style of its own: classes are those of `report.css`, so that a page decides
about light, dark and paper.  Each chart says in words what it shows, for who does not see it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from policyd.pictures.markup import Markup, element
from policyd.reading.metrics import Histogram
from policyd.sinks.plot import bucket, clip, show_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policyd.pictures.tracks import Track

WIDTH = 760
LEFT, RIGHT = 150, 12
ROW = 18
SHADES = 8
"""Classes `heat-1` to `heat-8`."""
COLORS = 6
"""Classes `line-1` to `line-6`."""
_PLOT = WIDTH - LEFT - RIGHT


def _svg(width: int, height: float, label: str, *inner: object, class_: str = "chart") -> Markup:
    return element(
        "svg", *inner, class_=class_, viewBox=f"0 0 {width} {height:g}", role="img", aria_label=label,
        width=width, height=f"{height:g}",
    )  # fmt: skip


def _text(x: float, y: float, text: str, class_: str = "") -> Markup:
    return element("text", text, x=f"{x:.1f}", y=f"{y:.1f}", class_=class_ or None)


def _rect(x: float, y: float, width: float, height: float, class_: str, title: str = "") -> Markup:
    size = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}"}
    return element("rect", element("title", title) if title else None, class_=class_, **size)


# ------------------------------------------------------------------------------------------------ histograms


def histogram_bars(value: Histogram, unit: str, label: str) -> Markup:
    """Return a bar for each bucket from the first to the last that is used, the smallest values at the top."""
    used = [at for at, count in enumerate(value.counts) if count]
    if not used:
        return element("p", "Nothing yet.", class_="none")
    rows = range(used[0], used[-1] + 1)
    most = max(value.counts)
    room = _PLOT - 70
    parts = []
    for number, at in enumerate(rows):
        top, count = number * ROW, value.counts[at]
        name = bucket(value.bounds, at, unit)
        share = f"{name}: {count:,} ({100 * count / max(value.count, 1):.1f} %)"
        wide = max(count / most * room, 1.5) if count else 0.0
        parts += [_text(LEFT - 8, top + 13, name, "name"), _rect(LEFT, top + 2.5, wide, ROW - 5, "bar", share)]
        parts.append(_text(LEFT + wide + 6, top + 13, f"{count:,}" if count else "", "value"))
    return _svg(WIDTH, len(rows) * ROW + 2, f"{label}: {value.count:,} values, mostly {_mode(value, unit)}", parts)


def _mode(value: Histogram, unit: str) -> str:
    return bucket(value.bounds, value.counts.index(max(value.counts)), unit)


def heat_map(track: Track, label: str) -> Markup | None:
    """Return a histogram over time: a column a slice, a row a bucket, the largest values at the top; None of nothing."""
    steps = [step if isinstance(step, Histogram) else None for step in track.steps]
    bounds = next((step.bounds for step in steps if step), ())
    columns = [step.counts if step and step.bounds == bounds else () for step in steps]
    used = [at for at in range(len(bounds) + 1) if any(counts and counts[at] for counts in columns)]
    if not used:
        return None
    rows = range(used[-1], used[0] - 1, -1)
    most = max(max(counts) for counts in columns if counts)
    wide = _PLOT / len(columns)
    parts: list[Markup] = [_rect(LEFT, 0, _PLOT, len(rows) * ROW, "ground")]
    for number, at in enumerate(rows):
        name = bucket(bounds, at, track.family.unit)
        parts.append(_text(LEFT - 8, number * ROW + 13, name, "name"))
        for column, counts in enumerate(columns):
            if counts and counts[at]:
                level = min(math.ceil(math.sqrt(counts[at] / most) * SHADES), SHADES)
                box = (LEFT + column * wide, number * ROW, max(wide - 0.6, 0.5), ROW - 0.6)
                parts.append(_rect(*box, f"heat-{level}", f"{name}: {counts[at]:,}"))
    parts += _times(track, len(rows) * ROW + 15)
    return _svg(WIDTH, len(rows) * ROW + 22, f"{label}, over time: at most {most:,} values of a bucket in a slice", parts)


def _times(track: Track, y: float) -> Iterator[Markup]:
    yield _text(LEFT, y, f"{show_seconds(sum(track.seconds))} ago", "axis begin")
    yield _text(WIDTH - RIGHT, y, "now", "axis end")


def show_seconds(seconds: float) -> str:
    """Return a time of watching: `12 s`, `5 min`."""
    if seconds >= 100:
        return f"{seconds / 60:.3g} min"
    return f"{seconds:.0f} s" if seconds >= 2 else f"{seconds:.2g} s"


# ------------------------------------------------------------------------------------------------ lines


def line_chart(tracks: Sequence[Track], label: str, height: int = 190) -> Markup:
    """Return up to `COLORS` series over time: rates of counters, values of gauges."""
    drawn = [track.rates() for track in tracks[:COLORS]]
    known = [value for rates in drawn for value in rates if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known]) or 1.0
    marks = ticks(low, high)
    low, high = min(low, marks[0]), max(high, marks[-1])
    plot = height - 30
    unit = tracks[0].family.unit
    rate = "" if tracks[0].family.type == "gauge" else "/s"

    def y(value: float) -> float:
        return 8 + plot - (value - low) / (high - low) * plot

    parts: list[Markup] = []
    for mark in marks:
        line = element("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{y(mark):.1f}", y2=f"{y(mark):.1f}")
        parts += [line, _text(LEFT - 8, y(mark) + 4, f"{_tick(mark, unit)}{rate}", "name")]
    for number, rates in enumerate(drawn, 1):
        parts += _line(rates, number, y, fills=len(drawn) == 1)
    parts += _times(tracks[0], height - 4)
    return _svg(WIDTH, height, f"{label}: lines over time, up to {_tick(high, unit)}{rate}", parts)


def _line(rates: Sequence[float | None], number: int, y: object, fills: bool) -> Iterator[Markup]:
    """Yield the parts of a line between values that are missing, and the area below where it is the only one."""
    assert callable(y)
    wide = _PLOT / max(len(rates), 1)
    points = [(LEFT + (at + 0.5) * wide, y(value)) if value is not None else None for at, value in enumerate(rates)]
    for part in _parts(points):
        path = " ".join(f"{x:.1f},{level:.1f}" for x, level in part)
        if fills:
            yield element(
                "polygon",
                class_=f"area-{number}",
                points=f"{part[0][0]:.1f},{y(0.0):.1f} {path} {part[-1][0]:.1f},{y(0.0):.1f}",
            )
        yield element("polyline", class_=f"line-{number}", points=path)


def _parts(points: Sequence[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    part: list[tuple[float, float]] = []
    for point in (*points, None):
        if point is not None:
            part.append(point)
        elif part:
            yield part
            part = []


def sparkline_chart(rates: Sequence[float | None], label: str, width: int = 120, height: int = 22) -> Markup:
    """Return a small line, for a row of a table; heights begin at zero."""
    known = [value for value in rates if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    span = high - low or 1.0
    step = (width - 2) / max(len(rates) - 1, 1)
    spots = [
        None if value is None else (1 + at * step, height - 2 - (value - low) / span * (height - 4))
        for at, value in enumerate(rates)
    ]
    lines = [" ".join(f"{x:.1f},{y:.1f}" for x, y in part) for part in _parts(spots)]
    return _svg(width, height, label, [element("polyline", class_="line-1", points=line) for line in lines], class_="spark")


def share_bar(value: float, most: float, width: int = 120) -> Markup:
    """Return a bar for a row of a table; what is not zero is seen.  The number stands beside it."""
    wide = max(abs(value) / most * width, 1.5) if value and most else 0.0
    bar = element("rect", class_="bar", x=0, y=3, width=f"{wide:.1f}", height=8)
    return element("svg", bar, class_="share", viewBox=f"0 0 {width} 14", width=width, height=14, aria_hidden="true")


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers from at or below `low` to at or above `high`, at most `most` + 1, zero among them."""
    raw = (high - low) / (most - 1) or 1.0
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= raw * 0.999999)
    return [step * number for number in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _tick(value: float, unit: str) -> str:
    if unit:
        return show_value(value, unit)
    for size, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{name}"
    return clip(f"{value:.3g}", 12)
