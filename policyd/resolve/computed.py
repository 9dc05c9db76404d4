"""Computed values: an operation of `vocabulary.operations` over resolved values, and what may keep it from having a result.

`resolve.expressions` and `resolve.casts` make their values here, so that every expression has one type and one set of facts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.value import Computed, Constant, Text, Value
from policyd.vocabulary.accessors import HEAVY_COST
from policyd.vocabulary.operations import COMPARISONS, OPERATIONS, result_type
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMPUTING = 1
_SEARCHING = 16
_HAYSTACK, _NEEDLE = 1024, 256
"""Capacities of a text that is searched, for which the verifier follows 80 instructions a byte, and of what is looked for
(`PD_NEEDLE` of `lib/computed_types.c`)."""


def computed(path: str, operation: str, operands: Sequence[Value], type_: ValueType | None = None) -> Value:
    """Return what `operation` makes of `operands`, called `path`; `ValueError` says what was expected if they do not fit.

    `type_` is the type that it shall have, which a `convert` must be given.
    """
    if operation == "default":
        operands = [one for operand in operands for one in _alternatives(operand)]
    types = [operand.type for operand in operands]
    found = result_type(operation, types)
    if operation == "contains":
        _check_search(*types)
    strings = any(operand.type.shape is Shape.STRING for operand in operands)
    own = _SEARCHING if strings else _COMPUTING
    return Value(
        path,
        type_ or found,
        Computed(operation, tuple(operands)),
        can_be_absent=_can_be_absent(operation, operands),
        can_be_unread=any(operand.can_be_unread for operand in operands),
        cost=max(operand.cost for operand in operands) + (HEAVY_COST if operation == "contains" else own),
    )


def _check_search(searched: ValueType, needle: ValueType) -> None:
    for type_, most, does in ((searched, _HAYSTACK, "looks through"), (needle, _NEEDLE, "looks for")):
        if type_.size > most:
            raise ValueError(f"contains {does} up to {most - 1:,} bytes of a value, and this may have {type_.size - 1:,}")


def _alternatives(value: Value) -> tuple[Value, ...]:
    """Return what a value is the first of; `a ?? b ?? c` so is one choice, and copies once."""
    access = value.access
    return access.operands if isinstance(access, Computed) and access.operation == "default" else (value,)


def _can_be_absent(operation: str, operands: Sequence[Value]) -> bool:
    how = OPERATIONS[operation].absent
    if operation in COMPARISONS or how == "never":
        return False
    if how == "all":
        return all(operand.can_be_absent for operand in operands)
    if how == "also" and not _is_never_zero(operands[-1]):
        return True
    return any(operand.can_be_absent for operand in operands)


def _is_never_zero(value: Value) -> bool:
    return isinstance(value.access, Constant) and value.access.number != 0


def number(path: str, type_: ValueType, value: int) -> Value:
    """Return a number that is known when the code is made."""
    return Value(path, type_, Constant(value), cost=0)


def text(path: str, raw: bytes, kind: str = "string") -> Value:
    """Return a text that is known when the code is made."""
    return Value(path, ValueType(kind, Shape.STRING, len(raw) + 1), Text(raw), cost=0)


def address(path: str, raw: bytes) -> Value:
    """Return an IP address (16 bytes in network order, IPv4 mapped) that is known when the code is made."""
    return Value(path, ValueType("ip", Shape.ADDRESS, 16), Text(raw), cost=0)
