"""The HTTP server: one loop, and a few workers, for each address that the agent listens at.

Addresses do not share connections or workers: whoever fills the TCP port takes nothing from root's socket.  Every number
that a client could drive up is limited here; the agent's own threads are never in the hands of a client.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer, UnixWSGIServer
from waitress.task import ThreadedTaskDispatcher

from policyd.api.application import Application
from policyd.api.channel import Channel
from policyd.api.listener import Listener, open_listener
from policyd.api.stream import MAX_STREAMS
from policyd.log import log

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from policyd.api.port import Agent
    from policyd.config.address import Listen

LIMITS: Mapping[str, object] = {
    "connection_limit": 32,  # the listening socket and the loop's own pipe included
    "channel_timeout": 60,  # seconds that a connection may idle between requests
    "cleanup_interval": 5,
    "backlog": 128,
    "max_request_header_size": 16 << 10,
    "max_request_body_size": 512 << 10,  # a forge's call; nothing else has a body
    "inbuf_overflow": 1 << 20,  # above the body's limit: nothing is ever written to a temporary file
    "outbuf_overflow": 64 << 20,  # above the high watermark: as above
    "outbuf_high_watermark": 256 << 10,  # bytes that wait for a slow client; then its worker waits for it
    "channel_request_lookahead": 1,  # reads on while a stream runs, and so hears that its client is gone
    "asyncore_use_poll": True,  # select(2) fails above descriptor 1024
    "clear_untrusted_proxy_headers": True,
    "expose_tracebacks": False,
    "log_socket_errors": False,
    "ident": "policyd",
}
WORKERS = 3
"""Requests that are answered at once at an address, beside streams."""

_TURN_SECONDS = 1.0
_STOP_SECONDS = 5


class ApiServer:
    """Serves an agent at some addresses, from `start` to `close`.  The sockets are open once it is made."""

    def __init__(self, agent: Agent, addresses: Iterable[Listen]) -> None:
        _tame_logging()
        self._application = Application(agent)
        self.listeners: list[Listener] = []
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        try:
            for where in addresses:
                self.listeners.append(open_listener(where))
        except BaseException:
            self._close_listeners()
            raise

    def __enter__(self) -> ApiServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Begin to answer."""
        for number, listener in enumerate(self.listeners):
            place = _Place(self._application, listener)
            thread = threading.Thread(target=place.run, args=(self._stopping,), name=f"api-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Take no more requests, end the streams, wait a little for what is under way, and remove the sockets."""
        self._stopping.set()
        self._application.stop()
        end = time.monotonic() + _STOP_SECONDS + _TURN_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._close_listeners()

    def _close_listeners(self) -> None:
        for listener in self.listeners:
            listener.close()


class _Place:
    """One address with its loop, its connections and its workers."""

    def __init__(self, application: Application, listener: Listener) -> None:
        kind = UnixWSGIServer if listener.where.path else TcpWSGIServer
        self._map: dict[int, Any] = {}
        self._workers = ThreadedTaskDispatcher()
        self._workers.set_thread_count(WORKERS + (MAX_STREAMS if listener.where.commands else 0))
        adjustments = Adjustments(sockets=[listener.socket], **LIMITS)
        bound = listener.socket
        self._server = kind(
            application.at(listener.where),
            map=self._map,
            _sock=bound,
            dispatcher=self._workers,
            adj=adjustments,
            sockinfo=(bound.family, bound.type, bound.proto, bound.getsockname()),
            bind_socket=False,
        )
        self._server.channel_class = Channel

    def run(self, stopping: threading.Event) -> None:
        """Turn until told to stop; a failure of one turn is told, and the next one goes on."""
        while not stopping.is_set():
            try:
                self._server.asyncore.loop(timeout=_TURN_SECONDS, use_poll=True, map=self._map, count=1)
                self._close_overdue()
            except Exception as error:  # whatever a client brings about, others are served on
                log("api-turn-failed", error=repr(error))
                stopping.wait(_TURN_SECONDS)
        self._workers.shutdown(timeout=_STOP_SECONDS)
        if not self._workers.threads:  # one that still works may wake the loop, through a descriptor that must be the loop's
            self._server.asyncore.close_all(self._map, ignore_all=True)

    def _close_overdue(self) -> None:
        now = time.monotonic()
        channels: Mapping[int, Channel] = self._server.active_channels  # type: ignore[assignment]
        for channel in list(channels.values()):
            if channel.overdue(now):
                channel.handle_close()


class _ToLog(logging.Handler):
    """Hands what waitress has to say to the agent's log."""

    def emit(self, record: logging.LogRecord) -> None:
        log("api", message=record.getMessage())


def _tame_logging() -> None:
    logger = logging.getLogger("waitress")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(_ToLog())
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that a request waits its turn is no news
