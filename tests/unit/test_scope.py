"""Scopes: cgroups by pattern, process trees from /proc, and what becomes of them in policies and plans."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fake_toolchain import policy
from resolving import HOST, one_rule, problem, resolved, saved_target
from test_engine_converges import Host as FakeHost

from policyd.cgroups import CONTAINERS, find
from policyd.codegen import render
from policyd.condition import AllOf, ListRef
from policyd.condition import Test as TypedTest
from policyd.daemon.follow import Surroundings
from policyd.engine import ProcessTable
from policyd.layout import Column, Layout
from policyd.maps import MapClass, MapSpec
from policyd.observe import Observed
from policyd.plan.rows import allot_rows
from policyd.processes import members
from policyd.record import map_pin, opened, policy_path
from policyd.resolve import Host, Resolved
from policyd.trees import BY_PID, BY_PROGRAM, MARK_KEY, MOST_PROCESSES, Followed, Tree, TreeRoots
from policyd.unit import CGROUP_POINT, PROCESS_POINTS, BoundUnit, gather
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policyd.unit import TypedPolicy

ID = "5e" * 32
CALL = "{syscall: openat}"

# ------------------------------------------------------------------------------------------------ cgroups of a host


@pytest.fixture
def root(tmp_path: Path) -> str:
    for path in (
        "system.slice/nginx.service/workers",
        "system.slice/ssh.service",
        f"system.slice/docker-{ID}.scope/inner",
        f"user.slice/user-1000.slice/libpod-{ID}.scope",
        "kubepods.slice/pod-1/app",
        "kubepods.slice/pod-2/app/app",
    ):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "system.slice" / "cgroup.procs").touch()
    return str(tmp_path)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("/system.slice/nginx.service", ["/system.slice/nginx.service"]),
        ("/system.slice/nginx.service/**", ["/system.slice/nginx.service"]),
        ("/system.slice/*.service", ["/system.slice/nginx.service", "/system.slice/ssh.service"]),
        ("/system.slice/*x*e", ["/system.slice/nginx.service"]),
        ("/*/pod-*", ["/kubepods.slice/pod-1", "/kubepods.slice/pod-2"]),
        ("/**/app", ["/kubepods.slice/pod-1/app", "/kubepods.slice/pod-2/app", "/kubepods.slice/pod-2/app/app"]),
        ("/kubepods.slice/**/pod-1", ["/kubepods.slice/pod-1"]),
        ("/", ["/"]),
        ("/**", ["/"]),
        ("/system.slice/cgroup.procs/*", []),
        ("/system.slice/nginx", []),
        (CONTAINERS, [f"/system.slice/docker-{ID}.scope"]),
    ],
)
def test_a_pattern_finds_cgroups_and_not_what_is_below_them(root: str, pattern: str, found: list[str]) -> None:
    assert list(find(root, pattern)) == found
    assert find(root, pattern) == {path: Path(root + path).stat().st_ino for path in found}


def test_without_cgroup_v2_there_are_none() -> None:
    assert find("", "/**") == {}


def test_the_agent_sees_cgroups_that_a_scope_asked_for_come_and_go() -> None:
    there = {"/a/*": {"/a/x": 7}}
    around = Surroundings(lambda: Host({}, "/cgroup", lambda _: True, cgroups=lambda question: there.get(question, {})))
    assert around.host().cgroups("/a/*") == {"/a/x": 7}
    assert around.changed() == ""

    there = {"/a/*": {"/a/x": 8}}
    assert around.changed() == "cgroup /a/x came or went", "another of the same name"
    assert around.changed() == ""


# ------------------------------------------------------------------------------------------------ policies


def with_cgroups(cgroups: Mapping[str, Mapping[str, int]]) -> Host:
    return replace(HOST, cgroups=lambda question: cgroups.get(question, {}))


def scoped(scope: str, spec: str = "", host: Host = HOST, hook: str = CALL) -> Resolved:
    return resolved(one_rule(hook, more=f"scope: {scope}" if scope else ""), spec, host)


def fingerprints(policy_: TypedPolicy) -> list[str]:
    desired = gather([policy_])
    maps = {(spec.policy, spec.name): spec for spec in policy_.maps}
    return [BoundUnit(unit, allot_rows(desired, Observed()), maps).fingerprint for unit in desired.units]


def contents(found: Resolved, name: str) -> dict[int, int]:
    spec = next(spec for spec in found.policy.maps if spec.name == name)
    return dict(struct.unpack("<QQ", value) for value in spec.values or ())


def test_a_list_of_cgroups_says_at_which_levels_they_are() -> None:
    host = with_cgroups({"/a/*": {"/a/x": 70, "/a/y": 80}, "/b": {"/b": 90}})

    found = scoped("{cgroups: [/a/*, /cgroup/b]}", host=host)

    levels = (1 << 64) - 1
    assert contents(found, "rule-0-scope-cgroups") == {70: 1, 80: 1, 90: 1, levels: 0b110}
    (test,) = found.policy.rules[0].scopes[0].condition.parts
    assert isinstance(test, TypedTest)
    assert (test.operator, test.ref) == ("Below", ListRef("rule-0-scope-cgroups"))


def test_what_a_scope_names_is_no_part_of_a_program() -> None:
    one, other = (
        scoped(
            f"{{cgroups: [{path}], containers: [{ID[:12]}], processes: {{binaries: [{program}], pids: [{pid}]}}}}", host=host
        )
        for path, program, pid, host in (
            ("/a", "/bin/a", 1, with_cgroups({"/a": {"/a": 7}})),
            ("/b/**", "/bin/something-longer", 2, with_cgroups({"/b/c": {"/b/c": 8}, CONTAINERS: {f"/docker/{ID}": 9}})),
        )
    )
    assert fingerprints(one.policy) == fingerprints(other.policy)
    assert one.policy.trees != other.policy.trees
    assert fingerprints(one.policy) != fingerprints(scoped("{processes: {binaries: [/bin/a], followChildren: true}}").policy)


def test_who_is_not_there_yet_is_a_warning() -> None:
    found = scoped(f"{{cgroups: [/a], containers: [{ID[:12]}]}}")
    empty = [warning.message for warning in found.warnings if warning.code == "scope-empty"]
    assert len(empty) == 2
    assert "/a" in empty[0]


def test_a_policys_scope_and_a_rules_both_hold() -> None:
    found = scoped("{host: false, namespaces: {net: [host, '17']}}", "scope: {containers: false, unresolved: In}")

    outer, inner = found.policy.rules[0].scopes
    assert (outer.unresolved, inner.unresolved) == (True, False)
    (test,) = outer.condition.parts
    assert isinstance(test, TypedTest)
    assert (test.operator, test.negate) == ("Below", True)
    host, namespaces = inner.condition.parts
    assert isinstance(host, TypedTest)
    assert (host.value.path, host.operands) == ("process.namespaces.pid.is_host", (0,))
    assert isinstance(namespaces, AllOf)


def test_a_cgroup_that_is_named_by_its_whole_path_is_followed_where_it_is_made() -> None:
    found = scoped("{cgroups: [/a/b/**, /a/*, /cgroup/c/]}").policy

    assert found.follows == (Followed("tried", "rule-0-scope-cgroups", "rule-0-scope-cgroups-paths"),)
    paths = next(spec for spec in found.maps if spec.name == "rule-0-scope-cgroups-paths")
    assert [value[:256].rstrip(b"\0") for value in paths.values or ()] == [b"/a/b", b"/c"]
    assert CGROUP_POINT.id in found.points
    internal = {unit.attach_point: unit.internal for unit in gather([found]).units}
    assert internal[CGROUP_POINT] == "cgroup_mkdir"
    assert PROCESS_POINTS[0] not in internal, "there is no tree to keep"


@pytest.mark.parametrize(
    ("scope", "hook", "message"),
    [
        ("{cgroups: [/a]}", "{xdp: eth0}", "sees packets before they have a socket"),
        ("{host: true}", "{tc: {interfaces: [eth0], direction: egress}}", "cannot be read at tc:eth0:egress"),
        ("{processes: {pids: [1]}}", "{cgroup: skb_egress}", "cannot be read at cgroup:skb_egress"),
        ("{processes: {binaries: ['/usr/*']}}", CALL, "is no path of a program"),
        ("{namespaces: {net: [hots]}}", CALL, "hots"),
    ],
)
def test_what_cannot_be_told_is_an_error(scope: str, hook: str, message: str) -> None:
    assert message in problem(one_rule(hook, more=f"scope: {scope}")).message


def test_the_socket_is_asked_where_packets_are_seen() -> None:
    found = scoped("{cgroups: [/a]}", host=with_cgroups({"/a": {"/a": 7}}), hook="{cgroup: skb_egress}")
    (test,) = found.policy.rules[0].scopes[0].condition.parts
    assert isinstance(test, TypedTest)
    assert (test.value.path, test.value.can_be_unread) == ("socket.cgroup", True)


def test_a_rule_that_is_about_everyone_keeps_the_others_from_ending_the_run() -> None:
    narrow = "- {name: narrow, hook: {syscall: openat}, outputs: [{counter: {name: a, help: A}}], scope: {host: true}}"
    wide = "- {name: wide, hook: {syscall: openat}, outputs: [{counter: {name: b, help: B}}]}"
    texts = []
    for rules in (narrow, f"{narrow}\n{wide}"):
        found = resolved(rules).policy
        desired = gather([found])
        maps = {(spec.policy, spec.name): spec for spec in found.maps}
        bound = (BoundUnit(unit, allot_rows(desired, Observed()), maps) for unit in desired.units)
        texts.append(next(render(one, saved_target()).text for one in bound if "openat" in one.unit.attach_point.target))
    ending = "\tif (!r->s->scopes[0])\n\t\treturn;\n"
    assert [text.count(ending) for text in texts] == [2, 1]


# ------------------------------------------------------------------------------------------------ process trees


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """1 init, 2 a shell of it, 3 a tool of that, 4 another shell, 5 a kernel thread."""
    for pid, parent, exe in ((1, 0, "/sbin/init"), (2, 1, "/bin/sh"), (3, 2, "/bin/tool"), (4, 1, "/bin/zsh"), (5, 0, "")):
        folder = tmp_path / str(pid)
        folder.mkdir()
        caps = "".join(f"{name}:\t0\n" for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"))
        (folder / "status").write_text(f"PPid:\t{parent}\nUid:\t0 0 0 0\nGid:\t0 0 0 0\nNSpid:\t{pid}\n{caps}")
        if exe:
            (folder / "exe").symlink_to(exe)
    (tmp_path / "self").mkdir()
    return tmp_path


def roots(*paths: bytes, pids: tuple[int, ...] = (), follow: bool = False) -> TreeRoots:
    return TreeRoots(Tree("p", "scope-processes", "", follow), frozenset(paths), frozenset(pids))


def test_members_of_a_tree_are_found_by_program_by_number_and_by_parent(proc: Path) -> None:
    assert members(roots(b"/bin/sh"), proc) == {2: BY_PROGRAM}
    assert members(roots(b"/bin/sh", follow=True), proc) == {2: BY_PROGRAM, 3: BY_PROGRAM}
    assert members(roots(b"/bin/tool", pids=(1, 99), follow=True), proc) == {
        1: BY_PID,
        2: BY_PID,
        3: BY_PROGRAM | BY_PID,
        4: BY_PID,
    }


def with_tree(found: TreeRoots) -> TypedPolicy:
    number = Layout((Column("pid", ValueType("u64", Shape.NUMBER, 8)),))
    spec = MapSpec("p", found.tree.map_name, "tree", MapClass("hash", 8, 8, 1), MOST_PROCESSES, number, number)
    plain: TypedPolicy = policy("p", counters={"c": 1}, processes=True)
    return replace(plain, maps=(*plain.maps, spec), trees=(found,))


def test_a_tree_is_filled_once_and_anew_when_its_roots_change() -> None:
    host = FakeHost.new()
    table = host.engine.processes
    assert isinstance(table, ProcessTable)
    running = {2: BY_PROGRAM}
    host.engine.processes = replace(table, members=lambda _: running)
    given = {"now": with_tree(roots(b"/bin/sh"))}
    host.engine.resolve = lambda _document, _overrides: (given["now"], ())

    def tree() -> dict[int, int]:
        spec = next(spec for spec in given["now"].maps if spec.purpose == "tree")
        with opened(host.kernel, policy_path("p", map_pin("p", spec.name, spec.fingerprint))) as fd:
            assert fd is not None
            rows = dict(host.kernel.items(fd))
        del rows[MARK_KEY]
        return {int.from_bytes(key, "little"): int.from_bytes(value, "little") for key, value in rows.items()}

    assert not host.apply(given["now"]).failed
    assert tree() == {2: BY_PROGRAM}
    assert host.pending_steps(given["now"]) == ()

    running = {4: BY_PROGRAM}
    given["now"] = with_tree(roots(b"/bin/zsh"))
    assert host.pending_steps(given["now"])[-1].startswith("enter running processes into scope-processes of policy p")
    assert not host.apply(given["now"]).failed
    assert tree() == {4: BY_PROGRAM}
    assert host.pending_steps(given["now"]) == ()
    host.assert_clean()
