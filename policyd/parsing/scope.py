"""`scope` of a policy and of a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policyd.document import Mapping
from policyd.parsing.reader import spelling
from policyd.policy import ProcessScope, Scope

if TYPE_CHECKING:
    from policyd.parsing.reader import Keys, Reader

LATER_KEYS = ("kubernetes",)
_EXAMPLE = "as {cgroups: ['/system.slice/**']}"


def read_scope(reader: Reader, outer: Keys) -> Scope | None:
    """Return what `scope` says; None if it is not there, or something is wrong with it."""
    node = outer.get("scope")
    if node is None:
        return None
    keys = reader.keys(node, outer.below("scope"), "`scope`", spelling(Scope), LATER_KEYS, hint=_EXAMPLE)
    if keys is None:
        return outer.note("scope", node, None)
    values: dict[str, Any] = {key: keys.texts(key) for key in ("cgroups", "containers")}
    values |= {key: keys.text(key) for key in ("host", "unresolved")}
    values |= {"namespaces": _namespaces(keys), "processes": _processes(reader, keys)}
    _check(keys, values["containers"])
    return outer.note("scope", node, reader.build(Scope, keys, values))


def _check(keys: Keys, containers: tuple[str, ...] | None) -> None:
    if not keys.bad and not keys.misspelled and not any(keys.has(key) for key in spelling(Scope) if key != "unresolved"):
        keys.reader.report("empty-scope", "`scope` names nobody", keys.node, keys.path, _EXAMPLE)
    for key in ("cgroups", "containers"):
        node = keys.get(key)
        if node is not None and keys.texts(key) == ():
            keys.fail(key, "empty-scope", f"`{key}` names nobody", "remove the key if it is of no matter")
    if containers and len(containers) > 1 and {"true", "false"} & set(containers):
        keys.fail("containers", "conflicting-keys", "`true` and `false` stand alone", "a list is one of ids")


def _namespaces(keys: Keys) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    node, path = keys.get("namespaces"), keys.below("namespaces")
    if node is None:
        return None
    if not isinstance(node, Mapping) or not node.items:
        keys.reader.wrong_type(node, path, "a mapping of kinds of namespaces to numbers", "as {net: host}")
        return keys.note("namespaces", node, None)
    read = [(name.text, keys.reader.texts(value, (*path, name.text))) for name, value in node.items]
    found = tuple((name, texts) for name, texts in read if texts)
    if len(found) != len(read) and all(texts is not None for _, texts in read):
        keys.fail("namespaces", "empty-scope", "a list of namespaces is empty", "`host`, or numbers as `lsns` shows them")
    return keys.note("namespaces", node, found if len(found) == len(read) else None)


def _processes(reader: Reader, outer: Keys) -> ProcessScope | None:
    node = outer.get("processes")
    if node is None:
        return None
    what = "`processes`"
    keys = reader.keys(node, outer.below("processes"), what, spelling(ProcessScope), hint="as {binaries: [/usr/sbin/nginx]}")
    if keys is None:
        return outer.note("processes", node, None)
    if not keys.misspelled and not keys.texts("binaries") and not keys.texts("pids") and not keys.bad:
        reader.report("empty-scope", "`processes` names nobody", node, keys.path, "give `binaries` or `pids`")
        keys.bad.add("binaries")
    return outer.note("processes", node, reader.build(ProcessScope, keys, keys.plain(ProcessScope)))
