"""What is known of cgroups: remembered, and looked up by a thread of its own, so that no disk ever holds the pump.

In: cgroups as events show them (a path, or a number where the path was not known).  Out: `Answer`s.  A question that is new
is waited for, but shortly and not often (`WAIT`, `SHARE`); what is not there by then is looked for again while events ask,
less and less often.  The memory is bounded: what was asked longest ago is forgotten first.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from policyd.enrich.container import Container
from policyd.enrich.runtimes import from_path
from policyd.log import log
from policyd.text import safe
from policyd.vocabulary.containers import place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.vocabulary.containers import Place

EVENT_LOOKUP_FAILED = "enrich-failed"

REMEMBERED = 4096
"""Cgroups that are remembered."""
WAITING = 1024
"""Cgroups that wait to be looked up; further ones are asked about again later."""
WAIT = 0.05
"""Seconds that a batch of events waits at most for cgroups that are new."""
SHARE = 10
"""After a wait there is none for so many times its length: a flood of new cgroups costs the pump a tenth of its time."""
RETRIES = (0.1, 0.5, 2.0, 10.0, 60.0)
"""Seconds until what was not found is looked for again; the last holds on."""
PATIENCE = 3
"""Looks after which nothing is expected to be found any more: events do not say `pending` then."""
FRESH = 600.0
"""Seconds after which what was found is looked up again, in the background."""

Find = Callable[["Place"], Container | None]
PathOf = Callable[[int], str | None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of a cgroup.  `path`: only where the event has but a number.

    `late`: it was looked up after the event had been read.  `pending`: it may be known later.
    """

    container: Container | None = None
    path: str = ""
    late: bool = False
    pending: bool = False


@dataclass(slots=True, eq=False)
class _Entry:
    """A cgroup that was asked for.

    `complete`: there is no more to be known.  `looks`: how often it was looked for; `due`: when it may be again (monotonic).
    """

    answer: Answer = Answer()
    complete: bool = False
    looks: int = 0
    due: float = 0.0
    queued: bool = False

    @classmethod
    def of(cls, cgroup: str) -> _Entry:
        """Return what the text alone says."""
        answer, complete = (Answer(), False) if cgroup.isdigit() else _of_path(place(cgroup))
        return cls(answer, complete, due=math.inf if complete else 0.0)

    def told(self, is_new: bool) -> Answer:
        """Return the answer for events that have been read just now."""
        if self.complete:
            return replace(self.answer, late=True) if is_new else self.answer
        return replace(self.answer, pending=True) if self.looks < PATIENCE else self.answer


def _of_path(where: Place | None, path: str = "") -> tuple[Answer, bool]:
    """Return what a path alone says, and whether that is all that there is to know."""
    complete = where is None or not where.id or where.rootless
    return Answer(from_path(where) if where else None, path), complete


class Answers:
    """Answers by cgroup.  `known` is for one thread, the pump's."""

    def __init__(
        self,
        find: Find,
        path_of: PathOf,
        chores: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find, self._path_of, self._chores, self._clock = find, path_of, chores, clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._queue: deque[str] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._chores_wanted = False
        self._rest_until = 0.0

    # -- what the pump calls -------------------------------------------------------------------------------------

    def known(self, cgroups: Iterable[str]) -> dict[str, Answer]:
        """Return what is known of each, after a short wait for those that are new."""
        with self._changed:
            entries = {cgroup: self._entry(cgroup) for cgroup in cgroups}
            new = {entry for entry in entries.values() if entry.queued and not entry.looks}
            if new:
                self._wait(new)
            return {cgroup: entry.told(entry in new) for cgroup, entry in entries.items()}

    def do_chores(self) -> None:
        """Have the thread do its chores soon."""
        with self._changed:
            self._chores_wanted = True
            self._start()
            self._changed.notify_all()

    def close(self) -> None:
        """Stop the thread, if it does not hang on a disk."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(1.0)

    def _entry(self, cgroup: str) -> _Entry:
        entry = self._entries.get(cgroup)
        if entry is None:
            entry = self._entries[cgroup] = _Entry.of(cgroup)
            if len(self._entries) > REMEMBERED:
                self._entries.popitem(last=False)
        else:
            self._entries.move_to_end(cgroup)
        if not entry.queued and entry.due <= self._clock() and len(self._queue) < WAITING:
            entry.queued = True
            self._queue.append(cgroup)
            self._start()
            self._changed.notify_all()
        return entry

    def _wait(self, new: set[_Entry]) -> None:
        """Wait for entries that nobody has looked for yet, unless there was a wait just now."""
        begun = self._clock()
        if begun < self._rest_until:
            return
        self._changed.wait_for(lambda: all(entry.looks for entry in new), WAIT)
        now = self._clock()
        self._rest_until = now + SHARE * (now - begun)

    # -- the thread ----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="enrich", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._chores_wanted or self._stopping)
                if self._stopping:
                    return
                chores, self._chores_wanted = self._chores_wanted, False
                cgroup = self._queue.popleft() if self._queue else ""
            if chores:
                _guarded(self._chores)
            if cgroup:
                found = _guarded(partial(self._look, cgroup))
                with self._changed:
                    self._keep(cgroup, found)
                    self._changed.notify_all()

    def _look(self, cgroup: str) -> tuple[Answer, bool]:
        """Return what can be found out, and whether it is all."""
        path = (self._path_of(int(cgroup)) or "") if cgroup.isdigit() else cgroup
        where = place(path) if path else None
        told = path if cgroup.isdigit() else ""
        answer, complete = _of_path(where, told)
        if where is None or complete:
            return answer, bool(path)
        found = self._find(where)
        return (Answer(found, told), True) if found else (answer, False)

    def _keep(self, cgroup: str, found: tuple[Answer, bool] | None) -> None:
        """Note what a look has found; what was complete and has gone since stays as it was."""
        entry = self._entries.get(cgroup)
        if entry is None:
            return
        answer, complete = found or (entry.answer, False)
        if complete or not entry.complete:
            entry.answer = answer
        entry.complete |= complete
        entry.queued = False
        entry.due = self._clock() + (FRESH if entry.complete else RETRIES[min(entry.looks, len(RETRIES) - 1)])
        entry.looks += 1


def _guarded(work: Callable[[], T]) -> T | None:
    """Do something that may fail in ways that nobody thought of: the thread goes on."""
    try:
        return work()
    except Exception as error:
        log(EVENT_LOOKUP_FAILED, error=safe(f"{type(error).__name__}: {error}", 300))
        return None
