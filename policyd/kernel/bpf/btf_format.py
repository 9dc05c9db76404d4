"""The BTF format: kinds, and types as frozen values.  Described in the kernel's Documentation/bpf/btf.rst.

`btf.py` makes these from a kernel's type information; `walk.py` reads them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(IntEnum):
    """BTF_KIND_* of include/uapi/linux/btf.h."""

    VOID = 0
    INT = 1
    POINTER = 2
    ARRAY = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    FORWARD = 7
    TYPEDEF = 8
    VOLATILE = 9
    CONST = 10
    RESTRICT = 11
    FUNCTION = 12
    PROTOTYPE = 13
    VARIABLE = 14
    SECTION = 15
    FLOAT = 16
    DECLARATION_TAG = 17
    TYPE_TAG = 18
    ENUM64 = 19


QUALIFIERS = {Kind.VOLATILE: "volatile", Kind.CONST: "const", Kind.RESTRICT: "restrict"}


@dataclass(frozen=True, slots=True)
class BtfType:
    """One type.  `target` is the type id that a pointer, typedef, qualifier, function or array element refers to.

    `size` is in bytes (0 where BTF has none: use `Btf.size_of`), `count` an array's number of elements, `signed` and
    `boolean` describe ints and enums, `length` the number of members, values or parameters.
    """

    id: int
    kind: Kind
    name: str
    size: int = 0
    target: int = 0
    count: int = 0
    signed: bool = False
    boolean: bool = False
    length: int = 0
    flag: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A struct's or union's member; `bit_offset` counts from the outermost struct asked, `bits` is 0 for no bit field."""

    name: str
    type_id: int
    bit_offset: int
    bits: int = 0


@dataclass(frozen=True, slots=True)
class BtfParameter:
    """A parameter of a prototype; the name is empty where BTF has none."""

    name: str
    type_id: int


def enum_ids(data: bytes) -> Iterator[int]:
    """Yield the ids of all enums."""
    return (type_id for type_id, kind, _ in _types(data) if kind in {Kind.ENUM, Kind.ENUM64})


def functions(data: bytes) -> dict[str, int]:
    """Return the ids of all functions by their names; of several with one name the first, as libbpf finds it."""
    header, _, _, strings = struct.unpack_from("<4xIIII", data)
    found: dict[str, int] = {}
    for type_id, kind, name in _types(data):
        if kind is Kind.FUNCTION:
            start = header + strings + name
            found.setdefault(data[start : data.index(0, start)].decode(), type_id)
    return found


def _types(data: bytes) -> Iterator[tuple[int, Kind, int]]:
    """Yield id, kind and the place of the name of every type: they follow each other, each as long as its kind says."""
    length, types, size = struct.unpack_from("<4xIII", data)
    at, end, type_id = length + types, length + types + size, 1
    while at < end:
        name, info = struct.unpack_from("<II", data, at)
        kind, count = _KINDS[info >> 24 & 0x1F], info & 0xFFFF
        yield type_id, kind, name
        fixed, each = _TAIL_SIZES.get(kind, (0, 0))
        at += 12 + fixed + each * count
        type_id += 1


_KINDS = tuple(Kind)

_TAIL_SIZES = {
    Kind.INT: (4, 0),
    Kind.ARRAY: (12, 0),
    Kind.STRUCT: (0, 12),
    Kind.UNION: (0, 12),
    Kind.ENUM: (0, 8),
    Kind.ENUM64: (0, 12),
    Kind.PROTOTYPE: (0, 8),
    Kind.VARIABLE: (4, 0),
    Kind.SECTION: (0, 12),
    Kind.DECLARATION_TAG: (4, 0),
}
"""Bytes after the 12 that every type has: fixed, and for each member, value or parameter."""
