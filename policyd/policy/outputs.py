"""Outputs and actions as written."""

# ruff: noqa: TC001 (pydantic reads annotations at run time)

from __future__ import annotations

from typing import Literal

from pydantic import Field

from policyd.policy.filters import Column
from policyd.policy.model import Model
from policyd.policy.rates import Rates
from policyd.vocabulary.aggregates import AggregateName
from policyd.vocabulary.stacks import MOST_FRAMES
from policyd.words import ColumnName, Depth, Entries, Expression, Flag, InterfaceTarget, Line, MetricName, Skip, Word

DEFAULT_MAX_ENTRIES = 10240
DEFAULT_MAX_STACKS = 4096
"""Stacks take kilobytes each (docs/stacks.md)."""

MetricKind = Literal["counter", "sum", "gauge", "min", "max", "histogram"]
Verdict = Literal["none", "deny", "drop", "pass", "mark", "return", "redirect"]


class EventOutput(Model):
    """One record in the policy's ring for each match; `spec.event.fields` is not part of `fields`.

    `implied`: of a rule with an action and no `outputs`: groups that its hook does not have are left out.
    `rates`: what holds this event back, beside what holds back all events of the policy.
    """

    fields: tuple[Column, ...]
    implied: bool = False
    rates: Rates = Rates()


class Buckets(Model):
    """Histogram buckets as written: `log2` (bounds may be empty), `linear` with a step, or `list` of upper bounds."""

    shape: Literal["log2", "linear", "list"] = "log2"
    low: Word = ""
    high: Word = ""
    step: Word = ""
    bounds: tuple[Word, ...] = ()


class MetricOutput(Model):
    """One map: a number (or a histogram) for each key `by`.  `value` is the field that feeds it; a counter has none."""

    kind: MetricKind
    name: MetricName
    help: Line = ""
    by: tuple[Column, ...] = ()
    value: Expression = ""
    signed: Flag = False
    buckets: Buckets | None = None
    max_entries: Entries = DEFAULT_MAX_ENTRIES
    evict: Flag = False

    @property
    def texts(self) -> tuple[str, ...]:
        """What it reads, as written."""
        return (self.value, *(column.field for column in self.by))


class StatsColumn(Model):
    """One column of `stats`: `aggregate` over `value` (a count has none).

    `companions` (`with`) are taken from the event that set the record.
    """

    name: ColumnName
    aggregate: AggregateName
    value: Expression = ""
    help: Line = ""
    signed: Flag = False
    companions: tuple[Column, ...] = Field(default=(), alias="with")
    buckets: Buckets | None = None


class StatsOutput(Model):
    """One map: several aggregates for each key `by`.  `show`: columns whose last seen values are kept beside the key."""

    kind: Literal["stats"] = "stats"
    name: MetricName
    help: Line = ""
    by: tuple[Column, ...] = ()
    show: tuple[Column, ...] = ()
    columns: tuple[StatsColumn, ...]
    max_entries: Entries = DEFAULT_MAX_ENTRIES
    evict: Flag = False

    @property
    def texts(self) -> tuple[str, ...]:
        """What it reads, as written."""
        beside = (*self.by, *self.show, *(one for column in self.columns for one in column.companions))
        return (*(column.value for column in self.columns), *(column.field for column in beside))


class StacksOutput(Model):
    """One map: a count, or a sum of `value`, for each stack and key `by`.

    `kernel`, `user`: whether that part of the stack is wanted; None: if the hook has it.  `skip` leaves out as many of the
    innermost frames of the first part.  `of`: at which end of a span.
    """

    kind: Literal["stacks"] = "stacks"
    name: MetricName
    help: Line = ""
    value: Expression = ""
    kernel: Flag | None = None
    user: Flag | None = None
    by: tuple[Column, ...] = ()
    of: Literal["start", "end"] = "end"
    depth: Depth = MOST_FRAMES
    skip: Skip = 0
    max_entries: Entries = DEFAULT_MAX_STACKS

    @property
    def texts(self) -> tuple[str, ...]:
        """What it reads, as written."""
        return (self.value, *(column.field for column in self.by))


Output = EventOutput | MetricOutput | StatsOutput | StacksOutput


class Redirect(Model):
    """Where a packet shall go: out of `interface`, or into it as if it had been received there."""

    interface: InterfaceTarget
    direction: Literal["egress", "ingress"] = "egress"


class Action(Model):
    """What a match does: at most one verdict (`number`: `deny`'s errno, the mark, the result) and at most one signal."""

    verdict: Verdict = "none"
    number: Word = ""
    signal: Word = ""
    redirect: Redirect | None = None
