"""Every point at which policyd changes the kernel or bpffs: killed before it, killed after it, and made to fail.

The points of `policyd.kernel.points` are enumerated by a traced run.  For each, a child is forked off this (warm) process,
dies or fails there, and bpftool, which knows nothing of policyd, reads the counters of a policy that is not concerned: it
must have counted every event once.  Then the next apply must converge, and leave what an apply without a fault leaves.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import BPFFS, MINE, Host, bpf_objects, leaked, resolve_text
from network import private_network, send

from policyd.engine import Given, Request
from policyd.errors import PolicydError
from policyd.kernel import points
from policyd.record import map_pin, policy_path

pytestmark = pytest.mark.kernel

ERRNOS = ("ENOMEM", "EPERM", "EBUSY", "ENOSPC", "EINVAL", "E2BIG", "EAGAIN")
EVENTS = 3

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
        result = self.host.engine.apply(Request(given, prune=True, allow_empty=True))
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


@pytest.fixture
def bench(objects: Path, tmp_path: Path) -> Iterator[Bench]:
    with private_network():
        host = Host(str(BPFFS / f"{MINE}faults"), objects, workers=1)
        host.kernel.ensure_root()
        try:
            yield Bench(host, tmp_path / "trace")
        finally:
            host.close()


def scripts(count: int) -> Iterator[points.Script]:
    for number in range(1, count + 1):
        yield points.Script(kill_before=number)
        yield points.Script(kill_after=number)
        yield points.Script(fail_at=number, fail_errno=getattr(points.errno, ERRNOS[number % len(ERRNOS)]))


def run(
    bench: Bench, start: tuple[Given, ...], action: Callable[[], object], end: tuple[Given, ...], *, counts: bool
) -> int:
    """Meet every fault of `action`, which leads from `start` to `end`; return the number of points."""
    bench.bring(end)
    expected = bench.pins()
    bench.bring(start)
    found = bench.enumerate(action)
    bench.bring(start)
    for script in scripts(len(found)):
        status = bench.child(action, script)
        number = script.kill_before or script.kill_after or script.fail_at
        what = f"{script}: {found[number - 1]}"
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert killed if not script.fail_at else os.waitstatus_to_exitcode(status) in {0, 1}, what
        if counts:
            bench.assert_counts_once(what)
        bench.bring(end)
        steps = bench.host.engine.plan(Request(end, prune=True, allow_empty=True)).describe()
        assert steps == (), what
        assert bench.pins() == expected, what
        bench.bring(start)
    return len(found)


def test_every_point_of_apply_update_and_delete_survives_death_and_errors(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, objects = bench.host.engine, bpf_objects()

    def update() -> None:
        engine.apply(Request(bench.after, prune=True))

    def apply() -> None:
        engine.apply(Request(bench.before))

    def delete() -> None:
        engine.delete(None)

    def set_params() -> None:
        engine.set_params("changes", {"pids": (str(os.getpid()), "1", "2"), "least": ("3",)})

    stays = bench.before[:1]
    covered = {
        "apply": run(bench, stays, apply, bench.before, counts=True),
        "update": run(bench, bench.before, update, bench.after, counts=True),
        "params": run(bench, bench.before, set_params, bench.before, counts=True),
        "delete": run(bench, bench.before, delete, (), counts=False),
    }
    engine.delete(None)
    assert bench.pins() == []
    assert not leaked(objects)
    with capsys.disabled():
        text = ", ".join(f"{name} {number}" for name, number in covered.items())
        print(f"\nfault points covered, each killed before, killed after and failed: {sum(covered.values())} ({text})")
