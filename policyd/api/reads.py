"""Routes that change nothing: health, metrics, and the state as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.api.request import PROMETHEUS, Answer, answer_items, answer_json
from policyd.errors import NotFoundError
from policyd.text import did_you_mean, quote
from policyd.views import View
from policyd.views.agent import show
from policyd.views.snapshots import read_snapshots, snapshot_item, snapshot_names
from policyd.views.tables import check_names, read_tables, table_item, table_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.api.request import Request
    from policyd.health import SourceStatus


DEFAULT_ROWS, MOST_ROWS = 1000, 100_000
"""Rows of each table in one answer."""


class Health(View, frozen=True):
    """Whether all is well, and if not, why."""

    ok: bool
    reasons: list[str]


def healthz(request: Request) -> Answer:
    """Every loop of the agent has turned lately."""
    status = request.agent.status()
    return _health(status.healthy, status.reasons)


def readyz(request: Request) -> Answer:
    """Every source has been applied once."""
    status = request.agent.status()
    return _health(status.ready, status.reasons)


def _health(ok: bool, reasons: Iterable[str]) -> Answer:
    return answer_json(Health(ok=ok, reasons=list(reasons)), 200 if ok else 503)


def metrics(request: Request) -> Answer:
    """All metrics of policies and of the agent."""
    return Answer(request.snapshot.metrics.get(), PROMETHEUS)


def status(request: Request) -> Answer:
    """The agent as a whole, with its sources, sinks, and the last drift."""
    return answer_json(show(request.agent.status()))


def policies(request: Request) -> Answer:
    """Every policy as it was applied, with its status."""
    return answer_items(request.snapshot.policies.get())


def policy(request: Request) -> Answer:
    """One policy."""
    found = {str(item.metadata.get("name")): item for item in request.snapshot.policies.get()}
    if request.name not in found:
        raise NotFoundError(_absent("policy", request.name, found))
    return answer_json(found[request.name])


def hooks(request: Request) -> Answer:
    """Every attach point."""
    return answer_items(request.snapshot.hooks.get())


def maps(request: Request) -> Answer:
    """Every map of every policy."""
    return answer_items(request.snapshot.maps.get())


def records(request: Request) -> Answer:
    """Records as they are pinned; their shape follows their `schema`."""
    return answer_items(request.snapshot.records.get())


def tables(request: Request) -> Answer:
    """The tables of policies, each with its first rows, in the order of their keys."""
    names = (request.one("table"),) if request.one("table") else ()
    most = min(int(request.one("limit", str(DEFAULT_ROWS))), MOST_ROWS)
    records = request.snapshot.observed.get().records.values()
    policy = request.one("policy")
    check_names(names, table_names(records, policy), policy)
    return answer_items(map(table_item, read_tables(request.agent.kernel, records, most, policy, names)))


def snapshots(request: Request) -> Answer:
    """What the rules of snapshots show now: the kernel is gone through for each request."""
    names = (request.one("rule"),) if request.one("rule") else ()
    most = min(int(request.one("limit", str(DEFAULT_ROWS))), MOST_ROWS)
    records = request.snapshot.observed.get().records.values()
    policy = request.one("policy")
    check_names(names, snapshot_names(records, policy), policy)
    return answer_items(map(snapshot_item, read_snapshots(request.agent.kernel, records, most, policy, names)))


def sources(request: Request) -> Answer:
    """Every source, with the history of its revisions."""
    return answer_items(map(show, request.agent.status().sources))


def source(request: Request) -> Answer:
    """One source."""
    return answer_json(show(find_source(request)))


def find_source(request: Request) -> SourceStatus:
    """Return the source that the path names; `NotFoundError`."""
    found = {status.name: status for status in request.agent.status().sources}
    if request.name not in found:
        raise NotFoundError(_absent("source", request.name, found))
    return found[request.name]


def sinks(request: Request) -> Answer:
    """Every sink with its account."""
    return answer_items(map(show, request.agent.status().sinks))


def books(request: Request) -> Answer:
    """What became of every policy's events: matched = delivered + lost, delivered = read + waiting."""
    return answer_items(map(show, request.agent.books()))


def drift(request: Request) -> Answer:
    """What others changed last, newest first."""
    return answer_items(map(show, request.agent.status().drift))


def proofs(request: Request) -> Answer:
    """Which policies' events are known to come all the way through."""
    return answer_items(show(proof) for _, proof in sorted(request.agent.proofs().items()))


def _absent(kind: str, name: str, known: Iterable[str]) -> str:
    names = list(known)
    hint = did_you_mean(name, names)
    return f"there is no {kind} {quote(name)}" + (f"; {hint}" if hint else "")
