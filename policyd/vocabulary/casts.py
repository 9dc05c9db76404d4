"""The ways to give a value another type, one row each: `explain types` and the documentation show them.

`resolve.casts` makes the values.
"""

from __future__ import annotations

CASTS: tuple[tuple[str, str], ...] = (
    ("(-ret).as(errno)", "A number as another type of number: its lowest bits, widened by the sign of that type."),
    ("args.state.as(tcp_state)", "A number with the names of a set of constants, or of an enum of the kernel's."),
    ("args.sk.as(tcp_sock).bytes_acked", "A pointer to a structure of the kernel's: its members and fields follow."),
    ("args.addr.as(sockaddr).ip", "A socket's address, in the kernel or in the process: `family`, `ip`, `port`, `path`."),
    ("args.p.as(string64)", "The text that a pointer leads to, up to 63 bytes; `string` and `path` too."),
    ("args.p.as(bytes16)", "So many bytes of what a pointer leads to; `mac` is six of them."),
    ("args.buf.bytes(args.count)", "As many bytes as another value says, up to 256, in hexadecimal."),
    ("args.buf.bytes(args.count, 1024)", "The same, up to 1024 (at most 4096)."),
    ("late(args.buf).bytes(ret)", "The same, as the call ends."),
    ("args.buf.bytes(args.count).as(base64)", "The same, in base64."),
    ("args.saddr.as(ip)", "An address of 4 or 16 bytes, as they lie in memory."),
)
"""(as a policy writes it, what it gives)."""
