"""System calls at the functions that 64-bit callers enter by: only there a program decides about them.  x86-64 only.

In: a system call and a target.  Out, for `syscalls.py`: the function, and the arguments that it finds in the caller's
registers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.kernel.bpf.btf_format import Kind
from policyd.resolve.arguments import CONTEXT_COST, STRING_COST, SyscallArguments
from policyd.resolve.functions import lsm_instead, no_trampoline
from policyd.resolve.problems import Missing
from policyd.value import Argument, PointedString, Step, Value, Walk

if TYPE_CHECKING:
    from policyd.target import Target
    from policyd.vocabulary.syscalls import Syscall

REGISTERS = ("di", "si", "dx", "r10", "r8", "r9")
"""The members of `struct pt_regs` that carry the arguments of a system call (arch/x86/include/asm/syscall_wrapper.h)."""

_PREFIXES = ("__x64_sys_", "__do_sys_")
_WALK_COST = CONTEXT_COST + 3


def native_function(call: Syscall, target: Target) -> str:
    """Return the function that 64-bit callers enter by; '' if the target's types have none."""
    if target.arch != "x86_64" or not call.event:
        return ""
    names = (prefix + call.event for prefix in _PREFIXES)
    return next((name for name in names if target.btf.find(name, Kind.FUNCTION)), "")


def check_decidable(call: Syscall, function: str, target: Target) -> None:
    """Raise `Missing` if no program can decide what a system call's function returns: why, and what can in its place.

    Every system call may be decided about in kernels that inject errors at all; a function without arguments has several
    names, of which the kernel's list has one.
    """
    why = f"{target.source} ({target.release}) has no function of that system call" if not function else ""
    injectable = target.function_lists.injectable
    names = {function, *(f"{prefix}sys_{function.partition('_sys_')[2]}" for prefix in ("__x64_", "__ia32_", "__do_"))}
    if not why and injectable is not None and names.isdisjoint(injectable):
        why = f"{function} is not on the kernel's error injection list"
    why = why or no_trampoline(target, function, "fmod_ret")
    if why:
        raise Missing("not-decidable", f"nobody can decide about the system call {call.name}: {why}", lsm_instead(call.name))


@dataclass(frozen=True, slots=True)
class NativeArguments:
    """The arguments of `call` in the registers of a 64-bit caller."""

    call: Syscall

    def value(self, path: str) -> Value:
        plain = SyscallArguments((self.call,), "enter")
        if path == "ret":
            return plain.value(path)
        argument = plain.argument(self.call, path)
        register = Walk(Argument(0), (Step("struct pt_regs", REGISTERS[self.call.arguments.index(argument)]),))
        if argument.space:
            return Value(path, argument.type, PointedString(register, "user"), True, True, STRING_COST)
        return Value(path, argument.type, register, cost=_WALK_COST)

    def paths(self) -> tuple[str, ...]:
        return SyscallArguments((self.call,), "enter").paths()
