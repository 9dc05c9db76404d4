"""What there is to say of expressions: the page of `policyd explain expressions`, made of the rows of the vocabulary."""

from __future__ import annotations

from policyd.page import Page, Table
from policyd.vocabulary.expressions import CONSTANTS, FUNCTIONS, PRECEDENCE
from policyd.vocabulary.operations import OPERATIONS

_SAID = (
    "An expression computes a value of fields: `{expr: CONDITION}` is a filter, and columns, keys, `value:` and a rule's "
    "`let` take one wherever they take a field. A column needs a name: {mib: 'args.count / 1048576'}.",
    "Numbers have 64 bits while they are computed with; results wrap, and have a sign if an operand has one. Comparisons "
    "are right whatever the signs. A constant is read by the type of what it meets, as a filter's value is.",
    "What is made of an absent value is absent, and so is a division by zero; a comparison with one is false, `!=` true. "
    "`??` gives another value for what is absent, `has` asks.",
    "Put it in quotes where YAML would take `{`, `[`, `: `, ` #` or a leading `!`, `*`, `&` for its own.",
)


def expressions_page() -> Page:
    """Return the page."""
    signs = tuple((row.spelling, row.explain, row.example) for row in OPERATIONS.values() if row.written not in _CALLED)
    calls = tuple((row.spelled, row.explain, row.example) for row in FUNCTIONS.values())
    return Page(
        "Expressions",
        _SAID,
        (
            Table("From what binds most tightly", ("signs", "what they are"), PRECEDENCE),
            Table("Operators", ("operator", "result", "example"), signs),
            Table("Functions and methods", ("function", "result", "example"), calls),
            Table("Constants", ("written", "what it is"), CONSTANTS),
        ),
    )


_CALLED = frozenset({"function", "method"})
"""Operations that are written as functions and methods, which have rows of their own."""
