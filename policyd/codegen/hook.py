"""What each attach kind adds to a program: a table of rows over the files of `bpf_templates/hooks/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.ctext import CText
from policyd.condition import leaves
from policyd.places import netfilter_place
from policyd.vocabulary.attach import attach_kind
from policyd.vocabulary.hooks import hook_kind
from policyd.vocabulary.tcp_events import EVENT_PATH, TCP_EVENTS

if TYPE_CHECKING:
    from policyd.unit import AttachPoint, Unit


@dataclass(frozen=True, slots=True)
class HookPart:
    """What an attach kind adds to a program: types before `struct subject`, functions after it, the neutral verdict.

    `thread`: how the number of the running thread is got.  `preemptible`: the same program can run again on a CPU before its
    first run there has ended (process context with only migration disabled); tracing programs are guarded by the kernel, XDP
    and tcx run with softirqs off.  `btf`: types of the kernel's that its files go through.
    `result`: the type of what the program returns.  `streams`: events go to whoever reads
    the link, not into a ring.  `interrupts`: it runs in interrupts too, and there is no helper for the running thread.
    """

    types: tuple[str, ...]
    fields: tuple[str, ...]
    neutral: int
    packet: bool = False
    preemptible: bool = False
    result: str = "int"
    btf: tuple[str, ...] = ()
    streams: bool = False
    interrupts: bool = False

    @property
    def thread(self) -> CText:
        return CText("pd_thread()" if self.reads_thread else "((u32) pd_pid_tgid())")

    @property
    def reads_thread(self) -> bool:
        """Whether the program reads the number of the running thread from its task."""
        return self.packet or self.interrupts


_TRACING = HookPart((), ("hooks/tracing.c",), 0)
_PREEMPTED = HookPart((), ("hooks/tracing.c",), 0, preemptible=True)
_LSM = HookPart((), ("hooks/errno.c",), 0, preemptible=True, result="s64")
_DECIDING = HookPart((), ("hooks/result.c",), 0, preemptible=True, result="s64")
_PACKETS = ("fields/packet_types.c",)
_TC = HookPart(_PACKETS, ("hooks/skb.c", "fields/packet.c", "hooks/tcx.c"), -1, packet=True)
_HOOKS = {
    "tracepoint": _TRACING,
    "raw_tracepoint": _TRACING,
    "kprobe": _TRACING,
    "kprobe_multi": _TRACING,
    "fentry": _TRACING,
    "fexit": _TRACING,
    "fmod_ret": _DECIDING,
    "lsm": _LSM,
    "uprobe": _PREEMPTED,
    "uprobe_multi": _PREEMPTED,
    "perf_event": _TRACING,
    "iter": HookPart((), ("hooks/tracing.c", "hooks/iter.c"), 0, preemptible=True, streams=True),
    "xdp": HookPart(_PACKETS, ("fields/packet.c", "hooks/xdp.c"), 2, packet=True),
    "tcx": _TC,
    "netkit": _TC,
    "clsact": _TC,
    "netfilter": HookPart(
        _PACKETS,
        ("fields/packet.c", "hooks/netfilter.c"),
        1,
        packet=True,
        preemptible=True,
        btf=("struct nf_hook_state", "struct net_device", "struct sk_buff"),
    ),
    "cgroup_skb": HookPart(
        _PACKETS, ("hooks/skb.c", "fields/packet.c", "hooks/cgroup_skb.c"), 1, packet=True, preemptible=True
    ),
    "sk_lookup": HookPart((), ("hooks/sk_lookup.c",), 1, preemptible=True, interrupts=True),
    "sock_ops": HookPart((), ("hooks/sock_ops.c",), 1, preemptible=True, interrupts=True),
    **{
        f"cgroup_{program}": HookPart((), (*files, "hooks/cgroup_verdict.c"), 1, preemptible=True)
        for program, files in {
            "sock_addr": ("hooks/cgroup_address.c", "fields/sockaddr.c"),
            "sock": ("fields/cgroup_socket.c",),
            "sockopt": ("fields/cgroup_sockopt.c",),
            "sysctl": ("fields/cgroup_sysctl.c",),
            "device": ("fields/cgroup_device.c",),
        }.items()
    },
}


def hook_part(point: AttachPoint) -> HookPart:
    """Return the row of an attach point."""
    return _HOOKS[attach_kind("cgroup", point.option).template if point.kind == "cgroup" else point.kind]


def callbacks(unit: Unit) -> tuple[CText, ...]:
    """Return what a program at TCP events is told: of which of them the kernel must be asked for, as flags."""
    if unit.attach_point.kind != "sock_ops":
        return ()
    tests = (test for rule in unit.rules for test in leaves(rule.condition) if test.value.path == EVENT_PATH)
    wanted = {number for test in tests for number in test.operands}
    return (CText(f"PD_CALLBACKS {c.uint(sum(row.flag for row in TCP_EVENTS if row.number in wanted))}"),)


def defines(point: AttachPoint) -> tuple[CText, ...]:
    """Return what the templates of the attach point are told by the preprocessor."""
    part = hook_part(point)
    out = [CText(f"PD_NEUTRAL ({part.neutral})"), CText(f"PD_THREAD() {part.thread}")]
    if point.header == "none":
        out.append(CText("PD_NO_ETHERNET 1"))
    if point.kind in {"tcx", "clsact"} and point.option == "ingress" and point.header != "none":
        out.append(CText("PD_MAY_BEGIN_AT_NETWORK 1"))
    if point.kind == "netfilter":
        place = netfilter_place(point)
        out.append(CText(f"PD_ETHERTYPE {'0x86dd' if place.family == 'ip6' else '0x0800'}"))
        out.append(CText(f"PD_LEAVES {int(place.hook in {'output', 'postrouting'})}"))
    if point.kind == "cgroup":
        out.append(CText(f"PD_FAMILY {10 if point.option.endswith('6') else 2}"))
        if not hook_kind("cgroup", point.option).verdicts:
            out.append(CText("PD_ONLY_TOLD 1"))
        if point.option == "getsockopt":
            out.append(CText("PD_ANSWERED 1"))
    return tuple(out)
