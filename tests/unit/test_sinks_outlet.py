"""An outlet: books that balance at any time, order, retries, and a dead sink that nobody else notices."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sink_doubles import Memory, fresh, lines, numbers, until

from policyd.sinks import outlet as outlet_module
from policyd.sinks.backlog import Backlog, Limits
from policyd.sinks.fields import Fields, Filter
from policyd.sinks.outlet import LONGEST_PAUSE, Choice, Outlet, pause
from policyd.sinks.sink import SinkError
from policyd.sinks.spool import Spool


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet_module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(outlet_module, "_DISK_PAUSE", 0.01)


@pytest.fixture
def sink() -> Memory:
    return Memory()


@pytest.fixture
def started(sink: Memory) -> Iterator[Outlet]:
    made = Outlet("log", sink, Choice(events=100))
    made.start()
    yield made
    sink.gate.set()
    sink.fail = None
    made.stop(5)


def balance(backlog: Backlog) -> None:
    account = backlog.account
    assert account.offered == account.sent + account.queued + account.dropped.total(), account
    assert min(account.sent, account.queued, *account.dropped.values(), 0) == 0, account


# ------------------------------------------------------------------------------------------------ one sink


def test_events_arrive_in_order_and_are_settled(started: Outlet, sink: Memory) -> None:
    tickets = [started.offer(lines(n)) for n in range(50)]
    until(lambda: started.status().sent == 50)
    assert sink.numbers == list(range(50))
    assert started.is_settled_up
    assert all(started.is_settled(ticket) for ticket in tickets if ticket is not None)


def test_a_batch_is_settled_when_the_sink_has_taken_it_not_before(started: Outlet, sink: Memory) -> None:
    sink.gate.clear()
    first, second = started.offer(lines(1)), started.offer(lines(2))
    assert first is not None
    assert second is not None
    until(lambda: sink.calls)
    assert not started.is_settled(first)
    sink.gate.set()
    until(lambda: started.is_settled(second))


def test_a_full_queue_counts_what_it_cannot_hold(started: Outlet, sink: Memory) -> None:
    sink.gate.clear()
    for _ in range(30):
        started.offer(fresh(10))
    status = started.status()
    assert status.queued == 100
    assert status.dropped == {"queue-full": 200}
    sink.gate.set()
    until(lambda: started.status().sent == 100)
    assert started.status().queued == 0


def test_a_queue_that_is_full_of_bytes_counts_too(sink: Memory) -> None:
    sink.gate.clear()
    made = Outlet("log", sink, Choice(bytes=3000))
    made.start()
    for n in range(10):
        made.offer(lines(n, text="x" * 1000))
    assert made.status().dropped["queue-full"] >= 7
    sink.gate.set()
    made.stop(5)


def test_a_large_batch_reaches_a_sink_in_pieces_that_it_takes(sink: Memory) -> None:
    sink.batch_events = 7
    made = Outlet("log", sink)
    made.start()
    made.offer(lines(*range(50)))
    made.stop(5)
    assert sink.numbers == list(range(50))
    assert max(sum(piece.count for piece in batch) for batch in sink.batches) <= 7


def test_what_fails_for_a_while_is_tried_again_until_it_is_taken(started: Outlet, sink: Memory) -> None:
    sink.fail = SinkError("connection refused")
    started.offer(lines(1))
    until(lambda: started.status().retries >= 2)
    assert started.status().error == "connection refused"
    assert started.status().queued == 1
    sink.fail = None
    until(lambda: started.status().sent == 1)
    assert (started.status().error, sink.numbers) == ("", [1])


def test_the_log_is_told_when_a_sink_begins_to_fail_and_when_it_works_again(
    started: Outlet, sink: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, object]] = []
    monkeypatch.setattr(outlet_module, "log", lambda _event, **facts: told.append(facts))
    sink.fail = SinkError("connection refused")
    started.offer(lines(1))
    until(lambda: started.status().retries >= 3)
    sink.fail = None
    until(lambda: started.status().sent == 1)
    assert told == [{"sink": "log", "error": "connection refused"}, {"sink": "log", "outcome": "works again"}]


def test_what_is_refused_for_good_is_counted_and_the_next_is_sent(started: Outlet, sink: Memory) -> None:
    sink.fail = SinkError("bad request", transient=False)
    started.offer(lines(1, 2))
    until(lambda: started.status().dropped == {"refused": 2})
    sink.fail = None
    started.offer(lines(3))
    until(lambda: started.status().sent == 1)
    assert sink.numbers == [3]


def test_a_batch_that_makes_a_sink_fall_over_does_not_stop_the_next(started: Outlet, sink: Memory) -> None:
    sink.fail = ZeroDivisionError("a \x1b[31mbug")
    started.offer(lines(1))
    until(lambda: started.status().dropped == {"refused": 1})
    assert started.status().error == "ZeroDivisionError: a \\x1b[31mbug"
    sink.fail = None
    started.offer(lines(2))
    until(lambda: started.status().sent == 1)


def test_what_the_other_side_rejects_of_a_batch_is_counted_as_refused(started: Outlet, sink: Memory) -> None:
    sink.refuse = 2
    started.offer(lines(1, 2, 3))
    until(lambda: started.status().sent == 1)
    assert started.status().dropped == {"refused": 2}


def test_a_sink_gets_only_what_its_filter_wants(sink: Memory) -> None:
    wanted = Filter(policies=("net-*", "exec-audit"), min_severity="medium", labels=(("team", "platform"),))
    made = Outlet("log", sink, Choice(filter=wanted, fields=Fields(redact=("secret",))))
    made.start()
    assert made.offer(lines(1, policy="file-watch")) is None
    assert made.offer(lines(2, severity="low")) is None
    made.offer(lines(3, secret="x"))
    made.stop(5)
    assert made.status().filtered == 2
    assert sink.numbers == [3]
    assert b'"secret":"[redacted]"' in sink.batches[0][0].data


def test_pauses_grow_with_jitter_up_to_a_limit_and_obey_the_other_side() -> None:
    random.seed(1)
    pauses = [pause(tries) for tries in range(40)]
    assert all(low <= high for low, high in zip(pauses[:6:2], pauses[2:8:2], strict=True))
    assert LONGEST_PAUSE / 2 <= pauses[-1] <= LONGEST_PAUSE
    assert len({pause(30) for _ in range(20)}) > 10
    assert pause(0, 17.0) == 17.0
    assert pause(0, 1e9) == 600.0


# ------------------------------------------------------------------------------------------------ several


def test_a_dead_sink_beside_a_good_one_costs_the_good_one_nothing() -> None:
    dead, good = Memory(), Memory()
    dead.gate.clear()
    outlets = [Outlet("dead", dead, Choice(events=50)), Outlet("good", good)]
    for one in outlets:
        one.start()
    for n in range(1000):
        for one in outlets:
            one.offer(lines(n))
    until(lambda: outlets[1].status().sent == 1000)
    assert good.numbers == list(range(1000))
    assert outlets[0].status().dropped["queue-full"] == 950
    dead.gate.set()
    for one in outlets:
        one.stop(5)


# ------------------------------------------------------------------------------------------------ spools


def spooled(sink: Memory, path: Path, size: int = 1 << 20, **choice: Any) -> Outlet:
    made = Outlet("log", sink, Choice(**choice), Spool(str(path), size))
    made.start()
    return made


def test_a_spool_takes_what_a_sink_does_not_and_gives_it_back_in_order(sink: Memory, tmp_path: Path) -> None:
    sink.fail = SinkError("down")
    made = spooled(sink, tmp_path / "spool", events=20)
    for n in range(100):
        until(lambda: made.status().queued == made.status().spooled_bytes == 0 or made.is_settled_up)
        made.offer(lines(n))
        made.hurry()
    until(lambda: made.is_settled_up)
    status = made.status()
    assert (status.queued, status.dropped) == (100, {})
    assert status.spooled_bytes > 0
    sink.fail = None
    until(lambda: made.status().sent == 100)
    made.offer(lines(100))
    until(lambda: made.status().sent == 101)
    assert sink.numbers == list(range(101))
    assert made.status().spooled_bytes == 0
    made.stop(5)


def test_what_is_in_the_spool_is_sent_by_the_next_process(sink: Memory, tmp_path: Path) -> None:
    sink.fail = SinkError("down")
    made = spooled(sink, tmp_path / "spool")
    made.offer(lines(1, 2))
    made.offer(lines(3))
    made.stop(0.2)
    assert (made.status().dropped, made.status().queued) == ({}, 3)
    better = Memory()
    again = spooled(better, tmp_path / "spool")
    until(lambda: again.status().sent == 3)
    assert better.numbers == [1, 2, 3]
    again.stop(5)


def test_only_what_was_redacted_goes_to_disk(sink: Memory, tmp_path: Path) -> None:
    sink.fail = SinkError("down")
    made = spooled(sink, tmp_path / "spool", fields=Fields(redact=("password",)))
    made.offer(lines(1, password="hunter2"))
    made.stop(0.1)
    written = b"".join(path.read_bytes() for path in (tmp_path / "spool").iterdir())
    assert b"[redacted]" in written
    assert b"hunter2" not in written


def test_a_sink_that_works_never_touches_its_spool(sink: Memory, tmp_path: Path) -> None:
    made = spooled(sink, tmp_path / "spool")
    for n in range(100):
        made.offer(lines(n))
    made.stop(5)
    assert made.status().sent == 100
    assert not list((tmp_path / "spool").glob("segment-*"))


# ------------------------------------------------------------------------------------------------ the end


def test_stop_sends_what_waits(sink: Memory) -> None:
    made = Outlet("log", sink)
    made.start()
    for n in range(20):
        made.offer(lines(n))
    made.stop(10)
    assert sink.numbers == list(range(20))
    assert sink.closed


def test_stop_ends_in_time_and_counts_what_it_could_not_send(sink: Memory) -> None:
    sink.gate.clear()
    made = Outlet("log", sink)
    made.start()
    made.offer(lines(1, 2))
    until(lambda: sink.calls)
    back = made.offer(lines(3, 4, 5))
    assert back is not None
    made.stop(0.1, {back})
    status = made.status()
    assert (status.sent, status.queued, status.dropped) == (0, 0, {"closed": 2})  # three are in their ring still
    sink.gate.set()


def test_stop_cuts_a_long_pause_short(sink: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet_module, "FIRST_PAUSE", 30.0)
    sink.fail = SinkError("down")
    made = Outlet("log", sink)
    made.start()
    made.offer(lines(1))
    until(lambda: made.status().retries)
    sink.fail = None
    monkeypatch.setattr(outlet_module, "FIRST_PAUSE", 0.01)
    made.stop(5)
    assert made.status().sent == 1


# ------------------------------------------------------------------------------------------------ the books, always

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("offer"), st.integers(1, 40)),
        st.tuples(st.just("take"), st.just(0)),
        st.tuples(st.just("sent"), st.integers(0, 3)),
        st.tuples(st.just("spill"), st.just(0)),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, with_spool=st.booleans(), size=st.sampled_from([4096, 20_000, 1 << 20]))
def test_offered_is_sent_and_dropped_and_queued_after_every_step(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], with_spool: bool, size: int
) -> None:
    """Whatever order a pump, a sink and a disk do their work in, and whatever of it fits."""
    spool = Spool(str(tmp_path_factory.mktemp("books") / "spool"), size) if with_spool else None
    backlog = Backlog(Limits(events=100, bytes=1 << 20, batch_events=16), lambda batch: batch, spool)
    chunk = None
    got: list[int] = []
    for what, number in steps:
        account = backlog.account
        if what == "offer":
            backlog.offer(fresh(number))
        elif what == "take" and chunk is None and account.queued and (backlog._memory or backlog._has_spooled):
            chunk = backlog.take()
        elif what == "sent" and chunk is not None:
            backlog.settle(chunk, min(number, chunk.events))
            got += [n for piece in chunk.batch for n in numbers(piece.data)]
            chunk = None
        elif what == "spill" and spool and backlog._memory:
            backlog.hurry()
            assert backlog.spill()
        balance(backlog)
    assert got == sorted(set(got)), "out of order, or twice"
    backlog.finish()
    backlog.close(())
    balance(backlog)
    assert backlog.account.queued == (spool.events if spool else 0)
    if spool:
        spool.close()


@pytest.mark.parametrize("with_spool", [False, True])
def test_the_books_balance_while_threads_race(tmp_path: Path, with_spool: bool) -> None:
    sink = Memory()
    spool = Spool(str(tmp_path / "spool"), 100_000) if with_spool else None
    made = Outlet("log", sink, Choice(events=500), spool)
    made.start()
    random.seed(7)
    offered = 0
    for turn in range(400):
        sink.fail = random.choice([None, None, SinkError("down"), SinkError("no", transient=False)])
        offered += (count := random.randint(1, 20))
        made.offer(fresh(count))
        made.hurry()
        if turn % 20 == 0:
            with made._backlog._changed:
                balance(made._backlog)
            time.sleep(0.002)
    sink.fail = None
    until(lambda: made.status().queued == 0)
    made.stop(5)
    status = made.status()
    assert offered == status.sent + sum(status.dropped.values())
    assert len(sink.numbers) == status.sent == len(set(sink.numbers))
    assert sink.numbers == sorted(sink.numbers)
