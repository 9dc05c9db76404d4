"""The agent's one hand on the kernel: every change of the agent goes through here, one at a time.

In: requests of the reconciler and of the drift watch.  Out: what the engine says.  It waits while another policyd holds the
lock, takes back a trial that nobody waits for any more, and afterwards knows what is right now (`good`) and holds it.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

from policyd.daemon.applier import Applied
from policyd.daemon.damage import DELETED, find_damage
from policyd.daemon.guard import Guard
from policyd.daemon.workplace import LOCK_SECONDS, Removal
from policyd.engine import Result
from policyd.errors import LockError, PolicydError
from policyd.kernel.bpf.memory import give_back
from policyd.log import EVENT_WAITING, log
from policyd.observe import Observed, observe
from policyd.record import HOOKS, HookRecord, find_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from policyd.daemon.applier import Revision
    from policyd.daemon.damage import Damage
    from policyd.daemon.workplace import Errand, Place
    from policyd.engine import Request

Answer = TypeVar("Answer")


class StoppedError(PolicydError):
    """The agent ends: what was about to be done is not done."""


class Writer:
    """Changes the kernel for the agent.  Safe for threads: whoever comes second waits."""

    def __init__(self, place: Place, beat: Callable[[], object] = lambda: None) -> None:
        self.place, self.kernel = place, place.kernel
        self.guard = Guard(place.kernel)
        self.good = Observed()
        self.met: deque[Damage] = deque(maxlen=64)  # damage that a change met on its way
        self.changes = 0  # requests that were brought about
        self.stopping = threading.Event()
        self._beat = beat
        self._told = False  # that another policyd is waited for
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

    def apply(self, request: Request) -> Result:
        """Bring a request about; waits for other writers.  `TrialError` while a change is on trial."""
        done = self._change(request)
        assert isinstance(done, Result)
        return done

    def bring(self, revision: Revision) -> Applied:
        """Make a set agree with a revision of it; waits for other writers.  `RefusedError`, or as `apply`."""
        done = self._change(revision)
        assert isinstance(done, Applied)
        return done

    def delete(self, names: frozenset[str], seconds: float) -> None:
        """Remove policies by name; waits for the lock for so long at most (`LockError`), and lets go of all."""
        with self._mutex:
            self.place.do(Removal(names, seconds), self)
            self.guard.close()

    def _change(self, errand: Errand) -> Applied | Result:
        with self._mutex:
            self._told = False
            return self._settle(self.place.do(errand, self))

    def _settle(self, done: Applied | Result) -> Applied | Result:
        self.changes += 1
        self.accept(observe(self.kernel))
        give_back()
        return done

    # -- what is asked while a change is made (workplace.Liaison) ----------------------------------------------------

    def ready(self) -> None:
        """Give held objects that somebody has unlinked their pins back, before the engine takes them for lost.

        Whatever else is damaged is mended by any change, and noted: since it was looked last, a second may have passed.
        """
        self._beat()
        self._restore_pins()

    def step(self, hook_id: str) -> None:
        """Let go of a link that is about to be replaced or taken away, so that it is not held a moment too long."""
        self._beat()
        if hook_id:
            self.guard.drop(f"{HOOKS}/{hook_id}")

    def waiting(self, why: str) -> None:
        """Another policyd holds the lock: say so once; `StoppedError` if the agent ends."""
        self._beat()
        if self.stopping.is_set():
            raise StoppedError("the agent ends")
        if not self._told:
            log(EVENT_WAITING, what=why)
        self._told = True

    # -- pins ------------------------------------------------------------------------------------------------------

    def _restore_pins(self) -> None:
        found = find_damage(self.good, observe(self.kernel))
        self.restore(found)
        self.met.extend(row for row in found if row.what != DELETED)

    def restore(self, found: Iterable[Damage]) -> tuple[str, ...]:
        """Pin held objects again and refill slots, and return where: it takes moments, and no new process."""
        damaged = sorted({row.directory for row in found if row.directory})
        directories = tuple(f"{directory}/" for directory in damaged)
        pinned = self.guard.restore(sorted(path for path in self.guard.paths if path.startswith(directories)))
        return pinned + self._refill([directory for directory in damaged if directory.startswith(f"{HOOKS}/")])

    def _refill(self, directories: list[str]) -> tuple[str, ...]:
        """Put held programs back into slots that hold others, unless another policyd is at work (then the engine does)."""
        if not directories:
            return ()
        try:
            with self.kernel.lock(0):
                return tuple(path for path in directories if self._is_unchanged(path) and self.guard.refill(path))
        except (LockError, OSError):
            return ()

    def _is_unchanged(self, directory: str) -> bool:
        """Whether an attach point's record is the one that was right: nobody changes it on purpose."""
        good = self.good.hooks.get(directory.removeprefix(f"{HOOKS}/"))
        now = find_record(self.kernel, f"{directory}/record", HookRecord).record
        return good is not None and now is not None and now == good.record

    def _patiently(self, action: Callable[[], Answer]) -> Answer:
        """Do what needs the lock, again and again while another policyd holds it."""
        self._told = False
        while True:
            self._beat()
            try:
                return action()
            except LockError as error:
                self.waiting(str(error))

    def close(self) -> None:
        """Let go of all that is held."""
        with self._mutex:
            self.guard.close()
