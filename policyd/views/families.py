"""Metrics made of views and rows: what the kernel holds, and how sources, sinks and proofs stand at this moment.

What counts events as they happen (durations, outcomes) is `daemon.telemetry`; here are only states.  docs/metrics.md lists
all metrics; `daemon.catalogue` knows them.
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
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from policyd.health import AgentStatus, Books, Proof
    from policyd.reading.metrics import FamilyType, Number, SeriesValue
    from policyd.record import PolicyRecord
    from policyd.status import HookView, MapView, PolicyView

PHASES = (READY, DEGRADED, SUSPENDED, NOT_APPLICABLE)
STATES: tuple[str, ...] = get_args(SourceState)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of policyd's own, as docs/metrics.md lists it."""

    name: str
    type: FamilyType
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""

    def family(self, series: Iterable[tuple[tuple[str, ...], SeriesValue | None]]) -> Family:
        """Return it with the values of its labels and their numbers; those without a number (None) are left out."""
        found = tuple((dict(zip(self.labels, key, strict=True)), value) for key, value in series if value is not None)
        return Family(self.name, "", self.type, self.help, self.unit, found)


Column = tuple[Metric, "Callable[[Any], Number | None]"]
"""A metric of one kind of rows, and what gives a row's number."""


def _columns(table: tuple[Column, ...], rows: Sequence[tuple[tuple[str, ...], Any]]) -> list[Family]:
    return [metric.family((key, value(row)) for key, row in rows) for metric, value in table]


# ------------------------------------------------------------------------------------------------ what the kernel holds

_POLICY: tuple[Column, ...] = (
    (
        Metric("policyd_policy_missed_total", "counter", "Runs that the kernel dropped at the policy's hooks.", ("policy",)),
        lambda view: view.missed,
    ),
    (Metric("policyd_policy_rules", "gauge", "Rules of the policy.", ("policy",)), lambda view: len(view.record.rules)),
    (
        Metric("policyd_policy_applied_timestamp_seconds", "gauge", "When it was applied.", ("policy",), "seconds"),
        lambda view: view.record.applied,
    ),
)
_MAP: tuple[Column, ...] = (
    (
        Metric("policyd_map_entries", "gauge", "Entries in a map of a policy.", ("policy", "map")),
        lambda view: view.entries,
    ),
    (
        Metric("policyd_map_max_entries", "gauge", "Entries that a map of a policy has room for.", ("policy", "map")),
        lambda view: view.max_entries,
    ),
)
_RING: tuple[Column, ...] = (
    (
        Metric("policyd_ring_waiting_bytes", "gauge", "Events in the ring that are to be read.", ("policy",), "bytes"),
        lambda view: view.entries,
    ),
    (
        Metric("policyd_ring_size_bytes", "gauge", "Size of the policy's ring.", ("policy",), "bytes"),
        lambda view: view.max_entries,
    ),
)
_PHASES = Metric("policyd_policies", "gauge", "Policies by phase.", ("phase",))
_HOOKS = Metric("policyd_hooks", "gauge", "Attach points by phase.", ("phase",))
_POLICY_INFO = Metric(
    "policyd_policy_info", "gauge", "What runs of each policy.", ("policy", "phase", "mode", "severity", "set", "revision")
)
_MAP_MEMORY = Metric(
    "policyd_policy_memory_bytes", "gauge", "Kernel memory of the policy's maps, its ring too.", ("policy",), "bytes"
)
_PROGRAM_MEMORY = Metric("policyd_program_memory_bytes", "gauge", "Kernel memory of a hook's programs.", ("hook",), "bytes")
_COST = Metric(
    "policyd_policy_cost_estimate_ratio",
    "gauge",
    "Estimate of the policy's share of the time in all hooks, by its number of rules at each (while statistics are on).",
    ("policy",),
)


def kernel_families(
    policies: Mapping[str, PolicyView], hooks: Sequence[HookView], maps: Sequence[MapView], programs: Mapping[str, int]
) -> list[Family]:
    """Return what the kernel holds.  `programs` is the memory of each hook's programs, in bytes."""
    phases = Counter(view.phase for view in policies.values())
    degraded = sum(1 for view in hooks if view.fault)
    memory = Counter[str]()
    for view in maps:
        memory[view.policy] += view.memory or 0
    return [
        _PHASES.family(((phase,), phases[phase]) for phase in PHASES),
        _HOOKS.family((((READY,), len(hooks) - degraded), ((DEGRADED,), degraded))),
        _POLICY_INFO.family((_about(name, view), 1) for name, view in policies.items()),
        *_columns(_POLICY, [((name,), view) for name, view in policies.items()]),
        *_columns(_MAP, [((view.policy, view.name), view) for view in maps if view.purpose != "events"]),
        *_columns(_RING, [((view.policy,), view) for view in maps if view.purpose == "events"]),
        _MAP_MEMORY.family(((name,), memory[name]) for name in policies),
        _PROGRAM_MEMORY.family(((hook,), found) for hook, found in programs.items()),
        _COST.family(_shares({name: view.record for name, view in policies.items()}, hooks)),
    ]


def _about(name: str, view: PolicyView) -> tuple[str, ...]:
    return name, view.phase, view.mode, view.record.severity, view.record.set, view.record.revision


def _shares(
    records: Mapping[str, PolicyRecord], hooks: Sequence[HookView]
) -> Iterator[tuple[tuple[str, ...], float | None]]:
    """Yield each policy's share of the time of all hooks, if the kernel has measured any."""
    whole = sum(hook.run_time_ns for hook in hooks) * 1e-9
    for name, seconds in estimated_seconds(records, hooks).items() if whole else ():
        yield (name,), seconds / whole


# ------------------------------------------------------------------------------------------------ how the agent stands

_AGENT: tuple[Column, ...] = (
    (Metric("policyd_agent_ready", "gauge", "Whether every source has been applied once."), lambda row: int(row.ready)),
    (Metric("policyd_agent_healthy", "gauge", "Whether every loop has turned lately."), lambda row: int(row.healthy)),
)
_SOURCE: tuple[Column, ...] = (
    (
        Metric("policyd_source_suspended", "gauge", "Whether the source is suspended.", ("source",)),
        lambda row: int(row.suspended),
    ),
    (
        Metric("policyd_source_policies", "gauge", "Policies of the source that run.", ("source",)),
        lambda row: len(row.policies),
    ),
    (
        Metric("policyd_source_left_out", "gauge", "Policies of the source that do not run as it says.", ("source",)),
        lambda row: len(row.left_out),
    ),
    (Metric("policyd_source_failures", "gauge", "Failures in a row.", ("source",)), lambda row: row.failures),
    (
        Metric("policyd_source_applied_timestamp_seconds", "gauge", "When it was last applied.", ("source",), "seconds"),
        lambda row: row.applied or None,
    ),
    (
        Metric("policyd_source_checked_timestamp_seconds", "gauge", "When it was last looked at.", ("source",), "seconds"),
        lambda row: row.checked or None,
    ),
)
_SINK: tuple[Column, ...] = (
    (Metric("policyd_sink_sent_total", "counter", "Events that the sink took.", ("sink",)), lambda row: row.sent),
    (
        Metric("policyd_sink_filtered_total", "counter", "Events that the sink's filter kept back.", ("sink",)),
        lambda row: row.filtered,
    ),
    (Metric("policyd_sink_retries_total", "counter", "Batches that were tried again.", ("sink",)), lambda row: row.retries),
    (Metric("policyd_sink_queued_events", "gauge", "Events that wait, on disk too.", ("sink",)), lambda row: row.queued),
    (
        Metric("policyd_sink_spooled_bytes", "gauge", "Events that wait on disk.", ("sink",), "bytes"),
        lambda row: row.spooled_bytes,
    ),
    (
        Metric("policyd_sink_failing", "gauge", "Whether the sink does not take events now.", ("sink",)),
        lambda row: int(bool(row.error)),
    ),
)
_BOOKS: tuple[Column, ...] = (
    (Metric("policyd_events_read_total", "counter", "Events that the agent has read.", ("policy",)), lambda row: row.read),
    (Metric("policyd_events_waiting", "gauge", "Events that wait in the ring.", ("policy",)), lambda row: row.waiting),
)
_PROOF: tuple[Column, ...] = (
    (
        Metric("policyd_policy_proven", "gauge", "Whether events came all the way through lately.", ("policy",)),
        lambda row: int(row.proven),
    ),
    (
        Metric("policyd_policy_proven_timestamp_seconds", "gauge", "When it was last proven.", ("policy",), "seconds"),
        lambda row: row.when or None,
    ),
)
_SOURCE_STATE = Metric(
    "policyd_source_state", "gauge", "1 for the state that the source is in, else 0.", ("source", "state")
)
_SOURCE_INFO = Metric(
    "policyd_source_info", "gauge", "What runs of each source.", ("source", "kind", "revision", "digest", "signer")
)
_SINK_DROPPED = Metric(
    "policyd_sink_dropped_total", "counter", "Events that the sink did not get, by cause.", ("sink", "cause")
)


def agent_families(status: AgentStatus, proofs: Mapping[str, Proof], books: Iterable[Books]) -> list[Family]:
    """Return how the agent, its sources, sinks and proofs stand."""
    return [
        *_columns(_AGENT, [((), status)]),
        *_columns(_SOURCE, [((row.name,), row) for row in status.sources]),
        _SOURCE_STATE.family(((row.name, state), int(row.state == state)) for row in status.sources for state in STATES),
        _SOURCE_INFO.family(((row.name, row.kind, row.revision, row.digest[:12], row.signer), 1) for row in status.sources),
        *_columns(_SINK, [((row.name,), row) for row in status.sinks]),
        _SINK_DROPPED.family(
            ((row.name, cause), count) for row in status.sinks for cause, count in sorted(row.dropped.items())
        ),
        *_columns(_BOOKS, [((row.policy,), row) for row in books]),
        *_columns(_PROOF, [((name,), row) for name, row in sorted(proofs.items())]),
    ]


METRICS: tuple[Metric, ...] = (
    *(metric for table in (_AGENT, _SOURCE, _SINK, _BOOKS, _PROOF, _POLICY, _MAP, _RING) for metric, _ in table),
    *(_SOURCE_STATE, _SOURCE_INFO, _SINK_DROPPED, _PHASES, _HOOKS, _POLICY_INFO, _MAP_MEMORY, _PROGRAM_MEMORY, _COST),
)
"""All metrics that this module makes."""
