"""Which events a sink gets, and which of their fields.

A batch is of one policy, so a filter is one test a batch.  Lines pass as they are unless fields are chosen or redacted;
then each is decoded and encoded again, in the outlet's own thread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fnmatch import translate
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from policyd.reading.shown import Remembered
from policyd.sinks.jsonl import to_json
from policyd.text import is_safe
from policyd.vocabulary.severities import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from policyd.sinks.sink import Lines, RuleFacts

REDACTED = "[redacted]"
_GOES, _STAYS, _REDACTED = range(3)
_RANK = {name: rank for rank, name in enumerate(get_args(Severity))}
_NAMES = ("unread", "cut")
"""Keys of a line that name fields."""
_ENRICHED = "enriched"
_OF_FIELDS = ("users", "cgroups")
"""What `enriched` says of single fields, by their names."""


def _matcher(globs: Iterable[str]) -> Callable[[str], object] | None:
    """Return whether a name fits one of the globs; None without any."""
    patterns = [translate(glob) for glob in globs]
    return re.compile("|".join(patterns)).match if patterns else None


def _both(globs: Iterable[str]) -> tuple[str, ...]:
    """Return globs over paths of fields together with those over the names that columns get from such paths."""
    return tuple(name for glob in globs for name in (glob, glob.replace(".", "_")))


@dataclass(frozen=True, slots=True)
class Filter:
    """What of all events a sink wants: globs of policies' names (none: all), severity, labels of the policy, tags.

    An event passes that has one of `tags` (none: all).
    """

    policies: tuple[str, ...] = ()
    min_severity: str = "info"
    labels: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    _match: Callable[[str], object] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_match", _matcher(self.policies))

    def passing(self, lines: Lines) -> Lines:
        """Return what passes of a batch (of one policy): all, nothing, or the events of rules with the wanted tags."""
        if not self.wants(lines):
            return replace(lines, data=b"", count=0)
        if not self.tags:
            return lines
        tagged = {name for name, facts in lines.rules.items() if not facts.tags.isdisjoint(self.tags)}
        return lines.of_rules(tagged) if tagged else replace(lines, data=b"", count=0)

    def wants(self, lines: Lines) -> bool:
        """Whether a batch's policy passes.  A severity that is not known passes."""
        if _RANK.get(lines.severity, len(_RANK)) < _RANK[self.min_severity]:
            return False
        if self._match is not None and not self._match(lines.policy):
            return False
        return all(lines.labels.get(key) == value for key, value in self.labels)


class Fields:
    """Chooses and redacts fields by globs over their names (`process.args`, `args.*`).

    `include` (nothing: all) comes first, then `exclude`; of what is left, `redact` takes the values.  A name below a field
    that holds others (`a.b` of `a: {b: …}`) is matched with its whole path.  `process.args` stands for `process_args` too:
    so columns are called unless the policy names them.  What is known after the fact is `enriched.container.image`; what is
    known about a field goes where the field goes.  A message that shows anything that may not be shown is redacted.
    """

    def __init__(self, include: Iterable[str] = (), exclude: Iterable[str] = (), redact: Iterable[str] = ()) -> None:
        self._include, self._exclude, self._redact = (_matcher(_both(globs)) for globs in (include, exclude, redact))
        self.changes = any(one is not None for one in (self._include, self._exclude, self._redact))
        self._fates = Remembered(self._fate)
        self._decode = msgspec.json.Decoder().decode
        self._encode = msgspec.json.Encoder().encode

    def apply(self, lines: Lines) -> Lines:
        """Return the lines with their fields chosen and redacted; the same lines if nothing is asked for."""
        if not self.changes:
            return lines
        made = [self._line(self._event(self._decode(line), lines.rules)) for line in lines.each()]
        made.append(b"")
        return replace(lines, data=b"\n".join(made))

    def _line(self, event: dict[str, Any]) -> bytes:
        encoded = self._encode(event)
        if encoded.isascii() and b"\x7f" not in encoded:  # JSON has escaped the other control characters
            return encoded
        return encoded if is_safe(encoded.decode()) else to_json(event).encode("utf-8", "backslashreplace")

    def _event(self, event: dict[str, Any], rules: Mapping[str, RuleFacts]) -> dict[str, Any]:
        if "message" in event:
            facts = rules.get(str(event.get("rule")))
            if facts is None or not all(map(self._stays, facts.uses)):
                event["message"] = REDACTED
        fields = event.get("fields")
        if isinstance(fields, dict):
            event["fields"] = self._choose(fields, "")
            for key in _NAMES:
                if kept := [name for name in event.pop(key, ()) if self._fates[name]]:
                    event[key] = kept
        if isinstance(enriched := event.pop(_ENRICHED, None), dict) and (known := self._known(enriched)):
            event[_ENRICHED] = known
        return event

    def _known(self, enriched: dict[str, Any]) -> dict[str, Any]:
        """Return what may be told of `enriched`: nothing about a field that went, or lost its value."""
        told = dict(enriched)
        for key in _OF_FIELDS:
            told[key] = {name: value for name, value in told.pop(key, {}).items() if self._stays(name)}
        return self._choose(told, f"{_ENRICHED}.")

    def _stays(self, name: str) -> bool:
        fate: int = self._fates[name]
        return fate == _STAYS

    def _fate(self, name: str) -> int:
        """Return what becomes of a field; 0 (`_GOES`) is false."""
        wanted = self._include is None or self._include(name)
        if not wanted or (self._exclude is not None and self._exclude(name)):
            return _GOES
        return _REDACTED if self._redact is not None and self._redact(name) else _STAYS

    def _choose(self, fields: dict[str, Any], above: str) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        fates = self._fates
        for key, value in fields.items():
            if value.__class__ is dict:
                if inner := self._choose(value, f"{above}{key}."):
                    chosen[key] = inner
                continue
            fate = fates[above + key] if above else fates[key]
            if fate:
                chosen[key] = value if fate == _STAYS or value is None else REDACTED
        return chosen
