"""`Place`: one attach point as one rule sees it, with what can be read there.

`hooks.py` makes places of a rule's hook; `fields.py` reads values there; one typed rule is made for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from policyd.resolve.problems import Wrong
from policyd.text import quote

if TYPE_CHECKING:
    from policyd.condition import Test
    from policyd.unit import AttachPoint
    from policyd.value import Value
    from policyd.vocabulary.hook_kind import Context, HookKind

Phase = Literal["enter", "exit", "call", ""]


class Arguments(Protocol):
    """What a hook's own `args` (and `ret`) are."""

    def value(self, path: str) -> Value:
        """Return `args.NAME`, `args[0]`, `args.NAME.member` or `ret`; raise `Missing` with near misses."""

    def paths(self) -> tuple[str, ...]:
        """Return the paths that the group `args` stands for: every one that can be read, in order."""


@runtime_checkable
class Pointing(Protocol):
    """Arguments that can point to objects of the kernel's."""

    def group(self, path: str) -> tuple[str, ...] | None:
        """Return what an event shows of the object that `path` names; None where it is a plain value."""


@dataclass(frozen=True, slots=True)
class Place:
    """`spelled` is the hook as people see it (`syscall:openat`), `name` what `hook.name` says.

    `name_value` gives `hook.name` where it is not one of the policy's names (system calls, interfaces).  `guard` tests come
    before the rule's own filters.  `actor` says whose process the current one is.  `many`: events need `hook.name` to tell
    which target fired.  `members` are the targets' names where several are at one attach point, in the order of its cookies.
    `why` says why it is here, where one may wonder: what better was not to be had.  `covers` says of whose system calls none
    is missed (Native, Compat); `extra`: nobody asked for the place, and a rule whose arguments cannot be read there does
    without it.  `entry`: where the calls begin whose end this is.
    """

    point: AttachPoint
    hook: HookKind
    spelled: str
    name: str
    arguments: Arguments
    phase: Phase = ""
    actor: Literal["actor", "mixed", "interrupted"] = "actor"
    name_value: Value | None = None
    guard: tuple[Test, ...] = ()
    many: bool = False
    members: tuple[str, ...] = ()
    why: str = ""
    covers: tuple[str, ...] = ()
    extra: bool = False
    entry: Place | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that `hook.name` can have here."""
        return self.members or (self.name,)

    @property
    def contexts(self) -> frozenset[Context]:
        """What the hook's row offers, without the process where it is whoever was interrupted, and `call` but for calls."""
        contexts = self.hook.contexts - {"process", "user_stack"} if self.actor == "interrupted" else self.hook.contexts
        return contexts if self.phase == "call" else contexts - {"call"}


class NoArguments:
    """The arguments of hooks that have none: packets and socket addresses."""

    def value(self, path: str) -> Value:
        hint = "packets, sockets and settings have fields of their own: dst.port, sockopt.name, sysctl.name"
        raise Wrong("unknown-field", f"this hook has no arguments: {quote(path)}", hint)

    def paths(self) -> tuple[str, ...]:
        return ()
