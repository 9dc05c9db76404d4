"""sources/directory.py: what `fetch` gives is one version of a folder, or nothing."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import kubelet
import pytest

from policyd.sources import directory, tree
from policyd.sources.directory import Directory
from policyd.sources.source import BundleFile, Mark, SourceError, make_bundle


def fetch(path: Path, debounce: float = 0.0) -> dict[str, bytes]:
    """Return what is read of a folder at once, without waiting for it to rest."""
    return {file.name: file.data for file in Directory("base", str(path), debounce=debounce).fetch(Mark()).files}


def fetch_or_none(path: Path, debounce: float = 0.0) -> dict[str, bytes] | None:
    """Return what is read, or None if it could not be had in time."""
    try:
        return fetch(path, debounce)
    except SourceError as error:
        if not error.transient:
            raise
        return None


def refusal(path: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetch(path)
    assert str(path) in str(caught.value)
    return caught.value


@contextmanager
def meanwhile(change: Callable[[int], object]) -> Iterator[None]:
    """Call `change` with 0, 1, 2… in a thread, as fast as it can, until the block ends."""
    ended = threading.Event()

    def run() -> None:
        number = 0
        while not ended.is_set():
            change(number)
            number += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


# ------------------------------------------------------------------------------------------------ plain folders


def test_a_folder_is_its_yaml_files_by_relative_path(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/two.yml").write_bytes(b"2")
    (tmp_path / "one.yaml").write_bytes(b"1")
    (tmp_path / "README.md").write_bytes(b"no policy")
    assert fetch(tmp_path) == {"a/b/two.yml": b"2", "one.yaml": b"1"}


def test_what_editors_and_git_leave_is_not_read(tmp_path: Path) -> None:
    for name in ("x.yaml~", "#x.yaml#", ".#x.yaml", ".x.yaml.swp", "x.yaml.swp", "4913", ".hidden.yaml", "x.yaml.bak"):
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config.yaml").write_bytes(b"x")
    assert fetch(tmp_path) == {}


def test_the_same_bytes_have_the_same_revision(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"1")
    first = Directory("base", str(tmp_path), debounce=0.0).fetch(Mark())
    os.utime(tmp_path / "a.yaml", (1, 1))
    assert Directory("base", str(tmp_path), debounce=0.0).fetch(Mark()) == first
    assert first.revision == f"sha256:{first.digest[:12]}"


def test_a_folder_that_is_not_there_may_come_back(tmp_path: Path) -> None:
    error = refusal(tmp_path / "gone")
    assert (error.transient, error.refused) == (True, False)
    assert "there is no such folder" in str(error)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    assert "this is no folder" in str(refusal(tmp_path / "x"))


def test_an_empty_folder_is_an_empty_bundle(tmp_path: Path) -> None:
    assert fetch(tmp_path) == {}


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_is_no_file_is_refused_and_blocks_nobody(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.yaml"
    if kind == "device" and os.geteuid():
        pytest.skip("devices are made by root")
    with socket.socket(socket.AF_UNIX) as server:
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "socket":
            server.bind(str(path))
        else:
            os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))
        error = refusal(tmp_path)
    assert error.refused
    assert "`x.yaml` is no regular file" in str(error)


@pytest.mark.parametrize("target", ["/etc/passwd", "real", "nowhere", "folder"])
def test_links_are_refused_wherever_they_lead(tmp_path: Path, target: str) -> None:
    (tmp_path / "real").write_bytes(b"1")
    (tmp_path / "folder").mkdir()
    (tmp_path / "x.yaml").symlink_to(target)
    error = refusal(tmp_path)
    assert error.refused
    assert "`x.yaml` is a symbolic link" in str(error)


def test_a_link_to_a_folder_is_refused_and_one_to_another_file_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "README").symlink_to("/etc/passwd")
    assert fetch(tmp_path) == {}
    (tmp_path / "more").symlink_to("/etc")
    assert "`more` is a symbolic link" in str(refusal(tmp_path))


def test_names_of_foreign_bytes_are_shown_safely(tmp_path: Path) -> None:
    os.mkfifo(os.fsencode(tmp_path) + b"/\x1b[2J\xff.yaml")
    assert "`\\x1b[2J\\xff.yaml` is no regular file" in str(refusal(tmp_path))


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MAX_FILES", 2, "more than 2 files"),
        ("MAX_ENTRIES", 2, "more than 2 names"),
        ("MAX_FILE_BYTES", 1 << 20, "larger than 1 MiB"),
        ("MAX_BUNDLE_BYTES", 2 << 20, "larger than 2 MiB together"),
        ("MAX_DEPTH", 1, "more than 1 folders deep"),
    ],
)
def test_limits_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, message: str) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    for name in ("1.yaml", "2.yaml", "a/3.yaml", "a/b/4.yaml"):
        (tmp_path / name).write_bytes(b"#" * (3 << 19))
    monkeypatch.setattr(tree, limit, value)
    if limit == "MAX_BUNDLE_BYTES":
        monkeypatch.setattr(tree, "MAX_FILE_BYTES", 2 << 20)
    error = refusal(tmp_path)
    assert error.refused
    assert message in str(error)


@pytest.mark.parametrize("change", ["edited", "added", "removed", "replaced"])
def test_what_changes_behind_the_reader_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    (tmp_path / "a.yaml").write_bytes(b"old")
    (tmp_path / "b.yaml").write_bytes(b"old")
    looks = []

    def read_and_change(folder: int, **how: bool) -> tree.Tree:
        found = tree.read_tree(folder, **how)
        if not looks:
            (tmp_path / "b.yaml").write_bytes(b"new")
            {
                "edited": lambda: (tmp_path / "a.yaml").write_bytes(b"new"),
                "added": lambda: (tmp_path / "c.yaml").write_bytes(b"new"),
                "removed": (tmp_path / "a.yaml").unlink,
                "replaced": lambda: (tmp_path / "b.yaml").replace(tmp_path / "a.yaml"),
            }[change]()
        looks.append(how)
        return found

    monkeypatch.setattr(directory, "read_tree", read_and_change)
    assert (
        fetch(tmp_path)
        == {
            "edited": {"a.yaml": b"new", "b.yaml": b"new"},
            "added": {"a.yaml": b"old", "b.yaml": b"new", "c.yaml": b"new"},
            "removed": {"b.yaml": b"new"},
            "replaced": {"a.yaml": b"new"},
        }[change]
    )
    assert len(looks) == 4


def test_a_file_that_grows_is_never_read_in_part(tmp_path: Path) -> None:
    """A writer puts the same number on each of many lines; a version in which they differ was torn.

    Between two versions it rests for 0 to 29 ms: if it never did, hardly any version could be read.
    """
    file = tmp_path / "x.yaml"

    def write(number: int) -> None:
        with file.open("wb") as out:
            for _ in range(20):
                out.write(b"%d\n" % number * 500)
                out.flush()
        time.sleep(0.001 * (number % 30))

    seen = set()
    write(0)
    with meanwhile(write):
        ends = time.monotonic() + 120
        while len(seen) < 20 and time.monotonic() < ends:
            for data in (fetch_or_none(tmp_path) or {}).values():
                seen |= set(data.split())
                assert len(set(data.split())) == 1
                assert data.count(b"\n") == 10_000
    assert len(seen) == 20


def test_a_file_that_is_open_for_writing_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    with file.open("wb") as out:
        out.write(b"half")
        out.flush()
        closing = threading.Timer(0.1, lambda: (out.write(b" and whole"), out.close()))
        closing.start()
        assert fetch(tmp_path, debounce=0.05) == {"x.yaml": b"half and whole"}
        closing.join()


def test_a_file_that_stays_open_for_writing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory._ChangedError.__init__, "__defaults__", (0.005, 0.1))
    with (tmp_path / "x.yaml").open("wb"):
        error = refusal(tmp_path)
    assert error.transient
    assert "`x.yaml` is being written" in str(error)


def test_a_file_that_is_open_for_long_counts_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "WRITING_SECONDS", 0.0)
    with (tmp_path / "x.yaml").open("wb"):
        assert fetch(tmp_path) == {"x.yaml": b""}


def test_a_folder_is_read_when_it_rests(tmp_path: Path) -> None:
    """An editor that saves by renaming leaves no file for a moment, and the last thing that it does is what counts."""
    (tmp_path / "x.yaml").write_bytes(b"old")

    def save() -> None:
        (tmp_path / "x.yaml").rename(tmp_path / "x.yaml~")
        time.sleep(0.1)
        (tmp_path / "x.yaml").write_bytes(b"new")

    saving = threading.Thread(target=save)
    saving.start()
    while (tmp_path / "x.yaml").exists() and saving.is_alive():
        pass
    assert fetch(tmp_path, debounce=1.5) == {"x.yaml": b"new"}
    saving.join()


# ------------------------------------------------------------------------------------------------ links that are swapped


def test_a_swapped_link_is_one_version_or_the_other(tmp_path: Path) -> None:
    """git-sync's way: a work tree for each commit, and a link that is renamed over the one before."""
    for version in range(2):
        (tmp_path / f"v{version}").mkdir()
        for number in range(20):
            (tmp_path / f"v{version}/{number}.yaml").write_bytes(b"%d" % version)
    (tmp_path / "now").symlink_to("v0")

    def swap(number: int) -> None:
        (tmp_path / "new").symlink_to(f"v{number % 2}")
        (tmp_path / "new").rename(tmp_path / "now")

    found = set()
    with meanwhile(swap):
        ends = time.monotonic() + 120
        while len(found) < 2 and time.monotonic() < ends:
            files = fetch_or_none(tmp_path / "now")
            if files is not None:
                assert len(files) == 20
                assert len(set(files.values())) == 1
                found |= set(files.values())
    assert found == {b"0", b"1"}


def test_a_folder_that_is_renamed_away_and_back_is_whole_or_not_there(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(20):
            (tmp_path / f"{name}/{number}.yaml").write_bytes(name.encode())

    def dance(number: int) -> None:
        other = "ab"[number % 2]
        (tmp_path / other).rename(tmp_path / "now")
        time.sleep(0.001 * (number % 60))  # sometimes long enough to be read, sometimes not
        (tmp_path / "now").rename(tmp_path / other)

    good = 0
    with meanwhile(dance):
        ends = time.monotonic() + 120
        while good < 5 and time.monotonic() < ends:
            files = fetch_or_none(tmp_path / "now", debounce=0.01)
            if files is not None:
                good += 1
                assert len(files) == 20
                assert len(set(files.values())) == 1
    assert good == 5


# ------------------------------------------------------------------------------------------------ mounted ConfigMaps


def test_a_mounted_config_map_is_read_through_its_link(tmp_path: Path) -> None:
    kubelet.publish(str(tmp_path), 1, kubelet.contents(1, 3))
    assert fetch(tmp_path) == kubelet.contents(1, 3)


def test_ten_thousand_swaps_never_mix_two_versions() -> None:
    files, versions = 3, 10_000
    published = [kubelet.contents(version, files) for version in range(versions + 1)]
    digests = {make_bundle(BundleFile(*item) for item in version.items()).digest for version in published}
    seen, given_up = set(), 0
    with tempfile.TemporaryDirectory(dir="/dev/shm") as volume:  # a memory file system, as kubelet uses
        kubelet.publish(volume, 0, published[0])
        with subprocess.Popen([sys.executable, kubelet.__file__, volume, str(files), str(versions)]) as writer:
            while writer.poll() is None:
                found = fetch_or_none(Path(volume))
                if found is None:
                    given_up += 1
                else:
                    seen.add(make_bundle(BundleFile(*item) for item in found.items()).digest)
        assert writer.returncode == 0
        assert fetch(Path(volume)) == published[-1]
    assert seen <= digests
    assert len(seen) > given_up


def test_a_policy_beside_the_links_of_a_config_map_is_not_left_out_silently(tmp_path: Path) -> None:
    kubelet.publish(str(tmp_path), 1, kubelet.contents(1, 1))
    (tmp_path / "mine.yaml").write_bytes(b"x")
    error = refusal(tmp_path)
    assert error.refused
    assert "`mine.yaml` is no link into `..data`" in str(error)


@pytest.mark.parametrize("target", ["/etc", "../other", "..", "", "sub/folder"])
def test_a_data_link_out_of_the_folder_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "volume").mkdir()
    if not target:
        (tmp_path / "volume/..really").symlink_to(tmp_path / "other")
    (tmp_path / "volume/..data").symlink_to(target or "..really")
    error = refusal(tmp_path / "volume")
    assert error.refused
    assert "out of the folder" in str(error)


def test_reading_leaves_no_descriptor_open(tmp_path: Path) -> None:
    kubelet.publish(str(tmp_path), 1, kubelet.contents(1, 2))
    (tmp_path / "sub").symlink_to("/etc")
    (tmp_path / "plain").mkdir()
    os.mkfifo(tmp_path / "plain/x.yaml")
    before = list(Path("/proc/self/fd").iterdir())
    for path in (tmp_path, tmp_path / "plain", tmp_path / "gone"):
        refusal(path)
    assert len(list(Path("/proc/self/fd").iterdir())) == len(before)
