"""Routes that make the agent do something: over root's socket only, but for the calls of forges, which show a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.api.reads import find_source
from policyd.api.request import Answer, answer_items, answer_json
from policyd.errors import NotFoundError, PrivilegeError, UsageError
from policyd.views import View
from policyd.views.agent import show

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.api.request import Request
    from policyd.health import SourceStatus


class Accepted(View, frozen=True):
    """A forge's call was taken: the source is fetched soon."""

    accepted: bool


def reconcile_all(request: Request) -> Answer:
    """Fetch and apply every source now; answers when it is done."""
    return _changed(request, request.agent.reconcile)


def reconcile(request: Request) -> Answer:
    """Fetch and apply one source now; answers when it is done."""
    find_source(request)
    return _changed(request, lambda: request.agent.reconcile(request.name))


def suspend(request: Request) -> Answer:
    """Apply nothing more of a source."""
    return _changed_one(request, request.agent.suspend)


def resume(request: Request) -> Answer:
    """Go on with a source."""
    return _changed_one(request, request.agent.resume)


def rollback(request: Request) -> Answer:
    """Apply an earlier revision of a source, and suspend it."""
    return _changed_one(request, lambda name: request.agent.rollback(name, request.one("revision")))


def webhook(request: Request) -> Answer:
    """A forge says that it has something new."""
    try:
        fits = request.agent.webhook(request.name, request.headers, request.body)
    except (NotFoundError, UsageError):  # whoever knows no secret learns no names
        fits = False
    if not fits:
        raise PrivilegeError("no source of that name takes a call with this secret")
    return answer_json(Accepted(accepted=True), 202)


def _changed(request: Request, act: Callable[[], tuple[SourceStatus, ...]]) -> Answer:
    try:
        return answer_items(map(show, act()))
    finally:
        request.snapshot.forget()


def _changed_one(request: Request, act: Callable[[str], SourceStatus]) -> Answer:
    find_source(request)
    try:
        return answer_json(show(act(request.name)))
    finally:
        request.snapshot.forget()
