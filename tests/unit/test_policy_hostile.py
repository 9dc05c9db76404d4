"""Whatever text stands wherever a string is allowed: no crash, no message that moves a cursor, no name that holds it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_texts import WHOLE, parse, with_rule

from policyd.parsing import Loaded, parse_policies
from policyd.policy import Column, Leaf, Model, Param
from policyd.text import is_safe

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = [
    'a"b', "a\nb", "a */ b #", "a\\b", "é", "a" * 10_000, "\x1b[31mred", "a\x9b31m", "\u202eevil", "", " ",
    "${x}{{ x }}/*{ x }*/",
    "a;b'c`d", "../../etc", "%s%n", "\u2028", "\U000e0041", "9" * 5000, "true", "null", "*", "\u200b",
]  # fmt: skip
MORE = with_rule(
    hook="{firstOf: [{syscall: {names: [a], phase: exit, abi: [Native]}}, {tracepoint: a/b}, "
    "{xdp: {interfaces: a, mode: auto}}, {tc: {interfaces: a, direction: egress}}, {cgroup: {name: bind4, path: /a}}]}",
    outputs="[{histogram: {name: h, help: x, value: ret, by: {op: {expr: hook.name, names: {a: b}}}, "
    "buckets: {log2: 1..8}}}, {histogram: {name: i, value: ret, buckets: [1, 2]}}, "
    "{histogram: {name: j, value: ret, buckets: {linear: 0..9, step: 3}}}]",
    action="{mark: 1}",
)
DOCUMENTS = [json.loads(parse(text).document) for text in (WHOLE, MORE)]
NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
FREE_TEXT = {(Leaf, "values"), (Param, "values"), (Column, "names")}
"""Values of filters and params are compared, never shown raw: their escaping is the task of `codegen` and the sinks."""


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of every text of a JSON document; `(…, KEY, None)` is the key itself."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield (*path, key, None)
            yield from places(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from places(value, (*path, index))
    else:
        yield path


PLACES = [(number, path) for number, document in enumerate(DOCUMENTS) for path in places(document)]


def replaced(number: int, path: tuple[Any, ...], text: str) -> Loaded:
    """Return what a document becomes whose text at `path` is `text`."""
    document = json.loads(json.dumps(DOCUMENTS[number]))
    node, last = document, path[-1]
    for part in path[:-2] if last is None else path[:-1]:
        node = node[part]
    if last is None:
        node[text] = node.pop(path[-2])
    else:
        node[last] = text
    data = json.dumps(document, ensure_ascii=False)
    data = NOT_YAML.sub(lambda match: f"\\U{ord(match.group()):08x}", data)
    return parse_policies(data.encode(), "f.yaml")


def texts(model: Any) -> Iterator[str]:
    """Give every text of a model but values."""
    if isinstance(model, str):
        yield model
    elif isinstance(model, tuple):
        for item in model:
            yield from texts(item)
    elif isinstance(model, Model):
        for name, row in type(model).model_fields.items():
            if not row.exclude and (type(model), name) not in FREE_TEXT:
                yield from texts(getattr(model, name))


def check(loaded: Loaded) -> None:
    for problem in loaded.problems:
        assert all(is_safe(line) for line in str(problem).split("\n"))
        assert len(str(problem)) < 2000
    for policy in loaded.policies:
        assert all(is_safe(text.replace("\n", "").replace("\t", "")) for text in texts(policy))
        assert parse(policy.document) == policy


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_hostile_text_anywhere_does_no_harm(text: str) -> None:
    for number, path in PLACES:
        check(replaced(number, path, text))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), st.text(max_size=60))
def test_any_text_anywhere_does_no_harm(place: tuple[int, tuple[Any, ...]], text: str) -> None:
    check(replaced(*place, text))


def test_a_key_of_10_000_characters_does_no_harm() -> None:
    for indent in ("", "  ", "      "):
        check(
            parse_policies(with_rule().replace("spec:\n", f"spec:\n{indent}? {'k' * 10_000}\n{indent}: x\n").encode(), "f")
        )
    text = f"    ? {'k' * 10_000}\n    : {{type: pid, value: 1}}\n"
    loaded = parse_policies(with_rule().replace("spec:\n", "spec:\n  params:\n" + text).encode(), "f")
    check(loaded)
    assert [problem.code for problem in loaded.problems] == ["bad-param-name"]


@pytest.mark.parametrize("text", ['a"b', "a\nb", "a */ b", "a # b", "a\\b", "a" * 10_000, "\x1b[31m", "\u202e", "a;b"])
@pytest.mark.parametrize(
    "path",
    [
        ("metadata", "name"),
        ("spec", "rules", 0, "name"),
        ("spec", "rules", 0, "hook", "syscall"),
        ("spec", "rules", 0, "filters", 0, "field"),
        ("spec", "rules", 0, "filters", 0, "operator"),
        ("spec", "rules", 0, "outputs", 1, "counter", "name"),
        ("spec", "rules", 0, "action", "signal"),
        ("spec", "rules", 0, "action", "deny"),
        ("spec", "params", "slowest", "type"),
        ("spec", "params", "slowest", None),
    ],
    ids=lambda path: str(path[-2:]),
)
def test_no_name_can_hold_it(path: tuple[Any, ...], text: str) -> None:
    assert replaced(0, path, text).policies == ()


def test_a_raw_escape_would_be_seen() -> None:
    """The check that the tests above rest on can fail."""
    assert not is_safe("\x1b[31m")
    assert not is_safe("a\nb")
    assert not is_safe("\u202e")
    assert is_safe("é ü 漢 ✓")
