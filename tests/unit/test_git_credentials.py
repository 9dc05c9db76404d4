"""Logging in to real servers; and no secret where somebody else could see it."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from git_forge import Forge, https_forge, make_certificate, ssh_forge
from git_repos import Repository, source_of

from policyd.config.model import Credentials
from policyd.sources import git_run
from policyd.sources.source import Mark, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "s3cret/word+%"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in git_run._PASSED_ON:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forge")
    make_certificate(folder)
    Repository.new(folder / "team").commit(a__yaml="a: 1\n")
    return folder


@pytest.fixture
def forge(shared: Path) -> Iterator[Forge]:
    with https_forge(shared, shared / "server.pem", shared / "server.key") as served:
        yield served


@pytest.fixture
def given(tmp_path: Path, shared: Path) -> dict[str, str]:
    """Files of credentials for https."""
    (tmp_path / "user").write_text("robot\n")
    (tmp_path / "password").write_text(SECRET + "\n")
    return {"username": f"{tmp_path}/user", "password": f"{tmp_path}/password", "ca_file": f"{shared}/server.pem"}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that a process list would show of what was run: arguments and environments."""
    seen: list[str] = []
    start = subprocess.Popen

    def spy(command, **options):
        seen.append(f"{command} {options.get('env')}")
        return start(command, **options)

    monkeypatch.setattr(git_run.subprocess, "Popen", spy)
    return seen


def failure(url: str, state: Path, credentials: dict[str, str]) -> SourceError:
    with pytest.raises(SourceError) as caught:
        source_of(url, state, credentials=Credentials(**credentials)).fetch(Mark())
    encoded = base64.b64encode(f"robot:{SECRET}".encode()).decode()
    assert not [word for word in (SECRET, encoded, "s3cret") if word in str(caught.value)]
    return caught.value


def test_a_password_reaches_the_server_and_nobody_else(
    forge: Forge, given: dict[str, str], tmp_path: Path, runs: list[str]
) -> None:
    forge.users = {"robot": SECRET}
    source = source_of(f"{forge.url}/team", tmp_path / "state", credentials=Credentials(**given))
    assert source.fetch(Mark()).files[0].data == b"a: 1\n"
    encoded = base64.b64encode(f"robot:{SECRET}".encode()).decode()
    assert runs
    assert not [run for run in runs if "s3cret" in run or encoded in run]
    stored = [path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert not [data for data in stored if b"s3cret" in data]


def test_a_token_is_the_password_of_a_user_that_forges_know(forge: Forge, given: dict[str, str], tmp_path: Path) -> None:
    forge.users = {"x-access-token": SECRET}
    token = Credentials(token=given["password"], ca_file=given["ca_file"])
    assert source_of(f"{forge.url}/team", tmp_path / "state", credentials=token).fetch(Mark()).files


def test_credentials_are_read_at_each_fetch(forge: Forge, given: dict[str, str], tmp_path: Path) -> None:
    forge.users = {"robot": "another"}
    source = source_of(f"{forge.url}/team", tmp_path / "state", credentials=Credentials(**given))
    with pytest.raises(SourceError, match="does not accept these credentials") as caught:
        source.fetch(Mark())
    assert "s3cret" not in str(caught.value)
    Path(given["password"]).write_text("another")
    assert source.fetch(Mark()).files


def test_a_server_that_asks_without_credentials_is_said(forge: Forge, given: dict[str, str], tmp_path: Path) -> None:
    forge.users = {"robot": SECRET}
    error = failure(f"{forge.url}/team", tmp_path / "state", {"ca_file": given["ca_file"]})
    assert "does not accept these credentials" in str(error)


def test_the_passwords_of_this_user_are_not_sent(
    forge: Forge, given: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """curl would look into `~/.netrc`."""
    forge.users = {"robot": SECRET}
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1 login robot password {SECRET}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    error = failure(f"{forge.url}/team", tmp_path / "state", {"ca_file": given["ca_file"]})
    assert "does not accept these credentials" in str(error)


def test_a_server_that_nobody_vouches_for_gets_no_password(forge: Forge, given: dict[str, str], tmp_path: Path) -> None:
    del given["ca_file"]
    error = failure(f"{forge.url}/team", tmp_path / "state", given)
    assert "no trusted connection" in str(error)
    assert "`caFile`" in str(error)
    assert forge.requests == []


def test_another_server_that_answers_instead_gets_no_password(
    forge: Forge, given: dict[str, str], tmp_path: Path, shared: Path
) -> None:
    with https_forge(shared, shared / "server.pem", shared / "server.key") as thief:
        thief.users = {"robot": SECRET}
        forge.status, forge.location = 302, f"{thief.url}/team/info/refs?service=git-upload-pack"
        error = failure(f"{forge.url}/team", tmp_path / "state", given)
        assert "answers with another URL, which is not followed" in str(error)
        assert thief.requests == []


@pytest.mark.parametrize(("status", "message", "transient"), [
    (404, "no repository at this address", False), (500, "cannot answer now", True), (503, "cannot answer now", True),
    (429, "cannot answer now", True), (403, "does not accept these credentials", False),
])  # fmt: skip
def test_what_a_server_answers_is_said_in_words(
    forge: Forge, given: dict[str, str], tmp_path: Path, status: int, message: str, transient: bool
) -> None:
    forge.status = status
    error = failure(f"{forge.url}/team", tmp_path / "state", given)
    assert message in str(error)
    assert error.transient == transient


def test_a_server_that_repeats_the_password_does_not_get_it_into_a_message(
    forge: Forge, given: dict[str, str], tmp_path: Path
) -> None:
    forge.users, forge.echo = {"robot": SECRET}, True
    assert "remote error: Basic *** *** robot%3A***" in str(failure(f"{forge.url}/team", tmp_path / "state", given))


def test_a_server_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    for url in ("https://127.0.0.1:9/team", "https://nowhere.invalid/team"):
        error = failure(url, tmp_path / "state", {})
        assert error.transient
        assert "check the URL" in str(error)


def test_a_repository_that_is_not_there_is_said(forge: Forge, given: dict[str, str], tmp_path: Path) -> None:
    assert "no repository at this address" in str(failure(f"{forge.url}/other", tmp_path / "state", given))


@pytest.mark.parametrize("content", ["", "\n", "one\ntwo", "a\0b", "x" * 70_000])
def test_a_secret_that_cannot_be_one_is_said_without_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content)
    error = failure("https://127.0.0.1:9/team", tmp_path / "state", {"token": f"{tmp_path}/token"})
    assert f"the token cannot be used: `{tmp_path}/token`" in str(error)
    missing = failure("https://127.0.0.1:9/team", tmp_path / "state", {"token": f"{tmp_path}/none"})
    assert "the token cannot be read" in str(missing)
    assert missing.transient


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ssh")
    for name in ("host", "robot", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    return folder


def test_ssh_logs_in_with_the_key_to_the_known_host_only(keys: Path, shared: Path, tmp_path: Path, runs: list[str]) -> None:
    with ssh_forge(keys / "host", keys / "robot.pub") as address:
        url, port = f"{address}{shared}/team", address.rpartition(":")[2]
        good, bad = tmp_path / "known", tmp_path / "other"
        good.write_text(f"[127.0.0.1]:{port} " + (keys / "host.pub").read_text())
        bad.write_text(f"[127.0.0.1]:{port} " + (keys / "stranger.pub").read_text())
        key = tmp_path / "key"
        key.write_text((keys / "robot").read_text().rstrip("\n"))  # as secret stores have them
        key.chmod(0o644)
        given = {"ssh_key": str(key), "known_hosts": str(good)}
        assert source_of(url, tmp_path / "state", credentials=Credentials(**given)).fetch(Mark()).files
        assert not [run for run in runs if "PRIVATE KEY" in run]
        unknown = failure(url, tmp_path / "state", given | {"known_hosts": str(bad)})
        assert "the server's key is not in the file of known hosts" in str(unknown)
        denied = failure(url, tmp_path / "state", given | {"ssh_key": str(keys / "stranger")})
        assert "the server does not take the ssh key" in str(denied)
    assert "cannot be reached" in str(failure(url, tmp_path / "state", given))


def test_ssh_without_a_key_or_known_hosts_is_not_tried(tmp_path: Path, runs: list[str]) -> None:
    error = failure("ssh://git@127.0.0.1:9/team", tmp_path / "state", {})
    assert "ssh needs `credentials` with `sshKey` and `knownHosts`" in str(error)
    assert runs == []
