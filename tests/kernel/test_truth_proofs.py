"""`Proven` is earned: canaries come all the way through, and what breaks the way makes the proof fall, with the reason."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from policyd.daemon.canary import Prover
from policyd.daemon.pump import Pump
from policyd.kernel.bpf.attach import detach_link
from policyd.record import SHARED, hook_path, opened, policy_path
from policyd.unit import AttachPoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Host

    from policyd.health import Proof

pytestmark = pytest.mark.kernel

INTERVAL = 2.0
OPENAT = AttachPoint("tracepoint", "syscalls/sys_enter_openat")
POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: %s}
spec:
  mode: enforce
  rules:
    - name: calls
      hook: {syscall: openat}
      filters: [{field: process.uid, operator: Equal, value: 123456}]
      outputs: [{event: {fields: [process]}}]
    - name: processes
      hook: {raw_tracepoint: sched_process_exec}
      filters: [{field: process.uid, operator: Equal, value: 123456}]
      outputs: [{event: {fields: [process]}}]
    - name: sockets
      hook: {cgroup: connect4}
      filters: [{field: process.pid, operator: Equal, value: PID}]
      action: {deny: EPERM}
      outputs: [{event: {fields: [process, dst.port]}}]
"""
UNREACHABLE = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: syncs}
spec:
  rules:
    - name: sync
      hook: {syscall: sync}
      outputs: [{event: {fields: [process.comm]}}]
"""


@contextmanager
def reading(host: Host, prover: Prover) -> Iterator[Pump]:
    pump = Pump(host.kernel, (), witness=prover)
    pump.start()
    try:
        yield pump
    finally:
        pump.stop(1.0)


def proof(prover: Prover, name: str) -> Proof:
    prover.turn()
    return prover.proofs()[name]


def proven(prover: Prover, name: str) -> Proof:
    """Return the first proof that holds, or else the last one: on a busy machine a canary may come too late for its turn."""
    end = time.monotonic() + 60
    while not (found := proof(prover, name)).proven and time.monotonic() < end:
        pass
    return found


def text(name: str) -> str:
    """Return a policy whose rule at sockets holds for this process: canaries would match, and be denied."""
    return (POLICY % name).replace("PID", str(os.getpid()))


def cgroup_point(host: Host, name: str) -> AttachPoint:
    key = next(rule.point for rule in host.record(name).rules if rule.hook_kind.startswith("cgroup"))
    return AttachPoint(*key.split(":"))


def empty_slot(host: Host) -> None:
    with opened(host.kernel, hook_path(OPENAT, "slot")) as slot:
        assert slot is not None
        host.kernel.delete(slot, bytes(4))


def detach(host: Host) -> None:
    with opened(host.kernel, hook_path(cgroup_point(host, "first"), "link")) as link:
        assert link is not None
        detach_link(link, "detach")


def swap_program(host: Host) -> None:
    point = cgroup_point(host, "first")
    with (
        opened(host.kernel, hook_path(point, "link")) as link,
        opened(host.kernel, hook_path(point, "program-0")) as old,
    ):
        assert link is not None
        assert old is not None
        other = host.kernel.load_neutral(point)
        host.kernel.update_link(point, link, other, old)
        host.kernel.close(other)


def empty_row(host: Host) -> None:
    with opened(host.kernel, f"{SHARED}/rings") as rings:
        assert rings is not None
        host.kernel.delete(rings, host.record("first").row.to_bytes(4, "little"))


SABOTAGE: list[tuple[Callable[[Host], None], str]] = [
    (empty_slot, "another program runs in its place"),
    (detach, "its link is detached"),
    (swap_program, "not ours"),
    (empty_row, "another ring stands in its row"),
]


def test_a_proof_falls_with_whatever_breaks_the_way_and_stands_again_once_it_is_mended(host: Host) -> None:
    texts = [text(name) for name in ("first", "second")]
    host.apply(*texts)
    prover = Prover(host.kernel, INTERVAL)
    with reading(host, prover):
        for break_it, reason in SABOTAGE:
            found = proven(prover, "first")
            assert (found.proven, found.by, set(found.hooks.values())) == (True, "canary", {True}), found.reason
            break_it(host)
            found = proof(prover, "first")
            assert not found.proven, "one turn shows it"
            assert reason in found.reason
            if break_it is empty_row:
                assert proven(prover, "second").proven, "a ring is one policy's"
            else:
                assert not prover.proofs()["second"].proven, "a hook is everybody's"
            host.apply(*texts)
    found = proof(prover, "first")
    assert not found.proven
    assert "nobody reads them" in found.reason
    assert host.account("first")["matched"] == 0, "a canary is no event, and no action is taken for it"
    assert host.account("first")["canary"] > 0


def test_where_no_canary_can_be_made_real_events_are_the_proof(host: Host) -> None:
    host.apply(UNREACHABLE)
    prover = Prover(host.kernel, INTERVAL)
    with reading(host, prover):
        found = proof(prover, "syncs")
        assert not found.proven
        assert "cannot be made without an effect" in found.reason
        end = time.monotonic() + 60
        while not found.proven and time.monotonic() < end:
            os.sync()
            found = proof(prover, "syncs")
        assert (found.proven, found.by) == (True, "event")


def test_a_prover_that_stands_still_proves_nothing(host: Host) -> None:
    host.apply(text("first"))
    clock = [0.0]
    prover = Prover(host.kernel, INTERVAL, lambda: clock[0] + time.monotonic())
    with reading(host, prover):
        assert proven(prover, "first").proven
    clock[0] = 100.0
    found = prover.proofs()["first"]
    assert not found.proven
    assert "stands still" in found.reason


# ------------------------------------------------------------------------------------------------ who is never signalled

KILLS = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: kills}
spec:
  mode: enforce
  rules:
    - name: all
      hook: {syscall: quotactl}
      action: {signal: SIGKILL}
"""
CALL = """
import ctypes, platform, subprocess, sys, time
number = {"x86_64": 179, "aarch64": 60}[platform.machine()]
def call():
    ctypes.CDLL(None).syscall(number, -1, 0, 0, 0)
    time.sleep(0.01)  # where a signal would come at the latest
"""
JOINED = """
from policyd.engine import Guard
from policyd.kernel.real import RealKernel
Guard(RealKernel(sys.argv[1])).join()
call()
child = subprocess.run([sys.executable, "-c", sys.argv[2] + "\\ncall()"])
print("alive", child.returncode)
"""


def test_a_policy_that_kills_whoever_calls_spares_policyd_and_what_it_starts(host: Host) -> None:
    host.apply(KILLS)
    stranger = subprocess.run([sys.executable, "-c", f"{CALL}\ncall()"], check=False)
    assert stranger.returncode == -signal.SIGKILL
    command = [sys.executable, "-c", CALL + JOINED, host.root, CALL]
    guarded = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (guarded.returncode, guarded.stdout) == (0, "alive 0\n"), guarded.stderr
    with opened(host.kernel, f"{SHARED}/guarded") as fd:
        assert fd is not None
        assert list(host.kernel.items(fd)) == [], "it left when it ended"
    assert host.kernel.exists(policy_path("kills", "record"))
