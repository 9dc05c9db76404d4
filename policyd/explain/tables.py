"""What there is to say of tables: the page of `policyd explain tables`, made of the rows of the vocabulary."""

from __future__ import annotations

from policyd.page import Page, Table
from policyd.policy import DEFAULT_MAX_ENTRIES
from policyd.vocabulary.tables import TABLE_KEYS, Ending

_SAID = (
    "A table is rows of values by key, which the policy keeps in the kernel: declared under `spec.tables`, written by a "
    "rule's `tables` beside its outputs, read as TABLE[KEY].COLUMN wherever a value stands, and shown by "
    "`policyd get records TABLE`.",
    "An event sees all tables as they were before it. What rules write is written when every rule has been evaluated, in "
    "the order of the file. A row that is not there is absent; has(TABLE[KEY]) asks.",
    "A key or a value that is absent is not written, and counted (table_absent). A full table drops the row that was used "
    "longest ago; with `evict: false` it turns new rows away, and counts them (table_full).",
)
_TABLE_KEYS = (
    ("key", "the columns that name a row, each with its type: {who: thread, fd: u64}"),
    ("value", "the columns of a row, each with its type: {at: time, comm: string16}"),
    ("maxEntries", f"the most rows (default {DEFAULT_MAX_ENTRIES})"),
    ("evict", "true (default): the oldest rows make room for new ones; false: new rows are turned away"),
)
_WRITES = (
    ("set", "{set: TABLE, key: [VALUE…], value: {COLUMN: VALUE…}}", "columns not named stay as they are; 0 in a new row"),
    ("set, ifAbsent: true", "{set: TABLE, key: […], value: {…}, ifAbsent: true}", "only where there is no such row"),
    ("unset", "{unset: TABLE, key: [VALUE…]}", "drops the row"),
)


def tables_page() -> Page:
    """Return the page."""
    rows = tuple((row.name, row.takes, _ends(row.endings), row.explain) for row in TABLE_KEYS.values())
    return Page(
        "Tables",
        _SAID,
        (
            Table("In spec.tables", ("key", "what it says"), _TABLE_KEYS),
            Table("In a rule's tables", ("write", "in a policy", "what it does"), _WRITES),
            Table("Types that only keys have", ("type", "what it takes", "its rows go at", "what it is"), rows),
        ),
    )


def _ends(endings: tuple[Ending, ...]) -> str:
    return ", ".join(f"{ending.kind}:{ending.target}" for ending in endings) or "-"
