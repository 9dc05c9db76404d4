"""What an event costs as more and more rules look at it and none matches: policyd's, and the same in bpftrace.

Nanoseconds that a call grows by, in quiet stretches of a loop of them, all in one run; the ratios are what lasts.  A call to
the kernel is seen at its tracepoint, where each rule tests the user and the beginning of a path in user memory; a function
of the program by a uprobe, where each tests a number.  bpftrace is asked in two ways: a probe a rule, as one writes it (it
reads the path each time, and the kernel takes 64 programs at a tracepoint), and one probe with a test a rule, which is what
policyd makes of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import bench
from cost import added, path_policies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

MANY = (1, 10, 50, 200)
TRAPS = 50_000
"""Calls of the function: each is a trap, which takes up to a thousand times as long as a system call."""
MOST_PROGRAMS = 64
"""At one tracepoint (BPF_TRACE_MAX_PROGS, kernel/trace/bpf_trace.c)."""
NEVER = 1 << 40
"""The function is called with smaller numbers."""
WAYS = ("policyd", "bpftrace, a probe a rule", "bpftrace, one probe")

_NUMBER = """
hook: {uprobe: {path: %s, symbol: noted, args: {number: s64}}}
filters:
  - {field: args.number, operator: Equal, value: %d}
outputs:
  - event: {fields: [process, args.number]}
"""
_CALL = "tracepoint:syscalls:sys_enter_umount"


def number_policies(build: Path, count: int) -> str:
    """Return policies of which none matches: each tests the argument of a function of `load`."""
    return "".join(bench.policy(f"number-{number}", _NUMBER % (build / "load", NEVER + number)) for number in range(count))


def path_probes(count: int) -> str:
    tests = (f'uid == 0 && strncmp(str(args->name), "/opt/none-{number}", 11) == 0' for number in range(count))
    return "\n".join(f"{_CALL} /{test}/ {{ @[{number}] = count(); }}" for number, test in enumerate(tests))


def path_probe(count: int) -> str:
    tests = [f'strncmp($name, "/opt/none-{number}", 11) == 0' for number in range(count)]
    return f"{_CALL} /uid == 0/ {{ $name = str(args->name); {_one_of(tests)} }}"


def _one_of(tests: list[str]) -> str:
    """Return a test after another, and one count at the end: the stack has no room for fifty."""
    found = " ".join(f"if ({test}) {{ $hit = {number + 1}; }}" for number, test in enumerate(tests))
    return f"$hit = 0; {found} if ($hit) {{ @[$hit] = count(); }}"


def number_probes(build: Path, count: int) -> str:
    probe = f"uprobe:{build / 'load'}:noted"
    return "\n".join(f"{probe} /arg0 == {NEVER + number}/ {{ @[{number}] = count(); }}" for number in range(count))


def number_probe(build: Path, count: int) -> str:
    return f"uprobe:{build / 'load'}:noted {{ {_one_of([f'arg0 == {NEVER + number}' for number in range(count)])} }}"


def measure(build: Path) -> dict[str, float]:
    """Return nanoseconds an event, by `WHAT, COUNT, WAY`."""
    found = {}
    for count in MANY:
        for way, call, function in _running(build, count):
            found[f"call, {count}, {way}"] = added(build, "umount2", call)
            found[f"function, {count}, {way}"] = added(build, "function", function, TRAPS)
    return found


def _running(build: Path, count: int) -> Iterator[tuple[str, AbstractContextManager[None], AbstractContextManager[None]]]:
    """Yield what looks at the call and at the function, in each way that is possible here."""
    yield WAYS[0], bench.applied(path_policies(count)), bench.applied(number_policies(build, count))
    if not bench.has_bpftrace():
        return
    if count <= MOST_PROGRAMS:
        each = (path_probes(count), number_probes(build, count))
        yield WAYS[1], bench.bpftrace(each[0], None, count), bench.bpftrace(each[1], None, count)
    yield WAYS[2], bench.bpftrace(path_probe(count)), bench.bpftrace(number_probe(build, count))


def report(found: dict[str, float]) -> None:
    """Print what `measure` found: a row a number of rules, against one rule of policyd's, and against bpftrace."""
    rows = [_row(found, f"{what}, {count}") for what in ("call", "function") for count in MANY]
    head = ("event, rules", "policyd", "to one rule", *(f"{way}: times as much" for way in WAYS[1:]))
    bench.table("Cost of an event by rules that do not match", head, rows)


def _row(found: dict[str, float], job: str) -> tuple[str, ...]:
    mine = found[f"{job}, {WAYS[0]}"]
    one = found[f"{job.partition(',')[0]}, 1, {WAYS[0]}"]
    others = (found.get(f"{job}, {way}") for way in WAYS[1:])
    return (job, f"{mine:.0f} ns", f"{mine / one:.2f}", *(f"{other / mine:.1f}" if other else "-" for other in others))
