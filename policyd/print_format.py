"""What the `print fmt` of a tracepoint tells about its fields: symbols, flags, addresses, devices, code locations.

In: the `print fmt` text (a C format string and its arguments, written by the kernel's developers for `trace_pipe`).
Out: one `Decoder` a field that is printed in a telling way.  `target.py` turns decoders into types.  An argument counts only
if it is the plain field (casts and parentheses aside): symbols of `(REC->flags >> 3) & 7` say nothing of `flags`.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Lookup = Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class Decoder:
    """How a field is shown: a kind of `vocabulary.kinds`, with symbols for `enum` and `flags`."""

    kind: str
    symbols: tuple[tuple[int, str], ...] = ()


_SPECIFIER = re.compile(
    r"%(?:%|[-+ #0]*(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d+))?(?:hh|h|ll|l|z|t|j|L)?(?P<letter>p\w*|[a-zA-Z]))"
)
_POINTER_KINDS = (
    ("pS", "symbol"),
    ("ps", "symbol"),
    ("pB", "symbol"),
    ("pF", "symbol"),
    ("pf", "symbol"),
    ("pI4", "ip"),
    ("pI6", "ip"),
    ("pi4", "ip"),
    ("pi6", "ip"),
    ("pM", "mac"),
    ("pm", "mac"),
)
_LETTER_KINDS = {"s": "string", "o": "mode", "x": "hex", "X": "hex", "p": "hex"}
_RANKS = {"hex": 0, "mode": 0, "string": 1}  # a better decoder of the same field wins: 2 for all others
_FIELD = re.compile(r"&?\s*REC->(\w+)")
_CAST = re.compile(
    r"\(\s*(?:const\s+|struct\s+|enum\s+|union\s+)*[A-Za-z_]\w*(?:\s+(?:long|int|char|short|const))*\s*\**\s*\)"
)


def decoders(print_format: str, lookup: Lookup) -> dict[str, Decoder]:
    """Return what the print format tells, by field name; `lookup` gives the numbers of enum constants."""
    arguments = split_arguments(print_format)
    if not arguments:
        return {}
    found: dict[str, Decoder] = {}
    for letter, argument in zip(_letters(arguments[0]), arguments[1:], strict=False):
        for name, decoder in _decode(letter, argument, lookup):
            if name not in found or _rank(decoder) > _rank(found[name]):
                found[name] = decoder
    return found


def _rank(decoder: Decoder) -> int:
    return _RANKS.get(decoder.kind, 2)


def _letters(text: str) -> Iterator[str]:
    for match in _SPECIFIER.finditer(text):
        if match["letter"]:
            yield from ("" for part in (match["width"], match["precision"]) if part == "*")
            yield match["letter"]


def _decode(letter: str, argument: str, lookup: Lookup) -> Iterator[tuple[str, Decoder]]:
    for function, kind in (("__print_symbolic", "enum"), ("__print_flags", "flags")):
        for call in _calls(argument, function):
            name = plain_field(call[0], masked=kind == "flags") if call else ""
            rows = _symbols(call[1 if kind == "enum" else 2 :], lookup) if name else ()
            if rows:
                yield name, Decoder(kind, rows)
    if (device := re.search(r"REC->(\w+)\)*\s*>>\s*20\b", argument)) and "__print" not in argument:
        yield device[1], Decoder("device")
    name = plain_field(argument)
    kind = next((kind for prefix, kind in _POINTER_KINDS if letter.startswith(prefix)), _LETTER_KINDS.get(letter, ""))
    if name and kind:
        yield name, Decoder(kind)


def plain_field(expression: str, masked: bool = False) -> str:
    """Return the field's name if the expression is that field but for casts (and, `masked`, an `&` with a mask), or ''."""
    text = expression.strip()
    while text:
        if match := _FIELD.fullmatch(text):
            return match[1]
        if masked and (match := re.match(r"REC->(\w+)\s*&(?!&)", text)):
            return match[1]
        cast = _CAST.match(text)
        if cast and cast.end() < len(text):
            text = text[cast.end() :].strip()
        elif text[0] == "(" and _closing(text, 0) == len(text) - 1:
            text = text[1:-1].strip()
        else:
            return ""
    return ""


def _calls(text: str, function: str) -> Iterator[list[str]]:
    for match in re.finditer(re.escape(function) + r"(?:64)?\(", text):
        end = _closing(text, match.end() - 1)
        yield split_arguments(text[match.end() : end])


def _symbols(rows: list[str], lookup: Lookup) -> tuple[tuple[int, str], ...]:
    """Return the (number, name) pairs of `{ value, "name" }` rows; rows whose value is not known are left out."""
    found = []
    for row in rows:
        parts = split_arguments(row.strip().removeprefix("{").removesuffix("}"))
        if len(parts) != 2 or not (name := _literal(parts[1])):
            continue
        number = evaluate(parts[0], lookup)
        if number is not None:
            found.append((number, name))
    return tuple(dict(reversed([(n, (n, name)) for n, name in found])).values())[::-1]


def _literal(text: str) -> str:
    pieces = re.findall(r'"((?:[^"\\]|\\.)*)"', text)
    return "".join(pieces)


def split_arguments(text: str) -> list[str]:
    """Split C text at the commas that stand outside brackets and strings; neighbouring string literals stay together."""
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        character = text[at]
        if character == '"':
            at = _string_end(text, at)
        elif character in "({[":
            depth += 1
        elif character in ")}]":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
        at += 1
    last = text[start:].strip()
    return [*parts, last] if last else parts


def _string_end(text: str, at: int) -> int:
    """Return the index of the quote that closes the string opened at `at`."""
    at += 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at


def _closing(text: str, at: int) -> int:
    """Return the index of the bracket that closes the one at `at` (the end of the text if none does)."""
    depth = 0
    while at < len(text):
        if text[at] == '"':
            at = _string_end(text, at)
        elif text[at] in "({[":
            depth += 1
        elif text[at] in ")}]":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return len(text)


# ------------------------------------------------------------------------------------------------ constants

_MASK = (1 << 64) - 1
_BINARY: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
    ast.LShift: lambda left, right: (left << min(right, 63)) & _MASK,
    ast.RShift: lambda left, right: left >> min(right, 63),
}
_UNARY: dict[type[ast.unaryop], Callable[[int], int]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: lambda value: ~value & _MASK,
}


def evaluate(expression: str, lookup: Lookup) -> int | None:
    """Return the number of a constant C expression (casts are dropped); None for what is not one."""
    text = re.sub(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", expression)
    text = re.sub(r"\b0([0-7]+)\b", r"0o\1", text)
    text = _drop_casts(text).replace("/", "//")
    try:
        return _number(ast.parse(text.strip(), mode="eval").body, lookup)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError):
        return None


def _drop_casts(text: str) -> str:
    """Drop `(type)` before an operand: a parenthesised name that an operand follows at once."""
    return re.sub(_CAST.pattern + r"(?=\s*[\w(~-])", "", text)


def _number(node: ast.expr, lookup: Lookup) -> int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.Name) and (value := lookup(node.id)) is not None:
        return value
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _UNARY[type(node.op)](_number(node.operand, lookup))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](_number(node.left, lookup), _number(node.right, lookup))
    raise ValueError("not a constant")
