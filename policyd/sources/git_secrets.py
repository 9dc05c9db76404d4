"""Secrets of a git source: read from their files at each fetch, and handed to git and ssh without a trace.

They are put into files in memory, which children open through this process's `/proc`; so they are in no argument, no
environment, no URL and on no disk.  `redact` takes them out of whatever a program said.
"""

from __future__ import annotations

import base64
import contextlib
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote as percent_encoded

from policyd.sources.git_run import memory_file
from policyd.sources.source import SourceError
from policyd.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.config.model import Credentials
    from policyd.sources.git_remote import Remote

MAX_SECRET_BYTES = 64 << 10
MAX_KEYS_BYTES = 4 << 20
_TOKEN_USER = "x-access-token"  # noqa: S105 (a name: forges take any user with a token for a password; GitHub documents this one)

_HELPER = '!f() {{ test "$1" = get && cat {path}; }}; f'
"""A credential helper (gitcredentials(7)) that answers `get` only: nothing is ever stored or erased."""

_SSH_OPTIONS = (
    *("BatchMode=yes", "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "GlobalKnownHostsFile=/dev/null"),
    *("IdentitiesOnly=yes", "IdentityAgent=none", "PreferredAuthentications=publickey", "ClearAllForwardings=yes"),
    *("ForwardAgent=no", "PermitLocalCommand=no", "ConnectTimeout=15", "ServerAliveInterval=15", "CheckHostIP=no"),
    *("LogLevel=ERROR", "RequestTTY=no"),
)


def read_secret(path: str, what: str, most: int = MAX_SECRET_BYTES) -> bytes:
    """Return the bytes of a file with a secret; `SourceError` says what it should hold, never what it holds."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        reason = f"{what} cannot be read: {quote(path, 200)}: {error.strerror}"
        raise SourceError(f"{reason}; put it there, readable by policyd", transient=True) from None
    if not data.strip() or len(data) > most:
        size = "empty" if not data.strip() else f"larger than {most:,} bytes"
        raise SourceError(f"{what} cannot be used: {quote(path, 200)} is {size}", transient=True)
    return data


class Secrets:
    """What was read for one fetch.  `environment` and `settings` (git configuration) tell git and ssh where it is."""

    def __init__(self) -> None:
        self.environment: dict[str, str] = {}
        self.settings: list[tuple[str, str]] = []
        self._files = contextlib.ExitStack()
        self._hidden: set[str] = set()

    def hold(self, data: bytes, name: str = "held") -> str:
        """Return a path that children can read `data` from, as often as they like."""
        fd = self._files.enter_context(memory_file(name, data))
        return f"/proc/{os.getpid()}/fd/{fd}"

    def close(self) -> None:
        self._files.close()

    def redact(self, text: str) -> str:
        """Return `text` without any secret in it, as such or in an encoding that git and HTTP use."""
        for secret in sorted(self._hidden, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def log_in(self, remote: Remote, given: Credentials | None) -> None:
        """Read what `given` names and the remote needs; `SourceError`."""
        if given is not None and given.ca_file:
            path = self.hold(read_secret(given.ca_file, "the file of certificate authorities", MAX_KEYS_BYTES))
            self.settings.append(("http.sslCAInfo", path))
        if remote.scheme == "ssh":
            self._use_ssh(given)
        elif remote.scheme == "https" and given is not None and (given.token or given.password):
            self._use_password(remote, given)

    def _use_password(self, remote: Remote, given: Credentials) -> None:
        user = self._line(given.username, "the user's name", hidden=False) if given.username else _TOKEN_USER
        secret = self._line(given.token or given.password, "the token" if given.token else "the password")
        both = f"{user}:{secret}"
        self._hidden |= {both, base64.b64encode(both.encode()).decode()}
        path = self.hold(f"username={user}\npassword={secret}\n".encode())
        self.settings.append((f"credential.{remote.base}.helper", _HELPER.format(path=path)))

    def _line(self, path: str, what: str, *, hidden: bool = True) -> str:
        try:
            text = read_secret(path, what).decode().strip("\r\n")
        except UnicodeDecodeError:
            text = ""
        if not text or not text.isprintable():
            raise SourceError(f"{what} cannot be used: {quote(path, 200)} must hold one line of text")
        if hidden:
            self._hidden |= {text, percent_encoded(text, safe="")}
        return text

    def _use_ssh(self, given: Credentials | None) -> None:
        if given is None or not given.ssh_key or not given.known_hosts:
            raise SourceError("ssh needs `credentials` with `sshKey` and `knownHosts` (ssh-keyscan shows a server's keys)")
        key = read_secret(given.ssh_key, "the ssh key").rstrip() + b"\n"
        self._hidden |= {line for line in key.decode("latin-1").split("\n") if line and not line.startswith("-----")}
        hosts = read_secret(given.known_hosts, "the file of known hosts", MAX_KEYS_BYTES)
        options = (*_SSH_OPTIONS, f"UserKnownHostsFile={self.hold(hosts)}")
        words = ["ssh", "-F", "none", "-i", self.hold(key), *(f"-o{option}" for option in options)]
        self.environment |= {"GIT_SSH_COMMAND": shlex.join(words), "GIT_SSH_VARIANT": "ssh"}


@contextlib.contextmanager
def opened_secrets(remote: Remote, given: Credentials | None) -> Iterator[Secrets]:
    """Read what is needed to log in; it is gone when the block ends."""
    secrets = Secrets()
    try:
        secrets.log_in(remote, given)
        yield secrets
    finally:
        secrets.close()


def git_environment(settings: list[tuple[str, str]]) -> dict[str, str]:
    """Return git configuration as environment variables (git-config(1), GIT_CONFIG_COUNT)."""
    pairs = {"GIT_CONFIG_COUNT": str(len(settings))}
    for index, (key, value) in enumerate(settings):
        pairs |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return pairs
