"""An outlet: one sink with its filter, its fields, its queue and its own thread, so that no sink can hold up another.

The pump (`daemon/pump.py`) offers each batch to every outlet and asks later whether it is settled: sent, dropped (counted
by cause), or safe in the outlet's spool.  What fails for a while is tried again, after pauses that grow; what is refused
for good is counted.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policyd.health import SinkStatus
from policyd.log import EVENT_SINK, log
from policyd.sinks.backlog import Backlog, Chunk, Limits
from policyd.sinks.fields import Fields, Filter
from policyd.sinks.sink import SinkError
from policyd.text import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from policyd.sinks.sink import Lines, Sink
    from policyd.sinks.spool import Spool

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 60.0
"""Seconds between tries: the first pause, doubled each time (with jitter) up to the longest."""
LONGEST_REQUEST = 600.0
"""How long a sink may ask to be left alone."""
_DISK_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Choice:
    """What a sink gets of all that is read, and how much may wait for it in memory."""

    filter: Filter = field(default_factory=Filter)
    fields: Fields = field(default_factory=Fields)
    events: int = 65536
    bytes: int = 16 << 20


class Outlet:
    """Hands batches to `sink` in a thread of its own.  `start` it, `offer`, and `stop` it."""

    def __init__(self, name: str, sink: Sink, choice: Choice | None = None, spool: Spool | None = None) -> None:
        choice = choice or Choice()
        self.name, self._sink, self._spool, self._filter = name, sink, spool, choice.filter
        limits = Limits(choice.events, choice.bytes, sink.batch_events, sink.batch_bytes)
        self._backlog = Backlog(limits, choice.fields.apply, spool)
        self._filtered = self._retries = 0
        self._error = ""
        self._hastened, self._stopping = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []
        self.on_settled: Callable[[], object] | None = None
        """Called by the outlet's thread when something was settled."""

    def start(self) -> None:
        """Begin to send."""
        works = [self._send_all, self._spill_all] if self._spool else [self._send_all]
        for work in works:
            thread = threading.Thread(target=work, name=f"sink-{self.name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    # -- what the pump asks ------------------------------------------------------------------------------

    def offer(self, lines: Lines) -> int | None:
        """Queue a batch if the sink wants it, without waiting; return a ticket, None for what it does not want."""
        passing = self._filter.passing(lines)
        self._filtered += lines.count - passing.count
        return self._backlog.offer(passing) if passing.count else None

    def is_settled(self, ticket: int) -> bool:
        """Whether the batch of a ticket needs to be kept elsewhere no longer."""
        return self._backlog.is_settled(ticket)

    @property
    def is_settled_up(self) -> bool:
        """Whether all that was offered is settled."""
        return self._backlog.is_settled_up

    def hurry(self) -> None:
        """Somebody waits for this outlet: what can go to a spool should go now."""
        self._backlog.hurry()

    def reopen(self) -> None:
        """Open files anew."""
        self._sink.reopen()

    def status(self) -> SinkStatus:
        account = self._backlog.counts()
        trouble = (self._error, self._backlog.spool_error, self._sink.trouble())
        return SinkStatus(
            name=self.name,
            kind=self._sink.kind,
            where=self._sink.where,
            sent=account.sent,
            queued=account.queued,
            dropped={str(cause): count for cause, count in account.dropped.items() if count},
            filtered=self._filtered,
            spooled_bytes=self._spool.bytes if self._spool else 0,
            retries=self._retries,
            error="; ".join(filter(None, trouble)),
        )

    # -- the threads -------------------------------------------------------------------------------------

    def _send_all(self) -> None:
        while (chunk := self._backlog.take()) is not None:
            if not self._send(chunk):
                return
            if self.on_settled:
                self.on_settled()

    def _send(self, chunk: Chunk) -> bool:
        """Hand a chunk over until it is taken or refused; False if there is no time left to try."""
        tries = 0
        while True:
            try:
                refused = self._sink.write(chunk.batch)
            except SinkError as error:
                self._tell(safe(str(error), 500))
                if error.transient:
                    self._retries += 1
                    if self._hastened.wait(pause(tries, error.retry_after)) and self._stopping.wait(FIRST_PAUSE):
                        return False
                    tries += 1
                    continue
                refused = chunk.events
            except Exception as error:  # one batch that a sink cannot stand must not stop all others
                self._tell(safe(f"{type(error).__name__}: {error}", 500))
                refused = chunk.events
            else:
                self._tell("")
            self._backlog.settle(chunk, refused)
            return True

    def _tell(self, error: str) -> None:
        """Note how sending goes; the log is told when it begins to fail, and when it works again."""
        if error and not self._error:
            log(EVENT_SINK, sink=self.name, error=error)
        elif self._error and not error:
            log(EVENT_SINK, sink=self.name, outcome="works again")
        self._error = error

    def _spill_all(self) -> None:
        while not self._stopping.is_set():
            if not self._backlog.spill() and self._stopping.wait(_DISK_PAUSE):
                return
            if self.on_settled:
                self.on_settled()

    # -- the end -----------------------------------------------------------------------------------------

    def stop(self, seconds: float, returned: Collection[int] = ()) -> None:
        """Send what waits, for so long at most; the rest goes to the spool or is counted.

        Batches of `returned` tickets are kept elsewhere (in a ring): they are neither.
        """
        end = time.monotonic() + seconds
        self._backlog.finish()
        self._hastened.set()
        while self._threads and self._threads[0].is_alive() and time.monotonic() < end and not (self._spool and self._error):
            self._threads[0].join(0.05)
        self._stopping.set()
        for thread in self._threads:
            thread.join(0.2)
        self._backlog.close(returned)
        if any(thread.is_alive() for thread in self._threads):
            return  # it may still use what would be closed, and its number may be another file's by then
        self._sink.close()
        if self._spool:
            self._spool.close()


def pause(tries: int, asked: float = 0.0) -> float:
    """Return how long to wait after so many failures: doubled each time, half of it by chance; never less than asked for."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(tries, 20))
    return max(min(asked, LONGEST_REQUEST), longest * random.uniform(0.5, 1.0))  # noqa: S311 (jitter, no secret)
