"""Arguments and results in user space as values: by the calling convention, or as the notes of a USDT probe say.

Types are what the policy declares; nothing in the file tells them.  Numbers are read where they lie, `string`, `path` and
`bytesN` behind the pointer that lies there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.elf import InMemory, InRegister, Literal
from policyd.resolve.operands import declared_type
from policyd.resolve.problems import Missing, Wrong
from policyd.text import did_you_mean, one_of, quote
from policyd.value import Constant, ContextLoad, PointedBytes, PointedString, UserLoad, Value
from policyd.vocabulary.c_types import STRING_SIZE, number_type, string_type
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.elf import UsdtArgument, UsdtProbe
    from policyd.vocabulary.registers import Registers

_POSITION = re.compile(r"args\[(\d{1,3})\]")
_HEX = number_type(8, False, "hex")
_MEMORY_COST, _STRING_COST = 4, 16
_UNSIZED = frozenset({"string", "path"})
_NO_NAMES = frozenset({"enum", "flags", "symbol"})
"""Kinds whose meaning comes from the kernel: a program's own names are not known."""

MOST_UNDECLARED = 32
"""Arguments of a function that can be read without a declaration."""

Declared = tuple[tuple[str, ValueType], ...]
Load = ContextLoad | UserLoad | Constant


def declared(args: tuple[tuple[str, str], ...]) -> Declared:
    """Return the declared arguments with their types; `Wrong` for a type that a user-space value cannot have."""
    return tuple((name, user_type(type_)) for name, type_ in args)


def user_type(name: str) -> ValueType:
    """Return a declared type: strings of no declared size are as long as a rule has room for."""
    type_ = declared_type(name)
    if type_.kind in _NO_NAMES or type_.shape is Shape.ADDRESS:
        raise Wrong(
            "unknown-type", f"a value of a program cannot be declared {quote(name)}", "say u32, hex, string, bytes16…"
        )
    return string_type(STRING_SIZE, name) if name in _UNSIZED else type_


# ------------------------------------------------------------------------------------------------ functions


@dataclass(frozen=True, slots=True)
class FunctionArguments:
    """Arguments by the calling convention of the processor, as a function begins; its result as it returns."""

    registers: Registers
    types: Declared
    result: str
    at_return: bool

    def value(self, path: str) -> Value:
        if path == "ret":
            return self._result()
        if self.at_return:
            raise Wrong("unknown-field", f"a function's return has no {quote(path)}", "its result is `ret`")
        return _value(path, *self._argument(path))

    def paths(self) -> tuple[str, ...]:
        return ("ret",) if self.at_return else tuple(f"args.{name}" for name, _ in self.types)

    def _result(self) -> Value:
        if not self.at_return:
            raise Wrong("unknown-field", "a function has no result as it begins", "hook its end: phase: exit, or uretprobe")
        type_ = user_type(self.result) if self.result else _HEX
        return _value("ret", type_, ContextLoad(self.registers.result_offset, 8))

    def _argument(self, path: str) -> tuple[ValueType, ContextLoad | UserLoad]:
        index, type_ = _place_of(path, self.types, "declare it: args: {NAME: TYPE, …}, in the function's order")
        if index >= MOST_UNDECLARED:
            raise Wrong("unknown-field", f"a function with {index + 1} arguments is not likely: {quote(path)}")
        offset = self.registers.argument_offset(index)
        if offset is not None:
            return type_ or _HEX, ContextLoad(offset, 8)
        stack = ContextLoad(self.registers.offsets[self.registers.stack_pointer], 8)
        return type_ or _HEX, UserLoad(stack, self.registers.argument_on_stack(index), 8)


def _place_of(path: str, types: Declared, hint: str) -> tuple[int, ValueType | None]:
    """Return the position of an argument, and its type if that is declared; `Missing` for an unknown name."""
    position = _POSITION.fullmatch(path)
    if position:
        index = int(position[1])
        return index, types[index][1] if index < len(types) else None
    names = [f"args.{name}" for name, _ in types]
    if path in names:
        index = names.index(path)
        return index, types[index][1]
    first = path.partition("]")[0] + "]" if path.startswith("args[") else ".".join(path.split(".")[:2])
    if first in names or (first != path and _POSITION.fullmatch(first)):
        raise Wrong("unknown-field", f"{quote(path)}: members of a program's own structures are not known")
    raise Wrong("unknown-field", f"there is no argument {quote(path)}", did_you_mean(path, names) or hint)


# ------------------------------------------------------------------------------------------------ USDT


@dataclass(frozen=True, slots=True)
class UsdtArguments:
    """Arguments of a USDT probe, as its note tells where they are; without a declaration they are numbers."""

    registers: Registers
    probe: UsdtProbe
    types: Declared

    def value(self, path: str) -> Value:
        if path == "ret":
            raise Wrong("unknown-field", "a probe has no result", f"it has {self._known()}")
        index, type_ = _place_of(path, self.types, f"{self.probe.key} has {self._known()}")
        if index >= len(self.probe.arguments):
            count = len(self.probe.arguments)
            raise Missing("unknown-field", f"the probe {self.probe.key} has {count} arguments: there is no {quote(path)}")
        argument = self.probe.arguments[index]
        return _value(path, type_ or number_type(argument.size, argument.signed), self._load(path, argument))

    def paths(self) -> tuple[str, ...]:
        if self.types:
            return tuple(f"args.{name}" for name, _ in self.types)
        return tuple(f"args[{index}]" for index, one in enumerate(self.probe.arguments) if one.place is not None)

    def _known(self) -> str:
        count = len(self.probe.arguments)
        return one_of([f"args[{index}]" for index in range(count)]) if count else "no arguments"

    def _load(self, path: str, argument: UsdtArgument) -> Load:
        place = argument.place
        if place is None:
            message = f"{quote(path)} of the probe {self.probe.key} cannot be read: it is at {quote(argument.text)}"
            raise Missing("unreadable-field", message)
        if isinstance(place, Literal):
            return Constant(place.number)
        if isinstance(place, InRegister):
            return ContextLoad(self.registers.offsets[place.register] + place.skip, argument.size, argument.signed)
        assert isinstance(place, InMemory)
        base, index = (self._register(name) for name in (place.register, place.index))
        return UserLoad(base, place.offset, argument.size, argument.signed, index, place.scale)

    def _register(self, name: str) -> ContextLoad | None:
        return ContextLoad(self.registers.offsets[name], 8) if name else None


# ------------------------------------------------------------------------------------------------ values


def _value(path: str, type_: ValueType, load: Load) -> Value:
    """Return a number where it lies, a string or bytes behind the pointer that lies there."""
    if type_.shape is Shape.NUMBER:
        return _number(path, type_, load)
    if isinstance(load, Constant) or load.size != 8:
        raise Missing(
            "unreadable-field", f"{quote(path)} is no pointer there: it cannot be {type_.kind}", "declare a number"
        )
    access = PointedString(load, "user") if type_.shape is Shape.STRING else PointedBytes(load)
    return Value(path, type_, access, can_be_absent=True, can_be_unread=True, cost=_STRING_COST)


def _number(path: str, type_: ValueType, load: Load) -> Value:
    if isinstance(load, Constant):
        return Value(path, type_, load, cost=0)
    size, signed = min(load.size, type_.size), load.signed if load.size < type_.size else type_.signed
    if isinstance(load, ContextLoad):
        return Value(path, type_, ContextLoad(load.offset, size, signed))
    memory = UserLoad(load.base, load.offset, size, signed, load.index, load.scale)
    return Value(path, type_, memory, can_be_unread=True, cost=_MEMORY_COST)
