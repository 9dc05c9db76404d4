"""policyd.enrich: lines of events with what is known about them, from disks that are quick, slow or hang."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from container_host import ID, POD, SLICES, UID, MadeHost
from hypothesis import given, settings
from hypothesis import strategies as st
from ring_bytes import IP, PATH, PID, HandMadeRing, event, policy

from policyd.enrich import answers as module
from policyd.enrich.answers import Answers
from policyd.enrich.columns import columns_of
from policyd.enrich.container import Container
from policyd.enrich.enricher import Enricher, make_enricher
from policyd.enrich.users import Users
from policyd.layout import Column, Layout
from policyd.reading.events import Decoder
from policyd.record import PolicyRecord
from policyd.sinks.jsonl import JsonLines, to_json
from policyd.text import is_safe
from policyd.vocabulary.containers import Place
from policyd.vocabulary.types import Shape, ValueType

UIDS = ValueType("uid", Shape.NUMBER, 4)
GIDS = ValueType("gid", Shape.NUMBER, 4)
CGROUPS = ValueType("cgroup", Shape.NUMBER, 8)
PROCESS = Layout(
    (
        Column("process_pid", PID, "process.pid"),
        Column("process_uid", UIDS, "process.uid"),
        Column("process_cgroup", CGROUPS, "process.cgroup"),
        Column("group", GIDS, "args.group"),
        Column("file", PATH, "args.file", packed=True),
    )
)
PLAIN = Layout((Column("process_pid", PID, "process.pid"), Column("to", IP, "dst.ip")))
SCOPE = f"{SLICES}/cri-containerd-{ID}.scope"
FOUND = Container(ID, "containerd", **POD)  # type: ignore[arg-type]
PARTLY = {"id": ID, "runtime": "containerd", "pod_uid": UID}


def line(**fields: Any) -> str:
    shown = {"process_pid": 7, "process_uid": 0, "process_cgroup": "/", "group": 4, "file": "x"} | fields
    made = {
        "time": "t",
        "policy": "exec-audit",
        "severity": "low",
        "rule": "opened",
        "hook": "h",
        "verdict": "none",
        "cpu": 1,
    }
    return to_json(made | {"fields": shown}) + "\n"


class Disk:
    """What is looked up: `found` by id, and only while the gate is open; `looks` counts."""

    def __init__(self) -> None:
        self.found: dict[str, Container] = {}
        self.paths: dict[int, str] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.looks = 0
        self.error: Exception | None = None

    def find(self, place: Place) -> Container | None:
        self.looks += 1
        assert self.gate.wait(60)
        if self.error is not None:
            raise self.error
        return self.found.get(place.id)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def answers(disk: Disk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    """Answers that wait as long as it takes for a disk whose gate is open."""
    monkeypatch.setattr(module, "WAIT", 30.0)
    found = Answers(disk.find, disk.paths.get, clock=clock)
    yield found
    disk.gate.set()
    found.close()


@pytest.fixture
def enricher(answers: Answers, clock: Clock, tmp_path: Path) -> Enricher:
    host = MadeHost(tmp_path)
    host.users("root:x:0:0::/:/x\n", "adm:x:4:\n")
    return Enricher(answers, Users(host.files), ("cgroup", "uid", "gid"), clock=clock)


def enriched(enricher: Enricher, *lines: str, record: PolicyRecord | None = None) -> list[Any]:
    made = enricher(record or RECORD, list(lines))
    for before, after in zip(lines, made, strict=True):
        told = json.loads(after)
        told.pop("enriched", None)
        assert told == json.loads(before), "the event itself has changed"
        assert after.endswith("}\n")
    return [json.loads(text).get("enriched") for text in made]


RECORD = policy(PROCESS)
NAMES = {"process_uid": "root", "group": "adm"}


def test_container_and_users_are_told_and_only_the_first_events_are_late(disk: Disk, enricher: Enricher) -> None:
    disk.found[ID] = FOUND
    told = {"container": {"id": ID, "runtime": "containerd"} | POD, "users": NAMES}
    assert enriched(enricher, line(process_cgroup=SCOPE), line(process_cgroup=SCOPE)) == [told | {"late": True}] * 2
    assert enriched(enricher, line(process_cgroup=SCOPE)) == [told]
    assert enriched(enricher, line(process_cgroup=SCOPE)) == [told]
    assert disk.looks == 1


def test_what_is_not_known_is_not_told(enricher: Enricher) -> None:
    (told,) = enriched(enricher, line(process_uid=4294967295, group=77, process_cgroup="/system.slice/x.service"))
    assert told is None


def test_a_disk_that_hangs_holds_no_event(disk: Disk, enricher: Enricher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT", 0.01)
    disk.gate.clear()
    told = {"container": PARTLY, "users": NAMES, "pending": True}
    for _ in range(3):
        assert enriched(enricher, line(process_cgroup=SCOPE)) == [told]
    assert disk.looks == 1


def test_what_came_too_late_for_the_first_events_is_there_for_the_next(
    disk: Disk, answers: Answers, enricher: Enricher, clock: Clock
) -> None:
    (told,) = enriched(enricher, line(process_cgroup=SCOPE))
    assert told == {"container": PARTLY, "users": NAMES, "pending": True}
    disk.found[ID] = FOUND
    (told,) = enriched(enricher, line(process_cgroup=SCOPE))
    assert told["pending"], "it was looked for again at once"
    clock.now += module.RETRIES[0]
    enriched(enricher, line(process_cgroup=SCOPE))
    settle(answers)
    (told,) = enriched(enricher, line(process_cgroup=SCOPE))
    assert told == {"container": {"id": ID, "runtime": "containerd"} | POD, "users": NAMES}


def settle(answers: Answers) -> None:
    """Wait until nothing is left to look up."""
    with answers._changed:
        assert answers._changed.wait_for(lambda: not any(entry.queued for entry in answers._entries.values()), 30)


def test_what_is_never_there_is_looked_for_less_and_less(disk: Disk, answers: Answers, clock: Clock) -> None:
    looks, pending = [], []
    for _ in range(1400):
        pending.append(answers.known([SCOPE])[SCOPE].pending)
        settle(answers)
        looks.append(disk.looks)
        clock.now += 0.1
    assert looks[-1] == len(module.RETRIES) + 1 + 1  # 0.1, 0.5, 2, 10, 60 seconds, and 60 again
    assert pending == [True] * pending.count(True) + [False] * pending.count(False)
    assert 0 < pending.count(True) < 60


def test_what_has_gone_keeps_what_was_known(disk: Disk, answers: Answers, clock: Clock) -> None:
    disk.found[ID] = FOUND
    assert answers.known([SCOPE])[SCOPE].late
    del disk.found[ID]
    clock.now += module.FRESH
    answers.known([SCOPE])
    settle(answers)
    assert disk.looks == 2
    assert answers.known([SCOPE])[SCOPE] == module.Answer(FOUND)


def test_a_number_is_told_with_its_path_and_container(disk: Disk, enricher: Enricher) -> None:
    disk.found[ID], disk.paths[4711] = FOUND, SCOPE
    disk.paths[1] = "/system.slice/x.service"
    first, second, third = enriched(enricher, line(process_cgroup=4711), line(process_cgroup=1), line(process_cgroup=99))
    assert first["container"]["pod"] == "api-7d9f"
    assert (first["cgroups"], first["late"]) == ({"process_cgroup": SCOPE}, True)
    assert second["cgroups"] == {"process_cgroup": "/system.slice/x.service"}
    assert "container" not in second
    assert (third["pending"], "cgroups" in third) == (True, False)


def test_an_error_that_nobody_thought_of_is_no_end(disk: Disk, answers: Answers, clock: Clock) -> None:
    disk.error = ZeroDivisionError()
    assert answers.known([SCOPE])[SCOPE].pending
    disk.error, disk.found[ID] = None, FOUND
    clock.now += 1
    answers.known([SCOPE])
    settle(answers)
    assert answers.known([SCOPE])[SCOPE] == module.Answer(FOUND)


def test_a_flood_of_new_cgroups_is_bounded_in_memory_and_in_waiting(
    disk: Disk, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 100)
    monkeypatch.setattr(module, "WAITING", 10)
    monkeypatch.setattr(module, "WAIT", 0.01)
    disk.gate.clear()
    for number in range(1000):
        (told,) = answers.known([f"/docker/{number:064x}"]).values()
        assert told.pending
    assert len(answers._entries) <= 100
    assert len(answers._queue) <= 10


def test_after_a_wait_there_is_none_for_ten_times_as_long(answers: Answers, clock: Clock) -> None:
    waits: list[float] = []

    def wait_for(condition: Callable[[], object], seconds: float) -> None:
        waits.append(seconds)
        clock.now += 0.05

    answers._start = lambda: None  # type: ignore[method-assign]
    answers._changed.wait_for = wait_for  # type: ignore[method-assign,assignment]
    for number in range(100):
        answers.known([f"/docker/{number:064x}"])
        clock.now += 0.01
    assert len(waits) == 2  # in 1.1 seconds


def test_names_of_users_follow_the_files(disk: Disk, clock: Clock, tmp_path: Path) -> None:
    host = MadeHost(tmp_path)
    users = Users(host.files)
    done = threading.Event()
    answers = Answers(disk.find, disk.paths.get, lambda: (users.refresh(), done.set()), clock)
    enricher = Enricher(answers, users, ("uid",), clock=clock)
    assert enriched(enricher, line()) == [None]
    assert done.wait(60)
    host.users("root:x:0:0::/:/x\n")
    assert enriched(enricher, line()) == [None]
    done.clear()
    clock.now += 2
    enriched(enricher, line())
    assert done.wait(60)
    clock.now += 2
    assert enriched(enricher, line()) == [{"users": {"process_uid": "root"}}]
    answers.close()


def test_a_policy_without_such_columns_gets_its_own_lines_back(enricher: Enricher) -> None:
    lines = [line(), line()]
    assert enricher(policy(PLAIN), lines) is lines


def test_endings_are_remembered_within_bounds_whatever_many_policies_see(
    enricher: Enricher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policyd.enrich.enricher.REMEMBERED", 10)
    for number in range(100):
        told = enriched(enricher, line(process_uid=number), line(process_uid=0), record=policy(PROCESS, name=f"p{number}"))
        assert told[1] == {"users": NAMES}
        assert sum(len(columns.endings) for _, columns in enricher._policies.values()) <= 10


def test_every_line_gets_the_node_where_that_is_asked_for(tmp_path: Path) -> None:
    host = MadeHost(tmp_path)
    assert make_enricher(host.files, containers=False, users=False) is None
    made = make_enricher(host.files, containers=False, users=False, node="n\x7f1")
    assert made is not None
    text = made(policy(PLAIN), [line()])[0]
    assert json.loads(text)["enriched"] == {"node": "n\x7f1"}
    assert is_safe(text.rstrip("\n"))
    made.close()


def test_switched_off_kinds_are_left_alone(tmp_path: Path) -> None:
    host = MadeHost(tmp_path)
    host.users("root:x:0:0::/:/x\n")
    made = make_enricher(host.files, containers=True, users=False)
    assert made is not None
    (told,) = enriched(made, line(process_cgroup=f"{SLICES}"))
    assert told == {"container": {"pod_uid": UID}}
    made.close()


def test_a_name_that_means_two_things_and_one_that_the_policy_shows_as_it_likes_are_left_out() -> None:
    other = Layout((Column("process_uid", PID), Column("who", UIDS, names=(("0", "nobody"),))))
    assert [one.name for one in columns_of(policy(PROCESS, other), ("uid", "cgroup")).wanted] == ["process_cgroup"]


def test_what_looks_like_a_column_inside_a_string_is_none(enricher: Enricher) -> None:
    claim = f'","process_cgroup":"{SCOPE}","process_uid":0,"x":"'
    (told,) = enriched(enricher, line(file=claim, process_uid=5, group=5))
    assert told is None
    (told,) = enriched(enricher, line(process_cgroup=f'/docker"/{ID}', process_uid=5, group=5))
    assert told is None
    assert (
        enriched(enricher, '{"fields":{}}\n', '{"process_uid":0,"fields":{"process_uid":5},"unread":["group"]}\n')
        == [None] * 2
    )


def test_a_value_that_is_the_last_of_its_line_is_found(enricher: Enricher) -> None:
    root = {"users": {"process_uid": "root"}}
    ends = ["}\n", ',"unread":["a"]}\n', ',"cut":["b","c"]}\n']
    lines = [f'{{"fields":{{"process_uid":0}}{end}' for end in ends]
    assert enriched(enricher, *lines) == [root] * 3
    assert enriched(enricher, '{"fields":{"process_uid":null}}\n') == [None]


TEXTS = st.one_of(st.text(max_size=20), st.sampled_from([SCOPE, "/", f"/docker/{ID}", '","process_uid":0,"', "\\", '"']))


@settings(max_examples=200, deadline=None)
@given(fields=st.lists(st.tuples(st.integers(0, 2**32 - 1), TEXTS, TEXTS), max_size=5))
def test_whatever_the_fields_hold_the_line_stays_itself(fields: Sequence[tuple[int, str, str]]) -> None:
    disk = Disk()
    answers = Answers(disk.find, disk.paths.get)
    enricher = Enricher(answers, _Root(), ("cgroup", "uid", "gid"))  # type: ignore[arg-type]
    lines = [line(process_uid=uid, process_cgroup=cgroup, file=file) for uid, cgroup, file in fields]
    for (uid, cgroup, _), told in zip(fields, enriched(enricher, *lines), strict=True):
        assert ((told or {}).get("users", {}).get("process_uid") == "root") == (uid == 0)
        named = ((told or {}).get("container") or {}).get("id", "")
        assert named in cgroup
        assert bool(named) == (cgroup in {SCOPE, f"/docker/{ID}"})
    answers.close()


class _Root:
    def name(self, kind: str, number: int) -> str:
        return "root" if (kind, number) == ("uid", 0) else ""

    def refresh(self) -> bool:
        return False


def test_lines_of_a_real_encoder_are_understood(disk: Disk, enricher: Enricher, monkeypatch: pytest.MonkeyPatch) -> None:
    disk.found[ID] = FOUND
    monkeypatch.setattr("policyd.vocabulary.values.cgroup_path", {5: SCOPE}.get)
    ring = HandMadeRing()
    ring.add_all([
        event(PROCESS, 7, 0, 5, 4, b"/etc/passwd"),
        event(PROCESS, 7, 1, 6, 9, b"/etc/passwd"),
        event(PROCESS, 7, 0, 5, 4, b"a", unread=0b110),
    ])  # fmt: skip
    batch = ring.ring.read()
    assert batch is not None
    lines = JsonLines().lines([(Decoder(RECORD), batch)])
    first, second, third = enriched(enricher, *lines)
    assert (first["container"]["image"], first["users"]) == (POD["image"], NAMES)
    assert second == {"pending": True}
    assert third == {"users": {"group": "adm"}}
