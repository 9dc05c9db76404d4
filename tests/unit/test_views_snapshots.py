"""Rows of snapshots from the bytes that programs write: whose they are, how many, and in which columns."""

from __future__ import annotations

import pytest
from state_by_hand import RECORD, FakeKernel

from policyd.errors import NotFoundError
from policyd.layout import HEADER, Column, Layout
from policyd.record import LayoutRecord, PolicyRecord, RuleRecord
from policyd.unit import AttachPoint
from policyd.views import plain
from policyd.views.snapshots import read_snapshots, snapshot_item, snapshot_names
from policyd.views.tables import check_names
from policyd.vocabulary.kinds import kind_type

POINT = AttachPoint("iter", "task")
LAYOUT = Layout((Column("pid", kind_type("pid")), Column("uid", kind_type("uid"))))
ROW, RULE = 9, 1
SNAPSHOT = PolicyRecord(
    name="there",
    document="{}",
    row=ROW,
    ring_bytes=4096,
    enforce=False,
    suspend=False,
    acts=False,
    severity="info",
    hooks=("iter:task",),
    points=(POINT.id,),
    rules=(RuleRecord(RULE, "tasks", POINT.key, "iter", 0, "", "none", 0, 0),),
    layouts=(LayoutRecord(LAYOUT.id, LAYOUT, ((RULE, "tasks"),), 1),),
)


def written(policy: int, rule: int, pid: int, uid: int) -> bytes:
    data = LAYOUT.encode((pid, uid))
    header = HEADER.pack(HEADER.size + len(data), LAYOUT.id, policy, rule, 0, 5, 0, 0, 0, 0, 0)
    return header + data


class Reading(FakeKernel):
    """A kernel with one link, which another policy and another rule write to as well."""

    def open(self, path: str) -> int | None:
        return 5 if path == f"hooks/{POINT.id}/link" else None

    def read_link(self, fd: int) -> bytes:
        assert fd == 5
        others = written(ROW + 1, RULE, 66, 6) + written(ROW, RULE + 1, 77, 7)
        return written(ROW, RULE, 40, 1) + others + written(ROW, RULE, 41, 0) + written(ROW, RULE, 42, 2)


def test_a_rule_has_its_own_rows_the_first_of_them_shown_and_all_counted() -> None:
    (found,) = read_snapshots(Reading(), [RECORD, SNAPSHOT], 2, "", ())  # type: ignore[arg-type]
    assert plain(snapshot_item(found)) == {
        "policy": "there",
        "name": "tasks",
        "columns": ["pid", "uid"],
        "entries": 3,
        "rows": [{"pid": 40, "uid": 1}, {"pid": 41, "uid": 0}],
    }
    assert found.as_text()[1] == {"pid": "41", "uid": "0"}


def test_a_snapshot_is_named_by_its_rule_alone_or_with_its_policy() -> None:
    for name in ("tasks", "there/tasks"):
        assert list(read_snapshots(Reading(), [SNAPSHOT], 9, "", (name,)))  # type: ignore[arg-type]
    assert not list(read_snapshots(Reading(), [SNAPSHOT], 9, "", ("there/others",)))  # type: ignore[arg-type]
    assert snapshot_names([RECORD, SNAPSHOT]) == [("there", "tasks")]
    with pytest.raises(NotFoundError, match="there is no table or snapshot `task` of policy there; did you mean `tasks`"):
        check_names(("task",), snapshot_names([SNAPSHOT], "there"), "there")


def test_a_hook_that_has_gone_shows_nothing() -> None:
    assert not list(read_snapshots(FakeKernel(), [SNAPSHOT], 9, "", ()))  # type: ignore[arg-type]
