"""Outputs: what the templates of events print, and what those of metrics share with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.ctext import CText
from policyd.layout import ACCOUNT_COLUMNS, HEADER
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.codegen.operand import Operand, ValueTable
    from policyd.effect import EventOutput, RateLimit
    from policyd.layout import Column, Layout
    from policyd.maps import MapSpec

MOST_EVENT_BYTES = 28 * 1024
"""An event with packed strings is put together in the scratch value, which per-CPU memory limits to 32 KiB."""


@dataclass(frozen=True, slots=True)
class AccountView:
    """The columns of a policy's account, by name."""

    matched: CText = c.uint(ACCOUNT_COLUMNS.index("matched"))
    delivered: CText = c.uint(ACCOUNT_COLUMNS.index("delivered"))
    ring_full: CText = c.uint(ACCOUNT_COLUMNS.index("ring_full"))
    map_full: CText = c.uint(ACCOUNT_COLUMNS.index("map_full"))
    key_absent: CText = c.uint(ACCOUNT_COLUMNS.index("key_absent"))
    negative: CText = c.uint(ACCOUNT_COLUMNS.index("negative"))
    unread: CText = c.uint(ACCOUNT_COLUMNS.index("unread"))
    acted: CText = c.uint(ACCOUNT_COLUMNS.index("acted"))
    would_act: CText = c.uint(ACCOUNT_COLUMNS.index("would_act"))
    nested: CText = c.uint(ACCOUNT_COLUMNS.index("nested"))
    canary: CText = c.uint(ACCOUNT_COLUMNS.index("canary"))
    rate_limited: CText = c.uint(ACCOUNT_COLUMNS.index("rate_limited"))
    sampled_out: CText = c.uint(ACCOUNT_COLUMNS.index("sampled_out"))
    table_full: CText = c.uint(ACCOUNT_COLUMNS.index("table_full"))
    table_absent: CText = c.uint(ACCOUNT_COLUMNS.index("table_absent"))
    unpaired: CText = c.uint(ACCOUNT_COLUMNS.index("unpaired"))


@dataclass(frozen=True, slots=True)
class ColumnView:
    """What `columns/*.c` may print of a column."""

    template: str
    index: CText
    to: CText
    value: CText
    state: CText
    length: CText
    cut: CText
    capacity: CText
    limit: CText


@dataclass(frozen=True, slots=True)
class BesideView:
    """A column that is filled where its value is `there`, and its bit in a slot that tells."""

    column: ColumnView
    there: CText
    bit: CText


@dataclass(frozen=True, slots=True)
class LimitView:
    """What `outputs/limit.c` may print."""

    index: CText
    map: CText
    map_row: CText
    scalar_row: CText
    needs: tuple[CText, ...]
    columns: tuple[BesideView, ...]
    without_map: CText = CText("0")
    spend: CText = CText("pd_may_spend")
    weight: CText = CText("")


@dataclass(frozen=True, slots=True)
class AboveView:
    """What is asked of the bucket of a rule that is about what is above a rate; named like the limits of an event."""

    limits: tuple[LimitView]
    index: CText = CText("above")


@dataclass(frozen=True, slots=True)
class LimitRows:
    """A limit with its map, and where a rule's numbers (`struct pd_rule`) have the rows of its map and its scalar."""

    limit: RateLimit
    spec: MapSpec
    map_at: int
    scalar_at: int


@dataclass(frozen=True, slots=True)
class EventView:
    """What `outputs/event.c` may print.  `packed`: it is put together in the scratch place; `streamed`: for who reads it."""

    index: CText
    layout: CText
    packed: bool
    streamed: bool
    needs: tuple[CText, ...]
    columns: tuple[ColumnView, ...]
    account: AccountView
    samples: tuple[CText, ...] = ()
    limits: tuple[LimitView, ...] = ()


def event_bytes(output: EventOutput) -> int:
    """Return the most bytes that an event with packed strings can take."""
    strings = sum(column.type.size for column in output.layout.columns if column.packed)
    return HEADER.size + output.layout.size + strings


def event_view(
    values: ValueTable,
    output: EventOutput,
    index: int,
    samples: Iterable[int],
    limits: Iterable[LimitRows],
    *,
    streamed: bool,
) -> EventView:
    """Return the view of a rule's event output number `index`; `samples` are places of scalars' rows, as in `LimitRows`."""
    layout = output.layout
    later = sum(column.type.size for column in layout.columns if column.packed)
    columns = []
    for number, (column, value) in enumerate(zip(layout.columns, output.values, strict=True)):
        later -= column.type.size if column.packed else 0
        limit = event_bytes(output) - later - column.type.size if column.packed else 0
        to = CText(f"e->f.c{number}")
        columns.append(_column(number, column, values[value], to, limit))
    return EventView(
        index=c.uint(index),
        layout=c.uint(layout.id),
        packed=layout.packed or streamed,
        streamed=streamed,
        needs=needs_of(values[value] for value in output.values),
        columns=tuple(columns),
        account=AccountView(),
        samples=tuple(map(_row, samples)),
        limits=tuple(limit_view(values, limit, number) for number, limit in enumerate(limits)),
    )


def limit_view(values: ValueTable, bound: LimitRows, index: int) -> LimitView:
    """Return the view of an event's limit number `index`."""
    keys = [values[key] for key in bound.limit.keys]
    columns = zip(bound.spec.key.columns, keys, strict=True) if bound.spec.key else ()
    return LimitView(
        index=c.uint(index),
        map=c.ident(bound.spec.map_class.name),
        map_row=_row(bound.map_at),
        scalar_row=_row(bound.scalar_at),
        needs=needs_of(keys),
        columns=tuple(
            beside_view(number, column, key, CText(f"key->c{number}")) for number, (column, key) in enumerate(columns)
        ),
    )


def above_view(values: ValueTable, bound: LimitRows) -> AboveView:
    """Return the view of a rule's own limit; while there is no map of it, everything is within the rate."""
    view = replace(limit_view(values, bound, 0), without_map=CText("1"))
    if bound.limit.weight is None:
        return AboveView((view,))
    weight = values[bound.limit.weight]
    needs = tuple(dict.fromkeys((*view.needs, *weight.needs)))
    return AboveView((replace(view, needs=needs, spend=CText("pd_may_spend_bytes"), weight=CText(f", {weight.value}")),))


def key_views(key: Layout | None, operands: list[Operand]) -> tuple[ColumnView, ...]:
    """Return the views of a key's columns, all of which are present when they are filled."""
    columns = enumerate(zip(key.columns, operands, strict=True)) if key else ()
    return tuple(_column(number, column, one, CText(f"key->c{number}"), 0, key=True) for number, (column, one) in columns)


def beside_view(number: int, column: Column, operand: Operand, to: CText) -> BesideView:
    """Return the view of a column that is filled if its value is there."""
    there = c.binary(operand.state, "==", CText("PD_OK")) if operand.uncertain else CText("1")
    return BesideView(_column(number, column, operand, to, 0, key=True), there, c.uint(1 << number))


def _row(at: int) -> CText:
    return CText(f"d->maps[{c.uint(at)}]")


def _column(index: int, column: Column, operand: Operand, to: CText, limit: int, *, key: bool = False) -> ColumnView:
    """Return the view of a column; a key's columns are all present when they are filled."""
    if column.packed:
        template = "columns/packed.c"
    elif column.type.kind == "stack":
        template = "columns/stack.c"
    elif operand.shape is Shape.STRING:
        template = "columns/key_string.c" if key else "columns/string.c"
    else:
        kind = "number" if operand.shape is Shape.NUMBER else "bytes"
        template = f"columns/{kind}.c" if key or not operand.uncertain else f"columns/maybe_{kind}.c"
    return ColumnView(
        template=template,
        index=c.uint(index),
        to=to,
        value=operand.value,
        state=operand.state,
        length=operand.length,
        cut=operand.cut,
        capacity=c.uint(min(column.type.size, operand.capacity) if operand.capacity else column.type.size),
        limit=c.uint(limit),
    )


def needs_of(operands: Iterable[Operand]) -> tuple[CText, ...]:
    """Return the values to be fetched before these are used, each once."""
    return tuple(dict.fromkeys(need for operand in operands for need in operand.needs))
