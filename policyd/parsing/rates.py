"""`rateLimit` and `sample`: of an event, and of all events of a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policyd.parsing.columns import read_columns
from policyd.policy import RateLimit, Rates

if TYPE_CHECKING:
    from policyd.parsing.reader import Keys, Reader

KEYS = ("rateLimit", "sample")
LIMIT_KEYS = ("events", "per", "by", "burst", "maxKeys")
_MOST_NANOSECONDS = 1 << 62


def read_rates(reader: Reader, keys: Keys) -> Rates | None:
    """Return what the keys `rateLimit` and `sample` say; None if neither is there, or something is wrong."""
    node = keys.get("rateLimit")
    limit = keys.note("rateLimit", node, _limit(reader, keys)) if node is not None else None
    values: dict[str, Any] = {"rate_limit": limit, "sample": keys.text("sample")}
    given = any(value is not None for value in values.values())
    return reader.build(Rates, keys, values) if given else None


def _limit(reader: Reader, outer: Keys) -> RateLimit | None:
    node = outer.get("rateLimit")
    assert node is not None
    keys = reader.keys(node, outer.below("rateLimit"), "`rateLimit`", LIMIT_KEYS, hint="as {events: 100, per: 1s}")
    if keys is None:
        return None
    values: dict[str, Any] = {key: keys.text(key) for key in ("events", "per", "burst", "maxKeys")}
    values["by"] = read_columns(keys, "by")
    limit = reader.build(RateLimit, keys, values)
    if limit is None:
        return None
    if limit.events > limit.per:
        keys.fail("events", "bad-rate", "more than one event in a nanosecond is no limit")
    elif limit.at_once * limit.interval > _MOST_NANOSECONDS:
        keys.fail("burst", "bad-rate", "it would take more than a hundred years until so many events are earned again")
    if values["maxKeys"] is not None and not limit.by:
        keys.fail("maxKeys", "conflicting-keys", "without `by` there is one key")
    return None if keys.bad else limit
