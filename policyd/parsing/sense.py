"""What only a whole policy can tell: names used twice, params and their uses, outputs that share a map."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from policyd.parsing.uses import check_lets, settled_params
from policyd.policy import MetricOutput, Policy, Rule, StacksOutput, StatsColumn, StatsOutput

if TYPE_CHECKING:
    from policyd.errors import Path
    from policyd.parsing.reader import Reader

Metric = MetricOutput | StatsOutput | StacksOutput

_SHAPE = ("help", "signed", "buckets", "max_entries", "evict", "kernel", "user", "depth", "skip")
"""What outputs that share a name may say once for all of them."""


def check(reader: Reader, policy: Policy) -> Policy:
    """Report what makes no sense in `policy`; return it with params' forms and outputs' shapes settled."""
    _rule_names(reader, policy)
    params = settled_params(reader, policy)
    check_lets(reader, policy)
    rules = _share_shapes(reader, policy)
    if policy.acts and policy.mode == "monitor":
        message = "nothing acts: the mode is monitor, so actions are counted and shown as they would be, not taken"
        place: Path = ("spec", "mode") if policy.position(("spec", "mode")) else ("spec",)
        _warn(reader, policy, "nothing-acts", message, place, "`mode: enforce` takes them")
    return policy.settled(params, rules)


def _report(reader: Reader, policy: Policy, code: str, message: str, path: Path, hint: str = "") -> None:
    reader.report(code, message, policy.node(path), path, hint)


def _warn(reader: Reader, policy: Policy, code: str, message: str, path: Path, hint: str = "") -> None:
    reader.report(code, message, policy.node(path), path, hint, "warning")


def _rule_names(reader: Reader, policy: Policy) -> None:
    seen: dict[str, Rule] = {}
    for rule in policy.rules:
        first = seen.setdefault(rule.name, rule)
        if first is not rule:
            message = f"rule `{rule.name}` is here a second time; the first is at {policy.position((*first.at, 'name'))}"
            _report(reader, policy, "duplicate-rule", message, (*rule.at, "name"))


# ------------------------------------------------------------------------------------------------ outputs


def _share_shapes(reader: Reader, policy: Policy) -> tuple[Rule, ...]:
    """Return the rules with what outputs of one name say of their map (help, buckets…) said by each of them."""
    groups: dict[str, list[Metric]] = defaultdict(list)
    for rule in policy.rules:
        for output in rule.outputs:
            if isinstance(output, Metric):
                groups[output.name].append(output)
    shapes = {name: _shape(reader, policy, group) for name, group in groups.items()}
    return tuple(_shaped(rule, shapes) for rule in policy.rules)


def _shape(reader: Reader, policy: Policy, group: list[Metric]) -> dict[str, Any]:
    first, *others = group
    shape = {key: getattr(first, key) for key in _SHAPE if key in first.model_fields_set}
    columns = [column.name for column in first.by]
    for output in others:
        wrong = ""
        if output.kind != first.kind:
            wrong = f"is a {first.kind} there"
        elif [column.name for column in output.by] != columns:
            wrong = f"has the columns [{', '.join(columns)}] there"
        elif isinstance(first, StatsOutput) and isinstance(output, StatsOutput):
            wrong = _other_columns(first, output)
        for key in _SHAPE:
            if key in output.model_fields_set and shape.setdefault(key, getattr(output, key)) != getattr(output, key):
                wrong = wrong or f"has another `{type(output).model_fields[key].alias}` there"
        if wrong:
            message = f"`{output.name}` is also at {policy.position(first.at)}, and {wrong}: outputs of one name are one map"
            _report(reader, policy, "outputs-disagree", message, output.at)
    return shape


def _other_columns(first: StatsOutput, other: StatsOutput) -> str:
    """Return in what two stats of one name differ, beside their keys; empty for nothing that counts."""
    shown = [column.name for column in first.show]
    if shown != [column.name for column in other.show]:
        return f"shows [{', '.join(shown)}] there"
    if list(map(_facts, first.columns)) != list(map(_facts, other.columns)):
        return "has other aggregates there"
    return ""


def _facts(column: StatsColumn) -> tuple[object, ...]:
    return column.name, column.aggregate, column.signed, column.buckets, [one.name for one in column.companions]


def _shaped(rule: Rule, shapes: dict[str, dict[str, Any]]) -> Rule:
    outputs = tuple(
        output.model_copy(update=shapes[output.name]) if isinstance(output, Metric) else output for output in rule.outputs
    )
    return rule.model_copy(update={"outputs": outputs})
