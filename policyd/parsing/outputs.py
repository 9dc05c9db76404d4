"""A rule's `outputs` and `action`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policyd.document import Mapping, Node, Scalar, Sequence
from policyd.parsing.columns import read_columns
from policyd.policy import Action, Buckets, Column, EventOutput, MetricOutput, Output
from policyd.vocabulary.actions import ACTIONS, LATER_ACTIONS
from policyd.vocabulary.outputs import LATER_OUTPUTS, OUTPUTS, OutputKind

if TYPE_CHECKING:
    from policyd.errors import Path
    from policyd.parsing.reader import Keys, Reader

_LATER_EVENT_KEYS = ("rateLimit", "sample")
_BUCKET_FORMS = "log2, {log2: 1us..64s}, {linear: 0..1000, step: 50}, or upper bounds: [100us, 1ms, 10ms]"
_RESERVED = {"policy": "every series has a label `policy`", "le": "histograms have a label `le`"}


def read_outputs(reader: Reader, node: Node, path: Path) -> tuple[Output, ...] | None:
    """Return the outputs of a rule, or None and problems."""
    items = reader.sequence(node, path, "a list of outputs")
    if items is None:
        return None
    read = [_output(reader, item, (*path, index)) for index, item in enumerate(items)]
    found = tuple(item for item in read if item is not None)
    return found if len(found) == len(read) else None


def _output(reader: Reader, node: Node, path: Path) -> Output | None:
    found = reader.single(node, path, "an output", OUTPUTS, LATER_OUTPUTS, "unknown-output")
    if found is None:
        return None
    kind, value, below = found
    row = OUTPUTS[kind]
    later = () if row.is_metric else _LATER_EVENT_KEYS
    keys = reader.keys(value, below, f"the output `{kind}`", (key.name for key in row.keys), later)
    if keys is None:
        return None
    return _metric(reader, row, keys) if row.is_metric else _event(reader, keys)


def _event(reader: Reader, keys: Keys) -> EventOutput | None:
    if any(keys.has(key) for key in _LATER_EVENT_KEYS):
        return None
    return reader.build(EventOutput, keys, {"fields": read_columns(keys, "fields")})


def implied_event(path: Path) -> EventOutput:
    """Return the event of a rule that has an action and says nothing of outputs."""
    fields = tuple(Column(name=name, field=name, at=path) for name in ("process", "args"))
    return EventOutput(fields=fields, implied=True, at=path)


def _metric(reader: Reader, row: OutputKind, keys: Keys) -> MetricOutput | None:
    values: dict[str, Any] = {"kind": row.name, "by": read_columns(keys, "by")}
    values |= {key: keys.text(key) for key in ("name", "help", "value", "signed", "maxEntries", "evict") if keys.has(key)}
    if row.takes_value and keys.get("value") is None:
        keys.missing("value", f"as {row.example}")
    values["buckets"] = _buckets(reader, keys) if row.name == "histogram" else None
    _reserved(keys, row, values["by"] or ())
    return reader.build(MetricOutput, keys, values)


def _reserved(keys: Keys, row: OutputKind, columns: tuple[Column, ...]) -> None:
    for column in columns:
        if column.name in _RESERVED and (column.name != "le" or row.name == "histogram"):
            message = f"`{column.name}` cannot name a column: {_RESERVED[column.name]}"
            keys.fail("by", "reserved-label", message, f"give it another name: {{NAME: {column.field}}}")


# ------------------------------------------------------------------------------------------------ buckets


def _buckets(reader: Reader, keys: Keys) -> Buckets | None:
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


# ------------------------------------------------------------------------------------------------ actions


def read_action(reader: Reader, node: Node, path: Path) -> Action | None:
    """Return what a rule does, or None and problems."""
    hint = ""
    if isinstance(node, Scalar) and node.text in ACTIONS:
        hint = f"write {ACTIONS[node.text].example}"
    keys = reader.keys(node, path, "an action", ACTIONS, LATER_ACTIONS, hint)
    if keys is None:
        return None
    given = [key.text for key, _ in keys.node.items if key.text in ACTIONS]
    verdicts = [name for name in given if ACTIONS[name].is_verdict]
    if not keys.node.items:
        reader.report("empty-action", "an action names a verdict, a signal, or both", node, path, "as {signal: SIGKILL}")
        return None
    if len(verdicts) > 1:
        names = " and ".join(f"`{name}`" for name in verdicts)
        keys.fail(verdicts[1], "conflicting-keys", f"an action has one verdict, not {names}")
        return None
    values: dict[str, Any] = {"verdict": verdicts[0] if verdicts else None}
    spelled = {"number": verdicts[0] if verdicts else ""}
    for name in given:
        values |= _action_value(keys, name)
    return reader.build(Action, keys, values, spelled) if given else None


def _action_value(keys: Keys, name: str) -> dict[str, Any]:
    row = ACTIONS[name]
    if row.value == "true":
        if keys.text(name) != "true":
            keys.fail(name, "not-a-flag", f"`{name}` is followed by `true`", f"write {row.example}")
        return {}
    if keys.get(name) is None:
        keys.fail(name, "missing-key", f"`{name}` needs a value", f"write {row.example}")
    return {"number" if row.is_verdict else "signal": keys.text(name)}
