"""One change, from what is asked to what runs: plan, build, carry out; if a step fails, again without who is to blame."""

from __future__ import annotations

import time
from itertools import groupby
from typing import TYPE_CHECKING, Any

from policyd.engine.blame import find_bad
from policyd.engine.hooks import HookSteps
from policyd.engine.maps import MapSteps
from policyd.engine.outcome import Outcome, Result
from policyd.engine.workshop import Maps, Workshop
from policyd.errors import BuildError, KernelError, PolicydError
from policyd.log import EVENT_BUILD_FAILED, EVENT_LEFT_OUT, EVENT_STEP_FAILED, log
from policyd.observe import observe
from policyd.plan import NoRowError, Options, Plan, plan, steps
from policyd.record import HOOKS, POLICIES, SHARED, policy_path, write_record
from policyd.unit import PROCESS_POINTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import ExitStack

    from policyd.engine.compose import Composer, Composition
    from policyd.engine.reconciler import Engine
    from policyd.plan.steps import Step

FIRST_CLEANING_STAGE = steps.DetachHook.stage

ROWS_AT_ONCE = 256
"""How many rows of outer arrays are written at once: each holds a file descriptor until then."""


class StepFailed(Exception):  # noqa: N818 (it ends a round, it is never shown)
    """A step failed, before cleaning; `error` says how."""

    def __init__(self, step: Step, error: PolicydError) -> None:
        self.step, self.error = step, error
        super().__init__(str(error))


class Transaction:
    """Carries one composed request out.

    Every round plans from what the kernel says now.  A round that fails names policies (or attach points that cannot be
    mended) to leave out, and the next round, planned without them, undoes what of theirs had been done.  The programs that
    ran before stay open meanwhile, so that undoing needs no compiler.  A round always names more, so the rounds end.
    """

    def __init__(self, engine: Engine, composer: Composer, stack: ExitStack) -> None:
        self.engine, self.kernel, self.composer = engine, engine.kernel, composer
        self.maps = Maps(self.kernel, stack)
        self.workshop = Workshop(self.kernel, engine.toolchain, self.maps, stack, engine.workers)
        self.hook_steps = HookSteps(self.kernel, self.workshop)
        self.map_steps = MapSteps(self.kernel, self.maps, engine.processes, engine.guard)
        self.blamed: dict[str, PolicydError] = {}
        self.skipped: dict[str, PolicydError] = {}  # attach points (ids) that cannot be mended now
        self.unmended: dict[str, PolicydError] = {}  # policies whose own things cannot be mended now
        self.first = composer.observed
        self.warnings: list[str] = []
        self.undone: list[Step] = []  # steps that failed with a warning

    # -- planning ------------------------------------------------------------------------------------------------

    def compose(self) -> Composition:
        """Return what shall run without the policies to blame; those that cannot change for others' sake are blamed too."""
        while True:
            composition = self.composer.compose(self.blamed)
            new = {name: error for name, error in composition.conflicts.items() if name not in self.blamed}
            if not new:
                return composition
            self._blame(new)

    def plan(self, composition: Composition, *, fresh: bool = True) -> Plan:
        """Plan from what the kernel says now (`fresh`), or as it was at the start."""
        observed = observe(self.kernel) if fresh else self.first
        options = Options(
            composition.frozen,
            frozenset(self.skipped),
            frozenset(self.unmended),
            self.first.records,
            self.engine.table_shape,
        )
        return plan(composition.wanted, observed, options)

    def _blame(self, errors: Mapping[str, PolicydError]) -> None:
        for name, error in errors.items():
            log(EVENT_LEFT_OUT, policy=name, error=str(error))
            self.blamed.setdefault(name, error)

    # -- carrying out --------------------------------------------------------------------------------------------

    def run(self) -> Result:
        """Bring what is asked about, as far as it goes."""
        begun = time.monotonic()
        first: Plan | None = None
        while True:
            composition = self.compose()
            try:
                todo = self.plan(composition, fresh=first is not None)
                first = first or todo
                if self._build(todo, composition):
                    self._carry_out(todo)
                    self._remove_empty(todo)
                    break
            except NoRowError as error:
                self._fault_of((error.policy,), error, composition)
            except StepFailed as failed:
                log(EVENT_STEP_FAILED, step=failed.step.describe(), error=str(failed.error))
                self._fault(failed, composition)
        return self._result(first, composition, begun)

    def rehearse(self) -> Result:
        """Build all that is asked, and leave nothing behind: shared maps that are not there are made, and not pinned."""
        begun = time.monotonic()
        first: Plan | None = None
        while True:
            composition = self.compose()
            try:
                todo = self.plan(composition, fresh=False)
                first = first or todo
                if self._build(todo, composition, pin=False):
                    break
            except NoRowError as error:
                self._fault_of((error.policy,), error, composition)
            except StepFailed as failed:
                self._fault(failed, composition)
        return self._result(first, composition, begun)

    def _remove_empty(self, todo: Plan) -> None:
        """Remove the directories of a host without policies."""
        if todo.records:
            return
        for name in (POLICIES, HOOKS, SHARED):
            if self.kernel.exists(name) and not self.kernel.list(name):
                self.kernel.remove_directory(name)

    def _build(self, todo: Plan, composition: Composition, *, pin: bool = True) -> bool:
        """Make the shared maps and build every program of the plan, before anything else.

        False: some did not build, who is to blame for it has been named, and it is time for another round.
        """
        for step in todo.steps:
            if isinstance(step, steps.CreateShared):
                self._do(step) if pin else self.map_steps.make_shared(step)
        builds = [step for step in todo.steps if isinstance(step, steps.BuildProgram)]
        for step in builds:
            if step.point.id in self.first.hooks:
                self.workshop.adopt(self.first.hooks[step.point.id])
        failed = self.workshop.build_all(step.bound for step in builds)
        for step in builds:
            error = failed.get(step.point.id)
            if error is None:
                continue
            log(EVENT_BUILD_FAILED, unit=step.point.key, error=str(error))
            bad = self._bisect(step.point.id, error, composition) if isinstance(error, BuildError) else {}
            if not bad:
                raise StepFailed(step, error)
            self._blame(bad)
        return not failed

    def _bisect(self, hook_id: str, error: BuildError, composition: Composition) -> Mapping[str, BuildError]:
        at_hook = [name for name in composition.changed if self._touches(name, hook_id, composition)]

        def build_without(names: frozenset[str]) -> BuildError | None:
            trial = self.composer.compose({*self.blamed, *names})
            bound = self.plan(trial, fresh=False).bound.get(hook_id)
            failure = self.workshop.build_all([bound]).get(hook_id) if bound else None
            if failure is None or isinstance(failure, BuildError):
                return failure
            raise failure

        return find_bad(at_hook, error, build_without)

    def _touches(self, name: str, hook_id: str, composition: Composition) -> bool:
        """Whether a policy has rules at an attach point, or had, or needs the process table that is kept there."""
        record = self.first.records.get(name)
        wanted = composition.wanted.get(name)
        new = set(wanted.policy.points) if wanted else set()
        if wanted and wanted.policy.needs_process_table:
            new |= {point.id for point in PROCESS_POINTS}
        return hook_id in new or bool(record and hook_id in record.needed_points)

    def _carry_out(self, todo: Plan) -> None:
        """Do the other steps in their order; from the first cleaning step on, failures are warnings."""
        self.map_steps.forget_waiting()
        left = [step for step in todo.steps if not isinstance(step, (steps.CreateShared, steps.BuildProgram))]
        done = len(todo.steps) - len(left)
        for stage, group in groupby(left, key=lambda step: step.stage):
            for step in group:
                done += 1
                self.engine.on_step(step, done, len(todo.steps))
                if stage < FIRST_CLEANING_STAGE and not isinstance(step, (steps.FillProcesses, steps.FillTree)):
                    self._do(step)
                else:
                    self._try(step)
                if self.map_steps.waiting >= ROWS_AT_ONCE:
                    self._settle()
            self._settle()

    def _settle(self) -> None:
        for step, error in self.map_steps.settle():
            raise StepFailed(step, error)

    def _do(self, step: Step) -> None:
        try:
            _ACTIONS[type(step)](self, step)
        except (PolicydError, OSError) as error:
            raise StepFailed(step, _as_policyd_error(step, error)) from error

    def _try(self, step: Step) -> None:
        try:
            _ACTIONS[type(step)](self, step)
        except (PolicydError, OSError) as error:
            log(EVENT_STEP_FAILED, step=step.describe(), error=str(error))
            self.undone.append(step)
            self.warnings.append(f"could not {step.describe()}: {error}; the next apply tries again")

    def write_policy_record(self, step: steps.WriteRecord) -> None:
        path = policy_path(step.policy)
        self.kernel.make_directory(path)
        write_record(self.kernel, f"{path}/record", self.engine.sign(step.record))

    def forget(self, step: steps.ForgetPolicy) -> None:
        self.kernel.unpin(policy_path(step.policy, "record"))

    # -- faults --------------------------------------------------------------------------------------------------

    def _fault(self, failed: StepFailed, composition: Composition) -> None:
        """Name who is to be left out because of a failed step; raise its error if nobody and nothing is left to name."""
        step = failed.step
        if step.point is None:
            names = step.policies
        else:
            names = tuple(name for name in composition.changed if self._touches(name, step.point.id, composition))
        if set(names).isdisjoint(set(composition.changed) - set(self.blamed)):
            if step.point is not None and step.point.id not in self.skipped:
                self.skipped[step.point.id] = failed.error
                return
            if isinstance(step, steps.PolicyStep) and step.policy not in self.unmended:
                self.unmended[step.policy] = failed.error
                return
        self._fault_of(names, failed.error, composition)

    def _fault_of(self, names: tuple[str, ...], error: PolicydError, composition: Composition) -> None:
        """Blame those of `names` that change; if none does, all that change, so that the next round goes back."""
        changed = [name for name in composition.changed if name not in self.blamed]
        guilty = [name for name in changed if name in names] or changed
        if not guilty:
            raise error
        self._blame(dict.fromkeys(guilty, error))

    # -- outcomes ------------------------------------------------------------------------------------------------

    def _result(self, first: Plan, composition: Composition, begun: float) -> Result:
        mended = tuple(mend for step in first.steps if (mend := step.mend) and not self._left(step))
        seconds = time.monotonic() - begun
        return Result(self.outcomes(first, composition), first, tuple(self.warnings), seconds, mended=mended)

    def _left(self, step: Step) -> bool:
        """Whether a step of the first plan was not done after all."""
        at_skipped = step.point is not None and step.point.id in self.skipped
        unmended = isinstance(step, steps.PolicyStep) and step.policy in self.unmended
        return at_skipped or unmended or step in self.undone

    def outcomes(self, first: Plan, composition: Composition) -> tuple[Outcome, ...]:
        """Return what became of each policy, in name order."""
        names = sorted({*first.changes, *self.blamed})
        return tuple(self._outcome(name, first, composition) for name in names)

    def _outcome(self, name: str, first: Plan, composition: Composition) -> Outcome:
        wanted = composition.wanted.get(name)
        warnings = wanted.warnings if wanted else ()
        error = self.blamed.get(name) or self.unmended.get(name) or self._skipped_error(name, composition)
        if error is not None:
            return Outcome(name, "failed", (), warnings, error, previous_runs=name in self.first.records)
        change = first.changes[name]
        return Outcome(name, change.kind, change.details, warnings, overrides=change.overrides)

    def _skipped_error(self, name: str, composition: Composition) -> PolicydError | None:
        found = (error for hook_id, error in self.skipped.items() if self._touches(name, hook_id, composition))
        return next(found, None)


def _as_policyd_error(step: Step, error: PolicydError | OSError) -> PolicydError:
    if isinstance(error, PolicydError):
        return error
    return KernelError(step.describe(), error.errno or 0)


_ACTIONS: dict[type[Step], Callable[[Transaction, Any], None]] = {
    steps.CreateShared: lambda run, step: run.map_steps.create_shared(step),
    steps.BuildProgram: lambda run, step: run.hook_steps.build(step),
    steps.PrepareRow: lambda run, step: run.map_steps.prepare_row(step),
    steps.CreateRing: lambda run, step: run.map_steps.create_ring(step),
    steps.CreateMap: lambda run, step: run.map_steps.create_map(step),
    steps.PlaceMap: lambda run, step: run.map_steps.place_map(step),
    steps.SetNewScalar: lambda run, step: run.map_steps.set_scalar(step),
    steps.AttachHook: lambda run, step: run.hook_steps.attach(step),
    steps.MendLinks: lambda run, step: run.hook_steps.mend_links(step),
    steps.WriteRecord: lambda run, step: run.write_policy_record(step),
    steps.ForgetPolicy: lambda run, step: run.forget(step),
    steps.SetConfig: lambda run, step: run.map_steps.set_config(step),
    steps.SwapProgram: lambda run, step: run.hook_steps.swap(step),
    steps.FillList: lambda run, step: run.map_steps.fill_list(step),
    steps.SetScalar: lambda run, step: run.map_steps.set_scalar(step),
    steps.FillProcesses: lambda run, step: run.map_steps.fill_processes(step),
    steps.FillTree: lambda run, step: run.map_steps.fill_tree(step),
    steps.DetachHook: lambda run, step: run.hook_steps.detach(step),
    steps.FreeMap: lambda run, step: run.map_steps.free_map(step),
    steps.RemoveDirectory: lambda run, step: run.map_steps.remove_directory(step),
    steps.FreeShared: lambda run, step: run.map_steps.free_shared(step),
}
"""How each step is done."""
