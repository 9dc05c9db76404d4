"""Messages and tags of rules: from the text in a policy to every place where an event is seen."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from resolving import HOST, policy_text, saved_target
from ring_bytes import COMM, DURATION, PATH, PID, U64, HandMadeRing, event, policy

from policyd.daemon.facts import rules_of
from policyd.effect import EventOutput, Message
from policyd.expression import Blank, ExpressionError, split
from policyd.layout import Column, Layout
from policyd.parsing import parse_policies
from policyd.reading.events import Decoder, boot_offset
from policyd.record import LayoutRecord, PolicyRecord, RuleRecord
from policyd.resolve import resolve
from policyd.sinks.fields import REDACTED, Fields, Filter
from policyd.sinks.journald import entry
from policyd.sinks.jsonl import JsonLines
from policyd.sinks.otlp import log_record
from policyd.sinks.sink import Lines, RuleFacts, rule_of
from policyd.sinks.syslog import shortened
from policyd.sinks.text import TextLines
from policyd.sinks.text_of_json import TextOfJson
from policyd.text import is_safe
from policyd.unit import TypedRule

if TYPE_CHECKING:
    from policyd.reading.ring import Batch


# ------------------------------------------------------------------------------------------------ as written


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("nothing to fill in", ("nothing to fill in",)),
        ("{a} b {c.d}", (Blank("a", 1), " b ", Blank("c.d", 7))),
        ("{{a}} {{{ b }}}", ("{a} {", Blank("b", 10), "}")),
        ('{x == "}" ? 1 : 2}', (Blank('x == "}" ? 1 : 2', 1),)),
        ("", ()),
    ],
)
def test_a_message_is_text_and_expressions_in_braces(text: str, parts: tuple[str | Blank, ...]) -> None:
    assert split(text) == parts


@pytest.mark.parametrize(("text", "at"), [("a {b", 2), ("a } b", 2), ("{}", 0), ("ab {c + } d", 7), ("{a {b}}", 0)])
def test_what_is_no_message_is_told_where(text: str, at: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        split(text)
    assert caught.value.offset == at


def typed(message: str, more: str = "", fields: str = "[process.pid]") -> TypedRule:
    rule = f"""
- name: opens
  message: {json.dumps(message)}
  tags: [team:a, pci]
  hook: {{syscall: {{names: openat, abi: Native}}}}
  outputs: [{{event: {{fields: {fields}}}}}]
{more}"""
    (read,) = parse_policies(policy_text(rule, "tags: [pci, prod]").encode(), "tried.yaml").require()
    return resolve(read, saved_target(), HOST).policy.rules[0]


def output(rule: TypedRule) -> EventOutput:
    (found,) = rule.outputs
    assert isinstance(found, EventOutput)
    return found


def test_what_the_event_shows_is_used_and_the_rest_is_hidden() -> None:
    found = output(typed("{process.exe} ({process.pid}) {process.exe} {process.pid + 1}"))
    assert [(column.name, column.hidden) for column in found.layout.columns] == [
        ("process_pid", False), ("{process.exe}", True), ("{process.pid + 1}", True),
    ]  # fmt: skip
    assert found.message == Message((1, " (", 0, ") ", 1, " ", 2), ("process.exe", "process.pid", "process_pid"))
    assert len(found.values) == 3


def test_a_column_of_the_policys_own_name_for_it_is_used_too() -> None:
    found = output(typed("by {process.comm}", fields="{who: process.comm}"))
    assert found.message == Message(("by ", 0), ("process.comm", "who"))


def test_names_of_let_are_the_fields_that_they_are_made_of() -> None:
    found = output(typed("{twice}", "  let: {once: process.pid, twice: once + args.flags}"))
    assert found.message == Message((1,), ("process.pid", "args.flags"))


def test_another_text_is_the_same_program() -> None:
    one, other = typed("{process.exe} opened"), typed("opened by {process.exe}")
    assert output(one).message != output(other).message
    assert repr(one) == repr(other)
    assert output(one).layout.id == output(other).layout.id


def test_tags_are_the_policys_and_the_rules() -> None:
    assert typed("x").tags == ("pci", "prod", "team:a")


# ------------------------------------------------------------------------------------------------ as read

LAYOUT = Layout(
    (
        Column("process_pid", PID, "process.pid"),
        Column("took", DURATION, "duration"),
        Column("path", PATH, "args.filename", packed=True),
        Column("{process.comm}", COMM, "process.comm", hidden=True),
        Column("{size}", U64, "size", hidden=True),
        Column("{process.exe}", PATH, "process.exe", packed=True, hidden=True),
    )
)
PARTS = ("", 3, " (", 0, ") opened ", 2, " of ", 5, ", ", 4, " bytes in ", 1)
MESSAGE = Message(PARTS, ("args.filename", "duration", "path", "process.comm", "process.exe", "took"))
VALUES = (7, 1_500_000, b"/a\nb", b"cat", 12, b"/bin/cat")
SAID = "cat (7) opened /a\\nb of /bin/cat, 12 bytes in 1.5ms"


def record() -> PolicyRecord:
    rules = ((0, "opened"), (1, "quiet"))
    return replace(
        policy(),
        rules=(
            RuleRecord(0, "opened", "", "syscall", 0, "", "none", 0, 0, ("prod", "pci")),
            RuleRecord(1, "quiet", "", "syscall", 0, "", "none", 0, 0),
        ),
        layouts=(LayoutRecord(LAYOUT.id, LAYOUT, rules, 1, ((0, MESSAGE),)),),
    )


def batch(*records: bytes) -> tuple[Decoder, Batch]:
    hand = HandMadeRing()
    hand.add_all(records)
    found = hand.ring.read()
    assert found is not None
    return Decoder(record()), found


def lines(*records: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in JsonLines().lines([batch(*records)])]


def test_a_record_keeps_what_a_reader_needs() -> None:
    assert msgspec.json.decode(msgspec.json.encode(record()), type=PolicyRecord) == record()
    assert record().tags == ("prod", "pci")


def test_a_line_has_message_and_tags_and_no_hidden_field() -> None:
    (found,) = lines(event(LAYOUT, *VALUES))
    assert list(found) == [
        "time", "policy", "severity", "rule", "tags", "message", "hook", "verdict", "cpu", "fields",
    ]  # fmt: skip
    assert (found["message"], found["tags"]) == (SAID, ["prod", "pci"])
    assert found["fields"] == {"process_pid": 7, "took": 1_500_000, "path": "/a\nb"}


def test_a_rule_without_has_neither_in_the_same_layout() -> None:
    first, second = lines(event(LAYOUT, *VALUES), event(LAYOUT, *VALUES, rule=1, time=10**9 + 1))
    assert first["message"] == SAID
    assert not {"message", "tags"} & second.keys()


def test_what_is_not_known_is_a_question_mark_and_what_was_cut_says_so() -> None:
    (absent,) = lines(event(LAYOUT, *VALUES, absent=1 << 3 | 1 << 4, unread=1 << 0 | 1 << 5))
    assert absent["message"] == "? (?) opened /a\\nb of ?, ? bytes in 1.5ms"
    assert (absent["unread"], absent["fields"]["process_pid"]) == (["process_pid"], None)
    (cut,) = lines(event(LAYOUT, *VALUES[:2], "/long…".encode(), *VALUES[3:5], "/bin/c…".encode()))
    assert cut["message"] == "cat (7) opened /long… of /bin/c…, 12 bytes in 1.5ms"
    assert cut["cut"] == ["path"]


def test_the_fast_way_and_the_long_way_agree() -> None:
    records = [event(LAYOUT, number, number * 10, b"/%d" % number, b"c\x1b%d" % number, number, b"/x", time=number * 10**8)
               for number in range(40)]  # fmt: skip
    decoder, found = batch(*records)
    fast = [json.loads(line) for line in JsonLines().lines([(decoder, found)])]
    slow = list(decoder.events(found))
    assert [line["message"] for line in fast] == [one.message for one in slow]
    assert [line["fields"] for line in fast] == [one.fields for one in slow]
    assert all(is_safe(one.message) for one in slow)


def test_text_shows_it_and_the_agents_lines_become_the_same_text() -> None:
    decoder, found = batch(event(LAYOUT, *VALUES))
    (text,) = TextLines().lines([(decoder, found)])
    assert f"exec-audit/opened  {SAID}  process_pid=7" in text
    assert "prod" not in text
    (wide,) = TextLines(wide=True).lines([(decoder, found)])
    assert "[prod pci]" in wide
    (line,) = JsonLines().lines([(decoder, found)])
    shown = TextOfJson(TextLines(wide=True), lambda: {"exec-audit": record()}).line(line)
    assert shown.split()[1:] == wide.split()[1:]
    assert boot_offset() > 0


# ------------------------------------------------------------------------------------------------ as sent


def line(**more: Any) -> dict[str, Any]:
    (found,) = lines(event(LAYOUT, *VALUES))
    return found | more


def test_it_is_the_body_of_a_log_record_and_tags_an_attribute() -> None:
    sent = log_record(line())
    attributes = {one["key"]: one["value"] for one in sent["attributes"]}
    assert sent["body"] == {"stringValue": SAID}
    assert attributes["policyd.tags"] == {"arrayValue": {"values": [{"stringValue": "prod"}, {"stringValue": "pci"}]}}
    assert "policyd.message" not in attributes


def test_it_is_the_message_of_an_entry() -> None:
    fields = dict(row.split("=", 1) for row in entry(line()).decode().splitlines() if "=" in row)
    assert fields["MESSAGE"] == f"exec-audit/opened {SAID}"
    assert json.loads(fields["POLICYD_TAGS"]) == ["prod", "pci"]


def test_a_message_too_long_for_syslog_is_cut_with_the_rest() -> None:
    data = json.dumps(line(message="m" * 2000, fields={"message": "f" * 1500})).encode()
    found = json.loads(shortened(data, 900) or b"")
    assert len(found["message"]) < 900 > len(found["fields"]["message"])
    assert found["cut"] == ["message"]


def offered(*rules: int) -> Lines:
    """Return a batch of events of rules by row, as the pump offers it."""
    records = [event(LAYOUT, *VALUES, rule=row, time=10**9 + number) for number, row in enumerate(rules)]
    return Lines.of("exec-audit", "high", JsonLines().lines([batch(*records)]), {}, rules_of(record()))


def test_sinks_know_tags_and_what_messages_show() -> None:
    assert rules_of(record()) == {
        "opened": RuleFacts(frozenset({"prod", "pci"}), MESSAGE.uses),
        "quiet": RuleFacts(),
    }


@pytest.mark.parametrize(
    ("tags", "rules"),
    [((), ["opened", "quiet"]), (("pci",), ["opened"]), (("none", "prod"), ["opened"]), (("none",), [])],
)
def test_a_sink_takes_the_events_of_rules_with_its_tags(tags: tuple[str, ...], rules: list[str]) -> None:
    passing = Filter(tags=tags).passing(offered(0, 1, 0))
    assert [rule_of(one) for one in passing.each()] == [name for name in ("opened", "quiet", "opened") if name in rules]
    assert passing.count == len(passing.each())


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        (Fields(redact=("process.exe",)), False),
        (Fields(redact=("process.*",)), False),
        (Fields(exclude=("path",)), False),
        (Fields(include=("process.*", "args.filename")), False),
        (Fields(include=("process.*", "args.filename", "path", "duration", "took")), True),
        (Fields(exclude=("ret",), redact=("args.other",)), True),
    ],
)
def test_a_message_with_what_may_not_be_shown_is_redacted(chosen: Fields, shown: bool) -> None:
    (found,) = chosen.apply(offered(0)).each()
    assert json.loads(found)["message"] == (SAID if shown else REDACTED)


def test_a_message_of_a_rule_that_nobody_knows_is_redacted() -> None:
    (found,) = Fields(redact=("other",)).apply(replace(offered(0), rules={})).each()
    assert json.loads(found)["message"] == REDACTED


def test_a_batch_in_a_ring_is_chosen_by_tags() -> None:
    decoder, found = batch(event(LAYOUT, *VALUES, rule=1), event(LAYOUT, *VALUES))
    some = found.of_rules(lambda layout, rule: "pci" in decoder.tags(layout, rule))
    assert [one.origin.rule for one in decoder.events(some)] == ["opened"]
