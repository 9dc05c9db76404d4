"""The kinds of values: how each is kept, read from a policy's text, and shown.

`KINDS` is the table behind `ValueType.kind`.  `parse` turns an operand's or parameter's text into what the kernel compares
(a number; the 16 bytes of an address; the bytes of a string); `show` and `show_text` turn raw values into JSON and into text
for people.  `resolve`, `params set`, the readers and `explain` use them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from policyd.vocabulary import values
from policyd.vocabulary.constants import ARCHITECTURES, symbols
from policyd.vocabulary.quantities import parse_duration, parse_integer, parse_number, parse_size
from policyd.vocabulary.syscalls import compat_symbols, syscall_symbols
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.vocabulary.symbols import Symbols
    from policyd.vocabulary.values import Json, Raw, Reader, Shower


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind.  `size` (bytes) and `signed` are a parameter's and a default; a field's type may have others.

    `read` parses text and raises `ValueError` with what was expected; `json` and `text` show a raw value.  `constants` names
    the set of symbols that the kind stands for where the type carries none.
    """

    name: str
    shape: Shape
    size: int
    signed: bool
    explain: str
    example: str
    read: Reader
    json: Shower
    text: Shower | None = None
    constants: str = ""


# ------------------------------------------------------------------------------------------------ use


def parse(type_: ValueType, text: str, arch: str = "") -> Raw:
    """Return what `text` stands for in a field of this type, ready to be compared with.

    `arch` is the target's architecture (the running one's if not given).  `ValueError` says what was expected.
    """
    return KINDS[type_.kind].read(type_, text, symbols_of(type_, arch))


def show(type_: ValueType, raw: Raw) -> Json:
    """Return a raw value for JSON: numbers as numbers, flags as a list of names, times as RFC 3339, durations in ns."""
    return KINDS[type_.kind].json(type_, raw, symbols_of(type_, ""))


def show_text(type_: ValueType, raw: Raw) -> str:
    """Return a raw value as people read it, on one line, safe for a terminal."""
    row = KINDS[type_.kind]
    value = (row.text or row.json)(type_, raw, symbols_of(type_, ""))
    if isinstance(value, list):
        return "|".join(value) or "0"
    return str(value).lower() if isinstance(value, bool) else str(value)


def kind_type(name: str) -> ValueType:
    """Return the type that a parameter or column declared with this kind has; `KeyError` for an unknown one."""
    row = KINDS[name]
    return ValueType(row.name, row.shape, row.size, row.signed)


def symbols_of(type_: ValueType, arch: str) -> Symbols:
    """Return the names of a type's numbers: its own, or its kind's on an architecture ('': the running one)."""
    if type_.symbols:
        return type_.symbols
    row = KINDS[type_.kind]
    if row.constants in _CALLS:
        return _CALLS[row.constants](arch or host_architecture())
    return symbols(row.constants, arch or host_architecture()) if row.constants else ()


_CALLS = {"syscalls": syscall_symbols, "compat_syscalls": compat_symbols}
"""Names of system calls, by the table of an architecture."""


@cache
def host_architecture() -> str:
    """Return the running architecture, or x86_64 where policyd does not know it."""
    machine = os.uname().machine
    return machine if machine in ARCHITECTURES else ARCHITECTURES[0]


# ------------------------------------------------------------------------------------------------ the table


_PLAIN = values.number_reader(parse_number)
_SIZE = values.number_reader(parse_size)
_INTEGER = values.number_reader(parse_integer)
_DURATION = values.number_reader(parse_duration)
_SIGNAL = values.symbol_reader("a signal, as SIGKILL or 9", "SIG")
_CAPABILITY = values.symbol_reader("a capability, as CAP_NET_ADMIN", "CAP_")
_SYSCALL = values.symbol_reader("a system call, as openat or its number")
_PROTOCOL = values.symbol_reader("a protocol, as tcp, udp or 6", "IPPROTO_")
_ETHERTYPE = values.symbol_reader("an ethertype, as ip, arp or 0x0800", "ETH_P_")
_ENUM = values.symbol_reader("one of the names of this field, or a number")
_TCP = values.short_shower("IPPROTO_")
_IPV6 = values.short_shower("ETH_P_", "{:#06x}")


def _number(
    name: str,
    size: int,
    explain: str,
    example: str,
    read: Reader,
    json: Shower = values.show_number,
    text: Shower | None = None,
) -> KindRow:
    return KindRow(name, Shape.NUMBER, size, False, explain, example, read, json, text)


def _signed(row: KindRow) -> KindRow:
    return replace(row, signed=True)


def _symbolic(row: KindRow, constants: str) -> KindRow:
    return replace(row, constants=constants)


def _text(name: str, explain: str, example: str) -> KindRow:
    return KindRow(
        name, Shape.STRING, 256, False, explain, example, values.read_string, values.json_string, values.text_string
    )


def _address(name: str, explain: str, example: str, read: Reader) -> KindRow:
    return KindRow(name, Shape.ADDRESS, 16, False, explain, example, read, values.json_address)


def _bytes(name: str, size: int, explain: str, example: str, read: Reader, json: Shower) -> KindRow:
    return KindRow(name, Shape.BYTES, size, False, explain, example, read, json)


def _buffer(name: str, explain: str, example: str, json: Shower) -> KindRow:
    read = values.read_hex if json is values.json_bytes else values.read_base64
    return KindRow(name, Shape.STRING, 256, False, explain, example, read, json)


_NAMED = values.symbol_or_number
_RESULT = "What a system call returned: below zero, an errno."
_COMPAT = "A system call as 32-bit programs number them."
_DEVICE = "A block device, by its numbers; shown by name."
_INTERFACE = "A network interface, by name or index."

_ROWS: tuple[KindRow, ...] = (
    *(_number(f"u{8 * size}", size, f"An unsigned number of {8 * size} bits.", "42", _PLAIN) for size in (1, 2, 4, 8)),
    *(_signed(_number(f"s{8 * size}", size, f"A signed number of {8 * size} bits.", "-1", _PLAIN)) for size in (1, 2, 4, 8)),
    _number("hex", 8, "A number shown in hexadecimal: addresses, masks.", "0xffff", _PLAIN, values.show_hex),
    _number("bool", 1, "True or false.", "true", values.read_bool, values.show_bool),
    _text("string", "Text. stringN keeps up to N-1 bytes.", "bash"),
    _text("path", "The path of a file.", "/etc/passwd"),
    replace(
        _text("paths", "A list of paths; a test holds if it does for some of them.", "/usr/sbin/sshd"),
        json=values.json_paths,
        text=values.text_paths,
    ),
    _address("ip", "An IPv4 or IPv6 address.", "192.0.2.7", values.read_address),
    _address("cidr", "A network, or a single address.", "10.0.0.0/8", values.read_network),
    _bytes("mac", 6, "A hardware address.", "02:00:00:00:00:01", values.read_mac, values.json_mac),
    _bytes("bytes", 16, "Bytes, in hexadecimal.", "00" * 16, values.read_bytes, values.json_bytes),
    _buffer("buffer", "Bytes of a length that is known when they are read, in hexadecimal.", "474554", values.json_bytes),
    _buffer("base64", "The same bytes, in base64.", "R0VU", values.json_base64),
    KindRow(
        *("stack", Shape.STRING, 4096, False),
        "The frames of a stack, the innermost first; it can be shown and counted by, not compared.",
        "vfs_read+0x10 < ksys_read+0x6c",
        values.read_stack,
        values.json_stack,
        values.text_stack,
    ),
    _number("port", 2, "A port of TCP or UDP.", "443", values.number_reader(values.port_number)),
    _signed(_number("pid", 4, "A process or a thread, in the host's numbers.", "1", _INTEGER)),
    _number("uid", 4, "A user, by number or name.", "root", values.number_reader(values.uid_number)),
    _number("gid", 4, "A group, by number or name.", "root", values.number_reader(values.gid_number)),
    _number("time", 8, "A time; compared in time since boot.", "5m", _DURATION, values.json_time, values.text_time),
    _number("duration", 8, "A span of time, in nanoseconds.", "10ms", _DURATION, text=values.text_duration),
    _number("size", 8, "A number of bytes.", "256Ki", _SIZE, text=values.text_size),
    _symbolic(_number("mode", 4, "A file's mode, in octal.", "0755", values.read_mode, values.show_mode), "file_mode"),
    _symbolic(_signed(_number("errno", 4, "An error's number.", "ENOENT", values.read_errno, values.show_errno)), "errnos"),
    _symbolic(_signed(_number("result", 8, _RESULT, "-EPERM", values.read_result, text=values.text_result)), "errnos"),
    _symbolic(_signed(_number("signal", 4, "A signal.", "SIGKILL", _SIGNAL, _NAMED)), "signals"),
    _symbolic(_number("capability", 4, "A capability.", "CAP_SYS_ADMIN", _CAPABILITY, _NAMED), "capabilities"),
    _symbolic(
        _number(
            "capabilities",
            8,
            "A set of capabilities, joined by |, or `all`; each name is its bit.",
            "CAP_NET_ADMIN|CAP_SYS_ADMIN",
            values.read_capabilities,
            values.capability_names,
            values.text_capabilities,
        ),
        "capabilities",
    ),
    _symbolic(_signed(_number("syscall", 4, "A system call.", "openat", _SYSCALL, _NAMED)), "syscalls"),
    _symbolic(_signed(_number("compat_syscall", 4, _COMPAT, "openat", _SYSCALL, _NAMED)), "compat_syscalls"),
    _symbolic(_number("protocol", 1, "A protocol above IP.", "tcp", _PROTOCOL, _TCP), "protocols"),
    _symbolic(_number("ethertype", 2, "What an Ethernet frame holds.", "ipv6", _ETHERTYPE, _IPV6), "ethertypes"),
    _number("device", 4, _DEVICE, "8:0", values.number_reader(values.device_number), values.show_device),
    _number("interface", 4, _INTERFACE, "lo", values.number_reader(values.interface_number), values.show_interface),
    _number(
        "cgroup", 8, "A cgroup (v2), by path or id.", "/", values.number_reader(values.cgroup_number), values.show_cgroup
    ),
    _number("symbol", 8, "A place in the kernel's code: function+offset.", "0xffffffff81000000", _PLAIN, values.show_code),
    _number("namespace", 4, "A namespace, by its inode number.", "4026531836", _INTEGER),
    _number("enum", 4, "One of some names.", "TCP_LISTEN", _ENUM, _NAMED),
    _number("flags", 8, "Some of some names, joined by |.", "O_WRONLY|O_CREAT", values.read_flags, values.flag_names),
)

KINDS: dict[str, KindRow] = {row.name: row for row in _ROWS}
"""Every kind by name, in the order that `explain` lists them."""
