"""Packets that look for whoever listens: seen, turned away, let be; in a namespace of one's own and in another's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from conftest import MINE, both_builders
from network import private_network
from packets import running

from policyd.reading.policy import open_policy

if TYPE_CHECKING:
    from conftest import Host

pytestmark = pytest.mark.kernel

CLOSED, OPEN = 9001, 8001
POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: lookups}}
spec:
  mode: {mode}
  rules:
    - name: closed
      hook: {{sk_lookup: {netns}}}
      filters: [{{field: dst.port, operator: Equal, value: 9001}}]
      outputs: [{{event: {{fields: [flow, interface, hook.name, hook.kind]}}}}]
      action: {{drop: true}}
    - name: all
      hook: {{sk_lookup: {netns}}}
      outputs: [{{counter: {{name: lookups_total, by: [protocol, dst.port]}}}}]
"""


@pytest.fixture(autouse=True)
def _network(host: Host) -> Iterator[None]:
    with private_network():
        yield
        host.delete_all()


def policy(mode: str = "enforce", netns: str = "{}") -> str:
    return POLICY.format(mode=mode, netns=netns)


def connected(family: int, address: str, port: int) -> str:
    """Connect over TCP to a listener that is there; return how it ended."""
    with socket.socket(family) as taker, socket.socket(family) as caller:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind((address, port))
        taker.listen()
        caller.settimeout(60)
        try:
            caller.connect((address, port))
        except ConnectionRefusedError:
            return "refused"
        return "done"


def delivered(family: int, address: str, port: int) -> str:
    """Send datagrams to a socket that is there until one comes or the sender is told of a refusal; return which."""
    with socket.socket(family, socket.SOCK_DGRAM) as taker, socket.socket(family, socket.SOCK_DGRAM) as sender:
        taker.bind((address, port))
        taker.settimeout(0.2)
        sender.connect((address, port))
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                sender.send(b"x")
                return taker.recv(16).decode()
            except ConnectionRefusedError:
                return "refused"
            except TimeoutError:
                continue  # the refusal is told with the next one
    return "nothing"


def events(host: Host) -> list[tuple[str, dict[str, Any]]]:
    return [(event.origin.verdict, event.fields) for event in open_policy(host.kernel, "lookups").events()]


@both_builders
def test_who_is_turned_away_finds_nobody_listening(host: Host) -> None:
    host.apply(policy())
    assert host.pending_steps(policy()) == ()
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        assert connected(family, address, CLOSED) == "refused"
        assert delivered(family, address, CLOSED) == "refused"
        assert connected(family, address, OPEN) == "done"
        assert delivered(family, address, OPEN) == "x"
    found = events(host)
    assert {verdict for verdict, _ in found} == {"dropped"}
    seen = {(one["family"], one["protocol"]): one for _, one in found}
    assert set(seen) == {(family, protocol) for family in ("AF_INET", "AF_INET6") for protocol in ("tcp", "udp")}
    for (family, _), one in seen.items():
        address = "127.0.0.1" if family == "AF_INET" else "::1"
        assert (one["src_ip"], one["dst_ip"], one["dst_port"], one["interface"]) == (address, address, CLOSED, "lo")
        assert one["src_port"] not in {0, CLOSED}
        assert (one["hook_name"], one["hook_kind"]) == ("sk_lookup", "sk_lookup")


def test_monitor_turns_nobody_away_and_is_flipped_without_a_reload(host: Host) -> None:
    host.apply(policy("monitor"))
    before = running(host)
    assert connected(socket.AF_INET, "127.0.0.1", CLOSED) == "done"
    host.apply(policy())
    assert connected(socket.AF_INET, "127.0.0.1", CLOSED) == "refused"
    assert running(host) == before
    assert [verdict for verdict, _ in events(host)] == ["would-drop", "dropped"]
    assert host.count("lookups", "lookups_total") == 2


def test_a_program_is_replaced_behind_its_link_and_a_lost_link_is_made_again(host: Host) -> None:
    host.apply(policy())
    (before,) = running(host).values()
    host.apply(policy().replace("value: 9001", "value: 9002"))
    (after,) = running(host).values()
    assert (after[0] == before[0], after[1] != before[1]) == (True, True)
    assert connected(socket.AF_INET, "127.0.0.1", CLOSED) == "done"
    (hook,) = host.kernel.list("hooks")
    link = host.kernel.open(f"hooks/{hook}/link")
    assert link is not None
    try:
        assert host.kernel.link_info(link).target == f"{os.stat('/proc/thread-self/ns/net').st_ino}:36"  # noqa: PTH116
        host.kernel.detach(link)
    finally:
        os.close(link)
    text = policy().replace("value: 9001", "value: 9002")
    assert host.pending_steps(text) != ()
    host.apply(text)
    assert host.pending_steps(text) == ()
    assert connected(socket.AF_INET, "127.0.0.1", 9002) == "refused"


def test_another_network_namespace_is_named_by_its_file(host: Host) -> None:
    name = f"{MINE}net"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        host.apply(policy(netns=f"/run/netns/{name}"))
        assert connected(socket.AF_INET, "127.0.0.1", CLOSED) == "done"
        inside = ["ip", "netns", "exec", name]
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        program = f"""
import socket
with socket.socket() as taker, socket.socket() as caller:
    taker.bind(("127.0.0.1", {CLOSED}))
    taker.listen()
    try:
        caller.connect(("127.0.0.1", {CLOSED}))
    except ConnectionRefusedError:
        raise SystemExit(7)
"""
        done = subprocess.run([*inside, sys.executable, "-c", program], check=False)
        assert done.returncode == 7
        ((verdict, fields),) = events(host)
        assert (verdict, fields["hook_name"]) == ("dropped", f"/run/netns/{name}")
        host.delete_all()
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)
