"""Walks through kernel structures by BTF: from `task.real_parent.tgid` to the steps that a program takes, and a type.

In: a type (a raw tracepoint's argument) and member names.  Out: a `Walked`, for `resolve` and `explain`; `TargetError` with
the members that are there for a name that is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policyd.errors import TargetError
from policyd.kernel.bpf.btf_format import QUALIFIERS, BtfType, Kind, Member
from policyd.value import Shift, Step
from policyd.vocabulary.c_types import (
    ADDRESS,
    BIG_ENDIAN,
    C_TYPES,
    CAPABILITIES,
    STRING_SIZE,
    number_type,
    string_type,
    typed,
)
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.kernel.bpf.btf import Btf

_COMPOSITE = {Kind.STRUCT, Kind.UNION}
_ENUMS = {Kind.ENUM, Kind.ENUM64}
_PART = re.compile(r"(?P<name>\w+)(?P<indices>(?:\[\d{1,6}\])*)")
_CONTAINER = re.compile(r"container_of\((?P<type>\w+)\.(?P<member>\w+(?:\.\w+)*)\)")
RAW = "btf"
"""`.btf.NAME` is the member NAME, whatever accessor has that name; not where a type has a member `btf` itself."""


@dataclass(frozen=True, slots=True)
class Walked:
    """Where a walk ends: the last step reads a value of `type`.

    `string`: the value read is a pointer to a NUL-terminated kernel string (`type` is the string's).  `big_endian`: the
    number is in network order.  `offset` is where it lies in the last struct, in bytes.  `btf` is the final BTF type as
    declared (for `explain`).
    """

    steps: tuple[Step | Shift, ...]
    type: ValueType
    btf: BtfType
    string: bool = False
    big_endian: bool = False
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Arrived:
    """A struct that a walk leads to: `steps` end at its address, `name` is its tag as C says it (`struct sock`)."""

    steps: tuple[Step | Shift, ...]
    name: str
    btf: BtfType


@dataclass(slots=True)
class _Place:
    """Inside the walk: which struct's memory, which type there, the designator so far."""

    container: str
    at: BtfType
    designator: str = ""
    bit_offset: int = 0
    bits: int = 0
    steps: list[Step | Shift] = field(default_factory=list)

    def step(self) -> Step:
        bits = (self.bit_offset, self.bits) if self.bits else None
        return Step(self.container, self.designator, bits)


def split_path(path: str) -> list[str]:
    """Return the parts of a field's path; the dots inside the parentheses of `container_of(…)` do not part it."""
    return re.split(r"\.(?![^(]*\))", path)


def walk(btf: Btf, start: BtfType, path: Sequence[str], arch: str) -> Walked:
    """Follow `path` (member names, each with optional `[n]`) from a pointer to a struct, or a struct.

    A part `container_of(TYPE.MEMBER)` goes from a struct to the TYPE whose MEMBER it is.
    """
    if not path or path[-1] == RAW:
        raise TargetError("a walk needs a member's name")
    return _finish(btf, _walked(btf, start, path), arch)


def arrive(btf: Btf, start: BtfType, path: Sequence[str]) -> Arrived:
    """Follow `path` to a struct, embedded or behind a pointer; `TargetError` if it does not lead to one."""
    place = _inside(btf, _walked(btf, start, path))
    if not place.designator:
        return Arrived(tuple(place.steps), place.container, place.at)
    if btf.resolve(place.at).kind not in _COMPOSITE:
        raise TargetError(f"{place.designator} is {btf.spell(place.at)}, which has no members")
    steps = (*place.steps, Shift(place.container, place.designator))
    return Arrived(steps, btf.spell(btf.resolve(place.at)), place.at)


def _walked(btf: Btf, start: BtfType, path: Sequence[str]) -> _Place:
    place = _enter(btf, start, "")
    for part in path:
        place = _inside(btf, place)
        if part == RAW and btf.member(btf.resolve(place.at), RAW) is None:
            continue
        if part.startswith("container_of("):
            place = _container(btf, place, part)
        else:
            _go(btf, place, part)
    return place


def _inside(btf: Btf, place: _Place) -> _Place:
    """Follow the pointer that the walk has come to; whatever else it is stays."""
    if not place.designator or btf.resolve(place.at).kind is not Kind.POINTER:
        return place
    inner = _enter(btf, place.at, place.designator)
    inner.steps = [*place.steps, place.step()]
    return inner


def _container(btf: Btf, place: _Place, part: str) -> _Place:
    """Go from a struct to what it is embedded in."""
    match = _CONTAINER.fullmatch(part)
    if match is None:
        raise TargetError(f"not a cast: {part!r}; write container_of(TYPE.MEMBER)")
    outer = btf.find(match["type"], Kind.STRUCT, Kind.UNION, Kind.TYPEDEF)
    if outer is None:
        raise TargetError(f"this kernel has no type {match['type']} (types of modules are not known)")
    around = _enter(btf, outer, "")
    for name in match["member"].split("."):
        _go(btf, around, name)
    here = btf.resolve(place.at)
    if btf.resolve(around.at) != here:
        lies = f"{around.designator} of {around.container} is {btf.spell(btf.resolve(around.at))}"
        raise TargetError(f"{lies}, and not the {btf.spell(here)} that the walk has come to")
    inside = [Shift(place.container, place.designator)] if place.designator else []
    steps = [*place.steps, *inside, Shift(around.container, around.designator, back=True)]
    return _Place(around.container, btf.resolve(outer), steps=steps)


def _enter(btf: Btf, type_: BtfType, before: str) -> _Place:
    """Return the place that `type_`, a pointer (or a composite itself), points to."""
    resolved = btf.resolve(type_)
    pointed = btf.target(resolved) if resolved.kind is Kind.POINTER else type_
    inner = btf.resolve(pointed)
    if inner.kind is Kind.FORWARD:
        found = btf.find(inner.name, Kind.UNION if inner.flag else Kind.STRUCT)
        pointed = inner = found or inner
    if inner.kind not in _COMPOSITE:
        what = before or "it"
        raise TargetError(f"{what} is {btf.spell(type_)}, which has no members")
    return _Place(_container_name(btf, pointed), inner)


def _container_name(btf: Btf, type_: BtfType) -> str:
    """Return a name that C can say for a struct: its tag, or the typedef of an anonymous one."""
    alias = ""
    while True:
        if type_.kind in _COMPOSITE:
            if type_.name or not alias:
                break
            return alias
        alias = type_.name if type_.kind is Kind.TYPEDEF else alias
        type_ = btf.target(type_)
    if not type_.name:
        raise TargetError("it is a pointer to a struct with no name, which C cannot follow")
    if btf.find(type_.name, type_.kind) != type_:
        raise TargetError(f"this kernel has several types called {btf.spell(type_)}, which C cannot tell apart")
    return btf.spell(type_)


def _go(btf: Btf, place: _Place, part: str) -> None:
    match = _PART.fullmatch(part)
    if not match:
        raise TargetError(f"not a member's name: {part!r}")
    composite = btf.resolve(place.at)
    if composite.kind not in _COMPOSITE:
        raise TargetError(f"{place.designator} is {btf.spell(place.at)}, which has no members")
    member = _member(btf, composite, match["name"], btf.spell(place.at))
    place.designator += ("." if place.designator else "") + member.name
    place.bit_offset += member.bit_offset
    place.bits = member.bits
    place.at = btf.type(member.type_id)
    for index in re.findall(r"\d+", match["indices"]):
        _index(btf, place, int(index))


def _member(btf: Btf, composite: BtfType, name: str, spelling: str) -> Member:
    member = btf.member(composite, name)
    if member is None:
        names = tuple(dict.fromkeys(member.name for member in btf.all_members(composite)))
        raise TargetError(f"{spelling} has no member {name}", names)
    return member


def _index(btf: Btf, place: _Place, index: int) -> None:
    array = btf.resolve(place.at)
    if array.kind is not Kind.ARRAY:
        raise TargetError(f"{place.designator} is {btf.spell(place.at)}, not an array")
    if array.count and index >= array.count:
        raise TargetError(f"{place.designator} has {array.count} elements, numbered from 0")
    place.at = btf.target(array)
    place.designator += f"[{index}]"
    place.bit_offset += index * btf.size_of(place.at) * 8


def _finish(btf: Btf, place: _Place, arch: str) -> Walked:
    type_, declared = value_type(btf, place.at, arch), place.at
    while type_ is None and (wrapped := _wrapped_number(btf, place.at)):
        _go(btf, place, wrapped)
        type_ = value_type(btf, place.at, arch, declared)
    if type_ is None:
        raise _no_value(btf, place)
    string = type_.shape is Shape.STRING and btf.resolve(place.at).kind is Kind.POINTER
    return Walked(
        (*place.steps, place.step()), type_, declared, string, _is_big_endian(btf, place.at), place.bit_offset // 8
    )


def _wrapped_number(btf: Btf, type_: BtfType) -> str:
    """Return the only member of a struct that wraps one value (`kuid_t`, `atomic_t`, `refcount_t`), or ''."""
    composite = btf.resolve(type_)
    members = btf.members(composite) if composite.kind is Kind.STRUCT else ()
    return members[0].name if len(members) == 1 else ""


def _no_value(btf: Btf, place: _Place) -> TargetError:
    resolved, spelling = btf.resolve(place.at), btf.spell(place.at)
    what = f"{place.designator or 'it'} is {spelling}"
    if resolved.kind in _COMPOSITE:
        names = tuple(dict.fromkeys(member.name for member in btf.all_members(resolved)))
        return TargetError(f"{what}: name one of its members", names)
    if resolved.kind is Kind.ARRAY:
        return TargetError(f"{what}: name one of its elements, as in {place.designator}[0]")
    return TargetError(f"{what}, which is not a number or a string")


# ------------------------------------------------------------------------------------------------ types of values


def value_type(btf: Btf, type_: BtfType, arch: str, declared: BtfType | None = None) -> ValueType | None:
    """Return what a value of a BTF type is; None for structs, arrays of numbers and the like.

    `declared` is the type whose name tells more (`kuid_t` for its `val`).
    """
    resolved, size = btf.resolve(type_), btf.size_of(type_)
    if resolved.kind is Kind.POINTER:
        return _pointer_type(btf, btf.target(resolved))
    if resolved.kind is Kind.ARRAY:
        element = btf.resolve(btf.target(resolved))
        return string_type(size) if element.name == "char" and size else None
    if resolved.kind in _ENUMS:
        return ValueType("enum", Shape.NUMBER, size, resolved.signed, btf.enum_values(resolved))
    if resolved.kind is Kind.STRUCT:
        return _struct_type(btf, type_, resolved, arch)
    if resolved.kind is not Kind.INT:
        return None
    signed = resolved.signed and not resolved.boolean
    name = _telling_name(btf, declared or type_) or ("bool" if resolved.boolean else "")
    return typed(name, size, signed, arch)


def _pointer_type(btf: Btf, pointed: BtfType) -> ValueType:
    """Return what a pointer is: a text (of chars, but no u8: those are bytes), a place in code, or an address."""
    if btf.resolve(pointed).kind is Kind.PROTOTYPE:
        return number_type(8, False, "symbol")
    is_string = _unqualified(btf, pointed).name in {"char", "unsigned char"}
    return string_type(STRING_SIZE) if is_string else number_type(8, False, "hex")


def _struct_type(btf: Btf, type_: BtfType, resolved: BtfType, arch: str) -> ValueType | None:
    """Return what a struct is that stands for one value."""
    if resolved.name == "in6_addr":
        return ADDRESS
    is_set = _telling_name(btf, type_) == CAPABILITIES
    return typed(CAPABILITIES, btf.size_of(resolved), False, arch) if is_set else None


def _unqualified(btf: Btf, type_: BtfType) -> BtfType:
    while type_.kind is Kind.TYPE_TAG or type_.kind in QUALIFIERS:
        type_ = btf.target(type_)
    return type_


def _telling_name(btf: Btf, type_: BtfType) -> str:
    """Return the first typedef's name on the way down that the vocabulary knows, or ''."""
    while type_.kind is Kind.TYPEDEF or type_.kind is Kind.TYPE_TAG or type_.kind in QUALIFIERS:
        if type_.name in C_TYPES:
            return type_.name
        type_ = btf.target(type_)
    return ""


def _is_big_endian(btf: Btf, type_: BtfType) -> bool:
    while type_.kind is Kind.TYPEDEF or type_.kind is Kind.TYPE_TAG or type_.kind in QUALIFIERS:
        if type_.name in BIG_ENDIAN:
            return True
        type_ = btf.target(type_)
    return False
