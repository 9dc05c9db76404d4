"""What there is to say of spans: the keys of the hook `span`, and the fields that only its rules have.

`schema` and `explain` print these rows.
"""

from __future__ import annotations

from dataclasses import dataclass

SPAN = "From where something starts to where it ends: two hooks, and a key that names the same thing at both."


@dataclass(frozen=True, slots=True)
class SpanKey:
    """A key of the hook `span`, or (`beside`) one that stands beside the hook of a start, an end or a cancel."""

    name: str
    explain: str
    beside: bool = False


@dataclass(frozen=True, slots=True)
class SpanField:
    """A field that rules of spans have: `spelling` is how a policy writes it."""

    spelling: str
    explain: str


_ROWS = (
    SpanKey("start", "A hook where it starts, or a list: each of them starts one."),
    SpanKey("end", "A hook where it ends, or a list. The rule fires there, and its fields are those of the end."),
    SpanKey("cancel", "A hook, or a list, at which a start is forgotten."),
    SpanKey("keep", "Which start counts where there are several before an end: last (default) or first."),
    SpanKey("maxEntries", "The most starts that wait for their end (default 10240)."),
    SpanKey(
        "evict", "true (default): the oldest starts make room for new ones. false: new ones are turned away and counted."
    ),
    SpanKey("key", "What is the same at the start and at the end: a value, a list, or names and their values.", True),
    SpanKey("filters", "Only events for which all hold start, end or cancel a span.", True),
)

SPAN_KEYS: dict[str, SpanKey] = {row.name: row for row in _ROWS}
"""Every key, in the order that `explain` lists them."""

SPAN_FIELDS: tuple[SpanField, ...] = (
    SpanField("span.duration", "The time from the start to the end."),
    SpanField("start.FIELD", "A field as it was at the start: start.args.count, start.process.comm, start.time."),
    SpanField("end.FIELD", "A field of the end, which FIELD alone is too."),
)
"""Fields of spans."""
