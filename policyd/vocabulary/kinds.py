"""The kinds of values: how each is kept, read from a policy's text, and shown.

`KINDS` is the table behind `ValueType.kind`.  `parse` turns an operand's or parameter's text into what the kernel compares
(a number; the 16 bytes of an address; the bytes of a string); `show` and `show_text` turn raw values into JSON and into text
for people.  `resolve`, `params set`, the readers and `explain` use them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from policyd.naming import cgroup_id, cgroup_path, device_name, interface_index, interface_name, symbol_name
from policyd.text import safe_bytes
from policyd.vocabulary.addresses import parse_address, parse_mac, parse_network, show_address, show_mac
from policyd.vocabulary.constants import ARCHITECTURES, symbols
from policyd.vocabulary.quantities import parse_duration, parse_integer, parse_size, show_duration, show_size
from policyd.vocabulary.symbols import Symbols, parse_flags, parse_symbol, show_flags, show_symbol
from policyd.vocabulary.syscalls import syscall_symbols
from policyd.vocabulary.types import Shape, ValueType

Raw = int | bytes
Json = int | str | bool | list[str]
Reader = Callable[[ValueType, str, Symbols], Raw]
Shower = Callable[[ValueType, Raw, Symbols], Json]


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


# ------------------------------------------------------------------------------------------------ numbers


def _in_range(type_: ValueType, number: int) -> int:
    """Return the number if a field of this size and sign can hold it."""
    bits = type_.size * 8
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if type_.signed else (0, (1 << bits) - 1)
    if not low <= number <= high:
        raise ValueError(f"a number from {low} to {high} ({type_.kind}, {bits} bits)")
    return number


def _reader(parse_text: Callable[[str], int]) -> Reader:
    return lambda type_, text, _: _in_range(type_, parse_text(text))


def _number(raw: Raw) -> int:
    assert isinstance(raw, int), raw
    return raw


def _plain(_: ValueType, raw: Raw, __: Symbols) -> Json:
    return _number(raw)


def _unsigned(type_: ValueType, raw: Raw) -> int:
    return _number(raw) & ((1 << type_.size * 8) - 1)


def _show_hex(type_: ValueType, raw: Raw, _: Symbols) -> Json:
    return f"{_unsigned(type_, raw):#x}"


def _read_bool(_: ValueType, text: str, __: Symbols) -> Raw:
    known = {"true": 1, "1": 1, "false": 0, "0": 0}
    if text.strip().lower() not in known:
        raise ValueError("true or false")
    return known[text.strip().lower()]


def _show_bool(_: ValueType, raw: Raw, __: Symbols) -> Json:
    return bool(raw)


def _port(text: str) -> int:
    try:
        return parse_integer(text)
    except ValueError:
        raise ValueError("a port number from 0 to 65535") from None


# ------------------------------------------------------------------------------------------------ times, sizes


def boot_offset() -> int:
    """Return the wall clock's nanoseconds at boot: what is added to CLOCK_BOOTTIME to get the time of day."""
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def show_time(raw: int, digits: int = 9) -> str:
    """Return nanoseconds since boot as RFC 3339 in UTC, with `digits` decimals."""
    seconds, rest = divmod(raw + boot_offset(), 10**9)
    date = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{date}.{rest // 10 ** (9 - digits):0{digits}d}Z"


def _show_time(_: ValueType, raw: Raw, __: Symbols) -> Json:
    return show_time(_number(raw))


def _text_time(_: ValueType, raw: Raw, __: Symbols) -> Json:
    return show_time(_number(raw), 3)


def _text_duration(_: ValueType, raw: Raw, __: Symbols) -> Json:
    return show_duration(_number(raw))


def _text_size(_: ValueType, raw: Raw, __: Symbols) -> Json:
    return show_size(_number(raw))


# ------------------------------------------------------------------------------------------------ symbols


def _read_symbol(expected: str, prefix: str = "") -> Reader:
    return lambda type_, text, names: _in_range(type_, parse_symbol(text, names, expected, prefix))


def _show_symbol(_: ValueType, raw: Raw, names: Symbols) -> Json:
    found = show_symbol(_number(raw), names)
    return _number(raw) if found is None else found


def _show_short(prefix: str, unknown: str = "{}") -> Shower:
    """Show a symbol without its prefix, in small letters: IPPROTO_TCP as `tcp`."""

    def shower(_: ValueType, raw: Raw, names: Symbols) -> Json:
        found = show_symbol(_number(raw), names)
        if found is not None:
            return found.removeprefix(prefix).lower()
        return _number(raw) if unknown == "{}" else unknown.format(_number(raw))

    return shower


def _read_flags(type_: ValueType, text: str, names: Symbols) -> Raw:
    number = parse_flags(text, names, type_.size * 8)
    return number - (1 << type_.size * 8) if type_.signed and number >> (type_.size * 8 - 1) else number


def _show_flags(type_: ValueType, raw: Raw, names: Symbols) -> Json:
    return show_flags(_number(raw), names, type_.size * 8)


def _read_mode(type_: ValueType, text: str, names: Symbols) -> Raw:
    if text.strip().isdigit() and len(text.strip()) > 1 and not text.strip().startswith("0"):
        raise ValueError(f"a mode in octal, with a leading 0: 0{text.strip()}")
    return _in_range(type_, parse_flags(text, names, 32))


def _show_mode(type_: ValueType, raw: Raw, _: Symbols) -> Json:
    return f"{_unsigned(type_, raw):04o}"


def _read_errno(type_: ValueType, text: str, names: Symbols) -> Raw:
    sign, name = (-1, text.strip()[1:]) if text.strip().startswith("-") else (1, text)
    return _in_range(type_, sign * parse_symbol(name, names, "an errno, as EPERM or 1"))


def _show_errno(_: ValueType, raw: Raw, names: Symbols) -> Json:
    number = _number(raw)
    found = show_symbol(abs(number), names)
    return number if found is None else found if number > 0 else f"-{found}"


def _read_result(type_: ValueType, text: str, names: Symbols) -> Raw:
    """Read a system call's result: an errno's name stands for the negative number, with or without its sign."""
    name = text.strip().removeprefix("-")
    known = {symbol: -number for number, symbol in names}
    if name in known:
        return known[name]
    return _in_range(type_, parse_symbol(text, names, "a number, or an errno as -ENOENT"))


def _text_result(_: ValueType, raw: Raw, names: Symbols) -> Json:
    number = _number(raw)
    found = show_symbol(-number, names) if -4095 <= number < 0 else None  # MAX_ERRNO of include/linux/err.h
    return f"-{found}" if found else number


# ------------------------------------------------------------------------------------------------ things with names


def _uid(text: str) -> int:
    import pwd  # noqa: PLC0415  only policies that name users pay for the password database

    try:
        return parse_integer(text)
    except ValueError:
        pass
    try:
        return pwd.getpwnam(text.strip()).pw_uid
    except (KeyError, ValueError):
        raise ValueError("a user's number, or the name of a user of this host") from None


def _gid(text: str) -> int:
    import grp  # noqa: PLC0415

    try:
        return parse_integer(text)
    except ValueError:
        pass
    try:
        return grp.getgrnam(text.strip()).gr_gid
    except (KeyError, ValueError):
        raise ValueError("a group's number, or the name of a group of this host") from None


def _device(text: str) -> int:
    major, colon, minor = text.strip().partition(":")
    if colon and major.isdecimal() and minor.isdecimal() and int(major[:9]) < 1 << 12 and int(minor[:9]) < 1 << 20:
        return int(major) << 20 | int(minor)
    try:
        return parse_integer(text)
    except ValueError:
        raise ValueError("a device by its numbers, as 8:0") from None


def _show_device(type_: ValueType, raw: Raw, _: Symbols) -> Json:
    number = _unsigned(type_, raw)
    return device_name(number) or f"{number >> 20}:{number & 0xFFFFF}"


def _interface(text: str) -> int:
    found = interface_index(text.strip())
    try:
        return parse_integer(text) if found is None else found
    except ValueError:
        raise ValueError("an interface of this host, by name or index") from None


def _show_interface(_: ValueType, raw: Raw, __: Symbols) -> Json:
    return interface_name(_number(raw)) or _number(raw)


def _cgroup(text: str) -> int:
    found = cgroup_id(text.strip()) if text.strip().startswith("/") else None
    try:
        return parse_integer(text) if found is None else found
    except ValueError:
        raise ValueError("a cgroup of this host, as /system.slice, or its id") from None


def _show_cgroup(_: ValueType, raw: Raw, __: Symbols) -> Json:
    return cgroup_path(_number(raw)) or _number(raw)


def _show_code(type_: ValueType, raw: Raw, _: Symbols) -> Json:
    return symbol_name(_unsigned(type_, raw)) or f"{_unsigned(type_, raw):#x}"


# ------------------------------------------------------------------------------------------------ text, addresses, bytes


def _read_string(type_: ValueType, text: str, _: Symbols) -> Raw:
    raw = text.encode("utf-8", "surrogateescape")
    if b"\0" in raw:
        raise ValueError("text without a NUL")
    if len(raw) >= type_.size:
        raise ValueError(f"at most {type_.size - 1} bytes, which is all that the field can hold (these are {len(raw)})")
    return raw


def _bytes(raw: Raw) -> bytes:
    assert isinstance(raw, bytes), raw
    return raw


def _show_string(_: ValueType, raw: Raw, __: Symbols) -> Json:
    return _bytes(raw).decode("utf-8", "replace")


def _text_string(_: ValueType, raw: Raw, __: Symbols) -> Json:
    return safe_bytes(_bytes(raw))


def _read_address(_: ValueType, text: str, __: Symbols) -> Raw:
    return parse_address(text).to_bytes(16, "big")


def _read_network(_: ValueType, text: str, __: Symbols) -> Raw:
    """Read the address of a network alone: lists of networks are read by `parse_network`."""
    return parse_network(text)[0][0].to_bytes(16, "big")


def _show_address(_: ValueType, raw: Raw, __: Symbols) -> Json:
    return show_address(raw)


def _read_mac(_: ValueType, text: str, __: Symbols) -> Raw:
    return parse_mac(text)


def _show_mac(_: ValueType, raw: Raw, __: Symbols) -> Json:
    return show_mac(_bytes(raw))


def _read_bytes(type_: ValueType, text: str, _: Symbols) -> Raw:
    try:
        raw = bytes.fromhex(text.strip().removeprefix("0x").replace(":", ""))
    except ValueError:
        raise ValueError("bytes in hexadecimal, as 0badcafe") from None
    if len(raw) != type_.size:
        raise ValueError(f"{type_.size} bytes in hexadecimal")
    return raw


def _show_bytes(_: ValueType, raw: Raw, __: Symbols) -> Json:
    return _bytes(raw).hex()


# ------------------------------------------------------------------------------------------------ the table


def _number_row(name: str, size: int, signed: bool, explain: str, example: str, read: Reader, json: Shower = _plain) -> KindRow:
    return KindRow(name, Shape.NUMBER, size, signed, explain, example, read, json)


def _int_row(size: int, signed: bool) -> KindRow:
    word = "signed" if signed else "unsigned"
    name = f"{'s' if signed else 'u'}{size * 8}"
    return _number_row(name, size, signed, f"A {word} number of {size * 8} bits.".replace("A u", "An u"), "42", _PLAIN)


_PLAIN = _reader(parse_size)

_ROWS: tuple[KindRow, ...] = (
    *(_int_row(size, False) for size in (1, 2, 4, 8)),
    *(_int_row(size, True) for size in (1, 2, 4, 8)),
    _number_row("hex", 8, False, "A number shown in hexadecimal: addresses, masks.", "0xffff", _PLAIN, _show_hex),
    _number_row("bool", 1, False, "True or false.", "true", _read_bool, _show_bool),
    KindRow("string", Shape.STRING, 256, False, "Text. stringN keeps up to N-1 bytes.", "bash", _read_string, _show_string, _text_string),
    KindRow("path", Shape.STRING, 256, False, "The path of a file.", "/etc/passwd", _read_string, _show_string, _text_string),
    KindRow("ip", Shape.ADDRESS, 16, False, "An IPv4 or IPv6 address.", "192.0.2.7", _read_address, _show_address),
    KindRow("cidr", Shape.ADDRESS, 16, False, "A network.", "10.0.0.0/8", _read_network, _show_address),
    KindRow("mac", Shape.BYTES, 6, False, "A hardware address.", "02:00:00:00:00:01", _read_mac, _show_mac),
    KindRow("bytes", Shape.BYTES, 16, False, "Bytes, in hexadecimal.", "0badcafe", _read_bytes, _show_bytes),
    _number_row("port", 2, False, "A port of TCP or UDP.", "443", _reader(_port)),
    _number_row("pid", 4, True, "A process or a thread, in the host's numbers.", "1", _reader(parse_integer)),
    _number_row("uid", 4, False, "A user, by number or name.", "root", _reader(_uid)),
    _number_row("gid", 4, False, "A group, by number or name.", "adm", _reader(_gid)),
    KindRow("time", Shape.NUMBER, 8, False, "A time; compared in time since boot.", "5m", _reader(parse_duration), _show_time, _text_time),
    KindRow("duration", Shape.NUMBER, 8, False, "A span of time, in nanoseconds.", "10ms", _reader(parse_duration), _plain, _text_duration),
    KindRow("size", Shape.NUMBER, 8, False, "A number of bytes.", "256Ki", _reader(parse_size), _plain, _text_size),
    KindRow("mode", Shape.NUMBER, 4, False, "Permission bits of a file, in octal.", "0755", _read_mode, _show_mode, None, "file_mode"),
    KindRow("errno", Shape.NUMBER, 4, True, "An error's number.", "ENOENT", _read_errno, _show_errno, None, "errno"),
    KindRow("result", Shape.NUMBER, 8, True, "What a system call returned: below zero, an errno.", "-EPERM", _read_result, _plain, _text_result, "errno"),
    KindRow("signal", Shape.NUMBER, 4, True, "A signal.", "SIGKILL", _read_symbol("a signal, as SIGKILL or 9", "SIG"), _show_symbol, None, "signal"),
    KindRow("capability", Shape.NUMBER, 4, False, "A capability.", "CAP_SYS_ADMIN", _read_symbol("a capability, as CAP_NET_ADMIN", "CAP_"), _show_symbol, None, "capability"),
    KindRow("syscall", Shape.NUMBER, 4, True, "A system call.", "openat", _read_symbol("a system call, as openat or its number"), _show_symbol, None, "syscalls"),
    KindRow("protocol", Shape.NUMBER, 1, False, "A protocol above IP.", "tcp", _read_symbol("a protocol, as tcp, udp or 6", "IPPROTO_"), _show_short("IPPROTO_"), None, "protocol"),
    KindRow("ethertype", Shape.NUMBER, 2, False, "What an Ethernet frame holds.", "ipv6", _read_symbol("an ethertype, as ip, arp or 0x0800", "ETH_P_"), _show_short("ETH_P_", "{:#06x}"), None, "ethertype"),
    _number_row("device", 4, False, "A block device, by its numbers; shown by name.", "8:0", _reader(_device), _show_device),
    _number_row("interface", 4, False, "A network interface, by name or index.", "eth0", _reader(_interface), _show_interface),
    _number_row("cgroup", 8, False, "A cgroup (v2), by path or id.", "/system.slice", _reader(_cgroup), _show_cgroup),
    _number_row("symbol", 8, False, "A place in the kernel's code, shown as function+offset.", "0xffffffff81000000", _PLAIN, _show_code),
    _number_row("namespace", 4, False, "A namespace, by its inode number.", "4026531836", _reader(parse_integer)),
    _number_row("enum", 4, False, "One of some names.", "TCP_LISTEN", _read_symbol("one of the names of this field, or a number"), _show_symbol),
    _number_row("flags", 8, False, "Some of some names, joined by |.", "O_WRONLY|O_CREAT", _read_flags, _show_flags),
)

KINDS: dict[str, KindRow] = {row.name: row for row in _ROWS}
"""Every kind by name, in the order that `explain` lists them."""
