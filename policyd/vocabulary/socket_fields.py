"""The fields of sockets and cgroups: sockets as they are made, bound and closed, their options; settings and devices.

`fields.py` puts the rows among the others; `socket_hooks.py` says which hook offers which context.
"""

from __future__ import annotations

from policyd.vocabulary.field import ADDRESS, FAMILY, PORT, Field
from policyd.vocabulary.socket_options import OPTION_LEVELS, OPTION_NAMES
from policyd.vocabulary.task import BOOL, number
from policyd.vocabulary.tcp_events import STATE
from policyd.vocabulary.types import Shape, ValueType

TEXT_SIZE = 128
"""What is kept of a setting's name and values, with a NUL (PD_SYSCTL_TEXT of `fields/cgroup_sysctl.c`)."""
_OPTION_TEXT = ValueType("string", Shape.STRING, 16)
_TEXT = ValueType("string", Shape.STRING, TEXT_SIZE)
_U32 = number("u32", 4)
_S32 = ValueType("s32", Shape.NUMBER, 4, True)
_RESULT = ValueType("result", Shape.NUMBER, 4, True)
PROTOCOL = number("protocol", 1)

SOCKET_TYPE = number(
    "enum",
    2,
    (
        *((1, "SOCK_STREAM"), (2, "SOCK_DGRAM"), (3, "SOCK_RAW"), (4, "SOCK_RDM"), (5, "SOCK_SEQPACKET"), (6, "SOCK_DCCP")),
        (10, "SOCK_PACKET"),
    ),
)
_DEVICE_TYPE = number("enum", 2, ((1, "Block"), (2, "Char")))
_DEVICE_ACCESS = number("flags", 2, ((1, "Mknod"), (2, "Read"), (4, "Write")))

_SOCKETS: tuple[Field, ...] = (
    Field("family", FAMILY, "socket_family", "socket", 1, "AF_INET or AF_INET6."),
    Field("type", SOCKET_TYPE, "socket_type", "socket", 1, "The socket's type: SOCK_STREAM, SOCK_DGRAM, SOCK_RAW…"),
    Field("protocol", PROTOCOL, "socket_protocol", "socket", 1, "The socket's protocol: tcp, udp…; of raw sockets any."),
    Field("src.ip", ADDRESS, "socket_src_ip", "bound", 1, "The local address that the socket has got."),
    Field(
        "src.port",
        PORT,
        "socket_src_port",
        "bound",
        1,
        "The local port that the socket has got, also one of the kernel's choice.",
    ),
    Field("src.ip", ADDRESS, "sockaddr_local_ip", "local", 1, "The local address."),
    Field("src.port", PORT, "sockaddr_local_port", "local", 1, "The local port."),
    Field("dst.ip", ADDRESS, "sockaddr_remote_ip", "remote", 1, "The address of the other end."),
    Field("dst.port", PORT, "sockaddr_remote_port", "remote", 1, "The port of the other end."),
    Field("src.ip", ADDRESS, "sockaddr_sender_ip", "sender", 1, "The address that the datagram came from."),
    Field("src.port", PORT, "sockaddr_sender_port", "sender", 1, "The port that the datagram came from."),
)

_OPTIONS: tuple[Field, ...] = (
    Field(
        "sockopt.level",
        number("enum", 4, OPTION_LEVELS),
        "sockopt_level",
        "sockopt",
        1,
        "Whose option it is: SOL_SOCKET, SOL_TCP…; levels are protocols' numbers, or such a name.",
    ),
    Field(
        "sockopt.name",
        number("enum", 8, OPTION_NAMES),
        "sockopt_name",
        "sockopt",
        1,
        "The option with its level, so that a name means one option: SO_MARK, TCP_CONGESTION, IP_TTL. One without a name is "
        "a number: level * 2^32 + number.",
    ),
    Field(
        "sockopt.number", _U32, "sockopt_number", "sockopt", 1, "The option's number, which means something with its level."
    ),
    Field(
        "sockopt.length",
        _S32,
        "sockopt_length",
        "sockopt",
        1,
        "Bytes of the value: as the caller says (setsockopt), or as the kernel answered (getsockopt).",
    ),
    Field(
        "sockopt.value",
        _S32,
        "sockopt_value",
        "sockopt",
        2,
        "The value as the kernel reads numbers: its first 4 bytes, of a shorter one the first byte. Absent if it is empty, "
        "and at getsockopt where the kernel refused.",
        can_be_absent=True,
    ),
    Field(
        "sockopt.text",
        _OPTION_TEXT,
        "sockopt_text",
        "sockopt",
        16,
        "The value as text, up to 15 bytes: the interface of SO_BINDTODEVICE, the algorithm of TCP_CONGESTION. Absent as "
        "`sockopt.value`.",
        can_be_absent=True,
    ),
    Field(
        "ret", _RESULT, "sockopt_ret", "got", 1, "What the kernel has answered: 0, or below zero an errno, as -ENOPROTOOPT."
    ),
)

_SETTINGS: tuple[Field, ...] = (
    Field(
        "sysctl.name",
        _TEXT,
        "sysctl_name",
        "sysctl",
        16,
        "The setting, as its path below /proc/sys: net/ipv4/ip_forward; up to 127 bytes.",
        can_be_unread=True,
    ),
    Field("sysctl.write", BOOL, "sysctl_write", "sysctl", 1, "Whether it is written; else it is read."),
    Field(
        "sysctl.value",
        _TEXT,
        "sysctl_value",
        "sysctl",
        16,
        "What it is now, before a write, without the newline at its end; up to 127 bytes. Absent where it is empty, or "
        "cannot be read.",
        can_be_absent=True,
    ),
    Field(
        "sysctl.new_value",
        _TEXT,
        "sysctl_new_value",
        "sysctl",
        16,
        "What is written, without the newline at its end; up to 127 bytes. Absent where it is read, or nothing is written.",
        can_be_absent=True,
    ),
)

_DEVICES: tuple[Field, ...] = (
    Field("device.type", _DEVICE_TYPE, "device_type", "device", 1, "Block or Char."),
    Field(
        "device.major", _U32, "device_major", "device", 1, "The device's major number: 1 for /dev/null, 8 for SCSI disks."
    ),
    Field("device.minor", _U32, "device_minor", "device", 1, "The device's minor number."),
    Field(
        "device.access",
        _DEVICE_ACCESS,
        "device_access",
        "device",
        1,
        "What is wanted: Read, Write, both, or Mknod (a device file is made).",
    ),
)

_SIZE = number("size", 8)
_DURATION = number("duration", 8)

_CONNECTIONS: tuple[Field, ...] = (
    Field("family", FAMILY, "connection_family", "connection", 1, "AF_INET or AF_INET6, as the socket was made."),
    Field("src.ip", ADDRESS, "connection_src_ip", "connection", 2, "This end's address."),
    Field("src.port", PORT, "connection_src_port", "connection", 1, "This end's port."),
    Field("dst.ip", ADDRESS, "connection_dst_ip", "connection", 2, "The other end's address; all zeros at Listen."),
    Field("dst.port", PORT, "connection_dst_port", "connection", 1, "The other end's port; 0 at Listen."),
    Field("state", STATE, "connection_state", "connection", 1, "The state that the socket is in: TCP_ESTABLISHED…"),
    Field(
        "tcp.srtt",
        _DURATION,
        "connection_srtt",
        "connection",
        2,
        "The round trip time, smoothed. Absent before the first is measured.",
        can_be_absent=True,
    ),
    Field(
        "tcp.rtt_min",
        _DURATION,
        "connection_rtt_min",
        "connection",
        2,
        "The shortest round trip of late. Absent before the first is measured.",
        can_be_absent=True,
    ),
    Field("tcp.snd_cwnd", _U32, "connection_snd_cwnd", "connection", 1, "The congestion window, in segments."),
    Field("tcp.mss", _U32, "connection_mss", "connection", 1, "The most bytes that a segment carries."),
    Field("tcp.retransmits", _U32, "connection_retransmits", "connection", 1, "Segments that were sent again so far."),
    Field("tcp.segments_out", _U32, "connection_segments_out", "connection", 1, "Segments sent so far."),
    Field("tcp.segments_in", _U32, "connection_segments_in", "connection", 1, "Segments received so far."),
    Field("tcp.bytes_acked", _SIZE, "connection_bytes_acked", "connection", 1, "Bytes that the other end confirmed."),
    Field("tcp.bytes_received", _SIZE, "connection_bytes_received", "connection", 1, "Bytes received so far."),
)

_LOOKUPS: tuple[Field, ...] = (
    Field("family", FAMILY, "lookup_family", "lookup", 1, "AF_INET or AF_INET6, as the packet is."),
    Field("protocol", PROTOCOL, "lookup_protocol", "lookup", 1, "tcp or udp."),
    Field("src.ip", ADDRESS, "lookup_src_ip", "lookup", 2, "The address that the packet comes from."),
    Field("src.port", PORT, "lookup_src_port", "lookup", 1, "The port that the packet comes from."),
    Field("dst.ip", ADDRESS, "lookup_dst_ip", "lookup", 2, "The address of this host that it is for."),
    Field("dst.port", PORT, "lookup_dst_port", "lookup", 1, "The port that it is for."),
    Field("interface", number("interface", 4), "lookup_interface", "lookup", 1, "The interface that it came in by."),
)

SOCKET_FIELDS: tuple[Field, ...] = _SOCKETS + _OPTIONS + _SETTINGS + _DEVICES + _CONNECTIONS + _LOOKUPS
