"""Metrics made of views and rows: what the kernel holds, and how sources, sinks and proofs stand at this moment.

What counts events as they happen (durations, outcomes) is `daemon.telemetry`; here are only states.  Each table's rows are
(metric, type, help, unit, value of one row); the names are listed in docs/metrics.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from policyd.health import SourceState
from policyd.reading.metrics import Family
from policyd.status import DEGRADED, NOT_APPLICABLE, READY, SUSPENDED
from policyd.views.cost import estimated_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from policyd.health import AgentStatus, Books, Proof
    from policyd.reading.metrics import FamilyType, Labels, Number
    from policyd.record import PolicyRecord
    from policyd.status import HookView, MapView, PolicyView

PHASES = (READY, DEGRADED, SUSPENDED, NOT_APPLICABLE)
STATES: tuple[str, ...] = get_args(SourceState)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of one kind of rows: `value` gives a row's number, or None for a row that has none."""

    name: str
    type: FamilyType
    help: str
    value: Callable[[Any], Number | None]
    unit: str = ""

    def family(self, rows: Iterable[tuple[Labels, Any]]) -> Family:
        """Return the metric of all rows."""
        found = ((labels, self.value(row)) for labels, row in rows)
        series = tuple((labels, value) for labels, value in found if value is not None)
        return Family(self.name, "", self.type, self.help, self.unit, series)


def single(name: str, kind: FamilyType, text: str, value: Number, unit: str = "") -> Family:
    """Return a metric of one series without labels."""
    return Family(name, "", kind, text, unit, (({}, value),))


# ------------------------------------------------------------------------------------------------ what the kernel holds

_POLICY = (
    Metric(
        "policyd_policy_missed_total", "counter", "Runs that the kernel dropped at the policy's hooks.", lambda v: v.missed
    ),
    Metric("policyd_policy_rules", "gauge", "Rules of the policy.", lambda v: len(v.record.rules)),
    Metric(
        "policyd_policy_applied_timestamp_seconds",
        "gauge",
        "When the policy was applied.",
        lambda v: v.record.applied,
        "seconds",
    ),
)
_MAP = (
    Metric("policyd_map_entries", "gauge", "Entries in a map of a policy.", lambda v: v.entries),
    Metric("policyd_map_max_entries", "gauge", "Entries that a map of a policy has room for.", lambda v: v.max_entries),
)
_RING = (
    Metric("policyd_ring_waiting_bytes", "gauge", "Bytes of events that wait to be read.", lambda v: v.entries, "bytes"),
    Metric("policyd_ring_size_bytes", "gauge", "Size of the policy's ring.", lambda v: v.max_entries, "bytes"),
)


def kernel_families(
    policies: Mapping[str, PolicyView], hooks: Sequence[HookView], maps: Sequence[MapView], programs: Mapping[str, int]
) -> list[Family]:
    """Return what the kernel holds.  `programs` is the memory of each hook's programs, in bytes."""
    records = {name: view.record for name, view in policies.items()}
    phases = Counter(view.phase for view in policies.values())
    by_policy = [({"policy": name}, view) for name, view in policies.items()]
    outputs = [({"policy": view.policy, "map": view.name}, view) for view in maps if view.purpose != "events"]
    rings = [({"policy": view.policy}, view) for view in maps if view.purpose == "events"]
    memory = Counter[str]()
    for view in maps:
        memory[view.policy] += view.memory or 0
    return [
        _by("policyd_policies", "Policies by phase.", "phase", {phase: phases[phase] for phase in PHASES}),
        _by("policyd_hooks", "Attach points by phase.", "phase", _hook_phases(hooks)),
        _policy_info(policies),
        *(metric.family(by_policy) for metric in _POLICY),
        *(metric.family(outputs) for metric in _MAP),
        *(metric.family(rings) for metric in _RING),
        _by("policyd_policy_memory_bytes", "Kernel memory of the policy's maps.", "policy", memory, "bytes"),
        _by("policyd_program_memory_bytes", "Kernel memory of a hook's programs.", "hook", programs, "bytes"),
        *_cost(records, hooks),
    ]


def _by(name: str, text: str, label: str, values: Mapping[str, Number], unit: str = "") -> Family:
    return Family(name, "", "gauge", text, unit, tuple(({label: key}, value) for key, value in values.items()))


def _hook_phases(hooks: Sequence[HookView]) -> dict[str, int]:
    degraded = sum(1 for view in hooks if view.fault)
    return {READY: len(hooks) - degraded, DEGRADED: degraded}


def _policy_info(policies: Mapping[str, PolicyView]) -> Family:
    series = tuple(
        (
            {
                "policy": name,
                "phase": view.phase,
                "mode": view.mode,
                "severity": view.record.severity,
                "set": view.record.set,
                "revision": view.record.revision,
            },
            1,
        )
        for name, view in policies.items()
    )
    return Family("policyd_policy_info", "", "gauge", "What runs of each policy.", "", series)


def _cost(records: Mapping[str, PolicyRecord], hooks: Sequence[HookView]) -> list[Family]:
    """Return each policy's share of the time of all hooks, if the kernel has measured any."""
    whole = sum(hook.run_time_ns for hook in hooks) * 1e-9
    if not whole:
        return []
    shares = {name: seconds / whole for name, seconds in estimated_seconds(records, hooks).items()}
    text = "Estimate of the policy's share of the time in all hooks, by its number of rules at each."
    return [_by("policyd_policy_cost_estimate_ratio", text, "policy", shares)]


# ------------------------------------------------------------------------------------------------ how the agent stands

_AGENT = (
    Metric("policyd_agent_ready", "gauge", "Whether every source has been applied once.", lambda s: int(s.ready)),
    Metric("policyd_agent_healthy", "gauge", "Whether every loop has turned lately.", lambda s: int(s.healthy)),
)
_SOURCE = (
    Metric("policyd_source_suspended", "gauge", "Whether the source is suspended.", lambda s: int(s.suspended)),
    Metric("policyd_source_policies", "gauge", "Policies of the source that run.", lambda s: len(s.policies)),
    Metric(
        "policyd_source_left_out", "gauge", "Policies of the source that do not run as it says.", lambda s: len(s.left_out)
    ),
    Metric("policyd_source_failures", "gauge", "Failures in a row.", lambda s: s.failures),
    Metric(
        "policyd_source_applied_timestamp_seconds",
        "gauge",
        "When a revision of the source was last applied.",
        lambda s: s.applied or None,
        "seconds",
    ),
    Metric(
        "policyd_source_checked_timestamp_seconds",
        "gauge",
        "When the source was last looked at.",
        lambda s: s.checked or None,
        "seconds",
    ),
)
_SINK = (
    Metric("policyd_sink_sent_total", "counter", "Events that the sink took.", lambda s: s.sent),
    Metric("policyd_sink_filtered_total", "counter", "Events that the sink's filter kept back.", lambda s: s.filtered),
    Metric("policyd_sink_retries_total", "counter", "Batches that were tried again.", lambda s: s.retries),
    Metric("policyd_sink_queued_events", "gauge", "Events that wait in memory.", lambda s: s.queued),
    Metric("policyd_sink_spooled_bytes", "gauge", "Bytes that wait on disk.", lambda s: s.spooled_bytes, "bytes"),
    Metric("policyd_sink_failing", "gauge", "Whether the sink does not take events now.", lambda s: int(bool(s.error))),
)
_BOOKS = (
    Metric("policyd_events_read_total", "counter", "Events that the agent has read.", lambda b: b.read),
    Metric("policyd_events_waiting", "gauge", "Events that wait in the ring.", lambda b: b.waiting),
)
_PROOF = (
    Metric(
        "policyd_policy_proven",
        "gauge",
        "Whether events of the policy came all the way through lately.",
        lambda p: int(p.proven),
    ),
    Metric(
        "policyd_policy_proven_timestamp_seconds",
        "gauge",
        "When the policy was last proven.",
        lambda p: p.when or None,
        "seconds",
    ),
)


def agent_families(status: AgentStatus, proofs: Mapping[str, Proof], books: Iterable[Books]) -> list[Family]:
    """Return how the agent, its sources, sinks and proofs stand."""
    sources = [({"source": row.name}, row) for row in status.sources]
    sinks = [({"sink": row.name}, row) for row in status.sinks]
    by_policy = [({"policy": row.policy}, row) for row in books]
    proven = [({"policy": name}, row) for name, row in sorted(proofs.items())]
    return [
        *(metric.family([({}, status)]) for metric in _AGENT),
        *(metric.family(sources) for metric in _SOURCE),
        _source_states(status),
        _source_info(status),
        *(metric.family(sinks) for metric in _SINK),
        _sink_drops(status),
        *(metric.family(by_policy) for metric in _BOOKS),
        *(metric.family(proven) for metric in _PROOF),
    ]


def _source_states(status: AgentStatus) -> Family:
    series = tuple(
        ({"source": row.name, "state": state}, int(row.state == state)) for row in status.sources for state in STATES
    )
    return Family("policyd_source_state", "", "gauge", "1 for the state that the source is in, else 0.", "", series)


def _source_info(status: AgentStatus) -> Family:
    series = tuple(
        (
            {
                "source": row.name,
                "kind": row.kind,
                "revision": row.revision,
                "digest": row.digest[:12],
                "signer": row.signer,
            },
            1,
        )
        for row in status.sources
    )
    return Family("policyd_source_info", "", "gauge", "What runs of each source.", "", series)


def _sink_drops(status: AgentStatus) -> Family:
    series = tuple(
        ({"sink": row.name, "cause": cause}, count) for row in status.sinks for cause, count in sorted(row.dropped.items())
    )
    return Family("policyd_sink_dropped_total", "", "counter", "Events that the sink did not get, by cause.", "", series)
