"""Entries of the systemd journal, by its native protocol: every field of an event is a field of the entry.

A datagram holds one entry: `NAME=value` lines, or, for values with a newline, the name, a 64-bit length and the value. What
is too large for a datagram is passed as a sealed memory file (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/).
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import socket
import struct
from typing import TYPE_CHECKING, Any

import msgspec

from policyd.sinks.jsonl import to_json
from policyd.sinks.sink import Sink, SinkError
from policyd.sinks.syslog import LEVELS
from policyd.sinks.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policyd.sinks.sink import Lines

SOCKET = "/run/systemd/journal/socket"
_NO_NAME = re.compile("[^A-Z0-9_]")
_LONGEST_NAME = 64
_TOO_LARGE = frozenset({errno.EMSGSIZE, errno.ENOBUFS})
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class JournaldSink(Sink):
    """Sends an entry an event to the journal of this host."""

    kind = "journald"
    batch_events = 256

    def __init__(self, path: str = SOCKET, timeout: float = 10.0) -> None:
        self.where, self._path, self._timeout = path, path, timeout
        self._decode = msgspec.json.Decoder().decode
        self._socket: socket.socket | None = None

    def write(self, batch: Sequence[Lines]) -> int:
        """Send all.  After an error all of the batch comes again: some of it may be there twice then."""
        try:
            for lines in batch:
                for line in lines.each():
                    self._send(entry(self._decode(line)))
        except OSError as error:
            self.close()
            raise SinkError(f"{self.where}: {error.strerror or error}") from error
        return 0

    def _send(self, data: bytes) -> None:
        if self._socket is None:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            made.settimeout(self._timeout)
            self._socket = made
            made.connect(self._path)
        try:
            self._socket.send(data)
        except OSError as error:
            if error.errno not in _TOO_LARGE:
                raise
            self._send_file(self._socket, data)

    @staticmethod
    def _send_file(connected: socket.socket, data: bytes) -> None:
        fd = os.memfd_create("policyd-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
            socket.send_fds(connected, [b""], [fd])

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def entry(event: Mapping[str, Any]) -> bytes:
    """Return an event as the journal takes it."""
    return b"".join(_field(name, value) for name, value in _fields(event))


def _fields(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    fields = event.get("fields") or {}
    shown = " ".join(f"{name}={quoted(_text(value))}" for name, value in fields.items() if value is not None)
    verdict = f" {event['verdict']}" if event.get("verdict", "none") != "none" else ""
    said = str(event.get("message") or shown)
    yield "MESSAGE", f"{event.get('policy')}/{event.get('rule')}{verdict} {said}".rstrip()
    yield "PRIORITY", str(LEVELS.get(str(event.get("severity")), 5))
    yield "SYSLOG_IDENTIFIER", "policyd"
    for key, value in event.items():
        if key not in {"fields", "message"} and value is not None:
            yield field_name(key), _text(value)
    for key, value in fields.items():
        if value is not None:
            yield field_name(f"field_{key}"), _text(value)


def field_name(name: str) -> str:
    """Return the journal's name for a key of an event: `process.exe` is `POLICYD_FIELD_PROCESS_EXE`."""
    return f"POLICYD_{_NO_NAME.sub('_', name.upper())}"[:_LONGEST_NAME]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value)


def _field(name: str, value: str) -> bytes:
    data = value.encode("utf-8", "backslashreplace")
    if b"\n" in data:
        return b"%s\n%s%s\n" % (name.encode(), struct.pack("<Q", len(data)), data)
    return b"%s=%s\n" % (name.encode(), data)
