"""Which events and which of their fields a sink gets."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sink_doubles import lines

from policyd.sinks.fields import Fields, Filter
from policyd.sinks.jsonl import to_json
from policyd.sinks.sink import Lines
from policyd.text import is_safe


def test_lines_pass_untouched_when_nothing_is_asked_for() -> None:
    batch = lines(1, 2)
    assert Fields().apply(batch) is batch


def test_included_fields_stay_excluded_ones_go_redacted_ones_lose_their_value() -> None:
    batch = lines(1, **{"process.comm": "sh", "process.args": "sh -c id", "args.password": "x", "file.path": "/etc"})
    (line,) = Fields(("process.*", "args.*"), ("process.args",), ("args.*pass*",)).apply(batch).each()
    event = json.loads(line)
    assert event["fields"] == {"process.comm": "sh", "args.password": "[redacted]"}
    assert list(event) == ["time", "policy", "severity", "rule", "hook", "verdict", "cpu", "fields"]


def test_names_of_fields_that_went_are_not_told_either() -> None:
    text = '{"time":"t","fields":{"a":null,"b":1},"unread":["a"],"cut":["b","c"]}\n'
    (line,) = Fields(exclude=("a", "c")).apply(Lines.of("p", "low", [text])).each()
    assert json.loads(line) == {"time": "t", "fields": {"b": 1}, "cut": ["b"]}


def test_what_is_absent_stays_absent_when_it_is_redacted() -> None:
    (line,) = Fields(redact=("*",)).apply(lines(1, a=None, b={"c": 1})).each()
    assert json.loads(line)["fields"] == {"number": "[redacted]", "a": None, "b": {"c": "[redacted]"}}


def test_a_nested_name_is_matched_with_its_path() -> None:
    (line,) = Fields(exclude=("container.image",)).apply(lines(1, container={"id": "x", "image": "y"})).each()
    assert json.loads(line)["fields"]["container"] == {"id": "x"}


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(codec="utf-8")))
def test_what_was_safe_on_a_terminal_still_is_when_fields_were_chosen(text: str) -> None:
    line = to_json({"fields": {"a": text, "b": 1}}) + "\n"
    made = Fields(exclude=("b",)).apply(Lines.of("p", "low", [line])).data.decode()
    assert is_safe(made[:-1])
    assert json.loads(made)["fields"] == {"a": text}


@pytest.mark.parametrize(
    ("of", "wanted"),
    [
        (Filter(), True),
        (Filter(policies=("exec-*",)), True),
        (Filter(policies=("exec",)), False),
        (Filter(policies=("net-*", "exec-audit")), True),
        (Filter(min_severity="high"), True),
        (Filter(min_severity="critical"), False),
        (Filter(labels=(("team", "platform"),)), True),
        (Filter(labels=(("team", "other"),)), False),
        (Filter(labels=(("team", "platform"), ("tier", "1"))), False),
        (Filter(policies=("exec-*",), min_severity="critical"), False),
    ],
)
def test_all_conditions_of_a_filter_must_hold(of: Filter, wanted: bool) -> None:
    assert of.wants(lines(1)) is wanted


def test_a_batch_falls_into_pieces_with_nothing_lost() -> None:
    batch = lines(*range(100))
    pieces = list(batch.pieces(7, 1 << 20))
    assert b"".join(piece.data for piece in pieces) == batch.data
    assert [piece.count for piece in pieces] == [7] * 14 + [2]
    assert all(len(piece.each()) == piece.count for piece in pieces)
    assert max(len(piece.data) for piece in batch.pieces(100, 1000)) <= 1100


def test_a_path_stands_for_the_name_that_its_column_has() -> None:
    fields = Fields(exclude=("process.comm",), redact=("args.*pass*",))
    (line,) = fields.apply(lines(1, process_comm="sh", args_password="x", args_path="/etc")).each()
    assert json.loads(line)["fields"] == {"number": 1, "args_password": "[redacted]", "args_path": "/etc"}


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        (Fields(exclude=("enriched.container.id",)), {"container": {"pod": "p"}, "users": {"a_uid": "root"}, "late": True}),
        (Fields(exclude=("a.uid",)), {"container": {"id": "x", "pod": "p"}, "late": True}),
        (Fields(redact=("a.uid",)), {"container": {"id": "x", "pod": "p"}, "late": True}),
        (Fields(redact=("enriched.container.*",)), {"container": {"id": "[redacted]", "pod": "[redacted]"},
                                                    "users": {"a_uid": "root"}, "late": True}),
        (Fields(include=("a.uid",)), None),
        (Fields(include=("a.uid", "enriched.users.*")), {"users": {"a_uid": "root"}}),
    ],
)  # fmt: skip
def test_what_is_known_after_the_fact_is_chosen_too_and_goes_with_its_field(
    fields: Fields, left: dict[str, object] | None
) -> None:
    known = '{"container":{"id":"x","pod":"p"},"users":{"a_uid":"root"},"late":true}'
    text = f'{{"time":"t","fields":{{"a_uid":0,"b":1}},"enriched":{known}}}\n'
    (line,) = fields.apply(Lines.of("p", "low", [text])).each()
    assert json.loads(line).get("enriched") == left
