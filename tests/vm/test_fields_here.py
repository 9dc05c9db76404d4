"""Fields of the kernel's objects on this kernel, at hooks that the development kernel lacks and with its own layouts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from inside import Shell

_WORK = """
os.makedirs("/tmp/pd-objects/mounted")
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
assert libc.mount(b"none", b"/tmp/pd-objects/mounted", b"tmpfs", 0, None) == 0, ctypes.get_errno()
kept = os.open("/tmp/pd-objects/mounted/gone", os.O_CREAT | os.O_RDWR)
os.unlink("/tmp/pd-objects/mounted/gone")
os.close(os.open(f"/proc/self/fd/{kept}", os.O_RDONLY))
os.close(kept)
def refused(call, *words):
    try: call(*words)
    except OSError: pass
for family, address in ((2, ("127.0.0.9", 7009)), (10, ("::ffff:127.0.0.9", 7009)), (1, "/tmp/pd-objects/none")):
    with socket.socket(family) as made: refused(made.connect, address)
with socket.socket(2, socket.SOCK_DGRAM) as made: made.sendto(b"x", ("127.0.0.9", 7009))
subprocess.run(["/bin/true", "pd-argument"], check=True)
libc.prctl(24, 13, 0, 0, 0)
header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
assert libc.capget(header, sets) == 0
sets[0] &= ~(1 << 13)
assert libc.capset(header, sets) == 0, ctypes.get_errno()
os.chroot("/tmp/pd-objects")
os.close(os.open("/mounted/inside", os.O_CREAT))
"""


def of_rule(events: list[dict[str, Any]], rule: str) -> list[dict[str, Any]]:
    return [event["fields"] for event in events if event["rule"] == rule]


def test_objects_are_what_they_are_here(shell: Shell) -> None:
    with shell.case("objects-seen"):
        shell.act(_WORK)
        events = shell.events("objects-seen")
    first, again = of_rule(events, "opened")
    mounted = {"path": "/tmp/pd-objects/mounted/gone", "host_path": "/tmp/pd-objects/mounted/gone", "fs_path": "/gone"}
    assert {name: first[name] for name in mounted} == mounted
    assert (first["deleted"], again["deleted"], again["path"]) == (False, True, mounted["path"])
    assert first["seals"] == 1  # F_SEAL_SEAL: no seals can be put on a file that is not a memfd
    assert of_rule(events, "removed") == [{"dir": "/tmp/pd-objects/mounted", "name": "/gone"}]
    assert [(one["family"], one["ip"], one["port"], one["path"]) for one in of_rule(events, "connected")] == [
        ("AF_INET", "127.0.0.9", 7009, None),
        ("AF_INET6", "127.0.0.9", 7009, None),
        ("AF_UNIX", None, None, "/tmp/pd-objects/none"),
    ]
    assert [one["protocol"] for one in of_rule(events, "connected")] == ["tcp", "tcp", None]
    (before,) = [event for event in events if event["rule"] == "about-to-run"]
    assert (before["fields"]["argv"], before["unread"]) == (None, ["argv"])
    (runs,) = of_rule(events, "runs")
    assert runs["argv"] == "/bin/true pd-argument"
    assert runs["path"] == os.path.realpath("/bin/true")
    assert runs["net"] == Path("/proc/self/ns/net").stat().st_ino
    (asked,) = of_rule(events, "asked")
    assert "CAP_NET_RAW" not in asked["effective"]
    assert "CAP_SYS_CHROOT" in asked["effective"]
    assert asked["raw"] == asked["effective"]
    assert asked["user"] == Path("/proc/self/ns/user").stat().st_ino
    for state in of_rule(events, "states"):
        assert state == {"port": 7009, "protocol": "tcp", "state": "TCP_CLOSE"}
    assert ("127.0.0.9", "udp", "lo") in [tuple(one.values()) for one in of_rule(events, "packets")]
