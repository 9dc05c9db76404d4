"""What only a whole policy can tell: names used twice, params and their uses, outputs that share a map."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from policyd.parsing.lists import missing_hint
from policyd.policy import AllOf, AnyOf, Expanded, Filter, Leaf, MetricOutput, Not, Param, Policy, Rule, StatsColumn, StatsOutput
from policyd.text import did_you_mean, quote
from policyd.vocabulary.operators import OPERATORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.errors import Path
    from policyd.parsing.reader import Reader
    from policyd.policy import ParamForm

_SHAPE = ("help", "signed", "buckets", "max_entries", "evict")
"""What outputs that share a name may say once for all of them."""


def check(reader: Reader, policy: Policy) -> Policy:
    """Report what makes no sense in `policy`; return it with params' forms and outputs' shapes settled."""
    _rule_names(reader, policy)
    params = _params(reader, policy)
    _lists(reader, policy)
    rules = _share_shapes(reader, policy)
    if policy.acts and policy.mode == "monitor":
        message = "nothing acts: the mode is monitor, so actions are counted and shown as they would be, not taken"
        place: Path = ("spec", "mode") if policy.position(("spec", "mode")) else ("spec",)
        _warn(reader, policy, "nothing-acts", message, place, "`mode: enforce` takes them")
    return policy.settled(params, rules)


def leaves(filters: Iterable[Filter]) -> Iterator[Leaf]:
    """Give every leaf of `filters`, at any depth."""
    for part in filters:
        if isinstance(part, Leaf):
            yield part
        elif isinstance(part, Not):
            yield from leaves((part.part,))
        elif isinstance(part, AllOf | AnyOf | Expanded):
            yield from leaves(part.parts)


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


# ------------------------------------------------------------------------------------------------ params


def _params(reader: Reader, policy: Policy) -> tuple[Param, ...]:
    uses: dict[str, list[Leaf]] = defaultdict(list)
    for rule in policy.rules:
        for leaf in leaves(rule.filters):
            if leaf.param:
                uses[leaf.param].append(leaf)
    names = [param.name for param in policy.params]
    known = set(names)
    for name, using in uses.items():
        if name not in known and not reader.full:
            hint = did_you_mean(name, names) or "declare it under `spec.params`"
            path = (*using[0].at, "valuesFrom", "param")
            _report(reader, policy, "unknown-param", f"there is no param {quote(name)}", path, hint)
    return tuple(_settle(reader, policy, param, uses[param.name]) for param in policy.params)


def _settle(reader: Reader, policy: Policy, param: Param, uses: list[Leaf]) -> Param:
    """Return the param in the form that its value, or else its first use, gives it."""
    if not uses and not reader.failed:
        _warn(reader, policy, "unused-param", f"no filter uses the param `{param.name}`", param.at)
    if not uses:
        return param
    form = param.form if "form" in param.model_fields_set else _form(uses[0])
    nouns = {"list": "a list", "scalar": "a single value"}
    for leaf in uses:
        if _form(leaf) != form:
            message = f"`{leaf.operator}` takes {nouns[_form(leaf)]}, and the param `{param.name}` is {nouns[form]}"
            _report(reader, policy, "param-form", message, (*leaf.at, "valuesFrom"))
    return param.model_copy(update={"form": form})


def _lists(reader: Reader, policy: Policy) -> None:
    """Report filters whose list is not there."""
    known = [one.name for one in policy.lists]
    for leaf in (leaf for rule in policy.rules for leaf in leaves(rule.filters) if leaf.list):
        if leaf.list not in known and not reader.full:
            message = f"there is no list {quote(leaf.list)}"
            path = (*leaf.at, "valuesFrom", "list")
            _report(reader, policy, "unknown-list", message, path, missing_hint(reader, leaf.list, known))


def _form(leaf: Leaf) -> ParamForm:
    return "list" if OPERATORS[leaf.operator].param == "list" else "scalar"


# ------------------------------------------------------------------------------------------------ outputs


def _share_shapes(reader: Reader, policy: Policy) -> tuple[Rule, ...]:
    """Return the rules with what outputs of one name say of their map (help, buckets…) said by each of them."""
    groups: dict[str, list[MetricOutput | StatsOutput]] = defaultdict(list)
    for rule in policy.rules:
        for output in rule.outputs:
            if isinstance(output, MetricOutput | StatsOutput):
                groups[output.name].append(output)
    shapes = {name: _shape(reader, policy, group) for name, group in groups.items()}
    return tuple(_shaped(rule, shapes) for rule in policy.rules)


def _shape(reader: Reader, policy: Policy, group: list[MetricOutput | StatsOutput]) -> dict[str, Any]:
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
        output.model_copy(update=shapes[output.name]) if isinstance(output, MetricOutput | StatsOutput) else output
        for output in rule.outputs
    )
    return rule.model_copy(update={"outputs": outputs})
