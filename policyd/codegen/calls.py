"""Calls under way: the struct in which the program at an entry keeps values, and how the one at the exit gets them.

In: the `Calls` of a unit, as the entry's (`Unit.saves`) or the exit's (`Unit.resumes`), and its values.  Out: what
`calls/*.c` and `fetch/saved_*.c` print.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.ctext import CText
from policyd.codegen.operand import member_of
from policyd.layout import ACCOUNT_COLUMNS
from policyd.value import Elapsed, Saved
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from policyd.calls import Calls
    from policyd.codegen.condition import Tests
    from policyd.codegen.fetching import FetchView
    from policyd.codegen.operand import Operand, ValueTable
    from policyd.unit import BoundUnit, Saves

_SAVED = {
    Shape.NUMBER: "fetch/saved_number.c",
    Shape.STRING: "fetch/saved_string.c",
    Shape.BYTES: "fetch/saved_bytes.c",
    Shape.ADDRESS: "fetch/saved_bytes.c",
}
_KEPT = {shape: template.replace("fetch/saved", "calls/keep") for shape, template in _SAVED.items()}


@dataclass(frozen=True, slots=True)
class KeptView:
    """What `calls/keep_*.c` may print of a value: `to` is its place in `struct pd_call`, `kept` that of its state."""

    template: str
    to: CText
    kept: CText
    needs: tuple[CText, ...]
    value: CText
    state: CText
    length: CText
    cut: CText
    size: CText


@dataclass(frozen=True, slots=True)
class CallsView:
    """What `calls/*.c` may print: the struct, what tells a thread's calls apart, and the half that the unit is."""

    struct: CText
    size: CText
    frame: CText
    place: CText
    begins: bool = False
    condition: CText | None = None
    kept: tuple[KeptView, ...] = ()
    rows: tuple[CText, ...] = ()
    unpaired: CText = c.uint(ACCOUNT_COLUMNS.index("unpaired"))


def calls_view(bound: BoundUnit, values: ValueTable, tests: Tests) -> CallsView | None:
    """Return the view of a unit's half of calls; None where calls neither begin nor end for anybody."""
    unit = bound.unit
    if unit.saves is not None:
        view = _view(unit.saves.calls, begins=True)
        return replace(view, condition=_any(unit.saves, tests), kept=_kept(unit.saves, values))
    if unit.resumes is None:
        return None
    counted = sorted({bound.rows.policies[rule.policy] for rule in unit.rules if rule.entry is not None})
    return replace(_view(unit.resumes, begins=False), rows=tuple(map(c.uint, counted)))


def _view(calls: Calls, *, begins: bool) -> CallsView:
    stack, popped = calls.stack
    frames = {
        "thread": "0",
        "context": "(u64) ctx",
        "stack": f"PD_CONTEXT(u64, ctx, {c.uint(stack)})" + (f" - {c.uint(popped)}" if popped and not begins else ""),
    }
    members = "".join(f"\t{member_of(value.type, f'v{number}')};\n" for number, value in enumerate(calls.values))
    states = f"\tu8 state[{c.uint(-(-len(calls.values) // 8) * 8)}];\n" if calls.values else ""
    return CallsView(
        struct=c.block(f"struct pd_call {{\n\tu64 time;\n{members}{states}}};\n"),
        size=c.uint(calls.size),
        frame=CText(frames[calls.keyed]),
        place=CText("pd_attach_cookie(ctx)" if calls.several else "0"),
        begins=begins,
    )


def _any(saves: Saves, tests: Tests) -> CText | None:
    """Return the test that something is to be kept of a call, if not of each; a doubt is no reason not to."""
    conditions = [tests.condition(policy, condition, 1) for policy, condition in saves.conditions]
    return c.any_of(conditions) if conditions else None


def _kept(saves: Saves, values: ValueTable) -> tuple[KeptView, ...]:
    return tuple(_keep(number, values[value]) for number, value in enumerate(saves.calls.values))


def _keep(number: int, operand: Operand) -> KeptView:
    return KeptView(
        template=_KEPT[operand.shape],
        to=CText(f"call->v{number}"),
        kept=CText(f"call->state[{number}]"),
        needs=operand.needs,
        value=operand.value,
        state=operand.state,
        length=operand.length,
        cut=operand.cut,
        size=c.uint(operand.source.type.size),
    )


def fetched(view: FetchView, operand: Operand, calls: Calls | None) -> FetchView:
    """Return how a value that was kept, or the time since, is fetched; the view as it is for any other."""
    access = operand.source.access
    if isinstance(access, Elapsed):
        return replace(view, template="fetch/elapsed.c")
    if not isinstance(access, Saved):
        return view
    assert calls is not None, access
    number = calls.index(access.value.path, access.value.access)
    base, state = CText(f"call->v{number}"), CText(f"call->state[{number}]")
    return replace(view, template=_SAVED[operand.shape], base=base, state=state)
