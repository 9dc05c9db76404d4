"""Apply, change, swap, delete on the running kernel, with the events counted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from conftest import Host, both_builders

if TYPE_CHECKING:
    from pathlib import Path

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


def changed() -> str:
    """Return a policy with another program, which counts the same."""
    return counting().replace(
        "      outputs:", "        - {field: process.tid, operator: Greater, value: 0}\n      outputs:"
    )


@both_builders
def test_another_filter_is_another_program_and_the_counts_go_on(host: Host) -> None:
    host.apply(counting())
    call(3)
    assert [outcome.kind for outcome in host.apply(changed()).outcomes] == ["changed"]
    call(4)
    assert host.count("parents", "calls_total") == 7


@pytest.mark.parametrize(("host", "other"), [("clang", "bcc"), ("bcc", "clang")], indirect=["host"])
def test_what_one_builder_applied_is_unchanged_to_the_other_which_can_go_on_with_it(
    host: Host, other: str, objects: Path
) -> None:
    host.apply(counting())
    call(2)
    second = Host(host.root, objects, builder=other)
    assert second.pending_steps(counting()) == ()
    assert [outcome.kind for outcome in second.apply(counting()).outcomes] == ["unchanged"]
    second.apply(changed())
    call(3)
    assert second.count("parents", "calls_total") == 5
    second.maker.close()
