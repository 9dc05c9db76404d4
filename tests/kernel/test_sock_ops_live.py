"""Events of TCP connections: of one from its first SYN to its end, from both sides, and of one whose packets are lost."""

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

TAKER, LOST = 7100, 7101
ACTOR = """
import json, os, socket, subprocess, sys, time
with open(sys.argv[1], "w") as file:
    file.write(str(os.getpid()))
found = {}

def exchange(family, host, more=lambda caller: None):
    with socket.socket(family) as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind((host, 7100))
        taker.listen()
        with socket.socket(family) as caller:
            caller.connect((host, 7100))
            with taker.accept()[0] as other:
                caller.sendall(b"x" * 1000)
                got = 0
                while got < 1000:
                    got += len(other.recv(4096))
                more(caller)
            found[host] = caller.getsockname()[1]

exec(sys.argv[2])
print(json.dumps(found))
"""
POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: flows}}
spec:
  rules:
    - name: begun
      hook: {{sock_ops: {{events: [Connect, ActiveEstablished, PassiveEstablished, Listen], path: {path}}}}}
      outputs:
        - event: {{fields: [hook.name, hook.kind, family, src.ip, src.port, dst.ip, dst.port, state, tcp.srtt, tcp.rtt_min,
                           tcp.snd_cwnd, tcp.mss]}}
    - name: changed
      hook: {{sock_ops: {{events: StateChange, path: {path}}}}}
      filters: [{{field: state, operator: Equal, value: TCP_ESTABLISHED}}]
      outputs:
        - event: {{fields: [args, src.port, dst.port, tcp.bytes_acked, tcp.bytes_received, tcp.segments_out,
                           tcp.segments_in]}}
    - name: again
      hook: {{sock_ops: {{events: [Retransmit, RTO], path: {path}}}}}
      outputs:
        - event: {{fields: [hook.name, dst.port, tcp.retransmits, state]}}
        - counter: {{name: again_total, by: [hook.name, dst.port]}}
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


def act(group: Path, program: str) -> dict[str, int]:
    command = [sys.executable, "-c", ACTOR, str(group / "cgroup.procs"), program]
    found: dict[str, int] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    return found


def seen(host: Host) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for event in open_policy(host.kernel, "flows").events():
        found.setdefault(event.origin.rule, []).append(event.fields)
    return found


@both_builders
def test_a_connection_is_seen_from_both_ends_from_its_beginning_to_its_end(host: Host, group: Path) -> None:
    host.apply(POLICY.format(path=group))
    callers = act(group, "exchange(socket.AF_INET, '127.0.0.1'); exchange(socket.AF_INET6, '::1')")
    found = seen(host)
    for family, (address, port) in zip(("AF_INET", "AF_INET6"), callers.items(), strict=True):
        mine = [one for one in found["begun"] if one["family"] == family]
        by_name = {one["hook_name"]: one for one in mine}
        assert list(by_name) == ["Listen", "Connect", "ActiveEstablished", "PassiveEstablished"]
        assert len(mine) == 4
        assert (by_name["Listen"]["src_ip"], by_name["Listen"]["src_port"], by_name["Listen"]["dst_port"]) == (
            address,
            TAKER,
            0,
        )
        for name, ends in (
            ("Connect", (port, TAKER)),
            ("ActiveEstablished", (port, TAKER)),
            ("PassiveEstablished", (TAKER, port)),
        ):
            one = by_name[name]
            assert (one["src_ip"], one["dst_ip"], one["hook_kind"]) == (address, address, "sock_ops")
            assert (one["src_port"], one["dst_port"]) == ends
        assert (by_name["Connect"]["state"], by_name["Connect"]["tcp_srtt"]) == ("TCP_SYN_SENT", None)
        established = by_name["ActiveEstablished"]
        assert 0 < established["tcp_srtt"] < 60 * 10**9
        assert 0 < established["tcp_rtt_min"] < 60 * 10**9
        assert established["tcp_snd_cwnd"] > 0
        assert established["tcp_mss"] > 500

        ended = {one["src_port"]: one for one in found["changed"] if port in {one["src_port"], one["dst_port"]}}
        assert {one["args_old_state"] for one in ended.values()} == {"TCP_ESTABLISHED"}
        assert {one["args_new_state"] for one in ended.values()} <= {"TCP_FIN_WAIT1", "TCP_CLOSE_WAIT"}
        assert ended[TAKER]["tcp_bytes_received"] == 1000
        assert ended[port]["tcp_segments_out"] >= 3
        assert ended[port]["tcp_segments_in"] >= 1


def test_what_is_sent_again_is_seen_of_connections_that_begin_after_the_policy(host: Host, group: Path) -> None:
    """Nobody is at the other end: the SYN is sent again when the timer runs out."""
    host.apply(POLICY.format(path=group))
    devices.make_pair()
    devices.ip("address", "add", "10.98.0.1/24", "dev", "pdv0")
    devices.ip("neighbour", "add", "10.98.0.2", "lladdr", "02:00:00:00:00:02", "dev", "pdv0")
    program = f"""
with socket.socket() as caller:
    caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
    try:
        caller.connect(("10.98.0.2", {LOST}))
    except OSError as error:
        found["errno"] = error.errno
"""
    assert act(group, program) == {"errno": 110}  # ETIMEDOUT
    again = [one for one in seen(host)["again"] if one["dst_port"] == LOST]
    names = [one["hook_name"] for one in again]
    assert {"Retransmit", "RTO"} <= set(names)
    assert {one["state"] for one in again} == {"TCP_SYN_SENT"}
    assert host.count("flows", "again_total") == len(names)


def test_connections_of_other_cgroups_are_not_seen(host: Host, group: Path) -> None:
    host.apply(POLICY.format(path=group))
    with devices.cgroup() as other:
        act(other, "exchange(socket.AF_INET, '127.0.0.1')")
    assert seen(host) == {}
