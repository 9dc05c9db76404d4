"""The bare repository of one source: a folder that only its user can enter, which git fetches into and reads from.

There is no work tree, and nothing of a repository is ever a file here: no hook, symbolic link, filter or submodule can
act.  The folder is held open and locked while it is used; what does not work any more is removed and fetched again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.sources.git_errors import explain, shortened
from policyd.sources.git_remote import OBJECT_ID, Ref, Remote
from policyd.sources.git_run import Ended, Runner, TooMuchError
from policyd.sources.git_secrets import Secrets, git_environment
from policyd.sources.source import SourceError
from policyd.text import did_you_mean, quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REPOSITORY = "repository"
_FETCHED = "refs/policyd/fetched"
_MOST_REFS_BYTES = 8 << 20
_MOST_PACKS = 16
_LOCK_SECONDS = 10.0

_SETTINGS = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.askPass", ""),
    ("core.bigFileThreshold", "4m"),
    ("core.packedGitWindowSize", "16m"),
    ("core.packedGitLimit", "128m"),
    ("core.deltaBaseCacheLimit", "16m"),
    ("pack.threads", "1"),
    ("pack.windowMemory", "64m"),
    ("credential.helper", ""),
    ("transfer.fsckObjects", "true"),
    ("transfer.bundleURI", "false"),
    ("fetch.unpackLimit", "1"),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.writeCommitGraph", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("http.followRedirects", "false"),
    ("http.sslVerify", "true"),
    ("http.lowSpeedLimit", "100"),
    ("http.lowSpeedTime", "30"),
    ("http.userAgent", "policyd"),
    ("advice.fetchShowForcedUpdates", "false"),
)

_ENVIRONMENT = {
    "GIT_DIR": _REPOSITORY,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "SSH_ASKPASS": "/bin/false",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_SSH_COMMAND": "/bin/false",
}


class BrokenStoreError(Exception):
    """The repository in the state folder cannot be read: it is to be made anew."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the remote has: an object's id, and the name that people know it by."""

    oid: str
    name: str


class Store:
    """A repository that is open; made by `opened_store`."""

    def __init__(self, runner: Runner, remote: Remote, secrets: Secrets) -> None:
        self.runner, self.remote, self.secrets = runner, remote, secrets
        self.limits = runner.limits

    # -- the remote ------------------------------------------------------------------------------------------------

    def find(self, ref: Ref) -> Seen:
        """Ask the remote what `ref` is now; `SourceError`.  Nothing is fetched."""
        if ref.kind == "commit":
            return Seen(ref.name, "commit")
        only = {"branch": ["--heads"], "tag": ["--tags"]}.get(ref.kind, [])
        lines = self._refs([*only, "--symref"], ref.full)
        oid = next((first for first, name in lines if name == ref.full and OBJECT_ID.fullmatch(first)), "")
        if not oid:
            raise self._missing(ref)
        target = next((first for first, name in lines if name == "HEAD" and first.startswith("ref: refs/heads/")), "")
        return Seen(oid, target.removeprefix("ref: refs/heads/") if ref.kind == "HEAD" and target else ref.name)

    def _refs(self, options: list[str], *patterns: str) -> list[tuple[str, str]]:
        """Return (object id or `ref: …`, name) of refs of the remote."""
        try:
            done = self._remotely(
                ["ls-remote", "--quiet", *options, "--end-of-options", "origin", *patterns], _MOST_REFS_BYTES
            )
        except TooMuchError:
            raise SourceError(f"the remote names more than {_MOST_REFS_BYTES >> 20} MiB of refs", refused=True) from None
        text = done.output.decode("utf-8", "surrogateescape")
        return [(first, name) for first, _, name in (line.partition("\t") for line in text.splitlines())]

    def _missing(self, ref: Ref) -> SourceError:
        names = [name for _, name in self._refs([]) if not name.endswith("^{}")]
        if not names:
            return SourceError("the repository is empty: push a first commit", transient=True)
        heads = [name.removeprefix("refs/heads/") for name in names if name.startswith("refs/heads/")]
        tags = [name.removeprefix("refs/tags/") for name in names if name.startswith("refs/tags/")]
        if ref.kind == "HEAD":
            return SourceError("the repository's HEAD names a branch that is not there; name a branch in `ref`")
        other, kind = (tags, "tag") if ref.kind == "branch" else (heads, "branch")
        hint = f"there is a {kind} of that name" if ref.name in other else ""
        hint = hint or did_you_mean(ref.name, heads if ref.kind == "branch" else tags) or "check `ref`"
        return SourceError(f"{ref} is not there (any more): {hint}; what runs stays")

    def fetch(self, ref: Ref, depth: int) -> str:
        """Fetch `depth` commits of what `ref` is now; return the id of the object that it names.  `SourceError`."""
        options = ["--quiet", "--force", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-gc"]
        sizes = [f"--depth={depth}", f"--filter=blob:limit={self.limits.file_bytes + 1}"]
        self._remotely(["fetch", *options, *sizes, "--end-of-options", "origin", f"+{ref.full}:{_FETCHED}"])
        return self.fetched()

    def _remotely(self, words: list[str], most: int = 1 << 16) -> Ended:
        done = self._git(words, self.remote.scheme, most)
        if done.status:
            said = self.secrets.redact(done.said)
            error = explain(done.status, said)
            if error is None:
                raise BrokenStoreError(shortened(said) or f"git {words[0]} ended with status {done.status}")
            raise error
        return done

    # -- what is here ----------------------------------------------------------------------------------------------

    def fetched(self) -> str:
        """Return the id of the object that was fetched last; empty if there is none."""
        done = self.ask("rev-parse", "--quiet", "--verify", "--end-of-options", _FETCHED, accepted=(0, 1, 128))
        return done.output.decode("ascii", "replace").strip()

    def ask(self, *words: str, given: bytes = b"", most: int = 1 << 16, accepted: tuple[int, ...] = (0,)) -> Ended:
        """Run git on what is here, with no way to the network; `BrokenStoreError` for another status than `accepted`."""
        done = self._git(list(words), "none", most, given)
        if done.status not in accepted:
            raise BrokenStoreError(shortened(self.secrets.redact(done.said)) or f"git {words[0]}: status {done.status}")
        return done

    def _git(self, words: list[str], protocol: str, most: int, given: bytes = b"") -> Ended:
        settings = [*_SETTINGS, ("remote.origin.url", self.remote.url)] if protocol != "none" else list(_SETTINGS)
        settings += self.secrets.settings if protocol != "none" else []
        environment = _ENVIRONMENT | {"GIT_ALLOW_PROTOCOL": protocol} | git_environment(settings)
        environment |= self.secrets.environment if protocol != "none" else {}
        return self.runner.run(["git", *words], environment, given, most)

    # -- the folder ------------------------------------------------------------------------------------------------

    def prepare(self, oid: str) -> None:
        """See to it that there is a repository for objects with names like `oid`, with no leftovers of a killed git."""
        form = "sha256" if len(oid) == 64 else "sha1"
        if self._form() not in ("", form):
            self.remove()
        if not self._form():
            self.remove()
            self.ask("init", "--quiet", "--bare", "--template=", f"--object-format={form}", "--initial-branch=none")
        self._sweep()

    def _form(self) -> str:
        """Return how the objects of the repository are named; empty if there is none that works."""
        done = self.ask("rev-parse", "--show-object-format", accepted=(0, 128))
        return "" if done.status else done.output.decode("ascii", "replace").strip()

    def _sweep(self) -> None:
        """Remove locks and half-written packs of a git that was killed: the lock on the folder says that none runs."""
        packs = 0
        for _, _, names, folder in os.fwalk(_REPOSITORY, dir_fd=self.runner.folder):
            for name in names:
                packs += name.endswith(".pack")
                if name.endswith(".lock") or name.startswith("tmp_"):
                    os.unlink(name, dir_fd=folder)
        if packs > _MOST_PACKS:
            self.ask("repack", "-a", "-d", "-q")

    def remove(self) -> None:
        """Remove the repository: the next fetch makes it anew."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(_REPOSITORY, dir_fd=self.runner.folder)


@contextlib.contextmanager
def opened_folder(path: Path) -> Iterator[int]:
    """An fd of the state folder at `path` (made if it is not there), locked; `SourceError` if it is not ours alone."""
    try:
        fd = _open(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(f"the state folder {quote(str(path), 200)} cannot be used: {reason}", transient=True) from None
    try:
        _lock(fd, path)
        yield fd
    finally:
        os.close(fd)


def _open(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    facts = os.fstat(fd)
    if facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o077:
        os.close(fd)
        raise SourceError(
            f"the state folder {quote(str(path), 200)} must belong to the user who runs this and be closed to all others;"
            f" chmod 0700 and chown it, or remove it"
        )
    return fd


def _lock(fd: int, path: Path) -> None:
    """Wait for a git of an agent that was killed: it holds the lock until it ends."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise SourceError(
                    f"another policyd uses the state folder {quote(str(path), 200)}: wait for it, or name another folder",
                    transient=True,
                ) from None
            time.sleep(0.1)
