"""Rates, as written: `rateLimit` and `sample` of an event or of all events of a policy, and `above` of a rule."""

# ruff: noqa: TC001 (pydantic reads annotations at run time)

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from policyd.policy.filters import Column
from policyd.policy.model import Model
from policyd.text import quote
from policyd.vocabulary.quantities import parse_duration, parse_size
from policyd.words import Entries, wrong

DEFAULT_MAX_KEYS = 4096
MOST_EVENTS = 1_000_000_000
"""Events in the time of a rate, and in a burst."""
LONGEST_PERIOD = 366 * 86400 * 10**9
MOST_PARTS = 1 << 32
"""The kernel's random numbers have 32 bits: a smaller share than one in so many cannot be drawn."""

MOST_BYTES = 1 << 44
"""Bytes in the time of a rate, and in a burst: more than any line carries in a second."""
BYTE_PARTS = 1024
"""Parts of a nanosecond in which a byte's time is told (`lib/rates.c`)."""

_SHARE = re.compile(r"([0-9]{1,18})/([0-9]{1,18})")


def _count(value: object) -> object:
    if re.fullmatch(r"[0-9]{1,10}", str(value)) and 1 <= int(str(value)) <= MOST_EVENTS:
        return int(str(value))
    raise wrong("bad-rate", f"{quote(str(value))} is no number of events from 1 to {MOST_EVENTS:,}")


def _bytes(value: object) -> object:
    try:
        found = value if isinstance(value, int) else parse_size(str(value))
    except ValueError as error:
        raise wrong("bad-rate", f"{quote(str(value))} is no amount: expected {error}") from None
    if not 1 <= found <= MOST_BYTES:
        raise wrong("bad-rate", f"{quote(str(value))} is no amount of a rate: from 1 to 16Ti")
    return found


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
ByteCount = Annotated[int, BeforeValidator(_bytes), WithJsonSchema({"type": ["integer", "string"]})]
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

    @property
    def whole(self) -> int:
        """The time (ns) in which a whole burst is earned."""
        return self.interval * self.at_once


class Above(Model):
    """What is more than `events`, or than `size` bytes of packets, in each time `per` (ns); the rest is as in `RateLimit`.

    `burst` is in the same unit.
    """

    events: EventCount | None = None
    size: ByteCount | None = Field(default=None, alias="bytes")
    per: Period
    burst: ByteCount | None = None
    by: tuple[Column, ...] = ()
    max_keys: Entries = DEFAULT_MAX_KEYS

    @property
    def interval(self) -> int:
        """The time in which one event (ns) or one byte (parts of a ns) is earned, rounded up."""
        return -(-self.per * (1 if self.size is None else BYTE_PARTS) // self._amount)

    @property
    def at_once(self) -> int:
        return self._amount if self.burst is None else self.burst

    @property
    def whole(self) -> int:
        """The time (ns) in which a whole burst is earned."""
        return self.interval * self.at_once // (1 if self.size is None else BYTE_PARTS)

    @property
    def _amount(self) -> int:
        return self.events or self.size or 1


class Rates(Model):
    """What holds events back; neither: nothing."""

    rate_limit: RateLimit | None = None
    sample: Share | None = None

    @property
    def threshold(self) -> int:
        """How many of the 2**32 random numbers let an event through."""
        kept, parts = map(int, (self.sample or "1/1").split("/"))
        return max(1, (kept << 32) // parts)
