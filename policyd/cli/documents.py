"""What `-o json` and `-o yaml` print of what runs: the stable shapes that scripts read, listed in docs/cli.md."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policyd.kernel.bpf.info import ProgramInfo
    from policyd.record import PolicyRecord
    from policyd.status import HookView, MapView, PolicyView


def policy_document(record: PolicyRecord) -> dict[str, Any]:
    """Return the document as it was applied (scalars are text), in the order in which policies are written."""
    document = json.loads(record.document)
    order = ("apiVersion", "kind", "metadata", "spec")
    return {key: document[key] for key in (*order, *(key for key in document if key not in order)) if key in document}


def policy_status(view: PolicyView) -> dict[str, Any]:
    """Return the `status` of a policy."""
    record = view.record
    return {
        "phase": view.phase,
        "reasons": list(view.reasons),
        "mode": view.mode,
        "acts": record.acts,
        "suspended": bool(record.suspend if view.flags is None else view.flags & 1),
        "set": record.set,
        "source": record.source,
        "applied": date(record.applied),
        "policyd": record.policyd,
        "hooks": list(record.hooks),
        "attachPoints": list(view.points),
        "account": view.account,
        "lost": view.lost,
        "missed": view.missed,
        "overrides": {name: list(values) for name, values in record.overrides.items()},
        "notApplicable": [{"rule": rule, "reason": reason} for rule, reason in record.not_applicable],
        "warnings": list(record.warnings),
    }


def hook_status(view: HookView) -> dict[str, Any]:
    """Return all about an attach point; run counts are zero unless the kernel's BPF statistics are on."""
    return {
        "name": view.key,
        "id": view.id,
        "policies": list(view.policies),
        "phase": "Degraded" if view.fault else "Ready",
        "reason": view.fault,
        "link": view.link_id,
        "runs": view.runs,
        "runTimeNs": view.run_time_ns,
        "missed": view.missed,
        "programs": [program_status(info) for info in view.programs],
    }


def program_status(info: ProgramInfo) -> dict[str, Any]:
    """Return what the kernel says of a program."""
    return {
        "id": info.id,
        "name": info.name,
        "type": info.type,
        "tag": info.tag,
        "instructions": info.instructions,
        "verifiedInstructions": info.verified_instructions,
    }


def map_status(view: MapView) -> dict[str, Any]:
    """Return all about a map of a policy; `entries` and `bytes` are null where they are not known."""
    return {
        "policy": view.policy,
        "name": view.name,
        "purpose": view.purpose,
        "type": view.type,
        "entries": view.entries,
        "maxEntries": view.max_entries,
        "bytes": view.memory,
        "param": view.param,
    }


def record_data(record: PolicyRecord) -> dict[str, Any]:
    """Return a policy's whole record as it is pinned; its shape follows `schema`, not this documentation."""
    import msgspec

    data: dict[str, Any] = msgspec.to_builtins(record)
    return data


def date(seconds: float) -> str:
    """Return seconds since 1970 as RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
