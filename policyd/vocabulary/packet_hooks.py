"""The hooks that packets pass at interfaces; `hooks.py` has the rest, those of cgroups among them."""

from __future__ import annotations

from policyd.vocabulary.hook_kind import Context, HookKind, Key

PACKET: frozenset[Context] = frozenset({"any", "packet"})

_INTERFACES = Key("interfaces", "interface names or globs; each is an attach point of its own")
_MODE = Key(
    "mode",
    "native (in the driver), generic (in the network stack), or auto (default: native where the driver can); an interface "
    "has one mode for all policies: native if any asks for it, else generic if any does",
)

NETFILTER_HOOKS = ("prerouting", "input", "forward", "output", "postrouting")
"""By their numbers: `enum nf_inet_hooks` of include/uapi/linux/netfilter.h."""

NETFILTER_FAMILIES: dict[str, tuple[str, ...]] = {"ip": ("ip",), "ip6": ("ip6",), "inet": ("ip", "ip6")}

DEFRAG_PRIORITY = -400
"""NF_IP_PRI_CONNTRACK_DEFRAG: where the kernel puts fragments together; `defrag` works behind it only."""

_NETFILTER = (
    Key("hook", f"where on the packet's way: {', '.join(NETFILTER_HOOKS)}; may stand alone"),
    Key("family", "ip, ip6, or inet (default: both, each an attach point of its own)"),
    Key(
        "priority",
        "a number: lower ones come first. Default: 0, just before the filter chains of iptables and nftables. "
        "No two BPF programs can have the same at one hook: all policies with it share a program",
    ),
    Key("defrag", "true: fragments are put together before the packet is seen (connection tracking does so too)"),
)

PACKET_HOOKS: tuple[HookKind, ...] = (
    HookKind(
        kind="xdp",
        name="",
        attach_kind="xdp",
        keys=(_INTERFACES, _MODE),
        contexts=PACKET,
        verdicts=("drop", "pass", "redirect"),
        signals=False,
        summary="A packet that an interface received, before the network stack.",
        context="Runs in the driver or right after it; the current process is whoever was interrupted. One XDP program an "
        "interface: one of another owner is an error, never replaced.",
        ways_round=(
            "Only received packets; what leaves is seen by `tc` egress.",
            "Another interface of the same host is another way in: use a glob.",
            "VLAN tags that the hardware stripped are not in the packet.",
        ),
        cost="The cheapest place to drop a packet; generic mode is a few times dearer.",
    ),
    HookKind(
        kind="tc",
        name="",
        attach_kind="tcx",
        keys=(_INTERFACES, Key("direction", "ingress or egress")),
        contexts=PACKET,
        verdicts=("drop", "pass", "mark", "redirect"),
        signals=False,
        summary="A packet on its way into or out of an interface's queue.",
        context="Runs in the network stack; the current process is whoever was interrupted. `pass` ends the chain: later "
        "programs on the interface do not see the packet; with no verdict they do. Where the kernel has no links for tc "
        "(tcx, Linux 6.6) the program is a filter of the qdisc clsact, beside those of others: `plan` says so.",
        ways_round=("XDP programs and hardware offloads can take packets before ingress.",),
        cost="Paid by each packet of the interface.",
        fallback="clsact",
    ),
    HookKind(
        kind="netkit",
        name="",
        attach_kind="netkit",
        keys=(
            _INTERFACES,
            Key("side", "primary: what the device that is named sends; peer: what its other end sends, in the container"),
        ),
        contexts=PACKET,
        verdicts=("drop", "pass", "mark", "redirect"),
        signals=False,
        summary="A packet that a netkit device hands over to its other end, mostly from or to a container.",
        context="Runs as the packet crosses from one end to the other; the current process is whoever was interrupted. Both "
        "sides are attached by the primary end, which is the host's: the container can neither see nor remove the program. "
        "`interface` is the end that receives, and its number that of its network namespace. `pass` ends the chain: later "
        "programs do not see the packet; with no verdict they do.",
        ways_round=("Other devices of the container, if it has any.",),
        cost="Paid by each packet that crosses the device.",
    ),
    HookKind(
        kind="netfilter",
        name="",
        attach_kind="netfilter",
        keys=_NETFILTER,
        contexts=PACKET | {"netfilter"},
        verdicts=("drop", "pass"),
        signals=False,
        summary="An IP packet at a hook of netfilter, among the chains of iptables and nftables.",
        context="Runs in the network stack of this network namespace, for the packets of all its interfaces, from the IP "
        "header on; the current process is whoever was interrupted. `pass` is what happens without a verdict: later hooks "
        "can still drop the packet, and a packet that was dropped before is not seen.",
        ways_round=(
            "Other network namespaces (containers) have netfilter hooks of their own: what only passes through is seen at "
            "`forward`.",
            "Packet sockets (AF_PACKET), ARP, and what a bridge switches do not come here.",
            "Headers beyond the linear part of the kernel's buffer are absent; drivers and the IP layer put headers there.",
        ),
        cost="Paid by each IP packet that comes to the hook.",
    ),
)
