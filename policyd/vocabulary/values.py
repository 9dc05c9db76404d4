"""How a kind's text becomes a raw value, and a raw value JSON or text: the functions that rows of `kinds.KINDS` name.

A *reader* takes (type, text, symbols) and raises `ValueError` with what was expected; a *shower* takes (type, raw value,
symbols).
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from functools import cache

from policyd.naming import cgroup_id, cgroup_path, device_name, interface_index, interface_name, symbol_name
from policyd.text import safe_bytes
from policyd.vocabulary.addresses import parse_address, parse_mac, parse_network, show_address, show_mac
from policyd.vocabulary.quantities import parse_integer, show_duration, show_size
from policyd.vocabulary.stacks import SHOWER, decode_stack
from policyd.vocabulary.symbols import Symbols, parse_flags, parse_symbol, show_flags, show_symbol
from policyd.vocabulary.types import ValueType

Raw = int | bytes
Json = int | str | bool | list[str]
Reader = Callable[[ValueType, str, Symbols], Raw]
Shower = Callable[[ValueType, Raw, Symbols], Json]

# ------------------------------------------------------------------------------------------------ numbers


def in_range(type_: ValueType, number: int) -> int:
    """Return the number if a field of this size and sign can hold it."""
    bits = type_.size * 8
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if type_.signed else (0, (1 << bits) - 1)
    if not low <= number <= high:
        raise ValueError(f"a number from {low} to {high} ({type_.kind}, {bits} bits)")
    return number


def number_reader(parse_text: Callable[[str], int]) -> Reader:
    """Return a reader of numbers whose text `parse_text` reads, checked against the field's range."""
    return lambda type_, text, _: in_range(type_, parse_text(text))


def _number(raw: Raw) -> int:
    assert isinstance(raw, int), raw
    return raw


def show_number(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show a number as it is."""
    return _number(raw)


def _unsigned(type_: ValueType, raw: Raw) -> int:
    return _number(raw) & ((1 << type_.size * 8) - 1)


def show_hex(type_: ValueType, raw: Raw, _: Symbols) -> Json:
    """Show a number in hexadecimal; negative ones as the kernel keeps them."""
    return f"{_unsigned(type_, raw):#x}"


def read_bool(_: ValueType, text: str, __: Symbols) -> Raw:
    """Read `true` or `false`."""
    known = {"true": 1, "1": 1, "false": 0, "0": 0}
    if text.strip().lower() not in known:
        raise ValueError("true or false")
    return known[text.strip().lower()]


def show_bool(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show 0 as false, all else as true."""
    return bool(raw)


def port_number(text: str) -> int:
    """Return the number of a port."""
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


def json_time(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show nanoseconds since boot as a date, to the nanosecond."""
    return show_time(_number(raw))


def text_time(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show nanoseconds since boot as a date, to the millisecond."""
    return show_time(_number(raw), 3)


def text_duration(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show nanoseconds in a fitting unit."""
    return show_duration(_number(raw))


def text_size(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show bytes in a fitting unit."""
    return show_size(_number(raw))


# ------------------------------------------------------------------------------------------------ symbols


def symbol_reader(expected: str, prefix: str = "") -> Reader:
    """Return a reader of names (`prefix` may be left out) and numbers."""
    return lambda type_, text, names: in_range(type_, parse_symbol(text, names, expected, prefix))


def symbol_or_number(_: ValueType, raw: Raw, names: Symbols) -> Json:
    """Show a number by its name, if it has one."""
    found = show_symbol(_number(raw), names)
    return _number(raw) if found is None else found


def short_shower(prefix: str, unknown: str = "{}") -> Shower:
    """Show a symbol without its prefix, in small letters: IPPROTO_TCP as `tcp`."""

    def shower(_: ValueType, raw: Raw, names: Symbols) -> Json:
        found = show_symbol(_number(raw), names)
        if found is not None:
            return found.removeprefix(prefix).lower()
        return _number(raw) if unknown == "{}" else unknown.format(_number(raw))

    return shower


def read_flags(type_: ValueType, text: str, names: Symbols) -> Raw:
    """Read names and numbers joined by `|`."""
    number = parse_flags(text, names, type_.size * 8)
    return number - (1 << type_.size * 8) if type_.signed and number >> (type_.size * 8 - 1) else number


def flag_names(type_: ValueType, raw: Raw, names: Symbols) -> Json:
    """Show the names of the bits that are set."""
    return show_flags(_number(raw), names, type_.size * 8)


@cache
def _bits(names: Symbols) -> Symbols:
    return tuple((1 << number, name) for number, name in names)


def _every(names: Symbols) -> int:
    return sum(bit for bit, _ in _bits(names))


def read_capabilities(type_: ValueType, text: str, names: Symbols) -> Raw:
    """Read capabilities joined by `|`, or `all`, as their bits; `CAP_` may be left out, and a number is a mask."""
    if text.strip() == "all":
        return _every(names)
    known = {name for _, name in names}
    parts = (part.strip() for part in text.split("|"))
    spelled = (f"CAP_{part.upper()}" if f"CAP_{part.upper()}" in known else part for part in parts)
    return in_range(type_, parse_flags("|".join(spelled), _bits(names), type_.size * 8))


def capability_names(type_: ValueType, raw: Raw, names: Symbols) -> Json:
    """Show the capabilities of a set."""
    return show_flags(_number(raw), _bits(names), type_.size * 8)


def text_capabilities(type_: ValueType, raw: Raw, names: Symbols) -> Json:
    """Show the capabilities of a set on a line: root's, which are some forty names, as `all`."""
    return "all" if _number(raw) == _every(names) else capability_names(type_, raw, names)


def read_mode(type_: ValueType, text: str, names: Symbols) -> Raw:
    """Read an octal number, or names of file types and bits."""
    if text.strip().isdigit() and len(text.strip()) > 1 and not text.strip().startswith("0"):
        raise ValueError(f"a mode in octal, with a leading 0: 0{text.strip()}")
    return in_range(type_, parse_flags(text, names, 32))


def show_mode(type_: ValueType, raw: Raw, _: Symbols) -> Json:
    """Show a mode in octal."""
    return f"0{_unsigned(type_, raw):03o}"


def read_errno(type_: ValueType, text: str, names: Symbols) -> Raw:
    """Read an errno by name or number; a minus stays."""
    sign, name = (-1, text.strip()[1:]) if text.strip().startswith("-") else (1, text)
    return in_range(type_, sign * parse_symbol(name, names, "an errno, as EPERM or 1"))


def show_errno(_: ValueType, raw: Raw, names: Symbols) -> Json:
    """Show an errno by name, with its sign."""
    number = _number(raw)
    found = show_symbol(abs(number), names)
    return number if found is None else found if number > 0 else f"-{found}"


def read_result(type_: ValueType, text: str, names: Symbols) -> Raw:
    """Read a system call's result: an errno's name stands for the negative number, with or without its sign."""
    name = text.strip().removeprefix("-")
    known = {symbol: -number for number, symbol in names}
    if name in known:
        return known[name]
    return in_range(type_, parse_symbol(text, names, "a number, or an errno as -ENOENT"))


def text_result(_: ValueType, raw: Raw, names: Symbols) -> Json:
    """Show a result; an errno by name."""
    number = _number(raw)
    found = show_symbol(-number, names) if -4095 <= number < 0 else None  # MAX_ERRNO of include/linux/err.h
    return f"-{found}" if found else number


# ------------------------------------------------------------------------------------------------ things with names


def uid_number(text: str) -> int:
    """Return the number of a user."""
    import pwd  # noqa: PLC0415  only policies that name users pay for the password database

    try:
        return parse_integer(text)
    except ValueError:
        pass
    try:
        return pwd.getpwnam(text.strip()).pw_uid
    except (KeyError, ValueError):
        raise ValueError("a user's number, or the name of a user of this host") from None


def gid_number(text: str) -> int:
    """Return the number of a group."""
    import grp  # noqa: PLC0415

    try:
        return parse_integer(text)
    except ValueError:
        pass
    try:
        return grp.getgrnam(text.strip()).gr_gid
    except (KeyError, ValueError):
        raise ValueError("a group's number, or the name of a group of this host") from None


def device_number(text: str) -> int:
    """Return the dev_t of `major:minor`."""
    major, colon, minor = text.strip().partition(":")
    if colon and major.isdecimal() and minor.isdecimal() and int(major[:9]) < 1 << 12 and int(minor[:9]) < 1 << 20:
        return int(major) << 20 | int(minor)
    try:
        return parse_integer(text)
    except ValueError:
        raise ValueError("a device by its numbers, as 8:0") from None


def show_device(type_: ValueType, raw: Raw, _: Symbols) -> Json:
    """Show a device by name, or its numbers."""
    number = _unsigned(type_, raw)
    return device_name(number) or f"{number >> 20}:{number & 0xFFFFF}"


def interface_number(text: str) -> int:
    """Return the index of an interface."""
    found = interface_index(text.strip())
    try:
        return parse_integer(text) if found is None else found
    except ValueError:
        raise ValueError("an interface of this host, by name or index") from None


def show_interface(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show an interface by name, or its index."""
    return interface_name(_number(raw)) or _number(raw)


def cgroup_number(text: str) -> int:
    """Return the id of a cgroup."""
    found = cgroup_id(text.strip()) if text.strip().startswith("/") else None
    try:
        return parse_integer(text) if found is None else found
    except ValueError:
        raise ValueError("a cgroup of this host, as /system.slice, or its id") from None


def show_cgroup(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show a cgroup by path, or its id."""
    return cgroup_path(_number(raw)) or _number(raw)


def show_code(type_: ValueType, raw: Raw, _: Symbols) -> Json:
    """Show a place in the kernel's code as function+offset, or in hexadecimal."""
    return symbol_name(_unsigned(type_, raw)) or f"{_unsigned(type_, raw):#x}"


# ------------------------------------------------------------------------------------------------ text, addresses, bytes


def read_string(type_: ValueType, text: str, _: Symbols) -> Raw:
    """Read text that the field can hold."""
    raw = text.encode("utf-8", "surrogateescape")
    if b"\0" in raw:
        raise ValueError("text without a NUL")
    if len(raw) >= type_.size:
        raise ValueError(f"at most {type_.size - 1} bytes, which is all that the field can hold (these are {len(raw)})")
    return raw


def _bytes(raw: Raw) -> bytes:
    assert isinstance(raw, bytes), raw
    return raw


def json_string(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show bytes as text; what is not UTF-8 becomes U+FFFD."""
    return _bytes(raw).decode("utf-8", "replace")


def text_string(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show bytes as text that is safe on a terminal."""
    return safe_bytes(_bytes(raw))


def json_paths(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show a list of paths, which NULs separate."""
    return _bytes(raw).decode("utf-8", "replace").split("\0") if raw else []


def text_paths(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show a list of paths on one line that is safe on a terminal."""
    return " < ".join(map(safe_bytes, _bytes(raw).split(b"\0"))) or "-"


def read_address(_: ValueType, text: str, __: Symbols) -> Raw:
    """Read an address as its 16 bytes."""
    return parse_address(text).to_bytes(16, "big")


def read_network(_: ValueType, text: str, __: Symbols) -> Raw:
    """Read the address of a network alone: lists of networks are read by `parse_network`."""
    return parse_network(text)[0][0].to_bytes(16, "big")


def json_address(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show an address; IPv4-mapped ones as IPv4."""
    return show_address(raw)


def read_mac(_: ValueType, text: str, __: Symbols) -> Raw:
    """Read a hardware address as its 6 bytes."""
    return parse_mac(text)


def json_mac(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show a hardware address."""
    return show_mac(_bytes(raw))


def read_bytes(type_: ValueType, text: str, _: Symbols) -> Raw:
    """Read bytes in hexadecimal."""
    try:
        raw = bytes.fromhex(text.strip().removeprefix("0x").replace(":", ""))
    except ValueError:
        raise ValueError("bytes in hexadecimal, as 0badcafe") from None
    if len(raw) != type_.size:
        raise ValueError(f"{type_.size} bytes in hexadecimal")
    return raw


def json_bytes(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show bytes in hexadecimal."""
    return _bytes(raw).hex()


def read_hex(type_: ValueType, text: str, _: Symbols) -> Raw:
    """Read bytes in hexadecimal, as many as the field can hold."""
    try:
        return _within(type_, bytes.fromhex(text.strip().removeprefix("0x").replace(":", "")))
    except ValueError:
        raise ValueError(f"up to {type_.size - 1} bytes in hexadecimal, as 474554") from None


def read_base64(type_: ValueType, text: str, _: Symbols) -> Raw:
    """Read bytes in base64, as many as the field can hold."""
    try:
        return _within(type_, base64.b64decode(text.strip(), validate=True))
    except ValueError:
        raise ValueError(f"up to {type_.size - 1} bytes in base64, as R0VU") from None


def _within(type_: ValueType, raw: bytes) -> bytes:
    if not 0 < len(raw) < type_.size:
        raise ValueError(len(raw))
    return raw


def json_base64(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show bytes in base64."""
    return base64.b64encode(_bytes(raw)).decode()


def read_stack(_: ValueType, __: str, ___: Symbols) -> Raw:
    """Refuse any text: nothing is compared with stacks."""
    raise ValueError("nothing: a stack cannot be compared")


def json_stack(_: ValueType, raw: Raw, __: Symbols) -> Json:
    """Show a stack as a list of its frames, the innermost first."""
    stack = decode_stack(_bytes(raw))
    return [*SHOWER.texts(stack), *(["[cut]"] if stack.cut else [])]


def text_stack(type_: ValueType, raw: Raw, names: Symbols) -> Json:
    """Show a stack on a line: each frame was called by the next."""
    shown = json_stack(type_, raw, names)
    assert isinstance(shown, list)
    return " < ".join(shown) or "-"
