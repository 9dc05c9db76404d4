"""The WSGI application: finds the route of a request, checks who asks and what for, and answers, errors too, in JSON.

`server` calls it from worker threads; nothing that a handler does may reach the client as a traceback.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from policyd.api.channel import PEER, STREAMING, is_trusted
from policyd.api.codes import INTERNAL, MethodError, RequestError, row_of
from policyd.api.openapi import Error
from policyd.api.request import Answer, Endless, Request, answer_json, parse_query
from policyd.api.routes import ROUTES
from policyd.api.snapshot import Snapshot
from policyd.api.stream import Streams
from policyd.config.address import is_loopback
from policyd.errors import NotFoundError, PolicydError, PrivilegeError
from policyd.log import log
from policyd.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from policyd.api.port import Agent
    from policyd.api.routes import Route
    from policyd.config.address import Listen

Environ = dict[str, Any]

_SLICE = 64 << 10
"""Answers are handed over in pieces, so that a client that does not read holds a few of them, not all."""
_PATTERNS = tuple((route.pattern, route) for route in ROUTES)


class Application:
    """Answers requests about one agent, at any number of addresses."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._snapshot = Snapshot(agent)
        self._streams = Streams()

    def stop(self) -> None:
        """End the streams."""
        self._streams.stopping.set()

    def at(self, where: Listen) -> Callable[[Environ, Callable[..., object]], Iterable[bytes]]:
        """Return the WSGI callable of an address."""

        def serve(environ: Environ, start_response: Callable[..., object]) -> Iterable[bytes]:
            answer, headers = self._answer(environ, where)
            headers = [("Content-Type", answer.media), ("Cache-Control", "no-store"), *headers]
            if isinstance(answer, Endless) and environ["REQUEST_METHOD"] == "HEAD":
                answer.close()
                answer = Answer(b"", answer.media)
            if isinstance(answer, Endless):
                environ[STREAMING]()
                start_response("200 OK", headers)
                return _Chunks(answer)
            headers += [("Content-Length", str(len(answer.body))), ("X-Content-Type-Options", "nosniff")]
            start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
            return _slices(b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body)

        return serve

    def _answer(self, environ: Environ, where: Listen) -> tuple[Answer | Endless, list[tuple[str, str]]]:
        try:
            return self._handle(environ, where), []
        except PolicydError as error:
            row = row_of(error)
            allowed = [("Allow", ", ".join(error.allowed))] if isinstance(error, MethodError) else []
            return answer_json(Error(error=str(error), code=row.code), row.status), allowed
        except Exception as error:  # a bug of one route must not end the server, nor tell strangers of itself
            log("api-bug", path=environ.get("PATH_INFO", ""), error=repr(error))
            return answer_json(Error(error="this is a bug of policyd; the agent's log says more", code=INTERNAL), 500), []

    def _handle(self, environ: Environ, where: Listen) -> Answer | Endless:
        _check_host(environ, where)
        route, name = _find(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        peer: int | None = environ[PEER]
        if where.path and not is_trusted(peer):
            raise PrivilegeError("this socket is for root, and for the user that the agent runs as")
        if route.access == "root" and not where.commands:
            raise PrivilegeError(f"{route.path} is answered over the agent's Unix socket only")
        request = Request(
            self._agent,
            self._snapshot,
            name,
            parse_query(environ["QUERY_STRING"], route.query),
            _headers(environ),
            environ["wsgi.input"].read() if route.method == "POST" else b"",
            environ["waitress.client_disconnected"],
        )
        return route.answer(request, self._streams)


class _Chunks:
    """An endless answer as WSGI wants it: iterable, and closed by the server whatever happens."""

    def __init__(self, answer: Endless) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer.chunks)

    def close(self) -> None:
        self._answer.close()


def _slices(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _SLICE):
        yield body[start : start + _SLICE]


def _find(method: str, path: str) -> tuple[Route, str]:
    """Return the route of a path, and the name in it; the path must be exactly one of ours."""
    fitting = [(route, match) for pattern, route in _PATTERNS if (match := pattern.fullmatch(path))]
    if not fitting:
        raise NotFoundError(f"there is nothing at {quote(path)}; /api/v1/openapi.json lists what there is")
    wanted = "GET" if method == "HEAD" else method
    for route, match in fitting:
        if route.method == wanted:
            return route, match.groupdict().get("name", "")
    allowed = [route.method for route, _ in fitting]
    raise MethodError(
        f"{path} takes {', '.join(allowed)}, not {quote(method)}", (*allowed, *(["HEAD"] * ("GET" in allowed)))
    )


def _check_host(environ: Environ, where: Listen) -> None:
    """Refuse requests to a loopback port in another name: a web page that had its own name resolved to 127.0.0.1."""
    if where.path or not is_loopback(where.host):
        return
    host = environ.get("HTTP_HOST", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if host and not is_loopback(name.strip("[]").lower()):
        raise RequestError("this address is the host's own: ask for it as 127.0.0.1, [::1] or localhost")


def _headers(environ: Environ) -> dict[str, str]:
    """Return the request's headers, names in small letters."""
    found = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    if "CONTENT_TYPE" in environ:
        found["content-type"] = environ["CONTENT_TYPE"]
    return found
