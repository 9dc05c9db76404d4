"""Conditions: tests of values and how they are put together, with operands parsed and lists in maps.

`resolve` makes them of filters, `codegen` turns each test into a function; a typed rule has one, `AllOf` at its top.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.errors import Position
    from policyd.value import Value


@dataclass(frozen=True, slots=True)
class ListRef:
    """The values of this test are in the map `map_name` of the rule's policy (an empty list has no inner map at all)."""

    map_name: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ScalarRef:
    """The operand of this test is the scalar param `name` of the rule's policy; optional and empty makes the test true."""

    name: str
    optional: bool = False


Number = int
Network = tuple[int, int]  # (address as a 128-bit number, prefix length), IPv4 mapped: 96 + n
Interval = tuple[int, int]  # both ends included


@dataclass(frozen=True, slots=True)
class Test:
    """A leaf: `value operator operands`; negative operators and `not` are `negate` over the positive operator.

    operator     operands
    Equal/In     numbers, strings (bytes, no NUL), or addresses (128-bit numbers); In with operands in a map: `ref`
    Less LessOrEqual Greater GreaterOrEqual   one number
    InRange      intervals
    Prefix Suffix Contains Under   strings          Glob   strings with `*`, `?`, `[…]`, `\\` to escape
    InCIDR       networks
    AllBits AnyBits   one number (the mask)
    Exists       none

    A param's operands are in `ref`: ListRef for In, InCIDR, Under, Prefix, Suffix; ScalarRef for Equal and orders.
    """

    value: Value
    operator: str
    operands: tuple[int | bytes | Network | Interval, ...] = ()
    ref: ListRef | ScalarRef | None = None
    negate: bool = False
    position: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AllOf:
    """True if every part is; also if there is none."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True if some part is."""

    parts: tuple[Condition, ...]


Condition = Test | AllOf | AnyOf


ALWAYS = AllOf(())
"""What holds for every event."""


def leaves(condition: Condition) -> Iterator[Test]:
    """Yield every test of a condition."""
    if isinstance(condition, Test):
        yield condition
        return
    for part in condition.parts:
        yield from leaves(part)
