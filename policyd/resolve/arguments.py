"""The arguments of system calls, tracepoints and raw tracepoints as values: where each is, and what type it has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.errors import TargetError
from policyd.resolve.problems import Missing, Wrong, from_target
from policyd.resolve.user_objects import user_member
from policyd.text import did_you_mean, one_of, quote
from policyd.value import ContextLoad, DataLocation, PointedString, Value
from policyd.vocabulary.c_types import STRING_SIZE, is_string_pointer, string_type
from policyd.vocabulary.syscalls import FIRST_ARGUMENT, RESULT, Syscall, SyscallArgument
from policyd.walk import split_path

if TYPE_CHECKING:
    from policyd.resolve.place import Phase
    from policyd.target import Target
    from policyd.tracepoint import Field, TracepointFormat

_POSITION = re.compile(r"args\[(\d{1,3})\]")
STRING_COST = 16
CONTEXT_COST = 1
WALK_COST = 4


# ------------------------------------------------------------------------------------------------ system calls


@dataclass(frozen=True, slots=True)
class SyscallArguments:
    """Arguments of one system call, or of several at one attach point, where what is read must be the same in all.

    `both`: 32-bit callers count too, who pass them in another way.  `target` has the types of what arguments point to.
    """

    calls: tuple[Syscall, ...]
    phase: Phase
    both: bool = False
    target: Target | None = None

    def value(self, path: str) -> Value:
        if self.phase == "exit":
            return self._result(path)
        if path == "ret":
            raise Wrong("unknown-field", "a system call has no result as it begins", "hook its end: phase: exit")
        if self.both:
            message = f"{path} of 32-bit callers is not that of others, and so many system calls are not told apart"
            raise Wrong("arguments-differ", message, "hook at most 32 in a rule")
        name, members = _name_and_members(path)
        found = [self.argument(call, name) for call in self.calls]
        for call, argument in zip(self.calls, found, strict=True):
            if (argument.offset, argument.type) != (found[0].offset, found[0].type):
                raise Wrong(
                    "arguments-differ",
                    f"{name} of {call.name} is not that of {self.calls[0].name}: {argument.c_type}, {found[0].c_type}",
                    "hook them by rules of their own",
                )
        if members and self.target is not None:
            load = ContextLoad(found[0].offset, 8)
            return user_member(self.target, load, found[0].c_type, members, path)
        return _syscall_value(path, found[0])

    def pointee(self, path: str) -> Value | None:
        """Return the text that an argument points to that is shown as an address: a buffer that calls fill in, or send."""
        name, members = _name_and_members(path)
        argument = self.argument(self.calls[0], name)
        if members or argument.space or not is_string_pointer(argument.c_type):
            return None
        text = PointedString(ContextLoad(argument.offset, 8), "user")
        return Value(path, string_type(STRING_SIZE), text, can_be_absent=True, can_be_unread=True, cost=STRING_COST)

    def paths(self) -> tuple[str, ...]:
        if self.phase == "exit":
            return ("ret",)
        if len(self.calls) != 1:
            return ()
        return tuple(f"args.{argument.name}" for argument in self.calls[0].arguments)

    @staticmethod
    def _result(path: str) -> Value:
        if path != "ret":
            raise Wrong("unknown-field", f"a system call's end has no {quote(path)}", "its result is `ret`, a number")
        return Value(path, RESULT, ContextLoad(FIRST_ARGUMENT, 8, signed=True), cost=CONTEXT_COST)

    @staticmethod
    def argument(call: Syscall, path: str) -> SyscallArgument:
        """Return the argument that `path` names or numbers; `Missing` with near misses."""
        position = _POSITION.fullmatch(path)
        if position and int(position[1]) < len(call.arguments):
            return call.arguments[int(position[1])]
        found = call.argument(path.removeprefix("args."))
        if found is None:
            names = [f"args.{argument.name}" for argument in call.arguments]
            hint = did_you_mean(path, names) or (f"it has {one_of(names)}" if names else "it has none")
            raise Missing("unknown-field", f"the system call {call.name} has no argument {quote(path)}", hint)
        return found


def _name_and_members(path: str) -> tuple[str, list[str]]:
    """Return the argument that a path begins with, `args.NAME` or `args[0]`, and the members that follow."""
    first, *rest = split_path(path)
    return (f"{first}.{rest[0]}", rest[1:]) if first == "args" and rest else (first, rest)


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
