"""Copies of one value into the place of another, as statements in C: for what chooses, and for texts of the code's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.ctext import CText
from policyd.value import Text
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from policyd.codegen.operand import Operand
    from policyd.vocabulary.types import ValueType


def copied(to: CText, type_: ValueType, source: Operand) -> tuple[CText, ...]:
    """Return the statements that copy a value that was fetched to `to`, a place for values of `type_`."""
    if isinstance(source.source.access, Text):
        return written(to, type_, source.source.access.raw)
    if type_.shape in {Shape.NUMBER, Shape.ADDRESS}:
        return (CText(f"{to} = {source.value}"),)
    if type_.shape is Shape.BYTES:
        return (c.call("__builtin_memcpy", to, source.value, c.uint(type_.size)),)
    place = [c.dot(to, name, arrow=False) for name in ("data", "length", "cut")]
    target = (place[0], c.uint(type_.size), CText(f"&{place[1]}"), CText(f"&{place[2]}"))
    return (c.call("pd_copy_string", *target, source.value, source.length, source.cut),)


def written(to: CText, type_: ValueType, raw: bytes) -> tuple[CText, ...]:
    """Return the statements that write a text of the code's own to `to`."""
    if type_.shape is Shape.ADDRESS:
        halves = {"high": raw[:8], "low": raw[8:]}
        return tuple(_set(c.dot(to, name, arrow=False), int.from_bytes(half, "little")) for name, half in halves.items())
    if type_.shape is Shape.BYTES:
        return _words(to, raw)
    kept = raw[: type_.size - 1]
    length, cut, data = (c.dot(to, name, arrow=False) for name in ("length", "cut", "data"))
    return (_set(length, len(kept)), _set(cut, int(kept != raw)), *_words(data, kept + b"\0"))


def _set(to: CText, number: int) -> CText:
    return CText(f"{to} = {c.uint(number)}")


def _words(to: CText, raw: bytes) -> tuple[CText, ...]:
    """Write bytes in the widest words that fit."""
    out, offset = [], 0
    while offset < len(raw):
        width = next(w for w in (8, 4, 2, 1) if offset + w <= len(raw))
        out.append(_set(c.load(width, to, offset), int.from_bytes(raw[offset : offset + width], "little")))
        offset += width
    return tuple(out)
