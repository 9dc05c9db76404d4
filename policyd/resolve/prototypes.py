"""Arguments and results by the kernel's types: those of raw tracepoints, typed programs (fentry, LSM…) and probes.

In: a `Prototype` of the target and where its values are (`Carried`): in a context of 8 bytes each, or in registers.  Out:
`Value`s for `args.NAME`, `args[0]`, members behind them, and `ret`.  `traces.py` and `functions.py` make these for places.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from policyd.errors import TargetError
from policyd.resolve.accessors import pointed, record
from policyd.resolve.problems import Missing, Wrong, from_target
from policyd.text import quote
from policyd.value import Argument, ContextLoad, ErrorCode, PointedString, Pointer, Value
from policyd.vocabulary.c_types import number_type
from policyd.vocabulary.types import Shape, ValueType
from policyd.walk import split_path

if TYPE_CHECKING:
    from policyd.functions import Parameter, Prototype
    from policyd.target import Target
    from policyd.vocabulary.registers import Registers

POSITION = re.compile(r"args\[(\d{1,3})\]")
STRING_COST = 16
CONTEXT_COST = 1

_ERRNO = ValueType("errno", Shape.NUMBER, 4, True)
_HEX = number_type(8, False, "hex")


class Carried(Protocol):
    """Where a program finds the arguments of a function."""

    def argument(self, slot: int, size: int, signed: bool) -> Argument | ContextLoad:
        """Return how the argument in `slot` is loaded; `Missing` if it cannot be got."""

    def result(self, slot: int, size: int, signed: bool) -> Argument | ContextLoad:
        """Return how the result is loaded, of a function whose arguments take `slot` slots."""


class InContext:
    """A context of 8 bytes each: raw tracepoints, fentry, fexit, fmod_ret, LSM; the result comes after the arguments."""

    def argument(self, slot: int, size: int, signed: bool) -> Argument:
        return Argument(slot, size, signed)

    def result(self, slot: int, size: int, signed: bool) -> Argument:
        return Argument(slot, size, signed)


@dataclass(frozen=True, slots=True)
class InRegisters:
    """The registers of a probe: the first arguments as the function begins, the result as it ends."""

    registers: Registers

    def argument(self, slot: int, size: int, signed: bool) -> ContextLoad:
        offset = self.registers.argument_offset(slot)
        if offset is None:
            count = len(self.registers.arguments)
            message = f"only {count} arguments of a function are in registers, and a kprobe sees no others"
            raise Missing("unreadable-field", message, "fentry reads more of them, where the kernel has it")
        return ContextLoad(offset, size, signed)

    def result(self, _slot: int, size: int, signed: bool) -> ContextLoad:
        return ContextLoad(self.registers.result_offset, size, signed)


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a place has no `args`, or no `ret`, and what to do; `here`: another kernel might have them."""

    message: str
    hint: str = ""
    here: bool = False

    def problem(self) -> Missing:
        return (Missing if self.here else Wrong)("unknown-field", self.message, self.hint)


@dataclass(frozen=True, slots=True)
class PrototypeArguments:
    """The arguments and the result of one prototype, as far as the place has them (`no_arguments`, `no_result`)."""

    target: Target
    prototype: Prototype
    carried: Carried
    no_arguments: Lack | None = None
    no_result: Lack | None = None

    def value(self, path: str) -> Value:
        try:
            return self._value(path)
        except TargetError as error:
            raise from_target(error) from error

    def paths(self) -> tuple[str, ...]:
        result = self.prototype.result
        args = () if self.no_arguments else tuple(f"args.{one.name}" for one in self.prototype.args if self._readable(one))
        return args + (("ret",) if result is not None and result.value is not None and not self.no_result else ())

    def group(self, path: str) -> tuple[str, ...] | None:
        """Return what an event shows of the object that `path` names; None where it is a plain value."""
        try:
            parameter, members = self._parameter(split_path(path))
        except (Missing, TargetError):
            return None
        found = record(self.target, parameter.type, members)
        before = path if not members else path.removesuffix("." + ".".join(members))
        return found and tuple(f"{before}.{name}" for name in found)

    def parameter(self, path: str) -> Parameter:
        """Return the argument (or the result) that a path begins with; `Missing` or `TargetError` if there is none."""
        return self._parameter(split_path(path))[0]

    def _readable(self, parameter: Parameter) -> bool:
        try:
            return self._plain("args", parameter, is_result=False) is not None
        except Missing:
            return False

    def _value(self, path: str) -> Value:
        parameter, members = self._parameter(split_path(path))
        is_result = parameter is self.prototype.result
        if members == ["errno"] and is_result:
            return Value(path, _ERRNO, ErrorCode(self._load(parameter, is_result=True)), can_be_absent=True)
        if members:
            base = self._load(replace(parameter, size=8, signed=False), is_result=is_result)
            return pointed(self.target, base, parameter.type, members, path)
        return self._plain(path, parameter, is_result=is_result)

    def _parameter(self, parts: list[str]) -> tuple[Parameter, list[str]]:
        """Return what the first parts of a path name, and the members that follow."""
        first, *members = parts
        if first == "ret":
            return self._result(), members
        if self.no_arguments:
            raise self.no_arguments.problem()
        position = POSITION.fullmatch(first)
        if position and int(position[1]) < len(self.prototype.args):
            return self.prototype.args[int(position[1])], members
        if position is None and not members:
            raise Missing("unknown-field", f"{quote(first)} names no argument", "one is args.NAME, or args[0]")
        name = first if position else parts[1]
        return self.prototype.parameter(name)[1], members if position else parts[2:]

    def _result(self) -> Parameter:
        if self.no_result:
            raise self.no_result.problem()
        if self.prototype.result is None:
            raise Missing("unknown-field", f"{self.prototype.kind} {self.prototype.name} returns nothing")
        return self.prototype.result

    def _plain(self, path: str, parameter: Parameter, *, is_result: bool) -> Value:
        """Return the argument itself: a number, an address, or the text that it points to."""
        if parameter.value is None:
            raise Missing("unreadable-field", f"{path} is {parameter.c_type}, which is not a number or a string")
        access = self._load(parameter, is_result=is_result)
        if parameter.space:
            text = PointedString(access, parameter.space)
            return Value(path, parameter.value, text, can_be_absent=True, can_be_unread=True, cost=STRING_COST)
        if is_result and parameter.is_pointer:
            return Value(path, parameter.value, Pointer(access), can_be_absent=True, cost=CONTEXT_COST)
        return Value(path, parameter.value, access, cost=CONTEXT_COST)

    def _load(self, parameter: Parameter, *, is_result: bool) -> Argument | ContextLoad:
        load = self.carried.result if is_result else self.carried.argument
        return load(parameter.slot, parameter.size, parameter.signed)


@dataclass(frozen=True, slots=True)
class UntypedArguments:
    """The arguments of a function that the kernel has no types of: `args[0]` and so on, and `ret`, as bare numbers."""

    function: str
    carried: Carried
    no_arguments: Lack | None = None
    no_result: Lack | None = None

    def value(self, path: str) -> Value:
        position = POSITION.fullmatch(path)
        if path == "ret":
            if self.no_result:
                raise self.no_result.problem()
            return Value(path, _HEX, self.carried.result(0, 8, signed=False), cost=CONTEXT_COST)
        if self.no_arguments:
            raise self.no_arguments.problem()
        if position is None:
            message = f"the kernel has no types of the function {self.function}: its arguments have no names"
            raise Missing("unknown-field", message, "args[0], args[1]… are bare numbers")
        return Value(path, _HEX, self.carried.argument(int(position[1]), 8, signed=False), cost=CONTEXT_COST)

    def paths(self) -> tuple[str, ...]:
        return ()

    def group(self, _path: str) -> None:
        return None


FunctionArguments = PrototypeArguments | UntypedArguments


@dataclass(frozen=True, slots=True)
class AlikeArguments:
    """Arguments of several functions at one attach point: what is read must be the same in all of them."""

    each: tuple[tuple[str, FunctionArguments], ...]

    def value(self, path: str) -> Value:
        first_name, first = self.each[0]
        found = first.value(path)
        for name, arguments in self.each[1:]:
            if self._differs(path, first, arguments, found):
                kinds = f"{_spelled(arguments, path)} in {name} and {_spelled(first, path)} in {first_name}"
                raise Wrong("arguments-differ", f"{path} is {kinds}", "hook them by rules of their own")
        return found

    def paths(self) -> tuple[str, ...]:
        """Return what all have: a group leaves out what only some of them have."""
        return tuple(path for path in self.each[0][1].paths() if self._has(path))

    def group(self, path: str) -> tuple[str, ...] | None:
        found = self.each[0][1].group(path)
        return found and tuple(one for one in found if self._has(one))

    def _has(self, path: str) -> bool:
        try:
            self.value(path)
        except Missing:
            return False
        return True

    @staticmethod
    def _differs(path: str, first: FunctionArguments, other: FunctionArguments, found: Value) -> bool:
        """Compare by the declared type where both have one: the same walk from the same type leads to the same value."""
        if isinstance(first, PrototypeArguments) and isinstance(other, PrototypeArguments):
            mine, others = first.parameter(path), other.parameter(path)
            return (mine.c_type, mine.slot) != (others.c_type, others.slot) and other.value(path) != found
        return other.value(path) != found


@dataclass(frozen=True, slots=True)
class LikeFirst:
    """Arguments of one of several functions that a hook names, each at its own place: types are those of the first."""

    name: str
    own: FunctionArguments
    first_name: str
    first: FunctionArguments

    def value(self, path: str) -> Value:
        found = self.own.value(path)
        if self.first.value(path).type != found.type:
            kinds = f"{_spelled(self.own, path)} in {self.name} and {_spelled(self.first, path)} in {self.first_name}"
            raise Wrong("arguments-differ", f"{path} is {kinds}", "hook them by rules of their own")
        return found

    def paths(self) -> tuple[str, ...]:
        return tuple(path for path in self.own.paths() if self._has(path))

    def group(self, path: str) -> tuple[str, ...] | None:
        found = self.own.group(path)
        return found and tuple(one for one in found if self._has(one))

    def _has(self, path: str) -> bool:
        try:
            self.value(path)
        except Missing:
            return False
        return True


def _spelled(arguments: FunctionArguments, path: str) -> str:
    if isinstance(arguments, PrototypeArguments):
        found = arguments.parameter(path)
        return f"{found.c_type} (argument {found.slot})" if path != "ret" else found.c_type
    return "a bare number"


NOT_YET_ENDED = Lack("a function has no result as it begins", "hook its end: phase: exit")


def raw_arguments(target: Target, event: str) -> PrototypeArguments:
    """Return the arguments of a raw tracepoint, and the members of the kernel objects that they point to."""
    no_result = Lack("a tracepoint has no result: name one of its arguments, args.NAME")
    return PrototypeArguments(target, target.raw_tracepoint(event), InContext(), no_result=no_result)
