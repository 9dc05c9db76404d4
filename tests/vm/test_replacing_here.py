"""A policy is replaced on this kernel while events rain: through a slot and by a link update, and by one that is killed.

No event is lost and none is counted twice; and after a kill at any of some points the next apply converges.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inside import SHARED, Shell, forked, prepared, proven
from load import PACKETS, Kind, Load, received
from stages import KILLED, KINDS, replaced

from policyd.kernel import points

REPLACEMENTS = 3
NICENESS = 10
"""There is one CPU: the load gets a tenth of it while policyd works, in slices between all that policyd does."""
KILLS = 4


def counted(shell: Shell) -> int:
    return int(sum(one["value"] for one in shell.metrics("counted").get("events_total", ())))


@pytest.fixture
def sink() -> Iterator[None]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 9))
        yield


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.usefixtures("sink")
def test_replacing_under_load_loses_and_repeats_nothing(
    shell: Shell, kind: Kind, tmp_path: Path, found: dict[str, Any]
) -> None:
    versions = _versions(kind)
    shell.apply(versions[0], tmp_path / "one.yaml")
    load = Load(SHARED / "pd-loop", kind.load, NICENESS)
    before = received()
    load.start()
    for number in range(REPLACEMENTS):
        shell.apply(versions[1 - number % 2], tmp_path / "other.yaml")
    made = load.finish()
    if kind is PACKETS:
        made = received() - before
    assert counted(shell) == made > 1000
    found.setdefault("replaced", {})[kind.name] = made
    shell.delete_all()


def test_a_change_that_is_killed_loses_nothing_and_the_next_one_converges(shell: Shell, tmp_path: Path) -> None:
    one, two = _versions(KILLED)
    trace = tmp_path / "trace"

    def script(**facts: Any) -> None:
        points._script, points._numbers = points.Script(**facts), itertools.count(1)

    shell.apply(one, tmp_path / "one.yaml")
    shell.apply(two, tmp_path / "two.yaml", before=lambda: script(trace=str(trace)))
    last = len(trace.read_text().splitlines())
    made, texts = 0, itertools.cycle((one, two))
    for number in sorted({1 + last * step // KILLS for step in range(KILLS)}):
        text = next(texts)
        done = shell.apply(text, tmp_path / "next.yaml", before=lambda at=number: script(kill_after=at), check=False)
        assert done.code == -signal.SIGKILL
        made += 10
        forked(_calls)
        assert counted(shell) == made
        shell.apply(text, tmp_path / "next.yaml")
        assert counted(shell) == made
    shell.delete_all()


def _versions(kind: Kind) -> tuple[str, str]:
    """Return the two versions, and take note that this kernel runs them."""
    told = [case for name, case in prepared()["replaced"].items() if name.split()[0] == kind.name]
    assert [case["error"] for case in told] == ["", ""]
    proven.update(map(tuple, told[0]["ways"]))
    return replaced(kind)


def _calls() -> None:
    Path("/proc/self/comm").write_text("pd-loop")
    for _ in range(10):
        os.getpgid(os.getpid())
