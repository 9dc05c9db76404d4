"""The pump with rings made by hand: what is given back and when, whom nobody waits for, and books that balance."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from fake_kernel import FakeKernel
from ring_bytes import FIXED, HandMadeRing, event, policy
from sink_doubles import Memory, until

from policyd.daemon import pump as pump_module
from policyd.daemon.pump import Pump, labels_of
from policyd.errors import KernelError
from policyd.reading.events import Decoder
from policyd.record import PolicyRecord
from policyd.sinks.outlet import Choice, Outlet
from policyd.sinks.sink import SinkError


class HandMadeStream:
    """A policy's ring in plain memory (`reading.stream.Stream`)."""

    is_current = True

    def __init__(self, name: str, size: int = 1 << 16) -> None:
        self.made = HandMadeRing(size)
        self.ring = self.made.ring
        self.record = policy(FIXED, name=name)
        self.decoder = Decoder(self.record)
        self.sent = self.lost = 0

    def produce(self, count: int) -> None:
        """Send events as a program does: what does not fit is lost, and counted."""
        for _ in range(count):
            record = event(FIXED, self.sent, b"sh", 7, time=10**9 + self.sent)
            if self.ring.pending + len(record) + 16 > self.ring.size:
                self.lost += 1
            else:
                self.made.add(record)
                self.sent += 1

    def read(self, limit: int, after: int | None = None, span: int | None = None) -> Any:
        return self.ring.read(limit, after, span)

    def done(self, batch: Any) -> None:
        assert batch.start == self.ring.position, "given back out of order"
        self.ring.advance(batch.end)


class Rings:
    """A follower of hand-made streams."""

    def __init__(self) -> None:
        self.streams: list[HandMadeStream] = []
        self.tries = 0

    def refresh(self) -> list[str]:
        return []

    def try_again(self) -> None:
        self.tries += 1

    def wait(self, seconds: float) -> None:
        threading.Event().wait(0.002)

    def close(self) -> None:
        self.streams = []


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> Rings:
    made = Rings()
    monkeypatch.setattr(pump_module, "Follower", lambda *_: made)
    return made


@pytest.fixture
def pumps(rings: Rings) -> Iterator[list[Pump]]:
    made: list[Pump] = []
    yield made
    for pump in made:
        if pump._thread.is_alive():
            pump.stop(1)


def start(rings: Rings, pumps: list[Pump], sinks: Sequence[Memory], names: Sequence[str] = ("p",), **how: Any) -> Pump:
    rings.streams = [HandMadeStream(name, how.pop("size", 1 << 16)) for name in names]
    choices = how.pop("choices", [None] * len(sinks))
    pump = Pump(FakeKernel(), [Outlet(sink.kind, sink, choice) for sink, choice in zip(sinks, choices, strict=True)], **how)
    pumps.append(pump)
    pump.start()
    until(lambda: pump._policies.keys() >= set(names))
    return pump


def pids(sink: Memory, name: str) -> list[int]:
    found = []
    for batch in list(sink.batches):
        for piece in batch:
            if piece.policy == name:
                found += [json.loads(line)["fields"]["process.pid"] for line in piece.each()]
    return found


def test_every_event_of_every_ring_reaches_every_sink_in_order(rings: Rings, pumps: list[Pump]) -> None:
    sinks = [Memory(), Memory()]
    pump = start(rings, pumps, sinks, ("p", "q"))
    for _ in range(20):
        for stream in rings.streams:
            stream.produce(100)
        until(lambda: not any(stream.ring.pending for stream in rings.streams))
    assert [stream.lost for stream in rings.streams] == [0, 0]
    assert pump.read == {"p": 2000, "q": 2000}
    for sink in sinks:
        assert pids(sink, "p") == pids(sink, "q") == list(range(2000))


def test_a_ring_keeps_what_a_sink_has_not_taken(rings: Rings, pumps: list[Pump]) -> None:
    slow, quick = Memory(), Memory()
    slow.gate.clear()
    pump = start(rings, pumps, [slow, quick])
    (stream,) = rings.streams
    stream.produce(10)
    until(lambda: len(pids(quick, "p")) == 10)
    assert stream.ring.position == 0
    stream.produce(10)  # it is read ahead
    until(lambda: len(pids(quick, "p")) == 20)
    assert stream.ring.position == 0
    slow.gate.set()
    until(lambda: not stream.ring.pending)
    assert pids(slow, "p") == list(range(20))
    assert pump.turned > 0


def test_nobody_waits_for_a_sink_that_is_late_until_it_has_caught_up(
    rings: Rings, pumps: list[Pump], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump_module, "PATIENCE", 0.1)
    dead, good = Memory(), Memory()
    dead.gate.clear()
    pump = start(rings, pumps, [dead, good])
    (stream,) = rings.streams
    stream.produce(10)
    until(lambda: stream.ring.position > 0)
    monkeypatch.setattr(pump_module, "PATIENCE", 1000.0)
    for _ in range(50):
        stream.produce(100)
        until(lambda: not stream.ring.pending)
    assert stream.lost == 0
    assert pids(good, "p") == list(range(5010))
    dead.gate.set()
    until(lambda: not pump._late)
    assert pids(dead, "p") == list(range(5010))


def test_a_sink_keeps_half_of_a_ring_until_the_other_half_fills_up(
    rings: Rings, pumps: list[Pump], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump_module, "PATIENCE", 1000.0)
    dead, good = Memory(), Memory()
    dead.gate.clear()
    pump = start(rings, pumps, [dead, good], size=1 << 14)
    (stream,) = rings.streams
    while stream.ring.pending < stream.ring.size * 5 // 8:
        stream.produce(1)
    until(lambda: len(pids(good, "p")) * 88 > stream.ring.size // 2)
    assert stream.ring.position == 0  # there is room for what comes
    for _ in range(40):
        stream.produce(30)
        until(lambda: 4 * stream.ring.pending < 3 * stream.ring.size)
    assert stream.lost == 0
    assert not pump._late
    assert stream.ring.position > 0
    dead.gate.set()
    until(lambda: not stream.ring.pending)
    assert pids(dead, "p") == pids(good, "p") == list(range(stream.sent))


def test_what_a_full_queue_drops_is_counted_and_given_back(rings: Rings, pumps: list[Pump]) -> None:
    dead = Memory()
    dead.gate.clear()
    pump = start(rings, pumps, [dead], choices=[Choice(events=50)])
    (stream,) = rings.streams
    stream.produce(300)
    until(lambda: pump.statuses()[0].dropped.get("queue-full", 0) == 250)
    dead.gate.set()
    until(lambda: not stream.ring.pending)
    (status,) = pump.statuses()
    assert (status.sent, status.queued) == (50, 0)


def test_delivered_is_written_and_dropped_under_a_flood(rings: Rings, pumps: list[Pump]) -> None:
    """One sink that is slow by chance, one that fails by chance, rings that overflow."""
    random.seed(3)
    slow, failing, good = Memory(), Memory(), Memory()
    few = Choice(events=300)
    pump = start(rings, pumps, [slow, failing, good], ("p", "q", "r"), size=1 << 14, choices=[few, few, None])
    for _ in range(200):
        for stream in rings.streams:
            stream.produce(random.randint(0, 60))
        slow.gate.clear() if random.random() < 0.5 else slow.gate.set()
        failing.fail = random.choice([None, SinkError("no", transient=False)])
        threading.Event().wait(0.001)
    slow.gate.set()
    failing.fail = None
    until(lambda: not any(stream.ring.pending for stream in rings.streams))
    sent = sum(stream.sent for stream in rings.streams)
    pump.stop(20)
    assert sum(pump.read.values()) == sent
    for status, sink in zip(pump.statuses(), (slow, failing, good), strict=True):
        assert status.sent + sum(status.dropped.values()) == sent, status
        got = [(name, pid) for name in "pqr" for pid in pids(sink, name)]
        assert len(got) == len(set(got)) == status.sent
    assert pump.statuses()[2].dropped == {}


def test_stop_leaves_what_was_not_taken_in_its_ring(rings: Rings, pumps: list[Pump]) -> None:
    dead = Memory()
    dead.fail = SinkError("down")
    pump = start(rings, pumps, [dead])
    (stream,) = rings.streams
    stream.produce(10)
    until(lambda: pump.statuses()[0].queued == 10)
    pump.stop(0.3)
    (status,) = pump.statuses()
    assert (status.sent, status.queued, status.dropped) == (0, 0, {})  # the next reader counts them
    assert stream.ring.position == 0
    assert stream.ring.pending > 0


def test_stop_sends_what_was_read(rings: Rings, pumps: list[Pump]) -> None:
    sink = Memory()
    sink.gate.clear()
    pump = start(rings, pumps, [sink])
    (stream,) = rings.streams
    stream.produce(10)
    until(lambda: pump.read["p"] == 10)
    threading.Timer(0.05, sink.gate.set).start()
    pump.stop(10)
    assert stream.ring.pending == 0
    assert pids(sink, "p") == list(range(10))


def test_what_the_kernel_refuses_is_tried_again(rings: Rings, pumps: list[Pump]) -> None:
    sink = Memory()
    start(rings, pumps, [sink])
    (stream,) = rings.streams
    real, refused = (stream.read, stream.done), [KernelError("read", 12), KernelError("write down", 12)]
    errors = [iter(refused[:1] * 2), iter(refused[1:] * 2)]

    def failing(at: int) -> Callable[..., Any]:
        def call(*words: Any) -> Any:
            if error := next(errors[at], None):
                raise error
            return real[at](*words)

        return call

    stream.read, stream.done = failing(0), failing(1)  # type: ignore[method-assign]
    stream.produce(10)
    until(lambda: not stream.ring.pending)
    assert pids(sink, "p") == list(range(10))


def test_lines_are_enriched_once_for_everybody_and_leave_as_they_were_if_that_fails(rings: Rings, pumps: list[Pump]) -> None:
    calls: list[str] = []

    def enrich(record: PolicyRecord, lines: list[str]) -> list[str]:
        calls.append(record.name)
        if len(calls) > 1:
            raise ValueError("a bug")
        return [line.replace('"sh"', '"SH"') for line in lines]

    sinks = [Memory(), Memory()]
    start(rings, pumps, sinks, enrich=enrich)
    rings.streams[0].produce(1)
    until(lambda: all(len(pids(sink, "p")) == 1 for sink in sinks))
    rings.streams[0].produce(1)
    until(lambda: all(len(pids(sink, "p")) == 2 for sink in sinks))
    assert calls == ["p", "p"]
    for sink in sinks:
        assert [b'"SH"' in piece.data for batch in sink.batches for piece in batch] == [True, False]


def test_followers_get_the_last_lines_and_then_what_is_new(rings: Rings, pumps: list[Pump]) -> None:
    pump = start(rings, pumps, [], ("p", "q"))
    for stream in rings.streams:
        stream.produce(5)
    until(lambda: sum(pump.read.values()) == 10)
    with pump.subscribe(("p",), 3) as some, pump.subscribe((), 100) as everything:
        first = some.lines(0.0)
        assert [f'"process.pid":{n}' in line for n, line in zip((2, 3, 4), first, strict=True)] == [True] * 3
        assert len(everything.lines(0.0)) == 10
        assert some.lines(0.01) == []
        rings.streams[1].produce(1)
        rings.streams[0].produce(1)
        got: list[str] = []
        until(lambda: got.extend(everything.lines(0.1)) or len(got) == 2)
        (line,) = some.lines(1.0)
        assert '"policy":"p"' in line
        assert line.endswith("\n")
        assert some.dropped == 0


def test_a_follower_that_is_too_slow_loses_the_oldest_and_knows_how_many(
    rings: Rings, pumps: list[Pump], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policyd.sinks.recent.READER_BYTES", 20_000)
    pump = start(rings, pumps, [])
    with pump.subscribe((), 0) as reader:
        for _ in range(20):
            rings.streams[0].produce(50)
            until(lambda: not rings.streams[0].ring.pending)
        lines = reader.lines(1.0)
        assert reader.dropped > 0
        assert reader.dropped + len(lines) == 1000
        assert '"process.pid":999' in lines[-1]


def test_labels_are_those_of_the_document() -> None:
    def labelled(document: str) -> PolicyRecord:
        return PolicyRecord("p", document, 0, 4096, False, False, False, "low")

    assert labels_of(labelled('{"metadata":{"name":"p","labels":{"team":"a"}}}')) == {"team": "a"}
    for document in ("{}", "", "[]", '{"metadata":{"labels":null}}', '{"metadata":{"labels":["x"]}}'):
        assert labels_of(labelled(document)) == {}
