"""What `policyd top` shows: two looks at the kernel, and what happened between them, a row a policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.reading.account import EVENT_LOSSES
from policyd.status import READY, hook_views, policy_memory, policy_views
from policyd.views import View
from policyd.views.cost import estimated_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policyd.health import Proof
    from policyd.kernel.port import Kernel
    from policyd.observe import Observed
    from policyd.status import PolicyView

PROVEN, ATTACHED = "Proven", "Attached"


class TopRow(View, frozen=True):
    """A policy.  Rates are per second, null in the first look at it.

    `costEstimate` is its share of the time in its hooks, in CPUs (0.01 is one hundredth of one); null where the kernel does
    not measure.  `bytes` is the kernel memory of its maps.
    """

    policy: str
    status: str
    mode: str
    set: str
    hooks: int
    matched_rate: float | None
    event_rate: float | None
    lost_rate: float | None
    missed_rate: float | None
    acted_rate: float | None
    cost_estimate: float | None
    events: int
    lost: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the kernel saw.  `when` is monotonic, in seconds; `seconds` the estimated run time by policy."""

    when: float
    policies: Mapping[str, PolicyView]
    memory: Mapping[str, int]
    seconds: Mapping[str, float]


def look(observed: Observed, kernel: Kernel, when: float) -> Look:
    """Look at the kernel."""
    hooks = hook_views(observed, kernel)
    return Look(
        when,
        policy_views(observed, kernel),
        policy_memory(observed, kernel),
        estimated_seconds(observed.records, hooks),
    )


def top_rows(before: Look, after: Look, proofs: Mapping[str, Proof]) -> list[TopRow]:
    """Return a row a policy that is there now, in the order of names."""
    measured = any(seconds > before.seconds.get(name, 0.0) for name, seconds in after.seconds.items())
    return [_row(name, before, after, proofs.get(name), measured) for name in sorted(after.policies)]


def _row(name: str, before: Look, after: Look, proof: Proof | None, measured: bool) -> TopRow:
    now, then = after.policies[name], before.policies.get(name)
    span = after.when - before.when

    def rate(value: float, earlier: float | None) -> float | None:
        if earlier is None or span <= 0 or value < earlier:  # it began between the looks, or began anew
            return None
        return round((value - earlier) / span, 6)

    def count(*columns: str) -> float | None:
        return rate(_sum(now, columns), None if then is None else _sum(then, columns))

    cost = rate(after.seconds[name], before.seconds.get(name))
    return TopRow(
        policy=name,
        status=status_of(now.phase, proof),
        mode=now.mode if now.record.acts else "",
        set=now.record.set,
        hooks=len(now.record.points),
        matched_rate=count("matched"),
        event_rate=count("delivered"),
        lost_rate=count(*EVENT_LOSSES),
        missed_rate=rate(now.missed, None if then is None else then.missed),
        acted_rate=count("acted", "would_act"),
        cost_estimate=cost if measured else None,
        events=now.account.get("delivered", 0),
        lost=now.lost,
        bytes=after.memory.get(name, 0),
    )


def _sum(view: PolicyView, columns: tuple[str, ...]) -> int:
    return sum(view.account.get(column, 0) for column in columns)


def status_of(phase: str, proof: Proof | None) -> str:
    """Return a policy's status: its phase, or of a ready one whether it is proven, where somebody proves it."""
    if phase != READY or proof is None:
        return phase
    return PROVEN if proof.proven else ATTACHED
