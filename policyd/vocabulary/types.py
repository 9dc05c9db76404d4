"""`ValueType`: what a value is, in the kernel (size, sign) and to a person (names, units)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Shape(Enum):
    """How a value is kept in the kernel, which decides the code that handles it."""

    NUMBER = "number"  # 1, 2, 4 or 8 bytes
    STRING = "string"  # bytes up to a NUL, capacity `size`
    ADDRESS = "address"  # 16 bytes, network order; IPv4 as ::ffff:a.b.c.d
    BYTES = "bytes"  # exactly `size` bytes (mac: 6)


@dataclass(frozen=True, slots=True)
class ValueType:
    """The type of a field, a parameter or a column.

    `kind` names a row of `vocabulary.kinds.KINDS` (`u32`, `path`, `ip`, `pid`, `enum`, `flags`…) and fixes the shape;
    `size` is in bytes (a string's capacity with its NUL); `symbols` are the names of an enum's or flags' numbers.
    """

    kind: str
    shape: Shape
    size: int
    signed: bool = False
    symbols: tuple[tuple[int, str], ...] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "shape": self.shape.value,
            "size": self.size,
            "signed": self.signed,
            "symbols": [list(pair) for pair in self.symbols],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ValueType:
        symbols = tuple((int(number), str(name)) for number, name in data["symbols"])
        return cls(str(data["kind"]), Shape(data["shape"]), int(data["size"]), bool(data["signed"]), symbols)
