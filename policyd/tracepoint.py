"""Tracepoints as a policy sees them: fields with types, from the format's C types and the decoders of its `print fmt`.

In: a `RawFormat` (`tracefs.py`) and lookups in BTF.  Out: `TracepointFormat`, for `resolve` and `explain`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from policyd.errors import TargetError
from policyd.print_format import Decoder, Lookup, decoders
from policyd.vocabulary.arguments import tracepoint_field_type
from policyd.vocabulary.c_types import ADDRESS, MAC, STRING_SIZE, is_string_pointer, number_type, string_type, typed
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.tracefs import RawField, RawFormat

Space = Literal["", "user", "kernel", "either"]
_CHARACTERS = frozenset({"char", "const char"})
_STRONG = frozenset({"enum", "flags", "symbol", "ip", "mac", "device"})  # decoders that say more than a C type


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a tracepoint's record.

    `offset` and `size` are those of the context that a BPF program gets.  `type` is None for what cannot be read yet, and
    `why` says why.  `located`: the field is a `__data_loc` word, the string is elsewhere.  `space`: the field is a pointer,
    and the string is what it points to.  An array of numbers has `count` elements of type `element`: `name[2]` is a field.
    An `ip` may be 4 bytes (IPv4) or 16 bytes long in the record; its type is always the 16-byte address.
    """

    name: str
    c_type: str
    offset: int
    size: int
    signed: bool
    type: ValueType | None
    why: str = ""
    located: bool = False
    space: Space = ""
    count: int = 0
    element: ValueType | None = None

    @property
    def common(self) -> bool:
        """Whether every tracepoint has it (`common_pid`…)."""
        return self.name.startswith("common_")


@dataclass(frozen=True, slots=True)
class TracepointFormat:
    """A tracepoint: `name` is `system/event`, `id` what perf attaches by (0: a system call, tracefs was not asked)."""

    name: str
    id: int
    fields: tuple[Field, ...]

    @property
    def system(self) -> str:
        return self.name.partition("/")[0]

    @property
    def event(self) -> str:
        return self.name.partition("/")[2]

    def field(self, name: str) -> Field:
        """Return a field by name, or an element of an array field (`args[2]`); `TargetError` lists what is there."""
        base, index = _split_index(name)
        found = next((field for field in self.fields if field.name == base), None)
        if found is None:
            names = tuple(field.name for field in self.fields if not field.common)
            raise TargetError(f"tracepoint {self.name} has no field {base}", names)
        return found if index is None else _element(self.name, found, index)


def _split_index(name: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(\w+)\[(\d{1,6})\]", name)
    return (match[1], int(match[2])) if match else (name, None)


def _element(tracepoint: str, field: Field, index: int) -> Field:
    if field.element is None:
        raise TargetError(f"{field.name} of tracepoint {tracepoint} is no array of numbers")
    if index >= field.count:
        raise TargetError(f"{field.name} of tracepoint {tracepoint} has {field.count} elements, numbered from 0")
    size = field.element.size
    name = f"{field.name}[{index}]"
    return replace(
        field, name=name, offset=field.offset + index * size, size=size, type=field.element, why="", count=0, element=None
    )


class EnumLookup(Protocol):
    """Gives the (number, name) pairs of an enum by its C name (`enum zone_type`); empty for an unknown one."""

    def __call__(self, c_type: str) -> tuple[tuple[int, str], ...]: ...


@dataclass(frozen=True, slots=True)
class Typing:
    """What typing needs of the target: its architecture, numbers of enum constants, and enums by name."""

    arch: str
    constant: Lookup
    enum: EnumLookup


def typed_format(name: str, raw: RawFormat, typing: Typing) -> TracepointFormat:
    """Return the format with every field typed."""
    known = decoders(raw.print_format, typing.constant)
    fields = (_typed_field(field, known.get(field.name), typing) for field in raw.fields)
    return TracepointFormat(name, raw.id, tuple(_with_meaning(name, field, typing.arch) for field in fields))


def _with_meaning(tracepoint: str, field: Field, arch: str) -> Field:
    if field.type is None or field.common:
        return field
    return replace(field, type=tracepoint_field_type(tracepoint, field.name, field.type, arch))


def _typed_field(raw: RawField, decoder: Decoder | None, typing: Typing) -> Field:
    field = Field(raw.name, raw.c_type, raw.offset, raw.size, raw.signed, None, count=raw.count)
    if raw.location:
        return _located(field, raw.location)
    if raw.count or "[" in raw.c_type:
        return _array(field, decoder, typing)
    if is_string_pointer(raw.c_type):
        return replace(field, type=string_type(STRING_SIZE), space="kernel")
    found = _number(raw, decoder, typing)
    why = "" if found else f"{raw.c_type} is not a number or a string"
    return replace(field, type=found, why=why)


def _located(field: Field, location: str) -> Field:
    if location == "data" and field.c_type in _CHARACTERS:
        return replace(field, type=string_type(STRING_SIZE), located=True)
    return replace(field, why=f"arrays of varying length ({field.c_type}) are not supported yet", located=True)


def _array(field: Field, decoder: Decoder | None, typing: Typing) -> Field:
    kind = decoder.kind if decoder else ""
    if kind == "ip" and field.size in {4, 16}:
        return replace(field, type=ADDRESS)
    if kind == "mac" and field.size == 6:
        return replace(field, type=MAC)
    if field.c_type in _CHARACTERS and field.size:
        return replace(field, type=string_type(field.size))
    if not field.count:
        return replace(field, why=f"an array of unknown length ({field.c_type}) is not supported yet")
    element = typed(field.c_type, field.size // field.count, field.signed, typing.arch)
    why = (
        f"an array: name one of its {field.count} elements, as in {field.name}[0]" if element else "not a number or a string"
    )
    return replace(field, element=element, why=why)


def _number(raw: RawField, decoder: Decoder | None, typing: Typing) -> ValueType | None:
    """Return the type of a single field: strong decoders first, then the C type, then how it is printed."""
    kind = decoder.kind if decoder else ""
    if kind == "ip":
        return ADDRESS if raw.size in {4, 16} else None
    plain = typed(raw.c_type, raw.size, raw.signed, typing.arch)
    if plain is None or plain.shape is not Shape.NUMBER:
        return plain
    if decoder and kind in _STRONG and (kind != "device" or raw.size == 4):
        return ValueType(kind, Shape.NUMBER, raw.size, raw.signed, _wrapped(decoder.symbols, raw))
    if raw.c_type.startswith("enum ") and (symbols := typing.enum(raw.c_type)):
        return ValueType("enum", Shape.NUMBER, raw.size, raw.signed, symbols)
    if plain.kind == number_type(raw.size, raw.signed).kind and kind in {"hex", "mode"} and not raw.signed:
        return number_type(raw.size, False, kind)
    return plain


def _wrapped(symbols: tuple[tuple[int, str], ...], raw: RawField) -> tuple[tuple[int, str], ...]:
    """Return symbols with numbers as the field holds them: `~0` in a signed int is -1."""
    bits = raw.size * 8
    found = []
    for number, name in symbols:
        value = number & ((1 << bits) - 1)
        found.append((value - (1 << bits) if raw.signed and value >> (bits - 1) else value, name))
    return tuple(found)
