"""JSON lines, as the agent streams them, as the text that `TextLines` makes of events in a ring.

The types of fields are looked up in the records of policies: a line says `1500000`, its column that these are nanoseconds.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from policyd.reading.events import Origin
from policyd.sinks.text import SECOND, quoted
from policyd.text import safe
from policyd.vocabulary.kinds import show_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from policyd.record import PolicyRecord
    from policyd.sinks.text import TextLines
    from policyd.vocabulary.types import ValueType

_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z")

_SHORT_ID = 12
"""Characters of a container's id, as runtimes show it."""


class TextOfJson:
    """Makes text of JSON lines.  `records` gives the policies that are applied; it is asked when an unknown one comes."""

    def __init__(self, text: TextLines, records: Callable[[], Mapping[str, PolicyRecord]]) -> None:
        self._text, self._records = text, records
        self._types: dict[str, dict[str, ValueType]] = {}

    def line(self, data: str) -> str:
        """Return one event's line; what is no event is shown as it is."""
        try:
            event = json.loads(data)
            wall = _nanoseconds(event["time"])
            facts = {key: str(event[key]) for key in ("policy", "severity", "rule", "hook", "verdict")}
            origin = Origin(**facts, tags=tuple(map(str, event.get("tags", ()))))
            message = str(event.get("message", ""))
            fields = [*self._text.said(message), *self._fields(event), *self._container(event)]
            return self._text.arranged(wall, origin, int(event["cpu"]), fields, bool(event.get("undecided")))
        except (ValueError, KeyError, TypeError, AttributeError):
            return safe(data.rstrip("\n")) + "\n"

    def _fields(self, event: dict[str, Any]) -> Iterator[str]:
        lost = event.get("undecodable")
        if lost is not None:
            yield self._text.undecodable(int(lost["bytes"]), safe(str(lost["layout"])))
            return
        types = self._types_of(str(event["policy"]))
        unread, cut = event.get("unread", ()), event.get("cut", ())
        shape = tuple(event["fields"])
        users = event.get("enriched", {}).get("users", {})
        for name, value in event["fields"].items():
            shown = ("?" if name in unread else "-") if value is None else quoted(_text(value, types.get(name)))
            shown += f"({quoted(str(users[name]))})" if name in users else ""
            yield self._text.pair((shape, name), safe(name), shown + ("…" if name in cut else ""))

    def _container(self, event: dict[str, Any]) -> Iterator[str]:
        """Yield what is known of the container, shortly: the rest is in JSON."""
        known = event.get("enriched", {}).get("container", {})
        words = {
            "pod": "/".join(str(known[key]) for key in ("namespace", "pod") if key in known) or known.get("pod_uid"),
            "container": known.get("name") or str(known.get("id", ""))[:_SHORT_ID],
            "image": known.get("image"),
        }
        for name, word in words.items():
            if word:
                yield self._text.pair(("enriched", name), name, quoted(str(word)))

    def _types_of(self, policy: str) -> dict[str, ValueType]:
        if policy not in self._types:
            self._types = {name: _column_types(record) for name, record in self._records().items()}
            self._types.setdefault(policy, {})
        return self._types[policy]


def _column_types(record: PolicyRecord) -> dict[str, ValueType]:
    """Return the types of a policy's columns whose numbers are not the policy's own names for them."""
    columns = (column for known in record.layouts for column in known.layout.columns)
    return {column.name: column.type for column in columns if not column.names}


def _text(value: Any, kind: ValueType | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and kind is not None and kind.kind == "paths":
        return " < ".join(map(str, value)) or "-"
    if isinstance(value, list):
        return "|".join(map(str, value)) or "0"
    if kind is not None and isinstance(value, int):
        return show_text(kind, value)
    if kind is not None and kind.kind == "time" and (found := _DATE.fullmatch(str(value))):
        return f"{found[1]}.{found[2][:3]}Z"
    return str(value)


def _nanoseconds(text: str) -> int:
    """Return a date of a JSON line as nanoseconds since 1970."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time of an event")
    return int(datetime.fromisoformat(f"{found[1]}+00:00").timestamp()) * SECOND + int(found[2])
