"""Places and arguments of 32-bit callers: functions that the kernel's 32-bit table calls, each with the caller's registers.

The tracepoints of system calls do not see these callers.  Where functions can be probed, `syscalls.py` adds a place for each
function here, so that other calls pay nothing; elsewhere the same arguments are read at raw_syscalls.  x86-64 only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.condition import Test
from policyd.kernel.bpf.btf_format import Kind
from policyd.resolve.arguments import CONTEXT_COST, STRING_COST, SyscallArguments
from policyd.resolve.problems import Missing
from policyd.unit import AttachPoint
from policyd.value import Argument, Constant, ContextLoad, PointedString, Shift, Through, Value
from policyd.vocabulary.compat import NARROW, REGISTERS, Subcall, Way
from policyd.vocabulary.registers import REGISTERS as OFFSETS
from policyd.vocabulary.syscalls import FIRST_ARGUMENT, RESULT
from policyd.vocabulary.types import Shape, ValueType
from policyd.walk import split_path

if TYPE_CHECKING:
    from policyd.resolve.place import Phase
    from policyd.target import Target
    from policyd.value import Access, Base
    from policyd.vocabulary.syscalls import Syscall, SyscallArgument

_PREFIX, _SHARED = "__ia32_", "__do_"
_X86 = OFFSETS["x86_64"]
_PT_REGS = "struct pt_regs"
_NUMBER_COST = 4
_SUBCALL = ValueType("u32", Shape.NUMBER, 4)


# ------------------------------------------------------------------------------------------------ where the arguments are


@dataclass(frozen=True, slots=True)
class Registers:
    """The registers of the caller, at the address that `base` is."""

    base: Base

    def number(self, index: int, *, signed: bool, narrow: bool = False) -> Access:
        accessor = "compat_short" if narrow else "compat_signed" if signed else "compat_number"
        return Through(accessor, self.base, (Shift(_PT_REGS, REGISTERS[index]),))

    def string(self, index: int) -> Access:
        return Through("compat_string", self.base, (Shift(_PT_REGS, REGISTERS[index]),))

    def word(self, index: int, *, signed: bool) -> Access:
        """Return word `index` of what the second register points to."""
        return Through(f"compat_{'signed_' if signed else ''}far_word_{index}", self.base, (Shift(_PT_REGS, REGISTERS[1]),))


@dataclass(frozen=True, slots=True)
class Record:
    """The record of raw_syscalls, which has the registers one after another."""

    def number(self, index: int, *, signed: bool, narrow: bool = False) -> Access:
        return ContextLoad(FIRST_ARGUMENT + 8 * index, 2 if narrow else 4, signed and not narrow)

    def string(self, index: int) -> Access:
        return PointedString(ContextLoad(FIRST_ARGUMENT + 8 * index, 4), "user")

    def word(self, index: int, *, signed: bool) -> Access:
        return Through(f"compat_{'signed_' if signed else ''}word_{index}", ContextLoad(FIRST_ARGUMENT + 8, 4))


Source = Registers | Record


@dataclass(frozen=True, slots=True)
class CompatArguments:
    """The arguments of `call` as 32-bit callers pass them on one `way`.

    `source` is where they are as the call begins; `result` where the result is as it ends.
    """

    call: Syscall
    way: Way
    phase: Phase
    source: Source | None
    result: Access

    def value(self, path: str) -> Value:
        plain = SyscallArguments((self.call,), self.phase)
        if self.phase == "exit":
            plain.value(path)  # complains of all but the result
            return Value(path, RESULT, self.result, cost=CONTEXT_COST)
        if path == "ret":
            return plain.value(path)
        if len(split_path(path)) > (2 if path.startswith("args.") else 1):
            message = f"{path} of 32-bit callers cannot be read: their structures are others"
            raise Missing("compat-argument", message, "abi: [Native] leaves 32-bit callers out")
        argument = plain.argument(self.call, path)
        return self._value(path, argument, self.call.arguments.index(argument))

    def paths(self) -> tuple[str, ...]:
        """Return the arguments that can be read."""
        every = SyscallArguments((self.call,), self.phase).paths()
        return tuple(path for path in every if path == "ret" or self._is_there(path))

    def _is_there(self, path: str) -> bool:
        try:
            self.value(path)
        except Missing:
            return False
        return True

    def _value(self, path: str, argument: SyscallArgument, index: int) -> Value:
        subcall = self.way.subcall
        if subcall and subcall.by.in_memory and index >= subcall.arguments:
            return Value(path, argument.type, Constant(0), cost=0)
        place = self.way.place(index)
        if isinstance(place, str):
            message = f"{path} of {self.call.name} cannot be read: {place}"
            raise Missing("compat-argument", message, "abi: [Native] leaves 32-bit callers out")
        assert self.source is not None
        if subcall:
            return Value(path, argument.type, self.source.word(place, signed=argument.signed), False, True, STRING_COST)
        if argument.space:
            return Value(path, argument.type, self.source.string(place), True, True, STRING_COST)
        narrow = argument.size == 2 or (self.way.entry.endswith(NARROW) and argument.type.kind in {"uid", "gid"})
        number = self.source.number(place, signed=argument.signed, narrow=narrow)
        return Value(path, argument.type, number, cost=_NUMBER_COST)


# ------------------------------------------------------------------------------------------------ ways into the kernel


def entry_function(way: Way, target: Target) -> str:
    """Return the function that a way enters the kernel by, as `target` calls it; '' if it has none of that name.

    A function without arguments has three names, and the types know but one (arch/x86/include/asm/syscall_wrapper.h).  What
    needed a function of its own for 32-bit callers once may do without later.
    """
    other = way.entry.removeprefix("compat_") if way.entry.startswith("compat_") else f"compat_{way.entry}"
    names = (_PREFIX + way.entry, _SHARED + way.entry, _PREFIX + other)
    return next((name for name in names if target.btf.find(name, Kind.FUNCTION)), "")


def entry_point(function: str, phase: Phase, means: str) -> AttachPoint:
    """Return the attach point of an entry function's begin or end; `means` is `fentry`, `fmod_ret` or `kprobe`."""
    if means == "kprobe":
        return AttachPoint("kprobe", function, "return" if phase == "exit" else "")
    return AttachPoint("fexit" if phase == "exit" else means, function)


def entry_arguments(call: Syscall, way: Way, point: AttachPoint) -> CompatArguments:
    """Return the arguments and the result at the attach point of an entry function."""
    if point.kind == "kprobe":
        source = None if point.option else Registers(ContextLoad(_X86.offsets[_X86.arguments[0]], 8))
        result: Access = ContextLoad(_X86.result_offset, 8, signed=True)
        return CompatArguments(call, way, "exit" if point.option else "enter", source, result)
    phase: Phase = "exit" if point.kind == "fexit" else "enter"
    return CompatArguments(call, way, phase, Registers(Argument(0)), Argument(1, 8, signed=True))


def raw_arguments(call: Syscall, way: Way, phase: Phase) -> CompatArguments:
    """Return the arguments and the result at raw_syscalls."""
    return CompatArguments(call, way, phase, Record(), ContextLoad(FIRST_ARGUMENT, 8, signed=True))


def subcall_test(subcall: Subcall, source: Source) -> Test:
    """Return the test that a multiplexer does this and nothing else."""
    first = source.number(0, signed=False, narrow=subcall.by.bits == 16)
    return Test(Value("subcall", _SUBCALL, first, cost=_NUMBER_COST), "Equal", (subcall.number,))
