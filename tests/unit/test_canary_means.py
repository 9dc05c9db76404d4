"""The means of canaries: every call is harmless and documented, and every attach point has one or a reason."""

from __future__ import annotations

import errno
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policyd.daemon import means
from policyd.daemon.calls import BY_NAME, HARMLESS
from policyd.daemon.means import EVENTS, ONLY_32_BIT, Means, idle_program, means_of, own_cgroup
from policyd.daemon.proof import Seen, expired, prove
from policyd.unit import AttachPoint
from policyd.vocabulary.attach import ATTACH_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).resolve().parents[2]
HERE = "/sys/fs/cgroup/system.slice/policyd.service"

SUCCEED = """
getpid getppid getuid geteuid getgid getegid gettid getpgrp getpgid getsid sched_yield getcpu times brk gettimeofday time
getgroups poll splice tee setreuid setregid setresuid setresgid
"""
"""Calls that are not refused: they ask, or they are told to change nothing."""

ALL = """
import os, signal
from policyd.daemon import means
signal.alarm(30)
def state():
    return sorted(os.listdir("/proc/self/fd")), os.getresuid(), os.getresgid(), os.getcwd(), os.getpgid(0), os.getsid(0)
before = state()
for name in means.BY_NAME:
    if name in means._numbers():
        print(name, means._do_call(name), flush=True)
assert state() == before
"""


@pytest.mark.skipif(platform.machine() not in {"x86_64", "aarch64"}, reason="the numbers of other machines are not shipped")
def test_every_call_is_refused_or_changes_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", ALL], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, [*done.stdout.splitlines()[-1:], done.stderr]
    results = dict(line.split() for line in done.stdout.splitlines())
    assert len(results) > 150
    assert {name for name, code in results.items() if code == "0"} <= set(SUCCEED.split())


def test_a_call_stands_in_one_row_only_and_in_the_documentation() -> None:
    names = [name for row in HARMLESS for name in row.names]
    assert len(names) == len(set(names)) == len(BY_NAME)
    page = (CHECKOUT / "docs/truth.md").read_text(encoding="utf-8")
    for row in HARMLESS:
        assert f"| {row.calls} | {', '.join(map(str, row.arguments))} | {row.why} |" in page
    assert [name for name in EVENTS if f"`{name}`" not in page.replace("raw_syscalls/", "")] == []


@pytest.mark.parametrize(
    "call", ["sync", "fork", "vfork", "exit_group", "pause", "reboot", "acct", "rt_sigreturn", "setsid"]
)
def test_a_call_that_would_have_an_effect_has_no_means(call: str) -> None:
    found = means_of(AttachPoint("tracepoint", f"syscalls/sys_enter_{call}"), HERE)
    assert found == f"the call {call} cannot be made without an effect"


def _die(_: str) -> int:
    os.kill(os.getpid(), signal.SIGSYS)
    return 0


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [(lambda _: errno.EPERM, False), (lambda _: errno.ENOSYS, False), (_die, False), (lambda _: errno.EBADF, True)],
    ids=["EPERM", "ENOSYS", "killed", "EBADF"],
)
def test_a_filter_of_system_calls_is_found_out_by_a_child(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], int], allowed: bool
) -> None:
    monkeypatch.setattr(means, "_lines", lambda _: ["Seccomp:\t2"])
    monkeypatch.setattr(means, "_do_call", answer)
    means._is_allowed.cache_clear()
    try:
        found = means_of(AttachPoint("tracepoint", "syscalls/sys_enter_close"), HERE)
    finally:
        means._is_allowed.cache_clear()
    assert found == (Means("call", "close") if allowed else "a filter of system calls keeps close from the agent")


@pytest.mark.parametrize(
    ("point", "way"),
    [
        (AttachPoint("tracepoint", "syscalls/sys_exit_openat"), Means("call", "openat")),
        (AttachPoint("tracepoint", "raw_syscalls/sys_enter"), Means("call", "getppid")),
        (AttachPoint("tracepoint", "sched/sched_switch"), Means("sleep")),
        (AttachPoint("raw_tracepoint", "sched_process_exit"), Means("child")),
        (AttachPoint("raw_tracepoint", "block_rq_issue"), "the event block_rq_issue cannot be made at will"),
        (AttachPoint("xdp", "lo", "generic"), Means("datagram", "4")),
        (AttachPoint("tcx", "eth0", "egress"), "only packets of others pass eth0"),
        (AttachPoint("cgroup", "/sys/fs/cgroup", "connect6"), Means("datagram", "6")),
        (AttachPoint("cgroup", "/sys/fs/cgroup/system.slice", "skb_ingress"), Means("datagram", "4")),
        (AttachPoint("cgroup", "/sys/fs/cgroup/system.slice/policyd.service", "bind4"), Means("datagram", "4")),
        (AttachPoint("cgroup", "/sys/fs/cgroup", "post_bind6"), Means("datagram", "6")),
        (AttachPoint("cgroup", "/sys/fs/cgroup", "sock_release"), Means("datagram", "4")),
        (AttachPoint("cgroup", "/sys/fs/cgroup", "recvmsg6"), Means("answer", "6")),
        (AttachPoint("cgroup", "/sys/fs/cgroup", "getsockopt"), Means("option")),
        (AttachPoint("cgroup", "/sys/fs/cgroup", "sysctl"), Means("setting")),
        (AttachPoint("cgroup", "/sys/fs/cgroup", "device"), Means("device")),
        (AttachPoint("sock_ops", "/sys/fs/cgroup"), Means("stream", "4")),
        (AttachPoint("sock_ops", "/sys/fs/cgroup/user.slice"), "the agent is not in /sys/fs/cgroup/user.slice"),
        (AttachPoint("sk_lookup", "own"), Means("stream", "4")),
        (AttachPoint("sk_lookup", "/run/netns/a"), "the agent is not in the network namespace /run/netns/a"),
        (AttachPoint("cgroup", "/sys/fs/cgroup/system", "bind4"), "the agent is not in /sys/fs/cgroup/system"),
        (AttachPoint("cgroup", "/sys/fs/cgroup/user.slice", "bind4"), "the agent is not in /sys/fs/cgroup/user.slice"),
    ],
    ids=str,
)
def test_an_attach_point_has_a_means_or_a_reason(point: AttachPoint, way: Means | str) -> None:
    assert means_of(point, HERE) == way


def test_every_attach_kind_is_answered() -> None:
    for row in ATTACH_KINDS:
        for option in row.options:
            assert means_of(AttachPoint(row.kind, "somewhere", option), HERE)


def test_the_agent_knows_its_own_cgroup_and_a_program_that_does_nothing() -> None:
    own = own_cgroup()
    assert own == "" or Path(own).is_dir()
    assert subprocess.run(idle_program(), check=False, timeout=60).returncode == 0


def test_a_policy_is_proven_by_all_of_its_attach_points() -> None:
    found = prove("p", [Seen("a", "canary"), Seen("b", "event")], 7.0)
    assert (found.proven, found.by, found.when, found.hooks) == (True, "event", 7.0, {"a": True, "b": True})
    assert prove("p", [Seen("a", "canary")], 7.0).by == "canary"


def test_where_only_32_bit_callers_come_a_policy_need_not_be_proven() -> None:
    beside = Seen("compat", "", "only 32-bit programs come there", beside=True)
    found = prove("p", [Seen("native", "canary"), beside], 7.0)
    assert (found.proven, found.by, found.hooks) == (True, "canary", {"native": True, "compat": False})
    assert not prove("p", [beside], 7.0).proven
    assert prove("p", [Seen("native", "canary"), Seen("compat", "event", beside=True)], 7.0).by == "event"


def test_functions_of_system_calls_are_passed_by_calls() -> None:
    assert means_of(AttachPoint("fmod_ret", "__x64_sys_openat"), "/") == Means("call", "openat")
    assert means_of(AttachPoint("fentry", "__do_sys_getppid"), "/") == Means("call", "getppid")
    assert means_of(AttachPoint("fentry", "__ia32_compat_sys_openat"), "/") == ONLY_32_BIT
    assert "cannot be made without an effect" in str(means_of(AttachPoint("fmod_ret", "__x64_sys_sync"), "/"))
    assert means_of(AttachPoint("kprobe", "vfs_read"), "/") == "the function vfs_read cannot be called at will"


def test_a_proof_that_falls_keeps_its_time_and_says_where_and_why() -> None:
    before = prove("p", [Seen("a", "canary"), Seen("b", "canary")], 7.0)
    found = prove(
        "p", [Seen("a", "canary"), Seen("b", "", "its link is gone"), Seen("c", "", "its link is gone")], 9.0, before
    )
    assert (found.proven, found.by, found.when) == (False, "", 7.0)
    assert found.reason == "b and 1 more: its link is gone"
    assert found.hooks == {"a": True, "b": False, "c": False}


def test_only_the_first_reasons_are_told() -> None:
    found = prove("p", [Seen(str(number), "", f"reason {number}") for number in range(5)], 1.0)
    assert found.reason == "0: reason 0; 1: reason 1; 2: reason 2; 2 more"


def test_nothing_is_proven_where_nothing_is_attached_or_nobody_looks() -> None:
    assert prove("p", [], 1.0).reason == "it has no attach point on this host"
    found = expired(prove("p", [Seen("a", "canary")], 1.0), 31.0)
    assert (found.proven, found.hooks) == (False, {"a": False})
    assert "for 31 s" in found.reason
