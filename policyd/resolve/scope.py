"""Whom rules are about: the scopes of a policy and its rules as conditions, and the maps that these look into.

`cgroups` and `containers` become lists of cgroups (ids, with the levels that they are at), `processes` a tree that the
engine keeps, `host` and `namespaces` tests of the process.  What is in lists and trees is never part of a program.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policyd.cgroups import CONTAINERS, depth, parts_of
from policyd.condition import AllOf, Condition, ListRef, Test
from policyd.layout import Column, Layout
from policyd.maps import MapClass, MapSpec
from policyd.policy import Leaf
from policyd.resolve.lists import BPF_F_NO_PREALLOC, VALUE, param_spec
from policyd.resolve.problems import Missing, Wrong, complain
from policyd.text import quote
from policyd.trees import MOST_PROCESSES, Followed, Tree, TreeRoots
from policyd.unit import TypedScope
from policyd.value import Builtin, Value
from policyd.vocabulary.containers import place as container_at
from policyd.vocabulary.task import EXE
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from policyd.errors import Path
    from policyd.host import Host
    from policyd.policy import Policy, Rule, Scope
    from policyd.resolve.conditions import Conditions
    from policyd.resolve.problems import Problems

_CGROUP = ValueType("cgroup", Shape.NUMBER, 8)
_NUMBER = ValueType("u64", Shape.NUMBER, 8)
_CLASS = MapClass("hash", 8, 8, BPF_F_NO_PREALLOC)
_LEVELS = (1 << 64) - 1
"""The key under which a list of cgroups says at which levels they are: PD_LEVELS of `bpf_templates/fields/below.c`."""
_ROOM = 1024
"""Cgroups that can come to a list by themselves, before somebody puts it right."""
_IN_PACKETS = frozenset({"tcx", "clsact", "cgroup"})
"""Attach kinds at which a packet's socket can be asked for its cgroup."""


@dataclass(slots=True)
class Scopes:
    """The scopes of `policy` on `host`; `maps` and `trees` are what they need, each made once."""

    policy: Policy
    host: Host
    problems: Problems
    maps: dict[str, MapSpec] = field(default_factory=dict)
    trees: dict[str, TreeRoots] = field(default_factory=dict)
    followed: dict[str, Followed] = field(default_factory=dict)
    _found: dict[str, Mapping[str, int]] = field(default_factory=dict)

    def of(self, row: int, rule: Rule, conditions: Conditions) -> tuple[TypedScope, ...]:
        """Return the scopes of rule `row`: the policy's and its own; complaints are left with `conditions`."""
        written = (("scope", self.policy.scope), (f"rule-{row}-scope", rule.scope))
        return tuple(self._typed(prefix, scope, conditions) for prefix, scope in written if scope is not None)

    def used(self, maps: Iterable[str]) -> tuple[TreeRoots, ...]:
        """Return the trees of those maps, by name, that rules look into."""
        return tuple(self.trees[name] for name in sorted(self.trees.keys() & set(maps)))

    def beside(self, maps: set[str]) -> set[str]:
        """Return the maps that are needed to keep those that rules look into."""
        trees = {name for roots in self.used(maps) for name in roots.tree.maps}
        return trees | {name for one in self.follows(maps) for name in one.maps}

    def follows(self, maps: Iterable[str]) -> tuple[Followed, ...]:
        """Return what is followed of those maps, by name, that rules look into."""
        return tuple(self.followed[name] for name in sorted(self.followed.keys() & set(maps)))

    def _typed(self, prefix: str, scope: Scope, conditions: Conditions) -> TypedScope:
        parts: list[Condition] = []
        for key, part in self._parts(prefix, scope, conditions):
            try:
                parts.append(part())
            except Missing as missing:
                complain(conditions.complaints, (*scope.at, key), missing)
        return TypedScope(AllOf(tuple(parts)), scope.unresolved == "In")

    def _parts(self, prefix: str, scope: Scope, conditions: Conditions) -> Iterator[tuple[str, Callable[[], Condition]]]:
        """Yield each key that is given, and what makes its condition."""
        if scope.cgroups:
            yield "cgroups", lambda: self._cgroups(f"{prefix}-cgroups", scope, conditions)
        if scope.containers:
            yield "containers", lambda: self._containers(f"{prefix}-containers", scope, conditions)
        if scope.host is not None:
            yield "host", lambda: _leaf(conditions, "pid.is_host", (str(scope.host).lower(),), (*scope.at, "host"))
        if scope.namespaces:
            at = (*scope.at, "namespaces")
            yield (
                "namespaces",
                lambda: AllOf(tuple(_leaf(conditions, name, texts, (*at, name)) for name, texts in scope.namespaces)),
            )
        if scope.processes is not None:
            yield "processes", lambda: self._processes(prefix, scope, conditions)

    # -- cgroups -------------------------------------------------------------------------------------------------

    def _cgroups(self, name: str, scope: Scope, conditions: Conditions) -> Test:
        found: dict[str, int] = {}
        for index, pattern in enumerate(scope.cgroups):
            matched = self._find(self._inside(pattern))
            if not matched:
                message = f"there is no cgroup {quote(pattern)} now"
                self.problems.warning((*scope.at, "cgroups", index), "scope-empty", message)
            found |= matched
        paths = {path for pattern in scope.cgroups if (path := self._named(pattern))}
        self.maps[f"{name}-paths"] = self._strings(f"{name}-paths", paths)
        self.followed[name] = Followed(self.policy.name, name, f"{name}-paths")
        return self._below(name, found, conditions)

    def _named(self, pattern: str) -> bytes:
        """Return the one path that a pattern stands for; nothing if it has globs, or is longer than what can be followed."""
        path = os.fsencode("/" + "/".join(parts_of(self._inside(pattern))))
        return path if b"*" not in path and len(path) < EXE.size - 1 else b""

    def _strings(self, name: str, texts: Iterable[bytes]) -> MapSpec:
        """Return a list of texts, in a map of one size whatever is in it."""
        return replace(param_spec(self.policy.name, name, "In", EXE, sorted(texts)), param="")

    def _inside(self, pattern: str) -> str:
        """Return a pattern as a path from the root of cgroup v2, if it names where that is mounted."""
        inside = pattern.removeprefix(self.host.cgroup_root)
        return inside if inside.startswith("/") else pattern

    def _find(self, question: str) -> Mapping[str, int]:
        if not self.host.cgroup_root:
            raise Missing("no-cgroup2", "cgroup v2 is not mounted on this host", "mount -t cgroup2 none /sys/fs/cgroup")
        if question not in self._found:
            self._found[question] = self.host.cgroups(question)
        return self._found[question]

    def _containers(self, name: str, scope: Scope, conditions: Conditions) -> Test:
        every = self._find(CONTAINERS)
        if scope.containers in {("true",), ("false",)}:
            return replace(self._below(name, every, conditions), negate=scope.containers == ("false",))
        found: dict[str, int] = {}
        for index, short in enumerate(scope.containers):
            matched = {path: number for path, number in every.items() if _container_id(path).startswith(short)}
            if not matched:
                message = f"there is no container {quote(short)} now: the agent sees when there is one"
                self.problems.warning((*scope.at, "containers", index), "scope-empty", message)
            found |= matched
        return self._below(name, found, conditions)

    def _below(self, name: str, cgroups: Mapping[str, int], conditions: Conditions) -> Test:
        levels = sum({1 << depth(path) for path in cgroups})
        rows = dict.fromkeys(cgroups.values(), 1) | {_LEVELS: levels}
        values = tuple(sorted(struct.pack("<QQ", key, value) for key, value in rows.items()))
        key = Layout((Column("cgroup", _CGROUP),))
        self.maps[name] = MapSpec(self.policy.name, name, "list", _CLASS, len(values) + _ROOM, key, VALUE, values=values)
        return Test(_where(conditions), "Below", (), ListRef(name))

    # -- processes -----------------------------------------------------------------------------------------------

    def _processes(self, prefix: str, scope: Scope, conditions: Conditions) -> Test:
        processes, name, binaries = scope.processes, f"{prefix}-processes", f"{prefix}-binaries"
        assert processes is not None
        test = Test(conditions.fields.value("process.pid"), "In", (), ListRef(name))
        paths = frozenset(map(os.fsencode, processes.binaries))
        for index, path in enumerate(processes.binaries):
            if "*" in path or len(os.fsencode(path)) >= EXE.size:
                hint = "one file a line: programs are compared as they are executed, up to 255 bytes"
                at = (*scope.at, "processes", "binaries", index)
                raise Wrong("bad-value", f"{quote(path)} is no path of a program", hint, at)
        if paths:
            self.maps[binaries] = self._strings(binaries, paths)
        key, value = Layout((Column("pid", _NUMBER),)), Layout((Column("why", _NUMBER),))
        self.maps[name] = MapSpec(self.policy.name, name, "tree", _CLASS, MOST_PROCESSES, key, value)
        tree = Tree(self.policy.name, name, binaries if paths else "", processes.follow_children)
        self.trees[name] = TreeRoots(tree, paths, frozenset(processes.pids))
        return test


def _container_id(path: str) -> str:
    found = container_at(path)
    return found.id if found else ""


def _where(conditions: Conditions) -> Value:
    """Return the cgroup that is asked about: the process's, or that of a packet's socket."""
    place = conditions.fields.place
    if "packet" not in place.contexts:
        return conditions.fields.value("process.cgroup")
    if place.point.kind not in _IN_PACKETS:
        message = f"{place.spelled} sees packets before they have a socket, and so no cgroup"
        raise Wrong("scope-not-here", message, "tc, and the cgroup hooks skb_ingress and skb_egress, can tell")
    return Value("socket.cgroup", _CGROUP, Builtin("socket_cgroup"), can_be_unread=True, cost=2)


def _leaf(conditions: Conditions, name: str, texts: Iterable[str], at: Path) -> Condition:
    """Return the test of a namespace of the process; what is wrong with it is left with `conditions`."""
    operator = "Equal" if name.endswith(".is_host") else "In"
    leaf = Leaf(field=f"process.namespaces.{name}", operator=operator, values=tuple(texts), at=at)
    return conditions.leaf(leaf)
