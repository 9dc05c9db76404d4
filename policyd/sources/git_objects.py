"""Commits, tags and files, read from a repository's objects: names and bytes, never files.

Commits, tags and files are hashed again, so that what was verified is what is read (git hashed the trees when they came).
A tree is somebody else's: its names are checked, what is no plain file is refused or left out, and counts and sizes are
known before bytes are read.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.sources.git_run import TooMuchError
from policyd.sources.git_store import BrokenStoreError
from policyd.sources.source import BundleFile, SourceError
from policyd.sources.tree import is_hidden, is_policy_name
from policyd.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from policyd.sources.git_store import Store

_MOST_COMMIT_BYTES = 1 << 20
_MOST_LISTING_BYTES = 16 << 20
_MOST_NAME_BYTES = 4096
_MOST_TAGS = 4
_MOST_LINKS = 16
_LINK = "120000"
_NO_FILES = {
    _LINK: "a symbolic link, which is not followed; put the files themselves there",
    "160000": "a submodule, which is not fetched; make it a source of its own, or name another folder in `path`",
}
"""Modes in a tree of what is neither a file nor a folder (fast-import documents all of them)."""
_COMMITTER = re.compile(rb"^committer .*> (\d{1,12}) [+-]\d{4}$", re.MULTILINE)
_HEADER = re.compile(rb"^(tree|object|type|tag) (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its id, the bytes that hash to it, and the time it was made (seconds since 1970, as its maker says)."""

    oid: str
    raw: bytes
    time: int


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag with a message, and perhaps a signature: its id and bytes, the name it calls itself, and what it is on."""

    oid: str
    raw: bytes
    name: str
    target: str


def read_tip(store: Store, oid: str) -> tuple[Commit, Tag | None]:
    """Return the commit that the object `oid` is or that it is a tag of; and the outermost tag, if there is one."""
    outermost = None
    for _ in range(_MOST_TAGS):
        kind, raw = _read_one(store, oid)
        if kind == "commit":
            return _commit(oid, raw), outermost
        if kind != "tag":
            break
        tag = _tag(oid, raw)
        outermost, oid = outermost or tag, tag.target
    raise SourceError("what is followed is no commit, nor a tag of one; check `ref`", refused=True)


def _read_one(store: Store, oid: str) -> tuple[str, bytes]:
    try:
        output = store.ask("cat-file", "--batch", given=f"{oid}\n".encode(), most=_MOST_COMMIT_BYTES).output
    except TooMuchError:
        raise SourceError(f"object {oid[:12]} is larger than {_MOST_COMMIT_BYTES >> 20} MiB", refused=True) from None
    ((kind, data),) = _objects(output, [oid])
    return kind, data


def _commit(oid: str, raw: bytes) -> Commit:
    head = raw.partition(b"\n\n")[0]
    times = _COMMITTER.findall(head)
    if not head.startswith(b"tree ") or len(times) != 1:
        raise SourceError(f"commit {oid[:12]} is malformed", refused=True)
    return Commit(oid, raw, int(times[0]))


def _tag(oid: str, raw: bytes) -> Tag:
    rows = _HEADER.findall(raw.partition(b"\n\n")[0])
    fields = {name: value.decode("utf-8", "replace") for name, value in rows}
    if [name for name, _ in rows] != [b"object", b"type", b"tag"]:
        raise SourceError(f"tag {oid[:12]} is malformed", refused=True)
    return Tag(oid, raw, fields[b"tag"], fields[b"object"])


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    oid: str
    name: str


def read_files(store: Store, commit: Commit, path: str) -> tuple[tuple[BundleFile, ...], tuple[str, ...]]:
    """Return the policy files below `path` of a commit, and what was left out, in words.

    `SourceError` (refused) for a tree that is too large, or where policies may be behind a link or in a submodule.
    """
    entries = [entry for entry in _list(store, _folder(store, commit, path)) if not _is_hidden(entry.name)]
    links = [entry.name for entry in entries if entry.mode == _LINK]
    folders = _links_to_folders(store, commit, path, links)
    for entry in entries:
        if entry.mode in _NO_FILES and (is_policy_name(_last(entry.name)) or entry.mode != _LINK or entry.name in folders):
            raise SourceError(f"{quote(entry.name, 200)} is {_NO_FILES[entry.mode]}", refused=True)
    wanted = [entry for entry in entries if is_policy_name(_last(entry.name))]
    if len(wanted) > store.limits.files:
        raise SourceError(f"it has {len(wanted):,} policy files; {store.limits.files:,} are allowed", refused=True)
    _check_sizes(store, wanted)
    return tuple(_contents(store, wanted)), tuple(f"a symbolic link was left out: {quote(name, 200)}" for name in links)


def _links_to_folders(store: Store, commit: Commit, path: str, links: Sequence[str]) -> set[str]:
    """Return those of the links that lead to folders of the same commit: somebody may count on the policies in there."""
    found = {name for name in links if "\n" in name}  # which git cannot be asked about here
    for name in links[:_MOST_LINKS]:
        if name in found:
            continue
        spec = f"{commit.oid}:{path}/{name}" if path else f"{commit.oid}:{name}"
        given = spec.encode("utf-8", "surrogateescape") + b"\n"
        answer = store.ask("cat-file", "--batch-check", "--follow-symlinks", given=given, most=_MOST_COMMIT_BYTES).output
        found |= {name} if answer.split(b" ")[1:2] == [b"tree"] else set()
    return found | set(links[_MOST_LINKS:])


def _folder(store: Store, commit: Commit, path: str) -> str:
    """Return the id of the tree at `path`."""
    spec = f"{commit.oid}:{path}" if path else f"{commit.oid}^{{tree}}"
    found = store.ask("cat-file", "--batch-check", given=spec.encode() + b"\n").output.decode("utf-8", "replace").split(" ")
    if len(found) == 3 and found[1] == "tree":
        return found[0]
    if path:
        raise SourceError(f"it has no folder {quote(path, 200)}; check `path`", refused=True)
    raise BrokenStoreError("a commit without its tree")


def _list(store: Store, tree: str) -> list[_Entry]:
    try:
        output = store.ask("ls-tree", "-r", "-z", "--full-tree", tree, most=_MOST_LISTING_BYTES).output
    except TooMuchError:
        output = b"\0" * (store.limits.entries + 1)
    if output.count(b"\0") > store.limits.entries:
        most = f"{store.limits.entries:,}"
        raise SourceError(f"it has more than {most} files; name a folder in `path` that has only policies", refused=True)
    entries = [_entry(line) for line in output.split(b"\0") if line]
    if len({entry.name for entry in entries}) != len(entries):
        raise SourceError("its tree has two files of one name", refused=True)
    return entries


def _entry(line: bytes) -> _Entry:
    head, _, raw = line.partition(b"\t")
    mode, _, oid = head.decode("ascii").split(" ")
    name = raw.decode("utf-8", "surrogateescape")
    if len(raw) > _MOST_NAME_BYTES or {"", ".", "..", ".git"} & {part.lower() for part in name.split("/")}:
        raise SourceError(f"its tree has a path that no file can have: {quote(name, 200)}", refused=True)
    return _Entry(mode, oid, name)


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _is_hidden(name: str) -> bool:
    """As in folders of this host: what is hidden, and all in hidden folders."""
    return any(is_hidden(part) for part in name.split("/"))


def _check_sizes(store: Store, entries: Sequence[_Entry]) -> None:
    """Look at the sizes before any byte is read; `SourceError` (refused) for what is too large."""
    total, most = 0, store.limits.file_bytes
    for entry, size in zip(entries, _sizes(store, entries), strict=False):
        if size is None:
            raise SourceError(f"{quote(entry.name, 200)} is larger than {most:,} bytes", refused=True)
        if size > most:
            raise SourceError(f"{quote(entry.name, 200)} has {size:,} bytes; {most:,} are allowed", refused=True)
        total += size
    if total > store.limits.bundle_bytes:
        raise SourceError(f"its policies have {total:,} bytes; {store.limits.bundle_bytes:,} are allowed", refused=True)


def _sizes(store: Store, entries: Sequence[_Entry]) -> list[int | None]:
    """Return the files' sizes, up to the first that the server left out because it is too large: None.

    git says that one is missing, or dies of it, as it cannot be fetched now.
    """
    given = "".join(f"{entry.oid}\n" for entry in entries).encode()
    done = store.ask("cat-file", "--batch-check", given=given, most=128 * (len(entries) + 1), accepted=(0, 128))
    words = [line.split(" ") for line in done.output.decode("ascii", "replace").splitlines()]
    sizes = [int(row[2]) if len(row) == 3 and row[1] == "blob" else None for row in words]
    if done.status and "promisor" in done.said:
        sizes.append(None)
    if len(sizes) < len(entries) and None not in sizes:
        raise BrokenStoreError("git cannot read the sizes of files")
    return sizes


def _contents(store: Store, entries: Sequence[_Entry]) -> Iterator[BundleFile]:
    oids = [entry.oid for entry in entries]
    most = store.limits.bundle_bytes + 128 * (len(oids) + 1)
    output = store.ask("cat-file", "--batch", given="".join(f"{oid}\n" for oid in oids).encode(), most=most).output
    for entry, (_, data) in zip(entries, _objects(output, oids), strict=True):
        yield BundleFile(entry.name, data)


def _objects(output: bytes, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (kind, bytes) of objects, as `cat-file --batch` writes them; `BrokenStoreError` if one is damaged."""
    at = 0
    for oid in oids:
        end = output.find(b"\n", at)
        words = output[at : max(end, at)].decode("ascii", "replace").split(" ")
        if len(words) != 3 or words[0] != oid:
            raise BrokenStoreError(f"object {oid[:12]} is not there")
        kind, data = words[1], output[end + 1 : end + 1 + int(words[2])]
        at = end + 1 + int(words[2]) + 1
        if object_id(kind, data, oid) != oid:
            raise BrokenStoreError(f"object {oid[:12]} is damaged")
        yield kind, data


def object_id(kind: str, data: bytes, like: str) -> str:
    """Return the name of an object: a hash of its kind, size and bytes; SHA-1 or SHA-256, as for the object `like`."""
    state = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    state.update(f"{kind} {len(data)}\0".encode())
    state.update(data)
    return state.hexdigest()
