"""Repositories that mean harm: they are read within limits or refused with a reason, and nothing in them acts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from git_repos import Repository, source_of

from policyd.config.model import GitRef
from policyd.sources import git_objects
from policyd.sources.git_run import Limits, Runner
from policyd.sources.git_secrets import Secrets
from policyd.sources.git_store import Store
from policyd.sources.source import Mark, SourceError
from policyd.text import is_safe

if TYPE_CHECKING:
    from pathlib import Path

    from policyd.sources.source import Bundle


@pytest.fixture
def forge(tmp_path: Path) -> Repository:
    repository = Repository.new(tmp_path / "forge")
    repository.commit(a__yaml="a: 1\n")
    return repository


def fetch(forge: Repository, tmp_path: Path, limits: Limits | None = None, **config: object) -> Bundle:
    return source_of(forge.url, tmp_path / "state", limits, **config).fetch(Mark())


def refusal(forge: Repository, tmp_path: Path, limits: Limits | None = None, **config: object) -> str:
    with pytest.raises(SourceError) as caught:
        fetch(forge, tmp_path, limits, **config)
    assert caught.value.refused, caught.value
    assert is_safe(str(caught.value))
    return str(caught.value)


def tree(forge: Repository, *rows: tuple[str, str, str, str]) -> str:
    """Return the id of a tree of (mode, kind, id, name), whatever git thinks of it."""
    body = b"".join(f"{mode} {name}".encode() + b"\0" + bytes.fromhex(oid) for mode, _, oid, name in rows)
    return forge.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", given=body)


def commit_tree(forge: Repository, root: str) -> None:
    forge.git("update-ref", "refs/heads/main", forge.git("commit-tree", "-m", "x", root))


def test_a_policy_that_is_a_symbolic_link_is_refused(forge: Repository, tmp_path: Path) -> None:
    (forge.path / "policies/shadow.yaml").symlink_to("/etc/shadow")
    forge.commit()
    assert "`shadow.yaml` is a symbolic link, which is not followed" in refusal(forge, tmp_path)


def test_a_link_to_a_folder_of_policies_is_refused(forge: Repository, tmp_path: Path) -> None:
    forge.put("shared/b.yaml", "b: 1\n")
    (forge.path / "policies/shared").symlink_to("../shared")
    forge.commit()
    assert "`shared` is a symbolic link, which is not followed" in refusal(forge, tmp_path)


def test_links_that_lead_to_no_policies_are_left_out_and_said(forge: Repository, tmp_path: Path) -> None:
    for name, target in (("etc", "/etc"), ("readme", "a.yaml"), ("gone", "nowhere"), ("loop", "loop"), ("up", "../../..")):
        (forge.path / "policies" / name).symlink_to(target)
    forge.commit()
    bundle = fetch(forge, tmp_path)
    assert [file.name for file in bundle.files] == ["a.yaml"]
    left_out = ("etc", "gone", "loop", "readme", "up")
    assert bundle.notes == tuple(f"a symbolic link was left out: `{name}`" for name in left_out)


def test_more_links_than_are_looked_at_are_refused(forge: Repository, tmp_path: Path) -> None:
    for number in range(17):
        (forge.path / f"policies/link{number:02}").symlink_to("nowhere")
    forge.commit()
    assert "`link16` is a symbolic link" in refusal(forge, tmp_path)


def test_a_submodule_is_refused_and_not_fetched(forge: Repository, tmp_path: Path) -> None:
    other = Repository.new(tmp_path / "other")
    other.commit(x__yaml="x: 1\n")
    forge.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other.url, "policies/sub")
    forge.commit()
    assert "`sub` is a submodule, which is not fetched" in refusal(forge, tmp_path)
    forge.git("mv", "policies/sub", "sub")
    forge.commit()
    assert len(fetch(forge, tmp_path).files) == 1


def test_a_path_through_a_link_leads_nowhere(forge: Repository, tmp_path: Path) -> None:
    (forge.path / "linked").symlink_to("policies")
    forge.commit()
    assert "has no folder `linked`" in refusal(forge, tmp_path, path="linked")


@pytest.mark.parametrize("name", ["..", ".git", ".GIT", "a/b", "."])
def test_names_that_leave_the_tree_are_refused_on_the_way(forge: Repository, tmp_path: Path, name: str) -> None:
    blob = forge.git("hash-object", "-w", "--stdin", given=b"x: 1\n")
    bad = tree(forge, ("40000", "tree", tree(forge, ("100644", "blob", blob, "x.yaml")), name))
    commit_tree(forge, tree(forge, ("40000", "tree", bad, "policies")))
    assert "git refuses what it was sent" in refusal(forge, tmp_path)


@pytest.mark.parametrize("line", [
    b"100644 blob 1234\t../x.yaml", b"100644 blob 1234\ta/.git/x.yaml", b"100644 blob 1234\t/etc/x.yaml",
    b"100644 blob 1234\ta//x.yaml", b"100644 blob 1234\t" + b"d/" * 3000 + b"x.yaml",
])  # fmt: skip
def test_names_that_no_file_can_have_are_refused_here_too(line: bytes) -> None:
    with pytest.raises(SourceError, match="path that no file can have"):
        git_objects._entry(line)


def test_odd_names_are_names_and_nothing_else(forge: Repository, tmp_path: Path) -> None:
    names = [
        "A.yaml",
        "-rf.yaml",
        "--upload-pack=x.yaml",
        "\u202egnp.yaml",
        "a\nb.yaml",
        "a b.yaml",
        "HEAD:x.yaml",
        "é.yaml",
    ]
    for name in names:
        forge.put(f"policies/{name}", f"{len(name)}: 1\n")
    forge.put("policies/" + "d/" * 100 + "deep.yaml", "deep: 1\n")
    (forge.path / os.fsdecode(b"policies/\xff.yaml")).write_text("x: 1\n")
    forge.commit()
    found = {file.name: file.data for file in fetch(forge, tmp_path).files}
    assert set(found) == {*names, "a.yaml", "d/" * 100 + "deep.yaml", "\udcff.yaml"}
    assert found["a\nb.yaml"] == b"8: 1\n"


def test_attributes_and_filters_change_no_byte_and_run_nothing(forge: Repository, tmp_path: Path) -> None:
    acted = tmp_path / "acted"
    forge.put(".gitattributes", "* filter=evil text eol=crlf ident export-subst\n")
    forge.put("policies/id.yaml", "a: $Id$ $Format:%H$\n")
    forge.put(".gitmodules", f'[submodule "x"]\n\tpath = x\n\turl = ./x\n\tupdate = !touch {acted}\n'.replace("!", ""))
    forge.put("policies/.gitmodules", "")
    forge.commit()
    for key in ("filter.evil.smudge", "core.fsmonitor", "uploadpack.packObjectsHook", "core.sshCommand", "core.pager"):
        forge.git("config", key, f"touch {acted}")
    for hook in ("post-checkout", "reference-transaction", "post-merge", "pre-upload", "post-index-change"):
        script = forge.path / ".git/hooks" / hook
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"#!/bin/sh\ntouch {acted}\n")
        script.chmod(0o755)
    assert [file.data for file in fetch(forge, tmp_path).files] == [b"a: 1\n", b"a: $Id$ $Format:%H$\n"]
    assert not acted.exists()
    assert not [path for path in (tmp_path / "state").rglob("*") if path.suffix == ".yaml"]


def test_the_configuration_of_this_host_is_not_read(
    forge: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acted = tmp_path / "acted"
    (tmp_path / ".gitconfig").write_text(
        f'[url "file:///nowhere"]\n\tinsteadOf = {forge.url}\n[core]\n\thooksPath = {tmp_path}\n'
    )
    hook = tmp_path / "reference-transaction"
    hook.write_text(f"#!/bin/sh\ntouch {acted}\n")
    hook.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    monkeypatch.setenv("GIT_EXEC_PATH", str(tmp_path))
    monkeypatch.setenv("LD_PRELOAD", str(tmp_path / "evil.so"))
    assert fetch(forge, tmp_path).files
    assert not acted.exists()
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("filtered", [True, False])
def test_a_policy_file_that_is_too_large_is_refused_and_other_files_do_not_matter(
    forge: Repository, tmp_path: Path, filtered: bool
) -> None:
    forge.git("config", "uploadpack.allowFilter", str(filtered).lower())
    forge.put("policies/movie.bin", os.urandom(300_000))
    forge.commit()
    limits = Limits(file_bytes=100_000)
    assert len(fetch(forge, tmp_path, limits).files) == 1
    packed = sum(path.stat().st_size for path in (tmp_path / "state").rglob("*.pack"))
    assert (packed < 300_000) == filtered
    forge.commit(big__yaml=os.urandom(300_000), z__yaml="z: 1\n")
    said = "is larger than 100,000 bytes" if filtered else "has 300,000 bytes; 100,000 are allowed"
    assert f"`big.yaml` {said}" in refusal(forge, tmp_path, limits)


def test_a_repository_of_another_user_of_this_host_is_refused(forge: Repository, tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a folder away")
    for path in (forge.path, forge.path / ".git"):
        os.chown(path, 12345, 12345)
    assert "belongs to another user" in refusal(forge, tmp_path)


def test_counts_and_sums_have_limits(forge: Repository, tmp_path: Path) -> None:
    forge.commit(b__yaml="b: 1\n", c__yaml="c: 1\n")
    assert "has 3 policy files; 2 are allowed" in refusal(forge, tmp_path, Limits(files=2))
    assert "have 15 bytes; 14 are allowed" in refusal(forge, tmp_path, Limits(bundle_bytes=14))
    assert "more than 2 files" in refusal(forge, tmp_path, Limits(entries=2))
    assert len(fetch(forge, tmp_path, Limits(files=3, bundle_bytes=15, entries=3)).files) == 3


def test_a_tree_that_unfolds_without_end_is_refused(forge: Repository, tmp_path: Path) -> None:
    """Ten levels of ten times the same tree: twelve objects, ten thousand million files."""
    blob = forge.git("hash-object", "-w", "--stdin", given=b"x: 1\n")
    bomb = tree(forge, *(("100644", "blob", blob, f"f{number}.yaml") for number in range(10)))
    for _ in range(9):
        bomb = tree(forge, *(("40000", "tree", bomb, f"d{number}") for number in range(10)))
    commit_tree(forge, tree(forge, ("40000", "tree", bomb, "policies")))
    assert "more than 50,000 files" in refusal(forge, tmp_path)


def test_a_pack_that_is_too_large_is_refused_and_leaves_nothing(forge: Repository, tmp_path: Path) -> None:
    good = fetch(forge, tmp_path)
    forge.put("junk.bin", os.urandom(2 << 20))
    forge.commit()
    limits = Limits(pack_bytes=1 << 20)
    assert "larger than one fetch may be" in refusal(forge, tmp_path, limits)
    forge.git("reset", "-q", "--hard", "HEAD~1")
    assert fetch(forge, tmp_path, limits).files == good.files
    forge.commit(a__yaml="a: 2\n")
    assert fetch(forge, tmp_path, limits).files[0].data == b"a: 2\n"
    assert sum(path.stat().st_size for path in (tmp_path / "state").rglob("*") if path.is_file()) < 1 << 20


def test_a_small_pack_that_unfolds_to_a_huge_file_needs_little_memory(forge: Repository, tmp_path: Path) -> None:
    for key, value in (("uploadpack.allowFilter", "false"), ("core.bigFileThreshold", "1m"), ("pack.threads", "1")):
        forge.git("config", key, value)
    forge.put("zeros.bin", b"\0" * (64 << 20))
    forge.commit()
    assert len(fetch(forge, tmp_path, Limits(memory_bytes=60 << 20)).files) == 1


def test_a_commit_that_is_too_large_is_refused(forge: Repository, tmp_path: Path) -> None:
    forge.git("commit", "-q", "--allow-empty", "-F", "-", given=b"x" * (2 << 20))
    assert "is larger than 1 MiB" in refusal(forge, tmp_path)


def test_refs_by_the_million_are_not_read(forge: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policyd.sources.git_store._MOST_REFS_BYTES", 20_000)
    head = forge.head()
    forge.git("update-ref", "--stdin", given="".join(f"create refs/heads/b{n} {head}\n" for n in range(500)).encode())
    assert "MiB of refs" in refusal(forge, tmp_path, ref=GitRef(branch="missing"))


def test_a_damaged_object_is_never_read_as_another(forge: Repository, tmp_path: Path) -> None:
    good = forge.head("HEAD:policies/a.yaml")
    with pytest.raises(git_objects.BrokenStoreError, match="is damaged"):
        list(git_objects._objects(f"{good} blob 5\na: 2\n\n".encode(), [good]))
    with pytest.raises(git_objects.BrokenStoreError, match="is not there"):
        list(git_objects._objects(f"{good} missing\n".encode(), [good]))
    assert list(git_objects._objects(f"{good} blob 5\na: 1\n\n".encode(), [good])) == [("blob", b"a: 1\n")]


def test_reading_never_goes_to_the_network(forge: Repository, tmp_path: Path) -> None:
    """A blob that the server left out would be fetched by git when it is asked for; here it is just not there."""
    forge.commit(big__yaml=os.urandom(3000))
    oid = forge.head("HEAD:policies/big.yaml")
    limits = Limits(file_bytes=1000)
    source = source_of(forge.url, tmp_path / "state", limits)
    refusal(forge, tmp_path, limits)
    folder = os.open(tmp_path / "state/team", os.O_RDONLY | os.O_DIRECTORY)
    try:
        store = Store(Runner(folder, limits), source._remote, Secrets())
        store.ask("config", "remote.origin.url", forge.url)
        with pytest.raises(git_objects.BrokenStoreError):
            store.ask("cat-file", "blob", oid)
    finally:
        os.close(folder)
