"""What programs keep for scopes: process trees, and cgroups by name.

`resolve` makes them; `codegen` keeps their maps, at fork, exec and exit, and where cgroups are made; the engine enters what
is there already.
"""

from __future__ import annotations

from dataclasses import dataclass

from policyd.maps import digest

BY_PROGRAM, BY_PID = 1, 2
"""Why a process is in a tree: what it runs, or ran on the way down to it, or that its number was named.  Bits of a row's
value (PD_BY_PROGRAM, PD_BY_PID of `bpf_templates/internal/trees.c`)."""

MARK_KEY = (1 << 63).to_bytes(8, "little")
"""The row of a tree's map that is no process's: what it was filled for, as a number."""

MOST_PROCESSES = 65536


@dataclass(frozen=True, slots=True, order=True)
class Tree:
    """A map of processes, `map_name` of `policy`: who executes one of the map `binaries` comes in (empty: nobody does).

    `follow`: what they start stays in, whatever it executes.
    """

    policy: str
    map_name: str
    binaries: str
    follow: bool

    @property
    def maps(self) -> tuple[str, ...]:
        return (self.map_name, self.binaries) if self.binaries else (self.map_name,)


@dataclass(frozen=True, slots=True, order=True)
class Followed:
    """A list of cgroups, `map_name` of `policy`: a cgroup that is made and whose path is in the map `paths` comes in."""

    policy: str
    map_name: str
    paths: str

    @property
    def maps(self) -> tuple[str, ...]:
        return (self.map_name, self.paths)


@dataclass(frozen=True, slots=True)
class TreeRoots:
    """From whom a tree comes: programs by path, and processes by number."""

    tree: Tree
    paths: frozenset[bytes]
    pids: frozenset[int]

    @property
    def mark(self) -> bytes:
        """What the map's row of its own says once it was filled for this."""
        facts = (self.tree, sorted(self.paths), sorted(self.pids))
        return int(digest(facts), 16).to_bytes(8, "little")
