"""What sinks have to know of a policy beside its events: labels, and of each rule its tags and what its message shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from policyd.sinks.sink import RuleFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policyd.record import PolicyRecord


def labels_of(record: PolicyRecord) -> Mapping[str, str]:
    """Return the labels in a record's document."""
    try:
        document: Any = msgspec.json.decode(record.document)
        return {str(key): str(value) for key, value in document["metadata"].get("labels", {}).items()}
    except (msgspec.DecodeError, LookupError, AttributeError, TypeError):
        return {}


def rules_of(record: PolicyRecord) -> Mapping[str, RuleFacts]:
    """Return what sinks have to know of a policy's rules, those included whose events may still be in its ring."""
    tags = {rule.name: frozenset(rule.tags) for rule in record.rules}
    uses: dict[str, set[str]] = {}
    for known in record.layouts:
        names = dict(known.rules)
        for row, message in known.messages:
            uses.setdefault(names.get(row, ""), set()).update(message.uses)
    return {name: RuleFacts(tags.get(name, frozenset()), tuple(sorted(uses.get(name, ())))) for name in tags.keys() | uses}
