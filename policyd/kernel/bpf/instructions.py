"""The few programs that policyd writes by hand, instruction by instruction: stub, neutral program, probes.

An instruction is 8 bytes: opcode, two registers, offset, immediate (`Documentation/bpf/standardization/instruction-set`).
"""

from __future__ import annotations

import struct

_LOAD_WIDE, _MOVE, _CALL, _EXIT = 0x18, 0xB7, 0x85, 0x95
_MAP_FD = 1  # BPF_PSEUDO_MAP_FD: the wide immediate is a map's fd
_TAIL_CALL_HELPER = 12


def instruction(opcode: int, destination: int = 0, source: int = 0, offset: int = 0, immediate: int = 0) -> bytes:
    """Return one instruction; `immediate` is signed."""
    return struct.pack("<BBhi", opcode, destination | source << 4, offset, immediate)


def load_map(register: int, fd: int) -> bytes:
    """Put a map's address into a register (two slots)."""
    return instruction(_LOAD_WIDE, register, _MAP_FD, 0, fd) + instruction(0)


def move(register: int, value: int) -> bytes:
    """Put a number (signed 32 bits) into a register."""
    return instruction(_MOVE, register, immediate=value)


def call_helper(number: int) -> bytes:
    """Call a helper by its number (`enum bpf_func_id`): arguments in registers 1 to 5, result in 0."""
    return instruction(_CALL, immediate=number)


def leave() -> bytes:
    """Return register 0."""
    return instruction(_EXIT)


def neutral(verdict: int) -> bytes:
    """A program that does nothing: returns `verdict`."""
    return move(0, verdict) + leave()


def stub(slot_fd: int, verdict: int) -> bytes:
    """A program that tail-calls entry 0 of the program array `slot_fd`, and returns `verdict` while the entry is empty.

    Register 1 still holds the context, which is what the helper wants there.
    """
    return load_map(2, slot_fd) + move(3, 0) + call_helper(_TAIL_CALL_HELPER) + neutral(verdict)
