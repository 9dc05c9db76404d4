"""What there is to say of spans: the page of `policyd explain spans`, made of the rows of the vocabulary."""

from __future__ import annotations

from policyd.page import Page, Table
from policyd.vocabulary.spans import SPAN, SPAN_FIELDS, SPAN_KEYS

_SAID = (
    SPAN + " The rule fires at the end, once for each pair, and has the fields of the end and of the start.",
    "A filter of the rule that asks of `start.` fields only is tested at the start, and where it does not hold nothing is "
    "stored. All others are tested at the end; an end ends its span whether they hold or not.",
    "A start that waits for its end is a row of the table RULE-span: `policyd get records RULE-span` shows it. An end "
    "without a start is counted (unpaired), and so are durations below zero (negative), starts for which there was no room "
    "(table_full) and keys that were absent (table_absent).",
    "What begins and ends as one call is cheaper with `phase: call`, where the hook has it.",
)
_EXAMPLES = (
    ("how long threads wait for a CPU", "start: {raw_tracepoint: sched_wakeup, key: args.p.pid}"),
    ("", "end: {raw_tracepoint: sched_switch, key: args.next.pid}"),
    ("two columns", "key: [args.dev, args.sector]"),
    ("a thread, and not the next of its number", "key: process.tid.as(thread), or args.p.as(thread)"),
    ("only of large requests", "filters: [{field: start.args.bytes, operator: Greater, value: 64Ki}]"),
)


def spans_page() -> Page:
    """Return the page."""
    keys = tuple((row.name, row.explain) for row in SPAN_KEYS.values() if not row.beside)
    beside = tuple((row.name, row.explain) for row in SPAN_KEYS.values() if row.beside)
    fields = tuple((row.spelling, row.explain) for row in SPAN_FIELDS)
    return Page(
        "Spans",
        _SAID,
        (
            Table("In hook: {span: …}", ("key", "what it says"), keys),
            Table("Beside the hook of a start, an end or a cancel", ("key", "what it says"), beside),
            Table("Fields", ("field", "what it is"), fields),
            Table("Examples", ("for", "in a policy"), _EXAMPLES),
        ),
    )
