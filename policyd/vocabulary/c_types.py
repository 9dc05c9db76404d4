"""What C types say to a person: `pid_t` is a process id, `dev_t` a device, `__be16` a number in network order.

Used for tracepoint fields, system call arguments and BTF members alike: in, a C type's name and size; out, a `ValueType`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from policyd.vocabulary.constants import symbols
from policyd.vocabulary.types import Shape, ValueType


@dataclass(frozen=True, slots=True)
class CType:
    """A C type whose name tells more than its size.  `constants` names a set of `vocabulary.constants`."""

    name: str
    kind: str
    constants: str = ""


CAPABILITIES = "kernel_cap_t"
"""A set of capabilities: a struct of one number, of two halves before 6.3; 8 bytes either way, low bits first."""

C_TYPES: dict[str, CType] = {
    row.name: row
    for row in (
        CType("bool", "bool"),
        CType("_Bool", "bool"),
        CType("pid_t", "pid"),
        CType("__kernel_pid_t", "pid"),
        CType("uid_t", "uid"),
        CType("kuid_t", "uid"),
        CType("__kernel_uid32_t", "uid"),
        CType("gid_t", "gid"),
        CType("kgid_t", "gid"),
        CType("__kernel_gid32_t", "gid"),
        CType("dev_t", "device"),
        CType("size_t", "size"),
        CType("__kernel_size_t", "size"),
        CType("umode_t", "mode"),
        CType("sa_family_t", "enum", "address_family"),
        CType("__kernel_sa_family_t", "enum", "address_family"),
        CType("clockid_t", "enum", "clock"),
        CType(CAPABILITIES, "capabilities"),
    )
}

BIG_ENDIAN = frozenset({"__be16", "__be32", "__be64", "__sum16"})
_STRING = re.compile(r"(?:const )?char(?: const)? ?\*(?: ?const)?")
_ADDRESS_TYPES = frozenset({"struct in6_addr"})


def number_type(size: int, signed: bool, kind: str = "") -> ValueType:
    """Return the type of a plain number of `size` bytes (`u32`, `s64`…), or one of another kind in that size."""
    return ValueType(kind or f"{'s' if signed else 'u'}{size * 8}", Shape.NUMBER, size, signed)


def string_type(size: int, kind: str = "string") -> ValueType:
    """Return the type of a string that takes up to `size` bytes with its NUL."""
    return ValueType(kind, Shape.STRING, size)


ADDRESS = ValueType("ip", Shape.ADDRESS, 16)
MAC = ValueType("mac", Shape.BYTES, 6)
STRING_SIZE = 4096
"""The capacity of a string of unknown length: what a rule keeps of it is decided where it is used."""


def is_string_pointer(c_type: str) -> bool:
    """Whether C spells a pointer to characters so."""
    return _STRING.fullmatch(c_type) is not None


def typed(c_type: str, size: int, signed: bool, arch: str) -> ValueType | None:
    """Return the type of a number by the name of its C type; None for what is no number of 1, 2, 4 or 8 bytes."""
    if c_type in _ADDRESS_TYPES:
        return ADDRESS
    if size not in {1, 2, 4, 8}:
        return None
    if c_type.endswith("*"):
        return number_type(size, False, "hex")
    row = C_TYPES.get(c_type.removeprefix("const "))
    if row is None:
        return number_type(size, signed)
    names = symbols(row.constants, arch) if row.constants else ()
    return ValueType(row.kind, Shape.NUMBER, size, signed, names)
