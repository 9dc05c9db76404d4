"""The drift watch: finds what somebody else has changed, tells it, and puts it right.

In: news from `listen.py`, an interval, a glance at held links and slots every second.  Out: `DriftRow`s, repairs through the
writer.  A pin that was removed is made again for the object that is still held; the rest is the engine's work.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from policyd.daemon.damage import DELETED, Damage, find_damage
from policyd.daemon.listen import PINS, Listener
from policyd.daemon.storm import Storms
from policyd.daemon.writer import StoppedError
from policyd.engine import Request
from policyd.errors import PolicydError
from policyd.health import DriftRow
from policyd.log import EVENT_BUG, EVENT_DRIFT, EVENT_STORM, EVENT_SURROUNDINGS, log
from policyd.observe import observe
from policyd.record import HOOKS, POLICIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policyd.daemon.follow import Surroundings
    from policyd.daemon.writer import Writer
    from policyd.observe import Observed

GLANCE_SECONDS = 1.0
KEPT_ROWS = 50
_RESTORING = 3
"""How often pins are made again that are removed at the same time."""


@dataclass(frozen=True, slots=True)
class DriftOptions:
    """What is done about drift, and how often all of it is looked for (seconds)."""

    mode: Literal["repair", "report"] = "repair"
    interval: float = 10.0


@dataclass(frozen=True, slots=True)
class Owner:
    """What the drift watch needs to know of others: which policies are the agent's own, and whom to tell of what."""

    policies: Callable[[], Iterable[str]]
    deleted: Callable[[Iterable[str]], object]  # these policies of its own are gone
    surroundings: Callable[[], object]  # the host is another
    drifted: Callable[[DriftRow], object] = lambda _: None


class DriftWatch:
    """Watches what runs.  `check` does one look; `rows` and `paused` may be read from any thread."""

    def __init__(self, writer: Writer, owner: Owner, surroundings: Surroundings, options: DriftOptions) -> None:
        self.writer, self.owner, self.surroundings, self.options = writer, owner, surroundings, options
        self.storms = Storms()
        self._rows: deque[DriftRow] = deque(maxlen=KEPT_ROWS)
        self._open: dict[tuple[str, str], float] = {}  # damage that is not repaired → when it was seen
        self._deleted: dict[str, float] = {}  # policies that their sources shall bring back → when they went
        self._listener: Listener | None = None

    def rows(self) -> tuple[DriftRow, ...]:
        """Return the last ones, newest first."""
        return tuple(reversed(self._rows.copy()))

    def paused(self) -> dict[str, float]:
        """Return where repairs have been too many, and for how many seconds nothing is repaired there."""
        return self.storms.paused(time.monotonic())

    # -- the thread ----------------------------------------------------------------------------------------------

    def run(self, beat: Callable[[], object]) -> None:
        """Watch until the agent stops."""
        self._listener = listener = Listener(self.writer.kernel.root)
        try:
            looked = 0.0
            self._listen()
            while not self.writer.stopping.is_set():
                beat()
                news = listener.wait(min(GLANCE_SECONDS, looked + self.options.interval - time.monotonic()))
                self._follow_host()
                if news or self.writer.guard.glance() or time.monotonic() - looked >= self.options.interval:
                    self._safely()
                    looked = time.monotonic()
                if PINS in news:
                    self._listen()
        finally:
            self._listener = None
            listener.close()

    def stop(self) -> None:
        """Wake the thread, which sees that the agent stops."""
        if (listener := self._listener) is not None:
            listener.ask()

    def _listen(self) -> None:
        kernel = self.writer.kernel
        names = [f"{parent}/{name}" for parent in (HOOKS, POLICIES) for name in kernel.list(parent)]
        if self._listener is not None:
            self._listener.follow(names)

    def _follow_host(self) -> None:
        try:
            changed = self.surroundings.changed()
        except OSError as error:
            changed = str(error)
        if changed:
            log(EVENT_SURROUNDINGS, what=changed)
            self.owner.surroundings()

    def _safely(self) -> None:
        try:
            self.check()
        except StoppedError:
            return
        except (PolicydError, OSError) as error:
            log(EVENT_DRIFT, error=str(error))
        except Exception as error:  # a bug here must not end the agent
            log(EVENT_BUG, where="drift", error=f"{type(error).__name__}: {error}")

    # -- one look ------------------------------------------------------------------------------------------------

    def check(self) -> tuple[DriftRow, ...]:
        """Look once; return what is new."""
        begun = time.time()
        with self.writer.alone():
            now = observe(self.writer.kernel)
            found = find_damage(self.writer.good, now, self.owner.policies())
            told = self._returned(now) + self._met(found, begun)
            if not found:
                self._open.clear()
                self._accept(now)
                return told
            self._let_go(now, found)
            if self.options.mode == "report":
                return told + self._report(found, begun)
            chosen = self._choose(found)
            left = self._pin_again(chosen)
        return told + (self._repair(chosen, left, begun) if chosen else ())

    def _pin_again(self, chosen: tuple[Damage, ...]) -> tuple[Damage, ...]:
        """Pin held objects again; return what is damaged still.  Mostly nothing is, and the engine has nothing to do."""
        places = {row.where for row in chosen}
        left = chosen
        for _ in range(_RESTORING):
            if not left or not self.writer.restore(left):
                break
            now = observe(self.writer.kernel)
            every = find_damage(self.writer.good, now, self.owner.policies())
            left = tuple(row for row in every if row.where in places)
            if not every:
                self._accept(now)
        return left

    def _accept(self, now: Observed) -> None:
        """Nothing is damaged: what is another has been changed by another policyd, and is right."""
        if now != self.writer.good:
            self.writer.accept(now)

    def _let_go(self, now: Observed, found: tuple[Damage, ...]) -> None:
        """Do not hold attach points that another policyd has detached, while something else is damaged."""
        damaged = {row.directory for row in found}
        for hook_id in self.writer.good.hooks:
            if hook_id not in now.hooks and f"{HOOKS}/{hook_id}" not in damaged:
                self.writer.guard.drop(f"{HOOKS}/{hook_id}")

    def _met(self, found: tuple[Damage, ...], begun: float) -> tuple[DriftRow, ...]:
        """Tell what other changes have found damaged, and have put right on their way."""
        places = {row.where for row in found}
        met = [self.writer.met.popleft() for _ in range(len(self.writer.met))]
        return self._tell(
            DriftRow(begun, row.what, row.where, True, 0.0, row.policies) for row in met if row.where not in places
        )

    def _returned(self, now: Observed) -> tuple[DriftRow, ...]:
        """Tell which deleted policies have been brought back by their sources."""
        back = [name for name in self._deleted if name in now.records]
        took = {name: (begun, time.time() - begun) for name in back if (begun := self._deleted.pop(name))}
        return self._tell(
            DriftRow(when, DELETED, f"policy {name}", True, took_, (name,)) for name, (when, took_) in took.items()
        )

    def _report(self, found: tuple[Damage, ...], begun: float) -> tuple[DriftRow, ...]:
        """Tell what is new; what is known already is told once."""
        new = [row for row in found if (row.where, row.what) not in self._open]
        self._open = {(row.where, row.what): self._open.get((row.where, row.what), begun) for row in found}
        return self._tell([DriftRow(begun, row.what, row.where, False, 0.0, row.policies) for row in new])

    def _choose(self, found: tuple[Damage, ...]) -> tuple[Damage, ...]:
        """Return what may be repaired now."""
        now = time.monotonic()
        return tuple(row for row in found if self.storms.may(row.where, now))

    def _repair(self, chosen: tuple[Damage, ...], left: tuple[Damage, ...], begun: float) -> tuple[DriftRow, ...]:
        """Have the engine put the rest right; then look what is left."""
        deleted = {name: begun for row in chosen if row.what == DELETED for name in row.policies}
        if deleted:
            self._deleted |= deleted
            self.owner.deleted(deleted)
            for where in {row.where for row in chosen if row.what == DELETED}:
                self._count(where)
        error = self._apply() if any(row.what != DELETED for row in left) else ""
        for row in {row for row in chosen if row in self.writer.met}:  # told here
            self.writer.met.remove(row)
        damaged = {row.where for row in find_damage(self.writer.good, observe(self.writer.kernel))} if left else set()
        rows = [self._repaired(row, begun, not error and row.where not in damaged) for row in chosen if row.what != DELETED]
        return self._tell(row for row in rows if row is not None)

    def _apply(self) -> str:
        """Compare all that runs with what it should be, and mend it; return why that failed, or nothing."""
        try:
            self.writer.apply(Request())
        except StoppedError:
            raise
        except (PolicydError, OSError) as failed:
            log(EVENT_DRIFT, error=str(failed))
            return str(failed)
        return ""

    def _repaired(self, row: Damage, begun: float, repaired: bool) -> DriftRow | None:
        """Count a repair, and note what came of it; None for what is told already."""
        known = (row.where, row.what) in self._open
        if repaired:
            self._open.pop((row.where, row.what), None)
        else:
            self._open.setdefault((row.where, row.what), begun)
        self._count(row.where)
        if known and not repaired:
            return None
        return DriftRow(begun, row.what, row.where, repaired, time.time() - begun, row.policies)

    def _count(self, where: str) -> None:
        """Count a repair; too many begin a pause, which is told."""
        if self.storms.tried(where, time.monotonic()):
            log(EVENT_STORM, where=where, seconds=round(self.paused().get(where, 0.0)))

    def _tell(self, rows: Iterable[DriftRow]) -> tuple[DriftRow, ...]:
        rows = tuple(rows)
        for row in rows:
            self._rows.append(row)
            self.owner.drifted(row)
            log(EVENT_DRIFT, what=row.what, where=row.where, repaired=row.repaired, seconds=round(row.seconds, 3))
        return rows
