"""Small parts of the agent: what a service manager hears, beating loops, what is followed of the host, the status."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from policyd.daemon.follow import Surroundings
from policyd.daemon.notify import Notifier
from policyd.daemon.pulse import Pulse
from policyd.elf import Binaries, ElfError
from policyd.resolve import Host


@pytest.mark.parametrize("abstract", [False, True])
def test_the_service_manager_hears_what_sd_notify_says(tmp_path: Path, abstract: bool) -> None:
    name = f"@policyd-test-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        manager.settimeout(5)
        told = Notifier({"NOTIFY_SOCKET": name})
        for call in (told.ready, told.alive, told.stopping):
            call()
        told.status("one\nline")
        told.status("one\nline")
        told.reloading()
        heard = [manager.recv(4096).decode() for _ in range(5)]
    assert heard[:4] == ["READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=one line"]
    first, second = heard[4].split("\n")
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all"}])
def test_nobody_to_tell_is_no_error(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    told, real = [], socket.socket.sendto

    def sendto(sending: socket.socket, data: bytes, address: str) -> int:
        told.append((data, address))
        return real(sending, data, address)

    monkeypatch.setattr(socket.socket, "sendto", sendto)
    Notifier(environment).ready()
    assert told == [(b"READY=1", path) for path in environment.values()]


def test_a_silent_loop_is_named_until_it_beats_or_leaves() -> None:
    now = [0.0]
    pulse = Pulse(lambda: now[0])
    pulse.watch("drift", 10.0)
    pulse.watch("pump", 60.0)
    now[0] = 11.0
    assert pulse.late() == {"drift": 11.0}
    pulse.beat("drift")
    pulse.beat("stranger")
    assert pulse.late() == {}
    now[0] = 80.0
    pulse.leave("drift")
    assert pulse.late() == {"pump": 80.0}


def test_an_interface_that_is_made_again_is_told_for_packets_are_sent_there_by_number() -> None:
    indexes = {"eth0": 2, "veth1": 7}
    around = Surroundings(lambda: Host({"eth0": "ethernet", "veth1": "ethernet"}, "", lambda _: True, indexes=dict(indexes)))
    around.host()
    assert around.changed() == ""
    indexes["veth1"] = 8
    assert "veth1" in around.changed()
    assert around.changed() == ""


def test_interfaces_and_cgroups_that_were_asked_for_are_followed_and_told_once() -> None:
    facts: dict[str, Any] = {"interfaces": {"eth0": "ethernet"}, "cgroups": {"/sys/fs/cgroup/a"}, "root": "/sys/fs/cgroup"}
    around = Surroundings(lambda: Host(dict(facts["interfaces"]), facts["root"], lambda path: path in facts["cgroups"]))
    host = around.host()
    assert host.has_cgroup("/sys/fs/cgroup/a")
    assert not host.has_cgroup("/sys/fs/cgroup/b")
    assert around.changed() == ""

    facts["interfaces"]["veth1"] = "ethernet"
    assert "veth1" in around.changed()
    facts["cgroups"].add("/sys/fs/cgroup/b")
    assert around.changed() == "cgroup /sys/fs/cgroup/b came or went"
    facts["cgroups"].add("/sys/fs/cgroup/never-asked-for")
    assert around.changed() == ""
    facts["root"] = ""
    assert "mounted" in around.changed()


def test_programs_that_were_asked_for_are_followed_and_told_once(tmp_path: Path) -> None:
    def look() -> Host:
        return Host({}, "", lambda _: True, Binaries("x86_64"))

    program, around, heir = tmp_path / "program", Surroundings(look), Surroundings(look)
    binaries = around.host().binaries
    assert binaries is not None
    for place in (str(program), "libno-such"):
        with pytest.raises(ElfError):
            binaries.open(place)
    assert around.changed() == ""
    program.write_bytes(Path("/bin/true").read_bytes())
    heir.learn(around.asked())
    assert around.changed() == f"{program} is another file, or came or went"
    assert around.changed() == ""
    assert heir.changed() == f"{program} is another file, or came or went"
    (tmp_path / "new").write_bytes(program.read_bytes())
    (tmp_path / "new").rename(program)
    assert str(program) in around.changed()
    assert around.changed() == ""
