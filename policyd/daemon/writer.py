"""The agent's one hand on the kernel: every change of the agent goes through here, one at a time.

In: requests of the reconciler and of the drift watch.  Out: what the engine says.  It waits while another policyd holds the
lock, takes back a trial that nobody waits for any more, and afterwards knows what is right now (`good`) and holds it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from policyd.daemon.damage import find_damage
from policyd.daemon.guard import Guard
from policyd.errors import LockError, PolicydError, UsageError
from policyd.kernel.bpf.memory import give_back
from policyd.log import EVENT_TRIAL_FORGOTTEN, EVENT_WAITING, log
from policyd.observe import Observed, observe
from policyd.plan.steps import AttachHook, DetachHook
from policyd.record import HOOKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from policyd.daemon.damage import Damage
    from policyd.engine import Engine, Request, Result
    from policyd.errors import Problem
    from policyd.host import Host
    from policyd.kernel.port import Kernel
    from policyd.parsing import Loaded
    from policyd.plan.steps import Step
    from policyd.policy import Policy
    from policyd.sources.source import Bundle
    from policyd.unit import TypedPolicy

Answer = TypeVar("Answer")

LOCK_SECONDS = 1.0
"""How long the lock is waited for at a time, before looking whether the agent shall stop."""
TRIAL_GRACE_SECONDS = 5.0
"""A trial whose time has been over for so long has lost the process that should have taken it back."""


class TrialError(PolicydError):
    """A change is on trial: nothing else may change until it is confirmed or taken back, in `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            f"a change is on trial for another {seconds:.0f} s: `policyd confirm` keeps it, `--revert` takes it back"
        )


class StoppedError(PolicydError):
    """The agent ends: what was about to be done is not done."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """What the agent works with: the kernel, the host as it is now, what makes engines, what understands policies."""

    kernel: Kernel
    host: Callable[[], Host]
    engine: Callable[[Host], Engine]
    parse: Callable[[Bundle, str], Loaded]  # a bundle and its source's name, for messages
    resolve: Callable[[Iterable[Policy], Host], tuple[tuple[TypedPolicy, ...], tuple[Problem, ...]]]


class Writer:
    """Changes the kernel for the agent.  Safe for threads: whoever comes second waits."""

    def __init__(self, place: Workplace, beat: Callable[[], object] = lambda: None) -> None:
        self.place, self.kernel = place, place.kernel
        self.guard = Guard(place.kernel)
        self.good = Observed()
        self.met: deque[Damage] = deque(maxlen=64)  # damage that a change met on its way
        self.changes = 0  # requests that were brought about
        self.stopping = threading.Event()
        self._beat = beat
        self._mutex = threading.RLock()

    # -- looking -------------------------------------------------------------------------------------------------

    def take_over(self) -> None:
        """Hold what runs already, before anything else is done."""
        with self.alone():
            self.accept(observe(self.kernel))

    def accept(self, observed: Observed) -> None:
        """Take what runs now as right, and hold it; what is missing of it is held on, to be pinned again."""
        with self._mutex:
            self.good = observed
            self.guard.hold(row.directory for row in find_damage(observed, observed) if row.directory)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have nobody else change anything for the length of the block; waits, `StoppedError` if the agent ends."""
        with self._mutex, ExitStack() as stack:
            self.kernel.ensure_root()  # somebody may have removed it
            self._patiently(lambda: stack.enter_context(self.kernel.lock(LOCK_SECONDS)))
            yield

    # -- changing ------------------------------------------------------------------------------------------------

    def apply(self, request: Request, host: Host | None = None) -> Result:
        """Bring a request about; waits for other writers.  `TrialError` while a change is on trial."""
        with self._mutex:
            engine = self._engine(host or self.place.host())
            self._end_forgotten_trial(engine)
            self._restore_pins()
            try:
                return self._settle(self._patiently(lambda: engine.apply(request)))
            except UsageError:  # a trial that began while the lock was waited for
                self._end_forgotten_trial(engine)
                raise

    def delete(self, names: frozenset[str], seconds: float) -> Result:
        """Remove policies by name; waits for the lock for so long at most (`LockError`), and lets go of all."""
        with self._mutex:
            engine = self._engine(self.place.host())
            engine.lock_timeout = seconds
            result = engine.delete(names)
            self.guard.close()
            return result

    def _restore_pins(self) -> None:
        """Give held objects that somebody has unlinked their pins back, before the engine takes them for lost."""
        found = find_damage(self.good, observe(self.kernel))
        places = {path.rpartition("/")[0] for path in self.restore(found)}
        self.met.extend(row for row in found if row.directory in places)

    def restore(self, found: Iterable[Damage]) -> tuple[str, ...]:
        """Pin held objects again, and return where: what runs has not stopped for a moment."""
        directories = tuple(f"{row.directory}/" for row in found if row.directory)
        return self.guard.restore(sorted(path for path in self.guard.paths if path.startswith(directories)))

    def _settle(self, result: Result) -> Result:
        self.changes += 1
        self.accept(observe(self.kernel))
        give_back()
        return result

    def _engine(self, host: Host) -> Engine:
        engine = self.place.engine(host)
        engine.lock_timeout, engine.on_step = LOCK_SECONDS, self._step
        return engine

    def _step(self, step: Step, _number: int, _total: int) -> None:
        """Let go of a link that is about to be replaced or taken away, so that it is not held a moment too long."""
        self._beat()
        if isinstance(step, (AttachHook, DetachHook)):
            hook_id = step.id if isinstance(step, DetachHook) else step.point.id
            self.guard.drop(f"{HOOKS}/{hook_id}")

    def _patiently(self, action: Callable[[], Answer]) -> Answer:
        """Do what needs the lock, again and again while another policyd holds it."""
        told = False
        while True:
            self._beat()
            try:
                return action()
            except LockError as error:
                if self.stopping.is_set():
                    raise StoppedError("the agent ends") from None
                if not told:
                    log(EVENT_WAITING, what=str(error))
                told = True

    def _end_forgotten_trial(self, engine: Engine) -> None:
        found = engine.pending()
        if found is None:
            return
        if found.seconds_left > -TRIAL_GRACE_SECONDS:
            raise TrialError(max(found.seconds_left, 0.0))
        log(EVENT_TRIAL_FORGOTTEN, token=found.token, since=time.time() + found.seconds_left)
        engine.revert(found.token)

    def close(self) -> None:
        """Let go of all that is held."""
        with self._mutex:
            self.guard.close()
