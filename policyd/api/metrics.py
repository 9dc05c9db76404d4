"""`/metrics`: everything that there is to scrape, as one text.

A part that fails (a map that is in the way of being replaced, a kernel that says no) is left out and named in
`policyd_scrape_failed`; the others are given.  No metric may have series without end: what is too much is cut and counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.log import log
from policyd.reading.account import account_families, hook_families, read_account, read_hooks
from policyd.reading.metrics import read_families
from policyd.sinks.prometheus import exposition
from policyd.status import hook_views, map_views, policy_views, program_memory
from policyd.views.families import Metric, agent_families, kernel_families

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policyd.api.port import Agent
    from policyd.api.snapshot import Kept
    from policyd.observe import Observed
    from policyd.reading.metrics import Family

MAX_SERIES = 10_000
"""Series of one metric of one policy."""
MAX_ALL_SERIES = 100_000
"""Series of one scrape: about 10 MB of text."""

_FAILED = Metric("policyd_scrape_failed", "gauge", "Whether a part of this answer could not be read.", ("part",))
_LEFT_OUT = Metric(
    "policyd_series_left_out", "gauge", "Series that were left out because there were too many.", ("policy", "metric")
)
METRICS: tuple[Metric, ...] = (_FAILED, _LEFT_OUT)


def exposition_of(agent: Agent, observed: Kept[Observed]) -> bytes:
    """Return all metrics as Prometheus text."""
    return exposition(families_of(agent, observed)).encode("utf-8", "backslashreplace")


def families_of(agent: Agent, observed: Kept[Observed]) -> list[Family]:
    """Return all metrics as they are now (also for sinks that send metrics)."""
    parts: dict[str, Callable[[], list[Family]]] = {
        "agent": lambda: [*agent_families(agent.status(), agent.proofs(), agent.books()), *agent.families()],
        "kernel": lambda: _kernel(agent, observed.get()),
        "policies": lambda: _policies(agent, observed.get()),
    }
    found: list[Family] = []
    failed: dict[str, int] = {}
    for name, make in parts.items():
        try:
            found += make()
            failed[name] = 0
        except Exception as error:
            log("scrape-failed", part=name, error=repr(error))
            failed[name] = 1
    return [*bounded(found), _FAILED.family(((part,), value) for part, value in failed.items())]


def _kernel(agent: Agent, observed: Observed) -> list[Family]:
    kernel = agent.kernel
    accounts = {name: read_account(kernel, record.row) for name, record in sorted(observed.records.items())}
    found = kernel_families(
        policy_views(observed, kernel),
        hook_views(observed, kernel),
        list(map_views(observed, kernel)),
        program_memory(observed, kernel),
    )
    return [*found, *account_families(accounts), *hook_families(read_hooks(kernel))]


def _policies(agent: Agent, observed: Observed) -> list[Family]:
    records = sorted(observed.records.items())
    return [family for _, record in records for family in read_families(agent.kernel, record)]


def bounded(families: Iterable[Family], each: int = MAX_SERIES, together: int = MAX_ALL_SERIES) -> list[Family]:
    """Return families with no more series than may be, and a metric that counts those that were left out."""
    found: list[Family] = []
    cut: list[tuple[tuple[str, ...], int]] = []
    for family in families:
        room = max(min(each, together), 0)
        kept = family.series[:room]
        together -= len(kept)
        found.append(family if len(kept) == len(family.series) else replace(family, series=kept))
        if len(kept) < len(family.series):
            cut.append(((family.policy, family.name), len(family.series) - len(kept)))
    return [*found, _LEFT_OUT.family(cut[:each])]
