"""Packets on this kernel: tc by links or by filters of clsact, netfilter and netkit where there are such links."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from inside import Shell, prepared, version

from policyd.kernel.attachable import ATTACHING, probe
from policyd.kernel.real import RealKernel
from policyd.unit import AttachPoint

SENT = 3


def told() -> dict[str, Any]:
    case: dict[str, Any] = prepared()["cases"]["packets"]
    return case


@pytest.fixture
def netkit() -> Iterator[AttachPoint]:
    """The primary side of a netkit device, if this kernel has them."""
    if not next(feature.ok for feature in probe(row for row in ATTACHING if row.name == "netkit")):
        pytest.skip("this kernel has no netkit devices")
    subprocess.run(["ip", "link", "add", "pdk0", "type", "netkit"], check=True)
    yield AttachPoint("netkit", "pdk0", "primary")
    subprocess.run(["ip", "link", "del", "pdk0"], check=True)


def send(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for _ in range(SENT):
            out.sendto(b"hello", (address, port))


def counted(shell: Shell, name: str) -> dict[tuple[str, ...], float]:
    series = shell.metrics("packets").get(name, ())
    return {tuple(one["labels"][key] for key in one["labels"] if key != "policy"): one["value"] for one in series}


def test_packets_are_seen_and_dropped_by_the_means_of_this_kernel(shell: Shell) -> None:
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
    shown = subprocess.run(["tc", "qdisc", "show", "dev", "lo"], capture_output=True, text=True, check=True)
    assert "clsact" not in shown.stdout


def test_a_link_of_netkit_says_where_it_is_and_takes_another_program(netkit: AttachPoint) -> None:
    kernel = RealKernel("/sys/fs/bpf/pd_test_packets")
    one, two = kernel.load_neutral(netkit), kernel.load_neutral(netkit)
    link = kernel.attach(netkit, one)
    told_before = kernel.link_info(link)
    assert (told_before.alive, told_before.target) == (True, kernel.locate(netkit))
    kernel.update_link(netkit, link, two, one)
    assert kernel.link_info(link).program_id == kernel.program_info(two).id
    kernel.detach(link)
    assert not kernel.link_info(link).alive
    for fd in (link, one, two):
        kernel.close(fd)
