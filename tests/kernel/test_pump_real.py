"""The pump on real rings: under a flood nothing is lost without a count, and a kill -9 loses nothing that a ring held.

Events are numbered by whoever makes them (`umask(n)`), so that each line can be told from every other.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import Host

from policyd.daemon.pump import Pump
from policyd.sinks.file import FileSink
from policyd.sinks.outlet import Choice, Outlet
from policyd.sinks.sink import Lines, Sink

pytestmark = pytest.mark.kernel

POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: numbered, labels: {team: platform}}
spec:
  events: {buffer: 64Ki}
  rules:
    - name: only
      hook: {syscall: umask}
      filters: [{field: process.comm, operator: Equal, value: pdflood}]
      outputs: [{event: {fields: [args.mask]}}]
"""
FLOOD = """
import os, sys, time
open("/proc/self/comm", "w").write("pdflood")
first, count, pause = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
for start in range(first, first + count, 100):
    for n in range(start, start + 100):
        os.umask(n)
    time.sleep(pause)
"""
PUMP = """
import sys, time
from policyd.daemon.pump import Pump
from policyd.kernel.real import RealKernel
from policyd.sinks.file import FileSink
from policyd.sinks.outlet import Outlet

class SlowFile(FileSink):
    def write(self, batch):
        time.sleep(0.01)
        return super().write(batch)

Pump(RealKernel(sys.argv[1]), [Outlet("file", SlowFile(sys.argv[2]))]).start()
time.sleep(600)
"""


def flood(first: int, count: int, pause: float = 0.0) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", FLOOD, str(first), str(count), str(pause)])


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@contextmanager
def pumping(host: Host, *outlets: Outlet) -> Iterator[Pump]:
    """Run a pump that has found its policies."""
    pump = Pump(host.kernel, outlets)
    pump.start()
    try:
        until(lambda: pump._policies)
        yield pump
    finally:
        pump.stop(30)


def size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def masks(data: bytes) -> list[int]:
    """Return the numbers of the events in lines (a mask is shown in octal)."""
    return [int(json.loads(line)["fields"]["args_mask"], 8) for line in data.splitlines()]


class Slow(Sink):
    """Takes a little at a time, and each time as long as a far server would."""

    kind, where = "slow", "far away"
    batch_events = 200

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.seconds = 0.02

    def write(self, batch: Sequence[Lines]) -> int:
        time.sleep(self.seconds)
        self.data += [lines.data for lines in batch]
        return 0


def test_under_a_flood_every_delivered_event_is_written_or_counted(host: Host, tmp_path: Path) -> None:
    host.apply(POLICY)
    slow = Slow()
    outlets = [Outlet("slow", slow, Choice(events=1000)), Outlet("file", FileSink(str(tmp_path / "events")))]
    with pumping(host, *outlets) as pump:
        floods = [flood(at * 1_000_000, 150_000, 0.001) for at in range(2)]
        assert [one.wait(120) for one in floods] == [0, 0]
        slow.seconds = 0.0
        delivered = host.account("numbered")["delivered"]
        assert delivered < 300_000, "no flood: the ring held all of it"
        until(lambda: pump.read["numbered"] == delivered)
    account = host.account("numbered")
    assert account["matched"] == 300_000
    late, good = pump.statuses()
    assert late.dropped["queue-full"] > 0, "the slow sink was not slow"
    for status, data in ((late, b"".join(slow.data)), (good, (tmp_path / "events").read_bytes())):
        lines = masks(data)
        assert len(lines) == len(set(lines)) == status.sent
        assert status.sent + sum(status.dropped.values()) == delivered
    assert good.dropped == {}


def test_what_a_ring_held_when_the_pump_was_killed_is_in_the_file(host: Host, tmp_path: Path) -> None:
    """The flood is one that a ring can wait with: it never has to go on without the file."""
    host.apply(POLICY.replace("64Ki", "256Ki"))
    file = tmp_path / "events"
    sending = flood(0, 60_000, 0.01)
    for kills in range(4):
        before = size(file)
        with subprocess.Popen([sys.executable, "-c", PUMP, host.root, str(file)]) as pump:
            until(lambda enough=before + 1_000_000: size(file) > enough or sending.poll() is not None)
            pump.send_signal(signal.SIGKILL)
        if kills == 0:
            assert sending.poll() is None, "the flood was over before the first kill"
    assert sending.wait(120) == 0
    with pumping(host, Outlet("file", FileSink(str(file)))) as last:
        until(lambda: not any(stream.ring.pending for stream in last._follower.streams))
    lines = masks(file.read_bytes())
    account = host.account("numbered")
    assert account["matched"] == 60_000
    assert len(set(lines)) == account["delivered"], "events are missing that the ring had taken"
    assert len(lines) - len(set(lines)) < 4 * 4096, "what comes twice is what one ring holds, once a kill"
