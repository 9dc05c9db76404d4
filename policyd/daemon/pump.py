"""The pump: reads every ring, makes JSON lines of each batch once, and offers them to all outlets and followers.

A ring's space is given back once every outlet has settled the batch (sent it, counted it as dropped, or has it in its
spool): after a kill -9 the next pump finds in the ring what was not.  Meanwhile it reads ahead, up to half of the ring.
While that much is kept it waits for the outlets, unless the rest is filling up: then it goes on without them, the oldest
batch first, for an event that is not sent yet is better than one that is lost.  An outlet that has not settled a batch after
`PATIENCE` is late: no ring waits for it until it has caught up.  Its queue holds what it can, and counts what it cannot.

The agent makes one pump, starts it, tells it when policies have changed (`refresh`), and stops it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.daemon.facts import labels_of, rules_of
from policyd.errors import PolicydError
from policyd.log import log
from policyd.reading.follow import Follower
from policyd.reading.ring import BATCH
from policyd.record import POLICIES
from policyd.sinks.jsonl import JsonLines
from policyd.sinks.recent import Recent
from policyd.sinks.sink import Lines
from policyd.text import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from policyd.health import SinkStatus
    from policyd.kernel.port import Kernel
    from policyd.reading.ring import Batch
    from policyd.reading.stream import Stream, Witness
    from policyd.record import PolicyRecord
    from policyd.sinks.outlet import Outlet
    from policyd.sinks.recent import Reader
    from policyd.sinks.sink import RuleFacts

EVENT_PUMP_TOLD = "events-told"
EVENT_PUMP_FAILED = "events-failed"

PATIENCE = 2.0
"""Seconds that a ring keeps a batch for an outlet that has not settled it."""
PIECE = 2048
"""Lines that are handed over together at most."""
REFRESH = 0.5
"""Seconds between looks at whether policies have changed, if nobody says so."""
RETRY = 5.0
"""Seconds until a ring that another process reads is tried again."""
_WAIT = 0.25
_ERROR_PAUSE = 0.1
_SHORT = 0.002  # while something is kept, the kernel does not wake a reader


@dataclass(slots=True)
class _Kept:
    """A batch that was read, and whom its ring waits for."""

    batch: Batch
    tickets: list[tuple[Outlet, int]]
    since: float


@dataclass(slots=True)
class _Policy:
    """What the pump knows of one policy: what its ring keeps, in order, and what its record tells sinks."""

    record: PolicyRecord
    labels: Mapping[str, str]
    rules: Mapping[str, RuleFacts]
    kept: deque[_Kept] = field(default_factory=deque)


class Pump:
    """Moves events from rings to outlets, in a thread of its own.

    `enrich(record, lines)` may change the lines of a policy's batch (each with its newline) before anybody gets them; if it
    fails they leave as they were.  `witness` as for `reading.stream.Stream`.
    """

    def __init__(
        self,
        kernel: Kernel,
        outlets: Sequence[Outlet],
        enrich: Callable[[PolicyRecord, list[str]], list[str]] | None = None,
        witness: Witness | None = None,
    ) -> None:
        self._kernel, self.outlets = kernel, tuple(outlets)
        self._enrich = enrich
        self._recent = Recent()
        self._encode = JsonLines().lines
        self._policies: dict[str, _Policy] = {}
        self._late: set[Outlet] = set()
        self._follower = Follower(kernel, (), witness)
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)
        self._stopping, self._wake, self._stale = threading.Event(), threading.Event(), threading.Event()
        self._retry, self._told = 0.0, ""
        self._pins: dict[str, tuple[int, int]] = {}
        self.read: Counter[str] = Counter()
        """Events read since the pump began, by policy."""
        self.turned = 0.0
        """When the loop last turned (`time.monotonic`): it turns several times a second as long as all is well."""

    # -- what the agent calls ----------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to read."""
        for outlet in self.outlets:
            outlet.on_settled = self._wake.set
            outlet.start()
        self._stale.set()
        self.turned = time.monotonic()
        self._thread.start()

    def refresh(self) -> None:
        """Policies have come, changed or gone: look soon."""
        self._stale.set()
        self._wake.set()

    def reopen(self) -> None:
        """Have every sink open its files anew (SIGHUP)."""
        for outlet in self.outlets:
            outlet.reopen()

    def subscribe(self, policies: tuple[str, ...], tail: int) -> AbstractContextManager[Reader]:
        """Follow the events of some policies (all, if none is named), beginning with up to `tail` of the last ones."""
        return self._recent.subscribe(policies, tail)

    def statuses(self) -> tuple[SinkStatus, ...]:
        """Return what the outlets say of themselves."""
        return tuple(outlet.status() for outlet in self.outlets)

    def stop(self, seconds: float) -> None:
        """Stop reading, and let the outlets send what they have, for so long at most.

        What is not settled then stays in its ring for the next reader, waits in a spool, or is counted as dropped.
        """
        end = time.monotonic() + seconds
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        for outlet in self.outlets:
            outlet.hurry()
        while self._keeps() and time.monotonic() < end - 0.1 * seconds:
            self._release_all()
            time.sleep(_SHORT)
        self._release_all()
        self._stop_outlets(end)
        self._follower.close()

    def _stop_outlets(self, end: float) -> None:
        returned: dict[Outlet, set[int]] = {outlet: set() for outlet in self.outlets}
        for policy in self._policies.values():
            for kept in policy.kept:
                for outlet, ticket in kept.tickets:
                    returned[outlet].add(ticket)
        threads = [
            threading.Thread(target=outlet.stop, args=(max(0.0, end - time.monotonic()), tickets))
            for outlet, tickets in returned.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    # -- the loop ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        due = 0.0
        while not self._stopping.is_set():
            self.turned = time.monotonic()
            if self._stale.is_set() or self.turned > due:
                told = self._stale.is_set()
                self._stale.clear()
                self._look(told)
                due = time.monotonic() + REFRESH
            if not self._turn():
                self._rest()

    def _rest(self) -> None:
        """Sleep until something was settled or there is something to read."""
        if self._keeps():
            self._wake.wait(_SHORT)
        else:
            self._follower.wait(_WAIT)
        self._wake.clear()

    def _keeps(self) -> bool:
        return any(policy.kept for policy in self._policies.values())

    def _look(self, told: bool) -> None:
        """See which policies there are, if their pins say that something has changed.

        Records are read only then: they are large.  A ring that another process reads is tried again now and then.
        """
        pins = _pins(self._kernel.root)
        unheld = sum(ring > 0 for _, ring in pins.values()) > len(self._follower.streams)
        if unheld and self.turned > self._retry:
            self._retry = self.turned + RETRY
            self._follower.try_again()
            told = True
        if told or pins != self._pins:
            self._refresh()
            self._pins = pins

    def _refresh(self) -> None:
        try:
            for told in self._follower.refresh():
                log(EVENT_PUMP_TOLD, message=told)
        except PolicydError as error:
            self._tell(str(error))
            self._stale.set()
        present = {stream.record.name: stream.record for stream in self._follower.streams}
        for name in self._policies.keys() - present.keys():
            del self._policies[name]
        for name, record in present.items():
            known = self._policies.get(name)
            if known is None or known.record is not record:
                self._policies[name] = _Policy(record, labels_of(record), rules_of(record), known.kept if known else deque())

    def _turn(self) -> bool:
        """Give back what is settled, and read a batch of each ring that may be read; return whether there was any."""
        if self._late:
            self._late = {outlet for outlet in self._late if not outlet.is_settled_up}
        found = False
        for stream in self._follower.streams:
            policy = self._policies.get(stream.record.name)
            if policy is not None:
                found |= self._tend(stream, policy)
        return found

    def _tend(self, stream: Stream, policy: _Policy) -> bool:
        """Give back and read one ring; what the kernel refuses is tried again."""
        try:
            self._release(stream, policy)
            return self._may_read(stream, policy) and self._read(stream, policy)
        except PolicydError as error:
            self._tell(str(error))
            self._stopping.wait(_ERROR_PAUSE)
            return False

    def _tell(self, error: str) -> None:
        """Log an error once, not each time that it comes again."""
        if error != self._told:
            self._told = error
            log(EVENT_PUMP_FAILED, error=error)

    # -- reading -----------------------------------------------------------------------------------------

    def _may_read(self, stream: Stream, policy: _Policy) -> bool:
        """Whether there is more to read, and no more than half of the ring is kept; what fills up is relieved."""
        ring = stream.ring
        pending = ring.pending
        if not policy.kept:
            if not stream.is_current:
                self._stale.set()  # the next ring is to be waited for
                return True
            return pending > 0
        end, position = policy.kept[-1].batch.end, ring.position
        if end >= position + pending:
            return False
        if 2 * (end - position) < ring.size:
            return True
        for outlet in self._unsettled(policy.kept[0]):
            outlet.hurry()
        if 4 * pending < 3 * ring.size:
            return False
        stream.done(policy.kept[0].batch)
        policy.kept.popleft()
        return True

    def _read(self, stream: Stream, policy: _Policy) -> bool:
        after = policy.kept[-1].batch.end if policy.kept else None
        batch = stream.read(BATCH, after, stream.ring.size // 4) or stream.read(1, after)
        if batch is None:
            return False
        count = len(batch)
        tickets = self._offer(stream, policy, batch) if count else []
        policy.kept.append(_Kept(batch, tickets, time.monotonic()))
        if count:
            self.read[policy.record.name] += count
        return True

    def _offer(self, stream: Stream, policy: _Policy, batch: Batch) -> list[tuple[Outlet, int]]:
        record = stream.record
        lines = self._enriched(record, self._encode([(stream.decoder, batch)]))
        tickets: dict[Outlet, int] = {}
        for start in range(0, len(lines), PIECE):
            some = lines[start : start + PIECE]
            piece = Lines.of(record.name, record.severity, some, policy.labels, policy.rules)
            self._recent.publish(piece)
            for outlet in self.outlets:
                ticket = outlet.offer(piece)
                if ticket is not None:
                    tickets[outlet] = ticket
        return list(tickets.items())

    def _enriched(self, record: PolicyRecord, lines: list[str]) -> list[str]:
        if self._enrich is None:
            return lines
        try:
            return self._enrich(record, lines)
        except Exception as error:  # names are nice to have: without them the events must still leave
            self._tell(safe(f"enrich {record.name}: {type(error).__name__}: {error}", 500))
            return lines

    # -- giving back -------------------------------------------------------------------------------------

    def _release_all(self) -> None:
        for stream in self._follower.streams:
            if policy := self._policies.get(stream.record.name):
                self._release(stream, policy)

    def _release(self, stream: Stream, policy: _Policy) -> None:
        """Give the space of batches back, the oldest first, up to one that is waited for."""
        kept = policy.kept
        while kept and self._is_over(kept[0]):
            stream.done(kept[0].batch)
            kept.popleft()

    def _is_over(self, kept: _Kept) -> bool:
        waited_for = self._unsettled(kept)
        if waited_for and time.monotonic() - kept.since > PATIENCE:
            self._late.update(waited_for)
            return True
        return not waited_for

    def _unsettled(self, kept: _Kept) -> list[Outlet]:
        """Return the outlets that are waited for."""
        kept.tickets = [one for one in kept.tickets if not one[0].is_settled(one[1])]
        return [outlet for outlet, _ in kept.tickets if outlet not in self._late]


def _pins(root: str) -> dict[str, tuple[int, int]]:
    """Return the inodes of record and ring (0: none) of each policy's folder: whatever is pinned anew has another one."""
    found = {}
    with suppress(FileNotFoundError), os.scandir(f"{root}/{POLICIES}") as folders:
        for folder in folders:
            found[folder.name] = (_inode(f"{folder.path}/record"), _inode(f"{folder.path}/ring"))
    return found


def _inode(path: str) -> int:
    try:
        return Path(path).stat().st_ino
    except OSError:
        return 0
