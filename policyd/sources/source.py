"""What a source is: something that can be read as one consistent `Bundle`, and that tells when it may have changed.

A bundle is read once; its digest is of the bytes that were read, and those bytes are what is parsed and applied.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from policyd.errors import PolicydError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

MAX_FILES = 4096
MAX_BUNDLE_BYTES = 64 << 20
"""Limits of one bundle; a source that is larger is refused as a whole."""


class SourceError(PolicydError):
    """A source that could not be read.  `transient`: trying again may help.  `refused`: it was read, and is not accepted."""

    exit_code = 10

    def __init__(self, message: str, *, transient: bool = False, refused: bool = False, revision: str = "") -> None:
        self.transient, self.refused, self.revision = transient, refused, revision
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file: its path relative to the source's folder, for messages, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """One version of a source.

    `revision` is what people call it (a commit `main@9f3c…`, a time stamp), `digest` the SHA-256 of names and bytes.
    `order` grows with each revision where the source knows such an order (a commit's time), else 0: see `Mark`.
    """

    files: tuple[BundleFile, ...]
    revision: str
    digest: str
    signer: str = ""
    order: int = 0
    commit: str = ""
    notes: tuple[str, ...] = ()
    """What people should know of it: what was left out, a history that was rewritten."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest revision that was ever accepted: kept in the source's record, given back at the next start."""

    commit: str = ""
    order: int = 0


class Source(Protocol):
    """A place where policies come from.

    `name` is the set that they belong to, `where` is for people (a path, a URL without credentials), `interval` the seconds
    between fetches when nothing was heard.
    """

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def interval(self) -> float: ...

    def fetch(self, mark: Mark) -> Bundle:
        """Read one consistent version; `SourceError`.  Blocks; bounded in time, files and bytes."""

    def watch(self, changed: Callable[[], object]) -> AbstractContextManager[None]:
        """Call `changed` (from any thread, debounced) whenever `fetch` may give something else, until the block ends."""


def make_bundle(files: Iterable[BundleFile], revision: str = "", **facts: object) -> Bundle:
    """Return a bundle with its digest; without a `revision` it is called by the beginning of that."""
    ordered = tuple(sorted(files, key=lambda file: file.name))
    state = hashlib.sha256()
    for file in ordered:
        name = file.name.encode("utf-8", "surrogateescape")
        state.update(len(name).to_bytes(8, "little") + name + len(file.data).to_bytes(8, "little") + file.data)
    digest = state.hexdigest()
    return Bundle(ordered, revision or f"sha256:{digest[:12]}", digest, **facts)  # type: ignore[arg-type]
