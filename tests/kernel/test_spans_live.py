"""Spans on this kernel: which start counts, what is kept of it, and what is counted where there is none."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Host, both_builders

from policyd.naming import symbol_name
from policyd.reading import open_policy
from policyd.record import map_pin, policy_path
from policyd.views.stacks import stack_outputs

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


def end(*offsets: int, whence: int = 0) -> None:
    """End spans: a seek on that descriptor."""
    for offset in offsets:
        LIBC.syscall(LSEEK, FD, ctypes.c_long(offset), whence)


START = f"{{syscall: read, key: args.count, filters: [{OF_TEST}]}}"
END = f"{{syscall: lseek, key: args.offset, filters: [{MINE}, {{field: args.fd, operator: Equal, value: {FD}}}]}}"
FIELDS = "{n: end.args.offset, was: start.args.count, by: start.process.comm, took: span.duration}"


def told(host: Host) -> list[dict[str, Any]]:
    return [event.fields for event in open_policy(host.kernel, "paired").events()]


def columns(host: Host, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(fields[name] for name in names) for fields in told(host)]


def rows(host: Host) -> list[dict[str, Any]]:
    return open_policy(host.kernel, "paired").rows("pair-span")


def change_rows(host: Host, changed: Callable[[bytes, bytes], bytes]) -> None:
    """Write every row of a start anew."""
    record = host.record("paired").maps["pair-span"]
    fd = host.kernel.open(policy_path("paired", map_pin("paired", record.name, record.fingerprint)))
    assert fd is not None
    try:
        for key, value in list(host.kernel.items(fd)):
            host.kernel.update(fd, key, changed(key, value))
    finally:
        host.kernel.close(fd)


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


@both_builders
def test_an_end_ends_its_span_whatever_the_rule_asks_and_what_has_no_pair_is_counted(host: Host) -> None:
    filters = (
        "filters: [{field: start.args.count, operator: NotEqual, value: 3}, {field: args.whence, operator: Equal, value: 1}]"
    )
    host.apply(policy(f"start: {START}, end: {END}, maxEntries: 2, evict: false", FIELDS, f", {filters}"))

    begin(1, 2, 3, 4)  # 3 is not kept, for 4 there is no room
    before = rows(host)
    end(1)  # whence is 0: not told, and over
    end(1, 2, whence=1)

    assert sorted(row["args_count"] for row in before) == [1, 2]
    assert columns(host, "n") == [(2,)]
    account = host.account("paired")
    assert (account["table_full"], account["unpaired"], account["negative"]) == (1, 1, 0)


def test_a_start_after_its_end_is_counted_and_not_told(host: Host) -> None:
    host.apply(policy(f"start: {START}, end: {END}", FIELDS))
    begin(5, 6)
    later = (time.clock_gettime_ns(time.CLOCK_BOOTTIME) + 3600 * 10**9).to_bytes(8, "little")
    change_rows(host, lambda key, value: later + value[8:] if key[0] == 5 else value)

    end(5, 6)

    assert columns(host, "n") == [(6,)]
    assert host.account("paired")["negative"] == 1
    assert rows(host) == []


@both_builders
def test_an_event_can_end_one_span_and_start_the_next(host: Host) -> None:
    every = f"{{syscall: lseek, key: args.fd, filters: [{OF_TEST}]}}"
    fields = "{n: args.offset, before: start.args.offset, at: hook.name, took: span.duration}"
    for keep in ("first", "last"):
        host.apply(policy(f"start: {every}, end: {every}, keep: {keep}", fields))
        end(1, 2, 3)
        assert columns(host, "before", "n", "at") == [(1, 2, "lseek"), (2, 3, "lseek")]
        assert host.account("paired")["unpaired"] == 1
        host.delete_all()


def test_what_was_absent_at_the_start_is_absent_at_the_end(host: Host) -> None:
    more = ", let: {share: 100 / args.count}"
    start = START.replace("key: args.count", "key: args.count + 1")
    end_ = END.replace("key: args.offset", "key: args.offset + 1")
    host.apply(policy(f"start: {start}, end: {end_}", "{n: args.offset, share: start.share}", more))

    begin(0, 4)
    kept = rows(host)
    end(0, 4)

    assert sorted((row["share"] for row in kept), key=str) == [25, None]
    assert columns(host, "n", "share") == [(0, None), (4, 25)]


def test_starts_live_through_a_change_of_what_the_rule_shows_and_rules_share_them(host: Host) -> None:
    span = f"start: {START}, end: {END}"
    host.apply(policy(span, "{n: args.offset, was: start.args.count}"))
    begin(5, 6)
    both = policy(span, "{n: args.offset, was: start.args.count, whence: args.whence}")
    both += both.partition("rules:\n")[2].replace("name: pair", "name: more")
    host.apply(both)

    end(5)

    found = [event.origin.rule for event in open_policy(host.kernel, "paired").events()]
    assert sorted(found) == ["more", "pair"]
    assert [row["args_count"] for row in rows(host)] == [6]
    assert host.account("paired")["unpaired"] == 0


@both_builders
def test_the_stack_of_a_start_is_shown_and_counted_where_the_span_ends(host: Host) -> None:
    ended = END.replace("syscall: lseek", "syscall: {names: lseek, phase: exit}")
    outputs = "{stacks: {name: waits, of: start, value: span.duration, by: {n: args.offset}, user: false}}"
    fields = "{n: args.offset, began: start.kernel.stack, ended: kernel.stack, user: start.user.stack}"
    text = policy(f"start: {START}, end: {ended}, maxEntries: 16", fields)
    host.apply(text.replace("}}]}", f"}}}}, {outputs}]}}"))

    begin(5, 6)
    end(6, 5, 7)

    found = told(host)
    assert [one["n"] for one in found] == [6, 5]
    for one in found:
        assert one["user"]
        assert one["began"][0] != one["ended"][0]
        assert one["began"][-1] == one["ended"][-1]  # where the kernel was entered
    (waits,) = stack_outputs(host.kernel, [host.record("paired")])
    assert sorted(dict(series.labels)["n"] for series in waits.series) == ["5", "6"]
    for series in waits.series:
        assert series.value > 0
        assert [symbol_name(address) for address in series.stack.kernel] == found[0]["began"]
        assert series.stack.user == ()
