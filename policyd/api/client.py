"""The agent's API as the command line sees it: HTTP over the agent's Unix socket.

`AgentClient(path)` holds no connection: each call makes one.  What the agent refuses is raised as the exception that it was
there (`codes.ERRORS`); an agent that is not there is a `NotFoundError` that says what to do.
"""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from policyd.api.codes import error_for
from policyd.errors import NotFoundError, PolicydError, PrivilegeError
from policyd.health import AgentStatus, Books, Proof, SourceStatus
from policyd.text import safe
from policyd.views.agent import read

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from policyd.views.agent import Row

TIMEOUT = 10.0
"""Seconds for an answer that the agent has at hand."""
COMMAND_TIMEOUT = 600.0
"""Seconds for a command, which may fetch, compile and load."""
HEARTBEAT_TIMEOUT = 60.0
"""Seconds of silence after which a stream is dead: the agent sends a heartbeat far more often."""
MAX_ANSWER = 256 << 20
_MAX_LINE = 16 << 20

Query = dict[str, str]


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket; the host's name in requests is `policyd`."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("policyd", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            self.sock.settimeout(self.timeout)
            self.sock.connect(self._path)
        except BaseException:
            self.sock.close()
            raise


class AgentClient:
    """Asks the agent that listens on the socket `path`."""

    def __init__(self, path: str, timeout: float = TIMEOUT) -> None:
        self.path, self.timeout = path, timeout

    def get(self, path: str, query: Query | None = None) -> Any:
        """Return the JSON of an answer."""
        with self._answer("GET", path, query, self.timeout) as answer:
            return self._json(answer)

    def text(self, path: str) -> str:
        """Return an answer as text (`/metrics`)."""
        with self._answer("GET", path, None, self.timeout) as answer:
            return self._body(answer).decode("utf-8", "replace")

    def post(self, path: str, query: Query | None = None, timeout: float = COMMAND_TIMEOUT) -> Any:
        """Do a command, wait until it is done, and return the JSON of its answer."""
        with self._answer("POST", path, query, timeout) as answer:
            return self._json(answer)

    def stream(self, path: str, query: list[tuple[str, str]] | None = None) -> Generator[str, None, None]:
        """Yield the lines of an answer that does not end, heartbeats (`{"heartbeat":…}`) too, each without its newline."""
        with self._answer("GET", path, query, HEARTBEAT_TIMEOUT) as answer:
            while line := answer.readline(_MAX_LINE):
                yield line.decode("utf-8", "replace").rstrip("\n")

    # ---------------------------------------------------------------------------------------- the agent's nouns

    def status(self) -> AgentStatus:
        """Return what the agent says of itself."""
        return _row(AgentStatus, self.get("/api/v1/status"))

    def sources(self) -> tuple[SourceStatus, ...]:
        """Return the status of every source."""
        return tuple(_row(SourceStatus, item) for item in self.get("/api/v1/sources")["items"])

    def source(self, name: str) -> SourceStatus:
        """Return the status of one source; `NotFoundError` if there is none of that name."""
        return _row(SourceStatus, self.get(source_path(name)))

    def proofs(self) -> dict[str, Proof]:
        """Return, by policy, whether its events are known to come all the way through."""
        rows = (_row(Proof, item) for item in self.get("/api/v1/proofs")["items"])
        return {row.policy: row for row in rows}

    def books(self) -> dict[str, Books]:
        """Return, by policy, how many events matched, were lost, read, and wait."""
        rows = (_row(Books, item) for item in self.get("/api/v1/books")["items"])
        return {row.policy: row for row in rows}

    def reconcile(self, source: str = "") -> tuple[SourceStatus, ...]:
        """Fetch and apply now, all sources if none is named; return how it went."""
        answer = self.post(source_path(source, "reconcile") if source else "/api/v1/reconcile")
        return tuple(_row(SourceStatus, item) for item in answer["items"])

    def suspend(self, source: str) -> SourceStatus:
        """Apply nothing of a source until it is resumed."""
        return _row(SourceStatus, self.post(source_path(source, "suspend")))

    def resume(self, source: str) -> SourceStatus:
        """Go on with a source."""
        return _row(SourceStatus, self.post(source_path(source, "resume")))

    def rollback(self, source: str, revision: str = "") -> SourceStatus:
        """Apply an earlier revision (the one before, if none is named), and suspend the source."""
        query = {"revision": revision} if revision else None
        return _row(SourceStatus, self.post(source_path(source, "rollback"), query))

    # ---------------------------------------------------------------------------------------- one request

    @contextmanager
    def _answer(
        self, method: str, path: str, query: Query | list[tuple[str, str]] | None, timeout: float
    ) -> Iterator[http.client.HTTPResponse]:
        """Ask, and hand the answer over; raise what the agent says is wrong, or that it cannot be asked."""
        target = path + (f"?{urlencode(query)}" if query else "")
        with closing(_Connection(self.path, timeout)) as connection:
            try:
                connection.request(method, target, headers={"Accept": "application/json"})
                with connection.getresponse() as answer:
                    if answer.status >= 400:
                        raise self._refusal(answer)
                    yield answer
            except TimeoutError:
                raise PolicydError(f"the agent at {safe(self.path)} did not answer within {timeout:g} s") from None
            except (ConnectionRefusedError, FileNotFoundError, NotADirectoryError):
                raise NotFoundError(
                    f"no agent answers at {safe(self.path)}: start one with `policyd run`, or name its socket with --socket"
                ) from None
            except PermissionError:
                raise PrivilegeError(f"the agent's socket {safe(self.path)} is root's: try again with sudo") from None
            except (http.client.HTTPException, OSError) as error:
                reason = safe(str(error) or type(error).__name__)
                raise PolicydError(f"the agent at {safe(self.path)} broke off: {reason}") from None

    def _refusal(self, answer: http.client.HTTPResponse) -> PolicydError:
        try:
            data = self._json(answer)
            return error_for(str(data["code"]), safe(str(data["error"])))
        except (KeyError, TypeError, PolicydError):
            return PolicydError(f"the agent at {safe(self.path)} answered {answer.status} {safe(answer.reason)}")

    def _json(self, answer: http.client.HTTPResponse) -> Any:
        try:
            return json.loads(self._body(answer))
        except ValueError:
            raise PolicydError(f"what listens at {safe(self.path)} is no policyd agent: it answered no JSON") from None

    def _body(self, answer: http.client.HTTPResponse) -> bytes:
        body = answer.read(MAX_ANSWER + 1)
        if len(body) > MAX_ANSWER:
            raise PolicydError(f"the agent at {safe(self.path)} answered more than {MAX_ANSWER >> 20} MiB")
        if answer.length:
            raise PolicydError(f"the agent at {safe(self.path)} broke off: {answer.length} bytes of its answer are missing")
        return body


def _row(row: type[Row], data: Any) -> Row:
    """Return a row from its JSON; an agent of another version may answer with another shape."""
    import msgspec  # noqa: PLC0415 (commands that ask no agent do not pay for it)

    try:
        return read(row, data)
    except msgspec.ValidationError as error:
        raise PolicydError(
            f"the agent is of another version, and its answer is not understood: {safe(str(error))}"
        ) from None


def source_path(name: str, command: str = "") -> str:
    """Return the path of a source, or of a command to it."""
    return f"/api/v1/sources/{quote(name, safe='')}" + (f"/{command}" if command else "")
