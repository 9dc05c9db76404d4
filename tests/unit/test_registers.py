"""Registers: the offsets are those of the kernel's own headers, as a compiler sees them."""

from __future__ import annotations

import platform
import subprocess

import pytest

from policyd.vocabulary.constants import ARCHITECTURES
from policyd.vocabulary.registers import REGISTERS, register_names

_MEMBERS = {"ax": "rax", "bx": "rbx", "cx": "rcx", "dx": "rdx", "si": "rsi", "di": "rdi", "bp": "rbp", "sp": "rsp"}
_MEMBERS |= {"ip": "rip", "orig_ax": "orig_rax", "flags": "eflags"}


def test_every_architecture_has_registers() -> None:
    assert set(REGISTERS) == set(ARCHITECTURES)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the header in /usr/include is this machine's")
def test_offsets_are_those_of_the_kernels_header() -> None:
    rows = REGISTERS["x86_64"].offsets
    asserts = "\n".join(
        f'_Static_assert(__builtin_offsetof(struct pt_regs, {_MEMBERS.get(name, name)}) == {offset}, "{name}");'
        for name, offset in rows.items()
    )
    source = f'#include <asm/ptrace.h>\n{asserts}\n_Static_assert(sizeof(struct pt_regs) == {8 * len(rows)}, "all");\n'
    run = subprocess.run(["cc", "-xc", "-fsyntax-only", "-"], input=source, text=True, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr


def test_registers_of_arm_lie_one_after_another() -> None:
    offsets = REGISTERS["aarch64"].offsets
    assert sorted(offsets.values()) == list(range(0, 272, 8))
    assert (offsets["x0"], offsets["x30"], offsets["sp"], offsets["pc"], offsets["pstate"]) == (0, 240, 248, 256, 264)


def test_the_seventh_argument_is_on_the_stack() -> None:
    registers = REGISTERS["x86_64"]
    assert [registers.argument_offset(index) for index in range(7)] == [112, 104, 96, 88, 72, 64, None]
    assert [registers.argument_on_stack(index) for index in (6, 7)] == [8, 16]  # 0 is the return address
    assert REGISTERS["aarch64"].argument_offset(7) == 56
    assert REGISTERS["aarch64"].argument_on_stack(8) == 0


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_name_of_the_assembler_is_a_part_of_a_register(arch: str) -> None:
    for name, part in register_names(arch).items():
        assert part.register in REGISTERS[arch].offsets, name
        assert part.skip + part.size <= 8


def test_parts_of_registers_have_their_sizes() -> None:
    names = register_names("x86_64")
    found = {name: (names[name].register, names[name].size, names[name].skip) for name in ("rax", "r8d", "cl", "ah", "sil")}
    assert found == {"rax": ("ax", 8, 0), "r8d": ("r8", 4, 0), "cl": ("cx", 1, 0), "ah": ("ax", 1, 1), "sil": ("si", 1, 0)}
