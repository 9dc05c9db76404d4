"""The reconciler: brings each source onto the host, one after another, whenever there is a reason to.

In: sources, reasons (something changed, an interval is over, a signal, a command).  Out: `SourceStatus`es and a host that
agrees with them.  It is level-triggered: a reason only says that it is worth looking.  The thread calls `turn`, which does
all that is due; nothing that goes wrong with a source ends it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from contextlib import ExitStack
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, TypeVar

from policyd.daemon.applier import tell
from policyd.daemon.history import History
from policyd.daemon.tended import Tended
from policyd.daemon.tending import LOOK_AT_TRIAL_SECONDS, Effort, Tending
from policyd.daemon.writer import StoppedError
from policyd.engine import Request
from policyd.errors import NotFoundError, PolicydError, UsageError
from policyd.log import EVENT_RENEW_FAILED, EVENT_UNWATCHED, log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policyd.daemon.tended import SourcePlan
    from policyd.daemon.writer import Writer
    from policyd.health import SourceStatus

__all__ = ["Effort", "Reconciler"]

DEBOUNCE_SECONDS = 0.05
"""Reasons that come in a row are one."""
_LONGEST_SLEEP = 5.0
_HOST = ""
"""The name under which a look at the host itself is asked for."""

Answer = TypeVar("Answer")


class Reconciler:
    """Tends all sources.  Everything but `turn` and `run` may be called from any thread."""

    def __init__(
        self,
        writer: Writer,
        plans: Iterable[SourcePlan],
        interval: float,
        *,
        mend: bool = True,
        tended: Callable[[str, str, float], object] = lambda *_: None,
    ) -> None:
        """`interval` is in seconds: how often every source is fetched, and applied anew if `mend` says so.

        `tended(source, state, seconds)` is told of each look at a source.  `UsageError` for a wrong `dependsOn`.
        """
        self.writer, self.interval = writer, interval
        self.history = History(writer.kernel)
        self.tending = Tending(writer, self.history)
        ordered = _ordered(tuple(plans))
        self.tended = {plan.name: Tended(plan, self.history.load(plan.name)) for plan in ordered}
        self._tell_tended = tended
        self._regularly = Effort.FULL if mend else Effort.FETCH
        self.turned_once = threading.Event()
        self._asked: dict[str, Effort] = {}
        self._jobs: deque[tuple[Callable[[], object], Future[object]]] = deque()
        self._woken = threading.Condition()
        self._full_due = 0.0

    # -- what others may ask -------------------------------------------------------------------------------------

    def wake(self, name: str = "", effort: Effort = Effort.FETCH) -> None:
        """Say that it is worth looking at a source (at all of them, and at the host)."""
        with self._woken:
            for one in [name] if name else (_HOST, *self.tended):
                self._asked[one] = self._asked.get(one, Effort(0)) | effort
            self._woken.notify_all()

    def bring_back(self, policies: Iterable[str]) -> None:
        """Say that policies of sources are gone: those sources are applied again."""
        gone = set(policies)
        for one in self.tended.values():
            if gone & set(one.record.policies):
                self.wake(one.name, Effort.APPLY)

    def own_policies(self) -> tuple[str, ...]:
        """Return the policies that a source brings back if somebody deletes them."""
        return tuple(name for one in self.tended.values() if not one.suspended for name in one.record.policies)

    def statuses(self) -> tuple[SourceStatus, ...]:
        return tuple(one.status for one in self.tended.values())

    def reconcile(self, name: str = "") -> tuple[SourceStatus, ...]:
        """Fetch and apply a source (all of them) now; wait, and return how it went."""
        return self.submit(name).result()

    def submit(self, name: str = "") -> Future[tuple[SourceStatus, ...]]:
        """Have a source (all of them) fetched and applied; the future tells when it is done, and how it went."""
        chosen = [self._find(name)] if name else list(self.tended.values())
        return self._have_done(lambda: self._tend_all(chosen))

    def _tend_all(self, chosen: Iterable[Tended]) -> tuple[SourceStatus, ...]:
        chosen = tuple(chosen)
        for one in chosen:
            self._tend(one, Effort.FULL)
        return tuple(one.status for one in chosen)

    def suspend(self, name: str) -> SourceStatus:
        """Leave a source alone from now on; what runs of it stays."""
        one = self._find(name)
        return self._call(lambda: self.tending.set_suspended(one, True))

    def resume(self, name: str) -> SourceStatus:
        """Tend a source again; it is fetched soon."""
        one = self._find(name)
        if one.plan.suspend:
            raise UsageError(f"source {name} is suspended by the configuration: take `suspend: true` out of it")
        return self._call(lambda: self.tending.set_suspended(one, False))

    def rollback(self, name: str, revision: str = "") -> SourceStatus:
        """Apply a kept revision, and leave the source alone from then on."""
        one = self._find(name)
        return self._call(lambda: self.tending.roll_back(one, revision))

    def _find(self, name: str) -> Tended:
        if name not in self.tended:
            known = ", ".join(self.tended) or "none"
            raise NotFoundError(f"there is no source {name}; there are: {known}")
        return self.tended[name]

    def _call(self, job: Callable[[], Answer]) -> Answer:
        return self._have_done(job).result()

    def _have_done(self, job: Callable[[], Answer]) -> Future[Answer]:
        """Have a job done by the reconciler's thread."""
        future: Future[Answer] = Future()
        with self._woken:
            if self.writer.stopping.is_set():
                raise UsageError("the agent is stopping")
            self._jobs.append((job, future))  # type: ignore[arg-type]  # a future of what the job returns
            self._woken.notify_all()
        return future

    # -- the thread ----------------------------------------------------------------------------------------------

    def run(self, beat: Callable[[], object]) -> None:
        """Turn until the agent stops; sources are watched meanwhile."""
        with ExitStack() as stack:
            for one in self.tended.values():
                self._watch(one, stack)
            while not self.writer.stopping.is_set():
                beat()
                self.turn()
                self.turned_once.set()
                self._sleep()
        with self._woken:
            while self._jobs:
                self._jobs.popleft()[1].set_exception(UsageError("the agent is stopping"))

    def _watch(self, one: Tended, stack: ExitStack) -> None:
        """Be told of changes; a source that cannot be watched is looked at by interval alone."""
        try:
            stack.enter_context(one.plan.source.watch(lambda: self.wake(one.name)))
        except (PolicydError, OSError) as error:
            log(EVENT_UNWATCHED, source=one.name, error=str(error))

    def _sleep(self) -> None:
        """Sleep until something is due or asked for, and a moment longer for what comes with it."""
        with self._woken:
            if not self._asked and not self._jobs:
                self._woken.wait(self._seconds_left())
        if self._asked:
            self.writer.stopping.wait(DEBOUNCE_SECONDS)

    def _seconds_left(self) -> float:
        due = [one.due for one in self.tended.values() if not one.suspended and not self._unmet(one)]
        return max(0.0, min(min([*due, self._full_due]) - time.monotonic(), _LONGEST_SLEEP))

    def stop(self) -> None:
        """Wake the thread, which sees that the agent stops."""
        with self._woken:
            self._woken.notify_all()

    def turn(self) -> None:
        """Do all that is asked and due."""
        self._do_jobs()
        now = time.monotonic()
        if now >= self._full_due:
            self._full_due = now + self.interval
            self.wake(effort=self._regularly)
        host, changes = self._take(_HOST), self.writer.changes
        for one in self.tended.values():
            due = Effort.FETCH if time.monotonic() >= one.due else Effort(0)
            effort = self._take(one.name) | due
            if effort and not self.writer.stopping.is_set():
                self._tend(one, effort)
            self._do_jobs()
        if host & ~Effort.FETCH and self.writer.changes == changes and not self.writer.stopping.is_set():
            self._renew()

    def _take(self, name: str) -> Effort:
        with self._woken:
            return self._asked.pop(name, Effort(0))

    def _do_jobs(self) -> None:
        while self._jobs:
            job, future = self._jobs.popleft()
            try:
                future.set_result(job())
            except Exception as error:  # it is the caller's
                future.set_exception(error)

    def _tend(self, one: Tended, effort: Effort) -> None:
        """Tend a source unless it waits for others; those that wait for it come next."""
        unmet = self._unmet(one)
        if unmet and not one.suspended:
            one.show("Waiting", f"it depends on {', '.join(unmet)}, not applied yet")
            return
        if effort == Effort.FOLLOW and not one.status.left_out:
            return  # what runs is resolved anew in any case
        met = bool(one.record.digest)
        begun = time.monotonic()
        self.tending.tend(one, effort)
        self._tell_tended(one.name, one.status.state, time.monotonic() - begun)
        if one.record.digest and not met:
            for other in self.tended.values():
                if one.name in other.plan.depends_on:
                    self.wake(other.name, Effort.FULL)

    def _unmet(self, one: Tended) -> tuple[str, ...]:
        """Return the sources that must have been applied before, and have not."""
        return tuple(name for name in one.plan.depends_on if not self.tended[name].record.digest)

    def _renew(self) -> None:
        """Resolve and compare all that runs anew, whoever applied it: names and scopes of the host may be others."""
        try:
            tell(self.writer.apply(Request()))
        except StoppedError:
            return
        except (PolicydError, OSError) as error:
            log(EVENT_RENEW_FAILED, error=str(error))
            self._full_due = min(self._full_due, time.monotonic() + LOOK_AT_TRIAL_SECONDS)


def _ordered(plans: tuple[SourcePlan, ...]) -> tuple[SourcePlan, ...]:
    """Return the sources so that each comes after those that it depends on."""
    by_name = {plan.name: plan for plan in plans}
    for plan in plans:
        unknown = [name for name in plan.depends_on if name not in by_name]
        if unknown:
            raise UsageError(f"source {plan.name} depends on {unknown[0]}, which is no source")
    try:
        order = TopologicalSorter({plan.name: plan.depends_on for plan in plans}).static_order()
        return tuple(by_name[name] for name in order)
    except CycleError as error:
        raise UsageError(f"sources depend on each other in a circle: {' → '.join(error.args[1])}") from None
