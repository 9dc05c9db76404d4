"""sources/watching.py: whatever replaces a policy is heard, and what is none is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import inotify_simple
import kubelet
import pytest

from policyd.sources import watching
from policyd.sources.directory import Directory
from policyd.sources.source import Mark
from policyd.sources.watching import Watched

PATIENCE = 60.0
"""How long a change may take to be heard on a busy host, in seconds."""


class Ear:
    """Counts calls, and waits for the next one."""

    def __init__(self) -> None:
        self.calls = 0
        self._heard = threading.Condition()

    def __call__(self) -> None:
        with self._heard:
            self.calls += 1
            self._heard.notify_all()

    def waits(self, since: int) -> bool:
        """Wait until there were more than `since` calls."""
        with self._heard:
            return self._heard.wait_for(lambda: self.calls > since, PATIENCE)

    def hears(self, change: Callable[[], object]) -> bool:
        before = self.calls
        change()
        return self.waits(before)


def put(path: Path) -> Callable[[], object]:
    """Return what makes a file appear by one event: a rename from a folder that nobody watches."""
    made = path.parents[1] / f".{path.name}"
    return lambda: (made.touch(), made.rename(path))


def settle() -> None:
    """Leave time for a call that should not come; whether it does is looked at after the next one that should."""
    time.sleep(0.2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conf/policies").mkdir(parents=True)
    return tmp_path / "conf/policies"


@pytest.fixture
def ear(folder: Path) -> Iterator[Ear]:
    ear = Ear()
    with Directory("base", str(folder), debounce=0.1).watch(ear):
        assert ear.waits(0)  # once at the beginning
        yield ear


def test_files_that_come_change_and_go_are_heard(folder: Path, ear: Ear) -> None:
    file = folder / "a.yaml"
    assert ear.hears(lambda: file.write_text("1"))
    assert ear.hears(lambda: file.write_text("2"))
    assert ear.hears(lambda: file.rename(folder / "b.yaml"))
    assert ear.hears(lambda: (folder / "b.yaml").chmod(0o600))
    assert ear.hears((folder / "b.yaml").unlink)


def test_what_is_no_policy_is_not_heard(folder: Path, ear: Ear) -> None:
    before = ear.calls
    for name in ("x.yaml~", "4913", ".x.yaml.swp", ".#x.yaml", "README.md"):
        (folder / name).write_text("x")
        (folder / name).unlink()
    (folder.parent / "other.yaml").write_text("x")
    settle()
    assert ear.hears(put(folder / "real.yaml"))
    assert ear.calls == before + 1


def test_reading_a_folder_is_no_change(folder: Path, ear: Ear) -> None:
    assert ear.hears(put(folder / "a.yaml"))
    before = ear.calls
    Directory("base", str(folder), debounce=0.0).fetch(Mark())
    settle()
    assert ear.hears(put(folder / "b.yaml"))
    assert ear.calls == before + 1


def test_folders_that_come_later_are_heard_too(folder: Path, ear: Ear) -> None:
    assert ear.hears((folder / "a").mkdir)
    assert ear.hears(lambda: (folder / "a/b/c").mkdir(parents=True))
    assert ear.hears((folder / "a/b/c/x.yaml").touch)
    assert ear.hears(lambda: (folder / "a").rename(folder / "z"))
    assert ear.hears(lambda: (folder / "z/b/c/x.yaml").write_text("x"))


def test_a_folder_that_is_replaced_is_followed(folder: Path, ear: Ear) -> None:
    old = folder.parent / "old"
    assert ear.hears(lambda: folder.rename(old))
    assert ear.hears(folder.mkdir)
    before = ear.calls
    (old / "x.yaml").touch()
    settle()
    assert ear.hears(put(folder / "x.yaml"))
    assert ear.calls == before + 1


def test_a_folder_that_comes_later_is_heard(tmp_path: Path) -> None:
    ear = Ear()
    with Directory("base", str(tmp_path / "a/b/c"), debounce=0.02).watch(ear):
        assert ear.waits(0)
        assert ear.hears((tmp_path / "a").mkdir)
        assert ear.hears(lambda: (tmp_path / "a/b/c").mkdir(parents=True))
        assert ear.hears((tmp_path / "a/b/c/x.yaml").touch)


def test_a_link_on_the_way_that_is_swapped_is_followed(tmp_path: Path) -> None:
    ear = Ear()
    for name in ("v1", "v2"):
        (tmp_path / name / "policies").mkdir(parents=True)
    (tmp_path / "now").symlink_to("v1")

    def swap() -> None:
        (tmp_path / "new").symlink_to(tmp_path / "v2")
        (tmp_path / "new").rename(tmp_path / "now")

    with Directory("base", str(tmp_path / "now/policies"), debounce=0.02).watch(ear):
        assert ear.waits(0)
        assert ear.hears(put(tmp_path / "v1/policies/x.yaml"))
        assert ear.hears(swap)
        assert ear.hears(put(tmp_path / "v2/policies/x.yaml"))
        before = ear.calls
        (tmp_path / "v1/policies/y.yaml").touch()
        settle()
        assert ear.hears(put(tmp_path / "v2/policies/y.yaml"))
        assert ear.calls == before + 1


def test_each_swap_of_a_config_map_is_heard(folder: Path, ear: Ear) -> None:
    for version in range(1, 4):
        assert ear.hears(lambda version=version: kubelet.publish(str(folder), version, kubelet.contents(version, 2)))


def test_many_changes_at_once_are_one(folder: Path) -> None:
    ear = Ear()
    with Directory("base", str(folder), debounce=1.5).watch(ear):
        assert ear.waits(0)
        before = ear.calls
        for number in range(50):
            (folder / f"{number}.yaml").touch()
        assert ear.waits(before)
        assert ear.calls == before + 1


def test_a_folder_that_never_rests_is_told_all_the_same(folder: Path) -> None:
    ear = Ear()
    watched = Watched("base", str(folder), debounce=60.0, patience=0.2, signature=lambda: None)
    with watching.watching(watched, ear):
        assert ear.waits(0)
        assert ear.hears((folder / "x.yaml").touch)


def test_an_overflow_costs_one_look(folder: Path, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = inotify_simple.Event(-1, inotify_simple.flags.Q_OVERFLOW, 0, "")
    monkeypatch.setattr(
        inotify_simple.INotify, "read", lambda self, timeout: [*inotify_simple.parse_events(self._readall()), lost]
    )
    assert ear.hears((folder / "README.md").touch)


@pytest.mark.parametrize("missing", ["__init__", "add_watch"])
def test_without_inotify_the_folder_is_looked_at_and_that_is_told_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    told: list[str] = []

    def none_left(*args: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(inotify_simple.INotify, missing, none_left)
    monkeypatch.setattr(watching, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(watching, "log", lambda event, **facts: told.append(f"{event} {facts['source']}: {facts['reason']}"))
    ear = Ear()
    with Directory("base", str(folder)).watch(ear):
        assert ear.waits(0)
        assert ear.hears(lambda: (folder / "a.yaml").write_text("1"))
        assert ear.hears(lambda: (folder / "a.yaml").write_text("22"))
        assert ear.hears(lambda: kubelet.publish(str(folder), 1, {}))
        assert ear.hears(lambda: kubelet.publish(str(folder), 2, {}))
    assert told == ["unwatched base: No space left on device"]


def test_nothing_is_left_when_nobody_listens_any_more(folder: Path) -> None:
    descriptors, threads = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    for _ in range(3):
        with Directory("base", str(folder)).watch(lambda: None):
            time.sleep(0)
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    assert threading.active_count() == threads
