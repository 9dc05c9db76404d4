"""What code is generated for: a kernel's types, tracepoints, system calls and features.

`Target.running()` asks the running kernel, lazily: BTF needs no privilege, tracepoint formats need tracefs, system calls
come from the shipped table where tracefs cannot be read.  `Target.load(path)` reads a saved profile, so that policies can be
checked, rendered and compiled for another kernel, without root.  `resolve`, `codegen`, `explain` and `doctor` call it.
A name that is not there raises `TargetError` with the names that are; what cannot be known here raises `UnsupportedError`.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from policyd.errors import TargetError, UnsupportedError, UsageError
from policyd.functions import LSM_PREFIX, FunctionLists, Functions, Prototype
from policyd.kernel.bpf.btf import Btf, running
from policyd.kernel.bpf.btf_format import Kind
from policyd.profile import Profile, read_profile, write_profile
from policyd.tracefs import Formats, RunningFormats, SavedFormats, parse_format
from policyd.tracepoint import Field, TracepointFormat, Typing, typed_format
from policyd.vocabulary.c_types import number_type
from policyd.vocabulary.constants import ARCHITECTURES
from policyd.vocabulary.syscalls import RESULT, Syscall, SyscallArgument, syscall_arguments, syscalls
from policyd.walk import Walked, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from policyd.kernel.bpf.btf_format import BtfType

_ENTER, _EXIT = "syscalls/sys_enter_", "syscalls/sys_exit_"


@dataclass
class Target:
    """One kernel.

    `features` are what trying found (`kernel/features.py`), by name (one that is not there could not be tried), `make_lists`
    reads what the kernel tells of its functions: both may be found when they are first asked for.
    """

    arch: str
    release: str
    source: str  # `the running kernel` or the profile's path, for messages
    formats: Formats
    make_btf: Callable[[], Btf]
    features: Mapping[str, bool | str] = field(default_factory=dict)
    make_lists: Callable[[], FunctionLists] = FunctionLists
    _tracepoints: dict[str, TracepointFormat] = field(default_factory=dict, repr=False)
    _prototypes: dict[str, Prototype] = field(default_factory=dict, repr=False)

    # -- where targets come from ----------------------------------------------------------------------------

    @classmethod
    def running(
        cls, features: Mapping[str, bool | str] | None = None, make_lists: Callable[[], FunctionLists] = FunctionLists
    ) -> Target:
        """Return the running kernel; `UnsupportedError` for an architecture that policyd does not know."""
        system = os.uname()
        if system.machine not in ARCHITECTURES:
            raise UnsupportedError(f"the architecture {system.machine}", instead=f"policyd knows {', '.join(ARCHITECTURES)}")
        formats = RunningFormats()
        return cls(system.machine, system.release, "the running kernel", formats, running, features or {}, make_lists)

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
            lambda: FunctionLists(profile.traceable, profile.injectable),
        )

    def save(self, path: Path) -> None:
        """Write a profile of this target, with all tracepoint formats, lists of functions and the BTF (about 2 MB)."""
        texts = {name: self.formats.text(name) or "" for name in self.formats.names()}
        lists = self.function_lists
        facts = (self.arch, self.release, dict(self.features), self.btf.raw, texts)
        write_profile(path, Profile(*facts, lists.traceable, lists.injectable))

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
            found = self._functions.raw_tracepoint(event)
            if found is None:
                raise TargetError(f"{self.source} has no raw tracepoint {event}", self.raw_tracepoints())
            self._prototypes[event] = found
        return self._prototypes[event]

    # -- functions ------------------------------------------------------------------------------------------

    @cached_property
    def _functions(self) -> Functions:
        return Functions(self.btf, self.arch)

    @cached_property
    def function_lists(self) -> FunctionLists:
        """Which functions can be traced, and overridden, as far as the kernel tells."""
        return self.make_lists()

    def functions(self) -> tuple[str, ...]:
        """Return the functions that can be traced, sorted; those with types where the kernel does not tell."""
        traceable = self.function_lists.traceable
        return tuple(sorted(traceable)) if traceable is not None else self._functions.names()

    def has_function(self, name: str) -> bool:
        """Tell whether there is a function that a probe could be put on."""
        return name in (self.function_lists.traceable or ()) or self._functions.prototype(name) is not None

    def function(self, name: str) -> Prototype:
        """Return a function's arguments and result; `TargetError` if there are no types of it, with names near it."""
        found = self._functions.prototype(name)
        if found is None:
            raise TargetError(f"{self.source} has no types of a function {name}", self.functions_near(name))
        return found

    def functions_with_prefix(self, prefix: str) -> tuple[str, ...]:
        """Return the functions with types whose names begin with `prefix`, sorted."""
        return tuple(f"{prefix}{name}" for name in self._functions.with_prefix(prefix))

    def functions_near(self, name: str) -> tuple[str, ...]:
        """Return names of functions that `name` may have meant, the likeliest first."""
        return self._functions.near(name, self.function_lists.traceable or ())

    def lsm_hooks(self) -> tuple[str, ...]:
        """Return the names of all LSM hooks (`file_open`), sorted; none where BPF programs cannot be LSMs."""
        return self._functions.with_prefix(LSM_PREFIX)

    def security_hooks(self) -> tuple[str, ...]:
        """Return the names of the LSM hooks that some function `security_NAME` calls, sorted."""
        return self._functions.with_prefix("security_")

    def has(self, feature: str) -> bool:
        """Tell whether trying found a feature of `kernel/features.py`, by its name; True if nobody could try it."""
        return self.features.get(feature, True) is not False

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
                table[name] = replace(call, event="")
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
