"""The lists of policies that run: what they hold, where they are from, and which policies look values up in them.

Records come in: what a policy uses of a PolicyList is in its document.  Copies that differ are shown apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from policyd.views import View

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policyd.record import PolicyRecord


class ListItem(View, frozen=True):
    """A list: `policyList` is the PolicyList that shares it (empty: the policy has it itself), `source` its `file:line`."""

    name: str
    policy_list: str
    type: str
    values: list[str]
    include: list[str]
    policies: list[str]
    source: str


def list_items(records: Mapping[str, PolicyRecord]) -> list[ListItem]:
    """Return the lists of all policies, each once, in the order of their names."""
    found: dict[tuple[object, ...], ListItem] = {}
    for _, record in sorted(records.items()):
        for item in lists_of(record):
            whose = item.policy_list or f"policy/{record.name}"
            key = (item.name, whose, item.type, tuple(item.values), tuple(item.include))
            known = found.setdefault(key, item)
            if known is not item:
                found[key] = msgspec.structs.replace(known, policies=[*known.policies, record.name])
    return sorted(found.values(), key=lambda item: (item.name, item.policy_list, item.policies))


def lists_of(record: PolicyRecord) -> Iterator[ListItem]:
    """Yield the lists in a policy's document."""
    spec: dict[str, Any] = msgspec.json.decode(record.document).get("spec", {})
    owners = spec.get("inlined", {}).get("lists", {})
    for name, body in spec.get("lists", {}).items():
        owner = owners.get(name, "")
        yield ListItem(
            name=name,
            policy_list=owner,
            type=body.get("type", ""),
            values=_texts(body.get("values")),
            include=_texts(body.get("include")),
            policies=[record.name],
            source=record.list_sources.get(owner, "") if owner else record.source,
        )


def _texts(node: Any) -> list[str]:
    return [node] if isinstance(node, str) else list(node or ())
