"""Where the arguments of a USDT probe are: the assembler's operands in its note, parsed.

`-4@%edi 8@16(%rbp) 8@$3`: a size (negative: signed) and where the compiler had the value at that place.  Forms of other
processors: `-4@w0 8@[sp, 16] 8@3`.  See gcc's and systemtap's sys/sdt.h.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.vocabulary.registers import register_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policyd.vocabulary.registers import Part

MOST_ARGUMENTS = 12
"""The STAP_PROBE macros end there."""

_NUMBER = r"[+-]?(?:0x[0-9a-fA-F]{1,16}|[0-9]{1,20})"
_ARGUMENT = re.compile(r"(?:^|\s)(-?[1248])(f?)@")
_X86_LITERAL = re.compile(rf"\$({_NUMBER})")
_X86_REGISTER = re.compile(r"%([a-z0-9]{2,5})")
_X86_MEMORY = re.compile(rf"({_NUMBER})?\(%([a-z0-9]{{2,5}})(?:,%([a-z0-9]{{2,5}})(?:,([1248]))?)?\)")
_X86_SCALED = re.compile(rf"({_NUMBER})?\(,%([a-z0-9]{{2,5}}),([1248])\)")
_ARM_LITERAL = re.compile(rf"#?({_NUMBER})")
_ARM_REGISTER = re.compile(r"([xw][0-9]{1,2}|sp)")
_ARM_MEMORY = re.compile(rf"\[([xs][0-9p]{{1,2}})(?:, ?#?({_NUMBER}))?\]")
_ARM_INDEXED = re.compile(r"\[([xs][0-9p]{1,2}), ?(x[0-9]{1,2})(?:, ?lsl #?([0-3]))?\]")


@dataclass(frozen=True, slots=True)
class Literal:
    """The value itself."""

    number: int


@dataclass(frozen=True, slots=True)
class InRegister:
    """In the register `register` (a name of `struct pt_regs`), `skip` bytes from its start."""

    register: str
    skip: int = 0


@dataclass(frozen=True, slots=True)
class InMemory:
    """In the process's memory at `register + index * scale + offset`; `index` may be empty, `register` too."""

    register: str
    offset: int
    index: str = ""
    scale: int = 1


@dataclass(frozen=True, slots=True)
class UsdtArgument:
    """One argument as the note spells it; `place` None: a form that is not known (a floating-point register)."""

    text: str
    size: int
    signed: bool
    place: Literal | InRegister | InMemory | None


def parse_arguments(text: str, arch: str) -> tuple[UsdtArgument, ...]:
    """Return the arguments of a note; what cannot be understood has no place."""
    starts = list(_ARGUMENT.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    parse = _PLACES[arch]
    names = register_names(arch)
    found = []
    for match, end in zip(starts[:MOST_ARGUMENTS], ends, strict=False):
        size, operand = int(match[1]), text[match.end() : end].strip()
        place = None if match[2] else parse(operand, names)
        found.append(UsdtArgument(f"{match[1]}{match[2]}@{operand}", abs(size), size < 0, place))
    return tuple(found)


Place = Literal | InRegister | InMemory | None


def _x86(text: str, names: Mapping[str, Part]) -> Place:
    if match := _X86_LITERAL.fullmatch(text):
        return Literal(int(match[1], 0))
    if match := _X86_REGISTER.fullmatch(text):
        return _register(match[1], names)
    if match := _X86_MEMORY.fullmatch(text):
        return _memory(names, match[2], match[1], match[3] or "", int(match[4] or 1))
    if match := _X86_SCALED.fullmatch(text):
        return _memory(names, "", match[1], match[2], int(match[3]))
    return None


def _arm(text: str, names: Mapping[str, Part]) -> Place:
    if match := _ARM_LITERAL.fullmatch(text):
        return Literal(int(match[1], 0))
    if match := _ARM_REGISTER.fullmatch(text):
        return _register(match[1], names)
    if match := _ARM_MEMORY.fullmatch(text):
        return _memory(names, match[1], match[2])
    if match := _ARM_INDEXED.fullmatch(text):
        return _memory(names, match[1], "", match[2], 1 << int(match[3] or 0))
    return None


def _register(name: str, names: Mapping[str, Part]) -> InRegister | None:
    part = names.get(name)
    return InRegister(part.register, part.skip) if part else None


def _memory(names: Mapping[str, Part], base: str, offset: str | None, index: str = "", scale: int = 1) -> InMemory | None:
    """Return the place if its registers are whole ones; `ip` is none, for it is not that of the instruction behind."""
    parts = [names.get(name) for name in (base, index) if name]
    if any(part is None or part.size != 8 or part.register in {"ip", "pc"} for part in parts):
        return None
    found = [part.register for part in parts if part]
    register, index = (found[0] if base else "", found[-1] if index else "")
    return InMemory(register, int(offset or "0", 0), index, scale)


_PLACES: dict[str, Callable[[str, Mapping[str, Part]], Place]] = {"x86_64": _x86, "aarch64": _arm}
