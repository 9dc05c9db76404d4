"""What the code generator hands to a builder."""

from __future__ import annotations

from dataclasses import dataclass

PROCESSES_TYPE = "hash"
PROCESSES_ENTRIES = 65536
PROCESSES_VALUE = 88 + 3 * 256
PROCESSES_FLAGS = 1  # BPF_F_NO_PREALLOC: memory follows the number of processes
"""The engine's process table: a map from a process's pid (u32) to `struct pd_process` of `bpf_templates/fields/`."""


@dataclass(frozen=True, slots=True)
class PrivateMap:
    """A map that belongs to one program and dies with it: made by the builder before the load, not pinned.

    `type` and sizes are as in `MapClass`; `contents` fills the entries of an array in order (None: zeros).
    """

    symbol: str
    type: str
    key_size: int
    value_size: int
    max_entries: int
    contents: bytes | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """C text, the program functions in it (shard 0 first), and the maps that it names.

    `shared` maps a C symbol to the name of a map in the root's `shared/` directory (`config` → `config`, a class's symbol →
    `class-<name>`); `private` maps are the builder's to make.  `offsets` are the members of the kernel's types that the text
    goes to (type, designator, byte offset in the target): what a builder without relocations checks its own layout against.
    """

    text: str
    programs: tuple[str, ...]
    shared: tuple[tuple[str, str], ...]
    private: tuple[PrivateMap, ...]
    offsets: tuple[tuple[str, str, int], ...] = ()
