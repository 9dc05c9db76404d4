"""What the agent says of itself: statuses as frozen rows, which the API gives as JSON and the command line as tables.

The agent's parts make them (sources, reconciler, prover, sinks); nothing is computed here.  Times are seconds since 1970
unless a name says otherwise; an empty text or 0.0 means `not yet`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SourceState = Literal["Pending", "Applied", "Degraded", "Refused", "Unreachable", "Suspended", "Waiting"]
"""Refused: the newest revision is not acceptable (bad document, bad signature, too old), the last good one runs.
Degraded: applied, but some of its policies were left out.  Waiting: for a source that it depends on."""

Outcome = Literal["applied", "unchanged", "partial", "refused", "failed", "rolled-back"]


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """One revision in a source's history.  `revision` is for people (a commit, a tag), `digest` what was hashed and runs."""

    revision: str
    digest: str
    when: float
    outcome: Outcome
    policies: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source: its set's name, what runs of it, and what it wants to run next.

    `revision` and `digest` are of what runs; `seen` is the newest revision that was looked at; `signer` signed `revision`.
    `history` begins with the newest.
    """

    name: str
    kind: str
    where: str
    state: SourceState
    reason: str = ""
    revision: str = ""
    digest: str = ""
    seen: str = ""
    signer: str = ""
    suspended: bool = False
    policies: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)  # policy → why
    applied: float = 0.0
    checked: float = 0.0
    next_try: float = 0.0
    failures: int = 0
    history: tuple[RevisionRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether events of a policy are known to come all the way through: hook, program, ring, agent.

    `by` is `canary` or `event`; `reason` says why it is not proven (what no canary can reach, or what was missed).
    """

    policy: str
    proven: bool
    by: Literal["", "canary", "event"] = ""
    when: float = 0.0
    reason: str = ""
    hooks: dict[str, bool] = field(default_factory=dict)  # attach point → proven within the period


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """A sink's account: events since the agent began.  `dropped` is by cause; `queued` and `spooled_bytes` are of now."""

    name: str
    kind: str
    where: str
    sent: int
    queued: int
    dropped: dict[str, int]
    filtered: int = 0
    spooled_bytes: int = 0
    retries: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Books:
    """A policy's events: `matched = delivered + lost + held` in the kernel, `delivered = read + waiting` here.

    `held` are those that a rate or a sample held back.
    """

    policy: str
    matched: int
    delivered: int
    lost: dict[str, int]
    read: int
    waiting: int
    held: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One thing that somebody else changed, and what was done about it."""

    when: float
    what: str
    where: str
    repaired: bool
    seconds: float = 0.0
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """The agent as a whole.  `ready`: every source has been applied once; `healthy`: every loop has turned lately."""

    version: str
    node: str
    pid: int
    started: float
    ready: bool
    healthy: bool
    reasons: tuple[str, ...] = ()
    drift_mode: Literal["repair", "report"] = "repair"
    sources: tuple[SourceStatus, ...] = ()
    sinks: tuple[SinkStatus, ...] = ()
    drift: tuple[DriftRow, ...] = ()  # the last ones, newest first
