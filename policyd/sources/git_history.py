"""Fresh as well as signed: whether a commit may follow the newest one that was ever accepted.

A signature never grows old, so whoever can push, or answer in the server's place, could bring back any signed commit.
So the new commit must have the accepted one among its ancestors; as many commits as that takes are fetched, within limits.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from policyd.sources.git_remote import OBJECT_ID
from policyd.sources.source import Mark, SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.sources.git_objects import Commit
    from policyd.sources.git_remote import Ref
    from policyd.sources.git_store import Store

_MARK = "mark"
_MARK_TEXT = re.compile(rf"({OBJECT_ID.pattern}) (\d{{1,12}})\n")
_MOST_MARK_BYTES = 128

Place = Literal["newer", "older", "elsewhere", "unknown"]


@dataclass(frozen=True, slots=True)
class Freshness:
    """The rule for one fetch, which found the object `tip` at `ref`.

    `strict`: signatures are asked for, so only a proven descendant of the mark is accepted.
    """

    ref: Ref
    tip: str
    mark: Mark
    allowed: Sequence[str]
    strict: bool

    def settles(self, commit: str) -> bool:
        """Whether nothing has to be looked up: the first commit of all, the same one, or one that somebody has named."""
        named = self.ref.kind == "commit" or commit in self.allowed
        return not self.mark.commit or commit == self.mark.commit or named


def remembered(folder: int, mark: Mark) -> Mark:
    """Return the mark, or the one that was given last if none is: a record in the kernel does not outlive a reboot.

    `folder` is the state folder, which does.  Whoever removes it begins anew.
    """
    known = _read_mark(folder)
    if mark.commit and mark != known:
        fd = os.open(_MARK + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600, dir_fd=folder)
        with os.fdopen(fd, "w") as file:
            file.write(f"{mark.commit} {mark.order}\n")
        os.rename(_MARK + ".new", _MARK, src_dir_fd=folder, dst_dir_fd=folder)
    return mark if mark.commit else known


def _read_mark(folder: int) -> Mark:
    try:
        fd = os.open(_MARK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError:
        return Mark()
    with os.fdopen(fd, "rb") as file:
        found = _MARK_TEXT.fullmatch(file.read(_MOST_MARK_BYTES).decode("ascii", "replace"))
    if found is None:
        raise SourceError(
            "the file `mark` in the state folder is damaged: remove it to accept any signed commit", refused=True
        )
    return Mark(found[1], int(found[2]))


def check_fresh(store: Store, commit: Commit, rule: Freshness) -> str:
    """Return what is worth saying about the commit's place in history; `SourceError` (refused) if it may not run."""
    if rule.settles(commit.oid):
        return ""
    place = _place(store, commit, rule)
    if place == "newer":
        return ""
    if place == "elsewhere" and not rule.strict:
        return f"the history was rewritten: commit {rule.mark.commit[:12]}, which ran before, is no part of it"
    newest, most = rule.mark.commit[:12], store.limits.depths[-1]
    raise SourceError(
        {
            "older": f"commit {commit.oid[:12]} is older than {newest}, the newest that was accepted",
            "elsewhere": f"the history was rewritten: {newest}, the newest commit that was accepted, is no part of it",
            "unknown": f"commit {newest}, the newest that was accepted, is not among the last {most:,} commits",
        }[place]
        + f"; if that is meant, add {commit.oid} to `allowOlder`",
        refused=True,
    )


def _place(store: Store, commit: Commit, rule: Freshness) -> Place:
    """Tell where a commit is, seen from the accepted one; more and more of its history is fetched until that is known.

    Only `newer` is a proof.  A commit whose line ends before the accepted one is `older` if that one is its descendant or,
    where so much is not known here, if its own time says so.
    """
    old, complete = rule.mark.commit, False
    for depth in store.limits.depths:
        if _is_ancestor(store, old, commit.oid):
            return "newer"
        if complete:
            break
        if store.fetch(rule.ref, depth) != rule.tip:
            raise SourceError("the repository changed while it was read", transient=True)
        complete = _count(store, commit.oid, depth) < depth
    if _is_ancestor(store, old, commit.oid):
        return "newer"
    if _is_ancestor(store, commit.oid, old) or commit.time < rule.mark.order:
        return "older"
    return "elsewhere" if complete or not rule.strict else "unknown"


def _is_ancestor(store: Store, old: str, new: str) -> bool:
    """Whether `old` is known here as an ancestor of `new`; also no if one of them is not here (status 128)."""
    return store.ask("merge-base", "--is-ancestor", old, new, accepted=(0, 1, 128)).status == 0


def _count(store: Store, commit: str, most: int) -> int:
    """Return how many commits of its history are here; at most `most`."""
    done = store.ask("rev-list", "--count", f"--max-count={most}", "--end-of-options", commit)
    return int(done.output)
