"""Every route of the API as a row: method, path, who may, what it does, what it answers.

`application` serves these rows, `openapi` describes them, docs/api.md lists them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from policyd.api import commands, openapi, reads, stream
from policyd.api.request import JSON, NDJSON, PROMETHEUS, Parameter
from policyd.health import AgentStatus, Books, DriftRow, Proof, SinkStatus, SourceStatus
from policyd.views.agent import model
from policyd.views.kernel import HookItem, MapItem, PolicyItem
from policyd.views.snapshots import SnapshotItem
from policyd.views.tables import TableItem

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.api.request import Answer, Endless, Request
    from policyd.api.stream import Streams

Access = Literal["any", "root"]
"""any: at every address.  root: at the Unix socket only, and for root (or the agent's own user) only."""


@dataclass(frozen=True, slots=True)
class Route:
    """A route.  `returns` is the type of the answer's JSON (of one item if `many`), None for what is not JSON."""

    method: Literal["GET", "POST"]
    path: str
    access: Access
    answer: Callable[[Request, Streams], Answer | Endless]
    explain: str
    returns: Any = None
    many: bool = False
    media: str = JSON
    query: tuple[Parameter, ...] = ()
    status: int = 200
    fails: tuple[int, ...] = ()

    @property
    def pattern(self) -> re.Pattern[str]:
        """What a path must be to be this route's, with the group `name` where it has a name."""
        return re.compile(re.escape(self.path).replace(r"\{name\}", "(?P<name>[a-z0-9][a-z0-9.-]{0,252})"))


def _row(
    method: Literal["GET", "POST"], path: str, access: Access, handler: Callable[[Request], Answer], **more: Any
) -> Route:
    return Route(method, path, access, lambda request, _: handler(request), (handler.__doc__ or "").strip(), **more)


_V1 = "/api/v1"
_SOURCE = f"{_V1}/sources/{{name}}"
_SOURCE_MODEL = model(SourceStatus)
_COMMAND: dict[str, Any] = {"returns": _SOURCE_MODEL, "fails": (403, 404, 409, 500)}
_REVISION = Parameter("revision", "A revision of the source's history; the one before what runs, if none is named.")
_OF_POLICY = Parameter("policy", "Those of this policy.")
_MOST = Parameter("limit", "At most so many rows of each (1,000 unless told, 100,000 at most).", number=True)
_TABLES = (_OF_POLICY, Parameter("table", "Those of this name, or POLICY/TABLE."), _MOST)
_SNAPSHOTS = (_OF_POLICY, Parameter("rule", "Those of this rule, or POLICY/RULE."), _MOST)

ROUTES: tuple[Route, ...] = (
    _row("GET", "/metrics", "any", reads.metrics, media=PROMETHEUS, fails=(500,)),
    _row("GET", "/healthz", "any", reads.healthz, returns=reads.Health, fails=(503,)),
    _row("GET", "/readyz", "any", reads.readyz, returns=reads.Health, fails=(503,)),
    _row("GET", f"{_V1}/status", "any", reads.status, returns=model(AgentStatus)),
    _row("GET", f"{_V1}/policies", "any", reads.policies, returns=PolicyItem, many=True),
    _row("GET", f"{_V1}/policies/{{name}}", "any", reads.policy, returns=PolicyItem, fails=(404,)),
    _row("GET", f"{_V1}/hooks", "any", reads.hooks, returns=HookItem, many=True),
    _row("GET", f"{_V1}/maps", "any", reads.maps, returns=MapItem, many=True),
    _row("GET", f"{_V1}/sources", "any", reads.sources, returns=_SOURCE_MODEL, many=True),
    _row("GET", _SOURCE, "any", reads.source, returns=_SOURCE_MODEL, fails=(404,)),
    _row("GET", f"{_V1}/sinks", "any", reads.sinks, returns=model(SinkStatus), many=True),
    _row("GET", f"{_V1}/books", "any", reads.books, returns=model(Books), many=True),
    _row("GET", f"{_V1}/proofs", "any", reads.proofs, returns=model(Proof), many=True),
    _row("GET", f"{_V1}/drift", "any", reads.drift, returns=model(DriftRow), many=True),
    _row("GET", f"{_V1}/openapi.json", "any", openapi.openapi, returns=dict[str, Any]),
    _row("GET", f"{_V1}/records", "root", reads.records, returns=dict[str, Any], many=True, fails=(403,)),
    _row("GET", f"{_V1}/tables", "root", reads.tables, returns=TableItem, many=True, query=_TABLES, fails=(403, 404)),
    _row(
        "GET",
        f"{_V1}/snapshots",
        "root",
        reads.snapshots,
        returns=SnapshotItem,
        many=True,
        query=_SNAPSHOTS,
        fails=(403, 404),
    ),
    Route(
        "GET",
        f"{_V1}/events",
        "root",
        lambda request, streams: streams.events(request),
        "Events as they come, a JSON object a line, until the client hangs up.",
        media=NDJSON,
        query=stream.QUERY,
        fails=(403, 503),
    ),
    _row("POST", f"{_V1}/reconcile", "root", commands.reconcile_all, **_COMMAND, many=True),
    _row("POST", f"{_SOURCE}/reconcile", "root", commands.reconcile, **_COMMAND, many=True),
    _row("POST", f"{_SOURCE}/suspend", "root", commands.suspend, **_COMMAND),
    _row("POST", f"{_SOURCE}/resume", "root", commands.resume, **_COMMAND),
    _row("POST", f"{_SOURCE}/rollback", "root", commands.rollback, **_COMMAND, query=(_REVISION,)),
    _row("POST", "/hooks/{name}", "any", commands.webhook, returns=commands.Accepted, status=202, fails=(403, 413)),
)
