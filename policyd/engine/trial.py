"""A change on trial: what stood before is kept in the kernel, and comes back unless somebody confirms in time.

`begin` pins a `TrialRecord` before anything changes.  A waiting process (started by the command line, see `wait`) takes the
lock when the time is over and puts the old policies back, if the same trial is still pinned.  `confirm` unpins it.  If the
waiting process dies, the record stays, and every command that meets it says so: nothing is forgotten silently.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.record import find_record, write_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.engine.reconciler import Engine
    from policyd.kernel.port import Kernel
    from policyd.record import PolicyRecord

PENDING = "pending"
_STEP_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class TrialPolicy:
    """What a policy was before the trial."""

    name: str
    document: str
    set: str
    source: str
    revision: str
    overrides: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """A pending trial; `deadline` is in seconds since boot (CLOCK_BOOTTIME: pins do not outlive it)."""

    token: str
    deadline: float
    policies: tuple[TrialPolicy, ...]
    schema: int = 1

    @property
    def seconds_left(self) -> float:
        """Seconds until it is reverted; negative if the waiting process should have done it and has not."""
        return self.deadline - now()


def now() -> float:
    """Return seconds since boot, time asleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def begin(kernel: Kernel, token: str, seconds: float, records: Iterable[PolicyRecord]) -> TrialRecord:
    """Pin what stands now, as what a trial of so many seconds goes back to."""
    policies = tuple(TrialPolicy(r.name, r.document, r.set, r.source, r.revision, r.overrides) for r in records)
    trial = TrialRecord(token, now() + seconds, policies)
    write_record(kernel, PENDING, trial)
    return trial


def pending(kernel: Kernel) -> TrialRecord | None:
    """Return the trial that waits for its end, if there is one."""
    return find_record(kernel, PENDING, TrialRecord).record


def wait(engine: Engine, token: str) -> bool:
    """Wait until the trial `token` ends; put back what stood before unless it was confirmed, and tell which."""
    while (trial := pending(engine.kernel)) is not None and trial.token == token:
        if trial.seconds_left <= 0:
            return engine.revert(token) is not None
        time.sleep(min(_STEP_SECONDS, max(trial.seconds_left, 0.01)))
    return False
