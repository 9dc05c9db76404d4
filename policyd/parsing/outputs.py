"""A rule's `outputs` and `action`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policyd.document import Mapping, Node, Scalar
from policyd.parsing.buckets import read_buckets
from policyd.parsing.columns import read_columns
from policyd.parsing.rates import read_rates
from policyd.parsing.reader import short, spelling
from policyd.parsing.stats import read_stats
from policyd.policy import Action, Column, EventOutput, MetricOutput, Output, Redirect, StacksOutput, StatsOutput
from policyd.vocabulary.actions import ACTIONS, LATER_ACTIONS
from policyd.vocabulary.outputs import LATER_OUTPUTS, OUTPUTS, OutputKind

if TYPE_CHECKING:
    from policyd.errors import Path
    from policyd.parsing.reader import Keys, Reader

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
    keys = reader.keys(value, below, f"the output `{kind}`", (key.name for key in row.keys))
    if keys is None:
        return None
    if row.name == "stats":
        return _stats(reader, keys)
    if row.name == "stacks":
        return _stacks(reader, keys)
    return _metric(reader, row, keys) if row.is_metric else _event(reader, keys)


def _event(reader: Reader, keys: Keys) -> EventOutput | None:
    return reader.build(EventOutput, keys, {"fields": read_columns(keys, "fields"), "rates": read_rates(reader, keys)})


def implied_event(path: Path) -> EventOutput:
    """Return the event of a rule that has an action and says nothing of outputs."""
    fields = tuple(Column(name=name, field=name, at=path) for name in ("process", "args"))
    return EventOutput(fields=fields, implied=True, at=path)


def _metric(reader: Reader, row: OutputKind, keys: Keys) -> MetricOutput | None:
    values: dict[str, Any] = {"kind": row.name, "by": read_columns(keys, "by")}
    values |= {key: keys.text(key) for key in ("name", "help", "value", "signed", "maxEntries", "evict") if keys.has(key)}
    if row.takes_value and keys.get("value") is None:
        keys.missing("value", f"as {row.example}")
    values["buckets"] = read_buckets(reader, keys) if row.name == "histogram" else None
    _reserved(keys, values["by"] or (), row.name == "histogram")
    return reader.build(MetricOutput, keys, values)


def _stats(reader: Reader, keys: Keys) -> StatsOutput | None:
    found = read_stats(reader, keys)
    if found is not None:
        _reserved(keys, found.by, any(column.aggregate == "histogram" for column in found.columns))
    return None if keys.bad else found


def _stacks(reader: Reader, keys: Keys) -> StacksOutput | None:
    values: dict[str, Any] = {"by": read_columns(keys, "by")}
    names = ("name", "help", "value", "kernel", "user", "of", "depth", "skip", "maxEntries")
    values |= {key: keys.text(key) for key in names if keys.has(key)}
    _reserved(keys, values["by"] or (), spread=False)
    found = reader.build(StacksOutput, keys, values)
    if found is not None and found.kernel is False and found.user is False:
        keys.fail("user", "no-stack", "neither the kernel's nor the program's part is left", "leave one of them true")
        return None
    return found


def _reserved(keys: Keys, columns: tuple[Column, ...], spread: bool) -> None:
    """Refuse names of labels that series have already; `spread`: those of histograms too."""
    for column in columns:
        if column.name in _RESERVED and (column.name != "le" or spread):
            message = f"`{column.name}` cannot name a column: {_RESERVED[column.name]}"
            keys.fail("by", "reserved-label", message, f"give it another name: {{NAME: {column.field}}}")


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


def _redirect(outer: Keys, name: str) -> Redirect | None:
    node, reader, path = outer.get(name), outer.reader, outer.below(name)
    assert node is not None
    if isinstance(node, Mapping):
        keys = reader.keys(node, path, f"`{name}`", spelling(Redirect))
    else:
        keys = short(reader, node, "interface", path, f"`{name}`")
    return None if keys is None else reader.build(Redirect, keys, keys.plain(Redirect))


def _action_value(keys: Keys, name: str) -> dict[str, Any]:
    row = ACTIONS[name]
    if row.value == "true":
        if keys.text(name) != "true":
            keys.fail(name, "not-a-flag", f"`{name}` is followed by `true`", f"write {row.example}")
        return {}
    if keys.get(name) is None:
        keys.fail(name, "missing-key", f"`{name}` needs a value", f"write {row.example}")
    elif row.value == "interface":
        return {name: keys.note(name, keys.get(name), _redirect(keys, name))}
    return {"number" if row.is_verdict else "signal": keys.text(name)}
