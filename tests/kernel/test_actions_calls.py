"""What is done to calls: connect, bind and sendmsg denied with the errno that the policy says, and processes signalled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import devices
import pytest
from network import private_network
from packets import running

from policyd.reading.policy import open_policy

if TYPE_CHECKING:
    from conftest import Host

pytestmark = pytest.mark.kernel

ACTOR = """
import errno, json, os, socket, sys

def attempt(call, family, address, port):
    kind = socket.SOCK_DGRAM if call in {"connect", "bind", "sendto"} else socket.SOCK_STREAM
    with socket.socket(family, kind) as made:
        calls = {
            "connect": made.connect, "bind": made.bind, "sendto": lambda to: made.sendto(b"x", to),
            "connect tcp": made.connect, "send fast": lambda to: made.sendto(b"x", socket.MSG_FASTOPEN, to),
        }
        try:
            calls[call]((address, port))
        except OSError as error:
            return errno.errorcode[error.errno]
    return "done"

open(sys.argv[1], "w").write(str(os.getpid()))
print(json.dumps([attempt(*words) for words in json.loads(sys.argv[2])]))
"""
FOUR, SIX = 2, 10
CALLS = {
    "connect4": ("connect", FOUR, "127.0.0.1"),
    "connect6": ("connect", SIX, "::1"),
    "sendmsg4": ("sendto", FOUR, "127.0.0.1"),
    "sendmsg6": ("sendto", SIX, "::1"),
    "bind4": ("bind", FOUR, "127.0.0.1"),
    "bind6": ("bind", SIX, "::1"),
}
DENIED, ALLOWED = 7001, 7002
POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: {name}}}
spec:
  mode: {mode}
  suspend: {suspend}
  rules:
    - name: calls
      hook: {{cgroup: {{name: {hook}, path: {path}}}}}
      filters: [{{field: {side}.port, operator: Equal, value: 7001}}]
      outputs:
        - event: {{fields: [process.comm, process.pid, family, protocol, {side}.ip, {side}.port]}}
        - counter: {{name: {name}_total, by: [{side}.ip]}}
      action: {{deny: {errno}}}
"""


def policy(
    hook: str, path: Path, errno: str = "EPERM", name: str = "calls", mode: str = "enforce", suspend: str = "false"
) -> str:
    side = "src" if hook.startswith("bind") else "dst"
    return POLICY.format(hook=hook, path=path, errno=errno, name=name, mode=mode, suspend=suspend, side=side)


@pytest.fixture(autouse=True)
def _network() -> Iterator[None]:
    with private_network():
        yield


@pytest.fixture
def group(host: Host) -> Iterator[Path]:
    with devices.cgroup() as path:
        yield path
        host.delete_all()


def attempts(group: Path, *words: tuple[str, int, str, int]) -> list[str]:
    """Make calls in a process of the cgroup; return what became of each: `done`, or an errno's name."""
    command = [sys.executable, "-c", ACTOR, str(group / "cgroup.procs"), json.dumps(words)]
    found: list[str] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def events(host: Host, name: str = "calls") -> list[tuple[str, dict[str, Any]]]:
    return [(event.origin.verdict, event.fields) for event in open_policy(host.kernel, name).events()]


# ------------------------------------------------------------------------------------------------ deny


@pytest.mark.parametrize("hook", CALLS)
@pytest.mark.parametrize("errno", ["EPERM", "EACCES", "ECONNREFUSED"])
def test_a_denied_call_fails_with_the_errno_of_the_policy(host: Host, group: Path, hook: str, errno: str) -> None:
    call = CALLS[hook]
    host.apply(policy(hook, group, errno))
    assert attempts(group, (*call, DENIED), (*call, ALLOWED), (*call, DENIED)) == [errno, "done", errno]
    side = "src" if hook.startswith("bind") else "dst"
    for verdict, fields in events(host):
        assert verdict == "denied"
        del fields["process_pid"]
        assert fields.pop("process_comm").startswith("python")
        family = {FOUR: "AF_INET", SIX: "AF_INET6"}[call[1]]
        assert fields == {"family": family, "protocol": "udp", f"{side}_ip": call[2], f"{side}_port": DENIED}
    assert host.account("calls")["acted"] == 2
    assert open_policy(host.kernel, "calls").metrics()["calls_total"] == [({f"{side}_ip": call[2]}, 2)]
    host.delete_all()
    assert attempts(group, (*call, DENIED)) == ["done"]


def test_calls_of_other_cgroups_are_not_denied(host: Host, group: Path) -> None:
    host.apply(policy("connect4", group))
    with devices.cgroup() as other:
        assert attempts(other, (*CALLS["connect4"], DENIED)) == ["done"]
    below = group / "below"
    below.mkdir()
    try:
        assert attempts(below, (*CALLS["connect4"], DENIED)) == ["EPERM"]
    finally:
        below.rmdir()


@pytest.mark.parametrize(
    ("hook", "call", "family"),
    [
        ("connect6", "connect", "AF_INET6"),
        ("bind6", "bind", "AF_INET6"),
        ("sendmsg4", "sendto", "AF_INET"),  # the kernel sends it as IPv4 before it asks: udpv6_sendmsg in net/ipv6/udp.c
    ],
)
def test_a_mapped_address_of_a_dual_stack_socket_is_an_ipv4_address(
    host: Host, group: Path, hook: str, call: str, family: str
) -> None:
    """A rule on IPv4 networks must see through it."""
    side = "src" if hook == "bind6" else "dst"
    text = policy(hook, group).replace(
        f"filters: [{{field: {side}.port, operator: Equal, value: 7001}}]",
        f"filters: [{{field: {side}.ip, operator: InCIDR, values: [127.0.0.0/8]}}]",
    )
    assert "InCIDR" in text
    host.apply(text)
    assert attempts(group, (call, SIX, "::ffff:127.0.0.1", ALLOWED), (call, SIX, "::1", ALLOWED)) == ["EPERM", "done"]
    ((_, fields),) = events(host)
    assert (fields[f"{side}_ip"], fields["family"]) == ("127.0.0.1", family)


@pytest.mark.parametrize("call", ["connect tcp", "send fast"])
@pytest.mark.parametrize(("hook", "family", "address"), [("connect4", FOUR, "127.0.0.1"), ("connect6", SIX, "::1")])
def test_tcp_is_denied_before_it_connects(host: Host, group: Path, hook: str, family: int, address: str, call: str) -> None:
    """Also by TCP Fast Open, which connects in its first send."""
    host.apply(policy(hook, group, "EACCES"))
    assert attempts(group, (call, family, address, DENIED), (call, family, address, ALLOWED))[0] == "EACCES"
    ((_, fields),) = events(host)
    assert fields["protocol"] == "tcp"


@pytest.mark.parametrize("port", [0, 1, 255, 256, 65535])
def test_ports_and_addresses_are_in_the_order_that_people_write(host: Host, group: Path, port: int) -> None:
    host.apply(policy("connect4", group).replace("operator: Equal, value: 7001", f"operator: Equal, value: {port}"))
    assert attempts(group, ("connect", FOUR, "127.1.2.3", port), ("connect", FOUR, "127.0.0.1", 4660)) == ["EPERM", "done"]
    ((_, fields),) = events(host)
    assert (fields["dst_ip"], fields["dst_port"]) == ("127.1.2.3", port)


# ------------------------------------------------------------------------------------------------ modes


def test_monitor_denies_nothing_and_is_flipped_without_a_reload(host: Host, group: Path) -> None:
    call = (*CALLS["connect4"], DENIED)
    host.apply(policy("connect4", group, "EACCES", mode="monitor"))
    before = running(host)
    assert attempts(group, call) == ["done"]
    host.apply(policy("connect4", group, "EACCES"))
    assert attempts(group, call) == ["EACCES"]
    host.apply(policy("connect4", group, "EACCES", suspend="true"))
    assert attempts(group, call) == ["done"]
    host.apply(policy("connect4", group, "EACCES"))
    assert attempts(group, call) == ["EACCES"]
    assert running(host) == before
    assert [verdict for verdict, _ in events(host)] == ["would-deny", "denied", "denied"]
    assert (host.account("calls")["would_act"], host.account("calls")["acted"]) == (1, 2)
    assert host.count("calls", "calls_total") == 3


@pytest.mark.parametrize(
    ("policies", "ending"),
    [
        ((("EACCES", "enforce"), ("ECONNREFUSED", "enforce")), "EACCES"),
        ((("EPERM", "enforce"), ("ECONNREFUSED", "enforce")), "EPERM"),
        ((("EACCES", "monitor"), ("ECONNREFUSED", "enforce")), "ECONNREFUSED"),
        ((("EACCES", "monitor"), ("ECONNREFUSED", "monitor")), "done"),
    ],
)
def test_of_several_errnos_the_first_policy_by_name_that_enforces_wins(
    host: Host, group: Path, policies: tuple[tuple[str, str], ...], ending: str
) -> None:
    texts = [policy("connect4", group, errno, name=f"p{at}", mode=mode) for at, (errno, mode) in enumerate(policies)]
    host.apply(*texts)
    assert attempts(group, (*CALLS["connect4"], DENIED)) == [ending]
    for at, (_, mode) in enumerate(policies):
        assert [verdict for verdict, _ in events(host, f"p{at}")] == ["denied" if mode == "enforce" else "would-deny"]


def test_a_call_is_denied_at_the_cgroup_above_and_below(host: Host, group: Path) -> None:
    """Programs of both run; each can only refuse, and the last errno that was set is told."""
    below = group / "below"
    below.mkdir()
    try:
        host.apply(
            policy("connect4", group, "EACCES", name="above"), policy("connect4", below, "ECONNREFUSED", name="below")
        )
        assert attempts(below, (*CALLS["connect4"], DENIED)) in (["EACCES"], ["ECONNREFUSED"])
        assert [len(events(host, name)) for name in ("above", "below")] == [1, 1]
        host.delete_all()
    finally:
        below.rmdir()


# ------------------------------------------------------------------------------------------------ signals

SIGNAL = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: signals}}
spec:
  mode: {mode}
  rules:
    - name: act
      hook: {{syscall: getppid}}
      filters: [{{field: process.comm, operator: Equal, value: pd-victim}}]
      outputs: [{{event: {{fields: [process.pid, process.comm]}}}}]
      action: {{signal: {signal}}}
"""
VICTIM = """
import os, signal
open("/proc/self/comm", "w").write("pd-victim")
signal.signal(signal.SIGUSR1, lambda *_: print("caught", flush=True))
os.getppid()
print("alive", flush=True)
"""


@pytest.mark.parametrize(
    ("mode", "name", "code", "output"),
    [
        ("enforce", "SIGKILL", -signal.SIGKILL, ""),
        ("enforce", "SIGUSR1", 0, "caught\nalive\n"),
        ("monitor", "SIGKILL", 0, "alive\n"),
    ],
)
def test_a_process_gets_the_signal_of_the_policy(host: Host, mode: str, name: str, code: int, output: str) -> None:
    host.apply(SIGNAL.format(mode=mode, signal=name))
    done = subprocess.run([sys.executable, "-c", VICTIM], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (code, output)
    ((verdict, fields),) = events(host, "signals")
    assert verdict == ("signalled" if mode == "enforce" else "would-signal")
    assert fields["process_comm"] == "pd-victim"
    assert fields["process_pid"] != os.getpid()
    acted, held = (host.account("signals")[column] for column in ("acted", "would_act"))
    assert (acted, held) == ((1, 0) if mode == "enforce" else (0, 1))
