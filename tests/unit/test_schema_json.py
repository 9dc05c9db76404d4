"""schema.py: editors accept what policyd accepts, and know the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from policy_texts import WHOLE, with_rule

from policyd.document import Mapping, Node, Scalar, parse
from policyd.parsing import parse_policies
from policyd.parsing.hooks import HOOKS
from policyd.parsing.reader import spelling
from policyd.schema import json_schema
from policyd.vocabulary.actions import ACTIONS
from policyd.vocabulary.operators import OPERATORS
from policyd.vocabulary.outputs import OUTPUTS

ROOT = Path(__file__).parents[2]
SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
SHAPE_CODES = {
    "unknown-key", "unknown-kind", "unknown-api-version", "unknown-hook", "unknown-operator", "unknown-output",
    "unknown-value", "missing-key", "wrong-type", "not-yet", "no-rules", "bad-name", "bad-metric-name", "bad-column-name",
    "bad-param-name", "bad-type-name", "bad-target", "bad-buckets", "bad-count", "not-a-flag",
    "empty-action",
}  # fmt: skip
"""Codes whose bad policies an editor underlines too."""


def as_an_editor_reads(node: Node) -> Any:
    """Return a node as YAML 1.2 (core schema) readers have it."""
    if isinstance(node, Mapping):
        return {key.text: as_an_editor_reads(value) for key, value in node.items}
    if not isinstance(node, Scalar):
        return [as_an_editor_reads(item) for item in node.items]
    if node.is_null:
        return None
    if not node.quoted and node.text in {"true", "True", "false", "False"}:
        return node.text.lower() == "true"
    return int(node.text) if not node.quoted and node.text.isdecimal() else node.text


def errors(text: bytes) -> list[str]:
    found = []
    for document in parse(text, "f"):
        found += [
            f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(as_an_editor_reads(document.root))
        ]
    return found


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", sorted((ROOT / "policies").rglob("*.yaml")), ids=lambda path: path.name)
def test_shipped_policies_fit(path: Path) -> None:
    assert errors(path.read_bytes()) == []


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        with_rule(hook="{firstOf: [{raw_tracepoint: a}, {tc: {interfaces: [a, b], direction: ingress}}]}"),
        with_rule(hook="{span: {start: [{firstOf: [{syscall: a}], key: cpu}], end: {syscall: b, key: [cpu], filters: []}}}"),
        with_rule(hook="{span: {start: {syscall: a, key: {c: cpu}}, end: {syscall: b, key: cpu}, keep: first}}"),
        with_rule(hook="{cgroup: {name: [connect4], path: /a}}", outputs="", action="{deny: 1}"),
        with_rule(hook="{syscall: {names: a, abi: Native, phase: exit}}", outputs="[]", action="{drop: true}"),
        with_rule(
            outputs="[{histogram: {name: h, value: ret, by: {op: {expr: hook.name, names: {a: 1}}}, buckets: [1, 2ms]}}]"
        ),
        with_rule(outputs="[{histogram: {name: h, value: ret, buckets: {linear: 0..10, step: 2}}}, {counter: {name: c}}]"),
    ],
)
def test_what_policyd_accepts_fits(text: str) -> None:
    assert parse_policies(text.encode(), "f").errors == ()
    assert errors(text.encode()) == []


SHARED = """\
apiVersion: policyd.dev/v1alpha1
kind: PolicyList
metadata: {name: base}
spec:
  lists: {shells: {type: path, values: [/bin/sh]}, more: {type: path, include: shells}}
  macros:
    filters: {by_root: [{field: process.uid, operator: Equal, value: 0}], odd: [{not: {macro: by_root}}]}
    fields: {who: [process.pid, {macro: also}], also: {exe: process.exe}}
"""
USES = with_rule(
    message='"{process.exe}"',
    tags="[a, 'b:c']",
    filters="[{macro: odd}, {field: process.exe, operator: In, valuesFrom: {list: more}}]",
    outputs="[{event: {fields: [{macro: who}]}}]",
)


def test_what_is_shared_fits_and_what_uses_it() -> None:
    loaded = parse_policies(f"{SHARED}---\n{USES}".encode(), "f")
    assert loaded.problems == ()
    assert errors(f"{SHARED}---\n{USES}".encode()) == []
    assert errors(loaded.policies[0].document.encode()) == []


@pytest.mark.parametrize(
    ("old", "new"), [("include", "includes"), ("type: path, ", ""), ("  macros:", "  rules:"), ("by_root:", "by-root:")]
)
def test_a_policy_list_that_is_wrong_does_not_fit(old: str, new: str) -> None:
    text = SHARED.replace(old, new)
    assert parse_policies(text.encode(), "f").errors
    assert errors(text.encode())


@pytest.mark.parametrize("code", sorted(SHAPE_CODES))
def test_what_policyd_refuses_by_shape_does_not_fit(code: str) -> None:
    assert errors((ROOT / "tests" / "bad_policies" / f"{code}.yaml").read_bytes())


def test_it_knows_every_word_of_the_vocabulary() -> None:
    kinds = SCHEMA["$defs"]
    assert set(kinds["hook"]["properties"]) == {*HOOKS, "firstOf", "span"}
    assert set(kinds["output"]["properties"]) == set(OUTPUTS)
    assert set(kinds["action"]["properties"]) == set(ACTIONS)
    (operators,) = (
        form["properties"]["operator"]["oneOf"] for form in kinds["filter"]["anyOf"] if "operator" in form["properties"]
    )
    assert {row["const"] for row in operators} == set(OPERATORS)


@pytest.mark.parametrize("kind", HOOKS)
def test_it_knows_every_key_of_a_hook(kind: str) -> None:
    (long,) = (form for form in SCHEMA["$defs"]["hook"]["properties"][kind]["anyOf"] if form.get("type") == "object")
    assert tuple(long["properties"]) == spelling(HOOKS[kind])
