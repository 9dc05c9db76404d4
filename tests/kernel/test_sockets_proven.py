"""Hooks of sockets and cgroups are proven by what the agent does itself: a canary comes from each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from network import private_network

from policyd.daemon.canary import Prover
from policyd.daemon.pump import Pump

if TYPE_CHECKING:
    from conftest import Host

    from policyd.health import Proof

pytestmark = pytest.mark.kernel

CGROUP = (
    *("sock_create", "sock_release", "post_bind4", "post_bind6", "getsockname4", "getsockname6", "getpeername4"),
    *("getpeername6", "recvmsg4", "recvmsg6", "setsockopt", "getsockopt", "sysctl", "device"),
)
POLICY = f"""
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: sockets}}
spec:
  rules:
    - name: calls
      hook: {{cgroup: {{name: [{", ".join(CGROUP)}]}}}}
      filters: [{{field: process.uid, operator: Equal, value: 123456}}]
      outputs: [{{event: {{fields: [process.pid, hook.name]}}}}]
    - name: flows
      hook: {{sock_ops: [ActiveEstablished, Retransmit]}}
      filters: [{{field: dst.port, operator: Equal, value: 1}}]
      outputs: [{{event: {{fields: [dst.port]}}}}]
    - name: look-ups
      hook: {{sk_lookup: {{}}}}
      filters: [{{field: dst.port, operator: Equal, value: 1}}]
      outputs: [{{event: {{fields: [dst.port]}}}}]
"""


def proven(prover: Prover) -> Proof:
    """Return the first proof that holds, or else the last one: on a busy machine a canary may come too late for its turn."""
    end = time.monotonic() + 90
    while True:
        prover.turn()
        found = prover.proofs()["sockets"]
        if found.proven or time.monotonic() > end:
            return found


def test_each_hook_is_passed_by_what_the_agent_does(host: Host) -> None:
    with private_network():
        host.apply(POLICY)
        prover = Prover(host.kernel, 2.0)
        pump = Pump(host.kernel, (), witness=prover)
        pump.start()
        try:
            found = proven(prover)
        finally:
            pump.stop(1.0)
        assert (found.proven, found.by) == (True, "canary"), found
        assert len(found.hooks) == len(CGROUP) + 2
        assert all(found.hooks.values()), found.hooks
        host.delete_all()
