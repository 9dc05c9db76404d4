"""Lines of events made by hand, sinks that remember, fail or hang, and waiting for a condition."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from policyd.sinks.sink import Lines, Sink, SinkError

NUMBERS = iter(range(1, 1 << 60))


def event(number: int, policy: str = "exec-audit", **fields: Any) -> str:
    made = {
        "time": f"2026-11-22T11:15:00.{number % 10**9:09d}Z", "policy": policy, "severity": "high", "rule": "opened",
        "hook": "syscall:openat", "verdict": "none", "cpu": 1, "fields": {"number": number, **fields},
    }  # fmt: skip
    return json.dumps(made, separators=(",", ":")) + "\n"


def lines(*numbers: int, policy: str = "exec-audit", severity: str = "high", **fields: Any) -> Lines:
    return Lines.of(policy, severity, [event(number, policy, **fields) for number in numbers], {"team": "platform"})


def fresh(count: int) -> Lines:
    """Return a batch of events with numbers that no other has."""
    return lines(*(next(NUMBERS) for _ in range(count)))


def numbers(data: bytes) -> list[int]:
    """Return the numbers of the events in lines."""
    return [json.loads(line)["fields"]["number"] for line in data.splitlines()]


class Memory(Sink):
    """Keeps what it gets.  While `gate` is not set it hangs; while `fail` has an error it raises that."""

    kind, where = "memory", "here"

    def __init__(self) -> None:
        self.batches: list[Sequence[Lines]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.fail: SinkError | Exception | None = None
        self.calls = self.refuse = 0
        self.closed = False

    def write(self, batch: Sequence[Lines]) -> int:
        self.calls += 1
        self.gate.wait(60)
        if self.fail is not None:
            raise self.fail
        self.batches.append(batch)
        return self.refuse

    def close(self) -> None:
        self.closed = True

    @property
    def numbers(self) -> list[int]:
        return [number for batch in list(self.batches) for piece in batch for number in numbers(piece.data)]


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for a condition; fail if it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
