"""Real keys, real signatures: made by git with `ssh-keygen` and `gpg`, checked by the source."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from git_repos import Repository, source_of

from policyd.config.model import GitRef
from policyd.sources.source import Mark, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Signers:
    """Keys of one test run: SSH keys by name, and a home of gpg with OpenPGP keys by address."""

    folder: Path
    home: Path

    def ssh(self, name: str) -> Path:
        key = self.folder / name
        if not key.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key], check=True)
        return key

    def allow(self, *lines: str) -> str:
        """Write an allowed_signers file; `{name}` stands for the key of that name."""
        file = self.folder / f"allowed-{abs(hash(lines))}"
        names = ("alice", "bob")
        keys = {name: self.ssh(name).with_suffix(".pub").read_text().strip() for name in names}
        file.write_text("".join(line.format(**keys) + "\n" for line in lines))
        return str(file)

    def gpg(self, *words: str, given: str = "") -> str:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--pinentry-mode", "loopback", *words]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pgp(self, address: str, expires: str = "never", when: str = "") -> str:
        """Return the fingerprint of a new key."""
        clock = ["--faked-system-time", when] if when else []
        self.gpg(*clock, "--passphrase", "", "--quick-generate-key", address, "ed25519", "sign", expires)
        rows = self.gpg("--with-colons", "--list-keys", address).splitlines()
        return next(row.split(":")[9] for row in rows if row.startswith("fpr"))

    def public(self, fingerprint: str, *, armored: bool = True) -> str:
        file = self.folder / f"{fingerprint}-{armored}"
        file.unlink(missing_ok=True)
        self.gpg(*(["--armor"] if armored else []), "--output", str(file), "--export", fingerprint)
        return str(file)


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signers]:
    home = Path(tempfile.mkdtemp(prefix="gpg", dir="/tmp"))  # a socket's path must be short
    try:
        yield Signers(tmp_path_factory.mktemp("signers"), home)
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
        shutil.rmtree(home)


@pytest.fixture(scope="module")
def carol(signers: Signers) -> str:
    return signers.pgp("carol@example.com")


@pytest.fixture
def forge(tmp_path: Path) -> Repository:
    repository = Repository.new(tmp_path / "forge")
    repository.write(a__yaml="a: 1\n")
    return repository


def sign_with(forge: Repository, signers: Signers, *, ssh: str = "", pgp: str = "") -> None:
    """Let `-S` and `-s` sign with this key from now on."""
    forge.git("config", "gpg.format", "ssh" if ssh else "openpgp")
    forge.git("config", "user.signingKey", str(signers.ssh(ssh)) if ssh else f"{pgp}!")
    program = forge.path / ".git/gpg"
    program.write_text(f'#!/bin/sh\nexec gpg --homedir {signers.home} --batch --pinentry-mode loopback "$@"\n')
    program.chmod(0o755)
    forge.git("config", "gpg.openpgp.program", str(program))


def fetch(forge: Repository, state: Path, *keys: str, mode: str = "HEAD", ref: GitRef | None = None):
    return source_of(forge.url, state, verify={"mode": mode, "keys": keys}, ref=ref or GitRef()).fetch(Mark())


def refusal(forge: Repository, state: Path, *keys: str, mode: str = "HEAD", ref: GitRef | None = None) -> str:
    with pytest.raises(SourceError) as caught:
        fetch(forge, state, *keys, mode=mode, ref=ref)
    assert caught.value.refused
    assert "verify.keys" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("line", [
    "alice@example.com {alice}",
    'alice@example.com namespaces="git" {alice}',
    "!mallory@example.com,alice@example.com,al@example.com {alice}",
    'alice@example.com valid-after="20200101",valid-before="20990101" {alice}',
])  # fmt: skip
def test_a_commit_signed_with_an_allowed_ssh_key_is_accepted(
    signers: Signers, forge: Repository, tmp_path: Path, line: str
) -> None:
    sign_with(forge, signers, ssh="alice")
    head = forge.commit("-S")
    bundle = fetch(forge, tmp_path, signers.allow("bob@example.com {bob}", line))
    fingerprint = subprocess.run(["ssh-keygen", "-lf", signers.ssh("alice")], capture_output=True, text=True, check=True)
    assert bundle.commit == head
    assert bundle.signer == f"alice@example.com ({fingerprint.stdout.split()[1]})"


@pytest.mark.parametrize(("line", "reason"), [
    ("bob@example.com {bob}", "the key is not among those that may sign"),
    ('alice@example.com valid-before="20200101" {alice}', "the key is not valid now"),
    ('alice@example.com valid-after="20990101" {alice}', "the key is not valid now"),
    ('alice@example.com namespaces="file" {alice}', "may not sign commits|not among those"),
    ('alice@example.com cert-authority {alice}', "not among those"),
])  # fmt: skip
def test_an_ssh_key_that_may_not_sign_is_refused(
    signers: Signers, forge: Repository, tmp_path: Path, line: str, reason: str
) -> None:
    sign_with(forge, signers, ssh="alice")
    forge.commit("-S")
    assert re.search(reason, refusal(forge, tmp_path, signers.allow(line)))


def test_a_certificate_of_an_authority_that_is_trusted_is_accepted(
    signers: Signers, forge: Repository, tmp_path: Path
) -> None:
    authority, key = signers.ssh("bob"), signers.ssh("frank")
    public = key.with_suffix(".pub")
    subprocess.run(["ssh-keygen", "-q", "-s", authority, "-I", "id", "-n", "frank@example.com", public], check=True)
    sign_with(forge, signers, ssh="frank")
    forge.git("config", "user.signingKey", str(key.with_name("frank-cert.pub")))
    shutil.copy(key, key.with_name("frank-cert"))
    forge.commit("-S")
    keys = signers.allow('*@example.com cert-authority,namespaces="git" {bob}')
    assert fetch(forge, tmp_path, keys).signer.startswith("frank@example.com (SHA256:")
    assert "not among those" in refusal(forge, tmp_path, signers.allow("*@example.org cert-authority {bob}"))


def test_an_expired_key_signs_nothing_however_old_the_commit_says_it_is(
    signers: Signers, forge: Repository, tmp_path: Path
) -> None:
    sign_with(forge, signers, ssh="alice")
    forge.hours = -8760 * 3
    forge.commit("-S")
    keys = signers.allow('alice@example.com valid-before="20250101" {alice}')
    assert forge.git("-c", f"gpg.ssh.allowedSignersFile={keys}", "verify-commit", "HEAD") == ""  # git believes the date
    assert "the key is not valid now (expired)" in refusal(forge, tmp_path, keys)


def test_an_unsigned_commit_is_refused(signers: Signers, forge: Repository, tmp_path: Path) -> None:
    head = forge.commit()
    assert f"commit {head[:12]} is not signed; sign it with" in refusal(forge, tmp_path, signers.allow("a {alice}"))


def test_a_signed_commit_that_was_changed_is_refused(signers: Signers, forge: Repository, tmp_path: Path) -> None:
    sign_with(forge, signers, ssh="alice")
    forge.commit("-S")
    raw = subprocess.run(["git", "cat-file", "commit", "HEAD"], cwd=forge.path, capture_output=True, check=True).stdout
    forge.write(a__yaml="a: evil\n")
    forge.git("add", "--all")
    tree = forge.git("write-tree").encode()
    forged = b"tree " + tree + raw[raw.index(b"\n") :]
    forge.git("update-ref", "HEAD", forge.git("hash-object", "-t", "commit", "-w", "--stdin", given=forged))
    keys = signers.allow("alice@example.com {alice}")
    assert "the signature does not fit what is signed" in refusal(forge, tmp_path, keys)


def test_a_signature_that_is_no_signature_is_refused(signers: Signers, forge: Repository, tmp_path: Path) -> None:
    forge.commit()
    raw = subprocess.run(["git", "cat-file", "commit", "HEAD"], cwd=forge.path, capture_output=True, check=True).stdout
    keys = signers.allow("alice@example.com {alice}")
    for junk in (b"-----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----", b"-----BEGIN SIGNED MESSAGE-----"):
        forged = raw.replace(b"\n\n", b"\ngpgsig " + junk + b"\n\n", 1)
        forge.git("update-ref", "HEAD", forge.git("hash-object", "-t", "commit", "-w", "--stdin", given=forged))
        refusal(forge, tmp_path, keys)


@pytest.mark.parametrize("armored", [True, False])
def test_a_commit_signed_with_an_openpgp_key_is_accepted(
    signers: Signers, carol: str, forge: Repository, tmp_path: Path, armored: bool
) -> None:
    sign_with(forge, signers, pgp=carol)
    forge.commit("-S")
    keys = signers.public(carol, armored=armored)
    assert fetch(forge, tmp_path / "state", signers.allow("a {bob}"), keys).signer == f"carol@example.com ({carol})"
    assert not list((tmp_path / "state").rglob("gnupg"))


def test_an_openpgp_signature_that_is_not_good_is_refused(
    signers: Signers, carol: str, forge: Repository, tmp_path: Path
) -> None:
    dave = signers.pgp("dave@example.com")
    sign_with(forge, signers, pgp=dave)
    forge.commit("-S")
    assert "the key is not among those" in refusal(forge, tmp_path, signers.public(carol))
    assert "no OpenPGP public keys" in refusal(forge, tmp_path, signers.allow("a {alice}"))
    revocation = signers.home / f"openpgp-revocs.d/{dave}.rev"
    signers.gpg("--import", given=revocation.read_text().replace(":-----BEGIN", "-----BEGIN"))
    assert "the key is revoked" in refusal(forge, tmp_path, signers.public(dave))


def test_an_expired_openpgp_key_is_refused(signers: Signers, forge: Repository, tmp_path: Path) -> None:
    erin = signers.pgp("erin@example.com", "1d", "20200101T000000!")
    sign_with(forge, signers, pgp=erin)
    program = forge.path / ".git/gpg"
    program.write_text(program.read_text().replace("--batch", "--batch --faked-system-time 20200101T010000!"))
    forge.commit("-S")
    assert "the key has expired" in refusal(forge, tmp_path, signers.public(erin))


def test_a_signed_tag_is_accepted_and_an_unsigned_one_is_not(signers: Signers, forge: Repository, tmp_path: Path) -> None:
    keys = signers.allow("alice@example.com {alice}")
    sign_with(forge, signers, ssh="alice")
    forge.commit()
    forge.git("tag", "-s", "-m", "a release", "v1")
    forge.git("tag", "-a", "-m", "no release", "v2")
    forge.git("tag", "v3")
    assert fetch(forge, tmp_path, keys, mode="Tag", ref=GitRef(tag="v1")).signer.startswith("alice@example.com")
    assert "tag `v2` is not signed" in refusal(forge, tmp_path, keys, mode="Tag", ref=GitRef(tag="v2"))
    assert "is no signed tag" in refusal(forge, tmp_path, keys, mode="Tag", ref=GitRef(tag="v3"))
    assert "is no signed tag" in refusal(forge, tmp_path, keys, mode="Tag", ref=GitRef(branch="main"))
    assert "is not signed" in refusal(forge, tmp_path, keys, mode="TagAndHEAD", ref=GitRef(tag="v1"))
    forge.commit("-S")
    forge.git("tag", "-s", "-m", "a release", "v4")
    both = fetch(forge, tmp_path, keys, mode="TagAndHEAD", ref=GitRef(tag="v4"))
    assert both.signer.count("alice") == 1


def test_a_signed_tag_under_another_name_is_refused(signers: Signers, forge: Repository, tmp_path: Path) -> None:
    sign_with(forge, signers, ssh="alice")
    forge.commit()
    forge.git("tag", "-s", "-m", "an old release", "v1")
    forge.git("update-ref", "refs/tags/v2", forge.head("v1"))
    keys = signers.allow("alice@example.com {alice}")
    assert "tag `v2` is the tag `v1` under another name" in refusal(forge, tmp_path, keys, mode="Tag", ref=GitRef(tag="v2"))


def test_keys_that_cannot_be_used_are_said(signers: Signers, forge: Repository, tmp_path: Path) -> None:
    sign_with(forge, signers, ssh="alice")
    forge.commit("-S")
    empty = tmp_path / "empty"
    empty.write_text("")
    for keys, message in (
        (str(signers.ssh("alice").with_suffix(".pub")), "is a public key; an allowed_signers file has a name before it"),
        (str(empty), "is empty"),
        (str(tmp_path / "missing"), "No such file or directory"),
    ):
        with pytest.raises(SourceError, match=message):
            fetch(forge, tmp_path / "state", keys)


def test_what_is_verified_is_what_is_read_while_somebody_pushes(signers: Signers, forge: Repository, tmp_path: Path) -> None:
    """A writer flips the branch between a signed commit and an unsigned one on top of it, as fast as it can."""
    sign_with(forge, signers, ssh="alice")
    good = forge.commit("-S", a__yaml="a: good\n")
    evil = forge.commit(a__yaml="a: evil\n")
    keys = signers.allow("alice@example.com {alice}")
    source = source_of(forge.url, tmp_path / "state", verify={"keys": (keys,)}, ref=GitRef(branch="main"))
    ending = threading.Event()

    def flip() -> None:
        ref = forge.path / ".git/refs/heads/main"
        while not ending.is_set():
            for commit in (good, evil):
                aside = ref.with_suffix(".new")
                aside.write_text(commit + "\n")
                aside.rename(ref)
                ending.wait(0.003)

    writer = threading.Thread(target=flip)
    writer.start()
    seen = {"good": 0, "refused": 0}
    try:
        for _ in range(200):
            try:
                bundle = source.fetch(Mark())
            except SourceError as error:
                assert "is not signed" in str(error) or error.transient  # noqa: PT017
                seen["refused"] += 1
            else:
                assert (bundle.commit, bundle.files[0].data) == (good, b"a: good\n")
                seen["good"] += 1
            if min(seen.values()) >= 3:
                break
    finally:
        ending.set()
        writer.join()
    assert min(seen.values()) >= 3
