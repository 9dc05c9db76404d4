"""RFC 5424 messages: to a Unix datagram socket, over UDP (RFC 5426), or over TCP with counted octets (RFC 6587).

A message's text is the event's JSON line; its MSGID is the policy.  An event that is too long for one message gets its
longest values cut, and names them in `cut`, as events do whose values were cut in the kernel.
"""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING, Any

import msgspec

from policyd.sinks.jsonl import to_json
from policyd.sinks.sink import Sink, SinkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.config.address import SyslogAddress
    from policyd.sinks.sink import Lines

LEVELS = {"info": 6, "low": 5, "medium": 4, "high": 3, "critical": 2}
"""Our severities as those of syslog: informational, notice, warning, error, critical."""
FACILITY = 10
"""`authpriv`: what tells of people's and programs' doings is for few to read."""
MAX_BYTES = {"unix": 8192, "udp": 2048, "tcp": 8192}
"""Longest message: what receivers take unless they are told otherwise (RFC 5425 and 5426 ask for 2048 at least)."""
_NOT_PRINTABLE = re.compile(r"[^!-~]")
_SHORTEST = 16
_HEADER = re.compile(rb'\{"time":"([^"]{1,64})"')


class SyslogSink(Sink):
    """Sends a message an event.  The connection is made when there is something to send, and anew after an error."""

    kind = "syslog"
    batch_events = 256

    def __init__(self, address: SyslogAddress, node: str = "", timeout: float = 10.0, max_bytes: int = 0) -> None:
        self.where, self._address, self._timeout = str(address), address, timeout
        self._max_bytes = max_bytes or MAX_BYTES[address.network]
        host = _NOT_PRINTABLE.sub("-", node or socket.gethostname())[:255] or "-"
        self._origin = f"{host} policyd {os.getpid()}"
        self._socket: socket.socket | None = None

    def write(self, batch: Sequence[Lines]) -> int:
        """Send all; return how many events are too long for a message whatever is cut.

        After an error all of the batch comes again: some of it may be there twice then.
        """
        try:
            return self._send_all(batch)
        except OSError as error:
            self.close()
            raise SinkError(f"{self.where}: {error.strerror or error}") from error

    def _send_all(self, batch: Sequence[Lines]) -> int:
        if self._socket is not None and self._address.network == "tcp":
            _check(self._socket, self._timeout)
        refused = 0
        for lines in batch:
            head = f"<{FACILITY * 8 + LEVELS.get(lines.severity, 5)}>1 "
            tail = f" {self._origin} {_NOT_PRINTABLE.sub('-', lines.policy)[:32] or '-'} - ".encode()
            for line in lines.each():
                found = _HEADER.match(line)
                start = head.encode() + (_microseconds(found[1]) if found else b"-") + tail
                text = shortened(line, self._max_bytes - len(start))
                if text is None:
                    refused += 1
                else:
                    self._send(start + text)
        return refused

    def _send(self, message: bytes) -> None:
        if self._address.network == "tcp":
            message = b"%d %s" % (len(message), message)
        self._connected().sendall(message)

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = self._connect()
        return self._socket

    def _connect(self) -> socket.socket:
        address = self._address
        if address.network == "tcp":
            return socket.create_connection((address.host, address.port), self._timeout)
        if address.network == "udp":
            family, kind, protocol, _, where = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)[0]
            return _connect(socket.socket(family, kind, protocol), where, self._timeout)
        return _connect(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), address.path, self._timeout)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _connect(made: socket.socket, where: Any, timeout: float) -> socket.socket:
    made.settimeout(timeout)
    try:
        made.connect(where)
    except OSError:
        made.close()
        raise
    return made


def _check(connected: socket.socket, timeout: float) -> None:
    """Raise if the other side has closed: TCP would take one more message, and lose it."""
    connected.setblocking(False)
    try:
        gone = not connected.recv(4096)
    except BlockingIOError:
        return
    finally:
        connected.settimeout(timeout)
    if gone:
        raise ConnectionResetError("the other side has closed the connection")


def _microseconds(time: bytes) -> bytes:
    """Return a time with six digits below the second: RFC 5424 allows no more."""
    whole, dot, rest = time.partition(b".")
    return whole + dot + rest[:6] + b"Z" if dot else time


def shortened(line: bytes, limit: int) -> bytes | None:
    """Return an event's line in at most `limit` bytes: its longest texts are cut, and named; None if that is not enough."""
    if len(line) <= limit:
        return line
    event = msgspec.json.decode(line)
    fields = event.get("fields") or {}
    texts = [(fields, name) for name, value in fields.items() if isinstance(value, str)]
    texts += [(event, "message")] if isinstance(event.get("message"), str) else []
    cut = list(event.get("cut", ()))
    while texts:
        where, name = max(texts, key=lambda one: len(one[0][one[1]]))
        text = where[name]
        if len(text) < _SHORTEST:
            return None
        where[name] = text[: len(text) * 3 // 4]
        event["cut"] = cut = cut if name in cut else [*cut, name]
        shorter = to_json(event).encode("utf-8", "backslashreplace")
        if len(shorter) <= limit:
            return shorter
    return None
