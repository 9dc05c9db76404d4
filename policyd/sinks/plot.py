"""Metrics drawn in a terminal: histograms bucket by bucket, counters and gauges as bars, the biggest first.

    read_seconds{policy="disk",process_comm="dd"}    count 1,204   mean 112 µs
      16 µs .. 32 µs     12 │▍
      32 µs .. 64 µs    804 │██████████████████████████
      64 µs .. 128 µs   388 │████████████▌

In: families as `reading.metrics` gives them.  Out: lines no wider than `width`, with nothing in them that drives a terminal.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from policyd.reading.metrics import Histogram
from policyd.sinks.prometheus import show_labels
from policyd.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from policyd.reading.metrics import Family, Labels, Number, SeriesValue

_EIGHTHS = " ▏▎▍▌▋▊▉"
_MIN_BAR = 10
_TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_ASCII = str.maketrans(
    dict.fromkeys("█▉▊▋▌", "#")
    | dict.fromkeys("▍▎▏", ":")
    | dict(zip("▁▂▃▄▅▆▇", "_.-~=+*", strict=True))
    | dict(zip("░▒▓", ".:*", strict=True))
    | {"│": "|", "µ": "u", "…": "~"}
)
"""What stands for a sign where there is nothing but ASCII; each keeps its width."""
_SIZES = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B"))


def plot(families: Iterable[Family], width: int = 80, top: int = 10) -> str:
    """Return all families drawn; of each at most `top` series, and what was left out is said."""
    blocks = ("\n".join(_family(family, max(width, 40), top)) for family in families)
    return "\n\n".join(block for block in blocks) + "\n"


def in_encoding(text: str, encoding: str | None) -> str:
    """Return drawn text as a terminal of this encoding can show it: in ASCII, if it has not all of its signs."""
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return text.translate(_ASCII)
    return text


def _family(family: Family, width: int, top: int) -> Iterator[str]:
    yield heading(family, width)
    ordered = sorted(family.series, key=lambda one: _weight(one[1]), reverse=True)
    if not ordered:
        yield "  nothing yet"
        return
    shown = ordered[:top]
    if family.type == "histogram":
        for labels, value in shown:
            if isinstance(value, Histogram):
                yield from _histogram(labels, value, family.unit, width)
    else:
        yield from _bars(
            [(series_name(labels), value) for labels, value in shown if not isinstance(value, Histogram)], family.unit, width
        )
    if len(ordered) > top:
        yield f"  … and {len(ordered) - top} more"


def heading(family: Family, width: int) -> str:
    """Return the line above a family: its name, its policy and its help."""
    return clip(safe(f"{family.name} (policy {family.policy})" + (f": {family.help}" if family.help else "")), width)


def _weight(value: SeriesValue) -> Number:
    return value.count if isinstance(value, Histogram) else value


def series_name(labels: Labels) -> str:
    """Return a series' labels for people: `comm=dd  device=sda`, `all` without any."""
    return "  ".join(f"{name}={safe(text)}" for name, text in labels.items()) or "all"


def _histogram(labels: Labels, value: Histogram, unit: str, width: int) -> Iterator[str]:
    mean = f"   mean {show_value(value.sum / value.count, unit)}" if value.count else ""
    yield clip(f"  {show_labels(labels) or 'all'}   count {value.count:,}{mean}", width)
    used = [at for at, count in enumerate(value.counts) if count]
    if not used:
        return
    rows = [(bucket(value.bounds, at, unit), value.counts[at]) for at in range(used[0], used[-1] + 1)]
    yield from _bars(rows, "", width, indent=4)


def bucket(bounds: Sequence[float], at: int, unit: str) -> str:
    """Return the text of bucket `at`: above the bound before, up to and including its own."""
    low = show_value(bounds[at - 1], unit) if at else ""
    if at == len(bounds):
        return f"above {low}"
    high = show_value(bounds[at], unit)
    return f"{low} .. {high}" if at else f"up to {high}"


def _bars(rows: Sequence[tuple[str, Number]], unit: str, width: int, indent: int = 2) -> Iterator[str]:
    numbers = [show_value(value, unit) if unit else f"{value:,}" for _, value in rows]
    wide = max(map(len, numbers))
    room = width - indent - wide - 4
    named = min(max(len(name) for name, _ in rows), max(room - _MIN_BAR, 8))
    most = max((abs(value) for _, value in rows), default=0)
    for (name, value), number in zip(rows, numbers, strict=True):
        shown = clip(name, named).ljust(named)
        yield f"{'':{indent}}{shown}  {number:>{wide}} │{bar(abs(value), most, room - named)}".rstrip()


def bar(value: Number, most: Number, width: int) -> str:
    """Return a bar of at most `width` characters, in eighths; what is not zero is never invisible."""
    if value <= 0 or most <= 0 or width <= 0:
        return ""
    eighths = max(1, round(value / most * width * 8))
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def show_value(value: Number, unit: str) -> str:
    """Return a value for people: seconds and bytes in the unit that fits, other numbers with their thousands apart."""
    if unit not in {"seconds", "bytes"}:
        return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    if not value:
        return "0 s" if unit == "seconds" else "0 B"
    units = _TIMES if unit == "seconds" else _SIZES
    factor, name = next(((f, n) for f, n in units if abs(value) >= f * 0.9999), units[-1])
    scaled = value / factor
    shown = f"{scaled:.0f}" if math.isclose(scaled, round(scaled), rel_tol=1e-9) or scaled >= 100 else f"{scaled:.3g}"
    return f"{shown} {name}"


def clip(text: str, width: int) -> str:
    """Return text that is no longer than `width`, with an ellipsis where it was cut."""
    return text if len(text) <= width else text[: width - 1] + "…"
