"""Real rings: nothing is lost without a count, one reader at a time, and the command line prints what was sent.

The producer is a small program of the tests, run by BPF_PROG_TEST_RUN (`bpftool prog run … repeat N`): it writes records of
our layout and keeps the account as the programs of policies do.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from policyd.errors import LockError
from policyd.kernel.real import RealKernel
from policyd.layout import HEADER_C, Column, Layout
from policyd.reading import PolicyReader, open_policy
from policyd.record import LayoutRecord, PolicyRecord, RuleRecord, policy_path, write_record
from policyd.sinks.jsonl import JsonLines
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.kernel

U64 = ValueType("u64", Shape.NUMBER, 8)
LAYOUT = Layout((Column("number", U64), Column("process.comm", ValueType("string", Shape.STRING, 16))))
RING_BYTES = 1 << 16
STRIDE = 8 + 48 + LAYOUT.size

PROGRAM = f"""
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
{HEADER_C}
{LAYOUT.c_struct("fields")}
struct event {{ struct pd_header h; struct fields f; }};
#define FIELD(name, value) int (*name)[value]
struct {{ FIELD(type, 27); FIELD(max_entries, {RING_BYTES}); }} ring __attribute__((section(".maps"), used));
struct {{ FIELD(type, 6); FIELD(key_size, 4); FIELD(value_size, 80); FIELD(max_entries, 1); }}
	account __attribute__((section(".maps"), used));
static void *(*lookup)(void *, const void *) = (void *) 1;
static u64 (*boot_time)(void) = (void *) 125;
static void *(*reserve)(void *, u64, u64) = (void *) 131;
static void (*submit)(void *, u64) = (void *) 132;
__attribute__((section("tc"), used)) int produce(void *context)
{{
	u32 row = 0;
	u64 *counts = lookup(&account, &row);
	struct event *e;

	if (!counts)
		return 0;
	counts[0]++;
	e = reserve(&ring, sizeof(*e), 0);
	if (!e) {{
		counts[2]++;
		return 0;
	}}
	__builtin_memset(e, 0, sizeof(*e));
	e->h.length = sizeof(*e);
	e->h.layout = {LAYOUT.id}u;
	e->h.time = boot_time();
	e->f.c0 = counts[0];
	__builtin_memcpy(e->f.c1, "producer", 8);
	submit(e, 0);
	counts[1]++;
	return 0;
}}
char LICENSE[] __attribute__((section("license"), used)) = "GPL";
"""


@dataclass(frozen=True)
class Producer:
    """An applied policy without an engine: a record, a ring, an account, and a program that fills them on demand."""

    kernel: RealKernel
    program: str
    packet: Path

    @property
    def reader(self) -> PolicyReader:
        return open_policy(self.kernel, "producer")

    def start(self, times: int) -> subprocess.Popen[bytes]:
        """Send so many events, from CPU 0: numbers count by CPU."""
        command = ["bpftool", "prog", "run", "pinned", self.program, "data_in", str(self.packet), "repeat", str(times)]
        return subprocess.Popen(["taskset", "-c", "0", *command], stdout=subprocess.DEVNULL)

    def run(self, times: int) -> None:
        assert self.start(times).wait(timeout=60) == 0

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "policyd", "--root", self.kernel.root, "events", *words]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    at = tmp_path_factory.mktemp("producer") / "producer.o"
    command = ["clang", "-target", "bpf", "-O2", "-g", "-x", "c", "-", "-c", "-o", str(at)]
    subprocess.run(command, input=PROGRAM.encode(), check=True)
    return at


@pytest.fixture
def producer(compiled: Path, tmp_path: Path) -> Iterator[Producer]:
    root = f"/sys/fs/bpf/pd_test_reading_{os.getpid()}"
    kernel = RealKernel(root)
    kernel.ensure_root()
    loaded = f"{root}/staging"
    subprocess.run(
        ["bpftool", "prog", "loadall", str(compiled), loaded, "pinmaps", loaded], check=True, stdout=subprocess.DEVNULL
    )
    rule = RuleRecord(0, "produced", "tc:test", "tc", 0, "", "none", 0, 0)
    layout = LayoutRecord(LAYOUT.id, LAYOUT, ((0, "produced"),), 1)
    record = PolicyRecord(
        "producer", "{}", 0, RING_BYTES, False, False, False, "low", hooks=("tc:test",), rules=(rule,), layouts=(layout,)
    )
    kernel.make_directory(policy_path("producer"))
    kernel.make_directory("shared")
    write_record(kernel, policy_path("producer", "record"), record)
    for name, path in (("ring", policy_path("producer", "ring")), ("account", "shared/account")):
        fd = kernel.open(f"staging/{name}")
        assert fd is not None
        kernel.pin(fd, path)
        kernel.close(fd)
    packet = tmp_path / "packet"
    packet.write_bytes(bytes(64))
    yield Producer(kernel, f"{loaded}/produce", packet)
    shutil.rmtree(root)


def test_what_was_sent_with_no_reader_waits_for_the_next_one(producer: Producer) -> None:
    producer.run(100)

    events = producer.reader.events()

    assert [event.fields for event in events] == [{"number": at, "process.comm": "producer"} for at in range(1, 101)]
    assert producer.reader.events() == []


def test_a_full_ring_counts_what_it_loses(producer: Producer) -> None:
    producer.run(5000)

    events = producer.reader.events()
    account = producer.reader.account()

    assert account["matched"] == 5000
    assert len(events) == account["delivered"] == RING_BYTES // STRIDE
    assert account["ring_full"] == 5000 - len(events)


def test_produced_is_delivered_plus_lost_while_both_run_at_full_speed(producer: Producer) -> None:
    times = 2_000_000
    lines, numbers = 0, []
    sink = JsonLines()
    with producer.reader.stream() as stream:
        running = producer.start(times)
        while running.poll() is None or stream.has_committed():
            batch = stream.read(8192)
            if batch is None:
                continue
            found = sink.lines([(stream.decoder, batch)])
            numbers.append(json.loads(found[0])["fields"]["number"])
            lines += len(found)
            stream.done(batch)
    account = producer.reader.account()

    assert account["matched"] == times
    assert lines == account["delivered"] == times - account["ring_full"]
    assert lines > 3 * RING_BYTES // STRIDE  # it wrapped
    assert numbers == sorted(set(numbers))


def test_a_ring_has_one_reader_and_the_other_is_told_who(producer: Producer) -> None:
    with producer.reader.stream(), pytest.raises(LockError, match=f"process {os.getpid()} .*"):
        producer.reader.events()

    assert producer.reader.events() == []  # it was let go


def test_a_reader_that_dies_leaves_what_it_did_not_finish(producer: Producer) -> None:
    producer.run(10)
    with producer.reader.stream() as stream:
        assert stream.read(4) is not None  # … and never `done`

    assert len(producer.reader.events()) == 10


def test_the_command_prints_json_lines_and_tells_losses(producer: Producer) -> None:
    producer.run(5000)

    done = subprocess.run(producer.command("-o", "json"), capture_output=True, text=True, timeout=60, check=True)

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == RING_BYTES // STRIDE
    assert lines[0]["fields"] == {"number": 1, "process.comm": "producer"}
    assert (lines[0]["policy"], lines[0]["rule"], lines[0]["hook"]) == ("producer", "produced", "tc:test")
    assert f"lost {5000 - len(lines)} (ring full) of policy producer" in done.stderr


def test_limits_leave_the_rest_in_the_ring(producer: Producer) -> None:
    producer.run(100)

    first = subprocess.run(producer.command("--limit", "3"), capture_output=True, text=True, timeout=60, check=True)
    last = subprocess.run(producer.command("--tail", "2"), capture_output=True, text=True, timeout=60, check=True)

    assert [line.split("number=")[1].split()[0] for line in first.stdout.splitlines()] == ["1", "2", "3"]
    assert [line.split("number=")[1].split()[0] for line in last.stdout.splitlines()] == ["99", "100"]


def test_since_leaves_out_what_is_older(producer: Producer) -> None:
    producer.run(5)
    time.sleep(1.5)
    producer.run(2)

    done = subprocess.run(producer.command("--since", "1s"), capture_output=True, text=True, timeout=60, check=True)

    assert len(done.stdout.splitlines()) <= 2


def test_following_shows_new_events_and_ends_cleanly_when_interrupted(producer: Producer) -> None:
    producer.run(1)
    command = producer.command("-f", "-o", "json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
        try:
            assert follower.stdout is not None
            assert json.loads(follower.stdout.readline())["fields"]["number"] == 1
            producer.run(1)
            assert json.loads(follower.stdout.readline())["fields"]["number"] == 2
            follower.send_signal(signal.SIGINT)
            _, errors = follower.communicate(timeout=60)
        finally:
            follower.kill()

    assert (follower.returncode, errors) == (0, "")


def test_nobody_reading_the_output_loses_no_events(producer: Producer) -> None:
    producer.run(50)
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(producer.command(), stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writing)

    assert done.returncode == 141
    assert "Traceback" not in done.stderr
    assert len(producer.reader.events()) == 50


def test_a_layout_that_came_after_the_reader_is_found_in_the_record(producer: Producer) -> None:
    record = producer.reader.record
    path = policy_path("producer", "record")
    write_record(producer.kernel, path, replace(record, layouts=()))
    with producer.reader.stream() as stream:
        write_record(producer.kernel, path, record)
        producer.run(1)
        batch = stream.read(10)
        assert batch is not None
        [event] = stream.decoder.events(batch)

    assert event.fields["process.comm"] == "producer"


def test_a_replaced_ring_is_followed_once_the_old_one_is_empty(producer: Producer) -> None:
    kernel = producer.kernel
    producer.run(1)
    with producer.reader.stream() as stream:
        old = stream.map_id
        fd = kernel.create_map("ringbuf", 0, 0, 2 * RING_BYTES, name="pd_ring")
        kernel.pin(fd, policy_path("producer", "ring"))
        kernel.close(fd)

        assert stream.renew()
        assert stream.map_id == old  # an event waits there
        batch = stream.read(10)
        assert batch is not None
        stream.done(batch)
        assert stream.renew()
        assert (stream.map_id != old, stream.ring.size) == (True, 2 * RING_BYTES)
