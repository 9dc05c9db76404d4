"""Operands: the text of a filter, a parameter or an action as what the kernel compares with, by the type that it meets.

`Reading` carries what every parse needs (the target's architecture) and takes up what is no error but should be said (a
network with host bits set).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast

from policyd.automaton import MAX_NEEDLE, check_glob
from policyd.resolve.problems import Missing, Several, Wrong
from policyd.text import did_you_mean, quote
from policyd.vocabulary.addresses import parse_network
from policyd.vocabulary.kinds import KINDS, kind_type, parse, symbols_of
from policyd.vocabulary.quantities import parse_interval
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.condition import Interval
    from policyd.errors import Path
    from policyd.resolve.lists import Operand

T = TypeVar("T")
Texts = Sequence[tuple[str, "Path"]]
"""Texts of operands, each with its place in the document."""

MOST_WRONGS = 20
"""Bad values of one list that are reported."""

MOST_VALUES = {"InRange": 500, "Contains": 1000, "Glob": 100}
"""Values of a test that become code or an automaton; the other operators look long lists up in maps."""

_SIZED = re.compile(r"(string|bytes)([1-9][0-9]{0,3})")
_LARGEST_SIZED = 4096


@dataclass(slots=True)
class Reading:
    """Parses for a target of architecture `arch`; `warnings` are messages for the author, in order."""

    arch: str
    warnings: list[str] = field(default_factory=list)

    def taken(self) -> list[str]:
        """Return the warnings so far, and forget them."""
        warnings, self.warnings = self.warnings, []
        return warnings

    def all(self, operator: str, type_: ValueType, texts: Texts) -> tuple[Operand | Interval, ...]:
        """Return a test's operands as `unit.Test` wants them for the positive `operator`; `Several` for all bad ones."""
        most = MOST_VALUES.get(operator, len(texts))
        if len(texts) > most:
            hint = "In, InCIDR, Under, Prefix and Suffix take lists of any length"
            raise Wrong("too-many-values", f"{len(texts):,} values, {operator} takes at most {most:,} of them", hint)
        if operator == "InRange":
            return tuple(_each(lambda text: self._interval(type_, text), texts))
        if operator in {"AllBits", "AnyBits"}:
            return (self._mask(operator, type_, texts),)
        if type_.kind == "compat_syscall" or (type_.kind == "syscall" and type_.symbols):
            return tuple(number for numbers in _each(lambda text: self._calls(type_, text), texts) for number in numbers)
        return self.list(operator, type_, texts)

    def list(self, operator: str, type_: ValueType, texts: Texts) -> tuple[Operand, ...]:
        """Return the operands of a list, each once; `Several` for all bad ones."""
        return tuple(dict.fromkeys(_each(lambda text: self.one(operator, type_, text), texts)))

    def one(self, operator: str, type_: ValueType, text: str) -> Operand:
        """Return one operand of an operator that takes plain values: a network for InCIDR, a pattern for Glob…"""
        if operator == "InCIDR":
            network, warning = self._expect(type_, text, lambda: parse_network(text))
            self.warnings += [warning] if warning else []
            return network
        if operator == "Glob":
            return _glob(text)
        value = self.value(type_, text)
        if operator == "Contains" and isinstance(value, bytes) and not 0 < len(value) <= MAX_NEEDLE:
            raise Wrong("bad-value", f"{quote(text)} cannot be searched for: give 1 to {MAX_NEEDLE:,} bytes")
        return value.rstrip(b"/") if operator == "Under" and isinstance(value, bytes) else value

    def value(self, type_: ValueType, text: str) -> int | bytes:
        """Return what `text` is in a field of `type_`: addresses as 128-bit numbers."""
        raw = self._expect(type_, text, lambda: parse(type_, text, self.arch))
        if type_.shape is Shape.ADDRESS and isinstance(raw, bytes):
            return int.from_bytes(raw, "big")
        return raw

    def number(self, type_: ValueType, text: str) -> int:
        """Return a number; `type_` is one."""
        return cast("int", self.value(type_, text))

    def _interval(self, type_: ValueType, text: str) -> Interval:
        return self._expect(type_, text, lambda: parse_interval(text, lambda end: self.number(type_, end)))

    def _calls(self, type_: ValueType, text: str) -> tuple[int, ...]:
        """Return every number of a system call: where both ABIs count, a name has two."""
        named = tuple(number for number, name in symbols_of(type_, self.arch) if name == text.strip())
        return named or (self.number(type_, text),)

    def _mask(self, operator: str, type_: ValueType, texts: Texts) -> int:
        mask = 0
        for number in _each(lambda text: self.number(type_, text), texts):
            mask |= number & ((1 << type_.size * 8) - 1)
        if mask == 0:
            raise Wrong("no-bits", f"{operator} with no bit set says nothing of the field", "compare with Equal, value: 0")
        return mask

    @staticmethod
    def _expect(type_: ValueType, text: str, read: Callable[[], T]) -> T:
        try:
            return read()
        except ValueError as error:
            kind = type_.kind
            raise Wrong("bad-value", f"{quote(text)} does not fit a field of type {kind}: expected {error}") from error


def _glob(text: str) -> bytes:
    pattern = text.encode("utf-8", "surrogateescape")
    try:
        check_glob(pattern)
    except ValueError as error:
        hint = "a backslash before a character makes it stand for itself"
        raise Wrong("bad-value", f"{quote(text)} is no glob that can be matched: {error}", hint) from error
    return pattern


def _each(read: Callable[[str], T], texts: Texts) -> list[T]:
    """Read every text; all that is wrong is raised at once, or the first `MOST_WRONGS` of it."""
    found, wrongs = [], list[Missing]()
    for text, at in texts:
        try:
            found.append(read(text))
        except Wrong as wrong:
            wrong.at = at
            wrongs.append(wrong)
        if len(wrongs) == MOST_WRONGS:
            wrongs[-1].hint = "later values of this list were not read"
            break
    if wrongs:
        raise Several(wrongs)
    return found


def declared_type(name: str) -> ValueType:
    """Return the type that a parameter declares: a kind, `stringN` or `bytesN`."""
    if sized := _SIZED.fullmatch(name):
        size = int(sized[2])
        if size <= _LARGEST_SIZED:
            return ValueType(sized[1], KINDS[sized[1]].shape, size)
    if name == "stack":
        raise Wrong("unknown-type", "a stack is not declared", "it is a column: kernel.stack, user.stack")
    if name not in KINDS:
        raise Wrong("unknown-type", f"there is no type {quote(name)}", did_you_mean(name, KINDS) or "policyd explain types")
    return kind_type(name)
