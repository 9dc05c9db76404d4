"""What became of a change, for each policy and as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from policyd.engine.trial import TrialRecord
    from policyd.errors import PolicydError
    from policyd.plan import Mend, Plan

OutcomeKind = Literal["created", "changed", "unchanged", "removed", "left", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one policy.

    `failed`: `error` says why; if `previous_runs`, the version that ran before still does.  `left`: it stays as it runs,
    because it is not understood any more (`details` says why).  `overrides` are its params that are set by hand.
    """

    policy: str
    kind: OutcomeKind
    details: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: PolicydError | None = None
    previous_runs: bool = False
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """The outcomes in policy name order, the plan as it was asked for, warnings of no policy's, and the seconds it took.

    `trial` is set if the change is on trial.  `mended` is what was changed from outside and has been put right.
    """

    outcomes: tuple[Outcome, ...]
    plan: Plan
    warnings: tuple[str, ...]
    seconds: float
    trial: TrialRecord | None = None
    mended: tuple[Mend, ...] = ()

    @property
    def failed(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.kind == "failed")
