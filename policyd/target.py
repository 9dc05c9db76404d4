"""What code is generated for: a kernel's types, tracepoints, system calls and features.

`Target.running()` asks the running kernel, lazily: BTF needs no privilege, tracepoint formats need tracefs, system calls
come from the shipped table where tracefs cannot be read.  `Target.load(path)` reads a saved profile, so that policies can be
checked, rendered and compiled for another kernel, without root.  `resolve`, `codegen`, `explain` and `doctor` call it.
A name that is not there raises `TargetError` with the names that are; what cannot be known here raises `UnsupportedError`.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from policyd.errors import TargetError, UnsupportedError, UsageError
from policyd.kernel.bpf.btf import Btf
from policyd.kernel.bpf.btf_format import BtfType, Kind
from policyd.profile import Profile, read_profile, write_profile
from policyd.tracefs import Formats, RunningFormats, SavedFormats, parse_format
from policyd.tracepoint import Field, Space, TracepointFormat, Typing, typed_format
from policyd.vocabulary.c_types import number_type
from policyd.vocabulary.constants import ARCHITECTURES
from policyd.vocabulary.syscalls import RESULT, Syscall, SyscallArgument, syscall_arguments, syscalls
from policyd.walk import Walked, value_type, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from policyd.vocabulary.types import ValueType

_ENTER, _EXIT = "syscalls/sys_enter_", "syscalls/sys_exit_"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a raw tracepoint.

    `size` is in bytes, `value` what a rule can compare (None: a struct passed by value); `space` is `kernel` for a pointer
    to a string, whose type `value` then is.  A pointer to a struct can be walked: `Target.walk(parameter.type, …)`.
    """

    name: str
    type: BtfType
    c_type: str
    size: int
    signed: bool
    value: ValueType | None
    space: Space = ""


@dataclass(frozen=True, slots=True)
class Prototype:
    """A raw tracepoint's arguments, in order: argument n is the u64 at 8·n of the context."""

    name: str
    args: tuple[Parameter, ...]

    def parameter(self, name: str) -> tuple[int, Parameter]:
        """Return the index and the parameter of this name; `TargetError` lists the names."""
        for index, parameter in enumerate(self.args):
            if parameter.name == name:
                return index, parameter
        names = tuple(parameter.name for parameter in self.args)
        raise TargetError(f"raw tracepoint {self.name} has no argument {name}", names)


@dataclass
class Target:
    """One kernel.  `features` are what trying found (`kernel/features.py`), by name; empty if nobody tried."""

    arch: str
    release: str
    source: str  # `the running kernel` or the profile's path, for messages
    formats: Formats
    make_btf: Callable[[], Btf]
    features: Mapping[str, bool | str] = field(default_factory=dict)
    _tracepoints: dict[str, TracepointFormat] = field(default_factory=dict, repr=False)
    _prototypes: dict[str, Prototype] = field(default_factory=dict, repr=False)

    # -- where targets come from ----------------------------------------------------------------------------

    @classmethod
    def running(cls, features: Mapping[str, bool | str] | None = None) -> Target:
        """Return the running kernel; `UnsupportedError` for an architecture that policyd does not know."""
        system = os.uname()
        if system.machine not in ARCHITECTURES:
            raise UnsupportedError(f"the architecture {system.machine}", instead=f"policyd knows {', '.join(ARCHITECTURES)}")
        return cls(system.machine, system.release, "the running kernel", RunningFormats(), _running_btf, features or {})

    @classmethod
    def default(cls) -> Target:
        """Return the target of commands that were told none: what is missing here is an error only when it is used."""
        return cls.running()

    @classmethod
    def load(cls, path: Path) -> Target:
        """Return a saved target; `UsageError` for a file that is no profile or a broken one."""
        profile = read_profile(path)
        return cls(
            profile.arch,
            profile.release,
            str(path),
            SavedFormats(profile.formats),
            lambda: _saved_btf(path, profile.btf),
            profile.features,
        )

    def save(self, path: Path) -> None:
        """Write a profile of this target, with all tracepoint formats and the BTF (about 2 MB)."""
        texts = {name: self.formats.text(name) or "" for name in self.formats.names()}
        write_profile(path, Profile(self.arch, self.release, dict(self.features), self.btf.raw, texts))

    @cached_property
    def btf(self) -> Btf:
        return self.make_btf()

    @cached_property
    def digest(self) -> str:
        """12 hex digits that name this kernel build: architecture, release and types."""
        facts = f"{self.arch}\0{self.release}\0".encode() + self.btf.raw
        return hashlib.sha256(facts).hexdigest()[:12]

    # -- tracepoints ----------------------------------------------------------------------------------------

    def tracepoints(self) -> tuple[str, ...]:
        """Return the names of all tracepoints, `system/event`, sorted."""
        return self.formats.names()

    def tracepoint(self, name: str) -> TracepointFormat:
        """Return a tracepoint (`system/event`; `system:event` too) with its fields typed; `TargetError` if there is none."""
        name = name.replace(":", "/", 1)
        if name not in self._tracepoints:
            self._tracepoints[name] = self._syscall_tracepoint(name) or self._format(name)
        return self._tracepoints[name]

    def _format(self, name: str) -> TracepointFormat:
        text = self.formats.text(name) if _is_tracepoint_name(name) else None
        if text is None:
            raise TargetError(f"{self.source} has no tracepoint {name}", self.tracepoints())
        try:
            return typed_format(name, parse_format(text), self._typing)
        except ValueError as error:
            raise UnsupportedError(f"the format of tracepoint {name} cannot be read: {error}") from error

    @cached_property
    def _typing(self) -> Typing:
        return Typing(self.arch, self._enumerator, self._enum_symbols)

    def _enumerator(self, name: str) -> int | None:
        return self.btf.enumerator(name)

    def _enum_symbols(self, c_type: str) -> tuple[tuple[int, str], ...]:
        found = self.btf.named(c_type)
        return self.btf.enum_values(found) if found and found.kind in {Kind.ENUM, Kind.ENUM64} else ()

    def _syscall_tracepoint(self, name: str) -> TracepointFormat | None:
        """Return the tracepoint of a known system call, whose form is fixed: tracefs is asked for its id only."""
        for prefix, is_exit in ((_ENTER, False), (_EXIT, True)):
            call = self._calls_by_event.get(name.removeprefix(prefix)) if name.startswith(prefix) else None
            if call:
                arguments = () if is_exit else call.arguments
                fields = (_NUMBER, *((_RETURN,) if is_exit else map(_argument_field, arguments)))
                return TracepointFormat(name, 0, fields)
        return None

    # -- raw tracepoints --------------------------------------------------------------------------------------

    @cached_property
    def _raw_tracepoints(self) -> tuple[str, ...]:
        return self.btf.names_with_prefix("btf_trace_")

    def raw_tracepoints(self) -> tuple[str, ...]:
        """Return the names of all raw tracepoints, sorted."""
        return self._raw_tracepoints

    def raw_tracepoint(self, event: str) -> Prototype:
        """Return a raw tracepoint's arguments; `TargetError` if there is none of that name."""
        if event not in self._prototypes:
            self._prototypes[event] = self._prototype(event)
        return self._prototypes[event]

    def _prototype(self, event: str) -> Prototype:
        typedef = self.btf.find(f"btf_trace_{event}", Kind.TYPEDEF) if event.isidentifier() else None
        if typedef is None:
            raise TargetError(f"{self.source} has no raw tracepoint {event}", self.raw_tracepoints())
        # btf_trace_EVENT is a pointer to a prototype without names; the function __traceiter_EVENT has the same with names
        function = self.btf.find(f"__traceiter_{event}", Kind.FUNCTION)
        prototype = self.btf.target(self.btf.resolve(typedef))
        parameters = self.btf.parameters(prototype)[1:]  # the first is the tracepoint's private data
        named = self.btf.parameters(function)[1:] if function else ()
        names = [parameter.name for parameter in named] if len(named) == len(parameters) else []
        names += [f"arg{index}" for index in range(len(names), len(parameters))]
        types = [self.btf.type(parameter.type_id) for parameter in parameters]
        return Prototype(event, tuple(self._parameter(*pair) for pair in zip(names, types, strict=True)))

    def _parameter(self, name: str, type_: BtfType) -> Parameter:
        resolved = self.btf.resolve(type_)
        value = value_type(self.btf, type_, self.arch)
        space: Space = "kernel" if value and value.kind == "string" else ""
        signed = resolved.signed and resolved.kind is not Kind.POINTER
        return Parameter(name, type_, self.btf.spell(type_), self.btf.size_of(type_), signed, value, space)

    def walk(self, start: BtfType, path: Sequence[str]) -> Walked:
        """Follow members (`["real_parent", "tgid"]`, each with optional `[n]`) from a struct or a pointer to one."""
        return walk(self.btf, start, path, self.arch)

    def has_attach_type(self, name: str) -> bool:
        """Tell whether this kernel knows a `BPF_…` of `enum bpf_attach_type`; True where its BTF has not the enum."""
        return not self._attach_types or name in self._attach_types

    @cached_property
    def _attach_types(self) -> frozenset[str]:
        found = self.btf.find("bpf_attach_type", Kind.ENUM)
        return frozenset(name for _, name in self.btf.enum_values(found)) if found else frozenset()

    def slice(self, names: Iterable[str]) -> str:
        """Return C for the named types (`struct task_struct`, `u64`) and what they need; see `Btf.slice`."""
        return self.btf.slice(names)

    # -- system calls -----------------------------------------------------------------------------------------

    @cached_property
    def syscalls(self) -> Mapping[str, Syscall]:
        """The system calls by name: the shipped table, corrected by what this kernel traces, if that is known."""
        table = dict(syscalls(self.arch))
        traced = self._traced_events()
        if traced is None:
            return table
        events = {call.event for call in table.values()}
        for name, call in table.items():
            if call.event and call.event not in traced:
                table[name] = Syscall(name, call.number, call.compat_numbers, "", call.arguments)
        for event in sorted(traced - events):
            table[event] = Syscall(event, None, (), event, self._unknown_arguments(event))
        return table

    def syscall(self, name: str) -> Syscall:
        """Return a system call; `TargetError` for an unknown one, with the names that are known."""
        found = self.syscalls.get(name)
        if found is None:
            call = self._calls_by_event.get(name)
            hint = f": its tracepoint is called so, the call is {call.name}" if call else ""
            raise TargetError(f"{self.arch} has no system call {name}{hint}", tuple(self.syscalls))
        return found

    @cached_property
    def _calls_by_event(self) -> Mapping[str, Syscall]:
        return {call.event: call for call in self.syscalls.values() if call.event}

    def _traced_events(self) -> set[str] | None:
        """Return the events of traced system calls, None where tracefs cannot be read."""
        try:
            names = self.formats.names()
        except UnsupportedError:
            return None
        return {name.removeprefix(_ENTER) for name in names if name.startswith(_ENTER)}

    def _unknown_arguments(self, event: str) -> tuple[SyscallArgument, ...]:
        """Return the arguments of a call that is newer than the shipped table, from its format."""
        raw = parse_format(self.formats.text(_ENTER + event) or "")
        rows = []
        for raw_field in raw.fields:
            if raw_field.offset >= 16:
                type_ = None if "*" in raw_field.c_type else self.btf.named(raw_field.c_type.removeprefix("const "))
                size, signed = (self.btf.size_of(type_), self.btf.resolve(type_).signed) if type_ else (8, False)
                rows.append((raw_field.name, raw_field.c_type, size, signed))
        return syscall_arguments(event, rows, self.arch)


_NUMBER = Field("__syscall_nr", "int", 8, 4, True, number_type(4, True, "syscall"))
_RETURN = Field("ret", "long", 16, 8, True, RESULT)


def _argument_field(argument: SyscallArgument) -> Field:
    size = 8 if argument.space else argument.size
    return Field(argument.name, argument.c_type, argument.offset, size, argument.signed, argument.type, space=argument.space)


def _is_tracepoint_name(name: str) -> bool:
    system, _, event = name.partition("/")
    return bool(system) and bool(event) and all(part.replace("-", "_").isidentifier() for part in (system, event))


def _saved_btf(path: Path, data: bytes) -> Btf:
    try:
        return Btf.from_bytes(data)
    except ValueError as error:
        raise UsageError(f"{path} is no usable profile: {error}") from error


_loaded: list[Btf] = []


def _running_btf() -> Btf:
    """Load the running kernel's BTF once a process."""
    if not _loaded:
        _loaded.append(Btf.load())
    return _loaded[0]
