"""Outputs and actions as written."""

# ruff: noqa: TC001 (pydantic reads annotations at run time)

from __future__ import annotations

from typing import Literal

from policyd.policy.filters import Column
from policyd.policy.model import Model
from policyd.words import Entries, FieldPath, Flag, Line, MetricName, Word

DEFAULT_MAX_ENTRIES = 10240

MetricKind = Literal["counter", "sum", "gauge", "min", "max", "histogram"]
Verdict = Literal["none", "deny", "drop", "pass", "mark", "return"]


class EventOutput(Model):
    """One record in the policy's ring for each match; `spec.event.fields` is not part of `fields`.

    `implied`: of a rule with an action and no `outputs`: groups that its hook does not have are left out.
    """

    fields: tuple[Column, ...]
    implied: bool = False


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
    value: FieldPath = ""
    signed: Flag = False
    buckets: Buckets | None = None
    max_entries: Entries = DEFAULT_MAX_ENTRIES
    evict: Flag = False


Output = EventOutput | MetricOutput


class Action(Model):
    """What a match does: at most one verdict (`number`: `deny`'s errno, the mark, the result) and at most one signal."""

    verdict: Verdict = "none"
    number: Word = ""
    signal: Word = ""
