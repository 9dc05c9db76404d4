"""The outputs of a policy on a page: histograms as bars and heat maps, counters and gauges as lines and tables, `stats`.

In: the tracks of a policy's metrics.  Out: sections of markup, one for each output, in the order of the outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from policyd.pictures.charts import (
    COLORS,
    heat_map,
    histogram_bars,
    line_chart,
    share_bar,
    show_seconds,
    sparkline_chart,
)
from policyd.pictures.markup import Markup, element
from policyd.pictures.tables import Column, html_table
from policyd.pictures.tracks import Track, weight
from policyd.reading.metrics import Histogram, Labels
from policyd.sinks.plot import series_name, show_value

TOP = 12
"""Series of a counter, a gauge or `stats` that a page shows."""
TOP_HISTOGRAMS = 3


def output_sections(tracks: Sequence[Track]) -> Iterator[list[Markup | None]]:
    """Yield the sections of a policy's outputs; `stats` have all their columns in one."""
    for _, group in groupby(tracks, key=lambda track: track.family.output or track.family.name):
        found = [*group]
        family = found[0].family
        about = next((track.family.help for track in found if track.family.help), "")
        yield [
            element("h3", family.output or family.name),
            element("p", about, class_="soft") if about else None,
            *(_stats(found) if family.column else _histograms(found) if family.type == "histogram" else _numbers(found)),
        ]


def _ordered(tracks: Sequence[Track]) -> list[Track]:
    """Return series by how much they grew while they were watched, then by how much they have; the most first."""
    return sorted(tracks, key=lambda track: (track.grown, weight(track.last)), reverse=True)


def _more(tracks: Sequence[Track], shown: int) -> Markup | None:
    left = len(tracks) - shown
    return element("p", f"… and {left:,} more series.", class_="none") if left > 0 else None


# ------------------------------------------------------------------------------------------------ histograms


def _histograms(tracks: Sequence[Track]) -> Iterator[Markup | None]:
    for track in _ordered(tracks)[:TOP_HISTOGRAMS]:
        if isinstance(track.last, Histogram):
            yield from _histogram(track, track.last)
    yield _more(tracks, TOP_HISTOGRAMS)


def _histogram(track: Track, value: Histogram) -> Iterator[Markup | None]:
    unit, name = track.family.unit, series_name(track.labels)
    mean = f", mean {show_value(value.sum / value.count, unit)}" if value.count else ""
    yield element("h4", f"{name}: {value.count:,} values{mean}")
    yield histogram_bars(value, unit, f"{track.family.name} of {name}")
    drawn = heat_map(track, f"{track.family.name} of {name}") if track.seconds else None
    if drawn is not None:
        yield element("p", f"The last {show_seconds(sum(track.seconds))}: {track.grown:,} values.", class_="soft")
        yield drawn


# ------------------------------------------------------------------------------------------------ counters and gauges


def _numbers(tracks: Sequence[Track]) -> Iterator[Markup | None]:
    ordered = _ordered(tracks)
    moving = [track for track in ordered if any(track.rates())][:COLORS]
    if moving:
        yield line_chart(moving, tracks[0].family.name)
        yield _legend(moving)
    yield _series_table(ordered[:TOP])
    yield _more(tracks, TOP)


def _legend(tracks: Sequence[Track]) -> Markup:
    swatch = [element("line", class_=f"line-{at}", x1=0, x2=14, y1=5, y2=5) for at in range(1, len(tracks) + 1)]
    marks = [element("svg", one, width=14, height=10, viewBox="0 0 14 10", aria_hidden="true") for one in swatch]
    names = [series_name(track.labels) for track in tracks]
    return element("ul", [element("li", mark, name) for mark, name in zip(marks, names, strict=True)], class_="legend")


def _series_table(tracks: Sequence[Track]) -> Markup:
    """Return a row a series: its labels, its value, and its share or what it did over time."""
    family = tracks[0].family
    keys = list(tracks[0].labels)
    watched = bool(tracks[0].seconds) and family.type != "gauge"
    most = max(abs(weight(track.last)) for track in tracks)
    columns = [*map(Column, keys), Column("value", number=True), *([Column("added", number=True)] if watched else [])]
    columns.append(Column("over time" if tracks[0].seconds else "", class_="picture"))
    rows = [
        (
            *(track.labels.get(key, "") for key in keys),
            show_value(weight(track.last), family.unit),
            *((f"+{show_value(track.grown, family.unit)}",) if watched else ()),
            _picture(track, most),
        )
        for track in tracks
    ]
    return html_table(columns, rows, f"series of {family.name}")


def _picture(track: Track, most: float) -> Markup:
    if track.seconds:
        return sparkline_chart(track.rates(), f"{series_name(track.labels)} over time")
    return share_bar(weight(track.last), most)


# ------------------------------------------------------------------------------------------------ stats


def _stats(tracks: Sequence[Track]) -> Iterator[Markup | None]:
    """Yield the table of a `stats` output, a row a key, the largest of the first column first, and its histograms."""
    cells: dict[tuple[str, ...], dict[str, object]] = {}
    labels: dict[tuple[str, ...], Labels] = {}
    for track in _ordered(tracks):
        key = tuple(track.labels.values())
        labels[key] = track.labels
        cells.setdefault(key, {})[track.family.column] = _stat(track)
    names = list(dict.fromkeys(track.family.column for track in tracks))
    first = {tuple(track.labels.values()): weight(track.last) for track in tracks if track.family.column == names[0]}
    ordered = sorted(cells, key=lambda key: first.get(key, 0), reverse=True)
    columns = [*map(Column, tracks[0].labels), *(Column(name, number=True) for name in names)]
    rows = [(*labels[key].values(), *(cells[key].get(name, "") for name in names)) for key in ordered[:TOP]]
    yield html_table(columns, rows, f"rows of {tracks[0].family.output}")
    yield _more([track for track in tracks if track.family.column == names[0]], TOP)
    for track in _ordered([track for track in tracks if isinstance(track.last, Histogram)])[:TOP_HISTOGRAMS]:
        if isinstance(track.last, Histogram):
            yield from _histogram(track, track.last)


def _stat(track: Track) -> str:
    if isinstance(track.last, Histogram):
        mean = f", mean {show_value(track.last.sum / track.last.count, track.family.unit)}" if track.last.count else ""
        return f"{track.last.count:,}{mean}"
    return show_value(track.last, track.family.unit)
