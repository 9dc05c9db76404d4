"""The kinds of values: how each is kept, read from a policy's text, and shown.

`KINDS` is the table behind `ValueType.kind`.  `parse` turns an operand's or parameter's text into what the kernel compares
(a number; the 16 bytes of an address; the bytes of a string); `show` and `show_text` turn raw values into JSON and into text
for people.  `resolve`, `params set`, the readers and `explain` use them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from policyd.vocabulary import values
from policyd.vocabulary.constants import ARCHITECTURES, symbols
from policyd.vocabulary.quantities import parse_duration, parse_integer, parse_size
from policyd.vocabulary.syscalls import syscall_symbols
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.vocabulary.symbols import Symbols
    from policyd.vocabulary.values import Json, Raw, Reader, Shower


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind.  `size` (bytes) and `signed` are a parameter's and a default; a field's type may have others.

    `read` parses text and raises `ValueError` with what was expected; `json` and `text` show a raw value.  `constants` names
    the set of symbols that the kind stands for where the type carries none; `prefix` may be left out of their names.
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
    prefix: str = ""


# ------------------------------------------------------------------------------------------------ use


def parse(type_: ValueType, text: str, arch: str = "") -> Raw:
    """Return what `text` stands for in a field of this type, ready to be compared with.

    `arch` is the target's architecture (the running one's if not given).  `ValueError` says what was expected.
    """
    return KINDS[type_.kind].read(type_, text, _symbols(type_, arch))


def show(type_: ValueType, raw: Raw) -> Json:
    """Return a raw value for JSON: numbers as numbers, flags as a list of names, times as RFC 3339, durations in ns."""
    return KINDS[type_.kind].json(type_, raw, _symbols(type_, ""))


def show_text(type_: ValueType, raw: Raw) -> str:
    """Return a raw value as people read it, on one line, safe for a terminal."""
    row = KINDS[type_.kind]
    value = (row.text or row.json)(type_, raw, _symbols(type_, ""))
    if isinstance(value, list):
        return "|".join(value) or "0"
    return str(value).lower() if isinstance(value, bool) else str(value)


def kind_type(name: str) -> ValueType:
    """Return the type that a parameter or column declared with this kind has; `KeyError` for an unknown one."""
    row = KINDS[name]
    return ValueType(row.name, row.shape, row.size, row.signed)


def _symbols(type_: ValueType, arch: str) -> Symbols:
    if type_.symbols:
        return type_.symbols
    row = KINDS[type_.kind]
    if row.constants == "syscalls":
        return syscall_symbols(arch or host_architecture())
    return symbols(row.constants, arch or host_architecture()) if row.constants else ()


@cache
def host_architecture() -> str:
    """Return the running architecture, or x86_64 where policyd does not know it."""
    machine = os.uname().machine
    return machine if machine in ARCHITECTURES else ARCHITECTURES[0]


# ------------------------------------------------------------------------------------------------ the table


def _number_row(
    name: str, size: int, signed: bool, explain: str, example: str, read: Reader, json: Shower = values.show_number
) -> KindRow:
    return KindRow(name, Shape.NUMBER, size, signed, explain, example, read, json)


def _int_row(size: int, signed: bool) -> KindRow:
    word = "signed" if signed else "unsigned"
    name = f"{'s' if signed else 'u'}{size * 8}"
    return _number_row(name, size, signed, f"A {word} number of {size * 8} bits.".replace("A u", "An u"), "42", _PLAIN)


_PLAIN = values.number_reader(parse_size)

_ROWS: tuple[KindRow, ...] = (
    *(_int_row(size, False) for size in (1, 2, 4, 8)),
    *(_int_row(size, True) for size in (1, 2, 4, 8)),
    _number_row("hex", 8, False, "A number shown in hexadecimal: addresses, masks.", "0xffff", _PLAIN, values.show_hex),
    _number_row("bool", 1, False, "True or false.", "true", values.read_bool, values.show_bool),
    KindRow(
        "string",
        Shape.STRING,
        256,
        False,
        "Text. stringN keeps up to N-1 bytes.",
        "bash",
        values.read_string,
        values.json_string,
        values.text_string,
    ),
    KindRow(
        "path",
        Shape.STRING,
        256,
        False,
        "The path of a file.",
        "/etc/passwd",
        values.read_string,
        values.json_string,
        values.text_string,
    ),
    KindRow(
        "ip", Shape.ADDRESS, 16, False, "An IPv4 or IPv6 address.", "192.0.2.7", values.read_address, values.json_address
    ),
    KindRow("cidr", Shape.ADDRESS, 16, False, "A network.", "10.0.0.0/8", values.read_network, values.json_address),
    KindRow("mac", Shape.BYTES, 6, False, "A hardware address.", "02:00:00:00:00:01", values.read_mac, values.json_mac),
    KindRow("bytes", Shape.BYTES, 16, False, "Bytes, in hexadecimal.", "0badcafe", values.read_bytes, values.json_bytes),
    _number_row("port", 2, False, "A port of TCP or UDP.", "443", values.number_reader(values.port_number)),
    _number_row("pid", 4, True, "A process or a thread, in the host's numbers.", "1", values.number_reader(parse_integer)),
    _number_row("uid", 4, False, "A user, by number or name.", "root", values.number_reader(values.uid_number)),
    _number_row("gid", 4, False, "A group, by number or name.", "adm", values.number_reader(values.gid_number)),
    KindRow(
        "time",
        Shape.NUMBER,
        8,
        False,
        "A time; compared in time since boot.",
        "5m",
        values.number_reader(parse_duration),
        values.json_time,
        values.text_time,
    ),
    KindRow(
        "duration",
        Shape.NUMBER,
        8,
        False,
        "A span of time, in nanoseconds.",
        "10ms",
        values.number_reader(parse_duration),
        values.show_number,
        values.text_duration,
    ),
    KindRow(
        "size",
        Shape.NUMBER,
        8,
        False,
        "A number of bytes.",
        "256Ki",
        values.number_reader(parse_size),
        values.show_number,
        values.text_size,
    ),
    KindRow(
        "mode",
        Shape.NUMBER,
        4,
        False,
        "Permission bits of a file, in octal.",
        "0755",
        values.read_mode,
        values.show_mode,
        None,
        "file_mode",
    ),
    KindRow(
        "errno", Shape.NUMBER, 4, True, "An error's number.", "ENOENT", values.read_errno, values.show_errno, None, "errno"
    ),
    KindRow(
        "result",
        Shape.NUMBER,
        8,
        True,
        "What a system call returned: below zero, an errno.",
        "-EPERM",
        values.read_result,
        values.show_number,
        values.text_result,
        "errno",
    ),
    KindRow(
        "signal",
        Shape.NUMBER,
        4,
        True,
        "A signal.",
        "SIGKILL",
        values.symbol_reader("a signal, as SIGKILL or 9", "SIG"),
        values.symbol_or_number,
        None,
        "signal",
    ),
    KindRow(
        "capability",
        Shape.NUMBER,
        4,
        False,
        "A capability.",
        "CAP_SYS_ADMIN",
        values.symbol_reader("a capability, as CAP_NET_ADMIN", "CAP_"),
        values.symbol_or_number,
        None,
        "capability",
    ),
    KindRow(
        "syscall",
        Shape.NUMBER,
        4,
        True,
        "A system call.",
        "openat",
        values.symbol_reader("a system call, as openat or its number"),
        values.symbol_or_number,
        None,
        "syscalls",
    ),
    KindRow(
        "protocol",
        Shape.NUMBER,
        1,
        False,
        "A protocol above IP.",
        "tcp",
        values.symbol_reader("a protocol, as tcp, udp or 6", "IPPROTO_"),
        values.short_shower("IPPROTO_"),
        None,
        "protocol",
    ),
    KindRow(
        "ethertype",
        Shape.NUMBER,
        2,
        False,
        "What an Ethernet frame holds.",
        "ipv6",
        values.symbol_reader("an ethertype, as ip, arp or 0x0800", "ETH_P_"),
        values.short_shower("ETH_P_", "{:#06x}"),
        None,
        "ethertype",
    ),
    _number_row(
        "device",
        4,
        False,
        "A block device, by its numbers; shown by name.",
        "8:0",
        values.number_reader(values.device_number),
        values.show_device,
    ),
    _number_row(
        "interface",
        4,
        False,
        "A network interface, by name or index.",
        "eth0",
        values.number_reader(values.interface_number),
        values.show_interface,
    ),
    _number_row(
        "cgroup",
        8,
        False,
        "A cgroup (v2), by path or id.",
        "/system.slice",
        values.number_reader(values.cgroup_number),
        values.show_cgroup,
    ),
    _number_row(
        "symbol",
        8,
        False,
        "A place in the kernel's code, shown as function+offset.",
        "0xffffffff81000000",
        _PLAIN,
        values.show_code,
    ),
    _number_row(
        "namespace", 4, False, "A namespace, by its inode number.", "4026531836", values.number_reader(parse_integer)
    ),
    _number_row(
        "enum",
        4,
        False,
        "One of some names.",
        "TCP_LISTEN",
        values.symbol_reader("one of the names of this field, or a number"),
        values.symbol_or_number,
    ),
    _number_row(
        "flags", 8, False, "Some of some names, joined by |.", "O_WRONLY|O_CREAT", values.read_flags, values.flag_names
    ),
)

KINDS: dict[str, KindRow] = {row.name: row for row in _ROWS}
"""Every kind by name, in the order that `explain` lists them."""
