from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from git_repos import Repository, source_of

from policyd.config.model import GitRef
from policyd.errors import UnsupportedError
from policyd.sources import git_run, git_store
from policyd.sources.git_run import Limits
from policyd.sources.source import BundleFile, Mark, SourceError, make_bundle

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def team(tmp_path: Path) -> Repository:
    repository = Repository.new(tmp_path / "forge")
    repository.commit(a__yaml="a: 1\n", b__yml="b: 2\n")
    return repository


def files(source) -> dict[str, bytes]:
    return {file.name: file.data for file in source.fetch(Mark()).files}


def packs(state: Path) -> set[str]:
    return {path.name for path in state.rglob("*.pack")}


def test_the_policies_below_the_path_of_a_branch_are_the_bundle(team: Repository, tmp_path: Path) -> None:
    team.put("policies/deep/er/c.yaml", "c: 3\n")
    team.put("policies/README.md", "no policy")
    team.put("policies/.hidden.yaml", "no policy")
    team.put("policies/.github/x.yaml", "no policy")
    team.put("other/d.yaml", "no policy either")
    head = team.commit()
    bundle = source_of(team.url, tmp_path / "state", ref=GitRef(branch="main")).fetch(Mark())
    expected = [BundleFile("a.yaml", b"a: 1\n"), BundleFile("b.yml", b"b: 2\n"), BundleFile("deep/er/c.yaml", b"c: 3\n")]
    assert bundle.files == tuple(expected)
    assert bundle.digest == make_bundle(expected).digest
    assert (bundle.commit, bundle.order, bundle.signer, bundle.notes) == (head, team.time, "", ())
    assert bundle.revision == f"main@{head[:7]} (2026-11-18)"


def test_without_a_ref_the_branch_that_head_names_is_followed(team: Repository, tmp_path: Path) -> None:
    team.git("checkout", "-q", "-b", "trunk")
    head = team.commit(a__yaml="a: 2\n")
    assert source_of(team.url, tmp_path).fetch(Mark()).revision == f"trunk@{head[:7]} (2026-11-18)"


@pytest.mark.parametrize("annotated", [False, True])
def test_a_tag_is_the_commit_that_it_is_on(team: Repository, tmp_path: Path, annotated: bool) -> None:
    tagged = team.head()
    team.git("tag", *(["-a", "-m", "a release"] if annotated else []), "v1")
    team.commit(a__yaml="a: 2\n")
    bundle = source_of(team.url, tmp_path, ref=GitRef(tag="v1")).fetch(Mark())
    assert (bundle.commit, bundle.files[0].data) == (tagged, b"a: 1\n")
    assert bundle.revision.startswith("v1@")


def test_a_commit_is_fetched_by_its_id_although_no_ref_is_on_it(team: Repository, tmp_path: Path) -> None:
    first = team.head()
    team.commit(a__yaml="a: 2\n")
    source = source_of(team.url, tmp_path, ref=GitRef(commit=first))
    assert source.fetch(Mark(commit="f" * 40, order=1 << 40)).files[0].data == b"a: 1\n"


def test_a_repository_with_sha256_names_is_read(tmp_path: Path) -> None:
    repository = Repository.new(tmp_path / "forge", "--object-format=sha256")
    head = repository.commit(a__yaml="a: 1\n")
    bundle = source_of(repository.url, tmp_path).fetch(Mark())
    assert bundle.commit == head
    assert len(head) == 64


def test_a_source_can_move_to_a_repository_with_other_names(team: Repository, tmp_path: Path) -> None:
    assert files(source_of(team.url, tmp_path / "state"))
    other = Repository.new(tmp_path / "other", "--object-format=sha256")
    other.commit(z__yaml="z: 1\n")
    assert files(source_of(other.url, tmp_path / "state")) == {"z.yaml": b"z: 1\n"}


def test_nothing_is_fetched_while_nothing_has_changed(team: Repository, tmp_path: Path) -> None:
    source = source_of(team.url, tmp_path / "state")
    first = source.fetch(Mark())
    before = packs(tmp_path / "state")
    assert source.fetch(Mark(first.commit, first.order)) == first
    assert packs(tmp_path / "state") == before
    team.commit(a__yaml="a: 2\n")
    second = source.fetch(Mark(first.commit, first.order))
    assert second.files[0].data == b"a: 2\n"
    assert len(packs(tmp_path / "state")) == len(before) + 1


def test_only_the_newest_commit_is_fetched_at_first(team: Repository, tmp_path: Path) -> None:
    team.put("policies/old.bin", b"x" * 100_000)
    team.commit()
    old = team.head("HEAD:policies/old.bin")
    (team.path / "policies/old.bin").unlink()
    team.commit()
    source_of(team.url, tmp_path / "state").fetch(Mark())
    store = Repository(tmp_path / "state/team/repository")
    assert store.git("rev-list", "--count", "refs/policyd/fetched") == "1"
    assert old not in store.git("cat-file", "--batch-all-objects", "--batch-check")


def test_the_store_is_packed_anew_before_it_has_many_packs(
    team: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_store, "_MOST_PACKS", 1)
    source = source_of(team.url, tmp_path / "state")
    for number in range(4):
        team.commit(a__yaml=f"a: {number}\n")
        assert files(source)["a.yaml"] == f"a: {number}\n".encode()
    assert len(packs(tmp_path / "state")) == 2


def test_a_path_that_is_no_folder_is_refused(team: Repository, tmp_path: Path) -> None:
    for path in ("nowhere", "policies/a.yaml"):
        with pytest.raises(SourceError, match="has no folder") as caught:
            source_of(team.url, tmp_path, path=path).fetch(Mark())
        assert caught.value.refused
        assert caught.value.revision.startswith("main@")


def test_a_deleted_branch_is_said_with_what_is_there(team: Repository, tmp_path: Path) -> None:
    team.git("branch", "release")
    source = source_of(team.url, tmp_path, ref=GitRef(branch="release"))
    source.fetch(Mark())
    team.git("branch", "-D", "release")
    team.git("branch", "releases")
    with pytest.raises(
        SourceError, match=r"branch `release` is not there \(any more\): did you mean `releases`\?"
    ) as caught:
        source.fetch(Mark())
    assert not caught.value.transient


@pytest.mark.parametrize(("ref", "message"), [
    (GitRef(branch="v1"), "there is a tag of that name"),
    (GitRef(tag="main"), "there is a branch of that name"),
    (GitRef(branch="heads/main"), "did you mean `main`|check `ref`"),
    (GitRef(commit="1" * 40), "not there"),
])  # fmt: skip
def test_a_missing_ref_says_what_to_do(team: Repository, tmp_path: Path, ref: GitRef, message: str) -> None:
    team.git("tag", "v1")
    with pytest.raises(SourceError, match=message):
        source_of(team.url, tmp_path, ref=ref).fetch(Mark())


def test_an_empty_repository_is_waited_for(tmp_path: Path) -> None:
    empty = Repository.new(tmp_path / "empty")
    with pytest.raises(SourceError, match="empty: push a first commit") as caught:
        source_of(empty.url, tmp_path).fetch(Mark())
    assert caught.value.transient


def test_a_repository_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no repository at this address"):
        source_of(f"file://{tmp_path}/nowhere", tmp_path).fetch(Mark())


@pytest.mark.parametrize("url", [
    "--upload-pack=/bin/sh", "ext::sh -c id", "https://-oProxyCommand=x/y", "file://host/path", "git://host/x", "/srv/x.git",
    "ssh://-x/y", "http://host/x.git", "https:///x", "https://user:secret@host/x", "https://host\n/x", "file:relative",
])  # fmt: skip
def test_an_address_that_git_must_not_be_given_is_refused(url: str, tmp_path: Path) -> None:
    config = source_of("https://host/x.git", tmp_path)._config.model_copy(update={"url": url})
    with pytest.raises(SourceError) as caught:
        type(source_of("https://host/x", tmp_path))("team", config, tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("path", ["../x", "a/../b", "a/.git/b", "a/.GIT", "a//b", "a\nb", "."])
def test_a_path_out_of_the_repository_is_refused(path: str, tmp_path: Path) -> None:
    config = source_of("https://host/x.git", tmp_path)._config.model_copy(update={"path": path})
    with pytest.raises(SourceError, match="no folder inside a repository"):
        type(source_of("https://host/x", tmp_path))("team", config, tmp_path)


def test_a_missing_program_names_its_package(team: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_run, "_TRUSTED", str(tmp_path))
    with pytest.raises(UnsupportedError, match="git is not installed; install the package git"):
        source_of(team.url, tmp_path / "state").fetch(Mark())


def test_a_fetch_that_takes_too_long_is_stopped(team: Repository, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"longer than 0\.01 s") as caught:
        source_of(team.url, tmp_path / "state", Limits(seconds=0.01)).fetch(Mark())
    assert caught.value.transient


def test_watching_tells_at_each_interval_and_when_it_is_poked(team: Repository, tmp_path: Path) -> None:
    told = threading.Semaphore(0)
    ticking = source_of(team.url, tmp_path, interval=0.1)
    with ticking.watch(told.release):
        assert told.acquire(timeout=60)
        assert told.acquire(timeout=60)
    quiet = source_of(team.url, tmp_path, interval=3600.0)
    heard = threading.Semaphore(0)
    with quiet.watch(heard.release):
        assert not heard.acquire(timeout=0.05)
        quiet.poke()
        assert heard.acquire(timeout=60)
    assert not any(thread.name == "source team" for thread in threading.enumerate())


def test_a_closed_source_fetches_no_more(team: Repository, tmp_path: Path) -> None:
    source = source_of(team.url, tmp_path)
    source.close()
    with pytest.raises(SourceError, match="stopped") as caught:
        source.fetch(Mark())
    assert caught.value.transient
