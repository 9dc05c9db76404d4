"""Packets on this kernel: tc by links or by filters of clsact, netfilter and netkit where there are such links."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from inside import Shell, prepared, version

SENT = 3


def told() -> dict[str, Any]:
    case: dict[str, Any] = prepared()["cases"]["packets"]
    return case


@pytest.fixture
def netkit() -> Iterator[bool]:
    """A netkit device with an address, if this kernel has them."""
    if "crossed" in told()["not_applicable"]:
        yield False
        return
    before = {name for _, name in socket.if_nameindex()}
    subprocess.run(["ip", "link", "add", "pdk0", "type", "netkit"], check=True)
    for name in {name for _, name in socket.if_nameindex()} - before:
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
    subprocess.run(["ip", "addr", "add", "192.0.2.1/24", "dev", "pdk0"], check=True)
    yield True
    subprocess.run(["ip", "link", "del", "pdk0"], check=True)


def send(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for _ in range(SENT):
            out.sendto(b"hello", (address, port))


def counted(shell: Shell, name: str) -> dict[tuple[str, ...], float]:
    series = shell.metrics("packets").get(name, ())
    return {tuple(one["labels"][key] for key in one["labels"] if key != "policy"): one["value"] for one in series}


def test_packets_are_seen_and_dropped_by_the_means_of_this_kernel(shell: Shell, netkit: bool) -> None:
    absent = set(told()["not_applicable"])
    with shell.case("packets", absent=absent):
        hooks = json.loads(shell.run("get", "hooks", "-o", "json").stdout)["items"]
        kinds = {hook["name"].partition(":")[0] for hook in hooks}
        assert ("tcx" if version() >= (6, 6) else "clsact") in kinds
        assert not {hook["reason"] for hook in hooks} - {""}
        for port in (4711, 4712):
            send("127.0.0.1", port)
        assert counted(shell, "arrived_total") == {("4711",): SENT}
        assert counted(shell, "left_total") == {("4712",): SENT}
        if "filtered" not in absent:
            assert counted(shell, "filtered_total") == {("prerouting", "lo"): SENT, ("output", "lo"): SENT}
        if netkit:
            send("192.0.2.2", 4713)
            assert counted(shell, "crossed_total") == {("pdk0", "192.0.2.2"): SENT}
    shown = subprocess.run(["tc", "qdisc", "show", "dev", "lo"], capture_output=True, text=True, check=True)
    assert "clsact" not in shown.stdout
