"""An agent that runs nothing: what the API asks is answered from rows made by hand."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from state_by_hand import FakeKernel

from policyd.errors import NotFoundError, UsageError
from policyd.health import AgentStatus, Books, DriftRow, Proof, RevisionRow, SinkStatus, SourceStatus
from policyd.reading.metrics import Family

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HISTORY = (
    RevisionRow("main@9f3c", "ab" * 32, 1_700_000_000.0, "applied", 1),
    RevisionRow("main@1111", "cd" * 32, 1.6e9, "applied", 1),
)
SOURCE = SourceStatus(
    "base",
    "git",
    "https://git.example/team/policies.git",
    "Applied",
    revision="main@9f3c",
    digest="ab" * 32,
    signer="ops@example.net",
    policies=("opens",),
    left_out={"other": "this kernel has no tracepoint x"},
    applied=1_700_000_000.5,
    checked=1_700_000_060.0,
    history=HISTORY,
)
SINK = SinkStatus("log", "file", "/var/log/policyd/events.jsonl", 90, 3, {"queue full": 2}, filtered=5, spooled_bytes=10)
DRIFT = DriftRow(1_700_000_001.0, "link detached", "xdp:eth0", True, 0.02, ("opens",))
STATUS = AgentStatus(
    "0.1.0",
    "node-1",
    4711,
    1_600_000_000.0,
    True,
    True,
    sources=(SOURCE, SourceStatus("team", "directory", "/etc/p", "Pending")),
    sinks=(SINK,),
    drift=(DRIFT,),
)


class Ring:
    """A subscription: lines that a test puts there; at most `most` wait, the oldest go first."""

    def __init__(self, most: int = 1000) -> None:
        self.dropped = 0
        self._most = most
        self._waiting: list[str] = []
        self._changed = threading.Condition()

    def put(self, *lines: str) -> None:
        with self._changed:
            self._waiting += lines
            over = max(len(self._waiting) - self._most, 0)
            self.dropped += over
            del self._waiting[:over]
            self._changed.notify()

    def lines(self, seconds: float) -> list[str]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, seconds)
            found, self._waiting = self._waiting, []
            return found


class AgentByHand:
    """Implements `api.port.Agent`.  `asked` holds the commands that it got, `rings` the open subscriptions."""

    def __init__(self) -> None:
        self.kernel = FakeKernel()
        self.now = STATUS
        self.asked: list[tuple[object, ...]] = []
        self.rings: list[Ring] = []
        self.subscribed = threading.Condition()
        self.error: Exception | None = None

    def status(self) -> AgentStatus:
        if self.error is not None:
            raise self.error
        return self.now

    def proofs(self) -> Mapping[str, Proof]:
        return {"opens": Proof("opens", True, "canary", 1_700_000_002.0, hooks={"tracepoint:x/y": True})}

    def books(self) -> tuple[Books, ...]:
        return (Books("opens", 12, 10, {"ring_full": 1, "nested": 1}, 8, 2),)

    def families(self) -> list[Family]:
        return [Family("policyd_reconciles_total", "", "counter", "Reconciles.", "", (({"source": "base"}, 3),))]

    @contextmanager
    def subscribe(self, policies: tuple[str, ...], tail: int) -> Iterator[Ring]:
        ring = Ring()
        with self.subscribed:
            self.asked.append(("subscribe", policies, tail))
            self.rings.append(ring)
            self.subscribed.notify_all()
        try:
            yield ring
        finally:
            with self.subscribed:
                self.rings.remove(ring)
                self.subscribed.notify_all()

    def wait_for_rings(self, count: int, seconds: float = 60.0) -> None:
        with self.subscribed:
            assert self.subscribed.wait_for(lambda: len(self.rings) == count, seconds), f"{len(self.rings)} subscriptions"

    def reconcile(self, source: str = "") -> tuple[SourceStatus, ...]:
        self.asked.append(("reconcile", source))
        return tuple(row for row in self.now.sources if source in {"", row.name})

    def suspend(self, source: str) -> SourceStatus:
        self.asked.append(("suspend", source))
        return replace(self._source(source), suspended=True, state="Suspended")

    def resume(self, source: str) -> SourceStatus:
        self.asked.append(("resume", source))
        return self._source(source)

    def rollback(self, source: str, revision: str = "") -> SourceStatus:
        self.asked.append(("rollback", source, revision))
        if revision == "unknown":
            raise UsageError("there is no revision `unknown` in the history of base")
        return replace(self._source(source), revision=HISTORY[1].revision, suspended=True)

    def webhook(self, source: str, headers: Mapping[str, str], body: bytes) -> bool:
        self.asked.append(("webhook", source, headers.get("x-hub-signature-256"), body))
        self._source(source)
        return headers.get("x-hub-signature-256") == "right"

    def _source(self, name: str) -> SourceStatus:
        for row in self.now.sources:
            if row.name == name:
                return row
        raise NotFoundError(f"there is no source {name}")
