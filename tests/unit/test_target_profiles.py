"""Saved targets: what is written comes back, and what is broken is told."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from policyd.errors import TargetError, UsageError
from policyd.functions import FunctionLists
from policyd.kernel.bpf.btf import Btf
from policyd.profile import Profile, read_profile, write_profile
from policyd.target import Target
from policyd.tracefs import SavedFormats

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture
def profile() -> Profile:
    text = (DATA / "formats" / "power__cpu_idle.txt").read_text()
    btf = (DATA / "types.btf").read_bytes()
    features: dict[str, bool | str] = {"kprobe_multi": False, "builder": "clang"}
    return Profile("aarch64", "6.1.0", features, btf, {"power/cpu_idle": text}, frozenset({"f", "g"}))


@pytest.fixture
def saved(profile: Profile, tmp_path: Path) -> Path:
    path = tmp_path / "kernel.json.gz"
    write_profile(path, profile)
    return path


def test_what_was_written_is_read(profile: Profile, saved: Path) -> None:
    assert read_profile(saved) == profile


def test_the_same_profile_is_the_same_bytes(profile: Profile, saved: Path, tmp_path: Path) -> None:
    write_profile(tmp_path / "again", profile)

    assert (tmp_path / "again").read_bytes() == saved.read_bytes()


def test_a_loaded_target_answers_like_the_one_that_was_saved(saved: Path, tmp_path: Path) -> None:
    first = Target.load(saved)
    first.save(tmp_path / "second")
    second = Target.load(tmp_path / "second")

    assert (second.arch, second.release, second.features) == (
        "aarch64",
        "6.1.0",
        {"kprobe_multi": False, "builder": "clang"},
    )
    assert second.digest == first.digest
    assert second.tracepoints() == ("power/cpu_idle",)
    assert second.tracepoint("power/cpu_idle") == first.tracepoint("power/cpu_idle")
    assert second.raw_tracepoints() == ("sample", "unnamed")
    assert second.slice(["struct task"]) == first.slice(["struct task"])
    with pytest.raises(TargetError, match="has no tracepoint"):
        second.tracepoint("sched/sched_switch")


def test_the_digest_follows_architecture_release_and_types() -> None:
    btf = Btf.from_bytes((DATA / "types.btf").read_bytes())
    made = [Target(arch, release, "", SavedFormats({}), lambda: btf) for arch in ("a", "b") for release in ("1", "2")]

    assert len({target.digest for target in made}) == 4


def rewritten(path: Path, **changes: Any) -> Path:
    """Change a profile's document without its digest."""
    document = json.loads(gzip.decompress(path.read_bytes()))
    path.write_bytes(gzip.compress(json.dumps(document | changes).encode()))
    return path


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x1f\x8b\x08", gzip.compress(b"{"), gzip.compress(b"\xff\xfe"), gzip.compress(b"[" * 100_000)]
)
def test_what_is_not_gzipped_json_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken"
    path.write_bytes(data)

    with pytest.raises(UsageError, match="no usable profile: it is not"):
        read_profile(path)


@pytest.mark.parametrize("document", ["[]", "{}", "7", '{"apiVersion": 1}'])
def test_other_json_is_refused(tmp_path: Path, document: str) -> None:
    path = tmp_path / "other"
    path.write_bytes(gzip.compress(document.encode()))

    with pytest.raises(UsageError, match="not a profile of policyd"):
        read_profile(path)


def test_a_cut_profile_is_refused(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-200])

    with pytest.raises(UsageError, match="no usable profile"):
        read_profile(saved)


@pytest.mark.parametrize("changes", [{"release": "6.2"}, {"formats": {}}, {"btf": ""}, {"digest": "x"}, {"digest": None}])
def test_a_changed_profile_is_refused(saved: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="digest does not fit"):
        read_profile(rewritten(saved, **changes))


@pytest.mark.parametrize(("version", "age"), [(3, "a newer"), (1, "an older"), ("x", "a newer")])
def test_a_profile_of_another_version_says_so_and_how_to_get_one(saved: Path, version: object, age: str) -> None:
    with pytest.raises(UsageError, match=f"{age} policyd; write one with `policyd doctor --save-profile"):
        read_profile(rewritten(saved, policydProfile=version))


def test_what_the_kernel_tells_of_its_functions_is_kept_and_so_is_that_it_does_not(tmp_path: Path) -> None:
    told = FunctionLists(frozenset({"vfs_read", "vfs_write"}), None)
    Target("x86_64", "6", "", SavedFormats({}), Btf.load, {"fentry": False}, lambda: told).save(tmp_path / "saved")

    loaded = Target.load(tmp_path / "saved")
    assert loaded.function_lists == told
    assert not loaded.has("fentry")
    assert loaded.has("kprobe"), "nobody has tried it"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arch": "vax"}, "architecture"),
        ({"formats": {"a/b": 7}}, "lacks"),
        ({"features": []}, "lacks"),
        ({"features": {"x": 1.5}}, "lacks"),
        ({"release": None}, "lacks"),
        ({"traceable": [1]}, "lacks"),
        ({"injectable": "x"}, "lacks"),
        ({"btf": "???"}, "base64"),
        ({"btf": 7}, "base64"),
    ],
)
def test_values_of_wrong_types_are_refused(
    saved: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr("policyd.profile._digest", lambda body: "same")

    with pytest.raises(UsageError, match=message):
        read_profile(rewritten(saved, digest="same", **changes))


def test_types_that_are_none_are_told_when_they_are_used(profile: Profile, tmp_path: Path) -> None:
    write_profile(tmp_path / "odd", replace(profile, btf=b"no types"))
    target = Target.load(tmp_path / "odd")

    assert target.tracepoints() == ("power/cpu_idle",)
    with pytest.raises(UsageError, match="no usable profile: not the type information"):
        target.raw_tracepoints()


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_profile(tmp_path / "nothing")


def test_a_failed_write_leaves_nothing_behind(profile: Profile, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(UsageError, match="cannot write"):
        write_profile(tmp_path / "folder", profile)

    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]
