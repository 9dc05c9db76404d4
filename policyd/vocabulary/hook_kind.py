"""What a row about a hook says: `hooks.py` and its neighbours have the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Context = Literal[
    "any",
    "process",
    "packet",
    "address",
    "bind",
    "peer",
    "local",
    "remote",
    "sender",
    "socket",
    "bound",
    "sockopt",
    "got",
    "sysctl",
    "device",
    "connection",
    "lookup",
    "abi",
    "call",
    "perf",
    "netfilter",
    "kernel_stack",
    "user_stack",
]
"""What a field needs to be read at a hook: `process`: the current task is who acts; `packet`: headers; `address`: a socket
address call, `peer` with a destination, `bind` with a local address that is asked for; `local`, `remote` and `sender` with
one that the kernel tells; `socket`: a socket as it is made, bound (`bound`) or closed; `sockopt`: an option, `got` with what
reading it came to; `sysctl`: a setting; `device`: a device file; `connection`: a TCP connection; `lookup`: the search for
whoever takes a packet; `abi`: a system call's number table; `call`: a whole call, of which the beginning was seen too;
`perf`: a sample; `kernel_stack`: functions of the kernel that led here, `user_stack`: those of the current process."""

Verdict = Literal["deny", "drop", "pass", "mark", "return", "redirect"]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a hook's long form in a policy."""

    name: str
    explain: str


@dataclass(frozen=True, slots=True)
class HookKind:
    """One hook as a policy spells it: `kind`, and for cgroup hooks the `name` (`connect4`).

    `contexts` say which fields can be read, `verdicts` and `signals` which actions can be taken.  `by_means`: the kernel has
    several ways to attach it, or one name may stand for many places: people are told which there are.  `fallback`: the kind
    of attach points where the kernel has no `attach_kind`.
    """

    kind: str
    name: str
    attach_kind: str
    keys: tuple[Key, ...]
    contexts: frozenset[Context]
    verdicts: tuple[Verdict, ...]
    signals: bool
    summary: str
    context: str
    ways_round: tuple[str, ...]
    cost: str
    by_means: bool = False
    fallback: str = ""

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind

    @property
    def process_is_actor(self) -> bool:
        """Whether the current process is the one that does what the hook sees."""
        return "process" in self.contexts
