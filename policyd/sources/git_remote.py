"""Where a git repository is, and what is followed of it: the configuration's words, checked again, as git wants them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from policyd.sources.source import SourceError
from policyd.text import is_safe, quote, safe

if TYPE_CHECKING:
    from policyd.config import model

OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
SCHEMES = ("https", "ssh", "file")
_BAD_PARTS = {"", ".", "..", ".git"}


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository's address.  `base` is scheme, host and port: where its credentials may be sent."""

    url: str
    scheme: str
    base: str

    @property
    def where(self) -> str:
        """The address for people; there is never a password in it."""
        return safe(self.url, 200)

    @classmethod
    def of(cls, url: str) -> Remote:
        """Return the address; `SourceError` for one that git must not be given.  A `git+` before it is dropped."""
        url = url.removeprefix("git+")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise SourceError(f"{quote(url, 200)} is no URL; use https://host/repository.git") from None
        if parts.password is not None:
            raise SourceError("the URL holds a password; put it into a file and name that in `credentials`")
        place = not host and parts.path.startswith("/") if parts.scheme == "file" else bool(host)
        if parts.scheme not in SCHEMES or not place or host.startswith("-") or not is_safe(url):
            raise SourceError(f"{quote(url, 200)} cannot be fetched from; use https://, ssh:// or file:///path")
        name = f"[{host}]" if ":" in host else host
        return cls(url, parts.scheme, f"{parts.scheme}://{name}" + (f":{port}" if port else ""))


@dataclass(frozen=True, slots=True)
class Ref:
    """What is followed: `HEAD`, a branch, a tag, or one commit."""

    kind: Literal["HEAD", "branch", "tag", "commit"]
    name: str

    @classmethod
    def of(cls, given: model.GitRef) -> Ref:
        """Return what is given; `SourceError` if that is two things, or no name that git knows."""
        all_kinds = (cls("branch", given.branch), cls("tag", given.tag), cls("commit", given.commit))
        named = [ref for ref in all_kinds if ref.name]
        if len(named) > 1:
            raise SourceError("a source follows one ref: a branch, a tag or a commit")
        ref = named[0] if named else cls("HEAD", "HEAD")
        if ref.kind == "commit" and not OBJECT_ID.fullmatch(ref.name):
            raise SourceError(f"{quote(ref.name)} is no commit: 40 (or 64) small hexadecimal digits")
        if ref.name.startswith("-") or not is_safe(ref.name):
            raise SourceError(f"{quote(ref.name)} is no name of a branch or tag")
        return ref

    @property
    def full(self) -> str:
        """As git writes it: `refs/heads/main`."""
        return {"branch": "refs/heads/", "tag": "refs/tags/"}.get(self.kind, "") + self.name

    def __str__(self) -> str:
        return "HEAD" if self.kind == "HEAD" else f"{self.kind} {quote(self.name)}"


def checked_path(path: str) -> str:
    """Return a folder inside the repository, without slashes at its ends; `SourceError` for one that is none."""
    path = path.strip("/")
    if path and (_BAD_PARTS & {part.lower() for part in path.split("/")} or not is_safe(path)):
        raise SourceError(f"{quote(path, 200)} is no folder inside a repository")
    return path
