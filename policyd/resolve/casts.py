"""Casts: a value as another type (`ret.as(errno)`), and what is behind it as a pointer (`args.sk.as(tcp_sock).bytes_acked`).

In: a resolved value, the name of a type, the members that follow.  Out: a value.  `Fields` calls it for `.as(TYPE)` and for
`.bytes(LENGTH)`.  Numbers keep their bits as far as the new type has room; pointers lead into the kernel's memory by BTF,
or, as those of system calls and of programs do, into the memory of the process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from policyd.kernel.bpf.btf_format import Kind
from policyd.resolve.accessors import pointed, record
from policyd.resolve.computed import computed
from policyd.resolve.problems import Wrong
from policyd.text import did_you_mean, quote
from policyd.value import (
    Argument,
    ContextLoad,
    CurrentTask,
    DataLocation,
    Fetched,
    Memory,
    PointedBytes,
    PointedString,
    Pointer,
    Value,
    Walk,
)
from policyd.vocabulary.c_types import ADDRESS, MAC, number_type, string_type
from policyd.vocabulary.constants import constant_sets
from policyd.vocabulary.kinds import KINDS, kind_type
from policyd.vocabulary.types import Shape, ValueType
from policyd.walk import value_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.kernel.bpf.btf_format import BtfType
    from policyd.resolve.place import Place
    from policyd.target import Target
    from policyd.value import Access, Base

MOST_BYTES = 4096
"""Bytes that `.bytes(LENGTH, MOST)` can keep."""
BYTES = 256
"""Bytes that `.bytes(LENGTH)` keeps."""

Space = Literal["user", "kernel", "either"]

_HEX = number_type(8, False, "hex")
_SIZED = re.compile(r"(string|bytes)([1-9][0-9]{0,3})")
_TEXTS = frozenset({"string", "path"})
_NAMELESS = {
    "enum": "say which: the name of an enum of the kernel's, or of a set of constants, as address_family",
    "flags": "say which: the name of an enum of the kernel's, or of a set of constants, as open_flags",
    "paths": "one text is a path",
    "cidr": "an address is an ip",
    "stack": "stacks are fields: kernel.stack, user.stack",
}
_SOCKADDR = "sockaddr"
_ADDRESS_FIELDS = frozenset({"family", "ip", "port", "path"})
_USER_HOOKS = frozenset({"syscall", "uprobe", "uretprobe", "usdt"})
_SPACES: dict[bool, Space] = {True: "user", False: "either"}
_READ_COST = 16


@dataclass(frozen=True, slots=True)
class Casts:
    """Casts at one place; strings of unknown length keep `longest` bytes."""

    place: Place
    target: Target
    longest: int

    def value(self, value: Value, name: str, members: Sequence[str] = ()) -> Value:
        """Return `value` as the type `name`, or what `members` are behind it; `Wrong` for what cannot be."""
        path = f"{value.path}.as({name})"
        if self._is_plain(name):
            if members:
                after = ".".join(members)
                raise Wrong("bad-path", f"{quote(path)} is no pointer: nothing can follow it, as {quote(after)} does")
            return self._plain(value, name, path)
        struct = self._struct(name)
        if struct is None:
            raise Wrong("unknown-type", f"there is no type {quote(name)}", self._near(name))
        return self._behind(value, struct, tuple(members), path)

    def memory(self, path: str, value: Value, length: Value, most: int = BYTES) -> Value:
        """Return `length` bytes from where `value` points to, at most `most`, called `path`."""
        if length.type.shape is not Shape.NUMBER:
            raise Wrong("mixed-types", f"the length {quote(length.path)} is of type {length.type.kind}, and no number")
        if not 0 < most <= MOST_BYTES:
            raise Wrong("bad-value", f"`.bytes` keeps from 1 to {MOST_BYTES:,} bytes, not {most:,}")
        pointer = _pointer(value)
        access = Memory(pointer, length, self._space(value))
        cost = max(pointer.cost, length.cost) + _READ_COST
        return Value(path, ValueType("buffer", Shape.STRING, most + 1), access, True, True, cost)

    def is_number(self, name: str) -> bool:
        """Whether `name` is a type of numbers: a cast to it reads no memory."""
        return (name in KINDS and KINDS[name].shape is Shape.NUMBER) or self._names(name) is not None

    # -- numbers, texts and addresses ----------------------------------------------------------------------

    def _is_plain(self, name: str) -> bool:
        return name in KINDS or _SIZED.fullmatch(name) is not None or self._names(name) is not None

    def _plain(self, value: Value, name: str, path: str) -> Value:
        if name in _NAMELESS:
            raise Wrong("unknown-type", f"{quote(name)} is no type of one value", _NAMELESS[name])
        if sized := _SIZED.fullmatch(name):
            return self._sized(value, sized[1], int(sized[2]), path)
        if name in _TEXTS:
            return self._text(value, string_type(self.longest, name), path)
        if name in {"ip", "mac"}:
            return self._network(value, ADDRESS if name == "ip" else MAC, path)
        if name in {"buffer", "base64"}:
            return self._shown(value, name, path)
        return self._number(value, self._names(name) or kind_type(name), path)

    def _names(self, name: str) -> ValueType | None:
        """Return the type of a number with the names of a set of constants, or of an enum of the kernel's."""
        sets = constant_sets(self.target.arch)
        if name in sets and name not in KINDS:
            return ValueType(sets[name].kind, Shape.NUMBER, 0, False, sets[name].symbols)
        found = self.target.btf.find(name, Kind.ENUM, Kind.ENUM64) if name not in KINDS else None
        if found is None:
            return None
        symbols = self.target.btf.enum_values(found)
        kind = "flags" if _are_bits(symbols) else "enum"
        return ValueType(kind, Shape.NUMBER, self.target.btf.size_of(found), found.signed, symbols)

    def _number(self, value: Value, type_: ValueType, path: str) -> Value:
        if value.type.shape is not Shape.NUMBER:
            value = _pointer(value)
        if not type_.size:
            type_ = replace(type_, size=value.type.size, signed=value.type.signed and type_.kind == "enum")
        if (value.type.size, value.type.signed) == (type_.size, type_.signed):
            return replace(value, path=path, type=type_)
        return computed(path, "convert", [value], type_)

    def _sized(self, value: Value, kind: str, size: int, path: str) -> Value:
        if kind == "string":
            return self._text(value, string_type(size), path)
        if size > MOST_BYTES:
            raise Wrong("unknown-type", f"bytes{size}: at most {MOST_BYTES:,}")
        if isinstance(value.access, Memory) and value.access.length is not None:
            return replace(value, path=path, type=replace(value.type, size=size + 1))
        return self._bytes(value, ValueType("bytes", Shape.BYTES, size), path)

    def _bytes(self, value: Value, type_: ValueType, path: str) -> Value:
        """Return as many bytes as the type has, from where a pointer leads to."""
        if value.type.shape in {Shape.BYTES, Shape.ADDRESS}:
            if value.type.size != type_.size:
                raise _no_cast(value, type_.kind, f"it has {value.type.size} bytes, and not {type_.size}")
            return replace(value, path=path, type=type_)
        return self._memory(value, type_, path)

    def _memory(self, value: Value, type_: ValueType, path: str) -> Value:
        pointer = _pointer(value)
        access = Memory(pointer, None, self._space(value))
        return Value(path, type_, access, True, True, pointer.cost + _READ_COST)

    def _text(self, value: Value, type_: ValueType, path: str) -> Value:
        if value.type.shape is Shape.STRING:
            kept = replace(type_, size=min(type_.size, value.type.size))
            return replace(value, path=path, type=kept)
        if value.type.shape is Shape.BYTES and isinstance(value.access, ContextLoad):
            return replace(value, path=path, type=replace(type_, size=min(type_.size, value.type.size + 1)))
        text = PointedString(_base(value), self._space(value))
        return Value(path, type_, text, True, True, max(value.cost, 1) + _READ_COST)

    def _network(self, value: Value, type_: ValueType, path: str) -> Value:
        """Return an address of its bytes: those of a record, of a number in network order, or behind a pointer."""
        access, shape = value.access, value.type.shape
        if shape is Shape.ADDRESS and type_.shape is Shape.ADDRESS:
            return replace(value, path=path, type=type_)
        sizes = {type_.size, 4} if type_.shape is Shape.ADDRESS else {type_.size}
        if shape is Shape.BYTES and isinstance(access, ContextLoad) and value.type.size in sizes:
            return replace(value, path=path, type=type_)
        if shape is Shape.NUMBER and value.type.size == 4 and type_.shape is Shape.ADDRESS:
            return computed(path, "address", [value], type_)
        if type_.shape is Shape.BYTES:
            return self._bytes(value, type_, path)
        raise _no_cast(value, type_.kind, "an address is made of 4 bytes or of 16: a pointer is cast to in_addr or in6_addr")

    def _shown(self, value: Value, name: str, path: str) -> Value:
        """Return the same bytes, which are shown otherwise."""
        if value.type.kind not in {"buffer", "bytes", "base64"}:
            raise _no_cast(value, name, "bytes are shown so: args.buf.bytes(args.count).as(base64)")
        kind = "bytes" if name == "buffer" and value.type.shape is Shape.BYTES else name
        return replace(value, path=path, type=replace(value.type, kind=kind))

    # -- pointers ------------------------------------------------------------------------------------------

    def _struct(self, name: str) -> BtfType | None:
        found = self.target.btf.find(name, Kind.STRUCT, Kind.UNION, Kind.TYPEDEF)
        composite = found is not None and self.target.btf.resolve(found).kind in {Kind.STRUCT, Kind.UNION}
        return found if composite else None

    def _behind(self, value: Value, struct: BtfType, members: tuple[str, ...], path: str) -> Value:
        if struct.name == _SOCKADDR and members and members[0] in _ADDRESS_FIELDS:
            members = ("address", *members)
        if not members and value_type(self.target.btf, struct, self.target.arch) == ADDRESS:
            return self._memory(value, ADDRESS, path)
        if not members:
            names = record(self.target, struct, ()) or tuple(self._members(struct))
            names = tuple(name.removeprefix("address.") for name in names) if struct.name == _SOCKADDR else names
            hint = f"name one of its members: {', '.join(f'{path}.{name}' for name in names[:4])}"
            raise Wrong("group", f"{quote(path)} is a whole structure", hint)
        found = pointed(self.target, _base(value), struct, members, ".".join((path, *members)))
        access = _anywhere(found.access) if self._space(value) == "user" else found.access
        return replace(found, access=access, cost=max(found.cost, value.cost))

    def _members(self, struct: BtfType) -> list[str]:
        return [member.name for member in self.target.btf.all_members(self.target.btf.resolve(struct)) if member.name]

    def _space(self, value: Value) -> Space:
        """Whose memory a pointer leads to, as far as that is known: those of programs and of system calls to their own."""
        if isinstance(value.access, PointedString):
            return value.access.space
        return _SPACES[self.place.hook.kind in _USER_HOOKS and not isinstance(value.access, Walk | CurrentTask)]

    def _near(self, name: str) -> str:
        known = [*(kind for kind in KINDS if kind not in _NAMELESS), *constant_sets(self.target.arch), _SOCKADDR]
        near = did_you_mean(name, known)
        if not near and self.target.btf.find(name.removeprefix("struct_"), Kind.STRUCT):
            near = f"structures are named without `struct`: {name.removeprefix('struct_')}"
        return near or "policyd explain types lists them; structures and enums of the kernel's go by their names"


def _are_bits(symbols: tuple[tuple[int, str], ...]) -> bool:
    """Whether the names of an enum are those of bits: three at least, each of one bit."""
    numbers = {number for number, _ in symbols if number}
    return len(numbers) > 2 and all(number > 0 and number & (number - 1) == 0 for number in numbers)


def _no_cast(value: Value, kind: str, why: str) -> Wrong:
    return Wrong("mixed-types", f"{quote(value.path)} is of type {value.type.kind}, and cannot be {kind}", why)


def _base(value: Value) -> Base:
    """Return the pointer that a value is, or that its text was read by; `Wrong` for what is none."""
    access = value.access
    if isinstance(access, PointedString | PointedBytes):
        pointer = access.pointer
        if isinstance(pointer, Argument | ContextLoad | CurrentTask | Fetched):
            return pointer
        return Fetched(Value(f"{value.path}.as(hex)", _HEX, pointer, True, True, value.cost))
    if isinstance(access, Memory):
        return Fetched(access.pointer)
    if isinstance(access, Pointer):
        return access.base
    if value.type.shape is not Shape.NUMBER or not (value.type.size == 8 or value.type.kind == "hex"):
        located = isinstance(access, DataLocation | ContextLoad | Walk) and value.type.shape is not Shape.NUMBER
        hint = "its text is in the structure itself" if located else "pointers are of 8 bytes"
        raise Wrong("mixed-types", f"{quote(value.path)} is of type {value.type.kind}, and no pointer", hint)
    if isinstance(access, Argument | ContextLoad) and access.size == 8:
        return replace(access, signed=False)
    return access if isinstance(access, CurrentTask) else Fetched(value)


def _pointer(value: Value) -> Value:
    """Return the pointer of `_base` as a number."""
    base = _base(value)
    if isinstance(base, Fetched):
        return base.value
    if value.access == base:
        return replace(value, type=_HEX)
    return Value(f"{value.path}.as(hex)", _HEX, base, cost=1)


def _anywhere(access: Access) -> Access:
    """Return a walk that may go through the memory of the process."""
    if isinstance(access, Walk):
        return replace(access, anywhere=True)
    if isinstance(access, PointedString) and isinstance(access.pointer, Walk):
        return replace(access, pointer=replace(access.pointer, anywhere=True), space="either")
    return access
