"""Functions of the kernel as programs see them: who has which arguments, and which of them the kernel lets be probed.

In: the kernel's types (BTF), and lists that it shows of its functions.  Out: `Prototype`s, for `target.py`, which hands them
to `resolve` and `explain`; names near a wrong one.  Nothing here knows about policies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from policyd.errors import TargetError
from policyd.kernel.bpf.btf_format import BtfType, Kind
from policyd.vocabulary.arguments import function_argument_type
from policyd.vocabulary.syscalls import RESULT
from policyd.walk import value_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.kernel.bpf.btf import Btf
    from policyd.tracepoint import Space
    from policyd.vocabulary.types import ValueType

LSM_PREFIX = "bpf_lsm_"
"""What the function of an LSM hook is called: programs are loaded for it (include/linux/bpf_lsm.h)."""

_NULLABLE = "__nullable"
"""At the end of a parameter's name it tells the verifier that the pointer can be NULL (kernel commit 8aeaed21befc)."""

_CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class FunctionLists:
    """What the kernel tells of its functions; None: it does not tell, here.

    `traceable` can be traced through ftrace (available_filter_functions), `injectable` take another's word for their result
    (the error injection list).
    """

    traceable: frozenset[str] | None = None
    injectable: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function or a raw tracepoint, or its result.

    `slot` counts 8 bytes each: in the context of a typed program, or in registers.  `size` is in bytes, `value` what a rule
    can compare (None: a struct passed by value); `space` is set for a pointer to a string, whose type `value` then is: whose
    memory it leads to.  A pointer to a struct can be walked: `Target.walk(parameter.type, …)`.
    """

    name: str
    type: BtfType
    c_type: str
    size: int
    signed: bool
    value: ValueType | None
    space: Space = ""
    slot: int = 0
    is_pointer: bool = False


@dataclass(frozen=True, slots=True)
class Prototype:
    """The arguments of a function or a raw tracepoint, in order, and the result (None: there is none).

    `slots` is how many times 8 bytes the arguments take; `variadic`: there can be more of them.
    """

    name: str
    args: tuple[Parameter, ...]
    result: Parameter | None = None
    slots: int = 0
    variadic: bool = False
    kind: Literal["raw tracepoint", "function", "kind of objects"] = "raw tracepoint"

    def parameter(self, name: str) -> tuple[int, Parameter]:
        """Return the index and the parameter of this name; `TargetError` lists the names."""
        for index, parameter in enumerate(self.args):
            if parameter.name == name:
                return index, parameter
        names = tuple(parameter.name for parameter in self.args)
        raise TargetError(f"{self.kind} {self.name} has no argument {name}", names)

    @property
    def by_value(self) -> bool:
        """Whether some argument is a struct that is longer than what two registers hold: it is handed over in memory."""
        return any(parameter.size > 16 for parameter in self.args)


class Functions:
    """The functions that a kernel has types of."""

    def __init__(self, btf: Btf, arch: str) -> None:
        self._btf, self._arch = btf, arch
        self._known: dict[str, Prototype] = {}
        self._prefixed: dict[str, tuple[str, ...]] = {}

    def names(self) -> tuple[str, ...]:
        """Return the names of all functions, sorted."""
        return tuple(sorted(self._btf.functions()))

    def with_prefix(self, prefix: str) -> tuple[str, ...]:
        """Return what follows `prefix` in the names of functions that begin with it, sorted."""
        if prefix not in self._prefixed:
            found = (name.removeprefix(prefix) for name in self._btf.functions() if name.startswith(prefix))
            self._prefixed[prefix] = tuple(sorted(found))
        return self._prefixed[prefix]

    def prototype(self, name: str) -> Prototype | None:
        """Return the arguments and the result of a function; None if there are no types of it."""
        if name not in self._known:
            function = self._btf.find(name, Kind.FUNCTION)
            if function is None:
                return None
            self._known[name] = self._function(name, function)
        return self._known[name]

    def near(self, name: str, among: Iterable[str] = ()) -> tuple[str, ...]:
        """Return names that `name` may have meant, of functions with types and `among`; the likeliest first."""
        words = [word for word in name.split("_") if len(word) > 2] or [name]
        every = {*self._btf.functions(), *among}
        alike = [(_agreement(name, other, words), other) for other in every if any(word in other for word in words)]
        return tuple(other for _, other in sorted(alike, key=lambda pair: (-pair[0], pair[1]))[:_CANDIDATES])

    # -- prototypes -----------------------------------------------------------------------------------------

    def _function(self, name: str, function: BtfType) -> Prototype:
        given = self._btf.parameters(function)
        variadic = bool(given) and given[-1].type_id == 0
        given = given[:-1] if variadic else given
        names = [found.name.removesuffix(_NULLABLE) or f"arg{index}" for index, found in enumerate(given)]
        types = [self._btf.type(found.type_id) for found in given]
        args, slot = [], 0
        for each, type_ in zip(names, types, strict=True):
            args.append(replace(self._meant(name, self._argument(each, type_)), slot=slot))
            slot += max(1, -(-args[-1].size // 8))
        return Prototype(name, tuple(args), self._result(function, slot), slot, variadic, "function")

    def _result(self, function: BtfType, slot: int) -> Parameter | None:
        """Return the result: plain signed numbers are what a system call's are, below zero an errno."""
        type_ = self._btf.target(self._btf.target(function))
        if self._btf.resolve(type_).kind is Kind.VOID:
            return None
        found = replace(self._argument("ret", type_), slot=slot)
        if found.value and found.value.kind in {"s32", "s64"}:
            return replace(found, value=replace(RESULT, size=found.size))
        return found

    def raw_tracepoint(self, event: str) -> Prototype | None:
        """Return a raw tracepoint's arguments; None if there is none of that name."""
        typedef = self._btf.find(f"btf_trace_{event}", Kind.TYPEDEF) if event.isidentifier() else None
        if typedef is None:
            return None
        # btf_trace_EVENT is a pointer to a prototype without names; the function __traceiter_EVENT has the same with names
        function = self._btf.find(f"__traceiter_{event}", Kind.FUNCTION)
        prototype = self._btf.target(self._btf.resolve(typedef))
        parameters = self._btf.parameters(prototype)[1:]  # the first is the tracepoint's private data
        named = self._btf.parameters(function)[1:] if function else ()
        names = [parameter.name for parameter in named] if len(named) == len(parameters) else []
        names += [f"arg{index}" for index in range(len(names), len(parameters))]
        types = [self._btf.type(parameter.type_id) for parameter in parameters]
        found = [self._meant(event, self.parameter(*pair)) for pair in zip(names, types, strict=True)]
        args = [replace(one, slot=slot) for slot, one in enumerate(found)]
        return Prototype(event, tuple(args), slots=len(args))

    def _meant(self, function: str, parameter: Parameter) -> Parameter:
        """Return a parameter with what its number means there, where the vocabulary knows it."""
        if parameter.value is None:
            return parameter
        return replace(parameter, value=function_argument_type(function, parameter.name, parameter.value, self._arch))

    def _argument(self, name: str, type_: BtfType) -> Parameter:
        """Return a function's parameter: only Clang tells pointers to user memory, so that else the address must."""
        found = self.parameter(name, type_)
        if not found.space:
            return found
        pointed = self._btf.target(self._btf.resolve(type_))
        return replace(found, space="user" if (pointed.kind, pointed.name) == (Kind.TYPE_TAG, "user") else "either")

    def parameter(self, name: str, type_: BtfType) -> Parameter:
        """Return a value of a type under a name, in the first slot."""
        resolved = self._btf.resolve(type_)
        value = value_type(self._btf, type_, self._arch)
        space: Space = "kernel" if value and value.kind == "string" else ""
        is_pointer = resolved.kind is Kind.POINTER
        size, signed = self._btf.size_of(type_), resolved.signed and not is_pointer
        return Parameter(name, type_, self._btf.spell(type_), size, signed, value, space, is_pointer=is_pointer)


def _agreement(name: str, other: str, words: list[str]) -> float:
    """Rate how alike two names are, cheaply: words that they share, a common beginning, a length about the same."""
    shared = sum(len(word) for word in words if word in other)
    start = next((index for index, pair in enumerate(zip(name, other, strict=False)) if pair[0] != pair[1]), len(name))
    return shared + start - abs(len(name) - len(other)) / 2
