"""The prover: makes events itself, and looks whether they come all the way through, policy by policy, hook by hook.

Twice a period it announces its thread in the reserved row of the config map, makes an event for each attach point where
it can (`means.py`), and waits until the pump has read the canary of every policy there.  What does not come in two tries,
while no event comes either, is not proven any more, with the reason as far as it can be found out.  Attach points where
it can make nothing are proven by real events only.  docs/truth.md tells what `Proven` means.

The agent starts and stops it, and hands it to the pump as the `Witness` of what is read.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policyd.daemon.means import ONLY_32_BIT, Means, act, fork, idle_program, means_of, own_cgroup, wait
from policyd.daemon.proof import Seen, expired, prove
from policyd.errors import PolicydError
from policyd.log import EVENT_PROOF, log
from policyd.observe import observe
from policyd.reading.account import read_account
from policyd.record import HOOKS, POLICIES, SHARED, HookRecord, find_record, opened, read_policies
from policyd.status import faults
from policyd.unit import CANARY_ROW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from policyd.health import Proof
    from policyd.kernel.port import Kernel
    from policyd.record import PolicyRecord

TRIES = 2
_ARMED_SECONDS = 5
"""How long an announcement holds if nobody takes it back."""
_LOOK_SECONDS = 1.0
"""How often is looked whether policies have come or gone."""


@dataclass(frozen=True, slots=True)
class Spot:
    """An attach point with rules: its name, its id and its program's fingerprint (48 bits each), how an event is made."""

    key: str
    point: int
    program: int
    policies: tuple[str, ...]
    means: Means | str


@dataclass(frozen=True, slots=True)
class Survey:
    """What is there to prove."""

    spots: tuple[Spot, ...]
    records: Mapping[str, PolicyRecord]
    unmade: dict[Means, str] = field(default_factory=dict)  # what could not be made after all, and why

    def reason(self, spot: Spot) -> str:
        """Why no canary can be had at a spot; empty if one can."""
        return spot.means if isinstance(spot.means, str) else self.unmade.get(spot.means, "")

    @property
    def wanted(self) -> frozenset[tuple[str, int]]:
        """The (policy, attach point) pairs of which a canary is expected."""
        spots = (spot for spot in self.spots if not self.reason(spot))
        return frozenset((name, spot.point) for spot in spots for name in spot.policies if name in self.records)


class Prover:
    """Makes canaries every half of `interval` (seconds), in a thread of its own; a `reading.stream.Witness`."""

    def __init__(self, kernel: Kernel, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._kernel, self.interval, self._clock = kernel, interval, clock
        self._heard: dict[tuple[str, int], tuple[int, float]] = {}  # → program, when
        self._events: dict[tuple[str, int], int] = {}  # (policy, rule) → nanoseconds since boot
        self._proofs: dict[str, Proof] = {}
        self._turned = clock()
        self._news = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prover", daemon=True)

    # -- what the agent calls ------------------------------------------------------------------------------------

    def start(self) -> None:
        self._turned = self._clock()
        self._thread.start()

    def stop(self) -> None:
        """End; a turn that is under way is waited for."""
        self._stopping.set()
        with self._news:
            self._news.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def proofs(self) -> dict[str, Proof]:
        """Return the proof of each policy; none is proven if the prover itself stands still."""
        silent = self._clock() - self._turned
        with self._news:
            proofs = dict(self._proofs)
        if silent > 3 * self.interval:
            return {name: expired(proof, silent) for name, proof in proofs.items()}
        return proofs

    # -- what the pump tells -------------------------------------------------------------------------------------

    def canary(self, policy: str, point: int, program: int) -> None:
        with self._news:
            self._heard[policy, point] = program, self._clock()
            self._news.notify_all()

    def event(self, policy: str, rule: int, when: int) -> None:
        self._events[policy, rule] = when

    # -- the loop ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        due, known = 0.0, None
        while not self._stopping.is_set():
            try:
                found = self._kernel.list(POLICIES)
                if found != known or self._clock() >= due:
                    self.turn()
                    due, known = self._clock() + self.interval / 2, found
            except (PolicydError, OSError) as error:
                log(EVENT_PROOF, error=str(error))
            self._stopping.wait(min(_LOOK_SECONDS, self.interval / 2))

    def turn(self) -> None:
        """Make canaries, wait for them, and say what is proven."""
        survey, counts, start = self._survey(), dict[str, int](), time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        missing: frozenset[tuple[str, int]] = frozenset()
        for number in range(TRIES):
            if number:
                survey, counts = self._survey(), self._counts(survey, missing)
            begun = self._clock()
            self._make(survey)
            missing = self._wait(survey, begun)
            if not missing or self._stopping.is_set():
                break
        self._publish(survey, self._reasons(survey, missing, counts), start)

    # -- making --------------------------------------------------------------------------------------------------

    def _survey(self) -> Survey:
        records, own = read_policies(self._kernel), own_cgroup()
        found = (find_record(self._kernel, f"{HOOKS}/{name}/record", HookRecord).record for name in self._kernel.list(HOOKS))
        return Survey(tuple(_spot(hook, own) for hook in found if hook and hook.policies and hook.fingerprint), records)

    def _make(self, survey: Survey) -> None:
        """Make each kind of event once; what the host has not is noted."""
        wanted = {spot.means for spot in survey.spots if isinstance(spot.means, Means)}
        with opened(self._kernel, f"{SHARED}/config") as fd:
            if fd is None or not wanted:
                return
            try:
                self._announce(fd)
                for means in sorted(wanted):
                    self._make_one(fd, means, survey)
            finally:
                self._kernel.update(fd, _KEY, bytes(8))

    def _make_one(self, fd: int, means: Means, survey: Survey) -> None:
        try:
            if means.way == "child":
                wait(fork(lambda: self._be_child(fd)))
                self._announce(fd)
            else:
                act(means)
        except OSError as error:
            survey.unmade[means] = f"the event cannot be made here: {error.strerror or error}"

    def _announce(self, fd: int) -> None:
        """Name the calling thread as the one whose events are canaries."""
        until = int(time.clock_gettime(time.CLOCK_BOOTTIME)) + _ARMED_SECONDS
        _, thread = self._kernel.current()
        self._kernel.update(fd, _KEY, until.to_bytes(4, "little") + thread.to_bytes(4, "little"))

    def _be_child(self, fd: int) -> None:
        """In a child: be announced, and become a program that does nothing."""
        import os  # noqa: PLC0415

        self._announce(fd)
        command = idle_program()
        os.execv(command[0], command)  # noqa: S606 (no shell is wanted)

    def _wait(self, survey: Survey, begun: float) -> frozenset[tuple[str, int]]:
        """Wait until all canaries have been read; return those that were not."""
        programs = {(name, spot.point): spot.program for spot in survey.spots for name in spot.policies}
        end = begun + min(max(self.interval / 4, 0.5), 5.0)
        with self._news:
            while missing := frozenset(pair for pair in survey.wanted if not self._is_heard(pair, programs[pair], begun)):
                left = end - self._clock()
                if left <= 0 or self._stopping.is_set():
                    return missing
                self._news.wait(left)
        return frozenset()

    def _is_heard(self, pair: tuple[str, int], program: int, since: float) -> bool:
        heard = self._heard.get(pair)
        return heard is not None and heard[0] == program and heard[1] >= since

    # -- judging -------------------------------------------------------------------------------------------------

    def _counts(self, survey: Survey, pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
        """Return how many canaries each policy's programs have counted."""
        names = {name for name, _ in pairs if name in survey.records}
        return {name: read_account(self._kernel, survey.records[name].row)["canary"] for name in names}

    def _reasons(
        self, survey: Survey, missing: frozenset[tuple[str, int]], counts: dict[str, int]
    ) -> dict[tuple[str, int], str]:
        """Find out why canaries did not come."""
        if not missing:
            return {}
        observed, now = observe(self._kernel), self._counts(survey, missing)
        programs = {spot.point: spot.program for spot in survey.spots}
        reasons = {}
        for name, point in missing:
            record = observed.records.get(name)
            wrong = faults(observed, record) if record else ("the policy is gone",)
            heard = self._heard.get((name, point))
            if wrong:
                reasons[name, point] = wrong[0]
            elif heard and heard[0] != programs[point] and heard[1] > self._clock() - self.interval:
                reasons[name, point] = f"another program than the recorded one runs there (pd_{heard[0]:012x})"
            elif now[name] > counts.get(name, now[name]):
                reasons[name, point] = "canaries reach the ring, and nobody reads them out of it"
            else:
                reasons[name, point] = "no canary comes through: its program does not run"
        return reasons

    def _publish(self, survey: Survey, reasons: dict[tuple[str, int], str], start: int) -> None:
        """Say what is proven; `start` is when the first try was made, in nanoseconds since boot."""
        now = time.time()
        proofs = {
            name: prove(name, self._seen(record, survey, reasons, start), now, self._proofs.get(name))
            for name, record in survey.records.items()
        }
        for name, proof in proofs.items():
            before = self._proofs.get(name)
            if before and before.proven and not proof.proven:
                log(EVENT_PROOF, policy=name, lost=proof.reason)
        with self._news:
            self._proofs = proofs
            self._heard = {pair: heard for pair, heard in self._heard.items() if pair[0] in proofs}
        self._events = {pair: when for pair, when in list(self._events.items()) if pair[0] in proofs}
        self._turned = self._clock()

    def _seen(self, record: PolicyRecord, survey: Survey, reasons: dict[tuple[str, int], str], start: int) -> Iterator[Seen]:
        """Yield how each attach point of a policy stands.

        A real event of the last period proves one where no canary can be made; one since `start` where it was missed.
        """
        spots = {spot.point: spot for spot in survey.spots if record.name in spot.policies}
        for point in record.points:
            spot = spots.get(int(point[-12:], 16))
            if spot is None:
                yield Seen(point, "", "it is not attached")
                continue
            absent, missed = survey.reason(spot), reasons.get((record.name, spot.point), "")
            newest = self._newest(record, spot)
            if not absent and not missed:
                yield Seen(spot.key, "canary")
            elif newest > (start if missed else start - round(self.interval * 1e9)):
                yield Seen(spot.key, "event")
            else:
                reason = missed or f"{absent}, and no event came in the last {self.interval:g} s"
                yield Seen(spot.key, "", reason, beside=absent == ONLY_32_BIT and not missed)

    def _newest(self, record: PolicyRecord, spot: Spot) -> int:
        rules = [rule.row for rule in record.rules if rule.point == spot.key]
        return max((self._events.get((record.name, rule), 0) for rule in rules), default=0)


_KEY = CANARY_ROW.to_bytes(4, "little")


def _spot(hook: HookRecord, own: str) -> Spot:
    return Spot(
        key=hook.point.key,
        point=int(hook.point.id[-12:], 16),
        program=int(hook.fingerprint, 16),
        policies=hook.policies,
        means=means_of(hook.point, own),
    )
