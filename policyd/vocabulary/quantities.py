"""Numbers as people write them: plain, hexadecimal, octal, durations, sizes, intervals.

Every parser raises `ValueError` with what was expected, in words that follow "expected".
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)")
_LONGEST = 80  # digits: no 64-bit number needs more, in any base
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,
}
_BYTES = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
_DURATION_PART = re.compile(r"(\d{1,19}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h|d)")
_SIZE = re.compile(r"(\d{1,20}(?:\.\d{1,9})?)(Ki|Mi|Gi|Ti|k|M|G|T)")


def parse_integer(text: str) -> int:
    """Return a decimal, hexadecimal (`0x1f`), octal (`0755`, `0o755`) or binary number."""
    text = text.strip()
    if len(text) > _LONGEST or not _INTEGER.fullmatch(text):
        raise ValueError("a number, as 42, 0x2a or 052")
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.removeprefix("+"))
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        digits = "0o" + digits[1:]
    return sign * int(digits, 0)


def parse_duration(text: str) -> int:
    """Return nanoseconds: `10ms`, `1.5s`, `1h30m`; a plain number counts nanoseconds."""
    text = text.strip()
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text)
    if rest.isascii() and rest.isdigit() and len(rest) <= _LONGEST:
        return sign * int(rest)
    parts = _DURATION_PART.findall(rest)
    if not parts or "".join(number + unit for number, unit in parts) != rest:
        raise ValueError("a duration, as 500ms, 1.5s or 1h30m")
    return sign * int(sum(Decimal(number) * _NANOSECONDS[unit] for number, unit in parts))


def parse_size(text: str) -> int:
    """Return bytes: `4096`, `256Ki`, `1.5Gi`; `k`, `M`, `G` and `T` count in thousands, as in Kubernetes."""
    return _scaled(text.strip(), "a size, as 4096, 256Ki or 1Gi")


def parse_number(text: str) -> int:
    """Return a plain number, which may have the unit of a size."""
    return _scaled(text.strip(), "a number, as 42, 0x2a or 64Ki")


def _scaled(text: str, expected: str) -> int:
    match = _SIZE.fullmatch(text)
    if not match:
        try:
            return parse_integer(text)
        except ValueError:
            raise ValueError(expected) from None
    number = Decimal(match[1]) * _BYTES[match[2]]
    if number != int(number):
        raise ValueError("a whole number")
    return int(number)


def parse_interval(text: str, parse: Callable[[str], int] = parse_integer) -> tuple[int, int]:
    """Return both ends of `a..b` (both are included), each read by `parse`."""
    low, dots, high = text.partition("..")
    if not dots or not low.strip() or not high.strip():
        raise ValueError("an interval, as 1024..65535")
    ends = parse(low.strip()), parse(high.strip())
    if ends[0] > ends[1]:
        raise ValueError(f"an interval whose lower end comes first, as {high.strip()}..{low.strip()}")
    return ends


# ------------------------------------------------------------------------------------------------ shown


def show_duration(nanoseconds: int) -> str:
    """Return a duration in its largest fitting unit, with at most three decimals: `1.25ms`, `90s` as `1.5m`."""
    if nanoseconds < 0:
        return "-" + show_duration(-nanoseconds)
    for unit in ("d", "h", "m", "s", "ms", "us"):
        if nanoseconds >= _NANOSECONDS[unit]:
            return _short(nanoseconds / _NANOSECONDS[unit]) + unit
    return f"{nanoseconds}ns"


def show_size(size: int) -> str:
    """Return bytes as `512`, `4Ki` or `1.5Gi`: with at most three decimals."""
    if size < 0:
        return "-" + show_size(-size)
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if size >= _BYTES[unit]:
            return _short(size / _BYTES[unit]) + unit
    return str(size)


def _short(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")
