"""`/metrics`: everything that there is to scrape, as one text.

A part that fails (a map that is in the way of being replaced, a kernel that says no) is left out and named in
`policyd_scrape_failed`; the others are given.  No metric may have series without end: what is too much is cut and counted.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from policyd.log import log
from policyd.reading.account import account_families, hook_families, read_account, read_hooks
from policyd.reading.metrics import metric_maps, names_of, read_map
from policyd.sinks.prometheus import exposition
from policyd.status import hook_views, map_views, policy_views, program_memory
from policyd.views.families import Metric, agent_families, kernel_families

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policyd.api.port import Agent
    from policyd.api.snapshot import Kept
    from policyd.kernel.port import Kernel
    from policyd.observe import Observed
    from policyd.reading.metrics import Family
    from policyd.record import MapRecord

MAX_SERIES = 10_000
"""Series of one metric of one policy."""
MAX_ALL_SERIES = 100_000
"""Series of one scrape: about 10 MB of text."""

_FAILED = Metric("policyd_scrape_failed", "gauge", "Whether a part of this answer could not be read.", ("part",))
_LEFT_OUT = Metric(
    "policyd_series_left_out", "gauge", "Series that were left out because there were too many.", ("policy", "metric")
)
METRICS: tuple[Metric, ...] = (_FAILED, _LEFT_OUT)

Value = TypeVar("Value")


class Budget:
    """Counts series, and cuts what goes beyond: `each` of one family, `together` of all."""

    def __init__(self, each: int = MAX_SERIES, together: int = MAX_ALL_SERIES) -> None:
        self._each, self._together = each, together
        self._cut: list[tuple[tuple[str, ...], int]] = []

    def bounded(self, family: Family) -> Family:
        """Return the family with no more series than may be."""
        kept = family.series[: min(self._each, self._together)]
        self._together -= len(kept)
        if len(kept) == len(family.series):
            return family
        if len(self._cut) < self._each:
            self._cut.append(((family.policy, family.name), len(family.series) - len(kept)))
        return replace(family, series=kept)

    def told(self) -> Family:
        """Return the metric of what was cut."""
        return _LEFT_OUT.family(self._cut)


def exposition_of(agent: Agent, observed: Kept[Observed]) -> bytes:
    """Return all metrics as Prometheus text, made metric by metric: those of policies can be many."""
    return "".join(map(exposition, _groups(agent, observed))).encode("utf-8", "backslashreplace")


def families_of(agent: Agent, observed: Kept[Observed]) -> list[Family]:
    """Return all metrics as they are now (for sinks that send metrics)."""
    return [family for group in _groups(agent, observed) for family in group]


def _groups(agent: Agent, observed: Kept[Observed]) -> Iterator[list[Family]]:
    """Yield families, those of one name together; last, those about this scrape itself."""
    budget, failed = Budget(), dict.fromkeys(("agent", "kernel", "policies"), 0)
    own = [
        *_attempt("agent", failed, lambda: _agent(agent)),
        *_attempt("kernel", failed, lambda: _kernel(agent, observed.get())),
    ]
    taken = {family.name for family in own}
    for names, maps in _attempt("policies", failed, lambda: _wanted(observed.get())):
        found = _attempt("policies", failed, partial(_read, agent.kernel, maps))
        if names & taken:
            own += found  # one metric has one place
        else:
            yield list(map(budget.bounded, found))
    yield list(map(budget.bounded, own))
    yield [budget.told(), _FAILED.family(((part,), value) for part, value in failed.items())]


def _attempt(part: str, failed: dict[str, int], make: Callable[[], list[Value]]) -> list[Value]:
    try:
        return make()
    except Exception as error:
        log("scrape-failed", part=part, error=repr(error))
        failed[part] = 1
        return []


def _agent(agent: Agent) -> list[Family]:
    return [*agent_families(agent.status(), agent.proofs(), agent.books()), *agent.families()]


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


def _wanted(observed: Observed) -> list[tuple[set[str], list[tuple[str, MapRecord]]]]:
    """Return the maps of policies, those together that share a metric's name, each group with its names; sorted by them."""
    groups: dict[str, tuple[set[str], list[tuple[str, MapRecord]]]] = {}
    for policy, record in sorted(observed.records.items()):
        for known in metric_maps(record):
            names = names_of(known)
            group: tuple[set[str], list[tuple[str, MapRecord]]] = (set(names), [])
            for other in {id(groups[name]): groups[name] for name in names if name in groups}.values():
                group = (other[0] | group[0], other[1] + group[1])
            group[1].append((policy, known))
            groups |= dict.fromkeys(group[0], group)
    return sorted({id(group): group for group in groups.values()}.values(), key=lambda group: min(group[0]))


def _read(kernel: Kernel, maps: list[tuple[str, MapRecord]]) -> list[Family]:
    return [family for policy, known in maps for family in read_map(kernel, policy, known)]
