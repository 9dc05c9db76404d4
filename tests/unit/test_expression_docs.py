"""What is said of expressions is so: on the page, in `explain`, in the rows of the vocabulary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from resolving import one_rule, typed

from policyd.explain.expressions import expressions_page
from policyd.expression import FUNCTIONS, METHODS, parse
from policyd.expression.parser import MAX_DEPTH, MAX_LENGTH
from policyd.resolve.expressions import MOST_OPERATIONS
from policyd.vocabulary.expressions import FUNCTIONS as ROWS
from policyd.vocabulary.expressions import PRECEDENCE, Function
from policyd.vocabulary.operations import OPERATIONS, Operation

PAGE = (Path(__file__).parents[2] / "docs/expressions.md").read_text(encoding="utf-8")
SAME = re.findall(r"^\| `([^`]+)` \| `(\{field:[^`]+\})` \|$", PAGE, re.MULTILINE)
HOOKS = {
    "dst.": "{cgroup: connect4}",
    "late(": "{syscall: {names: read, phase: exit}}",
    "args.buf": "{syscall: write}",
    "args.count": "{syscall: write}",
    "args.fd": "{syscall: write}",
    "args.next": "{raw_tracepoint: sched_switch}",
}
"""Where the examples of functions can be asked, by what they name; the others at openat."""


def test_the_page_compares_forms() -> None:
    assert len(SAME) >= 10


@pytest.mark.parametrize(("expression", "structured"), SAME)
def test_forms_that_the_page_calls_the_same_are(expression: str, structured: str) -> None:
    hook = "{syscall: openat}"
    found = typed(one_rule(hook, f"[{{expr: '{expression}'}}]")).rules[0].condition
    assert found == typed(one_rule(hook, f"[{structured}]")).rules[0].condition


def test_the_page_names_the_limits() -> None:
    assert f"at most {MAX_LENGTH:,} characters and {MAX_DEPTH} levels" in PAGE
    assert f"at most {MOST_OPERATIONS} operations" in PAGE


@pytest.mark.parametrize("row", OPERATIONS.values(), ids=lambda row: row.name)
def test_the_example_of_an_operation_is_an_expression(row: Operation) -> None:
    assert parse(row.example).spelled == row.example


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.spelled)
def test_the_example_of_a_function_has_a_value(row: Function) -> None:
    hook = next((hook for part, hook in HOOKS.items() if part in row.example), "{syscall: openat}")
    in_filter = row.name in {"glob", "under"}
    filters = f"[{{expr: '{row.example}'}}]" if in_filter else ""
    outputs = "[{event: {fields: [process]}}]" if in_filter else f"[{{event: {{fields: {{it: '{row.example}'}}}}}}]"
    assert typed(one_rule(hook, filters, outputs)).rules


def test_every_function_has_a_row_and_every_sign_a_place() -> None:
    assert {*FUNCTIONS, *METHODS} == {row.name for row in ROWS.values()}
    signs = {sign for signs, _ in PRECEDENCE for sign in signs.replace("? :", "?:").split()}
    operators = {row.spelling for row in OPERATIONS.values() if row.written in {"operator", "prefix", "ternary"}}
    assert operators <= signs


def test_the_page_of_explain_has_every_row() -> None:
    cells = {cell for table in expressions_page().tables for row in table.rows for cell in row}
    assert {*ROWS, *(row.spelling for row in OPERATIONS.values() if row.written == "operator")} <= cells
