"""The fields that do not come from a hook's own arguments: processes, clocks, packets, socket addresses.

A row says where the field can be read (`context`, one that the hook's row must offer), its type, and the C accessor of
`bpf_templates/fields/` that reads it.  A path may have a row a context (`dst.port` of a packet, and of a connect call).
`resolve` looks rows up, `explain` shows them, `codegen` implements the accessors: the completeness test compares the names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.vocabulary.field import ADDRESS, FAMILY, PORT, Field
from policyd.vocabulary.socket_fields import SOCKET_FIELDS, SOCKET_TYPE
from policyd.vocabulary.stack_fields import STACK_FIELDS
from policyd.vocabulary.task import ARGS, BOOL, COMM, EXE, PID, TASK_FIELDS, number
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.vocabulary.hook_kind import Context


_MAC = ValueType("mac", Shape.BYTES, 6)
_U8 = number("u8", 1)
_U16 = number("u16", 2)
_U32 = number("u32", 4)

TCP_FLAGS = number(
    "flags", 1, ((1, "FIN"), (2, "SYN"), (4, "RST"), (8, "PSH"), (16, "ACK"), (32, "URG"), (64, "ECE"), (128, "CWR"))
)
ABI = number("enum", 1, ((0, "Native"), (1, "Compat")))
HOOK_KIND = number(
    "enum",
    1,
    tuple(
        enumerate(
            (
                *("syscall", "tracepoint", "raw_tracepoint", "xdp", "tc", "cgroup", "function", "kprobe", "kretprobe"),
                *("fentry", "fexit", "lsm", "uprobe", "uretprobe", "usdt", "perf", "iter", "sock_ops", "sk_lookup"),
                *("netfilter", "netkit"),
            )
        )
    ),
)

_PROCESS_FIELDS: tuple[Field, ...] = (
    Field("process.pid", PID, "process_pid", "process", 2, "The process (thread group), in the host's numbers."),
    Field("process.tid", PID, "process_tid", "process", 2, "The thread, in the host's numbers."),
    Field("process.uid", number("uid", 4), "process_uid", "process", 2, "The real user id, in the host's numbers."),
    Field("process.gid", number("gid", 4), "process_gid", "process", 2, "The real group id, in the host's numbers."),
    Field("process.comm", COMM, "process_comm", "process", 2, "The thread's short name: 15 bytes, which it can change."),
    Field(
        "process.exe",
        EXE,
        "process_exe",
        "process",
        4,
        "The path of the program, as it was executed. From policyd's process table (filled from /proc at start, then by "
        "exec, fork and exit); unread for a process that is not in it.",
        can_be_unread=True,
        needs_process_table=True,
    ),
    Field(
        "process.args",
        ARGS,
        "process_args",
        "process",
        4,
        "The command line, arguments separated by spaces, up to 255 bytes. From the process table, as it was at exec.",
        can_be_unread=True,
        needs_process_table=True,
    ),
    Field(
        "process.start_time",
        number("time", 8),
        "process_start_time",
        "process",
        4,
        "When the process started.",
        can_be_unread=True,
    ),
    Field("process.cgroup", number("cgroup", 8), "process_cgroup", "process", 2, "The cgroup v2 directory of the thread."),
    Field(
        "process.kernel_thread",
        BOOL,
        "process_kernel_thread",
        "process",
        4,
        "Whether it is a thread of the kernel.",
        can_be_unread=True,
    ),
    Field("process.ppid", PID, "process_ppid", "process", 4, "The parent process.", can_be_unread=True),
    Field("process.parent.pid", PID, "process_parent_pid", "process", 4, "The parent process.", can_be_unread=True),
    Field(
        "process.parent.comm",
        COMM,
        "process_parent_comm",
        "process",
        4,
        "The short name of the parent's main thread.",
        can_be_unread=True,
    ),
    Field(
        "process.parent.exe",
        EXE,
        "process_parent_exe",
        "process",
        4,
        "The path of the parent's program, from the process table.",
        can_be_unread=True,
        needs_process_table=True,
    ),
)

_TASK_FIELDS: tuple[Field, ...] = tuple(
    Field(
        path,
        row.type,
        row.accessor,
        "process",
        row.cost,
        row.explain,
        can_be_absent=True,
        can_be_unread=True,
        needs_process_table=row.from_table,
        from_task=True,
    )
    for name, row in TASK_FIELDS.items()
    if (path := f"process.{name}") not in {known.path for known in _PROCESS_FIELDS}
)

_HOOK_FIELDS: tuple[Field, ...] = (
    Field("time", number("time", 8), "time_now", "any", 2, "Nanoseconds since boot, shown as a date."),
    Field("cpu", _U32, "cpu_id", "any", 2, "The CPU that the event happened on."),
    Field("hook.name", number("enum", 2), "", "any", 0, "The target that fired, as the policy spells it: `openat`."),
    Field("hook.kind", HOOK_KIND, "", "any", 0, "The kind of hook: `syscall`."),
    Field("hook.abi", ABI, "syscall_abi", "abi", 4, "Native, or Compat for a 32-bit caller."),
    Field(
        "duration",
        number("duration", 8),
        "",
        "call",
        4,
        "How long the call took, in nanoseconds; absent where its beginning was not seen.",
        can_be_absent=True,
    ),
)


def _packet(path: str, type_: ValueType, explain: str, *, absent: bool = True) -> Field:
    """A packet field: the accessor is named like the path; absent where the packet has no such header."""
    name = "packet_" + path.removeprefix("packet.").replace(".", "_")
    return Field(path, type_, name, "packet", 2, explain, can_be_absent=absent)


_PACKET_FIELDS: tuple[Field, ...] = (
    _packet(
        "packet.length",
        _U32,
        "Bytes of the packet from its first header on. Beyond XDP, segments that an offload joined (GSO, GRO) count as one.",
        absent=False,
    ),
    _packet("interface", number("interface", 4), "The interface that the packet comes in or goes out by.", absent=False),
    _packet("family", FAMILY, "AF_INET or AF_INET6; absent for packets that are neither."),
    _packet("protocol", number("protocol", 1), "The transport protocol, after up to 16 IPv6 extension headers."),
    _packet("src.ip", ADDRESS, "The source address."),
    _packet("src.port", PORT, "The source port of TCP, UDP, UDP-Lite, SCTP or DCCP; absent in later fragments."),
    _packet("dst.ip", ADDRESS, "The destination address."),
    _packet("dst.port", PORT, "The destination port of TCP, UDP, UDP-Lite, SCTP or DCCP; absent in later fragments."),
    _packet("eth.src", _MAC, "The source MAC address; absent on interfaces without Ethernet headers."),
    _packet("eth.dst", _MAC, "The destination MAC address; absent on interfaces without Ethernet headers."),
    _packet("eth.type", number("ethertype", 2), "What is inside, after up to two VLAN tags."),
    _packet("vlan.id", _U16, "The (outer) VLAN, also where the hardware took the tag out of the packet (tc only)."),
    _packet("vlan.priority", _U8, "The priority of the (outer) VLAN tag, 0 to 7."),
    _packet("ip.ttl", _U8, "IPv4's time to live, IPv6's hop limit."),
    _packet("ip.dscp", _U8, "The differentiated services code point, 0 to 63."),
    _packet("ip.ecn", _U8, "The congestion bits, 0 to 3."),
    _packet("ip.fragment", BOOL, "Whether the packet is a fragment of another, or says so (IPv6: an atomic fragment)."),
    _packet(
        "fragment.offset",
        _U16,
        "Where in the whole packet the fragment belongs, in bytes: 0 for the first, which alone has ports. Absent unless a "
        "fragment.",
    ),
    _packet("fragment.more", BOOL, "Whether more fragments follow: false for the last. Absent unless a fragment."),
    _packet("fragment.id", _U32, "What all fragments of a packet have in common. Absent unless a fragment."),
    _packet("ip4.src", ADDRESS, "The source address; absent unless IPv4."),
    _packet("ip4.dst", ADDRESS, "The destination address; absent unless IPv4."),
    _packet("ip4.id", _U16, "The identification; absent unless IPv4."),
    _packet("ip4.length", _U16, "The total length that the IPv4 header tells."),
    _packet("ip6.src", ADDRESS, "The source address; absent unless IPv6."),
    _packet("ip6.dst", ADDRESS, "The destination address; absent unless IPv6."),
    _packet("ip6.flow_label", _U32, "The flow label; absent unless IPv6."),
    _packet("ip6.length", _U16, "The payload length that the IPv6 header tells."),
    _packet("tcp.src_port", PORT, "The source port; absent unless TCP."),
    _packet("tcp.dst_port", PORT, "The destination port; absent unless TCP."),
    _packet("tcp.flags", TCP_FLAGS, "FIN SYN RST PSH ACK URG ECE CWR; absent unless TCP."),
    _packet("tcp.seq", _U32, "The sequence number; absent unless TCP."),
    _packet("tcp.ack", _U32, "The acknowledgement number; absent unless TCP."),
    _packet("tcp.window", _U16, "The window as sent, not scaled; absent unless TCP."),
    _packet("udp.src_port", PORT, "The source port; absent unless UDP."),
    _packet("udp.dst_port", PORT, "The destination port; absent unless UDP."),
    _packet("udp.length", _U16, "The length that the UDP header tells."),
    _packet("icmp.type", _U8, "The type of an ICMP or ICMPv6 message."),
    _packet("icmp.code", _U8, "The code of an ICMP or ICMPv6 message."),
)

_NETFILTER_FIELDS: tuple[Field, ...] = tuple(
    Field(f"interface.{way}", number("interface", 4), f"netfilter_{way}", "netfilter", 2, explain, can_be_absent=True)
    for way, explain in (
        ("in", "The interface that the packet came in by; absent for what the host itself sends."),
        (
            "out",
            "The interface that the packet leaves by; absent before that is decided, and for what the host itself gets.",
        ),
    )
)

_ADDRESS_FIELDS: tuple[Field, ...] = (
    Field("family", FAMILY, "sockaddr_family", "address", 1, "AF_INET or AF_INET6, as the hook is."),
    Field("type", SOCKET_TYPE, "sockaddr_type", "address", 1, "The socket's type: SOCK_STREAM, SOCK_DGRAM…"),
    Field("protocol", number("protocol", 1), "sockaddr_protocol", "address", 1, "The socket's protocol: tcp, udp…"),
    Field("dst.ip", ADDRESS, "sockaddr_dst_ip", "peer", 1, "The address that is connected or sent to."),
    Field("dst.port", PORT, "sockaddr_dst_port", "peer", 1, "The port that is connected or sent to."),
    Field("src.ip", ADDRESS, "sockaddr_src_ip", "bind", 1, "The local address that is asked for."),
    Field("src.port", PORT, "sockaddr_src_port", "bind", 1, "The local port that is asked for; 0 for any."),
)

_PERF_FIELDS: tuple[Field, ...] = (
    Field(
        "perf.ip",
        number("symbol", 8),
        "",
        "perf",
        1,
        "The instruction that the CPU was at: a place in the kernel's code, or an address of the process (in hexadecimal).",
    ),
    Field(
        "perf.period",
        number("u64", 8),
        "",
        "perf",
        1,
        "How many events the sample stands for; of cpu-clock, how many nanoseconds. Their sum is an estimate of all.",
    ),
    Field(
        "perf.address",
        number("hex", 8),
        "",
        "perf",
        1,
        "The address that the event is about: of page-faults, the one that was not there; 0 where an event has none.",
    ),
)

FIELDS: tuple[Field, ...] = (
    _PROCESS_FIELDS
    + _TASK_FIELDS
    + _HOOK_FIELDS
    + _PACKET_FIELDS
    + _NETFILTER_FIELDS
    + SOCKET_FIELDS
    + _ADDRESS_FIELDS
    + _PERF_FIELDS
    + STACK_FIELDS
)

GROUPS: dict[str, tuple[str, ...]] = {
    "process": ("process.pid", "process.ppid", "process.uid", "process.comm", "process.exe"),
    "process.parent": ("process.parent.pid", "process.parent.comm", "process.parent.exe"),
    "process.namespaces": tuple(f"process.{name}" for name, row in TASK_FIELDS.items() if row.type.kind == "namespace"),
    "process.capabilities": tuple(f"process.{name}" for name, row in TASK_FIELDS.items() if row.type.kind == "capabilities"),
    "process.changed": tuple(f"process.{name}" for name in TASK_FIELDS if name.startswith("changed.")),
    "perf": tuple(row.path for row in _PERF_FIELDS),
    "flow": ("family", "protocol", "src.ip", "src.port", "dst.ip", "dst.port"),
}
"""Groups that stand for several fields in an event; those that the hook does not have are left out.  `args`, the group of
all arguments, is the hook's own."""


def field_row(path: str, contexts: frozenset[Context]) -> Field | None:
    """Return the row of `path` that a hook offering `contexts` can read, or None."""
    return next((row for row in FIELDS if row.path == path and row.context in contexts), None)


FIELD_ROOTS = frozenset(row.path.partition(".")[0] for row in FIELDS) | {
    *("args", "ret", "params", "lists", "kernel", "user", "start", "end", "span"),
}
"""What paths begin with: names that a policy gives away cannot be among them."""
