"""Fresh as well as signed: `strict` (signatures asked for) is tested without signatures, which have a file of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from git_repos import Repository, source_of

from policyd.config.model import GitRef
from policyd.sources.git_run import Limits
from policyd.sources.git_signature import Verifier
from policyd.sources.git_store import Store
from policyd.sources.source import Bundle, Mark, SourceError

if TYPE_CHECKING:
    from pathlib import Path

SHALLOW = Limits(depths=(2, 4, 8))


@pytest.fixture
def forge(tmp_path: Path) -> Repository:
    repository = Repository.new(tmp_path / "forge")
    repository.commit(a__yaml="a: 1\n")
    return repository


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, object]:
    """Configuration that asks for signatures, of which every one is good."""
    (tmp_path / "keys").write_text("* ssh-ed25519 AAAA\n")
    monkeypatch.setattr(Verifier, "check", lambda *_: "alice")
    return {"verify": {"mode": "HEAD", "keys": (str(tmp_path / "keys"),)}}


def mark_of(bundle: Bundle) -> Mark:
    return Mark(bundle.commit, bundle.order)


@pytest.mark.parametrize("steps", [1, 3, 7])
def test_a_descendant_is_accepted_however_many_commits_came_between(
    forge: Repository, tmp_path: Path, strict: dict[str, object], steps: int
) -> None:
    source = source_of(forge.url, tmp_path, SHALLOW, **strict)
    mark = mark_of(source.fetch(Mark()))
    for _ in range(steps):
        head = forge.commit()
    assert source.fetch(mark).commit == head


def test_a_descendant_by_a_merge_is_accepted_although_its_time_is_older(
    forge: Repository, tmp_path: Path, strict: dict[str, object]
) -> None:
    source = source_of(forge.url, tmp_path, SHALLOW, **strict)
    mark = mark_of(source.fetch(Mark()))
    forge.git("checkout", "-q", "--orphan", "other")
    forge.hours = -5
    forge.commit(b__yaml="b: 1\n")
    forge.git("merge", "-q", "--allow-unrelated-histories", "-m", "both", "main")
    forge.git("branch", "-f", "main")
    assert source_of(forge.url, tmp_path, SHALLOW, ref=GitRef(branch="main"), **strict).fetch(mark).order < mark.order


def test_the_proof_does_not_need_the_old_store(forge: Repository, tmp_path: Path, strict: dict[str, object]) -> None:
    mark = mark_of(source_of(forge.url, tmp_path / "one", SHALLOW, **strict).fetch(Mark()))
    for _ in range(3):
        head = forge.commit()
    assert source_of(forge.url, tmp_path / "two", SHALLOW, **strict).fetch(mark).commit == head


def test_more_commits_than_are_looked_at_are_no_proof(forge: Repository, tmp_path: Path, strict: dict[str, object]) -> None:
    source = source_of(forge.url, tmp_path, SHALLOW, **strict)
    mark = mark_of(source.fetch(Mark()))
    for _ in range(9):
        head = forge.commit()
    for _ in range(2):
        with pytest.raises(SourceError, match=rf"not among the last 8 commits; .* add {head} to `allowOlder`") as caught:
            source.fetch(mark)
        assert caught.value.refused
    assert source_of(forge.url, tmp_path, SHALLOW, allow_older=(head,), **strict).fetch(mark).commit == head


def test_the_history_of_a_refused_commit_is_not_fetched_again(
    forge: Repository, tmp_path: Path, strict: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of(forge.url, tmp_path, **strict)
    forge.commit()
    mark = mark_of(source.fetch(Mark()))
    forge.git("reset", "-q", "--hard", "HEAD~1")
    with pytest.raises(SourceError, match="is older than"):
        source.fetch(mark)
    monkeypatch.setattr(Store, "fetch", lambda *_: pytest.fail("fetched again"))
    with pytest.raises(SourceError, match="is older than"):
        source.fetch(mark)


def test_the_mark_outlives_the_record_of_the_source(forge: Repository, tmp_path: Path, strict: dict[str, object]) -> None:
    """The record is in the kernel, and a reboot empties it; the state folder stays."""
    old = forge.head()
    forge.commit(a__yaml="a: 2\n")
    source = source_of(forge.url, tmp_path / "state", **strict)
    source.fetch(mark_of(source.fetch(Mark())))
    forge.git("reset", "-q", "--hard", old)
    with pytest.raises(SourceError, match="is older than"):
        source_of(forge.url, tmp_path / "state", **strict).fetch(Mark())
    (tmp_path / "state/team/mark").write_text("no mark")
    with pytest.raises(SourceError, match="`mark` in the state folder is damaged"):
        source_of(forge.url, tmp_path / "state", **strict).fetch(Mark())
    (tmp_path / "state/team/mark").unlink()
    assert source_of(forge.url, tmp_path / "state", **strict).fetch(Mark()).commit == old


@pytest.mark.parametrize("signed", [True, False])
def test_an_older_commit_is_refused_unless_it_is_named(
    forge: Repository, tmp_path: Path, strict: dict[str, object], signed: bool
) -> None:
    config = strict if signed else {}
    old = forge.head()
    forge.commit(a__yaml="a: 2\n")
    mark = mark_of(source_of(forge.url, tmp_path, **config).fetch(Mark()))
    forge.git("reset", "-q", "--hard", old)
    for state in (tmp_path, tmp_path / "fresh"):
        with pytest.raises(SourceError, match=f"{old[:12]} is older than .*add {old} to `allowOlder`") as caught:
            source_of(forge.url, state, **config).fetch(mark)
        assert caught.value.refused
        assert caught.value.revision == f"main@{old[:7]} (2026-11-18)"
    assert source_of(forge.url, tmp_path, allow_older=(old,), **config).fetch(mark).files[0].data == b"a: 1\n"


def test_a_rewritten_history_is_refused_if_signatures_are_asked_for_and_else_said(
    forge: Repository, tmp_path: Path, strict: dict[str, object]
) -> None:
    old = forge.commit(a__yaml="a: 2\n")
    mark = mark_of(source_of(forge.url, tmp_path).fetch(Mark()))
    forge.git("reset", "-q", "--hard", "HEAD~1")
    head = forge.commit(a__yaml="a: 3\n")
    with pytest.raises(SourceError, match=f"the history was rewritten: {old[:12]}") as caught:
        source_of(forge.url, tmp_path, **strict).fetch(mark)
    assert caught.value.refused
    assert source_of(forge.url, tmp_path, allow_older=(head,), **strict).fetch(mark).commit == head
    bundle = source_of(forge.url, tmp_path).fetch(mark)
    assert bundle.files[0].data == b"a: 3\n"
    assert bundle.notes == (f"the history was rewritten: commit {old[:12]}, which ran before, is no part of it",)


def test_another_repository_at_the_same_address_is_refused_if_signatures_are_asked_for(
    forge: Repository, tmp_path: Path, strict: dict[str, object]
) -> None:
    mark = mark_of(source_of(forge.url, tmp_path, **strict).fetch(Mark()))
    other = Repository.new(tmp_path / "other")
    other.hours = 100
    other.commit(a__yaml="a: 9\n")
    with pytest.raises(SourceError, match="the history was rewritten"):
        source_of(other.url, tmp_path, **strict).fetch(mark)


def test_a_tag_that_moves_forward_is_accepted_and_backward_is_not(
    forge: Repository, tmp_path: Path, strict: dict[str, object]
) -> None:
    source = source_of(forge.url, tmp_path, ref=GitRef(tag="stable"), **strict)
    forge.git("tag", "-a", "-m", "one", "stable")
    first = source.fetch(Mark())
    forge.commit(a__yaml="a: 2\n")
    forge.git("tag", "-f", "-a", "-m", "two", "stable")
    second = source.fetch(mark_of(first))
    assert second.files[0].data == b"a: 2\n"
    forge.git("tag", "-f", "-a", "-m", "three", "stable", first.commit)
    with pytest.raises(SourceError, match="is older than"):
        source.fetch(mark_of(second))
