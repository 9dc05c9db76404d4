"""Cgroups of the running host by pattern, with the numbers that the kernel tells events by.

In: the mount of cgroup v2, and paths with globs below it.  Out: paths with ids.  A path is as in `/proc/PID/cgroup`: from
`/` on.  An id is the number of the directory (`kernfs_node.id`: 64 bits wide where `long` is).
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from policyd.vocabulary.containers import place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONTAINERS = "containers"
"""What is asked for in place of a pattern, which begins with a slash: every container's cgroup."""
DEEPEST = 32
"""How deep below the root a cgroup can be and still be named: `PD_DEEPEST` of `bpf_templates/fields/below.c`."""
_ANY = "**"


def find(root: str, question: str) -> Mapping[str, int]:
    """Return the ids of the cgroups that `question` asks for, by path."""
    if not root:
        return {}
    found = _containers(root, "") if question == CONTAINERS else _matching(root, "", parts_of(question))
    return dict(sorted(found))


def parts_of(pattern: str) -> tuple[str, ...]:
    """Return a pattern's names.  What a cgroup is named for counts for all below it, so `**` at the end says nothing."""
    parts = [part for part in pattern.split("/") if part]
    while parts and parts[-1] == _ANY:
        parts.pop()
    return tuple(parts)


def depth(path: str) -> int:
    """Return how far a cgroup lies below the root."""
    return sum(bool(part) for part in path.split("/"))


def _matching(root: str, path: str, parts: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    if not parts:
        yield from _itself(root, path)
        return
    if depth(path) >= DEEPEST:
        return
    if parts[0] == _ANY:
        yield from _matching(root, path, parts[1:])
        for name in _below(root, path):
            yield from _matching(root, f"{path}/{name}", parts)
    elif "*" in parts[0]:
        glob = re.compile(".*".join(map(re.escape, parts[0].split("*"))), re.DOTALL)
        for name in _below(root, path):
            if glob.fullmatch(name):
                yield from _matching(root, f"{path}/{name}", parts[1:])
    else:
        yield from _matching(root, f"{path}/{parts[0]}", parts[1:])


def _containers(root: str, path: str) -> Iterator[tuple[str, int]]:
    """Yield containers that a runtime has made for the host; in their own, users can name cgroups as they like."""
    for name in _below(root, path):
        inner = f"{path}/{name}"
        where = place(inner)
        if where and where.id:
            yield from () if where.rootless else _itself(root, inner)
        elif depth(inner) < DEEPEST:
            yield from _containers(root, inner)


def _itself(root: str, path: str) -> Iterator[tuple[str, int]]:
    try:
        yield path or "/", os.stat(root + path).st_ino  # noqa: PTH116 (there can be thousands)
    except OSError:
        return


def _below(root: str, path: str) -> tuple[str, ...]:
    try:
        with os.scandir(root + path) as entries:
            return tuple(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:  # gone meanwhile, or not a directory
        return ()
