"""The object cache: what it keeps, what it does not believe, and that it never makes anything fail."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from policyd.builders import cache as cache_module
from policyd.builders.cache import ROOT_DIRECTORY, ObjectCache, default_directory

KEY, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "made" / "cache"


@pytest.fixture
def warnings() -> list[str]:
    return []


def test_an_object_is_found_again_by_another_process_with_the_same_directory(directory: Path) -> None:
    ObjectCache(directory).put(KEY, b"object")
    assert ObjectCache(directory).get(KEY) == b"object"


def test_a_key_that_was_never_put_gives_nothing(directory: Path) -> None:
    assert ObjectCache(directory).get(KEY) is None


def test_directory_and_entries_are_closed_to_everyone_else(directory: Path) -> None:
    ObjectCache(directory).put(KEY, b"object")
    assert [path.stat().st_mode & 0o777 for path in (directory, directory / KEY)] == [0o700, 0o600]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data[:-1] + b"X", lambda _: b"", lambda data: data + b"X"]
)
def test_a_damaged_entry_is_ignored_and_made_again(directory: Path, damage: object) -> None:
    cache = ObjectCache(directory)
    cache.put(KEY, b"object")
    path = directory / KEY
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert cache.get(KEY) is None
    cache.put(KEY, b"object")
    assert cache.get(KEY) == b"object"


def test_an_entry_that_others_can_write_is_ignored(directory: Path) -> None:
    cache = ObjectCache(directory)
    cache.put(KEY, b"object")
    (directory / KEY).chmod(0o666)
    assert cache.get(KEY) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_entry_of_another_user_is_ignored(directory: Path) -> None:
    cache = ObjectCache(directory)
    cache.put(KEY, b"object")
    os.chown(directory / KEY, 65534, 65534)
    assert cache.get(KEY) is None


def test_a_symbolic_link_is_not_followed(directory: Path, tmp_path: Path) -> None:
    cache = ObjectCache(directory)
    cache.put(KEY, b"object")
    (directory / KEY).rename(tmp_path / "elsewhere")
    (directory / KEY).symlink_to(tmp_path / "elsewhere")
    assert cache.get(KEY) is None


def test_a_named_pipe_in_place_of_an_entry_does_not_block(directory: Path) -> None:
    cache = ObjectCache(directory)
    os.mkfifo(directory / KEY, 0o600)
    assert cache.get(KEY) is None


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_a_directory_that_others_can_enter_is_refused_with_one_warning(
    directory: Path, warnings: list[str], mode: int
) -> None:
    directory.mkdir(parents=True)
    directory.chmod(mode)
    cache = ObjectCache(directory, warnings.append)
    cache.put(KEY, b"object")
    cache.put(OTHER, b"object")
    assert cache.get(KEY) is None
    assert len(warnings) == 1
    assert "mode 0700" in warnings[0]
    assert list(directory.iterdir()) == []


def test_a_directory_that_is_a_symbolic_link_is_refused(directory: Path, tmp_path: Path, warnings: list[str]) -> None:
    target = tmp_path / "theirs"
    target.mkdir(mode=0o700)
    directory.parent.mkdir()
    directory.symlink_to(target)
    ObjectCache(directory, warnings.append).put(KEY, b"object")
    assert list(target.iterdir()) == []
    assert len(warnings) == 1


def test_a_home_that_is_read_only_costs_a_warning(tmp_path: Path, warnings: list[str]) -> None:
    file = tmp_path / "home"
    file.write_text("")
    cache = ObjectCache(file / ".cache" / "policyd", warnings.append)
    assert cache.get(KEY) is None
    assert len(warnings) == 1


def test_a_full_disk_costs_one_warning_and_leaves_no_half_entry(
    directory: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    cache = ObjectCache(directory, warnings.append)
    monkeypatch.setattr(cache_module.os, "rename", full)
    cache.put(KEY, b"object")
    cache.put(KEY, b"object")
    assert cache.get(KEY) is None
    assert warnings == ["compiled objects are not cached: No space left on device"]
    assert list(directory.iterdir()) == []


def test_the_entries_that_were_not_used_for_longest_make_room(directory: Path) -> None:
    cache = ObjectCache(directory, limit_bytes=10_000)
    for index in range(8):
        cache.put(f"{index:02}", bytes(1000))
        os.utime(directory / f"{index:02}", (index, index))
    assert cache.get("00") is not None  # used again: now the newest
    cache.put("08", bytes(1000))
    cache.put("09", bytes(1000))
    left = {path.name for path in directory.iterdir()}
    assert {"00", "08", "09"} <= left
    assert "01" not in left
    assert sum(path.stat().st_size for path in directory.iterdir()) <= 10_000


def test_threads_that_put_the_same_object_at_once_leave_one_whole_entry(directory: Path) -> None:
    cache = ObjectCache(directory)
    threads = [threading.Thread(target=cache.put, args=(KEY, b"object" * 1000)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.get(KEY) == b"object" * 1000
    assert [path.name for path in directory.iterdir()] == [KEY]


def test_root_uses_a_fixed_directory_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module.os, "geteuid", lambda: 0)
    assert default_directory() == ROOT_DIRECTORY


def test_users_have_the_directory_of_the_xdg_specification(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module.os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    assert default_directory() == Path("/somewhere/cache/policyd")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_directory() == Path("/home/somebody/.cache/policyd")
