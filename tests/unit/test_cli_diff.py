"""The lines that `policyd diff` shows between two documents."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyd.cli.document_diff import document_changes

RULE = {"name": "open", "hook": {"syscall": "openat"}, "filters": [{"field": "args.flags", "value": "53"}]}

CASES: list[tuple[str, Any, Any, list[str]]] = [
    ("a value", {"spec": {"mode": "monitor"}}, {"spec": {"mode": "enforce"}}, ["spec.mode: monitor → enforce"]),
    ("a new key", {"spec": {}}, {"spec": {"suspend": "true"}}, ["spec.suspend: added: true"]),
    ("a lost key", {"spec": {"suspend": "true"}}, {"spec": {}}, ["spec.suspend: removed (was true)"]),
    ("values of a list", {"values": ["a", "b"]}, {"values": ["b", "c"]}, ["values: +c -a"]),
    ("order of a list", {"values": ["a", "b"]}, {"values": ["b", "a"]}, ["values: another order"]),
    (
        "inside a rule, found by its name",
        {"rules": [{"name": "other"}, RULE]},
        {"rules": [RULE | {"filters": [{"field": "args.flags", "value": "54"}]}, {"name": "other"}]},
        ["rules[open].filters[0].value: 53 → 54", "rules: another order"],
    ),
    (
        "a rule that went",
        {"rules": [{"name": "a"}, {"name": "b"}]},
        {"rules": [{"name": "b"}]},
        ["rules[a]: removed (was {name: a})"],
    ),
    (
        "two rules of one name",
        {"rules": [{"name": "a"}, {"name": "a"}]},
        {"rules": [{"name": "a"}]},
        ["rules[1]: removed (was {name: a})"],
    ),
    ("another type", {"hook": "x"}, {"hook": ["x"]}, ["hook: x → [x]"]),
]


@pytest.mark.parametrize(("old", "new", "lines"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_difference_is_a_line_with_its_place(old: object, new: object, lines: list[str]) -> None:
    assert list(document_changes(old, new)) == lines


def test_long_lists_are_counted_not_listed() -> None:
    (line,) = document_changes({"v": []}, {"v": [f"10.0.0.{n}" for n in range(100)]})

    assert line.startswith("v: +10.0.0.0 ")
    assert line.endswith(" and 88 more")


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12), st.data())
def test_documents_differ_if_and_only_if_there_is_a_line(old: object, data: st.DataObject) -> None:
    new = data.draw(
        st.just(old) | st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
    )

    assert bool(list(document_changes(old, new))) == (old != new)
