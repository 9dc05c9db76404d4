"""BTF through libbpf: types by name, their members, and C text of the types that a program needs.

In: the kernel's own type information (`/sys/kernel/btf/vmlinux`, readable by everyone) or the same bytes out of a saved
profile.  Out: `BtfType`s and C.  `target.py` is the caller; nothing here knows about policies.  The format is described in
the kernel's Documentation/bpf/btf.rst; libbpf keeps the index and prints C, the rest is read with `struct`.
"""

from __future__ import annotations

import ctypes
import re
import struct
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policyd.errors import TargetError, UnsupportedError
from policyd.kernel.bpf.btf_format import QUALIFIERS, BtfParameter, BtfType, Kind, Member, enum_ids, functions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

VMLINUX = Path("/sys/kernel/btf/vmlinux")
MAGIC = b"\x9f\xeb"  # little-endian BTF


_TRANSPARENT = {Kind.TYPEDEF, Kind.TYPE_TAG, *QUALIFIERS}
_SIZED = {Kind.INT, Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.FLOAT, Kind.SECTION, Kind.ENUM64}
_COMPOSITE = {Kind.STRUCT, Kind.UNION}
_TAGGED_NAMES = {
    "struct": (Kind.STRUCT,),
    "union": (Kind.UNION,),
    "enum": (Kind.ENUM, Kind.ENUM64),
}
_UNTAGGED = (Kind.TYPEDEF, Kind.INT, Kind.STRUCT, Kind.ENUM, Kind.ENUM64, Kind.UNION, Kind.FLOAT)
_INTS = {
    "unsigned": "unsigned int",
    "short": "short int",
    "unsigned short": "short unsigned int",
    "long": "long int",
    "unsigned long": "long unsigned int",
    "long long": "long long int",
    "unsigned long long": "long long unsigned int",
}
"""Other spellings of C's ints than the one that compilers write into BTF."""
_CHAIN_LIMIT = 64  # typedefs of typedefs: a longer chain is a broken file


class Btf:
    """The types of one kernel.  Lookups are lazy: loading costs milliseconds."""

    def __init__(self, handle: int) -> None:
        self._library = _libbpf()
        self._handle = handle
        self._names: dict[tuple[str, Kind], int] = {}
        self._types: dict[int, BtfType] = {}
        self._enumerators: dict[str, int] | None = None
        self._functions: dict[str, int] | None = None
        self._texts: dict[tuple[int, ...], str] = {}

    def __del__(self) -> None:
        if getattr(self, "_handle", 0):
            self._library.btf__free(self._handle)

    @classmethod
    def load(cls, path: Path = VMLINUX) -> Btf:
        """Load raw BTF from a file; `UnsupportedError` if there is none or it is broken."""
        handle = _libbpf().btf__parse(str(path).encode(), None) if path.exists() else None
        if not handle:
            raise UnsupportedError(
                f"this kernel shows no type information (BTF) in {path}",
                "CONFIG_DEBUG_INFO_BTF=y",
                "use a saved profile: --target FILE",
            )
        return cls(handle)

    @classmethod
    def from_bytes(cls, data: bytes) -> Btf:
        """Load raw BTF from memory; `ValueError` if it is broken."""
        handle = _libbpf().btf__new(data, len(data)) if data[:2] == MAGIC else None
        if not handle:
            raise ValueError("not the type information (BTF) of a kernel")
        return cls(handle)

    @property
    def raw(self) -> bytes:
        """The BTF as the kernel shows it."""
        size = ctypes.c_uint32()
        address = self._library.btf__raw_data(self._handle, ctypes.byref(size))
        return ctypes.string_at(address, size.value)

    # -- types ------------------------------------------------------------------------------------------

    def type(self, type_id: int) -> BtfType:
        """Return the type with this id (0 is `void`); `ValueError` for an id that the BTF does not have."""
        found = self._types.get(type_id)
        if found is None:
            found = self._types[type_id] = self._read(type_id)
        return found

    def find(self, name: str, *kinds: Kind) -> BtfType | None:
        """Return the first type of this name and one of these kinds, tried in order."""
        for kind in kinds if name else ():
            key = (name, kind)
            if key not in self._names:
                self._names[key] = self._library.btf__find_by_name_kind(self._handle, name.encode(), kind)
            if self._names[key] > 0:
                return self.type(self._names[key])
        return None

    def named(self, spelling: str) -> BtfType | None:
        """Return a type by its C name: `struct sock`, `union u`, `enum e`, `u32`, `unsigned int`; a bare tag works too."""
        tag, _, rest = spelling.strip().partition(" ")
        if tag in _TAGGED_NAMES:
            return self.find(rest.strip(), *_TAGGED_NAMES[tag])
        name = spelling.strip()
        return self.find(name, *_UNTAGGED) or self.find(_INTS.get(name, ""), Kind.INT)

    def function(self, name: str) -> BtfType | None:
        """Return a function of the kernel; of several that have this name, the first."""
        return self.find(name, Kind.FUNCTION)

    def names_with_prefix(self, prefix: str) -> tuple[str, ...]:
        """Return the rest of every identifier of the string table that starts with `prefix`, sorted."""
        data = self.raw
        header, strings, length = struct.unpack_from("<4xI8xII", data)
        table = data[header + strings : header + strings + length]
        found = re.findall(rb"\0" + re.escape(prefix.encode()) + rb"(\w+)(?=\0)", table)
        return tuple(sorted({name.decode() for name in found}))

    def resolve(self, type_: BtfType) -> BtfType:
        """Return what stands behind typedefs, qualifiers and type tags."""
        for _ in range(_CHAIN_LIMIT):
            if type_.kind not in _TRANSPARENT:
                return type_
            type_ = self.type(type_.target)
        raise ValueError("broken BTF: a typedef that never ends")

    def target(self, type_: BtfType) -> BtfType:
        """Return what a pointer points to, an array holds, or a function's prototype (one step, not resolved)."""
        return self.type(type_.target)

    def size_of(self, type_: BtfType) -> int:
        """Return the size in bytes; 0 for what has none (functions, forward declarations, void)."""
        type_ = self.resolve(type_)
        if type_.kind is Kind.POINTER:
            return 8
        if type_.kind is Kind.ARRAY:
            return type_.count * self.size_of(self.target(type_))
        return type_.size

    # -- what types are made of ---------------------------------------------------------------------------

    def members(self, type_: BtfType) -> tuple[Member, ...]:
        """Return a struct's or union's members as they are declared (anonymous ones have an empty name)."""
        found = []
        for name, type_id, offset in self._entries(type_, "<III"):
            bits, at = (offset >> 24, offset & 0xFFFFFF) if type_.flag else (0, offset)
            found.append(Member(self._string(name), type_id, at, bits))
        return tuple(found)

    def all_members(self, type_: BtfType) -> Iterator[Member]:
        """Yield the members that C can name: those of anonymous structs and unions are walked through."""
        for member in self.members(type_):
            inner = self.resolve(self.type(member.type_id))
            if member.name:
                yield member
            elif inner.kind in _COMPOSITE:
                for deep in self.all_members(inner):
                    yield Member(deep.name, deep.type_id, member.bit_offset + deep.bit_offset, deep.bits)

    def member(self, type_: BtfType, name: str) -> Member | None:
        """Return a member by name, looked for through anonymous structs and unions."""
        return next((member for member in self.all_members(type_) if member.name == name), None)

    def enum_values(self, type_: BtfType) -> tuple[tuple[int, str], ...]:
        """Return the (number, name) pairs of an enum, in order of declaration."""
        if type_.kind is Kind.ENUM:
            form = "<Ii" if type_.signed else "<II"
            return tuple((number, self._string(name)) for name, number in self._entries(type_, form))
        rows = self._entries(type_, "<III")
        pairs = ((low | high << 32, self._string(name)) for name, low, high in rows)
        return tuple((n - (1 << 64) if type_.signed and n >> 63 else n, name) for n, name in pairs)

    def enumerator(self, name: str) -> int | None:
        """Return the number of an enum constant of any enum (the first time costs a walk over all types)."""
        if self._enumerators is None:
            enums = (self.type(type_id) for type_id in enum_ids(self.raw))
            self._enumerators = {name: number for enum in enums for number, name in self.enum_values(enum)}
        return self._enumerators.get(name)

    def functions(self) -> Mapping[str, int]:
        """Return the ids of all functions by name (the first time costs a walk over all types)."""
        if self._functions is None:
            self._functions = functions(self.raw)
        return self._functions

    def parameters(self, type_: BtfType) -> tuple[BtfParameter, ...]:
        """Return the parameters of a prototype, or of a function."""
        if type_.kind is Kind.FUNCTION:
            type_ = self.target(type_)
        return tuple(BtfParameter(self._string(name), type_id) for name, type_id in self._entries(type_, "<II"))

    # -- C ------------------------------------------------------------------------------------------------

    def spell(self, type_: BtfType) -> str:
        """Return the type as C says it: `const struct sock *`, `char[16]`, `enum pid_type`."""
        kind = type_.kind
        if kind in QUALIFIERS:
            inner = self.spell(self.target(type_))
            return f"{inner} {QUALIFIERS[kind]}" if inner.endswith("*") else f"{QUALIFIERS[kind]} {inner}"
        if kind is Kind.TYPE_TAG:
            return self.spell(self.target(type_))
        if kind is Kind.POINTER:
            inner_type = self.target(type_)
            if self.resolve(inner_type).kind is Kind.PROTOTYPE and not inner_type.name:
                return "void (*)()"
            inner = self.spell(inner_type)
            return f"{inner}*" if inner.endswith("*") else f"{inner} *"
        if kind is Kind.ARRAY:
            return f"{self.spell(self.target(type_))}[{type_.count}]"
        return _spell_tagged(type_)

    def slice(self, names: Iterable[str]) -> str:
        """Return C for the named types and everything that they hold by value, inside a CO-RE pragma.

        Names are C spellings (`struct task_struct`, `u32`); pointers become forward declarations.  `TargetError` names
        those that this kernel does not have.
        """
        wanted = [(name, self.named(name)) for name in dict.fromkeys(names)]
        missing = [name for name, found in wanted if found is None]
        if missing:
            raise TargetError(f"this kernel has no type {', '.join(missing)}")
        text = self._text(tuple(found.id for _, found in wanted if found is not None))
        push = "#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)"
        return f"{push}\n{text}\n#pragma clang attribute pop\n" if text else ""

    def _text(self, type_ids: tuple[int, ...]) -> str:
        """Return C for the types: few sets of them serve all units of a host."""
        if type_ids not in self._texts:
            self._texts[type_ids] = self._dump(type_ids)
        return self._texts[type_ids]

    def _dump(self, type_ids: Iterable[int]) -> str:
        chunks: list[bytes] = []
        format_text = _vsnprintf()
        buffer = ctypes.create_string_buffer(1 << 16)
        view = memoryview(buffer)  # `buffer.raw` would copy all of it, thousands of times

        def emit(_context: object, template: bytes, arguments: int) -> None:
            length = format_text(buffer, len(buffer), template, arguments)
            chunks.append(bytes(view[: min(length, len(buffer) - 1)]))

        callback = _EMIT(emit)
        dump = self._library.btf_dump__new(self._handle, callback, None, None)
        if not dump:
            raise MemoryError("libbpf could not start to print types")
        try:
            for type_id in type_ids:
                if self._library.btf_dump__dump_type(dump, type_id):
                    raise ValueError(f"libbpf cannot print the type {self.spell(self.type(type_id))} as C")
        finally:
            self._library.btf_dump__free(dump)
        return b"".join(chunks).decode()

    # -- raw reads ----------------------------------------------------------------------------------------

    def _read(self, type_id: int) -> BtfType:
        if type_id == 0:
            return BtfType(0, Kind.VOID, "void")
        address = self._library.btf__type_by_id(self._handle, type_id)
        if not address:
            raise ValueError(f"broken BTF: there is no type {type_id}")
        name_offset, info, last = struct.unpack("<III", ctypes.string_at(address, 12))
        kind, flag, length = Kind(info >> 24 & 0x1F), bool(info >> 31), info & 0xFFFF
        name = self._string(name_offset)
        if kind is Kind.ARRAY:
            element, _, count = struct.unpack("<III", ctypes.string_at(address + 12, 12))
            return BtfType(type_id, kind, name, target=element, count=count)
        if kind is Kind.INT:
            encoding = struct.unpack("<I", ctypes.string_at(address + 12, 4))[0] >> 24
            return BtfType(type_id, kind, name, last, signed=bool(encoding & 1), boolean=bool(encoding & 4))
        if kind in _SIZED:
            signed = flag and kind in {Kind.ENUM, Kind.ENUM64}
            return BtfType(type_id, kind, name, last, signed=signed, length=length, flag=flag)
        return BtfType(type_id, kind, name, target=last, length=length, flag=flag)

    def _entries(self, type_: BtfType, form: str) -> Iterator[tuple[Any, ...]]:
        if not type_.length:
            return iter(())
        address = self._library.btf__type_by_id(self._handle, type_.id)
        return struct.iter_unpack(form, ctypes.string_at(address + 12, type_.length * struct.calcsize(form)))

    def _string(self, offset: int) -> str:
        text = self._library.btf__name_by_offset(self._handle, offset)
        return text.decode() if text else ""


@cache
def running() -> Btf:
    """Return the running kernel's types, loaded once a process; `UnsupportedError`."""
    return Btf.load()


def _spell_tagged(type_: BtfType) -> str:
    words = {Kind.STRUCT: "struct", Kind.UNION: "union", Kind.ENUM: "enum", Kind.ENUM64: "enum"}
    word = "union" if type_.kind is Kind.FORWARD and type_.flag else words.get(type_.kind, "")
    word = "struct" if type_.kind is Kind.FORWARD and not word else word
    return f"{word} {type_.name or '(anonymous)'}" if word else type_.name


_EMIT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)


@cache
def _libbpf() -> ctypes.CDLL:
    """Return libbpf with the prototypes of its BTF functions (bpf/btf.h)."""
    try:
        library = ctypes.CDLL("libbpf.so.1", use_errno=True)
    except OSError as error:
        raise UnsupportedError("libbpf is not installed", "libbpf 1.0", "install the package libbpf1") from error
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    prototypes: dict[str, tuple[Any, list[Any]]] = {
        "btf__parse": (pointer, [text, pointer]),
        "btf__new": (pointer, [text, ctypes.c_uint32]),
        "btf__free": (None, [pointer]),
        "btf__raw_data": (pointer, [pointer, ctypes.POINTER(ctypes.c_uint32)]),
        "btf__type_by_id": (pointer, [pointer, ctypes.c_uint32]),
        "btf__find_by_name_kind": (ctypes.c_int32, [pointer, text, ctypes.c_uint32]),
        "btf__name_by_offset": (text, [pointer, ctypes.c_uint32]),
        "btf_dump__new": (pointer, [pointer, _EMIT, pointer, pointer]),
        "btf_dump__dump_type": (ctypes.c_int, [pointer, ctypes.c_uint32]),
        "btf_dump__free": (None, [pointer]),
    }
    for name, (result, arguments) in prototypes.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


@cache
def _vsnprintf() -> Any:
    function = ctypes.CDLL(None).vsnprintf
    function.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p]
    function.restype = ctypes.c_int
    return function
