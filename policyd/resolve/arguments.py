"""The arguments of system calls, tracepoints and raw tracepoints as values: where each is, and what type it has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.errors import TargetError
from policyd.resolve.problems import Missing, Wrong
from policyd.text import did_you_mean, one_of, quote
from policyd.value import Argument, ContextLoad, DataLocation, PointedString, Value, Walk
from policyd.vocabulary.syscalls import FIRST_ARGUMENT, RESULT, Syscall, SyscallArgument
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from policyd.resolve.place import Phase
    from policyd.target import Parameter, Target
    from policyd.tracepoint import Field, TracepointFormat

_POSITION = re.compile(r"args\[(\d{1,3})\]")
STRING_COST = 16
CONTEXT_COST = 1
WALK_COST = 4


def from_target(error: TargetError, prefix: str = "args.") -> Missing:
    """Return a target's complaint as a problem of the policy, with the nearest names."""
    word = re.split(r"[ .]", str(error))[-1]
    names = [prefix + name for name in error.candidates]
    hint = did_you_mean(prefix + word, names) or (f"there are {one_of(names)}" if names else "")
    return Missing("unknown-field", str(error), hint)


# ------------------------------------------------------------------------------------------------ system calls


@dataclass(frozen=True, slots=True)
class SyscallArguments:
    """Arguments of one system call, or of several at one attach point, where what is read must be the same in all."""

    calls: tuple[Syscall, ...]
    phase: Phase

    def value(self, path: str) -> Value:
        if self.phase == "exit":
            return self._result(path)
        if path == "ret":
            raise Wrong("unknown-field", "a system call has no result as it begins", "hook its end: phase: exit")
        found = [self._argument(call, path) for call in self.calls]
        for call, argument in zip(self.calls, found, strict=True):
            if (argument.offset, argument.type) != (found[0].offset, found[0].type):
                raise Wrong(
                    "arguments-differ",
                    f"{path} of {call.name} is not that of {self.calls[0].name}: {argument.c_type}, {found[0].c_type}",
                    "hook them by rules of their own",
                )
        return _syscall_value(path, found[0])

    def paths(self) -> tuple[str, ...]:
        if self.phase == "exit":
            return ("ret",)
        if len(self.calls) != 1:
            return ()
        return tuple(f"args.{argument.name}" for argument in self.calls[0].arguments)

    @staticmethod
    def _result(path: str) -> Value:
        if path != "ret":
            message = "arguments at the end of a system call are not supported yet"
            raise Wrong("not-yet", message, "hook its begin: phase: enter")
        return Value(path, RESULT, ContextLoad(FIRST_ARGUMENT, 8, signed=True), cost=CONTEXT_COST)

    @staticmethod
    def _argument(call: Syscall, path: str) -> SyscallArgument:
        position = _POSITION.fullmatch(path)
        if position and int(position[1]) < len(call.arguments):
            return call.arguments[int(position[1])]
        found = call.argument(path.removeprefix("args."))
        if found is None:
            names = [f"args.{argument.name}" for argument in call.arguments]
            hint = did_you_mean(path, names) or (f"it has {one_of(names)}" if names else "it has none")
            raise Missing("unknown-field", f"the system call {call.name} has no argument {quote(path)}", hint)
        return found


def _syscall_value(path: str, argument: SyscallArgument) -> Value:
    if not argument.space:
        load = ContextLoad(argument.offset, argument.size, argument.signed)
        return Value(path, argument.type, load, cost=CONTEXT_COST)
    pointer = PointedString(ContextLoad(argument.offset, 8), argument.space)
    return Value(path, argument.type, pointer, can_be_absent=True, can_be_unread=True, cost=STRING_COST)


# ------------------------------------------------------------------------------------------------ tracepoints


@dataclass(frozen=True, slots=True)
class TracepointArguments:
    """The fields of a tracepoint's record."""

    format: TracepointFormat

    def value(self, path: str) -> Value:
        field = self._field(path)
        if field.type is None:
            raise Missing("unreadable-field", f"{path} of tracepoint {self.format.name} cannot be read: {field.why}")
        if field.space:
            pointer = PointedString(ContextLoad(field.offset, 8), field.space)
            return Value(path, field.type, pointer, can_be_absent=True, can_be_unread=True, cost=STRING_COST)
        if field.located:
            return Value(path, field.type, DataLocation(field.offset), cost=STRING_COST)
        return Value(path, field.type, ContextLoad(field.offset, field.size, field.signed), cost=CONTEXT_COST)

    def paths(self) -> tuple[str, ...]:
        return tuple(f"args.{field.name}" for field in self._own() if field.type is not None)

    def _own(self) -> list[Field]:
        return [field for field in self.format.fields if not field.common]

    def _field(self, path: str) -> Field:
        if path == "ret":
            raise Missing("unknown-field", f"a tracepoint has no result; the fields of {self.format.name} are args.NAME")
        position = _POSITION.fullmatch(path)
        if position and int(position[1]) < len(self._own()):
            return self._own()[int(position[1])]
        try:
            return self.format.field(path.removeprefix("args."))
        except TargetError as error:
            raise from_target(error) from error


# ------------------------------------------------------------------------------------------------ raw tracepoints


@dataclass(frozen=True, slots=True)
class RawArguments:
    """The arguments of a raw tracepoint, and the members of the kernel objects that they point to."""

    target: Target
    event: str

    def value(self, path: str) -> Value:
        try:
            return self._value(path)
        except TargetError as error:
            raise from_target(error) from error

    def paths(self) -> tuple[str, ...]:
        parameters = self.target.raw_tracepoint(self.event).args
        return tuple(f"args.{parameter.name}" for parameter in parameters if parameter.value is not None)

    def _value(self, path: str) -> Value:
        first, *members = path.split(".") if path.startswith("args[") else path.split(".")[1:] or [""]
        if not first:
            raise Missing("unknown-field", "a tracepoint has no result: name one of its arguments, args.NAME")
        index, parameter = self._parameter(first)
        argument = Argument(index, parameter.size, parameter.signed)
        if members:
            return self._walk(path, Argument(index), parameter, members)
        if parameter.value is None:
            raise Missing("unreadable-field", f"{path} is {parameter.c_type}, which is not a number or a string")
        if parameter.space:
            pointer = PointedString(Argument(index), "kernel")
            return Value(path, parameter.value, pointer, can_be_absent=True, can_be_unread=True, cost=STRING_COST)
        return Value(path, parameter.value, argument, cost=CONTEXT_COST)

    def _parameter(self, name: str) -> tuple[int, Parameter]:
        prototype = self.target.raw_tracepoint(self.event)
        position = _POSITION.fullmatch(name)
        if position and int(position[1]) < len(prototype.args):
            return int(position[1]), prototype.args[int(position[1])]
        return prototype.parameter(name)

    def _walk(self, path: str, base: Argument, parameter: Parameter, members: list[str]) -> Value:
        walked = self.target.walk(parameter.type, members)
        walk = Walk(base, walked.steps)
        access = PointedString(walk, "kernel") if walked.string else walk
        cost = STRING_COST if walked.type.shape is Shape.STRING else WALK_COST
        return Value(path, walked.type, access, True, True, cost, walked.big_endian)
