"""What has changed about a process, where it came from, and whose a socket is: on this kernel, by what really happens."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from codegen_cases import leaf, policy, rule
from conftest import Host, both_builders
from test_process_live import COMM, acted, watch

from policyd.reading import open_policy
from policyd.vocabulary.fields import GROUPS

pytestmark = pytest.mark.kernel

CHANGED = GROUPS["process.changed"]
ONCE_MORE = f'import os; open("/proc/self/comm", "w").write("{COMM}"); os.getppid()'
SHORT = [path.removeprefix("process.changed.") for path in CHANGED]


def changes(host: Host) -> list[set[str]]:
    """Return what has changed, of each event that the policy has sent."""
    found = []
    for event in open_policy(host.kernel, "seen").events():
        states = {short: event.fields[path.replace(".", "_")] for short, path in zip(SHORT, CHANGED, strict=True)}
        assert all(isinstance(state, bool) for state in states.values()), states
        found.append({short for short, state in states.items() if state})
    return found


@both_builders
def test_what_a_process_changes_about_itself_is_told_until_it_executes_or_forks(host: Host) -> None:
    host.apply(watch(fields=[*CHANGED, "process.origin"]))

    acted(
        f"""
        seen()
        must(libc.unshare(0x00020000 | 0x08000000 | 0x20000000))  # mnt, ipc, pid: of children
        seen()
        class Header(ctypes.Structure):
            _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]
        class Sets(ctypes.Structure):
            _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]
        header, sets = Header(0x20080522, 0), (Sets * 2)()
        must(libc.capget(ctypes.byref(header), sets))
        sets[0].effective &= ~(1 << 5)
        must(libc.capset(ctypes.byref(header), sets))
        os.setresgid(1234, 0, 0)
        os.setresuid(1234, 0, 0)
        seen()
        child = os.fork()
        if not child:
            seen()
            os._exit(0)
        os.waitpid(child, 0)
        os.execv(sys.executable, [sys.executable, "-c", {ONCE_MORE!r}])
        """
    )

    first, unshared, dropped, forked, executed = changes(host)
    assert first == set()
    assert unshared == {"namespaces.mnt", "namespaces.ipc", "namespaces.pid"}
    assert dropped == unshared | {"uid", "gid", "capabilities.effective"}
    assert forked == executed == set()


def test_who_was_there_before_has_changed_since_the_table_was_filled(host: Host, tmp_path: Path) -> None:
    pipes = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.write(pipes[0][1], b"here")
        os.read(pipes[1][0], 1)
        Path("/proc/self/comm").write_text(COMM, encoding="utf-8")
        os.getppid()
        os.setresuid(1234, 0, 0)
        os.getppid()
        os._exit(0)
    os.read(pipes[0][0], 4)
    host.apply(watch(fields=list(CHANGED)))
    os.write(pipes[1][1], b"x")
    assert os.waitpid(child, 0)[1] == 0
    for end in (*pipes[0], *pipes[1]):
        os.close(end)

    assert changes(host) == [set(), {"uid"}]


def test_a_process_says_how_it_came_into_a_pid_namespace(host: Host) -> None:
    host.apply(watch(fields=["process.origin", "process.parent.origin"]))

    acted(
        """
        seen()
        must(libc.unshare(0x20000000))  # CLONE_NEWPID
        ready, go = os.pipe(), os.pipe()
        init = os.fork()
        if not init:
            seen()
            child = os.fork()
            if not child:
                seen()
                os._exit(0)
            os.waitpid(child, 0)
            os.write(ready[1], b"x")
            os.read(go[0], 1)
            os._exit(0)
        os.read(ready[0], 1)
        guest = os.fork()  # the namespace of children is still the same
        if not guest:
            seen()
            child = os.fork()
            if not child:
                seen()
                os._exit(0)
            os.waitpid(child, 0)
            os._exit(0)
        os.waitpid(guest, 0)
        os.write(go[1], b"x")
        os.waitpid(init, 0)
        """
    )

    shown = [tuple(event.fields.values()) for event in open_policy(host.kernel, "seen").events()]
    assert shown == [("Host", "Host"), ("Init", "Host"), ("Init", "Init"), ("Joined", "Host"), ("Joined", "Joined")]


def test_a_socket_is_owned_by_who_made_it(host: Host) -> None:
    his = leaf("args.sk.owner.uid", "Equal", "4242")
    watching = rule("it", {"raw_tracepoint": "inet_sock_set_state"}, [his], [{"event": {"fields": ["args.sk.owner"]}}])
    host.apply(policy("seen", [watching]))
    child = os.fork()
    if not child:
        os.setresuid(4242, 4242, 4242)
        with socket.create_server(("127.0.0.1", 0)):
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0

    events = list(open_policy(host.kernel, "seen").events())
    assert events
    path = next(line[3:] for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").split("\n") if line[:3] == "0::")
    assert {tuple(event.fields.values()) for event in events} == {(4242, path)}
