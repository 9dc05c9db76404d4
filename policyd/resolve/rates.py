"""Rates, of events and of rules: maps with a bucket for each key, and their numbers as scalars.

The numbers are no part of the code: a change of them is written to the shared scalars, and what runs goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policyd.effect import RateLimit
from policyd.layout import Column, Layout
from policyd.maps import MapClass, MapSpec, ScalarParam
from policyd.resolve.columns import key_columns
from policyd.resolve.problems import Complaints, Missing, Wrong
from policyd.text import quote
from policyd.vocabulary.types import Shape, ValueType
from policyd.words import MAX_ENTRIES

if TYPE_CHECKING:
    from policyd.policy import Above, Rates
    from policyd.policy import RateLimit as WrittenLimit
    from policyd.resolve.fields import Fields

_NUMBER = ValueType("u64", Shape.NUMBER, 8)
_BUCKET = Layout((Column("full", ValueType("time", Shape.NUMBER, 8)),))
"""When the bucket will be full again, in ns since boot: what is earned up to now is there to be spent."""

SPARE = 2
"""Entries for each key: the kernel sets some of an LRU map aside for each CPU (bpf_lru_list.c), and gives up what is in use
rather than take those of another CPU.  With one each, 900 active keys of 1000 lost their buckets."""

Held = tuple[tuple[str, ...], tuple[RateLimit, ...]]
"""The names of samples, and the limits, of an event."""


@dataclass(slots=True)
class Holding:
    """The maps and scalars of a policy's rates, by name."""

    policy: str
    maps: dict[str, MapSpec] = field(default_factory=dict)
    scalars: dict[str, ScalarParam] = field(default_factory=dict)

    def resolve(self, named: tuple[tuple[str, Rates], ...], fields: Fields, complaints: Complaints) -> Held:
        """Return what holds an event back: of all `rates`, each with the name that its maps have, the samples go first."""
        samples: list[str] = []
        limits: list[RateLimit] = []
        for name, rates in named:
            if rates.sample is not None:
                samples.append(self._number(f"{name}-sample", rates.threshold, 0))
            if rates.rate_limit is not None:
                limits.append(self._limit(f"{name}-rate", rates.rate_limit, fields, complaints))
        return tuple(samples), tuple(limits)

    def above(self, name: str, written: Above, fields: Fields, complaints: Complaints) -> RateLimit:
        """Return the limit of a rule that is about what is above a rate; `name` is the rule's."""
        limit = self._limit(f"{name}-above", written, fields, complaints)
        if fields.place.point.kind == "iter":
            complaints.append((written.at, Wrong("output-not-here", "a snapshot has no rate: it is as fast as its reader")))
        if written.size is None:
            return limit
        try:
            return replace(limit, weight=fields.value("packet.length"))
        except Missing as missing:
            message = f"`bytes` are those of packets, and {missing.message}"
            complaints.append((written.at, Wrong(missing.code, message, "count `events`")))
            return limit

    def _limit(self, name: str, written: WrittenLimit | Above, fields: Fields, complaints: Complaints) -> RateLimit:
        before = len(complaints)
        key, keys = key_columns(written.by, fields, complaints, "a rate's key")
        spec = self._spec(name, written, key if keys else None)
        known = self.maps.setdefault(name, spec)
        if known.key != spec.key and len(complaints) == before:
            message = f"the columns of {quote(name)} are of other types at {fields.place.spelled} than at another hook"
            complaints.append((written.at, Wrong("outputs-disagree", message, "give each event a rate of its own")))
        self._number(name, written.interval, written.whole)
        return RateLimit(name, keys)

    def _spec(self, name: str, written: WrittenLimit | Above, key: Layout | None) -> MapSpec:
        size = _BUCKET.size
        map_class = MapClass("lru_hash", key.size, size) if key else MapClass("array", 4, size, max_entries=1)
        entries = min(SPARE * written.max_keys, MAX_ENTRIES) if key else 1
        return MapSpec(self.policy, name, "rate", map_class, entries, key, _BUCKET)

    def _number(self, name: str, low: int, high: int) -> str:
        self.scalars[name] = ScalarParam(self.policy, name, _NUMBER, (low, high))
        return name
