"""The words of `policyd run`'s command line, as nodes of the document that would say the same.

`--source base=/etc/policyd/policies` becomes `sources: [{name: base, directory: {path: /etc/policyd/policies}}]`, whose
positions name the option: so they are read and checked like a file, and a problem tells which option it is about.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from policyd.document import Mapping, Node, Scalar, Sequence
from policyd.errors import Position, Problem, UsageError
from policyd.text import did_you_mean, quote, safe
from policyd.words import slug

ORIGIN = "\0"
"""How the file of a position begins that is an option: no file can be called so."""

Tree = dict[str, "Tree"] | list["Tree"] | str


@dataclass(frozen=True, slots=True)
class Options:
    """What was given; empty: nothing was.  Sources, sinks and addresses as the user wrote them."""

    sources: tuple[str, ...] = ()
    sinks: tuple[str, ...] = ()
    listen: tuple[str, ...] = ()
    interval: str = ""
    drift: str = ""
    drift_interval: str = ""
    canary: str = ""
    log_format: str = ""
    allow_remote: bool = False
    detach_on_exit: bool = False


def overlay(root: Node, options: Options) -> Node:
    """Return the document with the keys of its `spec` that options give replaced."""
    given = dict(_spec_items(options))
    spec = root.get("spec") if isinstance(root, Mapping) else None
    if not given or not isinstance(root, Mapping) or not isinstance(spec, Mapping):
        return root
    merged = _merge(spec, given)
    return Mapping(tuple((key, merged if key.text == "spec" else value) for key, value in root.items), root.position)


def told(problem: Problem) -> Problem:
    """Return a problem whose place is an option with the option's name in front of the message, instead of a position."""
    message = re.sub(f"{ORIGIN}(.*?):1:1", r"`\1`", problem.message)
    if problem.position is None or not problem.position.file.startswith(ORIGIN):
        return replace(problem, message=message)
    option = problem.position.file.removeprefix(ORIGIN)
    return replace(problem, message=f"{option}: {message}", position=None, path=())


# ------------------------------------------------------------------------------------------------ options → nodes


def _spec_items(options: Options) -> Iterable[tuple[str, Node]]:
    lists: tuple[tuple[str, str, tuple[str, ...], Callable[[str], Tree]], ...] = (
        ("sources", "--source", options.sources, _source),
        ("sinks", "--sink", options.sinks, _sink),
        ("listen", "--listen", options.listen, _listen),
    )
    for key, option, words, read in lists:
        if words:
            items = [_node(read(word), _place(f"{option} {word}")) for word in words]
            yield key, Sequence(tuple(items), items[0].position)
    drift = {key: text for key, text in (("mode", options.drift), ("interval", options.drift_interval)) if text}
    rows: tuple[tuple[str, str, Tree], ...] = (
        ("interval", f"--interval {options.interval}", options.interval),
        ("drift", " ".join(filter(None, ("--drift", options.drift, options.drift_interval))), dict(drift)),
        ("canary", f"--canary {options.canary}", {"interval": options.canary} if options.canary else {}),
        ("log", f"--log-format {options.log_format}", {"format": options.log_format} if options.log_format else {}),
        ("allowRemote", "--allow-remote", "true" if options.allow_remote else ""),
        ("detachOnExit", "--detach-on-exit", "true" if options.detach_on_exit else ""),
    )
    yield from ((key, _node(tree, _place(option))) for key, option, tree in rows if tree)


def _place(option: str) -> Position:
    return Position(ORIGIN + safe(option, 300), 1, 1)


def _node(tree: Tree, place: Position) -> Node:
    if isinstance(tree, str):
        return Scalar(tree, quoted=True, position=place)
    if isinstance(tree, list):
        return Sequence(tuple(_node(item, place) for item in tree), place)
    return Mapping(
        tuple((Scalar(key, quoted=False, position=place), _node(item, place)) for key, item in tree.items()), place
    )


def _merge(old: Mapping, given: dict[str, Node]) -> Mapping:
    """Return a mapping with `given` laid over it; mappings inside it are merged, lists and texts are replaced."""
    items = []
    for key, value in old.items:
        new = given.get(key.text)
        if isinstance(new, Mapping) and isinstance(value, Mapping):
            new = _merge(value, {name.text: node for name, node in new.items})
        items.append((key, new or value))
    known = {key.text for key, _ in old.items}
    items += [(Scalar(key, quoted=False, position=node.position), node) for key, node in given.items() if key not in known]
    return Mapping(tuple(items), old.position)


# ------------------------------------------------------------------------------------------------ one word


def _named(word: str) -> tuple[str, str]:
    """Return the name in front of `NAME=…` (empty if there is none) and the rest."""
    name, equals, rest = word.partition("=")
    return (name, rest) if equals and re.fullmatch(r"[A-Za-z0-9_-]+", name) else ("", word)


def _source(word: str) -> Tree:
    """Read `[NAME=]DIR` or `[NAME=]git+URL[#REF[:PATH]]`."""
    name, place = _named(word)
    if place.startswith("git+"):
        url, _, rest = place.removeprefix("git+").partition("#")
        ref, _, path = rest.partition(":")
        git: Tree = {"url": url, **({"ref": _ref(ref)} if ref else {}), **({"path": path} if path else {})}
        return {"name": name or _last_name(url.removesuffix(".git")), "git": git}
    if re.match(r"[a-z]+://", place):
        raise UsageError(f"--source {quote(word, 200)}: a git repository is written as git+URL, a folder as its path")
    folder = os.path.abspath(place) if place else ""  # noqa: PTH100 (Path.absolute keeps `..`)
    return {"name": name or _last_name(folder), "directory": {"path": folder}}


def _last_name(path: str) -> str:
    return slug(path.rstrip("/").rpartition("/")[2]) or "policies"


def _ref(text: str) -> Tree:
    if re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", text):
        return {"commit": text}
    for prefix, kind in (("refs/tags/", "tag"), ("refs/heads/", "branch")):
        if text.startswith(prefix):
            return {kind: text.removeprefix(prefix)}
    return {"branch": text}


_SINKS = {
    "stdout": "",
    "file": "path",
    "syslog": "address",
    "journald": "",
    "otlp": "endpoint",
    "webhook": "url",
    "socket": "path",
}
"""Kinds of sinks, and the key that stands behind the colon."""


def _sink(word: str) -> Tree:
    """Read `[NAME=]KIND[:VALUE]`."""
    name, rest = _named(word)
    kind, colon, value = rest.partition(":")
    if kind not in _SINKS:
        hint = did_you_mean(kind, _SINKS)
        raise UsageError(f"--sink {quote(word, 200)}: kinds are {', '.join(_SINKS)}" + (f"; {hint}" if hint else ""))
    key = _SINKS[kind]
    if colon and not key:
        raise UsageError(f"--sink {quote(word, 200)}: {kind} takes no value")
    if key == "path" and value:
        value = os.path.abspath(value)  # noqa: PTH100
    return {"name": name or kind, kind: {key: value} if colon else {}}


def _listen(word: str) -> Tree:
    return word
