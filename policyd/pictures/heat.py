"""Metrics over time, drawn in a terminal: histograms as heat maps, counters and gauges as sparklines.

    read_seconds (policy disk): Reads
      {comm="dd"}   1,204 in 60 s   mean 112 µs
         64 µs .. 128 µs │      ░▒▒░      ░ │
         32 µs .. 64 µs  │░░▒▒▓▓██▓▒▒░░░▒▒▓▓│
                          60 s ago       now
        ░ up to 3   ▒ up to 12   ▓ up to 27   █ up to 48 in 1 s

In: tracks.  Out: lines no wider than `width`, with nothing in them that drives a terminal.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

from policyd.pictures.tracks import Track, weight
from policyd.reading.metrics import Histogram
from policyd.sinks.plot import bucket, clip, heading, series_name, show_value
from policyd.sinks.prometheus import show_labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LABELS = 24
"""Columns that the names of buckets and what stands around a map take, at the most."""
_SHADES = "░▒▓█"
_SPARKS = "▁▂▃▄▅▆▇█"
_MOST_ROWS = 24
_LEAST_NAME = 8


def plot_over_time(tracks: Sequence[Track], width: int = 80, top: int = 10) -> str:
    """Return all families drawn; of each at most `top` series, those first that have grown most, and what was left out."""
    width = max(width, 40)
    families = groupby(tracks, key=lambda track: (track.family.policy, track.family.name, track.family.column))
    return "\n\n".join("\n".join(_family([*group], width, top)) for _, group in families) + "\n"


def slices_of(width: int, seconds: float, shortest: float = 0.5) -> int:
    """Return in how many slices of time a plot of this width is drawn; none is shorter than `shortest` seconds."""
    return max(2, min(max(width, 40) - LABELS - 4, int(seconds / shortest), 120))


def _family(group: list[Track], width: int, top: int) -> Iterator[str]:
    family = group[0].family
    yield heading(family, width)
    ordered = sorted(group, key=lambda track: (track.grown, weight(track.last)), reverse=True)
    shown = ordered[:top]
    if family.type == "histogram":
        for track in shown:
            yield from _heat_map(track, width)
    else:
        yield from _sparklines(shown, width)
    if len(ordered) > top:
        yield f"  … and {len(ordered) - top} more"


# ------------------------------------------------------------------------------------------------ heat maps


def _heat_map(track: Track, width: int) -> Iterator[str]:
    added = [step for step in track.steps if isinstance(step, Histogram)]
    count, total = sum(step.count for step in added), sum(step.sum for step in added)
    mean = f"   mean {show_value(total / count, track.family.unit)}" if count else ""
    yield clip(f"  {show_labels(track.labels) or 'all'}   {count:,} in {_time(sum(track.seconds))}{mean}", width)
    if not count:
        return
    rows = _rows(track, added[0].bounds)
    most = max(value for _, row in rows for value in row)
    named = min(max(len(name) for name, _ in rows), LABELS - 6)
    room = width - named - 8
    for name, row in rows:
        shades = "".join(_shade(value, most) for value in _squeezed(row, room))
        yield f"    {clip(name, named):<{named}} │{shades}│"
    yield f"{'':{named + 6}}{_axis(track, min(len(track.steps), room))}"
    yield clip(f"    {_legend(most, track)}", width)


def _rows(track: Track, bounds: tuple[float, ...]) -> list[tuple[str, list[int]]]:
    """Return a row for each bucket between the first and the last that is used, the largest values first."""
    columns = [step.counts if isinstance(step, Histogram) and step.bounds == bounds else () for step in track.steps]
    used = [at for at in range(len(bounds) + 1) if any(counts and counts[at] for counts in columns)]
    if not used:
        return [("", [0] * len(columns))]
    together = math.ceil((used[-1] + 1 - used[0]) / _MOST_ROWS)
    rows = []
    for begin in range(used[0], used[-1] + 1, together):
        last = min(begin + together, used[-1] + 1) - 1
        counts = [sum(column[begin : last + 1]) for column in columns]
        rows.append((_span(bounds, begin, last, track.family.unit), counts))
    return rows[::-1]


def _span(bounds: Sequence[float], first: int, last: int, unit: str) -> str:
    """Return what the buckets `first` to `last` hold together."""
    if first == last or last == len(bounds) or first == 0:
        return bucket(bounds, last if first == 0 else first, unit)
    return f"{show_value(bounds[first - 1], unit)} .. {show_value(bounds[last], unit)}"


def _squeezed(row: Sequence[int], room: int) -> list[int]:
    """Return a row of at most `room` numbers: neighbours are added up where there are more."""
    together = max(math.ceil(len(row) / room), 1)
    return [sum(row[at : at + together]) for at in range(0, len(row), together)]


def _shade(value: int, most: int) -> str:
    """Return the shade of a number: it grows with the square root, so that what is rare is seen beside what is not."""
    if value <= 0:
        return " "
    level = math.ceil(math.sqrt(value / most) * len(_SHADES))
    return _SHADES[min(level, len(_SHADES)) - 1]


def _legend(most: int, track: Track) -> str:
    """Return what the shades stand for; a shade that no whole number has is left out."""
    limits = [int(most * ((level + 1) / len(_SHADES)) ** 2) for level in range(len(_SHADES))]
    kept = {limit: shade for shade, limit in zip(reversed(_SHADES), reversed(limits), strict=True) if limit}
    told = "   ".join(f"{shade} up to {limit:,}" for limit, shade in sorted(kept.items()))
    return f"{told} in {_time(sum(track.seconds) / len(track.seconds))}"


def _axis(track: Track, wide: int) -> str:
    begin = f"{_time(sum(track.seconds))} ago"
    return f"{begin:<{max(wide - 3, len(begin) + 1)}}now" if wide > len(begin) + 4 else "now".rjust(wide)


def _time(seconds: float) -> str:
    if seconds >= 100:
        return f"{seconds / 60:.3g} min"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"


# ------------------------------------------------------------------------------------------------ sparklines


def _sparklines(shown: list[Track], width: int) -> Iterator[str]:
    ends = [_end(track) for track in shown]
    wide = max(map(len, ends))
    slices = len(shown[0].steps)
    longest = max(len(series_name(track.labels)) for track in shown)
    named = min(longest, max(width - wide - 5 - slices, _LEAST_NAME))
    room = max(width - wide - 5 - named, 1)
    for track, end in zip(shown, ends, strict=True):
        yield f"  {clip(series_name(track.labels), named):<{named}} {sparkline(track.rates(), room)}  {end:>{wide}}"


def _end(track: Track) -> str:
    """Return what stands behind a sparkline: a gauge's value; what a counter has grown by, and how fast it grew at last."""
    unit = track.family.unit
    if track.family.type == "gauge":
        return show_value(weight(track.last), unit)
    rate = track.rates()[-1] or 0.0
    return f"+{show_value(track.grown, unit)}  {_short(rate, unit)}/s"


def _short(rate: float, unit: str) -> str:
    return show_value(rate, unit) if unit else f"{rate:,.0f}" if rate >= 10 or rate == int(rate) else f"{rate:.2g}"


def sparkline(values: Sequence[float | None], room: int) -> str:
    """Return a sign for each value (the mean of neighbours, where there are more than `room`): a blank for none.

    Heights are from zero, or from the smallest value where some are below zero.
    """
    together = max(math.ceil(len(values) / room), 1)
    parts = [[one for one in values[at : at + together] if one is not None] for at in range(0, len(values), together)]
    means = [sum(part) / len(part) if part else None for part in parts]
    known = [mean for mean in means if mean is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    return "".join(" " if mean is None else _spark(mean - low, high - low) for mean in means)


def _spark(value: float, most: float) -> str:
    """Return a bar of at least an eighth; what is not zero is higher than what is."""
    if value <= 0 or most <= 0:
        return _SPARKS[0]
    return _SPARKS[min(max(math.ceil(value / most * 8), 2), 8) - 1]
