"""Names of numbers: enums and flags, by the symbols that a type carries or that its kind stands for.

Used by `kinds.py`.  Parsers raise `ValueError` with what was expected.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from policyd.text import near, one_of
from policyd.vocabulary.quantities import parse_integer

if TYPE_CHECKING:
    from collections.abc import Iterable

Symbols = tuple[tuple[int, str], ...]

_ZERO_FIELDS = {"O_RDONLY": 3}
"""Flags whose zero is a name: it stands for the bits of this mask being zero (O_ACCMODE)."""


def parse_symbol(text: str, symbols: Symbols, expected: str, prefix: str = "") -> int:
    """Return the number of a name (`prefix` may be left out, in any case), or of a plain number."""
    text = text.strip()
    numbers = _by_name(symbols)
    if text in numbers:
        return numbers[text]
    if prefix:
        folded = _by_folded_name(symbols, prefix)
        if text.upper() in folded:
            return folded[text.upper()]
    try:
        return parse_integer(text)
    except ValueError:
        raise ValueError(expected + _hint(text, [name for _, name in symbols])) from None


def _hint(text: str, names: Iterable[str]) -> str:
    names = list(dict.fromkeys(names))
    close = near(text, names)
    if close:
        return f" (did you mean {one_of(close)}?)"
    return f": {one_of(names)}" if 0 < len(names) <= 12 else ""


def parse_flags(text: str, symbols: Symbols, bits: int) -> int:
    """Return the number of `O_WRONLY|O_CREAT`; parts may be plain numbers."""
    parts = [part.strip() for part in text.split("|")]
    expected = f"{symbols[0][1]}|{symbols[1][1]}" if len(symbols) > 1 else "names joined by |"
    number = 0
    for part in parts:
        value = parse_symbol(part, symbols, f"flags, as {expected}")
        if not -(1 << bits - 1) <= value < 1 << bits:
            raise ValueError(f"flags of {bits} bits")
        number |= value & ((1 << bits) - 1)
    return number


def show_symbol(number: int, symbols: Symbols) -> str | None:
    """Return the name of a number, None if it has none."""
    return _by_number(symbols).get(number)


def show_flags(number: int, symbols: Symbols, bits: int) -> list[str]:
    """Return the names of the bits that are set, lowest first, with what has no name in hexadecimal; [] for zero."""
    number &= (1 << bits) - 1
    found: list[tuple[int, str]] = []
    rest = number
    for value, name in _widest_first(symbols, bits):
        if value and value & rest and number & value == value and value & ~rest == 0:
            found.append((value, name))
            rest &= ~value
        elif not value and name in _ZERO_FIELDS and number & _ZERO_FIELDS[name] == 0:
            found.append((0, name))
    names = [name for _, name in sorted(found)]
    if not number:
        zero = show_symbol(0, symbols)
        return [zero] if zero else []
    return [*names, f"{rest:#x}"] if rest else names


@lru_cache(maxsize=256)
def _by_name(symbols: Symbols) -> dict[str, int]:
    return {name: number for number, name in symbols}


@lru_cache(maxsize=256)
def _by_folded_name(symbols: Symbols, prefix: str) -> dict[str, int]:
    return {name.upper().removeprefix(prefix): number for number, name in symbols} | {n.upper(): i for i, n in symbols}


@lru_cache(maxsize=256)
def _by_number(symbols: Symbols) -> dict[int, str]:
    return dict(reversed(symbols))


@lru_cache(maxsize=256)
def _widest_first(symbols: Symbols, bits: int) -> Symbols:
    """Return the symbols with the most bits first, so that O_SYNC is found before its part O_DSYNC."""
    mask = (1 << bits) - 1
    unique = {number & mask: name for number, name in reversed(symbols)}
    return tuple(sorted(unique.items(), key=lambda pair: (-pair[0].bit_count(), pair[0])))
