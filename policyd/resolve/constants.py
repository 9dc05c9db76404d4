"""What an expression writes down: numbers, texts, names of numbers, and what is calculated of them alone.

A constant has no type of its own: it is read by the type of what it meets, as a filter's `value` is (`10ms`, `O_CREAT`,
`0755`, `root`).  One that meets nothing is a number, a duration or a text, as it looks.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.expression import Binary, Call, Literal, Name, Node, Unary
from policyd.resolve.computed import address, number, text
from policyd.resolve.problems import Wrong
from policyd.text import quote
from policyd.value import Text, Value
from policyd.vocabulary.quantities import parse_duration, parse_number
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.resolve.operands import Reading

ADDRESSES = frozenset({"ip", "cidr"})
"""Functions that make an address, or a network, of a text."""

_U64, _S64 = (ValueType(kind, Shape.NUMBER, 8, kind == "s64") for kind in ("u64", "s64"))
_DURATION = ValueType("duration", Shape.NUMBER, 8)
_BOOL = ValueType("bool", Shape.NUMBER, 1)
_OCTAL = frozenset({"mode"})
_NAMED = re.compile(r"[A-Za-z_]\w*")

_CALCULATE: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1),
    "%": lambda a, b: abs(a) % abs(b) * (-1 if a < 0 else 1),
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << b if 0 <= b < 64 else 0,
    ">>": lambda a, b: a >> b if 0 <= b < 64 else min(a >> 64, 0),
}
_REVERSE: dict[str, Callable[[int], int]] = {"-": lambda a: -a, "~": lambda a: ~a}


def is_constant(node: Node, is_field: Callable[[str], bool]) -> bool:
    """Whether nothing in `node` is read from an event; `is_field` tells names that are from others."""
    if isinstance(node, Literal):
        return True
    if isinstance(node, Name):
        return not is_field(node.name)
    if isinstance(node, Unary):
        return node.operator in _REVERSE and is_constant(node.operand, is_field)
    if isinstance(node, Binary):
        return node.operator in _CALCULATE and all(is_constant(part, is_field) for part in node.children)
    return isinstance(node, Call) and node.function in ADDRESSES


def is_named(node: Node) -> bool:
    """Whether a constant has names in it, which only a type can read."""
    if isinstance(node, Literal):
        return node.quoted
    return isinstance(node, Name | Call) or any(is_named(part) for part in node.children)


def network_text(node: Node) -> str:
    """Return the text that stands in `ip("…")`, `cidr("…")`, or in quotes alone."""
    argument = node.arguments[0] if isinstance(node, Call) else node
    if not isinstance(argument, Literal) or not argument.quoted:
        raise Wrong("bad-value", f"{quote(node.spelled)} needs a text in quotes", 'as ip("192.0.2.7") or cidr("10.0.0.0/8")')
    return argument.text


def constant_text(node: Node, type_: ValueType, reading: Reading) -> str:
    """Return a constant as a filter's value would have it, to be read by `type_`."""
    if isinstance(node, Call):
        return network_text(node)
    if isinstance(node, Literal | Name):
        return _plain_text(node, type_)
    if _is_negative_result(node, type_):
        return node.spelled.replace(" ", "")
    if type_.shape is not Shape.NUMBER:
        raise Wrong("mixed-types", f"{quote(node.spelled)} is a number, and {_noun(type_)} is wanted here")
    found = _number_of(node, type_, reading)
    return f"0{found:o}" if type_.kind in _OCTAL and found > 0 else str(found)


def _is_negative_result(node: Node, type_: ValueType) -> bool:
    """Whether it is an errno with the minus that a result has: `-ENOENT` is what `ENOENT` alone stands for there, too."""
    return type_.kind == "result" and isinstance(node, Unary) and node.operator == "-" and isinstance(node.operand, Name)


def constant_value(node: Node, type_: ValueType, reading: Reading) -> Value:
    """Return a constant that stands beside a value of `type_`."""
    if type_.shape is Shape.NUMBER:
        found = _number_of(node, type_, reading)
        return number(node.spelled, _wide_enough(type_, found), found)
    raw = reading.value(type_, constant_text(node, type_, reading))
    if isinstance(raw, int):
        return address(node.spelled, raw.to_bytes(16, "big"))
    return text(node.spelled, raw) if type_.shape is Shape.STRING else Value(node.spelled, type_, Text(raw), cost=0)


def plain_value(node: Node, reading: Reading) -> Value:
    """Return a constant that meets no value: a number, a duration, a text or an address, as it looks."""
    if isinstance(node, Call):
        return constant_value(node, ValueType("ip", Shape.ADDRESS, 16), reading)
    if isinstance(node, Literal) and node.quoted:
        return text(node.spelled, node.text.encode("utf-8", "surrogateescape"))
    if isinstance(node, Literal) and node.text in {"true", "false"}:
        return number(node.spelled, _BOOL, int(node.text == "true"))
    found = _calculated(node, _look)
    return number(node.spelled, _wide_enough(_DURATION if _has_duration(node) else _U64, found), found)


def _plain_text(node: Literal | Name, type_: ValueType) -> str:
    if type_.shape is Shape.STRING and not (isinstance(node, Literal) and node.quoted):
        spelled = node.text if isinstance(node, Literal) else node.name
        hint = f'a text stands in quotes: "{spelled}"' if _NAMED.fullmatch(spelled) else "texts stand in quotes"
        raise Wrong("mixed-types", f"{quote(spelled)} is no text, and {_noun(type_)} is wanted here", hint)
    if type_.shape is Shape.NUMBER and isinstance(node, Literal) and node.quoted and not type_.symbols:
        return node.text.strip()
    return node.text if isinstance(node, Literal) else node.name


def _number_of(node: Node, type_: ValueType, reading: Reading) -> int:
    return _calculated(node, lambda part: _read_number(part, type_, reading), lambda part: _is_negative_result(part, type_))


def _read_number(node: Node, type_: ValueType, reading: Reading) -> int:
    """Return what a constant that is not calculated is for `type_`, whatever its size."""
    if _is_negative_result(node, type_):
        return reading.number(type_, node.spelled.replace(" ", ""))
    assert isinstance(node, Literal | Name | Call), node
    if isinstance(node, Call):
        raise Wrong("mixed-types", f"{quote(node.spelled)} is an address, and {_noun(type_)} is wanted here")
    wide = replace(type_, size=8)
    return reading.number(wide, _plain_text(node, type_))


def _look(node: Node) -> int:
    if isinstance(node, Literal):
        for read in (parse_number, parse_duration):
            try:
                return read(node.text)
            except ValueError:
                continue
    hint = "a number, as 42, 0x2a, 64Ki or 10ms; names of numbers only stand beside a field that has them"
    raise Wrong("bad-value", f"{quote(node.spelled)} is no number", hint)


def _has_duration(node: Node) -> bool:
    if isinstance(node, Literal):
        try:
            parse_number(node.text)
        except ValueError:
            return True
        return False
    return any(_has_duration(part) for part in node.children)


def _calculated(node: Node, read: Callable[[Node], int], is_plain: Callable[[Node], bool] = lambda _: False) -> int:
    """Return the number of a constant, whose parts `read` reads; `is_plain`: it reads the whole."""
    if is_plain(node):
        found = read(node)
    elif isinstance(node, Unary):
        found = _REVERSE[node.operator](_calculated(node.operand, read, is_plain))
    elif isinstance(node, Binary):
        left, right = (_calculated(part, read, is_plain) for part in node.children)
        if node.operator in "/%" and not right:
            raise Wrong("bad-value", f"{quote(node.spelled)} divides by zero")
        found = _CALCULATE[node.operator](left, right)
    else:
        found = read(node)
    if not -(1 << 63) <= found < 1 << 64:
        raise Wrong("bad-value", f"{quote(node.spelled)} has more than 64 bits")
    return found


def _wide_enough(type_: ValueType, found: int) -> ValueType:
    """Return `type_`, if it can hold the number; else one of 64 bits with the sign that it takes."""
    bits = type_.size * 8
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if type_.signed else (0, (1 << bits) - 1)
    if low <= found <= high:
        return type_
    signed = found < 0
    if type_.symbols or type_.kind in {"duration", "time", "size"}:
        return replace(type_, size=8, signed=signed)
    return _S64 if signed else _U64


_NOUNS = {
    Shape.NUMBER: "a number",
    Shape.STRING: "a text",
    Shape.ADDRESS: "an IP address",
    Shape.BYTES: "bytes",
}


def _noun(type_: ValueType) -> str:
    return _NOUNS[type_.shape]
