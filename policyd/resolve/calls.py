"""Arguments as a call ends: as they were when it began, or what the call has made of what they point to.

In: a place at the end of calls, whose `entry` is where they begin.  Out: values.  `Fields` asks; numbers that a typed
program still has in its context are read there, everything else is kept by the program at the entry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from policyd.resolve.arguments import SyscallArguments
from policyd.resolve.place import Pointing
from policyd.resolve.problems import Wrong
from policyd.text import quote
from policyd.value import (
    Argument,
    Builtin,
    Constant,
    ContextLoad,
    Elapsed,
    ErrorCode,
    Fetched,
    PointedBytes,
    PointedString,
    Pointer,
    Saved,
    Through,
    UserLoad,
    Value,
    Walk,
    every_value,
)
from policyd.vocabulary.c_types import number_type
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.resolve.place import Place
    from policyd.value import Access, Base

NUMBER_COST, STRING_COST = 4, 16
_POINTER = number_type(8, False, "hex")


def is_argument(path: str) -> bool:
    """Tell whether a path is, or begins with, an argument."""
    return path.startswith(("args.", "args["))


@dataclass(frozen=True, slots=True)
class CallArguments:
    """The arguments and the result of calls, at the place where they end."""

    place: Place
    entry: Place

    def value(self, path: str) -> Value:
        """Return an argument as it was when the call began; the result as it is."""
        return self.saved(self.entry.arguments.value(path)) if is_argument(path) else self.place.arguments.value(path)

    def late(self, path: str) -> Value:
        """Return what is now where the argument `path` points to; `Wrong` for what points nowhere."""
        arguments = self.entry.arguments
        pointee = arguments.pointee(path) if isinstance(arguments, SyscallArguments) else None
        value = pointee or arguments.value(path)
        access = self._late(value, value.access)
        return replace(value, path=f"late({path})", access=access, can_be_absent=True, can_be_unread=True)

    def late_pointer(self, path: str) -> Value:
        """Return where an argument points to, whatever its type says, to be cast and read as the call ends."""
        value = self.entry.arguments.value(path)
        if isinstance(value.access, Argument | ContextLoad | UserLoad | Builtin):
            return replace(self.saved(value), path=f"late({path})")
        return self.late(path)

    def paths(self) -> tuple[str, ...]:
        """Return the arguments, then the result."""
        result = tuple(path for path in self.place.arguments.paths() if not is_argument(path))
        return tuple(path for path in self.entry.arguments.paths() if is_argument(path)) + result

    def group(self, path: str) -> tuple[str, ...] | None:
        arguments = self.entry.arguments if is_argument(path) else self.place.arguments
        return arguments.group(path) if isinstance(arguments, Pointing) else None

    def saved(self, value: Value) -> Value:
        """Return what `value`, one of the entry's, was as the call began."""
        if isinstance(value.access, Constant) or self._is_here(value.access):
            return value
        cost = NUMBER_COST if value.type.shape is Shape.NUMBER else STRING_COST
        saved = Saved(self.entry.point.key, value)
        return Value(value.path, value.type, saved, can_be_absent=True, can_be_unread=value.can_be_unread, cost=cost)

    def _is_here(self, access: Access) -> bool:
        """Whether the exit's own context still has it: typed programs get the arguments at both ends."""
        return isinstance(access, Argument) and self.place.point.kind == "fexit"

    def _late(self, value: Value, access: Access) -> Access:
        if isinstance(access, PointedString):
            pointer = access.pointer
            if isinstance(pointer, Walk):
                return replace(access, pointer=replace(pointer, base=self._base(value, pointer.base)))
            return replace(access, pointer=self._pointer(value, pointer))
        if isinstance(access, PointedBytes):
            return replace(access, pointer=self._pointer(value, access.pointer))
        if isinstance(access, UserLoad) and access.null and access.base:
            return replace(access, base=self._base(value, access.base))
        if isinstance(access, Walk | Through | Pointer | ErrorCode):
            return replace(access, base=self._base(value, access.base))
        if isinstance(access, ContextLoad | Argument) and value.type.kind == "hex" and access.size == 8:
            return self.saved(value).access  # an address, of which a cast or `bytes` tells what is there
        hint = f"{value.path} is what it was when the call began"
        raise Wrong("late-not-here", f"late({value.path}) is no more than {value.path}: it points to nothing", hint)

    def _pointer(self, value: Value, pointer: Base | UserLoad) -> Any:
        """Return a pointer: as it was when the call began, or where it lies now, in a structure of the process's."""
        if isinstance(pointer, UserLoad) and pointer.null and pointer.base:
            return replace(pointer, base=self._base(value, pointer.base))
        return self._base(value, pointer)

    def _base(self, value: Value, base: Base | UserLoad) -> Any:
        """Return the pointer as it was when the call began."""
        if isinstance(base, Argument | Fetched) and self.place.point.kind == "fexit":
            return base
        if isinstance(base, Argument | ContextLoad | UserLoad):
            pointer = Value(value.path, _POINTER, replace(base, signed=False), cost=NUMBER_COST)
            return Fetched(self.saved(pointer))
        raise Wrong("late-not-here", f"late({value.path}): what it points to is not known by an argument")


def elapsed(place: Place) -> Access:
    """Return how long the call took that ends at `place`."""
    assert place.entry is not None
    return Elapsed(place.entry.point.key)


def wants_entry(values: Iterable[Value]) -> bool:
    """Tell whether something of these values must be kept when the call begins."""
    return any(isinstance(value.access, Saved | Elapsed) for value in every_value(values))


def no_late(path: str, spelled: str) -> Wrong:
    """Return what is wrong with reading `path` late at a place that is not the end of a call."""
    hint = "hook the end: `phase: exit` or `phase: call`"
    return Wrong("late-not-here", f"late({quote(path)}) reads as a call ends, and {spelled} is no end", hint)
