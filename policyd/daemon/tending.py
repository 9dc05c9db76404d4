"""What is done for one source when its turn comes: fetch, apply, note how it went; or go back to a kept revision.

In: a `Tended` and how much effort to make.  Out: its new status and record.  Whatever goes wrong becomes a state with a
reason (the rows of `_FAILURES`): nothing is raised but when the agent ends.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import IntFlag
from typing import TYPE_CHECKING

from policyd.daemon.applier import Applied, RefusedError, Revision
from policyd.daemon.history import RAN, outcome_of
from policyd.daemon.workplace import TrialError
from policyd.daemon.writer import StoppedError
from policyd.errors import NotFoundError, PolicydError, ProblemsError, UsageError
from policyd.health import Outcome, RevisionRow, SourceState, SourceStatus
from policyd.log import EVENT_BUG, EVENT_SOURCE, log
from policyd.sources.source import Bundle, Mark, SourceError

if TYPE_CHECKING:
    from policyd.daemon.history import History, SourceRecord
    from policyd.daemon.tended import Tended
    from policyd.daemon.writer import Writer

LOOK_AT_TRIAL_SECONDS = 2.0
_STANDING = frozenset({"Refused", "Unreachable"})
"""States that say something of the source, and hold when what ran before is applied again."""


class Effort(IntFlag):
    """What is done for a source."""

    FOLLOW = 1  # the host is another: what was left out may fit now
    FETCH = 2  # look whether there is another revision, and apply that
    APPLY = 4  # apply the revision, whatever it is
    FULL = FETCH | APPLY


@dataclass(frozen=True, slots=True)
class _Failure:
    """What an exception means: the state, whether it is worth trying again soon, and its row in the history, if any."""

    kind: type[Exception]
    state: SourceState
    retry: bool
    outcome: Outcome | None = None


_FAILURES = (
    _Failure(RefusedError, "Refused", False, "refused"),
    _Failure(ProblemsError, "Refused", False, "refused"),
    _Failure(SourceError, "Unreachable", True),
    _Failure(PolicydError, "Degraded", True, "failed"),
    _Failure(OSError, "Degraded", True, "failed"),
)
"""The first row that fits counts; a `SourceError` that was `refused` counts as `Refused`."""


@dataclass(slots=True)
class Tending:
    """Tends one source at a time."""

    writer: Writer
    history: History

    def tend(self, one: Tended, effort: Effort) -> None:
        """Do what a source needs now."""
        if one.suspended:
            why = "the configuration" if one.plan.suspend else "`policyd suspend`, or a rollback"
            if one.status.state != "Suspended":
                one.show("Suspended", f"suspended by {why}; what runs of it stays")
            return
        bundle: Bundle | None = None
        before, due = one.status, one.due
        try:
            bundle = self._fetch(one, effort)
            one.show(checked=time.time(), seen=bundle.revision)
            if effort & (Effort.APPLY | Effort.FOLLOW) or self._is_new(one, bundle):
                self._note(one, bundle, self._bring(one, bundle))
                if not effort & Effort.FETCH and before.state in _STANDING:
                    one.go_back_to(before, due)
            else:
                self._keep_state(one)
        except StoppedError:
            return
        except TrialError as error:
            one.show("Waiting", str(error))
            one.soon(time.monotonic(), LOOK_AT_TRIAL_SECONDS)
        except (PolicydError, OSError) as error:
            self._fail(one, bundle, error)
        except Exception as error:  # one source's bug must not end the agent
            log(EVENT_BUG, source=one.name, error=f"{type(error).__name__}: {error}")
            self._fail(one, bundle, PolicydError(f"a bug of policyd: {type(error).__name__}: {error}"))

    def _fetch(self, one: Tended, effort: Effort) -> Bundle:
        """Return what is to run: what runs already, if nobody asks for something newer, and nothing newer is tried."""
        newer = one.status.state == "Degraded" and one.status.seen != one.record.revision
        kept = None if newer or effort & Effort.FETCH else self.history.bundle(one.record, one.record.digest)
        return kept or one.plan.source.fetch(one.record.mark)

    def _bring(self, one: Tended, bundle: Bundle) -> Applied:
        return self.writer.bring(Revision(one.name, bundle, one.plan.allow_empty, one.plan.adopt))

    @staticmethod
    def _is_new(one: Tended, bundle: Bundle) -> bool:
        """Whether a revision is not the one that was applied, whole and without a problem."""
        same = (one.record.revision, one.record.digest) == (bundle.revision, bundle.digest)
        return not same or one.status.state == "Pending" or bool(one.status.left_out or one.status.failures)

    def _keep_state(self, one: Tended) -> None:
        """Nothing new.  A revision that came back to what runs makes an earlier refusal void."""
        one.show("Applied")
        one.rest(time.monotonic())

    # -- how it went ---------------------------------------------------------------------------------------------

    def _note(self, one: Tended, bundle: Bundle, applied: Applied, outcome: Outcome | None = None) -> None:
        """Write down what runs now."""
        now, record = time.time(), one.record
        outcome = outcome or outcome_of(len(applied.left_out), applied.given, applied.running == record.policies)
        same = (record.revision, record.digest) == (bundle.revision, bundle.digest)
        reason = _left_out_text(applied) or "; ".join(bundle.notes)
        if applied.changed or not same or one.status.reason != reason:
            facts = {"reason": reason} if reason else {}
            log(EVENT_SOURCE, source=one.name, outcome=outcome, revision=bundle.revision, **facts)
        if outcome == "failed":
            record = record.with_row(RevisionRow(bundle.revision, bundle.digest, now, outcome, 0, reason))
            self._save(one, record, None)
        elif not same or applied.changed or record.policies != applied.running or record.history[:1] == ():
            row = RevisionRow(bundle.revision, bundle.digest, now, outcome, len(applied.running), reason)
            record = replace(
                record.with_row(row),
                mark=record.mark if outcome == "rolled-back" else _higher(record.mark, bundle),
                revision=bundle.revision,
                digest=bundle.digest,
                signer=bundle.signer,
                policies=applied.running,
                applied=now,
            )
            self._save(one, record, bundle)
        one.show("Degraded" if applied.left_out else "Applied", reason, left_out=dict(applied.left_out))
        if applied.left_out:
            one.retry(time.monotonic())
        else:
            one.rest(time.monotonic())

    def _fail(self, one: Tended, bundle: Bundle | None, error: Exception) -> None:
        """Turn an error into a state; what ran before runs on."""
        failure = next(row for row in _FAILURES if isinstance(error, row.kind))
        if isinstance(error, SourceError):
            revision = error.revision
            if error.refused:
                failure = _FAILURES[0]
        else:
            revision = bundle.revision if bundle else ""
        text = str(error)
        if (failure.state, text) != (one.status.state, one.status.reason):
            log(EVENT_SOURCE, source=one.name, outcome=failure.outcome or "unreachable", revision=revision, error=text)
        if failure.outcome and revision:
            row = RevisionRow(revision, bundle.digest if bundle else "", time.time(), failure.outcome, 0, text)
            if _tells_more(one.record, row):
                self._save(one, one.record.with_row(row), None)
        one.show(failure.state, text, checked=time.time(), seen=revision or one.status.seen)
        if failure.retry:
            one.retry(time.monotonic())
        else:
            one.rest(time.monotonic())

    def _save(self, one: Tended, record: SourceRecord, bundle: Bundle | None) -> None:
        """Pin the record; what cannot be pinned is known to this process at least."""
        one.record = record
        try:
            problem = self.history.save(record, bundle)
        except (PolicydError, OSError) as error:
            problem = f"its record cannot be written: {error}"
        if problem:
            log(EVENT_SOURCE, source=one.name, error=problem)

    # -- commands ------------------------------------------------------------------------------------------------

    def set_suspended(self, one: Tended, suspended: bool) -> SourceStatus:
        """Leave a source alone, or tend it again."""
        self._save(one, replace(one.record, suspended=suspended), None)
        log(EVENT_SOURCE, source=one.name, suspended=suspended)
        if suspended:
            return one.show("Suspended", "suspended by `policyd suspend`, or a rollback; what runs of it stays")
        one.due = 0.0
        return one.show("Pending", "resumed: it is fetched soon")

    def roll_back(self, one: Tended, revision: str) -> SourceStatus:
        """Apply a kept revision; the source stays suspended, or its newest revision would come back at once."""
        row = _wanted(one.record, revision)
        bundle = self.history.bundle(one.record, row.digest)
        if bundle is None:
            raise NotFoundError(f"revision {row.revision} of source {one.name} is not kept any more")
        applied = self._bring(one, replace(bundle, revision=row.revision))
        if applied.given and len(applied.left_out) == applied.given:
            raise UsageError(f"revision {row.revision} cannot be applied: {_left_out_text(applied)}")
        one.record = replace(one.record, suspended=True)
        self._note(one, replace(bundle, revision=row.revision), applied, "rolled-back")
        return one.show("Suspended", f"rolled back to {row.revision}; `policyd resume {one.name}` follows the source again")


def _left_out_text(applied: Applied) -> str:
    if not applied.left_out:
        return ""
    name, why = next(iter(applied.left_out.items()))
    more = len(applied.left_out) - 1
    told = why if why.startswith(f"policy {name} ") else f"{name}: {why}"
    return f"left out: {told}" + (f" (and {more} more)" if more else "")


def _tells_more(record: SourceRecord, row: RevisionRow) -> bool:
    """Whether a row is news: the same failure of the same revision is written down once."""
    newest = record.history[0] if record.history else None
    return newest is None or (newest.revision, newest.outcome, newest.message) != (row.revision, row.outcome, row.message)


def _higher(mark: Mark, bundle: Bundle) -> Mark:
    """Return the newest revision that was ever accepted.

    A commit was judged by its source: times in a history prove nothing, and an older commit was allowed by name.
    """
    return Mark(bundle.commit, bundle.order) if bundle.commit or bundle.order >= mark.order else mark


def _wanted(record: SourceRecord, revision: str) -> RevisionRow:
    """Return the kept revision that is meant: by its name or the beginning of its digest; if none, the one before."""
    kept = record.revisions
    if revision:
        found = [row for row in kept if row.revision == revision or (len(revision) > 5 and _names(row, revision))]
    else:
        found = _earlier(record)
    if not found:
        known = ", ".join(row.revision for row in kept if row.digest != record.digest) or "none"
        what = f"no kept revision {revision}" if revision else "no earlier revision to go back to"
        raise NotFoundError(f"source {record.name} has {what}; kept: {known}")
    return found[0]


def _names(row: RevisionRow, text: str) -> bool:
    return row.digest.startswith(text) or row.revision.rpartition("@")[2].startswith(text)


def _earlier(record: SourceRecord) -> list[RevisionRow]:
    """Return what ran before that which runs now, newest first; going back again goes further back."""
    ran = [row for row in record.history if row.outcome in RAN and row.outcome != "rolled-back"]
    at = [number for number, row in enumerate(ran) if row.digest == record.digest]
    return [row for row in ran[(at[0] if at else 0) :] if row.digest != record.digest]
