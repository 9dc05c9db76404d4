"""Two hundred policies at one tracepoint and one XDP hook, each with a ring, a counter, a histogram and a list param."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import BPFFS, MINE, Host
from network import private_network, send

from policyd.unit import AttachPoint

pytestmark = pytest.mark.kernel

NUMBER = 200
CHANGED, FAILING = 7, 100

POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: pNUMBER}
spec:
  events: {buffer: 32Ki}
  params:
    pids: {type: pid, values: [PID, 1NUMBER]}
  rules:
    - name: calls
      hook: {syscall: getppid}
      filters:
        - {field: process.pid, operator: In, valuesFrom: {param: pids}}
      outputs:
        - event: {fields: [process.pid]}
        - counter: {name: calls_total, by: [process.pid]}
        - histogram: {name: cpus, value: cpu}
    - name: packets
      hook: {xdp: {interfaces: [INTERFACES], mode: generic}}
      filters:
        - {field: packet.length, operator: Greater, value: LENGTH}
      outputs:
        - counter: {name: packets_total, by: [protocol]}
"""


def policy(number: int, *, length: int = 0, interfaces: str = "lo") -> str:
    facts = {"NUMBER": f"{number:03}", "PID": str(os.getpid()), "LENGTH": str(length), "INTERFACES": interfaces}
    text = POLICY
    for name, value in facts.items():
        text = text.replace(name, value)
    return text


@pytest.fixture
def crowd(objects: Path) -> Iterator[Host]:
    with private_network():
        found = Host(str(BPFFS / f"{MINE}crowd"), objects)
        found.kernel.ensure_root()
        try:
            yield found
        finally:
            found.close()


def act() -> None:
    for _ in range(5):
        os.getppid()
    send(5)


def test_two_hundred_policies_share_two_hooks(crowd: Host) -> None:
    texts = [policy(number) for number in range(NUMBER)]
    result = crowd.apply(*texts)
    assert [outcome.kind for outcome in result.outcomes] == ["created"] * NUMBER
    pins = [crowd.kernel.list(f"hooks/{hook}") for hook in crowd.kernel.list("hooks")]
    assert [sum(name.startswith("link") for name in names) for names in pins] == [1, 1]
    act()
    assert [crowd.count(f"p{number:03}", "calls_total") for number in range(NUMBER)] == [5] * NUMBER
    assert [crowd.count(f"p{number:03}", "packets_total") for number in range(NUMBER)] == [5] * NUMBER
    assert all(crowd.account(f"p{number:03}")["delivered"] == 5 for number in (0, NUMBER - 1))

    texts[CHANGED] = policy(CHANGED, length=100_000)
    result = crowd.apply(*texts)
    assert [outcome.policy for outcome in result.outcomes if outcome.kind == "changed"] == [f"p{CHANGED:03}"]
    act()
    assert crowd.count(f"p{CHANGED:03}", "packets_total") == 5
    assert crowd.count(f"p{FAILING:03}", "packets_total") == 10

    subprocess.run(["ip", "link", "add", "pd0", "type", "veth", "peer", "name", "pd1"], check=True)
    taken = AttachPoint("xdp", "pd0", "generic")
    program = crowd.kernel.load_neutral(taken)
    foreign = crowd.kernel.attach(taken, program)
    try:
        texts[FAILING] = policy(FAILING, interfaces="lo, pd0")
        result = crowd.try_apply(*texts)
        (failed,) = result.failed
        assert (failed.policy, failed.previous_runs) == (f"p{FAILING:03}", True)
        assert "already has an XDP program" in str(failed.error)
        act()
        assert [crowd.count(f"p{number:03}", "calls_total") for number in range(NUMBER)] == [15] * NUMBER
        assert crowd.count(f"p{FAILING:03}", "packets_total") == 15
        assert len(crowd.kernel.list("hooks")) == 2
    finally:
        os.close(foreign)
        os.close(program)
    crowd.delete_all()
    assert crowd.kernel.list("") == ()
