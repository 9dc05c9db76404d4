"""32-bit callers at the tracepoint of all system calls: each call seen once, with the arguments that it was made with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import Shell

pytestmark = pytest.mark.kernel

POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: callers}
spec:
  rules:
    - name: opened
      hook: {syscall: {names: [openat], abi: [Native, Compat]}}
      filters:
        - {field: args.filename, operator: Equal, value: /dev/pd-nothing}
        - {field: process.comm, operator: Equal, value: pd-actor}
      outputs: [{event: {fields: [hook.name, hook.abi, args.dfd, args.flags]}}]
    - name: connected
      hook: {syscall: {names: [connect], abi: [Native, Compat]}}
      filters: [{field: process.comm, operator: Equal, value: pd-actor}]
      outputs: [{event: {fields: [hook.abi, args.fd, args.uservaddr, args.addrlen]}}]
    - name: sought
      hook: {syscall: {names: [lseek], abi: [Native, Compat]}}
      filters: [{field: process.comm, operator: Equal, value: pd-actor}]
      outputs: [{counter: {name: sought_total, help: Seeks, by: [hook.name, hook.abi, args.fd]}}]
"""
ACTOR = f"""
sys.path.insert(0, {str(Path(__file__).parent)!r})
from callers import CONNECT, GARBAGE, OPENAT, SOCKETCALL, SOCKETCALL_CONNECT, Caller
caller = Caller()
try:
    os.open("/dev/pd-nothing", os.O_RDONLY)
except FileNotFoundError:
    pass
assert caller.call(OPENAT, -100, caller.text("/dev/pd-nothing") | GARBAGE, os.O_WRONLY) == -2
libc.connect(4000, None, 16)
caller.call(CONNECT, 4001, 0, 17)
caller.call(SOCKETCALL, SOCKETCALL_CONNECT, caller.words(4002, 0x1234, 18))
caller.call(SOCKETCALL, SOCKETCALL_CONNECT - 1, caller.words(4003, 0, 19))
libc.lseek(4004, 0, 0)
caller.call(19, 4005, 0, 0)
caller.call(140, 4006, 0, 0, caller.words(0, 0), 0)
"""


@pytest.fixture
def shell() -> Iterator[Shell]:
    found = Shell(f"/sys/fs/bpf/pd_test_callers_{os.getpid()}")
    yield found
    found.remove_all()


def test_a_call_is_seen_once_whoever_makes_it(shell: Shell) -> None:
    shell.run("apply", "-f", "-", text=POLICY)
    shell.act(ACTOR)
    events = [json.loads(line) for line in shell.run("events", "callers", "-o", "json").stdout.splitlines()]
    opened = [event["fields"] for event in events if event["rule"] == "opened"]
    assert [(one["hook_name"], one["hook_abi"], one["args_dfd"]) for one in opened] == [
        ("openat", "Native", "AT_FDCWD"),
        ("openat", "Compat", "AT_FDCWD"),
    ]
    assert ["O_WRONLY" in one["args_flags"] for one in opened] == [False, True]
    connected = [event["fields"] for event in events if event["rule"] == "connected"]
    assert [(one["hook_abi"], one["args_fd"], one["args_addrlen"]) for one in connected] == [
        ("Native", 4000, 16),
        ("Compat", 4001, 17),
        ("Compat", 4002, 18),
    ]
    families = json.loads(shell.run("metrics", "callers", "-o", "json").stdout)["metrics"]
    (family,) = [family for family in families if family["name"] == "sought_total"]
    words = ("hook_name", "hook_abi", "args_fd")
    found = {tuple(one["labels"][word] for word in words): one["value"] for one in family["series"]}
    assert {key: value for key, value in found.items() if int(key[2]) >= 4000} == {
        ("lseek", "Native", "4004"): 1,
        ("lseek", "Compat", "4005"): 1,
        ("lseek", "Compat", "4006"): 1,
    }
