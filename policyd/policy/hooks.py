"""Hooks as written: a model for each kind."""

# ruff: noqa: TC001 (pydantic reads annotations at run time)

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from policyd.policy.model import Model
from policyd.words import (
    ArgumentName,
    BuildId,
    CgroupPath,
    CpuList,
    FileOffset,
    FilePath,
    Flag,
    Frequency,
    InterfaceTarget,
    LibraryName,
    Limit,
    NetworkPath,
    PerfEventName,
    Period,
    Priority,
    ProbeTarget,
    ProcessId,
    Target,
    TracepointTarget,
    TypeName,
    UserSymbol,
)

DEFAULT_MATCHES = 512
"""Places that one hook may have: a glob over every function of a program is a mistake."""

CgroupName = Literal[
    "connect4",
    "connect6",
    "sendmsg4",
    "sendmsg6",
    "bind4",
    "bind6",
    "skb_ingress",
    "skb_egress",
    "sock_create",
    "sock_release",
    "post_bind4",
    "post_bind6",
    "getpeername4",
    "getpeername6",
    "getsockname4",
    "getsockname6",
    "recvmsg4",
    "recvmsg6",
    "setsockopt",
    "getsockopt",
    "sysctl",
    "device",
]


class SyscallHook(Model):
    """System calls by name (globs allowed), at entry, at exit, or as a whole (`call`).

    `abi` names whose calls count; none: Native, and Compat where that costs other calls nothing.
    """

    kind: ClassVar[str] = "syscall"
    names: tuple[Target, ...]
    phase: Literal["enter", "exit", "call"] = "enter"
    abi: tuple[Literal["Native", "Compat"], ...] = ()


class TracepointHook(Model):
    """Tracepoints as `subsystem/event` (globs allowed)."""

    kind: ClassVar[str] = "tracepoint"
    names: tuple[TracepointTarget, ...]


class RawTracepointHook(Model):
    """Raw tracepoints by event name."""

    kind: ClassVar[str] = "raw_tracepoint"
    names: tuple[Target, ...]


class XdpHook(Model):
    """Packets as an interface receives them, before the network stack."""

    kind: ClassVar[str] = "xdp"
    interfaces: tuple[InterfaceTarget, ...]
    mode: Literal["native", "generic", "auto"] = "auto"


class TcHook(Model):
    """Packets at an interface's traffic control hook."""

    kind: ClassVar[str] = "tc"
    interfaces: tuple[InterfaceTarget, ...]
    direction: Literal["ingress", "egress"]


class NetkitHook(Model):
    """Packets that cross a netkit device, by the side that sends them."""

    kind: ClassVar[str] = "netkit"
    interfaces: tuple[InterfaceTarget, ...]
    side: Literal["primary", "peer"]


class NetfilterHook(Model):
    """IP packets at hooks of netfilter; `priority` is the place among what others have there."""

    kind: ClassVar[str] = "netfilter"
    names: tuple[Literal["prerouting", "input", "forward", "output", "postrouting"], ...] = Field(alias="hook")
    family: Literal["ip", "ip6", "inet"] = "inet"
    priority: Priority = 0
    defrag: Flag = False


class CgroupHook(Model):
    """Sockets, packets, settings and devices of the processes of a cgroup; `path` empty: the root of cgroup v2."""

    kind: ClassVar[str] = "cgroup"
    names: tuple[CgroupName, ...] = Field(alias="name")
    path: CgroupPath = ""


TcpEventName = Literal[
    "Connect",
    "ActiveEstablished",
    "PassiveEstablished",
    "Listen",
    "Retransmit",
    "RTO",
    "StateChange",
    "RTT",
]


class SockOpsHook(Model):
    """What happens to the TCP connections of a cgroup; `path` empty: the root of cgroup v2."""

    kind: ClassVar[str] = "sock_ops"
    events: tuple[TcpEventName, ...]
    path: CgroupPath = ""


class SkLookupHook(Model):
    """Packets that look for whoever listens, in network namespaces; `netns` empty: that of policyd itself."""

    kind: ClassVar[str] = "sk_lookup"
    netns: tuple[NetworkPath, ...] = ()


class FunctionHook(Model):
    """Functions of the kernel (globs allowed), by whatever means is best; `limit` is how many they may be."""

    kind: ClassVar[str] = "function"
    names: tuple[Target, ...]
    phase: Literal["enter", "exit", "call"] = "enter"
    limit: Limit = DEFAULT_MATCHES


class KprobeHook(Model):
    """Functions of the kernel as they begin, or instructions inside them (`NAME+0x10`), by a breakpoint."""

    kind: ClassVar[str] = "kprobe"
    names: tuple[ProbeTarget, ...]
    limit: Limit = DEFAULT_MATCHES


class KretprobeHook(Model):
    """Functions of the kernel as they return, by a breakpoint."""

    kind: ClassVar[str] = "kretprobe"
    names: tuple[Target, ...]
    limit: Limit = DEFAULT_MATCHES


class FentryHook(Model):
    """Functions of the kernel as they begin, with types."""

    kind: ClassVar[str] = "fentry"
    names: tuple[Target, ...]
    limit: Limit = DEFAULT_MATCHES


class FexitHook(Model):
    """Functions of the kernel as they return, with types."""

    kind: ClassVar[str] = "fexit"
    names: tuple[Target, ...]
    limit: Limit = DEFAULT_MATCHES


class LsmHook(Model):
    """Security hooks, by the names that the kernel's LSMs know them by."""

    kind: ClassVar[str] = "lsm"
    names: tuple[Target, ...]
    limit: Limit = DEFAULT_MATCHES


class PerfHook(Model):
    """An event that the kernel counts on each CPU: sampled `frequency` times a second, or every `period` events."""

    kind: ClassVar[str] = "perf"
    event: PerfEventName
    frequency: Frequency = 0
    period: Period = 0
    cpus: tuple[CpuList, ...] = ("all",)


class IterHook(Model):
    """What there is of kinds of objects (tasks, sockets, maps…) whenever it is read."""

    kind: ClassVar[str] = "iter"
    names: tuple[Target, ...]


class FileHook(Model):
    """What all hooks in a program or a library have: `path` or `library` says which file, `pid` 0 means every process."""

    kind: ClassVar[str]
    path: FilePath = ""
    library: LibraryName = ""
    pid: ProcessId = 0
    build_id: BuildId = ""
    limit: Limit = DEFAULT_MATCHES

    @property
    def place(self) -> str:
        """What is to be looked up: an absolute path, or the name of a library."""
        return self.path or self.library


class FunctionInFile(FileHook):
    """What hooks on functions of a program have: `symbols` (globs allowed), or an `offset` in the file, or from a symbol."""

    symbol: UserSymbol = ""
    symbols: tuple[UserSymbol, ...] = ()
    offset: FileOffset = 0
    ret: TypeName = ""

    @property
    def names(self) -> tuple[UserSymbol, ...]:
        return (self.symbol,) if self.symbol else self.symbols


class UprobeHook(FunctionInFile):
    """A function of a program as it begins (`args` are the types of its arguments), returns, or as a whole call."""

    kind: ClassVar[str] = "uprobe"
    args: tuple[tuple[ArgumentName, TypeName], ...] = ()
    phase: Literal["enter", "exit", "call"] = "enter"


class UretprobeHook(FunctionInFile):
    """A function of a program as it returns; `args` are the types of what it was called with."""

    kind: ClassVar[str] = "uretprobe"
    args: tuple[tuple[ArgumentName, TypeName], ...] = ()
    phase: ClassVar[Literal["exit"]] = "exit"


class UsdtHook(FileHook):
    """Probes that the authors of a program put into it, by `provider` and names (globs allowed)."""

    kind: ClassVar[str] = "usdt"
    provider: UserSymbol
    names: tuple[UserSymbol, ...] = Field(alias="name")
    args: tuple[tuple[ArgumentName, TypeName], ...] = ()


PlainHook = (
    SyscallHook
    | TracepointHook
    | RawTracepointHook
    | FunctionHook
    | KprobeHook
    | KretprobeHook
    | FentryHook
    | FexitHook
    | LsmHook
    | XdpHook
    | TcHook
    | NetkitHook
    | NetfilterHook
    | CgroupHook
    | SockOpsHook
    | SkLookupHook
    | PerfHook
    | IterHook
    | UprobeHook
    | UretprobeHook
    | UsdtHook
)


class FirstOf(Model):
    """The first of `hooks` that this kernel has."""

    kind: ClassVar[str] = "firstOf"
    hooks: tuple[PlainHook, ...]


Hook = PlainHook | FirstOf
