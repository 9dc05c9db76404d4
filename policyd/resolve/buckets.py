"""Histogram buckets: what a policy writes as bounds in the value's own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.maps import Buckets
from policyd.resolve.problems import Wrong
from policyd.text import quote

if TYPE_CHECKING:
    from policyd.policy import Buckets as WrittenBuckets
    from policyd.resolve.operands import Reading
    from policyd.vocabulary.types import ValueType

MOST_BOUNDS = 128

DEFAULT_HIGHEST = {1: 8, 2: 16, 4: 32, 8: 40}
"""log2 without a range, by the value's bytes: bounds up to 2^n - 1 (40: 18 minutes in nanoseconds, 1 TiB in bytes)."""


def resolve_buckets(written: WrittenBuckets | None, type_: ValueType, reading: Reading) -> Buckets:
    """Return the bounds, in ascending order; `Wrong` for what makes no buckets."""
    if written is None or (written.shape == "log2" and not written.low):
        return _log2(0, DEFAULT_HIGHEST[type_.size])
    if written.shape == "list":
        return _explicit(tuple(_bound(text, type_, reading) for text in written.bounds))
    low, high = _bound(written.low, type_, reading), _bound(written.high, type_, reading)
    if low >= high:
        raise Wrong("bad-buckets", f"the buckets go from {written.low} to {written.high}: the second must be higher")
    if written.shape == "log2":
        return _log2(low.bit_length(), high.bit_length())
    return _linear(low, high, _bound(written.step, type_, reading))


def _bound(text: str, type_: ValueType, reading: Reading) -> int:
    number = reading.number(type_, text)
    if number < 0:
        raise Wrong("bad-buckets", f"{quote(text)} is no bound of a bucket: bounds are 0 or more")
    return number


def _log2(first: int, last: int) -> Buckets:
    """Return bounds 2^n - 1 for n from `first` to `last`: the first power that takes in the bound asked for."""
    return Buckets("log2", tuple((1 << exponent) - 1 for exponent in range(first, last + 1)), start=first)


def _linear(low: int, high: int, step: int) -> Buckets:
    if step <= 0:
        raise Wrong("bad-buckets", "the step of linear buckets must be more than 0")
    count = -(-(high - low) // step)
    if count >= MOST_BOUNDS:
        raise Wrong("bad-buckets", f"{count + 1} buckets, a histogram has at most {MOST_BOUNDS}", "make the step larger")
    return Buckets("linear", tuple(low + index * step for index in range(count + 1)), start=low, step=step)


def _explicit(bounds: tuple[int, ...]) -> Buckets:
    if not bounds or len(bounds) > MOST_BOUNDS:
        raise Wrong("bad-buckets", f"{len(bounds)} bounds, a histogram has 1 to {MOST_BOUNDS}")
    if list(bounds) != sorted(set(bounds)):
        raise Wrong("bad-buckets", "the bounds must ascend, each once")
    return Buckets("explicit", bounds)
