"""What follows a pointer in a policy: accessors of the kernel's objects by their BTF type, and plain members.

In: where the pointer is got from, its type, and the names that a policy writes after it.  Out: a `Value`.  Arguments of
hooks call it; rows are in `vocabulary.accessors`.  `TargetError` names what is not there, with what is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.errors import TargetError
from policyd.kernel.bpf.btf_format import Kind
from policyd.resolve.problems import from_target
from policyd.resolve.process import process_of
from policyd.value import PointedString, Through, Value, Walk
from policyd.vocabulary.accessors import RECORDS, accessors_of
from policyd.vocabulary.constants import symbols
from policyd.vocabulary.types import Shape
from policyd.walk import RAW, arrive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.kernel.bpf.btf_format import BtfType
    from policyd.target import Target
    from policyd.value import Base
    from policyd.vocabulary.accessors import Accessor
    from policyd.vocabulary.types import ValueType
    from policyd.walk import Arrived

_STRING_COST, _WALK_COST = 16, 4


def pointed(target: Target, base: Base, type_: BtfType, members: Sequence[str], path: str) -> Value:
    """Return what `members` name behind the pointer `base` of type `type_`: an accessor's value, or a member's.

    `Missing` for what is not there, with what is at that place.
    """
    try:
        return (
            process_of(target, base, type_, members, path)
            or through(target, base, type_, members, path)
            or member(target, base, type_, members, path)
        )
    except TargetError as error:
        raise from_target(error, _before(target, type_, members, path)) from error


def through(target: Target, base: Base, type_: BtfType, members: Sequence[str], path: str) -> Value | None:
    """Return the value of the accessor that `members` end with; None if they are members all the way."""
    found = _find(target, type_, members)
    if found is None:
        return None
    before, row = found
    way = [*before, *(row.through.split(".") if row.through else ())]
    type_of_value = _typed(target, row)
    if not row.accessor:
        walked = target.walk(type_, way)
        return Value(path, type_of_value, Walk(base, walked.steps), True, True, row.cost, walked.big_endian)
    steps = arrive(target.btf, type_, way).steps
    return Value(path, type_of_value, Through(row.accessor, base, steps), True, True, row.cost)


def member(target: Target, base: Base, type_: BtfType, members: Sequence[str], path: str) -> Value:
    """Return the value of a member; `TargetError` for one that is not there, with the accessors beside the members."""
    try:
        walked = target.walk(type_, members)
    except TargetError as error:
        raise TargetError(str(error), (*error.candidates, *_names_at_end(target, type_, members))) from error
    walk = Walk(base, walked.steps)
    access = PointedString(walk, "kernel") if walked.string else walk
    cost = _STRING_COST if walked.type.shape is Shape.STRING else _WALK_COST
    return Value(path, walked.type, access, True, True, cost, walked.big_endian)


def record(target: Target, type_: BtfType, members: Sequence[str]) -> tuple[str, ...] | None:
    """Return what an event shows of the object, or the group of accessors, that `members` name; None for anything else.

    The paths are relative to the pointer: `members` and what comes after them.
    """
    for split in range(len(members), -1, -1):
        arrived = _arrive(target, type_, members[:split])
        group = ".".join(members[split:])
        if arrived is not None and (arrived.name, group) in RECORDS:
            return tuple(".".join((*members[:split], name)) for name in RECORDS[arrived.name, group])
    return None


def _find(target: Target, type_: BtfType, members: Sequence[str]) -> tuple[tuple[str, ...], Accessor] | None:
    """Return the members up to the object, and the row of its accessor that the rest names."""
    for split in range(len(members)):
        if split and members[split - 1] == RAW:
            continue
        arrived = _arrive(target, type_, members[:split])
        if arrived is None:
            return None
        rows, rest = accessors_of(arrived.name), ".".join(members[split:])
        if rest in rows:
            return tuple(members[:split]), rows[rest]
        if group := tuple(name for name in rows if name.startswith(f"{rest}.")):
            raise TargetError(f"{rest} of {arrived.name} stands for several fields", group)
        if any(name.partition(".")[0] == members[split] for name in rows):
            raise TargetError(f"{arrived.name} has no field {rest}", tuple(rows))
    return None


def _arrive(target: Target, type_: BtfType, members: Sequence[str]) -> Arrived | None:
    try:
        return arrive(target.btf, type_, members)
    except TargetError:
        return None


def _last_object(target: Target, type_: BtfType, members: Sequence[str]) -> tuple[int, Arrived | None]:
    """Return how many of `members` lead to an object, at most all but the last, and that object."""
    for split in range(len(members) - 1, 0, -1):
        if (arrived := _arrive(target, type_, members[:split])) is not None:
            return split, arrived
    return 0, _arrive(target, type_, ())


def _before(target: Target, type_: BtfType, members: Sequence[str], path: str) -> str:
    """Return how a policy spells the last object on the way, with a dot behind it."""
    if _arrive(target, type_, members) is not None:
        return f"{path}."
    split = _last_object(target, type_, members)[0]
    return path.removesuffix(".".join(members[split:]))


def _names_at_end(target: Target, type_: BtfType, members: Sequence[str]) -> tuple[str, ...]:
    """Return the accessors of the object that has no such member."""
    split, arrived = _last_object(target, type_, members)
    is_raw = split > 0 and members[split - 1] == RAW
    return tuple(accessors_of(arrived.name)) if arrived and not is_raw else ()


def _typed(target: Target, row: Accessor) -> ValueType:
    """Return the row's type with the names of its numbers."""
    if row.constants:
        return replace(row.type, symbols=symbols(row.constants, target.arch))
    if row.enum:
        found = target.btf.find(row.enum, Kind.ENUM, Kind.ENUM64)
        pairs = target.btf.enum_values(found) if found else ()
        names = ((number, name.removeprefix(row.prefix).lower()) for number, name in pairs if name.startswith(row.prefix))
        return replace(row.type, symbols=tuple(sorted(names)))
    return row.type
