"""The repository in the state folder: closed to others, and usable again whatever happened to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from git_forge import Forge, https_forge, make_certificate
from git_repos import Repository, source_of

from policyd.config.model import Credentials
from policyd.sources import git_run, git_store
from policyd.sources.source import Mark, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in git_run._PASSED_ON:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def team(tmp_path: Path) -> Repository:
    repository = Repository.new(tmp_path / "forge/team")
    repository.commit(a__yaml="a: 1\n")
    return repository


@pytest.fixture
def forge(team: Repository, tmp_path: Path) -> Iterator[Forge]:
    certificate, key = make_certificate(tmp_path)
    with https_forge(tmp_path / "forge", certificate, key) as served:
        yield served


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def everything(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_state_folder_is_closed_to_others(team: Repository, state: Path) -> None:
    source_of(team.url, state).fetch(Mark())
    assert (state / "team").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("open_it", [
    lambda folder: folder.mkdir(mode=0o755, parents=True),
    lambda folder: (folder.parent.mkdir(), folder.symlink_to("/tmp")),
    lambda folder: (folder.parent.mkdir(), folder.write_text("")),
    lambda folder: (folder.mkdir(mode=0o700, parents=True), os.chown(folder, 12345, 12345)),
])  # fmt: skip
def test_a_state_folder_that_others_can_enter_is_not_used(
    team: Repository, state: Path, open_it: Callable[[Path], object]
) -> None:
    try:
        open_it(state / "team")
    except PermissionError:
        pytest.skip("only root can give a folder away")
    with pytest.raises(SourceError, match=r"the state folder `.*` (must belong|cannot be used)"):
        source_of(team.url, state).fetch(Mark())


@pytest.mark.parametrize("damage", [
    lambda files: [path.write_bytes(b"") for path in files],
    lambda files: [path.write_bytes(b"\xff" * 100) for path in files],
    lambda files: [path.unlink() for path in files],
    lambda files: [path.unlink() for path in files if path.suffix == ".pack"],
    lambda files: [path.write_text("[broken") for path in files if path.name == "config"],
    lambda files: [path.write_text("f" * 40) for path in files if path.name == "fetched"],
    lambda files: [path.write_bytes(path.read_bytes()[:-30] + b"x" * 30) for path in files if path.suffix == ".idx"],
])  # fmt: skip
def test_a_damaged_repository_is_made_anew(team: Repository, state: Path, damage: Callable[[list[Path]], object]) -> None:
    source = source_of(team.url, state)
    first = source.fetch(Mark())
    for path in everything(state):
        path.chmod(0o600)
    damage(everything(state))
    assert source.fetch(Mark(first.commit, first.order)) == first


def test_what_a_killed_git_leaves_is_cleared_away(team: Repository, state: Path) -> None:
    source = source_of(team.url, state)
    source.fetch(Mark())
    repository = state / "team/repository"
    left = ["shallow.lock", "config.lock", "packed-refs.lock", "refs/policyd/fetched.lock", "objects/pack/tmp_pack_x"]
    for name in left:
        (repository / name).write_text("half")
    (repository / "same").touch()
    team.commit(a__yaml="a: 2\n")
    assert source.fetch(Mark()).files[0].data == b"a: 2\n"
    assert not [name for name in left if (repository / name).exists()]
    assert (repository / "same").exists()


def test_an_agent_killed_in_the_middle_of_a_fetch_leaves_a_usable_store(
    forge: Forge, tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge.hold = threading.Event()
    url, authorities = f"{forge.url}/team", f"{tmp_path}/server.pem"
    program = (
        "from pathlib import Path; from git_repos import source_of;"
        "from policyd.config.model import Credentials; from policyd.sources.source import Mark;"
        f"source_of({url!r}, Path({str(state)!r}), credentials=Credentials(ca_file={authorities!r})).fetch(Mark())"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as agent:
        assert forge.reached.wait(60)
        agent.kill()
    assert agent.returncode == -signal.SIGKILL
    with monkeypatch.context() as patch:
        patch.setattr(git_store, "_LOCK_SECONDS", 0.0)
        with pytest.raises(SourceError, match="another policyd uses"):
            source_of(url, state).fetch(Mark())
    forge.hold.set()
    source = source_of(url, state, credentials=Credentials(ca_file=authorities))
    assert source.fetch(Mark()).files[0].data == b"a: 1\n"


def test_closing_ends_a_fetch_and_all_of_its_programs(forge: Forge, tmp_path: Path, state: Path) -> None:
    forge.hold = threading.Event()
    source = source_of(f"{forge.url}/team", state, credentials=Credentials(ca_file=f"{tmp_path}/server.pem"))
    errors: list[SourceError] = []

    def fetch() -> None:
        try:
            source.fetch(Mark())
        except SourceError as error:
            errors.append(error)

    thread = threading.Thread(target=fetch)
    thread.start()
    assert forge.reached.wait(60)
    source.close()
    thread.join(60)
    assert [str(error) for error in errors] == ["stopped while it was fetched"]
    deadline = time.monotonic() + 60
    while users_of(state / "team"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def users_of(folder: Path) -> list[str]:
    """Return the processes other than this one whose working directory is `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int(entry.name) != os.getpid() and (entry / "cwd").readlink() == folder:
                found.append(entry.name)
        except OSError:
            continue
    return found


def test_a_folder_that_another_agent_uses_is_waited_for(
    team: Repository, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_store, "_LOCK_SECONDS", 0.0)
    source = source_of(team.url, state)
    with git_store.opened_folder(state / "team"), pytest.raises(SourceError, match="another policyd uses") as caught:
        source.fetch(Mark())
    assert caught.value.transient
    assert source.fetch(Mark()).files
