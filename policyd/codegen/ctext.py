"""C text that is safe by construction, and the Jinja2 environment that refuses any other.

A template may print only `CText`, and `CText` is made only here: from identifiers of ours, numbers, escaped strings, and
combinations of those.  Text of a policy reaches C as numbers (the bytes of a string, eight at a time), inside a comment
through `comment`, or as a file name in a `#line` directive through `string`; nothing else of it does.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.layout import c_comment

if TYPE_CHECKING:
    from collections.abc import Iterable

    import jinja2

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_DESIGNATOR = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\])*\Z")
_TYPE = re.compile(r"(?:(?:struct|union|enum) )?[A-Za-z_][A-Za-z0-9_]*\Z")


class CText(str):
    """A piece of C that cannot hold a policy's text unescaped.  Make it with the functions of this module only."""

    __slots__ = ()


def ident(name: str) -> CText:
    """Return a C identifier; ValueError for anything else."""
    if not _IDENTIFIER.match(name):
        raise ValueError(f"not a C identifier: {name!r}")
    return CText(name)


def designator(text: str) -> CText:
    """Return a member designator: `a.b[3].c`."""
    if not _DESIGNATOR.match(text):
        raise ValueError(f"not a member designator: {text!r}")
    return CText(text)


def type_name(text: str) -> CText:
    """Return `struct task_struct`, `union x` or a typedef's name."""
    if not _TYPE.match(text):
        raise ValueError(f"not a C type name: {text!r}")
    return CText(text)


def uint(number: int) -> CText:
    """Return an unsigned constant of up to 64 bits (negative numbers as their two's complement)."""
    number &= (1 << 64) - 1
    return CText(f"{number}" if number < 1 << 31 else f"0x{number:x}ULL")


def sint(number: int) -> CText:
    """Return a signed 64-bit constant."""
    if number == -(1 << 63):
        return CText("(-9223372036854775807LL - 1)")
    return CText(f"{number}LL" if number >= 0 else f"({number}LL)")


def string(text: str) -> CText:
    """Return a C string literal: printable ASCII as it is, everything else as octal escapes.

    File names may hold bytes that are no UTF-8 (surrogate escapes).
    """
    raw = text.encode("utf-8", "surrogateescape")[:255]
    out = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in raw)
    return CText(f'"{out}"')


def comment(text: str) -> CText:
    """Return text for the inside of a comment."""
    return CText(c_comment(text))


def call(function: str, *arguments: CText) -> CText:
    """Return a call of a function."""
    return CText(f"{ident(function)}({', '.join(_safe(arguments))})")


def binary(left: CText, operator: str, right: CText) -> CText:
    """Return a comparison or a calculation, in parentheses."""
    if operator not in {"==", "!=", "<", "<=", ">", ">=", "&", "|", "+", "-"}:
        raise ValueError(operator)
    return CText(f"({_one(left)} {operator} {_one(right)})")


def all_of(parts: Iterable[CText]) -> CText:
    """Return the conjunction; `1` for none."""
    parts = _safe(parts)
    return CText(parts[0] if len(parts) == 1 else f"({' && '.join(parts)})" if parts else "1")


def any_of(parts: Iterable[CText]) -> CText:
    """Return the disjunction; `0` for none."""
    parts = _safe(parts)
    return CText(parts[0] if len(parts) == 1 else f"({' || '.join(parts)})" if parts else "0")


def no(part: CText) -> CText:
    """Return the negation."""
    return CText(f"!{_one(part)}" if part.startswith("(") or _IDENTIFIER.match(part) else f"!({_one(part)})")


def load(width: int, pointer: CText, offset: int = 0) -> CText:
    """Return the load of 1, 2, 4 or 8 bytes at a constant offset from a pointer."""
    return CText(f"PD_LOAD(u{width * 8}, {_one(pointer)}, {offset})")


def dot(base: CText, name: str, arrow: bool = True) -> CText:
    """Return a member: of what a pointer points to, or (not `arrow`) of a value."""
    return CText(f"{_one(base)}{'->' if arrow else '.'}{designator(name)}")


def signed(value: CText) -> CText:
    """Return the value as a signed number."""
    return CText(f"(s64) {_one(value)}")


def block(text: str) -> CText:
    """Return generated declarations whose every part came from layouts or BTF (`Layout.c_struct`, a BTF slice)."""
    return CText(text)


def _one(part: CText) -> CText:
    if not isinstance(part, CText):
        raise TypeError(f"text that was not made as C: {part!r}")
    return part


def _safe(parts: Iterable[CText]) -> list[CText]:
    return [_one(part) for part in parts]


def _templates() -> Path:
    here = Path(__file__).resolve().parent.parent
    packaged = here / "bpf_templates"
    return packaged if packaged.is_dir() else here.parent / "bpf_templates"


@cache
def environment() -> jinja2.Environment:
    """Return the one environment that templates are rendered in: strict, comment-shaped delimiters, `CText` only."""
    import jinja2  # noqa: PLC0415  only those who render pay for it

    def only_c(value: object) -> object:
        if isinstance(value, CText | jinja2.Undefined):
            return value
        raise TypeError(f"a template may print only CText, not {type(value).__name__}: {value!r}")

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_templates()),
        block_start_string="/*%",
        block_end_string="%*/",
        variable_start_string="/*{",
        variable_end_string="}*/",
        comment_start_string="/*#",
        comment_end_string="#*/",
        undefined=jinja2.StrictUndefined,
        finalize=only_c,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  C, not HTML: `finalize` is the guard
    )
