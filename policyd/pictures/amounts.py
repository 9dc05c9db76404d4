"""Amounts for people: `1,234 samples`, `12.3 s`, `4.0 MiB`, and their shares."""

from __future__ import annotations

_TIMES = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns"))
_SIZES = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes"))
_SCALES = {"seconds": _TIMES, "bytes": _SIZES}


def amount(value: int, unit: str) -> str:
    """Return a value with its unit; of `seconds` it is in nanoseconds."""
    if unit not in _SCALES:
        return f"{value:,} {unit}".rstrip()
    for size, name in _SCALES[unit]:
        if abs(value) >= size:
            return f"{value:,} {name}" if size == 1 else f"{value / size:,.{_digits(abs(value) / size)}f} {name}"
    return f"0 {_SCALES[unit][0][1] if unit == 'seconds' else 'bytes'}"


def percent(value: int, whole: int) -> str:
    """Return `12.3 %`; of nothing it is 0."""
    return f"{100 * value / whole if whole else 0.0:.1f} %"


def _digits(number: float) -> int:
    return 0 if number >= 100 else 1 if number >= 10 else 2
