"""One connection of the HTTP server: waitress's, with who is at the other end, and with an end to everybody's patience.

waitress closes connections that are idle; it waits for ever for a request that trickles in, and for a client that does not
read its answer.  `Channel.overdue` says which connections the server's loop must close.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waitress.server import BaseWSGIServer

REQUEST_SECONDS = 10.0
"""A request must be there whole within this time."""
STALL_SECONDS = 15.0
"""A client that takes not one byte of its answer for so long is gone."""
ANSWER_SECONDS = 60.0
"""A client must have taken all of an answer within this time; streams go on for as long as it takes any."""

PEER = "policyd.peer"
STREAMING = "policyd.streaming"
"""Keys of the WSGI environment: the user id of who asks (None over TCP), and what to call when an answer is a stream."""

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid
_CODES = {400: "bad-request", 413: "too-large", 431: "too-large", 501: "bad-request"}


def peer_uid(connection: socket.socket) -> int | None:
    """Return the user id of the process at the other end of a Unix socket, None of another socket (unix(7), SO_PEERCRED)."""
    if connection.family != socket.AF_UNIX:
        return None
    _, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(uid)


def is_trusted(uid: int | None) -> bool:
    """Whether a peer may give commands: root, or the user that the agent runs as."""
    return uid is not None and uid in {0, os.geteuid()}


class _Task(WSGITask):
    """Adds what the application must know of the connection."""

    channel: Channel

    def get_environment(self) -> dict[str, Any]:
        environ = super().get_environment()
        environ[PEER] = self.channel.peer
        environ[STREAMING] = self.channel.begin_stream
        return environ


class _ErrorTask(ErrorTask):
    """Answers in JSON what waitress itself refuses: what is no HTTP, or too much of it."""

    def execute(self) -> None:
        error: Any = self.request.error  # type: ignore[attr-defined]
        answer = {"error": f"{error.reason}: {error.body}", "code": _CODES.get(error.code, "internal")}
        body = json.dumps(answer).encode() + b"\n"
        self.status = f"{error.code} {error.reason}"
        self.response_headers = [("Content-Type", "application/json")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    """A connection that knows its peer and its age."""

    task_class = _Task
    error_task_class = _ErrorTask

    def __init__(
        self,
        server: BaseWSGIServer,
        sock: socket.socket,
        addr: Any,
        adj: Any,
        map: Mapping[int, Any] | None = None,  # noqa: A002
    ) -> None:
        self.peer = peer_uid(sock)
        self._receiving_since = self._sending_since = 0.0
        self._progress = 0.0, 0.0  # waitress's time of the last byte sent or received, and when we saw that first
        self._streaming = False
        super().__init__(server, sock, addr, adj, map)

    def begin_stream(self) -> None:
        """The answer to come has no end: it may take as long as the client reads."""
        self._streaming = True

    def received(self, data: bytes) -> bool:
        before = self.request
        taken = super().received(data)
        if self.request is not before:
            self._receiving_since = time.monotonic()
        return taken

    def overdue(self, now: float) -> bool:
        """Whether this client has had its time; `now` is monotonic.  Called by the server's loop, often."""
        if self.request is not None and now - self._receiving_since > REQUEST_SECONDS:
            return True
        if not self.total_outbufs_len:
            self._sending_since = 0.0
            return False
        if not self._sending_since:
            self._sending_since = now
            self._progress = self.last_activity, now
        elif self.last_activity != self._progress[0]:
            self._progress = self.last_activity, now
        stalled = now - self._progress[1] > STALL_SECONDS
        return stalled or (not self._streaming and now - self._sending_since > ANSWER_SECONDS)
