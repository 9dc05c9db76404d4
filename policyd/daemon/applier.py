"""One revision of a source brought onto the host: parsed, resolved, applied; and what was left out, with the reasons.

In: a `Bundle`.  Out: `Applied`.  `RefusedError` if it is not acceptable as a whole: then nothing has changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policyd.assembly import warning_lines
from policyd.engine import Given, Request
from policyd.errors import OwnershipError, PolicydError
from policyd.log import EVENT_MENDED, EVENT_POLICY, log
from policyd.record import read_policies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from policyd.daemon.workplace import Workplace
    from policyd.engine import Result
    from policyd.errors import Problem
    from policyd.host import Host
    from policyd.parsing import Loaded
    from policyd.sources.source import Bundle


class RefusedError(PolicydError):
    """A revision that is not applied at all; what ran before goes on."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of the set `name`, and what its source says about empty ones and about policies of others."""

    name: str
    bundle: Bundle
    allow_empty: bool = False
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a revision: how many policies it has, those left out, what runs of the set now, what the engine did.

    `changed`: something was created, changed or removed.
    """

    given: int
    left_out: Mapping[str, str]
    running: tuple[str, ...]
    changed: bool


@dataclass(slots=True)
class _Sorting:
    """Policies of one revision, sorted into those that can be given to the engine, and those that are left out."""

    given: list[Given] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def apply_revision(place: Workplace, revision: Revision, apply: Callable[[Request, Host], Result]) -> Applied:
    """Make a set agree with a revision of it; `RefusedError`, or what `apply` raises."""
    loaded = _accept(place, revision)
    host = place.host()
    found = _sort(place, revision, loaded, host)
    request = Request(
        given=tuple(found.given),
        set=revision.name,
        revision=revision.bundle.revision,
        prune=True,
        allow_empty=True,  # an empty revision has been refused already, if it is not allowed
        adopt=revision.adopt,
        keep=frozenset(found.left_out),
    )
    result = apply(request, host)
    tell(result)
    names = {policy.name for policy in loaded.policies}
    found.left_out.update({row.policy: str(row.error) for row in result.failed if row.policy in names})
    running = tuple(sorted(name for name, record in read_policies(place.kernel).items() if record.set == revision.name))
    changed = any(row.kind in {"created", "changed", "removed"} for row in result.outcomes)
    return Applied(len(loaded.policies), dict(sorted(found.left_out.items())), running, changed)


def _accept(place: Workplace, revision: Revision) -> Loaded:
    """Return the policies of a revision that is acceptable as a whole, with their warnings."""
    loaded = place.parse(revision.bundle, revision.name)
    if not loaded.require() and not revision.allow_empty:
        owned = [name for name, record in read_policies(place.kernel).items() if record.set == revision.name]
        if owned:
            raise RefusedError(
                f"it holds no policy any more; the {len(owned)} that run stay, unless `allowEmpty: true` says otherwise"
            )
    return loaded


def _sort(place: Workplace, revision: Revision, loaded: Loaded, host: Host) -> _Sorting:
    found, before = _Sorting(), read_policies(place.kernel)
    typed, problems = place.resolve(loaded.policies, host)
    for policy in typed:
        record = before.get(policy.name)
        if record is not None and record.set != revision.name and not revision.adopt:
            found.left_out[policy.name] = str(_foreign(policy.name, record.set))
        else:
            found.given.append(Given(policy, _warnings((*loaded.problems, *problems), policy.name)))
    there = {policy.name for policy in typed}
    for policy_name in (policy.name for policy in loaded.policies if policy.name not in there):
        errors = [problem for problem in problems if problem.policy == policy_name and problem.severity == "error"]
        found.left_out[policy_name] = "; ".join(str(problem) for problem in errors) or "it cannot run on this host"
    return found


def _foreign(name: str, owner: str) -> OwnershipError:
    return OwnershipError(
        f"policy {name} belongs to set {owner or '(none)'}: rename one of them, or take it over with `adopt: true`"
    )


def _warnings(problems: Iterable[Problem], name: str) -> tuple[str, ...]:
    return warning_lines(row for row in problems if row.policy == name and row.severity == "warning")


def tell(result: Result) -> None:
    """Log what a change did, and what it has put right."""
    for row in result.outcomes:
        if row.kind != "unchanged":
            error = {"error": str(row.error)} if row.error else {}
            log(EVENT_POLICY, policy=row.policy, outcome=row.kind, **error)
    for mend in result.mended:
        log(EVENT_MENDED, what=mend.what, reason=mend.reason)
