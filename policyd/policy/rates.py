"""What holds events back, as written: `rateLimit` and `sample` of an event, or of all events of a policy."""

# ruff: noqa: TC001 (pydantic reads annotations at run time)

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from policyd.policy.filters import Column
from policyd.policy.model import Model
from policyd.text import quote
from policyd.vocabulary.quantities import parse_duration
from policyd.words import Entries, wrong

DEFAULT_MAX_KEYS = 4096
MOST_EVENTS = 1_000_000_000
"""Events in the time of a rate, and in a burst."""
LONGEST_PERIOD = 366 * 86400 * 10**9
MOST_PARTS = 1 << 32
"""The kernel's random numbers have 32 bits: a smaller share than one in so many cannot be drawn."""

_SHARE = re.compile(r"([0-9]{1,18})/([0-9]{1,18})")


def _count(value: object) -> object:
    if re.fullmatch(r"[0-9]{1,10}", str(value)) and 1 <= int(str(value)) <= MOST_EVENTS:
        return int(str(value))
    raise wrong("bad-rate", f"{quote(str(value))} is no number of events from 1 to {MOST_EVENTS:,}")


def _period(value: object) -> object:
    if isinstance(value, int):
        return value
    try:
        found = parse_duration(str(value))
    except ValueError as error:
        raise wrong("bad-rate", f"{quote(str(value))} is no time: expected {error}") from None
    if str(value).strip().isdigit():
        raise wrong("bad-rate", f"{quote(str(value))} has no unit", f"write {value}s for seconds")
    if not 0 < found <= LONGEST_PERIOD:
        raise wrong("bad-rate", f"{quote(str(value))} is no time of a rate: more than 0, and at most 366 days")
    return found


def _share(text: str) -> str:
    match = _SHARE.fullmatch(text)
    if match is None:
        raise wrong("bad-sample", f"{quote(text)} is no share", "write one event in a hundred as 1/100")
    kept, parts = int(match[1]), int(match[2])
    if not 1 <= kept <= parts <= MOST_PARTS:
        raise wrong("bad-sample", f"{quote(text)} is no share: from 1/{MOST_PARTS:,} to 1/1")
    return text


EventCount = Annotated[
    int, BeforeValidator(_count), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_EVENTS})
]
Period = Annotated[
    int, BeforeValidator(_period), WithJsonSchema({"type": "string", "pattern": "^[0-9.]+(ns|us|µs|ms|s|m|h|d)"})
]
Share = Annotated[str, AfterValidator(_share), WithJsonSchema({"type": "string", "pattern": "^[0-9]+/[0-9]+$"})]


class RateLimit(Model):
    """At most `events` events in each time `per` (ns) of those that agree in `by`, and `burst` at once (None: `events`).

    `max_keys`: so many keys have a bucket at a time; the one that was not used for longest is given up for another.
    """

    events: EventCount
    per: Period
    burst: EventCount | None = None
    by: tuple[Column, ...] = ()
    max_keys: Entries = DEFAULT_MAX_KEYS

    @property
    def interval(self) -> int:
        """The time (ns) in which one event is earned, rounded up so that never more are let through."""
        return -(-self.per // self.events)

    @property
    def at_once(self) -> int:
        return self.events if self.burst is None else self.burst


class Rates(Model):
    """What holds events back; neither: nothing."""

    rate_limit: RateLimit | None = None
    sample: Share | None = None

    @property
    def threshold(self) -> int:
        """How many of the 2**32 random numbers let an event through."""
        kept, parts = map(int, (self.sample or "1/1").split("/"))
        return max(1, (kept << 32) // parts)
