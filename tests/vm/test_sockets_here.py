"""Hooks of sockets and cgroups on this kernel: what is seen, and what is refused with the errno of the policy."""

from __future__ import annotations

import json
from typing import Any

from inside import Shell

ACT = """
import errno, json, socket, struct

def tried(what):
    try:
        what()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

def connected(port):
    with socket.socket() as taker, socket.socket() as caller:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind(("127.0.0.1", port))
        taker.listen()
        caller.connect(("127.0.0.1", port))
        caller.getpeername()

def received():
    taker, sender = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with taker, sender:
        taker.bind(("127.0.0.1", 0))
        taker.settimeout(60)
        sender.sendto(b"x", taker.getsockname())
        taker.recvfrom(16)

def written():
    file = os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY)
    try:
        os.write(file, b"elsewhere\\n")
    finally:
        os.close(file)

with socket.socket() as made:
    found = [
        tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)),
        tried(lambda: made.setsockopt(1, 36, struct.pack("i", 7) + bytes(4))),
        tried(lambda: made.setsockopt(1, 36, 8)),
        str(made.getsockopt(1, 36)),
        tried(written),
        tried(lambda: os.open("/dev/full", os.O_RDONLY)),
        tried(lambda: connected(7102)),
        tried(lambda: connected(7103)),
        tried(received),
    ]
print(json.dumps(found))
"""


def test_sockets_settings_and_devices_are_seen_and_refused(shell: Shell) -> None:
    with shell.case("sockets"):
        assert json.loads(shell.act(ACT)) == [
            *("EACCES", "EACCES", "done", "8", "EROFS", "ENXIO", "done", "ECONNREFUSED", "done"),
        ]
        found: dict[str, list[dict[str, Any]]] = {}
        for event in shell.events("sockets"):
            found.setdefault(event["rule"], []).append(event["fields"])
        assert found["raw"][0]["protocol"] == "icmp"
        assert found["option"] == [{"sockopt_level": "SOL_SOCKET", "sockopt_length": 8, "sockopt_text": "\x07"}]
        assert {"sockopt_name": "SO_MARK", "sockopt_value": 8, "ret": 0} in found["answer"]
        assert (found["setting"][0]["sysctl_name"], found["setting"][0]["sysctl_new_value"]) == (
            *("kernel/core_pattern", "elsewhere"),
        )
        assert found["device"][0] == {"device_type": "Char", "device_major": 1, "device_access": ["Read"]}
        assert "ActiveEstablished" in {one["hook_name"] for one in found["flow"]}
        assert "StateChange" in {one["hook_name"] for one in found["flow"]}
        assert {one["protocol"] for one in found["closed"]} == {"tcp"}
        told = {one["labels"]["hook_name"]: one["value"] for one in shell.metrics("sockets")["told_total"]}
        assert set(told) == {"sock_release", "post_bind4", "getsockname4", "getpeername4", "recvmsg4"}
