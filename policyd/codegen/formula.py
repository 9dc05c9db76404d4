"""Computed numbers as expressions in C: what each row of `vocabulary.operations` is, over operands that were fetched.

`operand` asks for them.  The state of a result is the worst of its operands' (unread over absent over fine), but for what
answers yes or no: that is false of what is absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.compare import compare
from policyd.codegen.ctext import CText
from policyd.value import Computed, Constant, Text
from policyd.vocabulary.operations import COMPARISONS
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policyd.codegen.operand import Operand
    from policyd.value import Value

_LONGEST = 200
"""Characters of an expression that stands where it is used; a longer one gets a place, so that no text grows without end."""

_CHEAP = 2
"""`Value.cost` up to which a value is fetched though it may turn out not to be needed."""

OK, ABSENT, UNREAD = CText("PD_OK"), CText("PD_ABSENT"), CText("PD_UNREAD")


@dataclass(frozen=True, slots=True)
class Formula:
    """A computed number as C: `value` and `state` are expressions over operands that were fetched before."""

    value: CText
    state: CText


def formula(value: Value, parts: Sequence[Operand]) -> Formula | None:
    """Return a computed number as an expression over its operands; None for what cannot be one."""
    access = value.access
    if not isinstance(access, Computed) or value.type.shape is not Shape.NUMBER:
        return None
    name = access.operation
    if name in COMPARISONS:
        return _answer(name, parts)
    if name in _LOGIC:
        return None if any(part.source.cost > _CHEAP for part in parts[1:]) else _LOGIC[name](parts)
    if name in _BRANCHING:
        dear = any(part.source.cost > _CHEAP for part in parts)
        return None if dear or len(parts) > 3 else _BRANCHING[name](parts)
    number = _converted(value, parts[0]) if name == "convert" else _NUMBERS[name](parts)
    return Formula(number, worst([*parts_states(parts), *_of_divisor(name, parts)]))


def may_stand(value: Value, found: Formula) -> bool:
    """Whether an expression may stand where it is used: a short one, without a long loop."""
    searches = isinstance(value.access, Computed) and value.access.operation == "contains"
    return not searches and len(found.value) + len(found.state) <= _LONGEST


def takes_text(access: Computed, position: int) -> bool:
    """Whether a text that is known when the code is made becomes part of it there, and needs no place of its own."""
    name = access.operation
    if name in {"choose", "default", "in_network", "size"}:
        return True
    others = [operand for number, operand in enumerate(access.operands) if number != position]
    wanted = {"starts_with", "ends_with"} if position else set()
    return name in {"eq", "ne"} | wanted and not any(isinstance(other.access, Text) for other in others)


def parts_states(parts: Sequence[Operand]) -> list[CText]:
    """Return the states of those operands that may be absent or unread."""
    return [part.state for part in parts if part.uncertain]


def worst(states: Sequence[CText]) -> CText:
    """Return the worst of some states."""
    return reduce(lambda first, second: c.call("pd_worse", first, second), states) if states else OK


# ------------------------------------------------------------------------------------------------ numbers


def _wide(part: Operand) -> CText:
    return CText(f"(u64) {part.value}")


def _infix(sign: str) -> Callable[[Sequence[Operand]], CText]:
    return lambda parts: CText(f"({_wide(parts[0])} {sign} {parts[1].value})")


def _signed(parts: Sequence[Operand]) -> bool:
    return any(part.source.type.signed for part in parts)


def _constant(part: Operand) -> int | None:
    return part.source.access.number if isinstance(part.source.access, Constant) else None


def _divided(sign: str, function: str) -> Callable[[Sequence[Operand]], CText]:
    def text(parts: Sequence[Operand]) -> CText:
        if _signed(parts):
            return c.call(f"{function}_signed", parts[0].value, parts[1].value)
        return _infix(sign)(parts) if _constant(parts[1]) else c.call(function, parts[0].value, parts[1].value)

    return text


def _of_divisor(name: str, parts: Sequence[Operand]) -> list[CText]:
    if name not in {"div", "mod"} or _constant(parts[1]):
        return []
    return [CText(f"({parts[1].value} ? {OK} : {ABSENT})")]


def _shifted(sign: str, function: str) -> Callable[[Sequence[Operand]], CText]:
    def text(parts: Sequence[Operand]) -> CText:
        by = _constant(parts[1])
        keeps_sign = sign == ">>" and parts[0].source.type.signed
        if by is not None and 0 <= by < 64 and not keeps_sign:
            return CText(f"({_wide(parts[0])} {sign} {c.uint(by)})")
        return c.call(f"{function}_signed" if keeps_sign else function, parts[0].value, parts[1].value)

    return text


def _extreme(greatest: bool) -> Callable[[Sequence[Operand]], CText]:
    """Those of one sign among themselves first: what comes of both has no sign of its own."""
    name = "pd_max" if greatest else "pd_min"

    def one_of(parts: Sequence[Operand], signs: str) -> CText:
        return reduce(lambda first, second: c.call(f"{name}_{signs}", first, second), [part.value for part in parts])

    def text(parts: Sequence[Operand]) -> CText:
        unsigned = [part for part in parts if not _has_sign(part)]
        signed = [part for part in parts if _has_sign(part)]
        if not unsigned or not signed:
            return one_of(parts, "ss" if signed else "uu")
        return c.call(f"{name}_us", one_of(unsigned, "uu"), one_of(signed, "ss"))

    return text


def _size(parts: Sequence[Operand]) -> CText:
    access = parts[0].source.access
    if isinstance(access, Text):
        return c.uint(len(access.raw))
    return parts[0].length or c.uint(parts[0].source.type.size)


def _converted(value: Value, part: Operand) -> CText:
    type_ = value.type
    if type_.kind == "bool":
        return c.binary(part.value, "!=", c.uint(0))
    if type_.size == 8:
        return _inside(part.value)
    return CText(f"((u64) ({'s' if type_.signed else 'u'}{type_.size * 8}) {part.value})")


def _inside(text: CText) -> CText:
    return CText(f"({text})")


_NUMBERS: dict[str, Callable[[Sequence[Operand]], CText]] = {
    "add": _infix("+"),
    "sub": _infix("-"),
    "mul": _infix("*"),
    "div": _divided("/", "pd_div"),
    "mod": _divided("%", "pd_mod"),
    "neg": lambda parts: CText(f"(0 - {_wide(parts[0])})"),
    "and": _infix("&"),
    "or": _infix("|"),
    "xor": _infix("^"),
    "not": lambda parts: CText(f"(~{_wide(parts[0])})"),
    "shl": _shifted("<<", "pd_shl"),
    "shr": _shifted(">>", "pd_shr"),
    "min": _extreme(greatest=False),
    "max": _extreme(greatest=True),
    "size": _size,
}

# ------------------------------------------------------------------------------------------------ yes and no


def _answer(name: str, parts: Sequence[Operand]) -> Formula:
    """Return a comparison: false where an operand is absent (`ne`: true), unread where one is."""
    fine = [c.binary(state, "==", OK) for state in parts_states(parts)]
    holds = _same(parts) if name in {"eq", "ne"} else _ANSWERS[name](parts)
    found = c.all_of([*fine, holds])
    return Formula(c.no(found) if name == "ne" else found, _unread(parts))


def _unread(parts: Sequence[Operand]) -> CText:
    states = [c.binary(part.state, "==", UNREAD) for part in parts if part.can_be_unread]
    return CText(f"({c.any_of(states)} ? {UNREAD} : {OK})") if states else OK


def _has_sign(part: Operand) -> bool:
    """A constant that is not below zero has the sign of what it meets."""
    number = _constant(part)
    return part.source.type.signed if number is None else number < 0


def _signs(parts: Sequence[Operand]) -> tuple[bool, bool]:
    first, second = (_has_sign(part) for part in parts)
    for here, there in ((0, 1), (1, 0)):
        number = _constant(parts[here])
        if number is not None and 0 <= number < 1 << 63 and _has_sign(parts[there]):
            return True, True
    return first, second


def _below(first: Operand, second: Operand) -> CText:
    """Return whether one number is below the other, whatever their signs."""
    one, other = _signs([first, second])
    if one != other:
        function = "pd_signed_below" if one else "pd_below_signed"
        return c.call(function, first.value, second.value)
    left, right = (c.signed(part.value) if one else part.value for part in (first, second))
    return c.binary(left, "<", right)


def _same(parts: Sequence[Operand]) -> CText:
    first, second = parts
    if isinstance(first.source.access, Text):
        first, second = second, first
    if isinstance(second.source.access, Text):
        raw = second.source.access.raw
        return compare(first, "Equal", (int.from_bytes(raw, "big") if first.shape is Shape.ADDRESS else raw,))
    return _SAME[first.shape](first, second)


def _same_numbers(first: Operand, second: Operand) -> CText:
    one, other = _signs([first, second])
    if one == other:
        return c.binary(first.value, "==", second.value)
    signed, unsigned = (first, second) if one else (second, first)
    return c.call("pd_signed_same", signed.value, unsigned.value)


def _same_words(first: Operand, second: Operand) -> CText:
    size = c.uint(first.source.type.size)
    return c.call("pd_same", first.value, second.value, size, size)


def _same_addresses(first: Operand, second: Operand) -> CText:
    halves = ((c.dot(part.value, name, arrow=False) for part in (first, second)) for name in ("high", "low"))
    return c.all_of(c.binary(one, "==", other) for one, other in halves)


_SAME: dict[Shape, Callable[[Operand, Operand], CText]] = {
    Shape.NUMBER: _same_numbers,
    Shape.STRING: lambda first, second: _strings("pd_same_strings", [first, second]),
    Shape.ADDRESS: _same_addresses,
    Shape.BYTES: _same_words,
}


def _strings(function: str, parts: Sequence[Operand], *first: CText) -> CText:
    both = [text for part in parts for text in (part.value, part.length, c.uint(part.capacity))]
    return c.call(function, *first, *both)


def _with_text(operator: str, function: str) -> Callable[[Sequence[Operand]], CText]:
    """Against a text of the code's own as filters do it; else by a loop."""

    def text(parts: Sequence[Operand]) -> CText:
        access = parts[1].source.access
        if isinstance(access, Text):
            return compare(parts[0], operator, (access.raw,))
        return _strings(function, parts)

    return text


def _in_network(parts: Sequence[Operand]) -> CText:
    network, length = parts[1].source.access, _constant(parts[2])
    assert isinstance(network, Text)
    assert length is not None
    return compare(parts[0], "InCIDR", ((int.from_bytes(network.raw, "big"), length),))


_ANSWERS: dict[str, Callable[[Sequence[Operand]], CText]] = {
    "lt": lambda parts: _below(parts[0], parts[1]),
    "gt": lambda parts: _below(parts[1], parts[0]),
    "le": lambda parts: c.no(_below(parts[1], parts[0])),
    "ge": lambda parts: c.no(_below(parts[0], parts[1])),
    "starts_with": _with_text("Prefix", "pd_starts_with"),
    "ends_with": _with_text("Suffix", "pd_ends_with"),
    "contains": lambda parts: _strings("pd_contains", parts, CText("&r->s->search")),
    "in_network": _in_network,
    "has_bits": lambda parts: c.binary(c.binary(parts[0].value, "&", parts[1].value), "==", parts[1].value),
}


def holds(part: Operand) -> CText:
    """Return whether an operand is there and not 0."""
    fine = [c.binary(part.state, "==", OK)] if part.uncertain else []
    return c.all_of([*fine, c.binary(part.value, "!=", c.uint(0))])


def _all(parts: Sequence[Operand]) -> Formula:
    return Formula(c.all_of(map(holds, parts)), _undecided(parts, lambda part: c.no(holds(part))))


def _any(parts: Sequence[Operand]) -> Formula:
    return Formula(c.any_of(map(holds, parts)), _undecided(parts, holds))


def _undecided(parts: Sequence[Operand], decides: Callable[[Operand], CText]) -> CText:
    """Unread if some operand is, unless another decides."""
    unread = [c.binary(part.state, "==", UNREAD) for part in parts if part.can_be_unread]
    if not unread:
        return OK
    known = [
        c.all_of([*([c.binary(part.state, "!=", UNREAD)] if part.can_be_unread else []), decides(part)]) for part in parts
    ]
    return CText(f"({c.any_of(unread)} && {c.no(c.any_of(known))} ? {UNREAD} : {OK})")


_LOGIC: dict[str, Callable[[Sequence[Operand]], Formula]] = {
    "all": _all,
    "any": _any,
    "no": lambda parts: Formula(c.no(holds(parts[0])), _unread(parts)),
    "present": lambda parts: Formula(c.binary(parts[0].state, "==", OK), _unread(parts)),
}

# ------------------------------------------------------------------------------------------------ one of several


def _choose(parts: Sequence[Operand]) -> Formula:
    condition, first, second = parts
    value = CText(f"({condition.value} ? {_wide(first)} : {_wide(second)})")
    chosen = OK
    if first.uncertain or second.uncertain:
        chosen = CText(f"({condition.value} ? {_state(first)} : {_state(second)})")
    return Formula(value, worst([*parts_states([condition]), *([chosen] if chosen != OK else [])]))


def _default(parts: Sequence[Operand]) -> Formula:
    value, state = _wide(parts[-1]), _state(parts[-1])
    for part in reversed(parts[:-1]):
        value = CText(f"({_state(part)} == {OK} ? {_wide(part)} : {value})")
        state = CText(f"({_state(part)} == {ABSENT} ? {state} : {_state(part)})")
    return Formula(value, state)


def _state(part: Operand) -> CText:
    return part.state if part.uncertain else OK


_BRANCHING: dict[str, Callable[[Sequence[Operand]], Formula]] = {"choose": _choose, "default": _default}
