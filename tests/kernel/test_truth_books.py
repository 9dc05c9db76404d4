"""The books balance: readers may be killed at any moment, rings may be replaced, and no event is lost or counted twice."""

from __future__ import annotations

import itertools
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policyd.kernel import points
from policyd.observe import observe
from policyd.reading import open_policy
from policyd.reading.books import books
from policyd.status import policy_views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Host

pytestmark = pytest.mark.kernel

FIRST = 1_000_000
"""The flood closes file descriptors from this number on, which nobody has."""

POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: flood}
spec:
  events: {buffer: %s}
  rules:
    - name: close
      hook: {syscall: close}
      filters: [{field: args.fd, operator: InRange, values: [1000000..100000000]}]
      outputs: [{event: {fields: [args.fd]}}]
"""

FLOOD = """
import ctypes, sys
close = ctypes.CDLL(None).close
first, count = map(int, sys.argv[1:])
for number in range(first, first + count):
    close(number)
"""

READER = """
import os, sys
from policyd.kernel.real import RealKernel
from policyd.reading import open_policy
from policyd.reading.ring import Ring

root, path, how = sys.argv[1:]
out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
if how == "dies between count and ring":
    Ring.advance = lambda ring, position: os.kill(os.getpid(), 9)
with open_policy(RealKernel(root), "flood").stream() as stream:
    print("reads", flush=True)
    while True:
        if (batch := stream.read(500)) is None:
            stream.renew()
            continue
        numbers = [event.values[0] for event in stream.decoder.events(batch)]
        os.write(out, b"".join(b"%d\\n" % number for number in numbers))
        stream.done(batch)
"""


ENDLESS = """
import ctypes, select, sys, time
close = ctypes.CDLL(None).close
number = int(sys.argv[1])
while not select.select([sys.stdin], [], [], 0.01)[0]:
    for number in range(number, number + 100):
        close(number)
    number += 1
print(number - int(sys.argv[1]))
"""


def endless_flood(first: int) -> subprocess.Popen[str]:
    """Make events in bursts until the process's input ends; then it prints how many."""
    command = [sys.executable, "-c", ENDLESS, str(first)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@contextmanager
def flood(first: int, count: int) -> Iterator[None]:
    """Make `count` events while the block runs, and wait for their end."""
    process = subprocess.Popen([sys.executable, "-c", FLOOD, str(first), str(count)])
    try:
        yield
    finally:
        assert process.wait(120) == 0


def read_and_die(host: Host, path: Path, how: str, seconds: float) -> None:
    """Start a reader, and have it end by SIGKILL."""
    command = [sys.executable, "-c", READER, host.root, str(path), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"reads\n"
        if how == "is killed":
            time.sleep(seconds)
            os.kill(reader.pid, signal.SIGKILL)
        assert reader.wait(60) == -signal.SIGKILL


def bpffs_pins(root: str) -> list[str]:
    return [str(path) for path in Path(root).rglob("*")]


def drain(host: Host, path: Path) -> list[int]:
    """Read what is left; return all numbers that any reader has written."""
    left = [int(str(event.values[0])) for event in open_policy(host.kernel, "flood").events()]
    written = path.read_text().split() if path.exists() else []
    return [*map(int, written), *left]


def test_no_event_is_lost_or_counted_twice_however_readers_die(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    host.apply(POLICY % "128Ki")
    chance = random.Random(7)
    with endless_flood(FIRST) as source:
        for number in range(8):
            how = "dies between count and ring" if number % 3 == 1 else "is killed"
            read_and_die(host, path, how, chance.uniform(0.0, 0.15))
        told, _ = source.communicate("", 60)
    found = books(host.kernel, host.record("flood"))
    assert found.matched == int(told)
    assert found.read > 0
    assert found.matched == found.delivered + sum(found.lost.values())
    assert found.delivered == found.read + found.waiting

    numbers = drain(host, path)

    unique, lost = len(set(numbers)), sum(found.lost.values())
    assert found.matched - (unique + lost) == 0
    final = books(host.kernel, host.record("flood"))
    assert (final.read, final.waiting) == (unique, 0)


def test_a_ring_that_changes_its_size_loses_nothing_and_is_freed_once_it_was_read(host: Host) -> None:
    host.apply(POLICY % "256Ki")
    with flood(FIRST, 1000):
        pass
    steps = host.pending_steps(POLICY % "512Ki")
    assert any("what is unread in the old one is read first" in step for step in steps)
    with flood(FIRST + 1000, 20_000):
        for size in ("512Ki", "4Mi", "2Mi"):
            host.apply(POLICY % size)
    assert len([pin for pin in bpffs_pins(host.root) if "/retired-" in pin]) == 3
    before = books(host.kernel, host.record("flood"))
    assert (before.matched, before.waiting) == (21_000, before.delivered)

    numbers = drain(host, host.objects / "none")

    assert len(numbers) == len(set(numbers)) == before.delivered == before.matched - sum(before.lost.values())
    assert numbers == sorted(numbers), "the old rings are read first"
    with open_policy(host.kernel, "flood").stream() as stream:
        assert stream.read(1) is None
    assert not [pin for pin in bpffs_pins(host.root) if "/retired-" in pin]
    assert books(host.kernel, host.record("flood")).read == before.delivered
    assert host.pending_steps(POLICY % "2Mi") == ()


def test_a_resize_that_dies_at_any_point_keeps_every_event(host: Host, tmp_path: Path) -> None:
    sizes, trace, first = itertools.cycle(("256Ki", "128Ki")), tmp_path / "trace", FIRST
    host.apply(POLICY % next(sizes))
    assert in_child(lambda: host.apply(POLICY % next(sizes)), points.Script(trace=str(trace))) == 0
    last = len(trace.read_text().splitlines())
    assert last >= 5
    size = next(sizes)
    for number in range(1, last + 1):
        with flood(first, 20):
            pass
        before, size = size, next(sizes)
        died = in_child(lambda size=size: host.apply(POLICY % size), points.Script(kill_after=number))
        assert died == signal.SIGKILL, f"point {number} of {last}"
        with flood(first + 20, 20):
            pass
        host.apply(POLICY % (size if number % 2 else before))  # the same again, or back to what was
        assert host.pending_steps(POLICY % (size if number % 2 else before)) == ()
        size = size if number % 2 else before
        first += 40
        numbers = drain(host, tmp_path / "none")
        assert numbers == list(range(first - 40, first)), f"after point {number}"
        sizes = itertools.cycle(("128Ki", "256Ki") if size == "256Ki" else ("256Ki", "128Ki"))
    found = books(host.kernel, host.record("flood"))
    assert (found.matched, found.delivered, found.read, found.waiting) == (40 * last,) * 3 + (0,)


def in_child(action: Callable[[], object], script: points.Script) -> int:
    """Run `action` in a forked child under a script; return its wait status."""
    child = os.fork()
    if child == 0:
        points._script, points._numbers = script, itertools.count(1)
        try:
            action()
            os._exit(0)
        finally:
            os._exit(70)
    return os.waitpid(child, 0)[1]


def test_books_begin_anew_with_a_policy_and_go_with_it(host: Host) -> None:
    host.apply(POLICY % "64Ki")
    with flood(FIRST, 50):
        pass
    assert len(open_policy(host.kernel, "flood").events(20)) >= 20
    with flood(FIRST, 10):
        host.apply(POLICY % "128Ki")
    host.delete_all()
    assert bpffs_pins(host.root) == []
    host.apply(POLICY % "64Ki")
    found = books(host.kernel, host.record("flood"))
    assert (found.matched, found.delivered, found.read, found.waiting) == (0, 0, 0, 0)


@contextmanager
def agent(host: Host, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An agent that applies the policy and writes its events into a file, and is killed at the end."""
    command = [sys.executable, "-m", "policyd", "--root", host.root, "run", "--source", str(folder / "policies")]
    command += ["--sink", f"file:{folder / 'events'}", "--listen", f"unix:{folder / 'socket'}", "--canary", "2s"]
    with (folder / "log").open("ab") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            host.kernel.remove_tree("sources")
    assert process.returncode == -signal.SIGKILL, (folder / "log").read_text()


def read_by_agents(folder: Path) -> list[int]:
    """Return the numbers in the file of the agent's sink, in which a kill may have cut a line short."""
    path = folder / "events"
    return [int(found[1]) for found in re.finditer(r'"args_fd":(\d+)[,}]', path.read_text() if path.exists() else "")]


def test_nothing_is_lost_however_often_an_agent_is_killed(host: Host, tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "flood.yaml").write_text(POLICY % "4Mi")
    chance = random.Random(3)
    with agent(host, tmp_path):
        wait_for(lambda: phase(host) == "Ready")  # its record is there before its program runs
    with endless_flood(FIRST) as source:
        for _ in range(3):
            before = len(read_by_agents(tmp_path))
            with agent(host, tmp_path):
                wait_for(lambda before=before: len(read_by_agents(tmp_path)) > before)
                time.sleep(chance.uniform(0.0, 0.4))
        told, _ = source.communicate("", 60)
    found = books(host.kernel, host.record("flood"))
    assert found.matched == int(told) == found.delivered + sum(found.lost.values())
    assert found.delivered == found.read + found.waiting
    left = drain(host, tmp_path / "none")

    unique, lost = len({*read_by_agents(tmp_path), *left}), sum(found.lost.values())

    assert found.matched - (unique + lost) == 0


def phase(host: Host) -> str:
    found = policy_views(observe(host.kernel), host.kernel).get("flood")
    return found.phase if found else ""


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
