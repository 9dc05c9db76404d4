"""Spans on this kernel: which start counts, what is kept of it, and what is counted where there is none."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import Host, both_builders

from policyd.reading import open_policy

pytestmark = pytest.mark.kernel

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
READ, LSEEK, DUP = 0, 8, 32
FD = 987_654
MINE = f"{{field: process.pid, operator: Equal, value: {os.getpid()}}}"
OF_TEST = f"{MINE}, {{field: args.fd, operator: Equal, value: {FD}}}"
HEAD = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: paired}
spec:
  rules:
"""


def policy(span: str, fields: str, more: str = "") -> str:
    """Return a policy with one rule, `pair`: `more` stands in it."""
    return f"{HEAD}    - {{name: pair, hook: {{span: {{{span}}}}}, outputs: [{{event: {{fields: {fields}}}}}]{more}}}\n"


def begin(*counts: int) -> None:
    """Begin spans: a read of so many bytes, from a descriptor that there is not."""
    for count in counts:
        LIBC.syscall(READ, FD, None, ctypes.c_ulong(count))


def end(*offsets: int) -> None:
    """End spans: a seek on that descriptor."""
    for offset in offsets:
        LIBC.syscall(LSEEK, FD, ctypes.c_long(offset), 0)


START = f"{{syscall: read, key: args.count, filters: [{OF_TEST}]}}"
END = f"{{syscall: lseek, key: args.offset, filters: [{MINE}, {{field: args.fd, operator: Equal, value: {FD}}}]}}"
FIELDS = "{n: end.args.offset, was: start.args.count, by: start.process.comm, took: span.duration}"


def told(host: Host) -> list[dict[str, Any]]:
    return [event.fields for event in open_policy(host.kernel, "paired").events()]


def columns(host: Host, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(fields[name] for name in names) for fields in told(host)]


def rows(host: Host) -> list[dict[str, Any]]:
    return open_policy(host.kernel, "paired").rows("pair-span")


@both_builders
def test_a_span_is_told_where_it_ends_with_what_was_kept_of_its_start(host: Host) -> None:
    host.apply(policy(f"start: {START}, end: {END}", FIELDS))

    begin(5, 6)
    end(6, 5, 5, 7)

    comm = Path("/proc/self/comm").read_text().strip()
    found = told(host)
    assert [(one["n"], one["was"], one["by"]) for one in found] == [(6, 6, comm), (5, 5, comm)]
    assert all(one["took"] > 0 for one in found)
    assert host.account("paired")["unpaired"] == 2
    assert rows(host) == []


@both_builders
def test_the_last_or_the_first_start_counts_and_a_cancel_forgets_it(host: Host) -> None:
    cancel = f"cancel: {{syscall: dup, key: args.fildes - 1000, filters: [{MINE}]}}"
    start = START.replace("key: args.count", "key: args.count % 10")
    kept = {}
    for keep in ("first", "last"):
        host.apply(policy(f"start: {start}, end: {END}, keep: {keep}, {cancel}", FIELDS))
        begin(15, 25, 35, 17, 27)
        LIBC.syscall(DUP, 1007)
        end(5, 7)
        kept[keep] = columns(host, "n", "was")
        host.delete_all()

    assert kept == {"first": [(5, 15)], "last": [(5, 35)]}
