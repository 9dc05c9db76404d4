"""Who signed a commit or a tag: SSH signatures by `ssh-keygen`, OpenPGP signatures by `gpg`, with keys from files only.

The bytes that are verified are those of the object whose tree is read.  A key must be good now: what it says about the time
of signing is written by whoever holds it, so an expired key signs nothing, however old the date in the commit is.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.sources.git_run import clean_environment
from policyd.sources.git_secrets import MAX_KEYS_BYTES, read_secret
from policyd.sources.source import SourceError
from policyd.text import quote, safe, safe_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policyd.config.model import Verify
    from policyd.sources.git_objects import Commit, Tag
    from policyd.sources.git_run import Ended, Runner
    from policyd.sources.git_secrets import Secrets

_PGP_KEYS = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
_PGP = (b"-----BEGIN PGP SIGNATURE-----", b"-----BEGIN PGP MESSAGE-----")
_SSH = b"-----BEGIN SSH SIGNATURE-----"
_SIGNATURE_HEADERS = {40: b"gpgsig", 64: b"gpgsig-sha256"}
_TAG_SIGNATURE = re.compile(rb"^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE)-----$", re.MULTILINE)
_GOOD_SSH = re.compile(r'^Good "git" signature for (.+) with \S+ key (SHA256:\S+)$', re.MULTILINE)
_SSH_KEY_TYPE = re.compile(rb"(?:sk-)?(?:ssh|ecdsa)-\S+ AAAA")
_GNUPG = "gnupg"
_WAY_OUT = "; sign it with one of the keys in `verify.keys`, or add the key there"

_PGP_FAULTS = (
    ("REVKEYSIG", "the key is revoked"),
    ("EXPKEYSIG", "the key has expired"),
    ("EXPSIG", "the signature has expired"),
    ("BADSIG", "the signature does not fit what is signed"),
    ("NO_PUBKEY", "the key is not among those that may sign"),
    ("ERRSIG", "the signature cannot be checked"),
)
"""Status lines of gpg (doc/DETAILS), the worst first."""


@dataclass(frozen=True, slots=True)
class _Signed:
    """What is signed, its signature, and what people call it."""

    what: str
    payload: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class _Keys:
    ssh: bytes
    pgp: tuple[bytes, ...]


class Verifier:
    """Checks signatures of one fetch; programs run in the state folder, keys are read when it is made."""

    def __init__(self, rule: Verify, runner: Runner, secrets: Secrets) -> None:
        """Raise `SourceError` for keys that cannot be read."""
        self._mode, self._runner, self._secrets = rule.mode, runner, secrets
        self._keys = _read_keys(rule.keys)

    def check(self, commit: Commit, tag: Tag | None, ref: str) -> str:
        """Return who signed; `SourceError` (refused) if what must be signed is not, or by nobody that we know."""
        signers = []
        if self._mode in ("Tag", "TagAndHEAD"):
            signers.append(self._check(_signed_tag(tag, ref)))
        if self._mode in ("HEAD", "TagAndHEAD"):
            signers.append(self._check(_signed_commit(commit)))
        return ", ".join(dict.fromkeys(signers))

    def _check(self, signed: _Signed) -> str:
        if signed.signature.startswith(_SSH):
            return self._check_ssh(signed)
        if signed.signature.startswith(_PGP):
            return self._check_pgp(signed)
        raise _refused(f"{signed.what} has a signature of an unknown kind (neither SSH nor OpenPGP)")

    # -- SSH -------------------------------------------------------------------------------------------------------

    def _check_ssh(self, signed: _Signed) -> str:
        if not self._keys.ssh:
            raise _refused(f"{signed.what} is signed with an SSH key, and `verify.keys` has no allowed_signers file")
        signature = self._secrets.hold(signed.signature)
        allowed = self._secrets.hold(self._keys.ssh)
        found = self._ssh_keygen("find-principals", signature, allowed)
        for principal in found.output.decode("utf-8", "surrogateescape").splitlines():
            name = next((part for part in principal.split(",") if not part.startswith("!")), "")
            who = ("-I", name, "-n", "git")
            good = _GOOD_SSH.search(_text(self._ssh_keygen("verify", signature, allowed, *who, given=signed.payload)))
            if good:
                return safe(f"{good[1]} ({good[2]})", 200)
        if found.status == 0:
            reason = "the signature does not fit what is signed, or its key may not sign commits (namespace `git`)"
        else:
            expired = "expired" in found.said or "not yet valid" in found.said
            reason = "the key is not valid now (expired)" if expired else "the key is not among those that may sign"
        raise _refused(f"{signed.what} is not accepted: {reason}")

    def _ssh_keygen(self, action: str, signature: str, allowed: str, *more: str, given: bytes = b"") -> Ended:
        return self._runner.run(["ssh-keygen", "-Y", action, "-s", signature, "-f", allowed, *more], {}, given)

    # -- OpenPGP ---------------------------------------------------------------------------------------------------

    def _check_pgp(self, signed: _Signed) -> str:
        if not self._keys.pgp:
            raise _refused(f"{signed.what} is signed with OpenPGP, and `verify.keys` has no OpenPGP public keys")
        with _own_home(self._runner.folder):
            for keys in self._keys.pgp:
                if self._gpg("--import", given=keys).status:
                    raise SourceError(
                        "a file of `verify.keys` cannot be imported by gpg; export it with `gpg --export --armor`"
                    )
            signature = self._secrets.hold(signed.signature)
            done = self._gpg("--verify", "--", signature, "-", given=signed.payload)
        rows = [line.split(" ", 2)[1:] for line in _text(done).splitlines() if line.startswith("[GNUPG:] ")]
        facts = {name: rest for name, *rest in rows}
        for name, reason in _PGP_FAULTS:
            if name in facts:
                raise _refused(f"{signed.what} is not accepted: {reason}")
        names = [name for name, *_ in rows]
        if done.status or names.count("GOODSIG") != 1 or names.count("VALIDSIG") != 1:
            raise _refused(f"{signed.what} is not accepted: it has no single good signature")
        fingerprint = facts["VALIDSIG"][0].split(" ")[-1]
        return safe(f"{facts['GOODSIG'][0].partition(' ')[2]} ({fingerprint})", 200)

    def _gpg(self, *words: str, given: bytes) -> Ended:
        safely = ("--no-options", "--homedir", _GNUPG, "--batch", "--no-tty", "--no-autostart", "--no-auto-key-locate")
        trust = ("--no-auto-key-retrieve", "--trust-model", "always", "--weak-digest", "SHA1", "--status-fd", "1")
        return self._runner.run(["gpg", *safely, *trust, *words], clean_environment(), given)


def _read_keys(paths: Sequence[str]) -> _Keys:
    """Tell SSH `allowed_signers` from OpenPGP keys, armored or not (RFC 9580: every packet begins with the high bit)."""
    ssh, pgp = b"", []
    for path in paths:
        data = read_secret(path, "a file of `verify.keys`", MAX_KEYS_BYTES)
        if _PGP_KEYS in data or data[0] & 0x80:
            pgp.append(data)
        elif _SSH_KEY_TYPE.match(data):
            raise SourceError(
                f"{quote(path, 200)} is a public key; an allowed_signers file has a name before it, as"
                f" `alice@example.com {safe_bytes(data[:30])}…` (ssh-keygen(1), ALLOWED SIGNERS)"
            )
        else:
            ssh += data.rstrip(b"\n") + b"\n"
    return _Keys(ssh, tuple(pgp))


def _signed_commit(commit: Commit) -> _Signed:
    """Take a commit apart as git does: the payload is the commit without its signatures' headers."""
    head, blank, message = commit.raw.partition(b"\n\n")
    kept: list[bytes] = []
    signature: list[bytes] = []
    name = b""
    for line in head.split(b"\n"):
        if not line.startswith(b" "):
            name = line.partition(b" ")[0]
        if name not in _SIGNATURE_HEADERS.values():
            kept.append(line)
        elif name == _SIGNATURE_HEADERS[len(commit.oid)]:
            signature.append(line.removeprefix(name + b" ").removeprefix(b" "))
    what = f"commit {commit.oid[:12]}"
    if not signature:
        raise _refused(f"{what} is not signed")
    return _Signed(what, b"\n".join(kept) + blank + message, b"\n".join(signature) + b"\n")


def _signed_tag(tag: Tag | None, ref: str) -> _Signed:
    """Take a tag apart: the signature is what begins at the last line that can begin one."""
    if tag is None:
        raise _refused(f"{quote(ref)} is no signed tag: `verify.mode` asks for one (`git tag -s`), and for `ref.tag`")
    if tag.name != ref:
        raise _refused(f"tag {quote(ref)} is the tag {quote(tag.name)} under another name")
    starts = [match.start() for match in _TAG_SIGNATURE.finditer(tag.raw)]
    if not starts:
        raise _refused(f"tag {quote(ref)} is not signed")
    return _Signed(f"tag {quote(ref)}", tag.raw[: starts[-1]], tag.raw[starts[-1] :])


def _refused(reason: str) -> SourceError:
    return SourceError(reason + _WAY_OUT, refused=True)


def _text(done: Ended) -> str:
    return done.output.decode("utf-8", "surrogateescape")


@contextlib.contextmanager
def _own_home(folder: int) -> Iterator[None]:
    """A home for gpg in the state folder, empty before and gone after: it holds public keys only."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(_GNUPG, dir_fd=folder)
    os.mkdir(_GNUPG, mode=0o700, dir_fd=folder)
    try:
        yield
    finally:
        shutil.rmtree(_GNUPG, dir_fd=folder)
