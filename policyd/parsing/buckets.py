"""Histogram buckets as written: `log2`, `linear`, or upper bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.document import Mapping, Scalar, Sequence
from policyd.policy import Buckets

if TYPE_CHECKING:
    from policyd.errors import Path
    from policyd.parsing.reader import Keys, Reader

_BUCKET_FORMS = "log2, {log2: 1us..64s}, {linear: 0..1000, step: 50}, or upper bounds: [100us, 1ms, 10ms]"


def read_buckets(reader: Reader, keys: Keys) -> Buckets | None:
    """Return what the key `buckets` says; None if it is not there, or something is wrong."""
    node = keys.get("buckets")
    if node is None:
        return None
    path = keys.below("buckets")
    if isinstance(node, Sequence):
        return keys.note("buckets", node, _bounds(reader, keys, node, path))
    if isinstance(node, Scalar):
        if node.text == "log2":
            return Buckets(at=path)
        keys.fail("buckets", "bad-buckets", "these are no buckets", f"buckets: {_BUCKET_FORMS}")
        return None
    return keys.note("buckets", node, _ranged(reader, node, path))


def _bounds(reader: Reader, keys: Keys, node: Sequence, path: Path) -> Buckets | None:
    bounds = reader.texts(node, path)
    if bounds == ():
        keys.fail("buckets", "bad-buckets", "the list of bounds is empty", f"buckets: {_BUCKET_FORMS}")
        return None
    return reader.build(Buckets, keys, {"shape": "list", "bounds": bounds}, {"bounds": "buckets"}) if bounds else None


def _ranged(reader: Reader, node: Mapping, path: Path) -> Buckets | None:
    keys = reader.keys(node, path, "`buckets`", ("log2", "linear", "step"))
    if keys is None:
        return None
    shape = "linear" if keys.has("linear") else "log2"
    low, dots, high = (keys.text(shape) or "").partition("..")
    if not (low and dots and high) or keys.has("linear") != keys.has("step") or (keys.has("log2") and keys.has("linear")):
        reader.report("bad-buckets", "these are no buckets", node, path, f"buckets: {_BUCKET_FORMS}")
        return None
    values = {"shape": shape, "low": low, "high": high, "step": keys.text("step")}
    return reader.build(Buckets, keys, values, {"low": shape, "high": shape})
