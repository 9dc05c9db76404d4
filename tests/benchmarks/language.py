"""What each part of the language costs an event: policyd's, and the same in bpftrace where it can be said there.

Nanoseconds that a call of getppid grows by, in quiet stretches of a loop of them, all in one run; every job is also given
against a bare counter of the same way.  What sees both ends of the call is measured as one job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import bench
from cost import added

if TYPE_CHECKING:
    from pathlib import Path

_AT = "tracepoint:syscalls:sys_enter_getppid"
_END = "tracepoint:syscalls:sys_exit_getppid"
_BEGIN = "hook: {syscall: getppid}\n"
_COUNTER = "outputs: [{counter: {name: calls_total, by: [process.comm]}}]\n"
_TABLES = """---
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: table}
spec:
  tables:
    seen: {key: {tid: thread}, value: {at: time, calls: u64}}
  rules:
    - name: only
      hook: {syscall: getppid}
      tables: [{set: seen, key: [process.tid], value: {at: time, calls: "(seen[process.tid].calls ?? 0) + 1"}}]
"""
_SPAN = """
hook:
  span:
    start: {syscall: getppid, key: process.tid}
    end: {syscall: {names: getppid, phase: exit}, key: process.tid}
outputs: [{histogram: {name: calls_seconds, value: span.duration}}]
"""
_CALL = """
hook: {syscall: {names: getppid, phase: call}}
outputs: [{histogram: {name: calls_seconds, value: duration}}]
"""
_PAIR = f"{_AT} {{ @s[tid] = nsecs; }} {_END} /@s[tid]/ {{ @ = hist(nsecs - @s[tid]); delete(@s[tid]); }}"
_SCOPE = "scope: {host: true}\n"

POLICIES = {
    "counter": bench.policy("counter", _BEGIN + _COUNTER),
    "expression": bench.policy("expression", f'{_BEGIN}filters: [{{expr: "(process.pid & 7) * 2 + 1 > 0"}}]\n{_COUNTER}'),
    "histogram": bench.policy("histogram", _BEGIN + "outputs: [{histogram: {name: pids, value: process.pid}}]"),
    "stats of three": bench.policy(
        "stats",
        _BEGIN + "outputs: [{stats: {name: calls, by: [process.comm], columns: {all: count, least: {min: process.pid}, "
        "most: {max: process.pid}}}}]",
    ),
    "table, read and written": _TABLES,
    "event, held back by a rate": bench.policy(
        "rate", _BEGIN + "outputs: [{event: {fields: [process.pid], rateLimit: {events: 1, per: 1h}}}]"
    ),
    "counter in a scope": bench.policy("scope", _BEGIN + _SCOPE + _COUNTER),
    "duration, as a call": bench.policy(
        "call",
        "hook: {syscall: {names: getppid, phase: call}}\noutputs: [{histogram: {name: calls_seconds, value: duration}}]",
    ),
    "duration, as a span": bench.policy("span", _SPAN),
    "kernel stacks": bench.policy("kernel", _BEGIN + "outputs: [{stacks: {name: stacks, user: false}}]"),
    "both stacks": bench.policy("both", _BEGIN + "outputs: [{stacks: {name: stacks}}]"),
}
SCRIPTS = {
    "counter": f"{_AT} {{ @[comm] = count(); }}",
    "expression": f"{_AT} /(pid & 7) * 2 + 1 > 0/ {{ @[comm] = count(); }}",
    "histogram": f"{_AT} {{ @ = hist(pid); }}",
    "stats of three": f"{_AT} {{ @a[comm] = count(); @b[comm] = min(pid); @c[comm] = max(pid); }}",
    "table, read and written": f"{_AT} {{ @at[tid] = nsecs; @calls[tid] = @calls[tid] + 1; }}",
    "duration, as a call": _PAIR,
    "kernel stacks": f"{_AT} {{ @[kstack] = count(); }}",
    "both stacks": f"{_AT} {{ @[kstack, ustack] = count(); }}",
}
_WAYS = ("policyd", "bpftrace")


def measure(build: Path) -> dict[str, float]:
    """Return nanoseconds an event, by `JOB, WAY`."""
    found = {}
    for job, text in POLICIES.items():
        found[f"{job}, policyd"] = added(build, "getppid", bench.applied(text))
        if job in SCRIPTS and bench.has_bpftrace():
            script = SCRIPTS[job]
            found[f"{job}, bpftrace"] = added(build, "getppid", bench.bpftrace(script, None, script.count("tracepoint:")))
    return found


def report(found: dict[str, float]) -> None:
    """Print what `measure` found: a row a job, against the counter of the same way, and one way against the other."""
    rows = []
    for job in POLICIES:
        mine, other = (found.get(f"{job}, {way}") for way in _WAYS)
        assert mine is not None
        rows.append(
            (
                job,
                f"{mine:.0f} ns",
                f"{mine / found['counter, policyd']:.2f}",
                f"{other / mine:.2f}" if other else "-",
            )
        )
    bench.table("Cost of parts of the language", ("job", "policyd", "to a counter", "bpftrace, to policyd"), rows)
