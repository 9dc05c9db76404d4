"""Outputs: what the event and metric templates print."""

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
    from policyd.layout import Column
    from policyd.maps import MapSpec
    from policyd.unit import EventOutput, MetricOutput

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
class EventView:
    """What `outputs/event.c` may print."""

    index: CText
    layout: CText
    packed: bool
    needs: tuple[CText, ...]
    columns: tuple[ColumnView, ...]
    account: AccountView


@dataclass(frozen=True, slots=True)
class MetricView:
    """What `outputs/{counter,sum,gauge,extreme,histogram}.c` may print."""

    index: CText
    template: str
    map: CText
    map_row: CText
    needs: tuple[CText, ...]
    present: CText
    columns: tuple[ColumnView, ...]
    account: AccountView
    value: CText = CText("0")
    beats: CText = CText("0")
    refuses_negative: bool = False
    log2: bool = False
    linear: bool = False
    start: CText = CText("0")
    step: CText = CText("1")
    below: CText = CText("0")
    beyond: CText = CText("0")
    above: tuple[CText, ...] = ()
    last: CText = CText("0")


def event_bytes(output: EventOutput) -> int:
    """Return the most bytes that an event with packed strings can take."""
    strings = sum(column.type.size for column in output.layout.columns if column.packed)
    return HEADER.size + output.layout.size + strings


def event_view(values: ValueTable, output: EventOutput, index: int) -> EventView:
    """Return the view of a rule's event output number `index`."""
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
        packed=layout.packed,
        needs=_needs(values[value] for value in output.values),
        columns=tuple(columns),
        account=AccountView(),
    )


def metric_view(values: ValueTable, spec: MapSpec, output: MetricOutput, index: int) -> MetricView:
    """Return the view of a rule's metric output number `index`, kept in a map like `spec`."""
    keys = [values[key] for key in output.keys]
    operand = values[output.value] if output.value else None
    used = [*keys, *([operand] if operand else [])]
    columns: tuple[ColumnView, ...] = ()
    if spec.key is not None and keys:
        columns = tuple(
            _column(number, column, key, CText(f"key->c{number}"), 0, key=True)
            for number, (column, key) in enumerate(zip(spec.key.columns, keys, strict=True))
        )
    view = MetricView(
        index=c.uint(index),
        template=_TEMPLATES[output.purpose],
        map=c.ident(spec.map_class.name),
        map_row=CText(f"d->maps[{c.uint(index)}]"),
        needs=_needs(used),
        present=c.all_of(c.binary(one.state, "==", CText("PD_OK")) for one in used if one.uncertain),
        columns=columns,
        account=AccountView(),
    )
    return _with_value(view, output.purpose, operand, spec) if operand else view


_TEMPLATES = {
    "counter": "outputs/counter.c",
    "sum": "outputs/sum.c",
    "gauge": "outputs/gauge.c",
    "min": "outputs/extreme.c",
    "max": "outputs/extreme.c",
    "histogram": "outputs/histogram.c",
}


def _with_value(view: MetricView, purpose: str, operand: Operand, spec: MapSpec) -> MetricView:
    is_signed = operand.source.type.signed
    buckets = spec.buckets
    unsigned_sum = purpose == "sum" and not spec.value.columns[1].type.signed
    stored = CText("(s64) slots[1]" if is_signed else "slots[1]")
    beats = c.binary(operand.number, "<" if purpose == "min" else ">", stored)
    view = replace(
        view, value=operand.value, beats=beats, refuses_negative=is_signed and (unsigned_sum or buckets is not None)
    )
    if buckets is None:
        return view
    bounds = buckets.bounds
    start = bounds[0].bit_length() if bounds else 0
    doubling = all(bound == (1 << (start + number)) - 1 for number, bound in enumerate(bounds))
    if doubling:
        return replace(view, log2=True, start=c.uint(start), last=c.uint(len(bounds)))
    if buckets.form == "linear":
        below = c.binary(operand.value, "<=", c.uint(bounds[0]))
        beyond = c.binary(operand.value, ">", c.uint(bounds[-1]))
        return replace(view, linear=True, start=c.uint(bounds[0]), step=c.uint(buckets.step), below=below, beyond=beyond,
                       last=c.uint(len(bounds)))  # fmt: skip
    above = tuple(c.binary(operand.value, ">", c.uint(bound)) for bound in bounds)
    return replace(view, above=above, last=c.uint(len(bounds)))


def _column(index: int, column: Column, operand: Operand, to: CText, limit: int, *, key: bool = False) -> ColumnView:
    """Return the view of a column; a key's columns are all present when they are filled."""
    if column.packed:
        template = "columns/packed.c"
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


def _needs(operands: Iterable[Operand]) -> tuple[CText, ...]:
    return tuple(dict.fromkeys(need for operand in operands for need in operand.needs))
