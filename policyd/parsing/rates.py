"""`rateLimit` and `sample`: of an event, and of all events of a policy; `above`: of a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policyd.parsing.columns import read_columns
from policyd.policy import Above, RateLimit, Rates
from policyd.policy.rates import BYTE_PARTS

if TYPE_CHECKING:
    from policyd.parsing.reader import Keys, Reader

KEYS = ("rateLimit", "sample")
ABOVE_KEYS = ("events", "bytes", "per", "by", "burst", "maxKeys")
LIMIT_KEYS = ("events", "per", "by", "burst", "maxKeys")
_MOST_NANOSECONDS = 1 << 62
_SLOWEST = BYTE_PARTS * 10**9
"""A byte's time, in parts of a nanosecond: times the length of any packet it fits 64 bits."""


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
    _check(keys, limit)
    return None if keys.bad else limit


def read_above(reader: Reader, outer: Keys) -> Above | None:
    """Return the rate that a rule is about what is above of; None if it has none, or something is wrong."""
    node = outer.get("above")
    if node is None:
        return None
    example = "as {events: 1000, per: 1s, by: [src.ip]}"
    keys = reader.keys(node, outer.below("above"), "`above`", ABOVE_KEYS, hint=example)
    if keys is None:
        return outer.note("above", node, None)
    values: dict[str, Any] = {key: keys.text(key) for key in ("events", "bytes", "per", "burst", "maxKeys")}
    values["by"] = read_columns(keys, "by")
    if keys.get("events") is not None and keys.get("bytes") is not None:
        keys.fail("bytes", "conflicting-keys", "`above` counts either `events` or `bytes`", "write two rules")
    elif keys.get("events") is None and keys.get("bytes") is None:
        keys.missing("events", f"{example}, or `bytes`")
    above = reader.build(Above, keys, values)
    if above is not None:
        _check(keys, above)
    return outer.note("above", node, None if keys.bad else above)


def _check(keys: Keys, limit: RateLimit | Above) -> None:
    if limit.events is not None and limit.events > limit.per:
        keys.fail("events", "bad-rate", "more than one event in a nanosecond is no limit")
    elif isinstance(limit, Above) and limit.events is None and not _SLOWEST >= limit.interval > 1:
        keys.fail("bytes", "bad-rate", "no rate of bytes is less than one in a second, or more than 512 in a nanosecond")
    elif limit.whole > _MOST_NANOSECONDS:
        keys.fail("burst", "bad-rate", "it would take more than a hundred years until so much is earned again")
    if keys.get("maxKeys") is not None and not limit.by:
        keys.fail("maxKeys", "conflicting-keys", "without `by` there is one key")
