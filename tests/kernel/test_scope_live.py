"""Whom policies and rules are about, on this kernel: cgroups, process trees and namespaces that really are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from codegen_cases import leaf, policy, rule
from conftest import Host, both_builders
from test_process_live import COMM

from policyd.host import Host as ResolvingHost
from policyd.processes import members

pytestmark = pytest.mark.kernel

SEEN = f'import os; open("/proc/self/comm", "w").write("{COMM}"); os.getppid()'


def about(scope: dict[str, Any], **rules: dict[str, Any]) -> str:
    """Return a policy with a scope, which counts calls of getppid under our name; `rules` have scopes of their own."""
    mine = leaf("process.comm", "Equal", COMM)

    def counting(name: str, **more: Any) -> dict[str, Any]:
        counter = {"counter": {"name": f"{name}_total", "help": name}}
        return rule(name, {"syscall": "getppid"}, [mine], [counter], **more)

    scoped = [counting(name, scope=own) for name, own in rules.items()]
    return policy("seen", [counting("every"), *scoped], **({"scope": scope} if scope else {}))


def call(*, before: Callable[[], object] | None = None, command: tuple[str, ...] = (sys.executable, "-c", SEEN)) -> None:
    subprocess.run(command, preexec_fn=before, check=True, timeout=60)


def counted(host: Host, name: str = "every") -> int:
    return host.count("seen", f"{name}_total")


# ------------------------------------------------------------------------------------------------ cgroups


@pytest.fixture
def cgroup() -> Iterator[Path]:
    """A cgroup of our own; it and all below it go with the test."""
    root = ResolvingHost.running().cgroup_root
    folder = Path(root) / f"pd-scope-{os.getpid()}"
    folder.mkdir()
    yield folder
    for below in sorted((*folder.rglob("*/"), folder), key=lambda path: -len(path.parts)):
        with suppress(FileNotFoundError):
            below.rmdir()


def inside(folder: Path) -> Callable[[], object]:
    return lambda: (folder / "cgroup.procs").write_text("0", encoding="utf-8")


@both_builders
def test_a_cgroup_counts_with_all_below_it_whenever_that_is_made(host: Host, cgroup: Path) -> None:
    (cgroup / "a.service").mkdir()
    (cgroup / "b.scope").mkdir()
    host.apply(about({"cgroups": [f"/{cgroup.name}/*.service"]}))

    (cgroup / "a.service" / "later").mkdir()
    (cgroup / "a.service" / "later" / "deeper").mkdir()
    for name, expected in (
        ("a.service", 1),
        ("b.scope", 1),
        (".", 1),
        ("a.service/later", 2),
        ("a.service/later/deeper", 3),
    ):
        call(before=inside(cgroup / name))
        assert counted(host) == expected, name
    call()
    assert counted(host) == 3

    (cgroup / "new.service").mkdir()
    scope = about({"cgroups": [f"/{cgroup.name}/*.service"]})
    assert len(host.pending_steps(scope)) == 2, "the list, and the record that says what is in it"
    host.apply(scope)
    call(before=inside(cgroup / "new.service"))
    assert counted(host) == 4


@both_builders
def test_a_cgroup_that_is_named_is_in_as_soon_as_it_is_made_and_after_it_was_made_again(host: Host, cgroup: Path) -> None:
    named = [f"/{cgroup.name}/a/again/**", f"/{cgroup.name}/never"]
    host.apply(about({"cgroups": named}, other={"cgroups": ["/nowhere"]}))
    (cgroup / "a").mkdir()
    for number in (1, 2):
        (cgroup / "a" / "again").mkdir()
        (cgroup / "a" / "against").mkdir()
        call(before=inside(cgroup / "a" / "against"))
        call(before=inside(cgroup / "a" / "again"))
        assert (counted(host), counted(host, "other")) == (number, 0)
        (cgroup / "a" / "again").rmdir()
        (cgroup / "a" / "against").rmdir()


def test_another_scope_is_no_other_program(host: Host, cgroup: Path) -> None:
    (cgroup / "a").mkdir()
    (cgroup / "b").mkdir()
    host.apply(about({"cgroups": [f"/{cgroup.name}/a"]}))
    call(before=inside(cgroup / "a"))
    call(before=inside(cgroup / "b"))
    assert counted(host) == 1

    result = host.apply(about({"cgroups": [f"/{cgroup.name}/b", f"/{cgroup.name}/b/c"]}))

    assert not [step for step in result.plan.describe() if "program" in step], result.plan.describe()
    call(before=inside(cgroup / "b"))
    call(before=inside(cgroup / "a"))
    assert counted(host) == 2
    assert host.pending_steps(about({"cgroups": [f"/{cgroup.name}/b", f"/{cgroup.name}/b/c"]})) == ()


def test_containers_are_told_by_the_cgroups_that_runtimes_make(host: Host, cgroup: Path) -> None:
    number = f"{os.getpid():064x}"
    (cgroup / f"docker-{number}.scope").mkdir()
    host.apply(about({}, any={"containers": True}, one={"containers": [number]}, none={"containers": False}))

    call(before=inside(cgroup / f"docker-{number}.scope"))
    call()

    assert [counted(host, name) for name in ("every", "any", "one", "none")] == [2, 1, 1, 1]


@both_builders
def test_packets_are_of_the_cgroup_of_their_socket(host: Host, cgroup: Path) -> None:
    (cgroup / "a" / "b").mkdir(parents=True)
    mine = leaf("dst.port", "Equal", "4789")
    hooks: dict[str, object] = {
        "cgroup": {"cgroup": "skb_egress"},
        "tc": {"tc": {"interfaces": ["lo"], "direction": "egress"}},
    }
    rules = [
        rule(
            name,
            hook,
            [mine],
            [{"counter": {"name": f"{name}_total", "help": name}}],
            scope={"cgroups": [f"/{cgroup.name}/a"]},
        )
        for name, hook in hooks.items()
    ]
    host.apply(policy("seen", rules))
    send = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 4789))"

    for folder, expected in ((cgroup, 0), (cgroup / "a", 1), (cgroup / "a" / "b", 2)):
        call(before=inside(folder), command=(sys.executable, "-c", send))
        assert [counted(host, name) for name in hooks] == [expected, expected]


# ------------------------------------------------------------------------------------------------ processes


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A shell under a name of its own."""
    path = tmp_path / "shell"
    shutil.copy("/bin/dash" if Path("/bin/dash").exists() else "/bin/sh", path)
    return path


TWICE = f"""
import os, subprocess, sys
if not os.fork():  # its starter ends before it acts: a daemon
    os.setsid()
    if not os.fork():
        subprocess.run([sys.executable, "-c", {SEEN!r}], check=True)
        os.write(1, b"done")
    os._exit(0)
os.wait()
"""


@pytest.fixture
def calls(tmp_path: Path) -> str:
    """A shell command that runs Python once."""
    return f"{sys.executable} {_written(tmp_path / 'seen.py', SEEN)}"


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def knows_members(host: Host) -> None:
    """Have the engine enter who runs already."""
    assert host.engine.processes is not None
    host.engine.processes = replace(host.engine.processes, members=members)


@both_builders
def test_children_are_followed_through_fork_exec_and_daemons(host: Host, program: Path, calls: str, tmp_path: Path) -> None:
    binaries = {"binaries": [str(program)]}
    host.apply(about({"processes": {**binaries, "followChildren": True}}, alone={"processes": binaries}))

    call()
    assert counted(host) == 0
    call(command=(str(program), "-c", f"{calls}; :"))
    assert (counted(host), counted(host, "alone")) == (1, 0)

    reading, writing = os.pipe()
    daemon = subprocess.Popen(
        [program, "-c", f"{sys.executable} {_written(tmp_path / 'twice.py', TWICE)}; :"], stdout=writing
    )
    os.close(writing)
    assert daemon.wait(60) == 0
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"done"
    assert (counted(host), counted(host, "alone")) == (2, 0)


def test_who_is_there_already_is_in_its_tree(host: Host, program: Path, calls: str) -> None:
    waiting = subprocess.Popen([program, "-c", f"read x; {calls}; :"], stdin=subprocess.PIPE)
    other = subprocess.Popen(["/bin/sh", "-c", f"read x; {calls}; :"], stdin=subprocess.PIPE)
    tree = {"processes": {"binaries": [str(program)], "followChildren": True}}
    text = about(tree, numbered={"processes": {"pids": [waiting.pid, other.pid], "followChildren": True}})
    host.apply(text)

    for one in (waiting, other):
        one.communicate(b"\n", timeout=60)

    assert (counted(host), counted(host, "numbered")) == (1, 1)
    assert host.pending_steps(text) == ()


def test_other_roots_are_another_filling_and_no_other_program(host: Host, program: Path, calls: str) -> None:
    script = f"read x; {calls}; read x; {calls}; :"
    waiting = [subprocess.Popen([path, "-c", script], stdin=subprocess.PIPE) for path in (program, "/bin/sh")]

    def tree(*paths: str) -> str:
        return about({"processes": {"binaries": list(paths), "followChildren": True}})

    host.apply(tree(str(program)))
    result = host.apply(tree(str(Path("/bin/sh").resolve())))

    assert not [step for step in result.plan.describe() if "program" in step], result.plan.describe()
    for one, expected in zip(waiting, (0, 2), strict=True):
        one.communicate(b"\n\n", timeout=60)
        assert counted(host) == expected


# ------------------------------------------------------------------------------------------------ namespaces


def test_the_host_is_told_from_a_pid_namespace_and_scopes_add_up(host: Host) -> None:
    net = Path("/proc/self/ns/net").stat().st_ino
    host.apply(
        about(
            {"namespaces": {"mnt": "host"}},
            outside={"host": True},
            within={"host": False},
            numbered={"namespaces": {"net": [str(net), "1"]}},
            nobody={"namespaces": {"net": ["1"]}},
        )
    )
    unshare = "import ctypes, os; assert not ctypes.CDLL(None).unshare({}); pid = os.fork(); pid or (os.setpgid(0, 0)); "
    inner = f"{unshare}\nif not pid:\n    {SEEN.replace('import os; ', '')}\n    os._exit(0)\nos.waitpid(pid, 0)"

    call()
    call(command=(sys.executable, "-c", inner.format(0x20000000)))  # CLONE_NEWPID
    call(command=(sys.executable, "-c", inner.format(0x20020000)))  # and CLONE_NEWNS: out of the policy's scope

    names = ("every", "outside", "within", "numbered", "nobody")
    assert [counted(host, name) for name in names] == [2, 1, 1, 2, 0]
