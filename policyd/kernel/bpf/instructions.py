"""The few programs that policyd writes by hand, instruction by instruction: stub, neutral program, probes; and putting maps
into code that others have compiled.

An instruction is 8 bytes: opcode, two registers, offset, immediate (`Documentation/bpf/standardization/instruction-set`).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOAD_WIDE, _MOVE, _CALL, _EXIT = 0x18, 0xB7, 0x85, 0x95
_MAP_FD = 1  # BPF_PSEUDO_MAP_FD: the wide immediate is a map's fd
_STORE_WORD, _MOVE_REGISTER, _ADD = 0x62, 0xBF, 0x07
_UPDATE_HELPER, _TAIL_CALL_HELPER = 2, 12
_FRAME = 10
_BYTES = 8


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


def marking(map_fd: int, verdict: int) -> bytes:
    """A program that sets entry 0 of an array of u32 to 1, and returns `verdict`."""
    return (
        instruction(_STORE_WORD, _FRAME, offset=-4, immediate=0)
        + instruction(_STORE_WORD, _FRAME, offset=-8, immediate=1)
        + load_map(1, map_fd)
        + (instruction(_MOVE_REGISTER, 2, _FRAME) + instruction(_ADD, 2, immediate=-4))
        + (instruction(_MOVE_REGISTER, 3, _FRAME) + instruction(_ADD, 3, immediate=-8))
        + (move(4, 0) + call_helper(_UPDATE_HELPER) + neutral(verdict))
    )


def with_maps(code: bytes, fds: Mapping[int, int]) -> bytes:
    """Return the instructions with the maps' fds in place of the numbers that stand for them.

    `ValueError` for what these instructions must not hold: half an instruction, an unknown number, an address of anything
    but a map, a call of anything but a helper (functions of the program's own and of the kernel need more than numbers).
    """
    if len(code) % _BYTES:
        raise ValueError(f"{len(code)} bytes are no whole instructions")
    out, wide = bytearray(code), False
    for at in range(0, len(code), _BYTES):
        opcode, registers, _, immediate = struct.unpack_from("<BBhI", code, at)
        if wide:  # the second half of the one before
            wide = False
            continue
        wide, source = opcode == _LOAD_WIDE, registers >> 4
        if source and (wide or opcode == _CALL):
            if not wide or source != _MAP_FD or immediate not in fds:
                raise ValueError(f"instruction {at // _BYTES} refers to something that is none of its maps")
            struct.pack_into("<i", out, at + 4, fds[immediate])
    if wide:
        raise ValueError("the last instruction is cut")
    return bytes(out)
