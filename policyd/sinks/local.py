"""A Unix socket that streams JSON lines to whoever connects: other programs on this host, each with a buffer of its own.

A reader gets what happens from its connection on.  One that is too slow loses the oldest of what waits for it; where lines
are missing it finds `{"dropped":N}`.  What it sends is not read.
"""

from __future__ import annotations

import os
import selectors
import socket
import stat
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.sinks.recent import Waiting
from policyd.sinks.sink import Sink, SinkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.sinks.sink import Lines

READER_BYTES = 4 << 20
MAX_READERS = 64
_TURN = 0.5


class _Reader:
    """One connection: what waits for it, and what of a batch is being sent."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self._waiting = Waiting(READER_BYTES)
        self._sending, self._told = memoryview(b""), 0

    @property
    def dropped(self) -> int:
        return self._waiting.dropped

    def add(self, lines: Lines) -> None:
        self._waiting.add(lines)

    @property
    def has_more(self) -> bool:
        return bool(self._sending) or len(self._waiting) > 0

    def send(self) -> None:
        """Send what the connection takes now."""
        with suppress(BlockingIOError):
            while self.has_more:
                if not self._sending:
                    self._sending = memoryview(self._next())
                self._sending = self._sending[self.connection.send(self._sending) :]

    def _next(self) -> bytes:
        missing, self._told = self._waiting.dropped - self._told, self._waiting.dropped
        return (b'{"dropped":%d}\n' % missing if missing else b"") + self._waiting.next().data


class SocketSink(Sink):
    """Listens on `path` (mode 0600).  Raises `SinkError` if something else is there already."""

    kind = "socket"

    def __init__(self, path: str) -> None:
        self.where = path
        self._lock = threading.Lock()
        self._readers: dict[int, _Reader] = {}
        self._dropped = 0  # by readers that have gone
        self._listener = listen(path)
        self._wake_in, self._wake_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="sink-socket", daemon=True)
        self._thread.start()

    def write(self, batch: Sequence[Lines]) -> int:
        """Put it into the buffer of every reader."""
        with self._lock:
            for reader in self._readers.values():
                for lines in batch:
                    reader.add(lines)
        self._wake()
        return 0

    def trouble(self) -> str:
        with self._lock:
            dropped = self._dropped + sum(reader.dropped for reader in self._readers.values())
        return f"readers that were too slow have lost {dropped} events" if dropped else ""

    def _wake(self) -> None:
        with suppress(BlockingIOError):
            os.write(self._wake_out, b".")

    # -- the thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing:
            for key, events in self._selector.select(_TURN):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fd == self._wake_in:
                    os.read(self._wake_in, 4096)
                elif events & selectors.EVENT_READ and self._has_gone(key.fd):
                    self._drop(key.fd)
            self._send_all()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        if len(self._readers) >= MAX_READERS:
            connection.close()
            return
        with self._lock:
            self._readers[connection.fileno()] = _Reader(connection)
        self._selector.register(connection, selectors.EVENT_READ)

    def _has_gone(self, fd: int) -> bool:
        try:
            return not self._readers[fd].connection.recv(4096)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _send_all(self) -> None:
        for fd, reader in list(self._readers.items()):
            try:
                with self._lock:
                    reader.send()
            except OSError:
                self._drop(fd)
                continue
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if reader.has_more else 0)
            if self._selector.get_key(fd).events != wanted:
                self._selector.modify(fd, wanted)

    def _drop(self, fd: int) -> None:
        with self._lock:
            reader = self._readers.pop(fd)
            self._dropped += reader.dropped
        self._selector.unregister(fd)
        reader.connection.close()

    def close(self) -> None:
        self._closing = True
        self._wake()
        self._thread.join(2 * _TURN)
        with suppress(FileNotFoundError):
            Path(self.where).unlink()
        self._listener.close()
        for fd in list(self._readers):
            self._drop(fd)
        self._selector.close()
        for end in (self._wake_in, self._wake_out):
            os.close(end)


def listen(path: str) -> socket.socket:
    """Return a socket that listens on `path`; one that nobody listens on any more is replaced."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _make_room(path)
        os.fchmod(made.fileno(), 0o600)  # before it has a name: it is never open to others (unix(7), Linux)
        made.bind(path)
        made.listen(16)
        made.setblocking(False)
    except OSError as error:
        made.close()
        raise SinkError(f"{path}: {error.strerror}", transient=False) from error
    except SinkError:
        made.close()
        raise
    return made


def _make_room(path: str) -> None:
    """Remove a socket that nobody listens on; refuse to remove anything else."""
    try:
        found = Path(path).lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise SinkError(f"{path}: there is something else that is no socket", transient=False)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
            return
    raise SinkError(f"{path}: another process listens there", transient=False)
