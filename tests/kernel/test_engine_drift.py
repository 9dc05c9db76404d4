"""What others do to our objects on the running kernel is seen and mended; what is theirs stays as it is."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import BPFFS, MINE, Host
from network import private_network, send

from policyd.kernel import links as links_module
from policyd.kernel.bpf import attach, info
from policyd.record import map_pin, policy_path
from policyd.unit import AttachPoint

pytestmark = pytest.mark.kernel

POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: watched}
spec:
  params:
    pids: {type: pid, values: [PID]}
  rules:
    - name: calls
      hook: {syscall: getppid}
      filters:
        - {field: process.pid, operator: In, valuesFrom: {param: pids}}
      outputs:
        - counter: {name: calls_total}
    - name: frames
      hook: {xdp: {interfaces: [lo], mode: generic}}
      outputs:
        - counter: {name: frames_total}
    - name: packets
      hook: {tc: {interfaces: [lo], direction: ingress}}
      outputs:
        - counter: {name: packets_total}
"""


@pytest.fixture
def private_host(objects: Path) -> Iterator[Host]:
    with private_network():
        found = Host(str(BPFFS / f"{MINE}drift"), objects)
        found.kernel.ensure_root()
        try:
            yield found
        finally:
            found.close()


def text() -> str:
    return POLICY.replace("PID", str(os.getpid()))


def hook(host: Host, kind: str) -> str:
    return next(name for name in host.kernel.list("hooks") if name.startswith(kind))


def counts(host: Host) -> dict[str, int]:
    return {name: host.count("watched", name) for name in ("calls_total", "frames_total", "packets_total")}


def act() -> None:
    os.getppid()
    send(1)


def detach(kind: str) -> Callable[[Host], None]:
    def action(host: Host) -> None:
        path = f"{host.root}/hooks/{hook(host, kind)}/link"
        subprocess.run(["bpftool", "link", "detach", "pinned", path], check=True)

    return action


def unpin(kind: str, *names: str) -> Callable[[Host], None]:
    def action(host: Host) -> None:
        for name in names:
            Path(host.root, "hooks", hook(host, kind), name).unlink()

    return action


def replace_program(host: Host) -> None:
    """Put a program that does nothing into our XDP link, as another agent could."""
    point = AttachPoint("xdp", "lo", "generic")
    program = host.kernel.load_neutral(point)
    link = attach.open_pin(f"{host.root}/hooks/{hook(host, 'xdp')}/link")
    ours = attach.open_pin(f"{host.root}/hooks/{hook(host, 'xdp')}/program-0")
    assert link is not None
    assert ours is not None
    host.kernel.update_link(point, link, program, ours)
    for fd in (program, link, ours):
        os.close(fd)


def empty_slot(host: Host) -> None:
    path = f"{host.root}/hooks/{hook(host, 'tracepoint')}/slot"
    subprocess.run(["bpftool", "map", "delete", "pinned", path, "key", "0", "0", "0", "0"], check=True)


def unpin_list(host: Host) -> None:
    directory = Path(host.root, policy_path("watched"))
    record = host.record("watched").maps["pids"]
    (directory / map_pin("watched", "pids", record.fingerprint)).unlink()


def clear_row(host: Host) -> None:
    row = host.record("watched").maps["pids"]
    key = [str(byte) for byte in row.row.to_bytes(4, "little")]
    subprocess.run(["bpftool", "map", "delete", "pinned", f"{host.root}/shared/{row.shared}", "key", *key], check=True)


DRIFTS: dict[str, Callable[[Host], None]] = {
    "the XDP link was detached": detach("xdp"),
    "the tcx link was detached": detach("tcx"),
    "the tracepoint's link was unpinned": unpin("tracepoint", "link"),
    "the XDP link was unpinned": unpin("xdp", "link"),
    "the slot was unpinned": unpin("tracepoint", "slot"),
    "the program was unpinned": unpin("tracepoint", "program-0"),
    "a hook's record was unpinned": unpin("tcx", "record"),
    "the slot was emptied": empty_slot,
    "the XDP link's program was replaced": replace_program,
    "the list was unpinned": unpin_list,
    "the list's row was emptied": clear_row,
    "the policy's record was unpinned": lambda host: Path(host.root, policy_path("watched", "record")).unlink(),
    "a shared map was unpinned": lambda host: Path(host.root, "shared", "account").unlink(),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_seen_and_mended(private_host: Host, drift: str) -> None:
    private_host.apply(text())
    DRIFTS[drift](private_host)
    assert private_host.pending_steps(text()) != ()
    private_host.apply(text())
    assert private_host.pending_steps(text()) == ()
    before = counts(private_host)
    act()
    after = counts(private_host)
    assert {name: after[name] - before[name] for name in after} == dict.fromkeys(after, 1)


FOREIGN = """
long seen;
__attribute__((section("classifier"), used)) int foreign(void *skb) { __sync_fetch_and_add(&seen, 1); return -1; }
char gpl[] __attribute__((section("license"), used)) = "GPL";
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Callable[[], int]]:
    """A program of somebody else on tcx ingress of `lo`, behind what is there; called, it tells how many packets it saw."""
    source, compiled = tmp_path / "foreign.c", tmp_path / "foreign.o"
    source.write_text(FOREIGN)
    subprocess.run(["clang", "-O2", "-g", "-target", "bpf", "-c", str(source), "-o", str(compiled)], check=True)
    pin = BPFFS / f"{MINE}foreign"
    subprocess.run(["bpftool", "prog", "load", str(compiled), str(pin), "type", "classifier"], check=True)
    program = attach.open_pin(str(pin))
    assert program is not None
    facts = json.loads(
        subprocess.run(["bpftool", "-j", "prog", "show", "pinned", str(pin)], capture_output=True, check=True).stdout
    )
    links: list[int] = []

    def seen() -> int:
        if not links:
            links.append(links_module.attach(AttachPoint("tcx", "lo", "ingress"), program))
        assert info.link_info(links[0]).alive
        dumped = subprocess.run(
            ["bpftool", "-j", "map", "dump", "id", str(facts["map_ids"][0])], capture_output=True, check=True
        )
        value = json.loads(dumped.stdout)[0]["value"]
        return int.from_bytes(bytes(int(byte, 16) for byte in value[:8]), "little")

    yield seen
    for fd in (program, *links):
        os.close(fd)
    pin.unlink()


def test_what_others_have_on_the_interface_goes_on_as_it_was(private_host: Host, foreign: Callable[[], int]) -> None:
    """A tcx program behind ours sees every packet; a clsact filter stays through apply and delete."""
    subprocess.run(["tc", "qdisc", "add", "dev", "lo", "clsact"], check=True)
    subprocess.run(
        ["tc", "filter", "add", "dev", "lo", "ingress", "u32", "match", "u32", "0", "0", "classid", "1:1"], check=True
    )

    def filters() -> str:
        shown = subprocess.run(["tc", "filter", "show", "dev", "lo", "ingress"], capture_output=True, text=True, check=True)
        return shown.stdout

    before = filters()
    private_host.apply(text())
    assert foreign() == 0
    send(3)
    assert (foreign(), private_host.count("watched", "packets_total")) == (3, 3)
    private_host.delete_all()
    send(2)
    assert foreign() == 5
    assert filters() == before
