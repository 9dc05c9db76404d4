"""Names for numbers: bounded, and kept when things go."""

from __future__ import annotations

from pathlib import Path

import pytest

from policyd import naming
from policyd.naming import Names


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_name_is_looked_up_once_while_it_is_fresh() -> None:
    asked: list[int] = []
    clock = Clock()
    names = Names(lambda number: asked.append(number) or "eth0", clock)

    assert [names(2), names(2)] == ["eth0", "eth0"]
    assert asked == [2]
    clock.now += 60
    assert names(2) == "eth0"
    assert asked == [2, 2]


def test_what_has_gone_keeps_its_last_name() -> None:
    known = {7: "sda"}
    clock = Clock()
    names = Names(known.get, clock)
    assert names(7) == "sda"

    known.clear()
    clock.now += 3600

    assert names(7) == "sda"


def test_a_number_that_is_given_again_gets_its_new_name() -> None:
    known = {7: "veth1"}
    clock = Clock()
    names = Names(known.get, clock)
    assert names(7) == "veth1"

    known[7] = "veth2"
    clock.now += 3600

    assert names(7) == "veth2"


def test_what_is_unknown_is_asked_again() -> None:
    known: dict[int, str] = {}
    names = Names(known.get, Clock())
    assert names(7) is None

    known[7] = "late"

    assert names(7) == "late"


def test_the_memory_is_bounded() -> None:
    names = Names(str, Clock())
    for number in range(naming.REMEMBERED + 100):
        names(number)

    assert len(names._known) == naming.REMEMBERED
    assert names._known.keys() == set(range(100, naming.REMEMBERED + 100))


def test_cgroups_are_named_by_their_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "system.slice" / "a.service").mkdir(parents=True)
    monkeypatch.setattr(naming, "cgroup_root", lambda: tmp_path)
    tree = naming._CgroupTree()

    assert tree(tmp_path.stat().st_ino) == "/"
    assert tree((tmp_path / "system.slice" / "a.service").stat().st_ino) == "/system.slice/a.service"
    assert naming.cgroup_id("/system.slice") == (tmp_path / "system.slice").stat().st_ino
    assert naming.cgroup_id("/nothing") is None


def test_the_cgroup_tree_is_not_walked_for_every_unknown_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walks: list[float] = []
    clock = Clock()

    def walk() -> Path:
        walks.append(clock.now)
        clock.now += 1
        return tmp_path

    monkeypatch.setattr(naming, "cgroup_root", walk)
    tree = naming._CgroupTree(clock)

    for number in range(50):
        assert tree(-1 - number) is None
        clock.now += 1

    assert walks == [0, 21, 42]


def test_cgroup_v2_is_found_in_the_mount_table(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "30 1 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw\n31 1 0:27 / /sys/fs/cgroup/unified rw - cgroup2 c rw\n"
    )
    assert naming.cgroup_root(table) == Path("/sys/fs/cgroup/unified")
    table.write_text("")
    assert naming.cgroup_root(table) is None
