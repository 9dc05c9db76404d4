"""Apply, change, swap, delete on the running kernel, with the events counted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Host

pytestmark = pytest.mark.kernel

COUNTER = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: parents}
spec:
  description: DESCRIPTION
  rules:
    - name: getppid
      hook: {syscall: getppid}
      filters:
        - {field: process.pid, operator: Equal, value: PID}
      outputs:
        - counter: {name: calls_total, help: Calls of getppid, by: [process.pid]}
"""


def counting(description: str = "") -> str:
    return COUNTER.replace("DESCRIPTION", f'"{description}"').replace("PID", str(os.getpid()))


def call(number: int) -> None:
    for _ in range(number):
        os.getppid()


def test_an_applied_counter_counts_and_a_deleted_one_is_gone(host: Host) -> None:
    assert [outcome.kind for outcome in host.apply(counting()).outcomes] == ["created"]
    call(10)
    assert host.count("parents", "calls_total") == 10
    assert host.pending_steps(counting()) == ()
    host.delete_all()
    assert host.kernel.list("") == ()


def test_a_changed_description_reloads_nothing(host: Host) -> None:
    host.apply(counting())
    call(3)
    assert host.pending_steps(counting("another")) == ("write record of policy parents",)
    host.apply(counting("another"))
    call(4)
    assert host.count("parents", "calls_total") == 7
