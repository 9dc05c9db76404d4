"""What the engine is given by whoever builds it: a toolchain, a resolver, the process table's contents.

The command line wires the real ones; the planner's and engine's tests wire small ones of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from policyd.plan.shared import SharedShape

if TYPE_CHECKING:
    from policyd.trees import TreeRoots
    from policyd.unit import BoundUnit, TypedPolicy

Overrides = Mapping[str, tuple[str, ...]]
"""Params set by hand: name → values as text."""


class Toolchain(Protocol):
    """Turns a unit into loaded programs."""

    def build(self, bound: BoundUnit, open_map: Callable[[str], int], shards: int = 1) -> tuple[int, ...]:
        """Return the file descriptors of the loaded programs, one a shard; the caller closes them.

        `open_map` gives the file descriptor of a shared map by its name below `shared/` (or its class's name), and
        of the program array through which shard n calls shard n + 1 by the name `shards`; they stay the engine's.
        `BuildError` (`CompileError`, `VerifierError`) if the unit's policies are to blame.
        """


class Resolver(Protocol):
    """Understands a recorded document again, with some params set by hand."""

    def __call__(self, document: str, overrides: Overrides) -> tuple[TypedPolicy, tuple[str, ...]]:
        """Return the typed policy and its warnings for the canonical JSON of a policy's document; `PolicydError`."""


@dataclass(frozen=True, slots=True)
class ProcessTable:
    """The engine's process table: its shape, and what /proc knows now as (key, value) pairs.

    `members` are the processes that a tree has now, each with why (`policyd.trees`).
    """

    type: str
    key_size: int
    value_size: int
    max_entries: int
    snapshot: Callable[[], Iterable[tuple[bytes, bytes]]]
    flags: int = 0
    members: Callable[[TreeRoots], Mapping[int, int]] = lambda _: {}

    @property
    def shape(self) -> SharedShape:
        return SharedShape(self.type, self.key_size, self.value_size, self.max_entries)
