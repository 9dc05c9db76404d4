"""How long `policyd apply` takes, as a user sees it: a new process each time, from its start to its end."""

from __future__ import annotations

import time

import bench

HOOKS = ("openat", "connect", "unlinkat", "renameat2", "mkdirat", "fchmodat", "kill", "execve", "bind", "listen")
RULE = """
hook: {syscall: %s}
filters:
  - {field: process.uid, operator: NotEqual, value: %d}
  - {field: process.comm, operator: Prefix, values: [bench-%d]}
outputs:
  - event: {fields: [process]}
  - counter: {name: matches_total, by: [process.comm]}
"""


def policies(count: int, salt: int) -> str:
    """Return `count` policies over ten hooks; another `salt` makes other programs, which no cache holds."""
    return "".join(
        bench.policy(f"bench-{number}", RULE % (HOOKS[number % len(HOOKS)], salt, number)) for number in range(count)
    )


def timed(*words: str, text: str | None = None) -> float:
    start = time.monotonic()
    bench.policyd(*words, text=text)
    return time.monotonic() - start


def measure() -> dict[str, float]:
    """Return seconds, by what was done."""
    salt = time.time_ns() % 2_000_000_000
    found = {"version (start of Python alone)": timed("version")}
    for count in (1, 100):
        text = policies(count, salt + count)
        found[f"apply {count}, cold"] = timed("apply", "-f", "-", text=text)
        found[f"apply {count}, nothing to do"] = timed("apply", "-f", "-", text=text)
        found[f"delete {count}"] = timed("delete", "--all")
        found[f"apply {count}, cached"] = timed("apply", "-f", "-", text=text)
        timed("delete", "--all")
    return found


def report(found: dict[str, float]) -> None:
    rows = [(name, f"{seconds:.2f} s") for name, seconds in found.items()]
    bench.table("Time to apply", ("what", "time"), rows)
