"""Policies made by the dozen for the tests of generated code: every field, operator and form that the vocabulary offers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policyd.vocabulary.fields import FIELDS, Field
from policyd.vocabulary.hook_kind import HookKind
from policyd.vocabulary.hooks import HOOK_KINDS
from policyd.vocabulary.kinds import KINDS
from policyd.vocabulary.operators import OPERATORS, Operator, fits
from policyd.vocabulary.types import Shape, ValueType

Rule = dict[str, Any]
Leaf = dict[str, Any]

LONG = 20
"""Values of a list that is too long for comparisons (`resolve.conditions.SHORT_LISTS`)."""

_COUNT = {"counter": {"name": "hits_total", "help": "Hits"}}


def policy(name: str, rules: Iterable[Rule], params: Mapping[str, object] | None = None, **spec: object) -> str:
    """Return the text of a policy."""
    body = {**({"params": params} if params else {}), "rules": list(rules), **spec}
    document = {"apiVersion": "policyd.dev/v1alpha1", "kind": "Policy", "metadata": {"name": name}, "spec": body}
    return json.dumps(document, ensure_ascii=False)


def rule(name: str, hook: object, filters: object = (), outputs: object = (_COUNT,), **more: object) -> Rule:
    """Return a rule that counts, unless it is told otherwise."""
    return {"name": name, "hook": hook, "filters": list(filters), "outputs": list(outputs), **more}  # type: ignore[call-overload]


def leaf(field: str, operator: str, *values: object, param: str = "") -> Leaf:
    """Return a filter."""
    found: Leaf = {"field": field, "operator": operator}
    if param:
        return found | {"valuesFrom": {"param": param}}
    row = OPERATORS[operator]
    if row.arity == "one":
        found["value"] = values[0]
    elif row.arity == "many":
        found["values"] = list(values)
    return found


# ------------------------------------------------------------------------------------------------ values that fit


def texts(type_: ValueType) -> list[str]:
    """Return values that a field of this type can be compared with: `LONG` of them where there are so many."""
    if type_.shape is Shape.STRING:
        return [f"/pd/{number}" for number in range(LONG)]
    if type_.shape is Shape.ADDRESS:
        return [f"10.0.0.{number}" for number in range(LONG // 2)] + [f"fd00::{number}" for number in range(LONG // 2)]
    if type_.kind == "bytes":
        return [f"{number:0{2 * type_.size}x}" for number in range(LONG)]
    if type_.shape is Shape.BYTES:
        return [f"02:00:00:00:00:{number:02x}" for number in range(LONG)]
    if type_.kind == "bool":
        return ["true", "false"]
    units = {"time": "{}s", "duration": "{}ms", "flags": "{:#x}", "mode": "0{:o}"}
    return [units.get(type_.kind, "{}").format(number) for number in range(1, LONG + 1)]


def _values(operator: Operator, type_: ValueType, long: bool) -> list[str]:
    found = texts(type_)
    if operator.positive == "InRange":
        return [f"{found[0]}..{found[-1]}"] if type_.kind != "bool" else ["false..true"]
    if operator.positive == "InCIDR":
        found = [f"{text}/{24 + n if '.' in text else 120}" for n, text in enumerate(found)]
        found = ["10.0.0.0/8", "fd00::/8", *found[: LONG // 4]] if not long else texts(type_)
    if operator.positive == "Glob":
        found = ["/pd/*", "*[!a-c]?\\*"]
    return found if long else found[:2]


def leaves(field: str, type_: ValueType) -> Iterator[tuple[str, Leaf]]:
    """Yield every form of every operator that fits: (its name, the filter).  The params are those of `params`."""
    for operator in OPERATORS.values():
        if not fits(operator, type_):
            continue
        yield f"{operator.name}", leaf(field, operator.name, *_values(operator, type_, long=False))
        if operator.arity == "many" and operator.param == "list" and type_.kind != "bool":
            yield f"{operator.name}-long", leaf(field, operator.name, *_values(operator, type_, long=True))
        if operator.param and (operator.param == "list" or type_.shape in {Shape.NUMBER, Shape.ADDRESS}):
            for form in ("set", "empty"):
                name = f"{param_name(operator, type_)}_{form}"
                yield f"{operator.name}-param-{form}", leaf(field, operator.name, param=name)


def param_name(operator: Operator, type_: ValueType) -> str:
    return f"{'net' if operator.positive == 'InCIDR' else type_.kind}_{operator.param}"


def params(types: Iterable[ValueType]) -> dict[str, object]:
    """Return the params that `leaves` of these types name: lists and scalars, with values and empty."""
    found: dict[str, object] = {}
    for type_ in types:
        for operator in OPERATORS.values():
            if not operator.param or not fits(operator, type_):
                continue
            kind = "cidr" if operator.positive == "InCIDR" else type_.kind
            key = "values" if operator.param == "list" else "value"
            some = texts(type_)[:3] if key == "values" else texts(type_)[0]
            if key == "value" and type_.shape not in {Shape.NUMBER, Shape.ADDRESS}:
                continue
            name = param_name(operator, type_)
            found[f"{name}_set"] = {"type": kind, key: some}
            found[f"{name}_empty"] = {"type": kind, "optional": True}
            if key == "values":
                found[f"{name}_empty"] = {"type": kind, "optional": True, "values": []}
    return {name: found[name] for name in found}


# ------------------------------------------------------------------------------------------------ hooks


def fields_of(hook: HookKind) -> tuple[Field, ...]:
    """Return the vocabulary's fields that can be read at a hook, whichever its phase is."""
    return tuple(row for row in FIELDS if row.context in hook.contexts - {"call"})


def cgroup_hooks() -> tuple[HookKind, ...]:
    return tuple(row for row in HOOK_KINDS if row.kind == "cgroup")


assert set(KINDS), "the vocabulary has kinds"
