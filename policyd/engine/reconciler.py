"""`Engine`: everything that changes what runs goes through here."""

from __future__ import annotations

import os
import resource
import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policyd import __version__
from policyd.engine import trial
from policyd.engine.compose import Composer, Request
from policyd.engine.guard import Guard
from policyd.engine.transaction import Transaction
from policyd.errors import NotFoundError, OwnershipError, PolicydError, UsageError
from policyd.log import EVENT_REVERTED, log
from policyd.observe import Observed, observe
from policyd.plan import Options, Plan, plan
from policyd.record import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policyd.engine.outcome import Result
    from policyd.engine.seams import ProcessTable, Resolver, Toolchain
    from policyd.engine.trial import TrialRecord
    from policyd.kernel.port import Kernel
    from policyd.plan.shared import SharedShape
    from policyd.plan.steps import Step
    from policyd.record import PolicyRecord


def _silent(_step: Step, _number: int, _total: int) -> None:
    """Tell nobody of a step."""


@dataclass(slots=True)
class Engine:
    """Reconciles a host with policies; see the package for the failure contract.

    `on_step(step, number, total)` is called before each step, `waiting()` once if another policyd holds the lock.
    `lock_timeout` is in seconds, None waits for ever.  `workers` is how many units are built side by side.
    """

    kernel: Kernel
    toolchain: Toolchain
    resolve: Resolver
    processes: ProcessTable | None = None
    on_step: Callable[[Step, int, int], None] = _silent
    waiting: Callable[[], object] | None = None
    lock_timeout: float | None = None
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    guard: Guard = field(init=False)

    def __post_init__(self) -> None:
        self.guard = Guard(self.kernel)

    @property
    def table_shape(self) -> SharedShape | None:
        """The shape that the process table shall have."""
        return self.processes.shape if self.processes else None

    # -- looking -------------------------------------------------------------------------------------------------

    def plan(self, request: Request) -> Plan:
        """Return what `apply` would do, read only."""
        observed = self._observe()
        composition = Composer(request, observed, self.resolve).compose()
        for error in composition.conflicts.values():
            raise error
        options = Options(composition.frozen, previous=observed.records, processes=self.table_shape)
        return plan(composition.wanted, observed, options)

    def dry_run(self, request: Request) -> Result:
        """Build every program that `apply` would need, past the verifier; attach nothing, leave nothing."""
        observed = self._observe()
        with ExitStack() as stack:
            return Transaction(self, Composer(request, observed, self.resolve), stack).rehearse()

    def pending(self) -> TrialRecord | None:
        """Return the change that is on trial."""
        return trial.pending(self.kernel)

    # -- changing ------------------------------------------------------------------------------------------------

    def apply(self, request: Request, try_seconds: float | None = None) -> Result:
        """Bring a request about.  With `try_seconds` it is on trial: the caller starts `trial.wait` with `Result.trial`."""
        self.kernel.ensure_root()
        with self._lock():
            self._refuse_trial()
            return self._apply(request, try_seconds)

    def delete(self, names: frozenset[str] | None) -> Result:
        """Remove policies by name, or all of them (None), with their maps, programs, links and pins."""
        self.kernel.ensure_root()
        with self._lock():
            self._refuse_trial()
            if names is None:
                return self._run(Request(exact=()))
            return self._run(Request(remove=names))

    def set_params(self, policy: str, changes: Mapping[str, tuple[str, ...] | None]) -> Result:
        """Set params of a policy by hand (None: back to the file's value), without a reload; kept by every later apply."""
        self.kernel.ensure_root()
        with self._lock():
            self._refuse_trial()
            return self._run(Request(overrides={policy: changes}))

    # -- trials --------------------------------------------------------------------------------------------------

    def confirm(self) -> TrialRecord:
        """Keep the change that is on trial."""
        if self.kernel.exists(""):  # the lock would make it
            with self._lock():
                found = self.pending()
                if found is not None:
                    self.kernel.unpin(trial.PENDING)
                    return found
        raise NotFoundError("no change is on trial; if its time was over, it has been reverted")

    def revert(self, token: str = "") -> Result | None:
        """Put back what stood before the trial (`token`, or whichever there is); None if there is no such trial."""
        if not self.kernel.exists(""):
            return None
        with self._lock():
            found = self.pending()
            if found is None or (token and found.token != token):
                return None
            result = self._run(self._going_back(found))
            self.kernel.unpin(trial.PENDING)
            log(EVENT_REVERTED, token=found.token)
            return result

    def _going_back(self, found: TrialRecord) -> Request:
        """Ask for what stood before the trial; what is not understood any more stays as it is."""
        before, keep = [], set()
        for row in found.policies:
            try:
                policy, warnings = self.resolve(row.document, row.overrides)
            except PolicydError:
                keep.add(row.name)
                continue
            before.append(Wanted(replace(policy, source=row.source), row.set, row.revision, row.overrides, warnings))
        return Request(exact=tuple(before), keep=frozenset(keep))

    def _refuse_trial(self) -> None:
        found = self.pending()
        if found is None:
            return
        late = found.seconds_left < 0
        when = "should have been reverted, and was not" if late else f"is on trial for another {found.seconds_left:.0f} s"
        raise UsageError(f"a change {when}: `policyd confirm` keeps it, `policyd confirm --revert` takes it back")

    # -- inside --------------------------------------------------------------------------------------------------

    def _lock(self) -> Any:
        self.guard.join()
        return self.kernel.lock(self.lock_timeout, self.waiting)

    def _observe(self) -> Observed:
        observed = observe(self.kernel)
        newer = [reason for reason in observed.damaged if "has schema" in reason]
        if newer:
            raise OwnershipError(newer[0])
        return observed

    def _apply(self, request: Request, try_seconds: float | None) -> Result:
        if try_seconds is None:
            return self._run(request)
        started = trial.begin(self.kernel, secrets.token_hex(8), try_seconds, self._observe().records.values())
        try:
            return replace(self._run(request), trial=started)
        except BaseException:
            self.kernel.unpin(trial.PENDING)
            raise

    def _run(self, request: Request) -> Result:
        _allow_many_files()
        self.kernel.remove_tree("staging")
        observed = self._observe()
        with ExitStack() as stack:
            return Transaction(self, Composer(request, observed, self.resolve), stack).run()

    def sign(self, record: PolicyRecord) -> PolicyRecord:
        """Return a record with who writes it, and when."""
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return replace(record, policyd=__version__, boot_id=boot_id, applied=time.time())


def _allow_many_files() -> None:
    """Raise the soft limit of open files: a change of a policy on every system call holds more than a thousand programs."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
