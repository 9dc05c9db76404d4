"""Rules at snapshots: which kinds there are, and that a rule there only shows."""

from __future__ import annotations

import pytest
from resolving import one_rule, problem, saved_target, typed

from policyd.resolve.snapshots import snapshot_kinds

SHOWS = "[{event: {fields: [args.task.pid]}}]"


def test_kinds_are_those_whose_programs_need_no_map() -> None:
    kinds = snapshot_kinds(saved_target())
    assert {"task", "task_file", "tcp", "bpf_map"} <= set(kinds)
    assert not {"bpf_map_elem", "sockmap", "get_info", "num_new"} & set(kinds)


def test_every_object_but_the_last_call_without_one_is_shown() -> None:
    (rule,) = typed(one_rule("{iter: task}", outputs=SHOWS)).rules
    (guard,) = rule.condition.parts
    assert (guard.value.path, guard.operator, guard.operands, guard.negate) == ("args.task", "Equal", (0,), True)


@pytest.mark.parametrize(
    ("rule", "code", "words"),
    [
        (one_rule("{iter: tesk}", outputs=SHOWS), "unknown-target", "did you mean `task`"),
        (one_rule("{iter: task}"), "output-not-here", "`counter` cannot be made at iter:task"),
        (one_rule("{iter: task}", outputs=SHOWS[:-1] + ", " + SHOWS[1:]), "output-not-here", "a second event"),
        (
            one_rule("{iter: task}", outputs="[{event: {fields: [args.task.pid], sample: 1/2}}]"),
            "output-not-here",
            "cannot be held back",
        ),
        (one_rule("{iter: task}", outputs=SHOWS, more="action: {signal: SIGKILL}"), "action-not-here", "iter:task"),
        (one_rule("{iter: task}", outputs="[{event: {fields: [process.pid]}}]"), "field-not-here", "process.pid"),
        (one_rule("{iter: task}", outputs="[{event: {fields: [args.fd]}}]"), "unknown-field", "task has no argument fd"),
    ],
)
def test_what_a_rule_there_cannot_do_is_said(rule: str, code: str, words: str) -> None:
    found = problem(rule)
    assert found.code == code
    assert words in f"{found.message} {found.hint}"
