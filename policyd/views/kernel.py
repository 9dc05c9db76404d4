"""What runs, as JSON: `get -o json`, `get -o yaml` and the API; the shapes are listed in docs/cli.md."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from policyd.health import Proof
from policyd.status import ATTACHED, phase_with
from policyd.views import View, date
from policyd.views.agent import model, show

if TYPE_CHECKING:
    from policyd.kernel.bpf.info import ProgramInfo
    from policyd.record import PolicyRecord
    from policyd.status import HookView, MapView, PolicyView


if TYPE_CHECKING:
    ProofModel = msgspec.Struct
else:
    ProofModel = model(Proof)


class NotApplicable(View, frozen=True):
    """A rule that has no hook on this kernel, and why."""

    rule: str
    reason: str


class PolicyStatus(View, frozen=True):
    """The `status` of a policy.  `account` counts events by what became of them, `lost` adds up those that were lost.

    `proof` is null where no agent is asked, or it makes no canaries.
    """

    phase: str
    reasons: list[str]
    mode: str
    acts: bool
    suspended: bool
    set: str
    source: str
    revision: str
    applied: str
    policyd: str
    hooks: list[str]
    attach_points: list[str]
    account: dict[str, int]
    lost: int
    missed: int
    overrides: dict[str, list[str]]
    not_applicable: list[NotApplicable]
    warnings: list[str]
    proof: ProofModel | None = None


class PolicyItem(View, frozen=True):
    """A policy as it was applied, with its status; `spec` is in the language of policies, its scalars are text."""

    api_version: str
    kind: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: PolicyStatus


class ProgramItem(View, frozen=True):
    """What the kernel says of a program."""

    id: int
    name: str
    type: str
    tag: str
    instructions: int
    verified_instructions: int


class HookItem(View, frozen=True):
    """An attach point.  `runs` and `runTimeNs` are zero unless the kernel's BPF statistics are, or were, on.

    `links` are several where each CPU has one; `link` is the first.  `members` are the functions of the kernel, or the
    offsets in a file, of one that stands for several.  `keptFor` are the rules (`policy/name`) at the end of the calls that
    begin here, for which something is kept.  `standsIn` says what is there in place of a link, and why.
    """

    name: str
    id: str
    members: list[str]
    policies: list[str]
    phase: str
    reason: str
    link: int | None
    links: list[int]
    runs: int
    run_time_ns: int
    missed: int
    kept_for: list[str]
    stands_in: str
    programs: list[ProgramItem]


class MapItem(View, frozen=True):
    """A map of a policy; `entries` (of a ring: bytes that wait) and `bytes` are null where they are not known."""

    policy: str
    name: str
    purpose: str
    type: str
    entries: int | None
    max_entries: int
    bytes: int | None
    param: str


def policy_document(record: PolicyRecord) -> dict[str, Any]:
    """Return the document as it was applied (scalars are text), in the order in which policies are written."""
    document = json.loads(record.document)
    order = ("apiVersion", "kind", "metadata", "spec")
    return {key: document[key] for key in (*order, *(key for key in document if key not in order)) if key in document}


def policy_item(view: PolicyView, proof: Proof | None = None) -> PolicyItem:
    """Return a policy's document with its status."""
    document = policy_document(view.record)
    return PolicyItem(
        api_version=document.get("apiVersion", ""),
        kind=document.get("kind", ""),
        metadata=document.get("metadata", {}),
        spec=document.get("spec", {}),
        status=policy_status(view, proof),
    )


def policy_status(view: PolicyView, proof: Proof | None = None) -> PolicyStatus:
    """Return the `status` of a policy."""
    record, phase = view.record, phase_with(view, proof)
    unproven = [proof.reason] if proof is not None and phase == ATTACHED else []
    return PolicyStatus(
        phase=phase,
        reasons=[*view.reasons, *unproven],
        mode=view.mode,
        acts=record.acts,
        suspended=bool(record.suspend if view.flags is None else view.flags & 1),
        set=record.set,
        source=record.source,
        revision=record.revision,
        applied=date(record.applied),
        policyd=record.policyd,
        hooks=list(record.hooks),
        attach_points=list(view.points),
        account=view.account,
        lost=view.lost,
        missed=view.missed,
        overrides={name: list(values) for name, values in record.overrides.items()},
        not_applicable=[NotApplicable(rule=rule, reason=reason) for rule, reason in record.not_applicable],
        warnings=list(record.warnings),
        proof=None if proof is None else show(proof),
    )


def hook_item(view: HookView) -> HookItem:
    """Return all about an attach point."""
    return HookItem(
        name=view.key,
        id=view.id,
        members=list(view.members),
        policies=list(view.policies),
        phase="Degraded" if view.fault else "Ready",
        reason=view.fault,
        link=next(iter(view.link_ids), None),
        links=list(view.link_ids),
        runs=view.runs,
        run_time_ns=view.run_time_ns,
        missed=view.missed,
        kept_for=list(view.kept_for),
        stands_in=view.stands_in,
        programs=[program_item(info) for info in view.programs],
    )


def program_item(info: ProgramInfo) -> ProgramItem:
    """Return what the kernel says of a program."""
    return ProgramItem(
        id=info.id,
        name=info.name,
        type=info.type,
        tag=info.tag,
        instructions=info.instructions,
        verified_instructions=info.verified_instructions,
    )


def map_item(view: MapView) -> MapItem:
    """Return all about a map of a policy."""
    return MapItem(
        policy=view.policy,
        name=view.name,
        purpose=view.purpose,
        type=view.type,
        entries=view.entries,
        max_entries=view.max_entries,
        bytes=view.memory,
        param=view.param,
    )


def record_data(record: PolicyRecord) -> dict[str, Any]:
    """Return a policy's whole record as it is pinned; its shape follows `schema`, not this documentation."""
    data: dict[str, Any] = msgspec.to_builtins(record)
    return data
