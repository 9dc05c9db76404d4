"""Positive comparisons as C expressions: one function for each operator, over an `Operand` and typed operands.

Strings are compared in words of eight, four, two and one bytes against constants; addresses as two 64-bit words in network
order.  Both supported architectures are little endian, and so are the constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.ctext import CText
from policyd.vocabulary.operators import is_buffer
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from policyd.codegen.operand import Operand

_MAPPED = 0xFFFF << 32
_ORDER = {"Less": "<", "LessOrEqual": "<=", "Greater": ">", "GreaterOrEqual": ">="}


def compare(operand: Operand, operator: str, values: tuple[object, ...]) -> CText:
    """Return the C expression of `operator` over literal operands (as `unit.Test` describes them)."""
    if operator == "Exists":
        return CText("1")  # absent and unread were sorted out before
    if operator in {"Equal", "In"}:
        return c.any_of(_equal(operand, value) for value in values)
    if operator in _ORDER:
        return c.binary(operand.number, _ORDER[operator], _number(operand, values[0]))
    if operator in {"AllBits", "AnyBits"}:
        assert isinstance(values[0], int)
        masked = c.binary(operand.value, "&", c.uint(values[0]))
        return c.binary(masked, "==", c.uint(values[0])) if operator == "AllBits" else c.binary(masked, "!=", c.uint(0))
    return c.any_of(_MANY[operator](operand, value) for value in values)


def order_with(operand: Operand, operator: str, other: CText) -> CText:
    """Return a comparison with the low word of a scalar parameter."""
    other = c.signed(other) if operand.source.type.signed else other
    return c.binary(operand.number, _ORDER.get(operator, "=="), other)


def equal_address(operand: Operand, high: CText, low: CText) -> CText:
    """Return the comparison of an address with two words in host order (a scalar parameter's)."""
    halves = [(c.dot(operand.value, "high", arrow=False), high), (c.dot(operand.value, "low", arrow=False), low)]
    return c.all_of(c.binary(c.call("__builtin_bswap64", mine), "==", theirs) for mine, theirs in halves)


def _number(operand: Operand, value: object) -> CText:
    assert isinstance(value, int)
    return c.sint(value) if operand.source.type.signed else c.uint(value)


def _equal(operand: Operand, value: object) -> CText:
    if operand.shape is Shape.STRING:
        assert isinstance(value, bytes)
        if is_buffer(operand.source.type):
            return c.all_of([c.binary(operand.length, "==", c.uint(len(value))), _prefix(operand, value)])
        return _words(operand, value + b"\0") if len(value) < operand.capacity else CText("0")
    if operand.shape is Shape.ADDRESS:
        assert isinstance(value, int)
        return _network(operand, (value, 128))
    if operand.shape is Shape.BYTES:
        assert isinstance(value, bytes)
        return _words(operand, value)
    return c.binary(operand.number, "==", _number(operand, value))


def _words(operand: Operand, text: bytes) -> CText:
    """Compare `text` with the first bytes of a value."""
    return _words_at(operand.value, text)


def _words_at(address: CText, text: bytes) -> CText:
    """Compare `text` with the bytes at an address, in the widest words that fit."""
    parts, offset = [], 0
    while offset < len(text):
        width = next(w for w in (8, 4, 2, 1) if offset + w <= len(text))
        number = int.from_bytes(text[offset : offset + width], "little")
        parts.append(c.binary(c.load(width, address, offset), "==", c.uint(number)))
        offset += width
    return c.all_of(parts)


def _prefix(operand: Operand, value: object) -> CText:
    assert isinstance(value, bytes)
    return _words(operand, value) if len(value) < operand.capacity else CText("0")


def _under(operand: Operand, value: object) -> CText:
    """The path itself, or one that goes on with a slash."""
    assert isinstance(value, bytes)
    folder = value.rstrip(b"/")
    if len(folder) >= operand.capacity - 1:
        return CText("0")
    if not folder:
        return c.binary(c.load(1, operand.value), "==", c.uint(ord("/")))
    after = c.load(1, operand.value, len(folder))
    ends = c.any_of(c.binary(after, "==", c.uint(char)) for char in b"\0/")
    return c.all_of([_words(operand, folder), ends])


def _suffix(operand: Operand, value: object) -> CText:
    assert isinstance(value, bytes)
    if len(value) >= operand.capacity:
        return CText("0")
    size, last = c.uint(len(value)), c.uint(operand.capacity - 1 - len(value))
    long_enough = c.binary(operand.length, ">=", size)
    tail = c.call("pd_tail", operand.value, operand.length, size, last)
    same = CText(f"({{ const char *tail = {tail}; {_words_at(c.ident('tail'), value)}; }})")
    return c.all_of([long_enough, same])


def _interval(operand: Operand, value: object) -> CText:
    assert isinstance(value, tuple)
    low, high = value
    return c.all_of(
        [
            c.binary(operand.number, ">=", _number(operand, low)),
            c.binary(operand.number, "<=", _number(operand, high)),
        ]
    )


def _network(operand: Operand, value: object) -> CText:
    """An address in a network; an IPv4 address is in no IPv6 network, however wide."""
    assert isinstance(value, tuple)
    address, length = value
    mask = ((1 << length) - 1) << (128 - length)
    parts = []
    for name, shift in (("high", 64), ("low", 0)):
        word_mask, word = (mask >> shift) & (2**64 - 1), (address >> shift) & (2**64 - 1)
        if not word_mask:
            continue
        mine = c.dot(operand.value, name, arrow=False)
        if word_mask != 2**64 - 1:
            mine = c.binary(mine, "&", c.uint(_network_order(word_mask)))
        parts.append(c.binary(mine, "==", c.uint(_network_order(word & word_mask))))
    if length < 96 and (_MAPPED & mask) == (address & mask):
        high, low = (c.dot(operand.value, name, arrow=False) for name in ("high", "low"))
        mapped = c.binary(c.binary(low, "&", c.uint(0xFFFFFFFF)), "==", c.uint(_network_order(_MAPPED)))
        parts.append(c.no(c.all_of([c.binary(high, "==", c.uint(0)), mapped])))
    return c.all_of(parts)


def _network_order(word: int) -> int:
    return int.from_bytes(word.to_bytes(8, "big"), "little")


_MANY = {"InRange": _interval, "Prefix": _prefix, "Suffix": _suffix, "Under": _under, "InCIDR": _network}
