"""What the canaries and events that came through say of a policy.  Pure.

In: for each attach point of a policy, how it was proven or why it was not.  Out: a `Proof`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from policyd.health import Proof

if TYPE_CHECKING:
    from collections.abc import Iterable

By = Literal["", "canary", "event"]

_REASONS = 3
"""How many reasons are told."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One attach point of a policy: by what it was proven within the period (empty: it was not, and `reason` says why).

    `beside`: only 32-bit callers come there, and the rule is elsewhere too, for all others.
    """

    key: str
    by: By = ""
    reason: str = ""
    beside: bool = False


def prove(policy: str, seen: Iterable[Seen], now: float, before: Proof | None = None) -> Proof:
    """Return the proof of a policy: it is proven if each of its attach points is, but those where only 32-bit callers come.

    `now` is in seconds since 1970; where nothing is proven, `when` stays the time of the proof before.
    """
    seen = tuple(seen)
    hooks = {one.key: bool(one.by) for one in seen}
    needed = [one for one in seen if one.by or not one.beside]
    if needed and all(one.by for one in needed):
        by: By = "canary" if all(one.by == "canary" for one in needed) else "event"
        return Proof(policy, True, by, now, "", hooks)
    return Proof(policy, False, "", before.when if before else 0.0, _reason(seen), hooks)


def _reason(seen: tuple[Seen, ...]) -> str:
    if not seen:
        return "it has no attach point on this host"
    by_reason: dict[str, list[str]] = {}
    for one in seen:
        if not one.by:
            by_reason.setdefault(one.reason, []).append(one.key)
    lines = [_line(reason, keys) for reason, keys in by_reason.items()]
    more = [f"{len(lines) - _REASONS} more"] if len(lines) > _REASONS else []
    return "; ".join([*lines[:_REASONS], *more])


def _line(reason: str, keys: list[str]) -> str:
    others = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return f"{keys[0]}{others}: {reason}"


def expired(proof: Proof, seconds: float) -> Proof:
    """Return what a proof is worth once no canary has been made for so many seconds."""
    reason = f"no canary has been made for {seconds:.0f} s: the prover stands still"
    return Proof(proof.policy, False, "", proof.when, reason, dict.fromkeys(proof.hooks, False))
