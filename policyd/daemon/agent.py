"""The agent: its parts put together, started, watched and stopped in order; and what the API may ask of it.

In: what it works with (`Workplace`), the sources, the pump and other parts that `policyd run` has made.  Out: `run` returns
when it has been told to stop, and all is stopped; programs stay attached unless the options say otherwise.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import threading
import time
import traceback
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policyd import __version__, engine
from policyd.daemon.drift import DriftOptions, DriftWatch, Owner
from policyd.daemon.history import SOURCES
from policyd.daemon.notify import Notifier
from policyd.daemon.pulse import Pulse
from policyd.daemon.reconciler import Effort, Reconciler
from policyd.daemon.single import only_agent
from policyd.daemon.writer import Writer
from policyd.errors import NotFoundError, PolicydError
from policyd.health import AgentStatus
from policyd.log import (
    EVENT_BUG,
    EVENT_LATE,
    EVENT_READY,
    EVENT_SOURCE,
    EVENT_STARTED,
    EVENT_STOPPED,
    EVENT_STOPPING,
    EVENT_WAITING,
    log,
)
from policyd.record import read_policies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from types import FrameType

    from policyd.api.port import Subscription
    from policyd.daemon.follow import Surroundings
    from policyd.daemon.pump import Pump
    from policyd.daemon.telemetry import Telemetry
    from policyd.daemon.tended import SourcePlan
    from policyd.daemon.workplace import Place
    from policyd.health import Books, Proof, SourceStatus
    from policyd.reading.metrics import Family

RECONCILER, DRIFT, PUMP = "reconciler", "drift", "pump"
PATIENCE = {RECONCILER: 900.0, DRIFT: 900.0, PUMP: 60.0}
"""Seconds that a loop may be silent: a fetch, and compiling a hundred programs on a slow host, are done in one turn."""
TURN_SECONDS = 1.0
STOP_SECONDS = 60.0
SEND_SECONDS = 5.0
"""How long sinks may take to send what is left, at the end."""
DETACH_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """What the agent as a whole was told.  `interval` is in seconds."""

    interval: float = 300.0
    drift: DriftOptions = field(default_factory=DriftOptions)
    detach_on_exit: bool = False
    node: str = ""


@dataclass(frozen=True, slots=True)
class Prover:
    """What the agent asks of whoever proves that events come through; an agent without one proves nothing."""

    start: Callable[[], object] = lambda: None
    stop: Callable[[], object] = lambda: None
    proofs: Callable[[], Mapping[str, Proof]] = dict


@dataclass(frozen=True, slots=True)
class Parts:
    """What `policyd run` has made: what the agent works with, and what it starts, asks and stops."""

    place: Place
    surroundings: Surroundings
    pump: Pump
    telemetry: Telemetry
    books: Callable[[], tuple[Books, ...]] = tuple
    prover: Prover = field(default_factory=Prover)


class Agent:
    """A running agent.  `run` belongs to the main thread; the methods of `api.port.Agent` to any."""

    def __init__(self, parts: Parts, plans: tuple[SourcePlan, ...], options: AgentOptions) -> None:
        self.parts, self.plans, self.options = parts, plans, options
        self.kernel, self.pump = parts.place.kernel, parts.pump
        self.pulse = Pulse()
        self.writer = Writer(parts.place, lambda: self.pulse.beat(threading.current_thread().name))
        self.reconciler = Reconciler(
            self.writer,
            plans,
            options.interval,
            mend=options.drift.mode == "repair",
            tended=self._tended,
        )
        owner = Owner(
            policies=self.reconciler.own_policies,
            deleted=self.reconciler.bring_back,
            surroundings=lambda: self.reconciler.wake(effort=Effort.FOLLOW),
            drifted=parts.telemetry.drifted,
        )
        self.drift = DriftWatch(self.writer, owner, parts.surroundings, options.drift)
        self.notifier = Notifier()
        self.started = time.time()
        self._node = options.node or socket.gethostname()
        self._threads: tuple[threading.Thread, ...] = ()
        self._signals: set[int] = set()
        self._woken = threading.Event()
        self._removed: tuple[str, ...] = ()
        self._failure: BaseException | None = None
        self._late: frozenset[str] = frozenset()
        self._ready = False

    # -- the main thread -----------------------------------------------------------------------------------------

    def run(self, serving: Callable[[], AbstractContextManager[object]]) -> None:
        """Run until told to stop; `serving` answers the API for the length of its block.

        Raises `LockError` if another agent runs here, and whatever ended a loop that should not have ended.
        """
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # everything that is pinned is held
        with ExitStack() as stack:
            with self.kernel.lock(None, lambda: log(EVENT_WAITING, what="another policyd is at work")):
                self.kernel.make_directory(SOURCES)
                stack.enter_context(only_agent(f"{self.kernel.root}/{SOURCES}"))
            stack.enter_context(self._handling_signals())
            log(EVENT_STARTED, version=__version__, pid=os.getpid(), root=self.kernel.root, sources=len(self.plans))
            stack.callback(self.writer.close)
            engine.Guard(self.kernel).join()
            self.writer.take_over()
            self._look_for_removed_sources()
            stack.callback(self._stop)
            self.pump.start()
            self.parts.prover.start()
            stack.enter_context(serving())
            self._start()
            while not self._signals & {signal.SIGTERM, signal.SIGINT} and self._failure is None:
                self._turn()
        log(EVENT_STOPPED, detached=self.options.detach_on_exit)
        if self._failure is not None:
            raise self._failure

    def _start(self) -> None:
        loops = ((RECONCILER, self.reconciler.run), (DRIFT, self.drift.run))
        self._threads = tuple(
            threading.Thread(target=self._guarded, args=(name, loop), name=name, daemon=True) for name, loop in loops
        )
        self.pulse.watch(PUMP, PATIENCE[PUMP])
        for thread in self._threads:
            self.pulse.watch(thread.name, PATIENCE[thread.name])
            thread.start()

    def _guarded(self, name: str, loop: Callable[[Callable[[], object]], object]) -> None:
        """Run a loop; an agent without one of its loops would be worse than none, so it ends."""
        try:
            loop(lambda: self.pulse.beat(name))
        except BaseException as error:
            log(EVENT_BUG, loop=name, error=f"{type(error).__name__}: {error}", where=traceback.format_exc(limit=-5))
            self._failure = error
            self._woken.set()
        finally:
            self.pulse.leave(name)

    def _turn(self) -> None:
        """One turn of the main thread: signals, the watchdog, what the service manager shows."""
        self._woken.wait(TURN_SECONDS)
        self._woken.clear()
        if signal.SIGHUP in self._signals:
            self._signals.discard(signal.SIGHUP)
            self._reload()
        if time.monotonic() - self.pump.turned < PATIENCE[PUMP]:
            self.pulse.beat(PUMP)
        late = self.pulse.late()
        for name in frozenset(late) - self._late:
            log(EVENT_LATE, loop=name, seconds=round(late[name]))
        self._late = frozenset(late)
        if not late:
            self.notifier.alive()
        if not self._ready:
            self._begin()
        self.notifier.status(self._summary())

    def _begin(self) -> None:
        """Tell the service manager that the agent is ready once every source has been looked at."""
        if self.reconciler.turned_once.is_set():
            self._ready = True
            self.notifier.ready()
            log(EVENT_READY, seconds=round(time.time() - self.started, 2))
        else:
            self.notifier.extend(STOP_SECONDS)

    def _reload(self) -> None:
        """SIGHUP: apply every source anew, open the files of sinks anew."""
        self.notifier.reloading()
        self.pump.reopen()
        done = self.reconciler.submit()
        done.add_done_callback(lambda _: self.notifier.ready())

    def _summary(self) -> str:
        states = [status.state for status in self.reconciler.statuses()]
        counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
        policies = len(self.writer.good.records)
        return f"{policies} policies; sources: {counts or 'none'}" + "".join(f"; {why}" for why in self._reasons()[:1])

    @contextmanager
    def _handling_signals(self) -> Iterator[None]:
        def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the signature of signal handlers)
            if number in self._signals and number != signal.SIGHUP:
                raise KeyboardInterrupt  # told twice: at once
            self._signals.add(number)
            self._woken.set()

        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = {number: signal.signal(number, handle) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _tended(self, source: str, state: str, seconds: float) -> None:
        """A source has been looked at: its rings may be others now."""
        self.parts.telemetry.reconciled(source, state, seconds)
        self.pump.refresh()

    # -- the end -------------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        """Let what is under way end, then stop part after part."""
        log(EVENT_STOPPING)
        self.notifier.stopping()
        self.writer.stopping.set()
        for plan in self.plans:
            plan.close()
        self.reconciler.stop()
        self.drift.stop()
        for thread in self._threads:
            thread.join(STOP_SECONDS)
        self.parts.prover.stop()
        self.pump.stop(SEND_SECONDS)
        if self.options.detach_on_exit and not any(thread.is_alive() for thread in self._threads):
            self._detach()

    def _detach(self) -> None:
        """Remove what the agent's own sources own, and nothing else."""
        sets = {plan.name for plan in self.plans}
        names = frozenset(name for name, record in read_policies(self.kernel).items() if record.set in sets)
        try:
            self.writer.delete(names, DETACH_SECONDS)
        except (PolicydError, OSError) as error:
            log(EVENT_SOURCE, error=f"programs stay attached: {error}")

    # -- what the API asks ---------------------------------------------------------------------------------------

    def status(self) -> AgentStatus:
        sources = self.reconciler.statuses()
        late = self.pulse.late()
        return AgentStatus(
            version=__version__,
            node=self._node,
            pid=os.getpid(),
            started=self.started,
            ready=all(source.digest or source.suspended for source in sources) and self.reconciler.turned_once.is_set(),
            healthy=not late,
            reasons=tuple(self._reasons()),
            drift_mode=self.options.drift.mode,
            sources=sources,
            sinks=self.pump.statuses(),
            drift=self.drift.rows(),
        )

    def _reasons(self) -> list[str]:
        """What somebody should know, the worst first."""
        found = [f"the {name} has not turned for {seconds:.0f} s" for name, seconds in sorted(self.pulse.late().items())]
        found += [
            f"source {source.name} is {source.state}: {source.reason}"
            for source in self.reconciler.statuses()
            if source.state not in {"Applied", "Suspended"}
        ]
        found += [
            f"{where} has been repaired too often: nothing is repaired there for {seconds:.0f} s"
            for where, seconds in sorted(self.drift.paused().items())
        ]
        found += [f"sink {sink.name} fails: {sink.error}" for sink in self.pump.statuses() if sink.error]
        return [*found, *self._removed]

    def proofs(self) -> Mapping[str, Proof]:
        return self.parts.prover.proofs()

    def books(self) -> tuple[Books, ...]:
        return self.parts.books()

    def families(self) -> list[Family]:
        return self.parts.telemetry.families()

    def subscribe(self, policies: tuple[str, ...], tail: int) -> AbstractContextManager[Subscription]:
        return self.pump.subscribe(policies, tail)

    def reconcile(self, source: str = "") -> tuple[SourceStatus, ...]:
        return self.reconciler.reconcile(source)

    def suspend(self, source: str) -> SourceStatus:
        return self.reconciler.suspend(source)

    def resume(self, source: str) -> SourceStatus:
        return self.reconciler.resume(source)

    def rollback(self, source: str, revision: str = "") -> SourceStatus:
        return self.reconciler.rollback(source, revision)

    def webhook(self, source: str, headers: Mapping[str, str], body: bytes) -> bool:
        plan = next((plan for plan in self.plans if plan.name == source), None)
        if plan is None or plan.call is None:
            raise NotFoundError(f"there is no source {source} that takes calls")
        return plan.call(headers, body)

    # -- sources and policies ------------------------------------------------------------------------------------

    def _look_for_removed_sources(self) -> None:
        """Say which sources are configured no longer while policies of theirs run; forget those of which nothing does."""
        records = read_policies(self.kernel)
        told = []
        for record in self.reconciler.history.all():
            if record.name in self.reconciler.tended:
                continue
            names = [name for name, policy in records.items() if policy.set == record.name]
            if names:
                told.append(
                    f"source {record.name} is not configured any more; its policies stay ({len(names)}): "
                    f"policyd delete --all --set {record.name} removes them"
                )
                log(EVENT_SOURCE, source=record.name, outcome="removed", policies=len(names))
            else:
                self.reconciler.history.forget([record.name])
        self._removed = tuple(told)
