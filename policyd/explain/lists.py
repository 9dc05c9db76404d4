"""What there is to say of lists and macros: the page of `policyd explain lists`."""

from __future__ import annotations

from policyd.page import Page, Table
from policyd.vocabulary.operators import OPERATORS

_SAID = (
    "A list is values with a name and a type. Filters look values up in it: `valuesFrom: {list: NAME}`, or `x in "
    "lists.NAME` in an expression. However short it is, it is a map in the kernel: other values are a map update, and no "
    "other program.",
    "A macro is filters, or columns, with a name: `{macro: NAME}` stands where they do. It is expanded as the policy is "
    "read.",
    "Both are declared under `spec.lists` and `spec.macros`, of a policy for itself, or of a document of kind PolicyList "
    "for all policies that are read together with it: the files of one command, or of one source of the agent. What a "
    "policy has itself hides what is shared under that name. What it uses is copied into its record, and `spec.inlined` "
    "says where it is from.",
)
_KEYS = (
    ("lists.NAME.type", "the values' type: path, cidr, uid…", "{type: path, values: [/bin/sh]}"),
    ("lists.NAME.values", "the values; `[]` is an empty list, in which nothing is", "values: [/bin/sh, /bin/bash]"),
    ("lists.NAME.include", "lists of the same type whose values are in this one too", "include: [shells]"),
    ("macros.filters.NAME", "a list of filters, which must all hold", "by_root: [{expr: process.uid == 0}]"),
    ("macros.fields.NAME", "columns, as `fields` and `by` have them", "who: [process.pid, process.exe]"),
)
_USES = (
    ("filters", "valuesFrom: {list: NAME}", "{field: process.exe, operator: In, valuesFrom: {list: shells}}"),
    ("expressions", "lists.NAME", "{expr: process.exe in lists.shells}"),
    ("filters", "{macro: NAME}", "{not: {macro: by_root}}"),
    ("lists of columns", "{macro: NAME}", "fields: [{macro: who}, args.filename]"),
)


def lists_page() -> Page:
    """Return the page."""
    takes = tuple((row.name, row.explain) for row in OPERATORS.values() if row.param == "list")
    return Page(
        "Lists and macros",
        _SAID,
        (
            Table("What can be declared", ("key", "what it is", "as"), _KEYS),
            Table("Where it can be used", ("where", "spelling", "as"), _USES),
            Table("Operators that take a list", ("operator", "it is true if"), takes),
        ),
    )
