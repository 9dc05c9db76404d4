"""The hooks of cgroups and sockets: what processes do with sockets, settings and devices, packets, TCP connections.

`hooks.py` puts the rows among the others; `socket_fields.py` has the fields that they offer.
"""

from __future__ import annotations

from policyd.vocabulary.hook_kind import Context, HookKind, Key, Verdict
from policyd.vocabulary.packet_hooks import PACKET
from policyd.vocabulary.tcp_events import TCP_EVENTS

PATH = Key("path", "the cgroup v2 directory, below its mount or absolute; default: the root, that is every process")
_KEYS = (Key("name", "which hook of the cgroup"), PATH)
_DENY: tuple[Verdict, ...] = ("deny",)

_SOCKET_ROUND = (
    "Raw and packet sockets (CAP_NET_RAW) send without these hooks; `cgroup: skb_egress` and `tc` see their packets.",
    "Connections that were open before the policy came go on.",
)
_CONNECT_ROUND = (
    "UDP sockets can send without connect(): add sendmsg4 and sendmsg6.",
    "An IPv6 socket reaches IPv4 addresses through the 6 hook as ::ffff:a.b.c.d (shown, compared as IPv4): name both hooks.",
    *_SOCKET_ROUND,
)
_NO_BIND = ("A socket that never binds gets a port by itself.",)
_TOLD = ("What the kernel tells is seen, and cannot be refused.",)
_WHOSE = "The cgroup is the one in which the socket was made."
_BEFORE = "Runs in the calling process, before the kernel acts on the address."
_TELLS = "Runs in the calling process, as the kernel hands it the address; it cannot be refused."
_EACH_CALL = "Paid by each such call in the cgroup and below it, not by packets."
_OPTION_COST = (
    "Paid by each such call on any socket of the cgroup, Unix sockets too: besides the program the kernel copies the value, "
    "up to a page, once more."
)
_OPTION_ROUND = (
    "32-bit calls, which 64-bit programs can make too (int $0x80): the kernel does not ask about them.",
    "sockopt.value is a number as most options are; options that are structures are seen by their first bytes.",
)


def _hook(
    name: str,
    summary: str,
    contexts: tuple[Context, ...],
    verdicts: tuple[Verdict, ...],
    context: str,
    ways_round: tuple[str, ...],
    cost: str = _EACH_CALL,
) -> HookKind:
    return HookKind(
        kind="cgroup",
        name=name,
        attach_kind="cgroup",
        keys=_KEYS,
        contexts=frozenset({"any", *contexts}),
        verdicts=verdicts,
        signals=False,
        summary=summary,
        context=context,
        ways_round=ways_round,
        cost=cost,
    )


def _address_hook(name: str, summary: str, side: Context, ways_round: tuple[str, ...]) -> HookKind:
    return _hook(name, summary, ("process", "address", side), _DENY, _BEFORE, ways_round)


def _telling_hook(name: str, summary: str, side: Context, ways_round: tuple[str, ...]) -> HookKind:
    return _hook(name, summary, ("process", "address", side), (), _TELLS, (*ways_round, *_TOLD))


def _packet_hook(name: str, summary: str, ways_round: tuple[str, ...]) -> HookKind:
    context = (
        "Runs for each packet of a socket of the cgroup. It begins at the IP header: there is no Ethernet header. "
        "The current process is whoever was interrupted."
    )
    cost = "Paid by each IP packet of the cgroup's sockets."
    return _hook(name, summary, tuple(sorted(PACKET - {"any"})), ("drop", "pass"), context, ways_round, cost)


_ACCEPTED = "Sockets that accept() returns are not made in this way, and are not seen."
_MADE = f"Runs in the calling process, once the socket is there and before the call returns. {_WHOSE}"
_BOUND = f"Runs in the calling process, once the port is taken; a refusal gives it back. {_WHOSE}"
_CLOSED = (
    "Runs where the last descriptor of the socket is closed: in the process that does so, or, of one that was on its way "
    "through a Unix socket, in a thread of the kernel. What it returns is of no matter."
)
_ADDRESSLESS = "read(), recv() and others that do not ask who sent are not seen."
_ACCEPTING = "accept() that asks for the address comes here too, and so do functions of libraries that look who is there."
_SETTING = "Runs in the process that reads or writes below /proc/sys, before it is done. The cgroup is that of the process."
_SETTING_ROUND = (
    "Some settings can be changed without /proc/sys: those of interfaces by netlink, others on the kernel's command line.",
    "A number can be written in several ways (1, 01, 0x1, with spaces before it): to keep a setting, deny every write.",
)
_DEVICE = (
    "Runs in the process that opens or makes (mknod) a device file, before it is done. The cgroup is that of the process."
)
_DEVICE_ROUND = (
    "What is open stays open, and can be handed on to other processes.",
    "Only device files: disks can be reached through file systems, memory through /proc.",
)

CGROUP_HOOK_ROWS: tuple[HookKind, ...] = (
    _address_hook("connect4", "connect() to an IPv4 address (TCP, and UDP that connects).", "peer", _CONNECT_ROUND),
    _address_hook("connect6", "connect() to an IPv6 address (TCP, and UDP that connects).", "peer", _CONNECT_ROUND),
    _address_hook("sendmsg4", "An unconnected UDP send to an IPv4 address.", "peer", _SOCKET_ROUND),
    _address_hook("sendmsg6", "An unconnected UDP send to an IPv6 address.", "peer", _SOCKET_ROUND),
    _address_hook("bind4", "bind() to an IPv4 address.", "bind", _NO_BIND),
    _address_hook("bind6", "bind() to an IPv6 address.", "bind", _NO_BIND),
    _packet_hook("skb_ingress", "An IP packet for a socket of the cgroup.", ("Packets that no socket of the cgroup gets.",)),
    _packet_hook(
        "skb_egress", "An IP packet from a socket of the cgroup.", ("Packet sockets (AF_PACKET) send below this hook.",)
    ),
    _hook(
        "sock_create",
        "socket(): an IPv4 or IPv6 socket is made, raw ones among them.",
        ("process", "socket"),
        _DENY,
        _MADE,
        (_ACCEPTED, "Sockets of other families (AF_PACKET, AF_UNIX, AF_NETLINK…) are not seen."),
    ),
    _hook(
        "sock_release",
        "An IPv4 or IPv6 socket is closed for good.",
        ("process", "socket"),
        (),
        _CLOSED,
        _TOLD,
    ),
    _hook(
        "post_bind4",
        "bind() to an IPv4 address that has succeeded, with the port that it got.",
        ("process", "socket", "bound"),
        _DENY,
        _BOUND,
        _NO_BIND,
    ),
    _hook(
        "post_bind6",
        "bind() to an IPv6 address that has succeeded, with the port that it got.",
        ("process", "socket", "bound"),
        _DENY,
        _BOUND,
        _NO_BIND,
    ),
    _telling_hook("getpeername4", "getpeername(): who is at the other end of an IPv4 socket.", "remote", (_ACCEPTING,)),
    _telling_hook("getpeername6", "getpeername(): who is at the other end of an IPv6 socket.", "remote", (_ACCEPTING,)),
    _telling_hook("getsockname4", "getsockname(): the local address of an IPv4 socket.", "local", ()),
    _telling_hook("getsockname6", "getsockname(): the local address of an IPv6 socket.", "local", ()),
    _telling_hook(
        "recvmsg4", "recvfrom() of a UDP datagram, with its sender, on an IPv4 socket.", "sender", (_ADDRESSLESS,)
    ),
    _telling_hook(
        "recvmsg6", "recvfrom() of a UDP datagram, with its sender, on an IPv6 socket.", "sender", (_ADDRESSLESS,)
    ),
    _hook(
        "setsockopt",
        "setsockopt(): an option of a socket is set.",
        ("process", "sockopt"),
        _DENY,
        f"Runs in the calling process, before the kernel looks at the option; what it has copied is what counts. {_WHOSE}",
        _OPTION_ROUND,
        _OPTION_COST,
    ),
    _hook(
        "getsockopt",
        "getsockopt(): an option of a socket is read, with what came of it.",
        ("process", "sockopt", "got"),
        _DENY,
        f"Runs in the calling process, once the kernel has answered. {_WHOSE}",
        ("A refusal changes what the call returns: the value is in the caller's memory by then.", *_OPTION_ROUND),
        _OPTION_COST,
    ),
    _hook(
        "sysctl",
        "A setting of the kernel (/proc/sys) is read or written.",
        ("process", "sysctl"),
        _DENY,
        _SETTING,
        _SETTING_ROUND,
        "Paid by each such read and write, for which the kernel also looks up the setting's value.",
    ),
    _hook(
        "device",
        "A device file is opened or made.",
        ("process", "device"),
        _DENY,
        _DEVICE,
        _DEVICE_ROUND,
        "Paid by each open of a device file (/dev/null too) and by mknod, not by reads and writes.",
    ),
)

SOCK_OPS = HookKind(
    kind="sock_ops",
    name="",
    attach_kind="sock_ops",
    keys=(
        Key("events", f"what is seen: {', '.join(row.name for row in TCP_EVENTS)}; a name or a list may stand alone"),
        PATH,
    ),
    contexts=frozenset({"any", "connection"}),
    verdicts=(),
    signals=False,
    summary="What happens to the TCP connections of a cgroup: opened, accepted, retransmitted, closed.",
    context="Runs in the kernel's TCP, in whichever process or interrupt that is: the current process may be any. The cgroup"
    " is the one in which the socket was made. Retransmit, RTO, StateChange and RTT are called for socket by socket, as it "
    "connects, listens or is established: of connections that stood before the policy they are not seen.",
    ways_round=(
        "Only TCP: QUIC and other protocols on UDP have no such events.",
        "The last states of a connection (TCP_TIME_WAIT and what follows) belong to no socket any more.",
    ),
    cost="Paid when connections are opened, and by each event asked for; RTT comes with about each acknowledgement.",
)

SK_LOOKUP = HookKind(
    kind="sk_lookup",
    name="",
    attach_kind="sk_lookup",
    keys=(
        Key(
            "netns",
            "paths of network namespaces (/run/netns/NAME, /proc/PID/ns/net); may stand alone. Default: policyd's own",
        ),
    ),
    contexts=frozenset({"any", "lookup"}),
    verdicts=("drop", "pass"),
    signals=False,
    summary="A packet looks for whoever listens: a new TCP connection, or a datagram to a UDP socket that is not connected.",
    context="Runs as the packet comes in, before the kernel looks among those who listen; the current process is whoever "
    "was interrupted. `drop` is as if nobody listened: TCP is answered by a reset, UDP by `port unreachable`.",
    ways_round=(
        "Connections that stand, and datagrams to connected UDP sockets, have their socket already and are not looked up.",
        "Raw and packet sockets get packets without being looked up.",
    ),
    cost="Paid by each new TCP connection and each such datagram of the network namespace.",
)
