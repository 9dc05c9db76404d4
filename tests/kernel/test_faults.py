"""Every point at which policyd changes the kernel or bpffs: killed before it, killed after it, and made to fail.

The points of `policyd.kernel.points` are enumerated by a traced run.  For each, a child is forked off this (warm) process,
dies or fails there, and bpftool, which knows nothing of policyd, reads the counters of a policy that is not concerned: it
must have counted every event once.  Then the next apply must converge, and leave what an apply without a fault leaves.
Between two points nothing is changed: a death after the one is a death before the next.  And what has no name yet goes with
the process that made it: a death after it is like the one before.

With bcc the update is met again, in which programs are made anew; elsewhere builders have nothing to do.

Most of the time is the kernel's, waiting for running programs to end: so a few workers, each with a bpffs root and a network
namespace of its own, share the faults among them.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
from conftest import BPFFS, MINE, Host, assert_nothing_leaked, bpf_objects, resolve_text
from network import private_network, send

from policyd.engine import Given, Request
from policyd.errors import PolicydError
from policyd.kernel import points
from policyd.record import map_pin, policy_path

pytestmark = pytest.mark.kernel

WORKERS = 4
ERRNOS = ("ENOMEM", "EPERM", "EBUSY", "ENOSPC", "EINVAL", "E2BIG", "EAGAIN")
EVENTS = 3
NAMELESS = {"map-create", "map-freeze"}
"""Points after which there is no more to be found than before: a map is pinned when it is filled and frozen."""
SCENARIOS = {"clang": ("apply", "update", "params", "delete"), "bcc": ("update",)}

BOTH = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: NAME}
spec:
  mode: MODE
  events: {buffer: 32Ki}
  params:
    pids: {type: pid, values: [PIDS]}
    least: {type: u32, value: LEAST}
  rules:
    - name: calls
      hook: {syscall: getppid}
      filters:
        - {field: process.pid, operator: In, valuesFrom: {param: pids}}
      outputs:
        - event: {fields: [FIELDS]}
        - counter: {name: calls_total, by: [process.pid]}
    - name: packets
      hook: {xdp: {interfaces: [lo], mode: generic}}
      filters:
        - {field: packet.length, operator: GreaterOrEqual, valuesFrom: {param: least}}
      outputs:
        - counter: {name: packets_total, by: [protocol]}
"""
EXIT = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: goes}
spec:
  events: {buffer: 32Ki}
  rules:
    - name: exits
      hook: {syscall: {names: [getppid], phase: exit}}
      outputs:
        - counter: {name: exits_total, by: [ret]}
"""


def both(name: str, **facts: str) -> str:
    known = {"MODE": "monitor", "PIDS": str(os.getpid()), "LEAST": "1", "FIELDS": "process.pid"} | facts
    text = BOTH.replace("NAME", name)
    for key, value in known.items():
        text = text.replace(key, value)
    return text


def states() -> tuple[tuple[Given, ...], tuple[Given, ...]]:
    """Return what stands before and after the update: one policy stays, one changes, one goes, one comes."""
    stays = both("stays")
    before = (stays, both("changes"), EXIT)
    changed = both("changes", PIDS=f"{os.getpid()}, 1", LEAST="2", FIELDS="process.pid, process.comm", MODE="enforce")
    after = (stays, changed, both("comes", PIDS=""))
    return tuple(tuple(itertools.chain.from_iterable(map(resolve_text, texts))) for texts in (before, after))  # type: ignore[return-value]


class Bench:
    """A host, and children that meet a fault."""

    def __init__(self, host: Host, trace: Path) -> None:
        self.host, self.trace = host, trace
        self.before, self.after = states()
        self.points = 0
        self.names: set[str] = set()

    def bring(self, given: tuple[Given, ...]) -> None:
        result = self.host.engine.apply(Request(given, prune=True, allow_empty=True, reset_params=True))
        assert not result.failed, [str(outcome.error) for outcome in result.failed]

    def pins(self) -> list[str]:
        return sorted(str(path.relative_to(self.host.root)) for path in Path(self.host.root).rglob("*"))

    def child(self, action: Callable[[], object], script: points.Script) -> int:
        """Run `action` in a forked child under a script; return how it ended (a wait status)."""
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                points._script, points._numbers = script, itertools.count(1)
                action()
                code = 0
            except PolicydError:
                code = 1
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.__stderr__, flush=True)
            finally:
                os._exit(code)
        return os.waitpid(pid, 0)[1]

    def enumerate(self, action: Callable[[], object]) -> list[str]:
        """Return the points of a run without a fault."""
        self.trace.unlink(missing_ok=True)
        assert self.child(action, points.Script(trace=str(self.trace))) == 0
        return self.trace.read_text().splitlines()

    def counted(self) -> dict[str, int]:
        """Return what `stays` has counted, as bpftool reads it."""
        return {name: dump_sum(f"{self.host.root}/{path}") for name, path in self.counters.items()}

    @property
    def counters(self) -> dict[str, str]:
        maps = {spec.name: spec for spec in self.before[0].policy.maps if spec.purpose == "counter"}
        return {name: policy_path("stays", map_pin("stays", name, spec.fingerprint)) for name, spec in maps.items()}

    def assert_counts_once(self, what: str) -> None:
        before = self.counted()
        for _ in range(EVENTS):
            os.getppid()
        send(EVENTS)
        now = self.counted()
        assert {name: now[name] - before[name] for name in now} == dict.fromkeys(now, EVENTS), what


def dump_sum(path: str) -> int:
    done = subprocess.run(["bpftool", "-j", "map", "dump", "pinned", path], capture_output=True, text=True, check=True)
    cells = (cell["value"] for row in json.loads(done.stdout) for cell in row["values"])
    return sum(int.from_bytes(bytes(int(byte, 16) for byte in cell), "little") for cell in cells)


def scripts(found: list[str]) -> Iterator[points.Script]:
    """Yield what shall go wrong at the points of a run, each of which is told as `NUMBER NAME DETAIL`."""
    yield points.Script(kill_before=1)
    for number, point in enumerate(found, 1):
        if point.split()[1] not in NAMELESS:
            yield points.Script(kill_after=number)
        yield points.Script(fail_at=number, fail_errno=getattr(points.errno, ERRNOS[number % len(ERRNOS)]))


@dataclass(frozen=True)
class Scenario:
    """`action` leads from `start` to `end`; `counts`: the policy that stays is there all the time."""

    start: tuple[Given, ...]
    action: Callable[[], object]
    end: tuple[Given, ...]
    counts: bool = True


def scenarios(bench: Bench) -> dict[str, Scenario]:
    engine = bench.host.engine
    values = {"pids": (str(os.getpid()), "1", "2"), "least": ("3",)}
    return {
        "apply": Scenario(bench.before[:1], lambda: engine.apply(Request(bench.before)), bench.before),
        "update": Scenario(bench.before, lambda: engine.apply(Request(bench.after, prune=True)), bench.after),
        "params": Scenario(bench.before, lambda: engine.set_params("changes", values), bench.before),
        "delete": Scenario(bench.before, lambda: engine.delete(None), (), counts=False),
    }


def meet(bench: Bench, scenario: Scenario, worker: int) -> int:
    """Meet the faults that are this worker's; return the number of points that there are."""
    bench.bring(scenario.end)
    expected = bench.pins()
    bench.bring(scenario.start)
    found = bench.enumerate(scenario.action)
    bench.bring(scenario.start)
    for script in islice(scripts(found), worker, None, WORKERS):
        number = script.kill_before or script.kill_after or script.fail_at
        what = f"{script}: {found[number - 1]}"
        ended = os.waitstatus_to_exitcode(bench.child(scenario.action, script))
        assert ended in {0, 1} if script.fail_at else ended == -signal.SIGKILL, what
        if scenario.counts:
            bench.assert_counts_once(what)
        bench.bring(scenario.end)
        again = Request(scenario.end, prune=True, allow_empty=True)
        assert bench.host.engine.plan(again).describe() == (), what
        assert bench.pins() == expected, what
        bench.bring(scenario.start)
    return len(found)


def work(worker: int, objects: Path, trace: Path, builder: str) -> dict[str, int]:
    """Be one worker; return the number of points by scenario."""
    with private_network():
        host = Host(str(BPFFS / f"{MINE}faults_{worker}"), objects, workers=1, builder=builder)
        host.kernel.ensure_root()
        try:
            bench = Bench(host, trace)
            known = scenarios(bench)
            return {name: meet(bench, known[name], worker) for name in SCENARIOS[builder]}
        finally:
            host.close()


def forked(worker: int, objects: Path, trace: Path, builder: str) -> tuple[int, int]:
    """Start a worker; return its process id, and where it will write its JSON answer."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        answer: dict[str, object] = {"points": work(worker, objects, trace, builder)}
    except BaseException:
        answer = {"failure": traceback.format_exc()}
    os.write(writing, json.dumps(answer).encode())
    os._exit(0)


@pytest.mark.parametrize("builder", SCENARIOS)
def test_every_point_of_apply_update_params_and_delete_survives_death_and_errors(
    objects: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], builder: str
) -> None:
    before = bpf_objects()
    workers = [forked(number, objects, tmp_path / f"trace-{number}", builder) for number in range(WORKERS)]
    answers = []
    for pid, reading in workers:
        with os.fdopen(reading, "rb") as pipe:
            answers.append(json.loads(pipe.read()))
        os.waitpid(pid, 0)
    assert not [answer["failure"] for answer in answers if "failure" in answer], answers
    covered = answers[0]["points"]
    assert all(answer["points"] == covered for answer in answers)
    assert_nothing_leaked(before)
    with capsys.disabled():
        text = ", ".join(f"{name} {number}" for name, number in covered.items())
        print(f"\nfault points covered with {builder}, with death before and after each, and failure of each: {text}")
