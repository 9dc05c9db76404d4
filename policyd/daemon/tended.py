"""A source as the reconciler tends it: what it was told, what is known of it, when it is looked at again."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from policyd.health import SourceStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policyd.daemon.history import SourceRecord
    from policyd.health import SourceState
    from policyd.sources.source import Source

FIRST_RETRY_SECONDS = 2.0
LAST_RETRY_SECONDS = 300.0
UNHEARD = 1.25
JITTER = 0.1
"""Delays are spread by this part of themselves, so that a thousand nodes do not ask at once."""


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """A source of the configuration, and what it says about it.

    `call` takes a forge's call (headers, body) and tells whether its secret fits; `close` ends a fetch that is under way.
    """

    source: Source
    allow_empty: bool = False
    adopt: bool = False
    suspend: bool = False
    depends_on: tuple[str, ...] = ()
    call: Callable[[Mapping[str, str], bytes], bool] | None = None
    close: Callable[[], object] = lambda: None

    @property
    def name(self) -> str:
        return self.source.name


@dataclass(slots=True)
class Tended:
    """The state of one source.  `status` is replaced whole, so that any thread may read it; `due` is monotonic seconds."""

    plan: SourcePlan
    record: SourceRecord
    due: float = 0.0
    spread: random.Random = field(default_factory=random.Random)
    status: SourceStatus = field(init=False)

    def __post_init__(self) -> None:
        source = self.plan.source
        self.status = SourceStatus(source.name, source.kind, source.where, "Pending")
        self.show()

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def suspended(self) -> bool:
        return self.plan.suspend or self.record.suspended

    def show(self, state: SourceState | None = None, reason: str = "", **facts: Any) -> SourceStatus:
        """Replace the status: a state with its reason, other facts, and what the record says."""
        record = self.record
        if state is not None:
            facts |= {"state": state, "reason": reason}
        self.status = replace(
            self.status,
            revision=record.revision,
            digest=record.digest,
            signer=record.signer,
            suspended=self.suspended,
            policies=record.policies,
            applied=record.applied,
            history=record.history,
            **facts,
        )
        return self.status

    def go_back_to(self, before: SourceStatus, due: float) -> None:
        """Say of the source what was said before, and look at it when that was meant to be."""
        self.due = due
        facts = {"failures": before.failures, "next_try": before.next_try, "seen": before.seen, "checked": before.checked}
        self.show(before.state, before.reason, **facts)

    # -- when it is looked at again ------------------------------------------------------------------------------

    def rest(self, now: float) -> None:
        """All is well: look again a little after the source's own interval, if it has not said anything until then."""
        self._look_in(now, UNHEARD * self.plan.source.interval, failures=0)

    def retry(self, now: float) -> None:
        """Something failed that may succeed later: look again soon, and each time later than before."""
        failures = self.status.failures + 1
        self._look_in(now, min(FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 16), LAST_RETRY_SECONDS), failures)

    def soon(self, now: float, seconds: float) -> None:
        """Look again in so many seconds; nothing failed."""
        self._look_in(now, seconds, self.status.failures)

    def _look_in(self, now: float, seconds: float, failures: int) -> None:
        seconds *= 1 + self.spread.uniform(-JITTER, JITTER)
        self.due = now + seconds
        self.status = replace(self.status, failures=failures, next_try=time.time() + seconds)
