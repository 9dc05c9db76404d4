"""Where a change is made: parsed, resolved, built, brought into the kernel.

In: an `Errand`, and a `Liaison` to the agent, which holds what runs.  Out: `Applied` for a revision, `Result` for the rest.
`Workplace` does it in its own process; `away.py` has a short-lived process do it, in which another `Workplace` is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from policyd.daemon.applier import Applied, Revision, apply_revision
from policyd.engine import Request, Result
from policyd.errors import LockError, PolicydError, UsageError
from policyd.log import EVENT_TRIAL_FORGOTTEN, log
from policyd.plan.steps import AttachHook, DetachHook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policyd.engine import Engine
    from policyd.errors import Problem
    from policyd.host import Host
    from policyd.kernel.port import Kernel
    from policyd.parsing import Loaded
    from policyd.plan.steps import Step
    from policyd.policy import Policy
    from policyd.sources.source import Bundle
    from policyd.unit import TypedPolicy

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


@dataclass(frozen=True, slots=True)
class Removal:
    """Policies to be removed by name; the lock is waited for so many seconds at most."""

    names: frozenset[str]
    seconds: float


Errand = Revision | Request | Removal
"""What can be asked for; a `Request` that gives nothing compares all that runs with what it should be."""


class Liaison(Protocol):
    """What the agent does while a change is made.  Whatever it raises ends the change."""

    def ready(self) -> None:
        """All is resolved, and the kernel is about to be looked at."""

    def step(self, hook_id: str) -> None:
        """A step is about to be taken; `hook_id` is the attach point whose link is replaced or removed by it, if any."""

    def waiting(self, why: str) -> None:
        """Another policyd holds the lock."""


class Place(Protocol):
    """Somewhere to have changes made."""

    @property
    def kernel(self) -> Kernel: ...

    def do(self, errand: Errand, liaison: Liaison) -> Applied | Result:
        """Do an errand, once nobody else changes anything; `TrialError` while a change is on trial, else as the engine."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """Changes made in this process: the kernel, the host as it is now, what makes engines, what understands policies."""

    kernel: Kernel
    host: Callable[[], Host]
    engine: Callable[[Host], Engine]
    parse: Callable[[Bundle, str], Loaded]  # a bundle and its source's name, for messages
    resolve: Callable[[Iterable[Policy], Host], tuple[tuple[TypedPolicy, ...], tuple[Problem, ...]]]

    def do(self, errand: Errand, liaison: Liaison) -> Applied | Result:
        """See `Place`."""
        if isinstance(errand, Revision):
            return apply_revision(self, errand, lambda request, host: self._apply(request, host, liaison))
        if isinstance(errand, Request):
            return self._apply(errand, self.host(), liaison)
        engine = self.engine(self.host())
        engine.lock_timeout = errand.seconds
        return engine.delete(errand.names)

    def _apply(self, request: Request, host: Host, liaison: Liaison) -> Result:
        engine = self.engine(host)
        engine.lock_timeout = LOCK_SECONDS
        engine.on_step = lambda step, _number, _total: liaison.step(_let_go(step))
        _end_forgotten_trial(engine)
        liaison.ready()
        while True:
            try:
                return engine.apply(request)
            except LockError as error:
                liaison.waiting(str(error))
            except UsageError:  # a trial that began while the lock was waited for
                _end_forgotten_trial(engine)
                raise


def _let_go(step: Step) -> str:
    """Return the attach point whose link must not be held any more when a step is taken."""
    if isinstance(step, DetachHook):
        return step.id
    return step.point.id if isinstance(step, AttachHook) else ""


def _end_forgotten_trial(engine: Engine) -> None:
    found = engine.pending()
    if found is None:
        return
    if found.seconds_left > -TRIAL_GRACE_SECONDS:
        raise TrialError(max(found.seconds_left, 0.0))
    log(EVENT_TRIAL_FORGOTTEN, token=found.token, since=time.time() + found.seconds_left)
    engine.revert(found.token)
