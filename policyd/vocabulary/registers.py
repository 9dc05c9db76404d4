"""Processor registers as a probe's program sees them: offsets in `struct pt_regs`, and who carries arguments and results.

`resolve` turns arguments of kernel functions (kprobe) and of user functions (uprobe, USDT) into context loads by these
rows.  Sources: arch/x86/include/uapi/asm/ptrace.h and arch/arm64/include/uapi/asm/ptrace.h (the context of a probe's program
is `struct pt_regs`, on arm64 the `struct user_pt_regs` that it begins with), the System V ABI for x86-64 (the kernel's own
functions follow it too), and the procedure call standard of the Arm 64-bit architecture (AAPCS64).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Registers:
    """The registers of an architecture: `offsets` by the names of `struct pt_regs`, in bytes; each has 8 bytes.

    `arguments` carry the first integer and pointer arguments, `result` what a function returns.  Further arguments are on
    the stack, 8 bytes each, the first of them `stack_offset` bytes above `stack_pointer` as the function begins.
    """

    arch: str
    offsets: Mapping[str, int]
    arguments: tuple[str, ...]
    result: str
    stack_pointer: str
    instruction_pointer: str
    stack_offset: int

    def argument_offset(self, index: int) -> int | None:
        """Return where argument `index` (0…) is in the context; None for one that is on the stack."""
        return self.offsets[self.arguments[index]] if index < len(self.arguments) else None

    def argument_on_stack(self, index: int) -> int:
        """Return how many bytes above the stack pointer argument `index` is; only for one that no register carries."""
        return self.stack_offset + 8 * (index - len(self.arguments))

    @property
    def size(self) -> int:
        """The bytes of all registers together."""
        return 8 * len(self.offsets)

    @property
    def result_offset(self) -> int:
        return self.offsets[self.result]


_X86_64 = Registers(
    arch="x86_64",
    offsets={
        "r15": 0,
        "r14": 8,
        "r13": 16,
        "r12": 24,
        "bp": 32,
        "bx": 40,
        "r11": 48,
        "r10": 56,
        "r9": 64,
        "r8": 72,
        "ax": 80,
        "cx": 88,
        "dx": 96,
        "si": 104,
        "di": 112,
        "orig_ax": 120,
        "ip": 128,
        "cs": 136,
        "flags": 144,
        "sp": 152,
        "ss": 160,
    },
    arguments=("di", "si", "dx", "cx", "r8", "r9"),
    result="ax",
    stack_pointer="sp",
    instruction_pointer="ip",
    stack_offset=8,  # the return address is on top
)

_AARCH64 = Registers(
    arch="aarch64",
    offsets={**{f"x{number}": 8 * number for number in range(31)}, "sp": 248, "pc": 256, "pstate": 264},
    arguments=tuple(f"x{number}" for number in range(8)),
    result="x0",
    stack_pointer="sp",
    instruction_pointer="pc",
    stack_offset=0,  # the return address is in x30
)

REGISTERS: dict[str, Registers] = {row.arch: row for row in (_X86_64, _AARCH64)}


# ------------------------------------------------------------------------------------------------ assembler's names


@dataclass(frozen=True, slots=True)
class Part:
    """What an assembler's register name stands for: the low `size` bytes of `register`, `skip` bytes from its start."""

    register: str
    size: int
    skip: int = 0


_LEGACY = {"ax": "a", "bx": "b", "cx": "c", "dx": "d"}
_POINTERS = ("si", "di", "bp", "sp")


def _x86_names() -> dict[str, Part]:
    names = {"rip": Part("ip", 8), "eip": Part("ip", 4)}
    for name in (*_LEGACY, *_POINTERS):
        names |= {f"r{name}": Part(name, 8), f"e{name}": Part(name, 4), name: Part(name, 2)}
    for name, letter in _LEGACY.items():
        names |= {f"{letter}l": Part(name, 1), f"{letter}h": Part(name, 1, 1)}
    names |= {f"{name}l": Part(name, 1) for name in _POINTERS}
    for number in range(8, 16):
        register = f"r{number}"
        names |= {register: Part(register, 8), f"{register}d": Part(register, 4)}
        names |= {f"{register}w": Part(register, 2), f"{register}b": Part(register, 1)}
    return names


def _arm_names() -> dict[str, Part]:
    names = {"sp": Part("sp", 8)}
    for number in range(31):
        names |= {f"x{number}": Part(f"x{number}", 8), f"w{number}": Part(f"x{number}", 4)}
    return names


@cache
def register_names(arch: str) -> Mapping[str, Part]:
    """Return what each register name of the assembler stands for (without `%`); `KeyError` for another architecture."""
    return {"x86_64": _x86_names, "aarch64": _arm_names}[arch]()
