"""System calls on this kernel: of 64-bit and 32-bit callers, seen once each, and refused."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from callers import CONNECT, GARBAGE, GETPPID, OPENAT, SOCKETCALL, SOCKETCALL_CONNECT, Caller
from inside import Done, Shell, forked, prepared
from stages import CASES

from policyd.kernel.functions import injectable_functions

NOTHING = "/dev/pd-nothing"
NO_DESCRIPTOR = 4000
"""A number that no open file has: what is done with it fails, but it is a call all the same."""


def made(calls: Callable[[Caller], object]) -> Done:
    """Make system calls in a process with a name of its own."""

    def act() -> None:
        Path("/proc/self/comm").write_text("pd-caller")
        calls(Caller())

    done = forked(act)
    assert done.code == 0, done.stderr
    return done


def opened(flags: int) -> int:
    """Return what opening a file that is not there comes to."""
    try:
        return os.open(NOTHING, flags)
    except OSError as error:
        return -(error.errno or 0)


def connected(descriptor: int, length: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    return 0 if libc.connect(descriptor, None, length) == 0 else -ctypes.get_errno()


def series(shell: Shell, policy: str, name: str) -> list[tuple[dict[str, Any], float]]:
    return [(one["labels"], one["value"]) for one in shell.metrics(policy)[name]]


def test_callers_of_both_kinds_are_seen_once(shell: Shell) -> None:
    def calls(caller: Caller) -> None:
        opened(os.O_RDONLY)
        caller.call(OPENAT, -100, caller.text(NOTHING) | GARBAGE, os.O_WRONLY)
        os.getppid()
        caller.call(GETPPID)
        connected(NO_DESCRIPTOR, 16)
        caller.call(CONNECT, NO_DESCRIPTOR + 1, 0, 17)
        caller.call(SOCKETCALL, SOCKETCALL_CONNECT, caller.words(NO_DESCRIPTOR + 2, 0, 18))
        caller.call(SOCKETCALL, SOCKETCALL_CONNECT - 1, caller.words(NO_DESCRIPTOR + 3, 0, 19))  # bind

    with shell.case("callers") as applied:
        assert "32-bit" not in applied.stderr
        made(calls)
        events = [event["fields"] | {"rule": event["rule"]} for event in shell.events("callers")]
        asked = series(shell, "callers", "asked_total")
        missed = series(shell, "callers", "not_opened_total")
    files = [event for event in events if event["rule"] == "opened"]
    assert [(event["hook_name"], event["hook_abi"]) for event in files] == [("openat", "Native"), ("openat", "Compat")]
    assert [(event["args_dfd"], event["args_filename"]) for event in files] == [("AT_FDCWD", NOTHING)] * 2
    assert ["O_WRONLY" in event["args_flags"] for event in files] == [False, True]
    sockets = [event for event in events if event["rule"] == "connected"]
    found = [(event["hook_abi"], event["args_fd"] - NO_DESCRIPTOR, event["args_addrlen"]) for event in sockets]
    assert found == [("Native", 0, 16), ("Compat", 1, 17), ("Compat", 2, 18)]
    for one in (asked, missed):
        assert sorted((row["hook_abi"], value) for row, value in one) == [("Compat", 1), ("Native", 1)]
    assert {row["hook_name"] for row, _ in asked} == {"getppid"}


INJECTABLE = injectable_functions()
"""Debian's kernels are built without error injection: no program can decide there what a system call returns."""


@pytest.mark.skipif(bool(INJECTABLE), reason="on this kernel programs can decide what system calls return")
def test_where_no_errors_are_injected_the_refusal_names_the_lsm_hook(shell: Shell, tmp_path: Path) -> None:
    for case in ("denied-calls", "would-deny-calls"):
        assert "not-decidable" in prepared()["cases"][case]["error"]
        done = shell.apply((CASES / f"{case}.yaml").read_text(), tmp_path / "case.yaml", check=False)
        assert done.code != 0
        assert "{lsm: [file_open, inode_create]} can deny it" in done.stderr + done.stdout


@pytest.mark.skipif(not INJECTABLE, reason="this kernel was built without CONFIG_FUNCTION_ERROR_INJECTION")
def test_a_call_is_refused_whoever_makes_it(shell: Shell) -> None:
    def calls(caller: Caller) -> None:
        text = caller.text(NOTHING)
        assert opened(os.O_RDONLY) == -errno.EACCES
        assert caller.call(OPENAT, -100, text, 0) == -errno.EACCES
        assert caller.call(OPENAT, -100, caller.text("/dev/null"), 0) > 0
        assert os.getppid() == 4242
        assert caller.call(GETPPID) == 4242
        assert connected(NO_DESCRIPTOR, 77) == -errno.EHOSTDOWN
        assert connected(NO_DESCRIPTOR, 16) == -errno.EBADF
        assert caller.call(CONNECT, NO_DESCRIPTOR, 0, 77) == -errno.EHOSTDOWN
        assert caller.call(SOCKETCALL, SOCKETCALL_CONNECT, caller.words(NO_DESCRIPTOR, 0, 77)) == -errno.EHOSTDOWN

    with shell.case("denied-calls"):
        made(calls)
        assert forked(lambda: int(os.getppid() == 4242)).code == 0  # who has another name is spared
        events = shell.events("denied-calls")
        asked = series(shell, "denied-calls", "asked_total")
    assert [(event["fields"]["hook_abi"], event["verdict"]) for event in events if event["rule"] == "opening"] == [
        ("Native", "denied"),
        ("Compat", "denied"),
    ]
    assert len([event for event in events if event["rule"] == "connecting"]) == 3
    assert sorted((row["hook_abi"], value) for row, value in asked) == [("Compat", 1), ("Native", 1)]
    assert opened(os.O_RDONLY) == -errno.ENOENT


@pytest.mark.skipif(not INJECTABLE, reason="this kernel was built without CONFIG_FUNCTION_ERROR_INJECTION")
def test_in_monitor_mode_a_call_is_only_said_to_be_refused(shell: Shell) -> None:
    with shell.case("would-deny-calls"):
        made(lambda caller: (opened(0), caller.call(OPENAT, -100, caller.text(NOTHING), 0)))
        events = shell.events("would-deny-calls")
    assert [(event["fields"]["hook_abi"], event["verdict"]) for event in events] == [
        ("Native", "would-deny"),
        ("Compat", "would-deny"),
    ]
