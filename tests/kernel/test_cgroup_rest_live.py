"""Sockets as they are made, bound, asked and closed, options, settings, devices: seen and denied."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import devices
import pytest
from conftest import both_builders
from network import private_network

from policyd.reading.policy import open_policy

if TYPE_CHECKING:
    from conftest import Host

pytestmark = pytest.mark.kernel

ACTOR = """
import ctypes, errno, json, os, socket, struct, sys
from socket import *

libc = ctypes.CDLL(None, use_errno=True)

def option(made, level, name, data, length):
    if libc.setsockopt(made.fileno(), level, name, data, length):
        raise OSError(ctypes.get_errno(), "setsockopt")

def answer(made, level, name, room):
    into, length = ctypes.create_string_buffer(room), ctypes.c_uint32(room)
    if libc.getsockopt(made.fileno(), level, name, into, ctypes.byref(length)):
        raise OSError(ctypes.get_errno(), "getsockopt")

def bound(family, address):
    with socket(family, SOCK_STREAM) as made:
        made.bind((address, 0))

def accepted(family, address):
    with socket(family) as taker, socket(family) as caller:
        taker.bind((address, 0))
        taker.listen()
        caller.connect(taker.getsockname())
        caller.getpeername()

def received(family, address):
    with socket(family, SOCK_DGRAM) as taker, socket(family, SOCK_DGRAM) as sender:
        taker.bind((address, 0))
        taker.settimeout(60)
        sender.bind((address, 7009))
        sender.sendto(b"x", taker.getsockname())
        taker.recvfrom(16)
        sender.sendto(b"x", taker.getsockname())
        taker.recv(16)

def written(path, text):
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)

def opened(path, how):
    os.close(os.open(path, how))

def tried(what, *words):
    try:
        what(*words)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

os.umask(0)
with open(sys.argv[1], "w") as file:
    file.write(str(os.getpid()))
found = []
exec(sys.argv[2])
print(json.dumps(found))
"""
HEAD = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: rest}}
spec:
  mode: {mode}
  rules:
"""


@pytest.fixture(autouse=True)
def _network() -> Iterator[None]:
    with private_network():
        yield


@pytest.fixture
def group(host: Host) -> Iterator[Path]:
    with devices.cgroup() as path:
        yield path
        host.delete_all()


def act(group: Path, program: str) -> list[str]:
    """Run lines in a process of the cgroup; return what `found` then holds."""
    command = [sys.executable, "-c", ACTOR, str(group / "cgroup.procs"), program]
    found: list[str] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    return found


def rule(name: str, hook: str, group: Path, fields: str, filters: str = "", deny: str = "") -> str:
    text = f"    - name: {name}\n      hook: {{cgroup: {{name: {hook}, path: {group}}}}}\n"
    text += f"      filters: [{filters}]\n      outputs: [{{event: {{fields: [{fields}]}}}}]\n"
    return text + (f"      action: {{deny: {deny}}}\n" if deny else "")


class Seen(dict[str, list[tuple[str, dict[str, Any]]]]):
    """The events of the policy by rule: each with its verdict; they are read once."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        for event in open_policy(host.kernel, "rest").events():
            self.setdefault(event.origin.rule, []).append((event.origin.verdict, event.fields))

    def of(self, rule: str) -> list[dict[str, Any]]:
        return [fields for _, fields in self.get(rule, [])]

    def verdicts(self, *rules: str) -> set[str]:
        return {verdict for rule in rules for verdict, _ in self.get(rule, [])}


# ------------------------------------------------------------------------------------------------ sockets

LOCAL = "{{field: src.ip, operator: InCIDR, values: ['127.0.0.2', '::1']}}".format()


def sockets(group: Path, mode: str = "enforce") -> str:
    return HEAD.format(mode=mode) + "".join(
        (
            rule(
                "raw",
                "sock_create",
                group,
                "process.pid, family, type, protocol",
                "{field: type, operator: Equal, value: SOCK_RAW}",
                "EACCES",
            ),
            rule("closed", "sock_release", group, "family, type, protocol"),
            rule("bound", "[post_bind4, post_bind6]", group, "hook.name, src.ip, src.port", LOCAL, "EADDRNOTAVAIL"),
            rule("named", "[getsockname4, getsockname6]", group, "hook.name, type, src.ip, src.port"),
            rule("peer", "[getpeername4, getpeername6]", group, "hook.name, dst.ip, dst.port"),
            rule("from", "[recvmsg4, recvmsg6]", group, "hook.name, protocol, src.ip, src.port"),
        )
    )


SOCKETS = """
found.append(tried(lambda: socket(AF_INET, SOCK_RAW, IPPROTO_ICMP).close()))
found.append(tried(lambda: socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6).close()))
found.append(tried(lambda: socket(AF_INET, SOCK_DGRAM).close()))
for family, address in ((AF_INET, "127.0.0.1"), (AF_INET, "127.0.0.2"), (AF_INET6, "::1")):
    found.append(tried(bound, family, address))
accepted(AF_INET, "127.0.0.1")
received(AF_INET, "127.0.0.1")
"""


@both_builders
def test_sockets_are_seen_and_refused_as_they_are_made_and_bound(host: Host, group: Path) -> None:
    host.apply(sockets(group))
    assert act(group, SOCKETS) == ["EACCES", "EACCES", "done", "done", "EADDRNOTAVAIL", "EADDRNOTAVAIL"]

    seen = Seen(host)
    assert seen.verdicts("raw", "bound") == {"denied"}
    assert [(one["family"], one["type"], one["protocol"]) for one in seen.of("raw")] == [
        ("AF_INET", "SOCK_RAW", "icmp"),
        ("AF_INET6", "SOCK_RAW", "icmpv6"),
    ]
    assert [(one["hook_name"], one["src_ip"]) for one in seen.of("bound")] == [
        ("post_bind4", "127.0.0.2"),
        ("post_bind6", "::1"),
    ]
    assert all(one["src_port"] for one in seen.of("bound"))
    # three bindings, the two ends of a connection and two datagram sockets; what accept() returned was never asked for
    closed = [(one["family"], one["type"]) for one in seen.of("closed")]
    assert closed.count(("AF_INET", "SOCK_STREAM")) == 4
    assert closed.count(("AF_INET6", "SOCK_STREAM")) == 1
    assert closed.count(("AF_INET", "SOCK_DGRAM")) == 3

    (name,) = [one for one in seen.of("named") if one["type"] == "SOCK_STREAM"]
    (peer,) = seen.of("peer")
    assert name["src_ip"] == peer["dst_ip"] == "127.0.0.1"
    assert name["src_port"] == peer["dst_port"] != 0
    (sender,) = seen.of("from")  # recv() does not ask who sent
    assert sender == {"hook_name": "recvmsg4", "protocol": "udp", "src_ip": "127.0.0.1", "src_port": 7009}


def test_addresses_of_ipv6_are_told_and_monitor_refuses_nothing(host: Host, group: Path) -> None:
    host.apply(sockets(group, "monitor"))
    assert act(group, f"{SOCKETS}\naccepted(AF_INET6, '::1')\nreceived(AF_INET6, '::1')") == ["done"] * 6
    seen = Seen(host)
    assert seen.verdicts("raw", "bound") == {"would-deny"}
    for name, side in (("named", "src"), ("peer", "dst"), ("from", "src")):
        assert "::1" in {one[f"{side}_ip"] for one in seen.of(name)}
    with devices.cgroup() as other:
        act(other, SOCKETS)
    assert not Seen(host)


# ------------------------------------------------------------------------------------------------ options


def options(group: Path, mode: str = "enforce") -> str:
    shown = "sockopt.level, sockopt.name, sockopt.number, sockopt.length, sockopt.value, sockopt.text"
    names = "[SO_MARK, IP_TTL, TCP_CONGESTION, SO_REUSEADDR, SO_RCVTIMEO]"
    mark = "{field: sockopt.name, operator: Equal, value: SO_MARK}, {field: sockopt.value, operator: Equal, value: 7}"
    return HEAD.format(mode=mode) + "".join(
        (
            rule("set", "setsockopt", group, shown, f"{{field: sockopt.name, operator: In, values: {names}}}"),
            rule("mark", "setsockopt", group, "sockopt.value", mark, "EACCES"),
            rule(
                "text",
                "setsockopt",
                group,
                "sockopt.text",
                "{field: sockopt.text, operator: Equal, value: cubic}",
                "ENOENT",
            ),
            rule("got", "getsockopt", group, f"{shown}, ret"),
            rule(
                "type",
                "getsockopt",
                group,
                "ret",
                "{field: sockopt.name, operator: Equal, value: SO_TYPE}",
                "ENOTCONN",
            ),
        )
    )


OPTIONS = """
with socket(AF_INET, SOCK_STREAM) as made:
    seven = struct.pack("i", 7)
    for data, length in ((seven, 4), (seven + bytes(1), 5), (seven + bytes(4), 8), (struct.pack("i", 8), 4)):
        found.append(tried(option, made, SOL_SOCKET, SO_MARK, data, length))
    for length in (0, 3):
        found.append(tried(option, made, SOL_SOCKET, SO_MARK, seven, length))
    found.append(tried(option, made, IPPROTO_IP, IP_TTL, bytes([9]), 1))
    found.append(tried(option, made, IPPROTO_TCP, TCP_CONGESTION, b"cubic", 5))
    found.append(tried(option, made, SOL_SOCKET, SO_REUSEADDR, struct.pack("i", 1) + bytes(9000), 9004))
    found.append(tried(option, made, SOL_SOCKET, 20, struct.pack("qq", 3, 0), 16))
    found.append(str(made.getsockopt(SOL_SOCKET, SO_REUSEADDR)))
    found.append(tried(answer, made, SOL_SOCKET, SO_TYPE, 4))
    found.append(tried(answer, made, SOL_SOCKET, 9999, 4))
    found.append(tried(answer, made, IPPROTO_TCP, TCP_CONGESTION, 16))
    found.append(tried(answer, made, IPPROTO_IP, IP_TTL, 1))
"""


@both_builders
def test_options_are_seen_as_the_kernel_reads_them_whatever_their_length(host: Host, group: Path) -> None:
    host.apply(options(group))
    done = act(group, OPTIONS)
    assert done[:4] == ["EACCES", "EACCES", "EACCES", "done"]  # bytes behind the number do not hide it
    assert done[4:6] == ["EINVAL", "EACCES"]  # too short for the kernel; of three bytes the first is 7
    assert done[6:11] == ["done", "ENOENT", "done", "done", "1"]
    assert done[11:] == ["ENOTCONN", "ENOPROTOOPT", "done", "done"]

    seen = Seen(host)
    were_set = seen.of("set")
    marks = [(one["sockopt_length"], one["sockopt_value"]) for one in were_set if one["sockopt_name"] == "SO_MARK"]
    assert marks == [(4, 7), (5, 7), (8, 7), (4, 8), (0, None), (3, 7)]
    by_name = {one["sockopt_name"]: one for one in were_set}
    assert (by_name["SO_MARK"]["sockopt_level"], by_name["SO_MARK"]["sockopt_number"]) == ("SOL_SOCKET", 36)
    assert (by_name["IP_TTL"]["sockopt_level"], by_name["IP_TTL"]["sockopt_value"]) == ("SOL_IP", 9)
    assert (by_name["TCP_CONGESTION"]["sockopt_level"], by_name["TCP_CONGESTION"]["sockopt_text"]) == ("SOL_TCP", "cubic")
    assert (by_name["SO_REUSEADDR"]["sockopt_length"], by_name["SO_REUSEADDR"]["sockopt_value"]) == (9004, 1)
    assert (by_name["SO_RCVTIMEO"]["sockopt_length"], by_name["SO_RCVTIMEO"]["sockopt_value"]) == (16, 3)

    got = {(one["sockopt_level"], one["sockopt_number"]): one for one in seen.of("got")}
    assert got["SOL_SOCKET", 3]["sockopt_value"] == 1  # SOCK_STREAM
    assert got["SOL_SOCKET", 3]["ret"] == 0
    refused = got["SOL_SOCKET", 9999]
    assert (refused["ret"], refused["sockopt_value"], refused["sockopt_text"]) == (-92, None, None)  # ENOPROTOOPT
    assert got["SOL_TCP", 13]["sockopt_text"]
    assert got["SOL_IP", 2]["sockopt_value"] == 9
    assert host.account("rest")["acted"] == 6


# ------------------------------------------------------------------------------------------------ settings and devices


CONGESTION = "{field: sysctl.name, operator: Prefix, values: [net/ipv4/tcp_cong]}"


def settings(group: Path, mode: str = "enforce") -> str:
    ours = "{field: sysctl.name, operator: Equal, value: net/ipv4/ip_default_ttl}"
    null = "{field: device.type, operator: Equal, value: Char}, {field: device.major, operator: Equal, value: 1}"
    return HEAD.format(mode=mode) + "".join(
        (
            rule("setting", "sysctl", group, "process.pid, sysctl.name, sysctl.write, sysctl.value, sysctl.new_value", ours),
            rule(
                "kept",
                "sysctl",
                group,
                "sysctl.new_value",
                f"{ours}, {{field: sysctl.write, operator: Equal, value: true}}, "
                "{field: sysctl.new_value, operator: NotEqual, value: '65'}",
                "EROFS",
            ),
            rule(
                "long",
                "sysctl",
                group,
                "sysctl.name, sysctl.new_value",
                CONGESTION,
            ),
            rule("memory", "device", group, "process.pid, device.type, device.major, device.minor, device.access", null),
            rule(
                "full",
                "device",
                group,
                "device.minor",
                f"{null}, {{field: device.minor, operator: Equal, value: 7}}, "
                "{field: device.access, operator: AnyBits, values: [Write, Mknod]}",
                "ENXIO",
            ),
        )
    )


SETTINGS = """
ttl = "/proc/sys/net/ipv4/ip_default_ttl"
found.append(tried(written, ttl, "66\\n"))
found.append(tried(written, ttl, "65\\n"))
found.append(tried(written, ttl, "65"))
found.append(open(ttl).read().strip())
found.append(tried(written, "/proc/sys/net/ipv4/tcp_congestion_control", "x" * 200))
found.append(tried(opened, "/dev/full", os.O_RDONLY))
found.append(tried(opened, "/dev/full", os.O_WRONLY))
found.append(tried(opened, "/dev/null", os.O_RDWR))
found.append(tried(os.mknod, sys.argv[1] + "/../made", 0o20600, os.makedev(1, 7)))
"""


@both_builders
def test_settings_and_devices_are_seen_and_kept(host: Host, group: Path, tmp_path: Path) -> None:
    host.apply(settings(group))
    made = tmp_path / "made"
    done = act(group, SETTINGS.replace('sys.argv[1] + "/../made"', repr(str(made))))
    assert done[:4] == ["EROFS", "done", "done", "65"]
    assert done[5:] == ["done", "ENXIO", "done", "ENXIO"]
    assert not made.exists()

    seen = Seen(host)
    first, *others = seen.of("setting")
    assert (first["sysctl_name"], first["sysctl_write"]) == ("net/ipv4/ip_default_ttl", True)
    assert (first["sysctl_value"], first["sysctl_new_value"]) == ("64", "66")
    assert [one["sysctl_new_value"] for one in others if one["sysctl_write"]] == ["65", "65"]  # with a newline, and without
    assert {one["sysctl_new_value"] for one in others if not one["sysctl_write"]} == {None}
    (long,) = [one["sysctl_new_value"] for one in seen.of("long")]
    assert long.startswith("x" * 127)
    seen = [
        (one["device_type"], one["device_major"], one["device_minor"], one["device_access"]) for one in seen.of("memory")
    ]
    assert seen == [
        ("Char", 1, 7, ["Read"]),
        ("Char", 1, 7, ["Write"]),
        ("Char", 1, 3, ["Read", "Write"]),
        ("Char", 1, 7, ["Mknod"]),
    ]


def test_monitor_lets_settings_and_devices_be(host: Host, group: Path, tmp_path: Path) -> None:
    host.apply(settings(group, "monitor"))
    done = act(group, SETTINGS.replace('sys.argv[1] + "/../made"', repr(str(tmp_path / "made"))))
    assert [*done[:4], *done[5:]] == ["done", "done", "done", "65", "done", "done", "done", "done"]
    seen = Seen(host)
    assert seen.verdicts("kept", "full") == {"would-deny"}
    assert (len(seen.of("kept")), len(seen.of("full"))) == (1, 2)
