"""Metrics: what the templates of one-column outputs and of `stats` print."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.ctext import CText
from policyd.codegen.output import AccountView, BesideView, ColumnView, beside_view, key_views, needs_of
from policyd.effect import Stat
from policyd.maps import StatColumn
from policyd.vocabulary.aggregates import AGGREGATES
from policyd.vocabulary.stacks import MARK_AT

if TYPE_CHECKING:
    from policyd.codegen.operand import Operand, ValueTable
    from policyd.effect import MetricOutput
    from policyd.maps import Buckets, MapSpec


@dataclass(frozen=True, slots=True)
class StatView:
    """What `outputs/aggregates/*.c` may print: slots `at`, `next` and `first`; `bits` is the one for what is `beside`."""

    index: CText
    comment: CText
    template: str
    at: CText
    next: CText
    first: CText
    needs: tuple[CText, ...]
    present: CText
    uncertain: bool
    value: CText = CText("0")
    beats: CText = CText("0")
    bits: CText = CText("0")
    beside: tuple[BesideView, ...] = ()
    refuses_negative: bool = False
    spread: bool = False
    log2: bool = False
    linear: bool = False
    start: CText = CText("0")
    step: CText = CText("1")
    below: CText = CText("0")
    beyond: CText = CText("0")
    above: tuple[CText, ...] = ()
    last: CText = CText("0")


@dataclass(frozen=True, slots=True)
class MetricView:
    """What `outputs/single.c`, `stats.c` and `stacks.c` may print.

    `stacked`: the key has stacks, and is too long to be cleared in line; `marked` is the byte of the first of a `stacks`
    output that tells the entry of those without room.
    """

    index: CText
    template: str
    map: CText
    map_row: CText
    needs: tuple[CText, ...]
    present: CText
    columns: tuple[ColumnView, ...]
    account: AccountView
    stats: tuple[StatView, ...]
    stacked: bool = False
    marked: CText = CText("")


ALONE = {"counter": "count", "sum": "sum", "gauge": "gauge", "min": "min", "max": "max", "histogram": "histogram"}
"""The aggregate of each metric of one column: a row of `vocabulary.aggregates`, or `gauge`, the last value of all CPUs."""
_TEMPLATE_OF = {"stats": "outputs/stats.c", "stacks": "outputs/stacks.c"}


def metric_view(values: ValueTable, spec: MapSpec, output: MetricOutput, index: int) -> MetricView:
    """Return the view of a rule's metric output number `index`, kept in a map like `spec`."""
    keys = [values[key] for key in output.keys]
    used = [*keys, *([values[output.value]] if output.value else [])]
    columns, feeds = spec.stats, output.stats
    needs = needs_of(used)
    if output.purpose == "stacks":
        used = [one for one in used if one.source.type.kind != "stack"]
    if output.purpose != "stats":
        aggregate = ALONE.get(output.purpose) or ("sum" if output.value else "count")
        columns = (StatColumn("", aggregate, 0, buckets=spec.buckets),)
        feeds = (Stat(output.value),)
    return MetricView(
        index=c.uint(index),
        template=_TEMPLATE_OF.get(output.purpose, "outputs/single.c"),
        map=c.ident(spec.map_class.name),
        map_row=CText(f"d->maps[{c.uint(index)}]"),
        needs=needs,
        present=_all_there(used),
        columns=key_views(spec.key, keys) if keys else (),
        account=AccountView(),
        stacked=any(one.source.type.kind == "stack" for one in keys),
        marked=_marked(keys) if output.purpose == "stacks" else CText(""),
        stats=tuple(
            _stat(values, spec, column, feed, number)
            for number, (column, feed) in enumerate(zip(columns, feeds, strict=True))
        ),
    )


def _marked(keys: list[Operand]) -> CText:
    """Return the byte of the first stack in the key that tells whether it was cut, or is none at all."""
    first = next(number for number, one in enumerate(keys) if one.source.type.kind == "stack")
    return CText(f"key->c{first}[{MARK_AT}]")


def _all_there(used: list[Operand]) -> CText:
    return c.all_of(c.binary(one.state, "==", CText("PD_OK")) for one in used if one.uncertain)


_TEMPLATES = {"min": "extreme", "max": "extreme", "avg": "sum"}


def _stat(values: ValueTable, spec: MapSpec, column: StatColumn, feed: Stat, index: int) -> StatView:
    operand = values[feed.value] if feed.value else None
    beside = [values[value] for value in feed.beside]
    row = AGGREGATES.get(column.aggregate)
    view = StatView(
        index=c.uint(index),
        comment=c.comment(column.name),
        template=f"outputs/aggregates/{_TEMPLATES.get(column.aggregate, column.aggregate)}.c",
        at=c.uint(column.at),
        next=c.uint(column.at + 1),
        first=c.uint(column.at + 2),
        needs=needs_of([*([operand] if operand else []), *beside]),
        present=_all_there([operand] if operand else []),
        uncertain=operand is not None and operand.uncertain,
        bits=c.uint(column.at + len(row.slots if row else ("time",))),
        beside=tuple(
            beside_view(number, spec.value.columns[place], one, CText(f"v->c{place}"))
            for number, (place, one) in enumerate(zip(column.beside, beside, strict=True))
        ),
    )
    return _with_value(view, column, operand, spec) if operand else view


def _with_value(view: StatView, column: StatColumn, operand: Operand, spec: MapSpec) -> StatView:
    is_signed = operand.source.type.signed
    spread = column.aggregate == "histogram"
    unsigned_sum = column.aggregate == "sum" and not spec.value.columns[column.at + 1].type.signed
    stored = CText(f"slots[{c.uint(column.at + 1)}]")
    beats = c.binary(operand.number, "<" if column.aggregate == "min" else ">", c.signed(stored) if is_signed else stored)
    view = replace(view, value=operand.value, beats=beats, refuses_negative=is_signed and (unsigned_sum or spread))
    return _with_buckets(view, column.buckets, operand) if column.buckets else view


def _with_buckets(view: StatView, buckets: Buckets, operand: Operand) -> StatView:
    bounds = buckets.bounds
    view = replace(view, spread=True, last=c.uint(len(bounds)))
    start = bounds[0].bit_length() if bounds else 0
    if all(bound == (1 << (start + number)) - 1 for number, bound in enumerate(bounds)):
        return replace(view, log2=True, start=c.uint(start))
    if buckets.form == "linear":
        below = c.binary(operand.value, "<=", c.uint(bounds[0]))
        beyond = c.binary(operand.value, ">", c.uint(bounds[-1]))
        return replace(view, linear=True, start=c.uint(bounds[0]), step=c.uint(buckets.step), below=below, beyond=beyond)
    return replace(view, above=tuple(c.binary(operand.value, ">", c.uint(bound)) for bound in bounds))
