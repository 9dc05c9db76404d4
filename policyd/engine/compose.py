"""What shall run after a request: the policies that run, changed by what is given, less what goes.

In: the records that stand, the given policies, the request, and who has been found to blame so far.  Out: a `Composition`.
A policy that is to blame stays as it was, from the document in its record.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from policyd.errors import NotFoundError, OwnershipError, PolicydError, UsageError
from policyd.plan.planner import frozen_hooks
from policyd.record import PolicyRecord, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from policyd.engine.seams import Overrides, Resolver
    from policyd.observe import Observed
    from policyd.unit import TypedPolicy


@dataclass(frozen=True, slots=True)
class Given:
    """A policy to apply, as it was resolved from its file, with the warnings of that."""

    policy: TypedPolicy
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A change: policies to apply, and how.

    `set` names the owner of the given policies, `prune` removes the set's others (all of them only with `allow_empty`),
    `adopt` takes policies over from other sets, `reset_params` drops params set by hand, `remove` names policies to delete,
    `overrides` sets params by hand (policy → param → values, None to unset).  `exact`: nothing stays but these policies, and
    those of `keep` as they are; `prune` spares the policies of `keep` too.
    """

    given: tuple[Given, ...] = ()
    set: str = ""
    revision: str = ""
    prune: bool = False
    allow_empty: bool = False
    adopt: bool = False
    reset_params: bool = False
    remove: frozenset[str] = frozenset()
    overrides: Mapping[str, Mapping[str, tuple[str, ...] | None]] = field(default_factory=dict)
    exact: tuple[Wanted, ...] | None = None
    keep: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Composition:
    """What shall run.

    `changed` are the names whose policy is another one than before (or goes), those that run already first; `frozen` are
    recorded policies that this policyd or kernel does not understand any more (name → why).
    """

    wanted: dict[str, Wanted]
    frozen: dict[str, str]
    changed: tuple[str, ...]
    conflicts: dict[str, PolicydError]


class Composer:
    """Composes one request again and again while policies are found to blame; resolves each recorded document once."""

    def __init__(self, request: Request, observed: Observed, resolve: Resolver) -> None:
        self.request, self.observed, self.resolve = request, observed, resolve
        self.records = observed.records
        self._previous: dict[str, Wanted | PolicydError] = {}
        self._asked = self._ask()

    def compose(self, left_out: Iterable[str] = ()) -> Composition:
        """Return what shall run if the policies `left_out` stay as they were (or do not come)."""
        left_out = set(left_out)
        asked = {name: wanted for name, wanted in self._asked.items() if name not in left_out}
        wanted = {name: row for name, row in asked.items() if row is not None}
        frozen: dict[str, str] = {}
        for name in sorted(set(self.records) - set(asked)):
            previous = self.previous(name)
            if isinstance(previous, Wanted):
                wanted[name] = previous
            else:
                frozen[name] = f"stays as it runs: its document is not understood any more: {previous}"
        changed = sorted((name for name in asked if self._differs(name)), key=lambda name: (name not in self.records, name))
        return Composition(wanted, frozen, tuple(changed), self._conflicts(wanted, changed, frozen))

    def previous(self, name: str) -> Wanted | PolicydError | None:
        """Return the policy as its record has it, why that is not understood, or None if there was none."""
        record = self.records.get(name)
        if record is None:
            return None
        if name not in self._previous:
            self._previous[name] = self._resolve(record)
        return self._previous[name]

    def _resolve(self, record: PolicyRecord) -> Wanted | PolicydError:
        try:
            policy, warnings = self.resolve(record.document, record.overrides)
        except PolicydError as error:
            return error
        policy = replace(policy, source=record.source)
        return Wanted(policy, record.set, record.revision, record.overrides, warnings)

    # -- what is asked for: name → policy, or None if it shall go ------------------------------------------------

    def _ask(self) -> dict[str, Wanted | None]:
        if self.request.exact is not None:
            asked: dict[str, Wanted | None] = dict.fromkeys(set(self.records) - self.request.keep)
            return asked | {wanted.policy.name: wanted for wanted in self.request.exact}
        asked = {given.policy.name: self._give(given) for given in self.request.given}
        for name in self._pruned(set(asked)):
            asked[name] = None
        for name in self.request.remove:
            self._known(name)
            asked[name] = None
        for name, changes in self.request.overrides.items():
            asked[name] = self._override(name, changes)
        return asked

    def _known(self, name: str) -> PolicyRecord:
        if name not in self.records:
            raise NotFoundError(f"there is no policy {name}; `policyd get policies` lists them")
        return self.records[name]

    def _give(self, given: Given) -> Wanted:
        policy = given.policy
        record = self.records.get(policy.name)
        if record is not None and record.set != self.request.set and not self.request.adopt:
            raise OwnershipError(
                f"policy {policy.name} belongs to set {record.set or '(none)'}, not to {self.request.set or '(none)'}; "
                "rename one of them, or take it over with --adopt"
            )
        overrides: Overrides = record.overrides if record and not self.request.reset_params else {}
        if not overrides:
            return Wanted(policy, self.request.set, self.request.revision, {}, given.warnings)
        return self._overridden(Wanted(policy, self.request.set, self.request.revision, {}, given.warnings), overrides)

    def _overridden(self, wanted: Wanted, overrides: Overrides) -> Wanted:
        """Resolve again with the params that were set by hand; those that the policy no longer has fall away."""
        kept = {name: values for name, values in overrides.items() if name in params_of(wanted.policy)}
        policy, warnings = self.resolve(wanted.policy.document, kept)
        gone = sorted(set(overrides) - set(kept))
        dropped = tuple(f"param {name}, set by hand, is forgotten: the policy has none of that name" for name in gone)
        return replace(
            wanted, policy=replace(policy, source=wanted.policy.source), overrides=kept, warnings=warnings + dropped
        )

    def _override(self, name: str, changes: Mapping[str, tuple[str, ...] | None]) -> Wanted:
        record = self._known(name)
        overrides = dict(record.overrides)
        for param, values in changes.items():
            overrides.pop(param, None)
            if values is not None:
                overrides[param] = values
        policy, warnings = self.resolve(record.document, overrides)
        unknown = sorted(set(changes) - params_of(policy))
        if unknown:
            known = ", ".join(sorted(params_of(policy))) or "none"
            where = "; a list of that name is changed in its file" if unknown[0] in _declared(policy, "lists") else ""
            raise NotFoundError(f"policy {name} has no param {unknown[0]}; it has {known}{where}")
        return Wanted(replace(policy, source=record.source), record.set, record.revision, overrides, warnings)

    def _pruned(self, given: set[str]) -> set[str]:
        """Return the names that the request's set has and the request does not; `UsageError` rather than all by accident."""
        if not self.request.prune:
            return set()
        owned = {name for name, record in self.records.items() if record.set == self.request.set}
        if not given and owned and not self.request.allow_empty:
            raise UsageError(
                f"pruning would remove all {len(owned)} policies of the set; if that is meant, say --allow-empty"
            )
        return owned - given - self.request.keep

    # -- differences ---------------------------------------------------------------------------------------------

    def _differs(self, name: str) -> bool:
        record, wanted = self.records.get(name), self._asked[name]
        if record is None or wanted is None:
            return record is not None or wanted is not None
        return (record.document, dict(record.overrides)) != (wanted.policy.document, dict(wanted.overrides))

    def _conflicts(
        self, wanted: dict[str, Wanted], changed: Iterable[str], frozen: dict[str, str]
    ) -> dict[str, PolicydError]:
        """Return the changed policies that share an attach point with a frozen one, which cannot be built anew."""
        untouchable = frozen_hooks(self.observed, frozen)
        found: dict[str, PolicydError] = {}
        for name in changed if untouchable else ():
            new = set(wanted[name].policy.points) if name in wanted else set()
            old = {*self.records[name].points, *self.records[name].entries} if name in self.records else set()
            shared = sorted((new | old) & untouchable)
            if shared:
                others = ", ".join(sorted(frozen))
                found[name] = UsageError(
                    f"policy {name} cannot change: it shares an attach point with {others}, whose document is not "
                    "understood any more; apply a new version of that policy, or delete it"
                )
        return found


def params_of(policy: TypedPolicy) -> set[str]:
    """Return the names of a policy's params, those that no rule uses included."""
    used = {spec.param for spec in policy.maps if spec.param} | {param.name for param in policy.scalars if param.is_param}
    return used | _declared(policy, "params")


def _declared(policy: TypedPolicy, key: str) -> set[str]:
    """Return the names below a key of the `spec` in a policy's document."""
    document = msgspec.json.decode(policy.document or "{}")
    spec = document.get("spec", {}) if isinstance(document, dict) else {}
    found = spec.get(key, {}) if isinstance(spec, dict) else {}
    return set(found if isinstance(found, dict) else ())
