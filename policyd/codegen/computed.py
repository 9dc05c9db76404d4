"""Computed values that have a place of their own: the body of their `fetch_N`.

What is cheap to compute and used once is an expression where it is used (`formula`).  What copies, what loops, what is used
more than once and what chooses between dear values is stored; of the latter only what decides is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.copying import copied, written
from policyd.codegen.ctext import CText
from policyd.codegen.formula import formula, holds
from policyd.value import Saved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.codegen.fetching import FetchView
    from policyd.codegen.operand import Operand
    from policyd.value import Computed, Text, Value


@dataclass(frozen=True, slots=True)
class BranchView:
    """What `fetch/branches.c` and `fetch/every.c` may print of an operand: `test` needs `needs`, taking it needs `later`."""

    needs: tuple[CText, ...]
    later: tuple[CText, ...]
    test: CText
    state: CText
    uncertain: bool
    copies: tuple[CText, ...] = ()


def computed_view(plain: FetchView, value: Value, access: Computed) -> FetchView:
    """Return how a computed value is fetched."""
    if access.operation == "address":
        return replace(plain, template="fetch/text.c", statements=(_address(plain),))
    found = formula(value, plain.parts)
    if found is not None:
        needs = tuple(dict.fromkeys(need for part in plain.parts for need in part.needs))
        return replace(plain, template="fetch/computed.c", parts=(), needs=needs, number=found.value, state=found.state)
    if access.operation in {"all", "any"}:
        every = access.operation == "all"
        return replace(
            plain, template="fetch/every.c", parts=(), number=c.uint(int(not every)), branches=_decisions(plain.parts, every)
        )
    condition = plain.parts[:1] if access.operation == "choose" else ()
    return replace(plain, template="fetch/branches.c", parts=condition, branches=_branches(plain, value, access))


def text_view(plain: FetchView, value: Value, access: Text) -> FetchView:
    """Return how a text of the code's own gets a place, where something wants its address."""
    return replace(plain, template="fetch/text.c", statements=written(plain.to, value.type, access.raw))


def _address(plain: FetchView) -> CText:
    """Make an address of a number; one that was turned into host order is turned back."""
    (part,) = plain.parts
    number = CText(f"(u32) {part.value}")
    return c.call("pd_ip4", plain.pointer, c.call("__builtin_bswap32", number) if _is_turned(part.source) else number)


def _is_turned(value: Value) -> bool:
    return value.big_endian or (isinstance(value.access, Saved) and _is_turned(value.access.value))


def _decisions(parts: Sequence[Operand], every: bool) -> tuple[BranchView, ...]:
    tests = (c.no(holds(part)) if every else holds(part) for part in parts)
    return tuple(
        BranchView(part.needs, (), test, part.state, part.can_be_unread) for part, test in zip(parts, tests, strict=True)
    )


def _branches(plain: FetchView, value: Value, access: Computed) -> tuple[BranchView, ...]:
    """Return the values that are chosen from: each but the last with the test by which it is taken."""
    choose = access.operation == "choose"
    parts = plain.parts[1:] if choose else plain.parts
    out = []
    for part in parts[:-1]:
        test = plain.parts[0].value if choose else c.binary(part.state, "!=", CText("PD_ABSENT"))
        needs, later = ((), part.needs) if choose else (part.needs, ())
        out.append(BranchView(needs, later, test, part.state, part.uncertain, copied(plain.to, value.type, part)))
    last = parts[-1]
    copies = copied(plain.to, value.type, last)
    return (*out, BranchView((), last.needs, CText(""), last.state, last.uncertain, copies))
