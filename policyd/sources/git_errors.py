"""What git said, as a reason and what to do about it: a table of phrases, looked through from the top.

The phrases are of git (transport.c, fetch-pack.c, http.c, fsck.c), curl and OpenSSH, in English (`LC_ALL=C`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from policyd.sources.source import SourceError
from policyd.text import safe

_MOST_SHOWN = 200
_TELLING = re.compile(r"^(?:fatal|error|ssh|kex_exchange_identification|Permission denied|Host key)\b.*", re.MULTILINE)
_PREFIX = re.compile(r"^(?:fatal|error): ")


@dataclass(frozen=True, slots=True)
class _Row:
    phrase: str
    what: str
    advice: str = ""
    transient: bool = False
    refused: bool = False


_ROWS = (
    _Row(r"Could not resolve host", "its host has no address", "check the URL and this host's DNS", transient=True),
    _Row(
        r"Failed to connect|Couldn't connect|Connection (refused|timed out|reset)|No route to host|Network is unreachable"
        r"|Operation timed out",
        "its host cannot be reached",
        "check the URL, the network and the proxy",
        transient=True,
    ),
    _Row(
        r"Host key verification failed|host key is known|HOST IDENTIFICATION HAS CHANGED",
        "the server's key is not in the file of known hosts",
        "compare `ssh-keyscan HOST` with the server's own key, then put it into `knownHosts`",
    ),
    _Row(
        r"Permission denied \(|Load key|invalid format|Too many authentication failures",
        "the server does not take the ssh key",
        "check `sshKey` (it can have no passphrase) and that its public key may read this repository",
    ),
    _Row(
        r"certificate|SSL routines|gnutls_handshake|TLS",
        "no trusted connection could be made",
        "check the server's certificate; a private authority goes into `caFile`",
    ),
    _Row(
        r"could not read (Username|Password)|terminal prompts disabled|Authentication failed|returned error: (401|403)",
        "the server does not accept these credentials",
        "check the files in `credentials`, and that this user may read the repository (private ones look like missing ones)",
    ),
    _Row(
        r"returned error: 3\d\d|unable to update url base from redirection",
        "the server answers with another URL, which is not followed",
        "write that URL into the configuration",
    ),
    _Row(r"returned error: (429|5\d\d)", "the server cannot answer now", transient=True),
    _Row(
        r"returned error: 404|[Rr]epository .*not found|does not appear to be a git repository|No such file or directory",
        "there is no repository at this address",
        "check the URL; a private repository looks missing without `credentials`",
    ),
    _Row(
        r"dubious ownership",
        "the repository belongs to another user",
        "give it to root, or fetch it by ssh or https",
        refused=True,
    ),
    _Row(
        r"not our ref|unadvertised object|no such remote ref|couldn't find remote ref|upload-pack: not our",
        "what is followed is not there (any more)",
        "check `ref`",
    ),
    _Row(
        r"fsck error|fsck-objects|fsckObjects|index-pack abnormal exit|invalid index-pack|unpack-objects",
        "git refuses what it was sent",
        "look for the named object with `git fsck --strict`, and remove it from the history",
        refused=True,
    ),
    _Row(r"No space left on device", "this host's disk is full", "make room in the state folder", transient=True),
    _Row(
        r"Operation too slow|RPC failed|early EOF|hung up unexpectedly|unexpected disconnect|Could not read from remote"
        r"|remote end hung up",
        "the connection broke",
        transient=True,
    ),
    _Row(r"transport '.*' not allowed", "the server wants another protocol, which is not allowed", refused=True),
    _Row(r"mismatched algorithms", "its objects have names of another kind (SHA-1, SHA-256) than before", transient=True),
)
_TOO_LARGE = _Row(
    r"File too large|died of signal 25|[Oo]ut of memory|malloc failed|mmap failed|Cannot allocate|exceeds maximum"
    r"|\A(?:(?!fatal|error).*\n)*fatal: fetch-pack: invalid index-pack output",  # index-pack was killed: it said nothing
    "it is larger than one fetch may be",
    "keep policies in a repository of their own",
    refused=True,
)
_KILLED_BY_SIZE = 128 + 25  # SIGXFSZ, as a shell and timeout(1) report it


def explain(status: int, said: str) -> SourceError | None:
    """Return the error for what git said before it failed; None if nobody knows what it means."""
    rows = (_TOO_LARGE, *_ROWS)
    row = _TOO_LARGE if status == _KILLED_BY_SIZE else next((row for row in rows if re.search(row.phrase, said)), None)
    if row is None:
        return None
    quoted = shortened(said)
    message = row.what + (f" ({quoted})" if quoted else "") + (f"; {row.advice}" if row.advice else "")
    return SourceError(message, transient=row.transient, refused=row.refused)


def shortened(said: str) -> str:
    """Return the telling line of what git said, safe to show."""
    lines = _TELLING.findall(said) or [line for line in said.splitlines() if line.strip()][-1:]
    return safe(_PREFIX.sub("", lines[0].strip()), _MOST_SHOWN) if lines else ""
