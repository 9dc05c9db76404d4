"""The maps of one policy that hold values to compare with: list parameters, long literal lists, and scalar parameters.

`Stock` makes each once, however many rules use it, and gives tests the reference to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policyd.condition import ListRef, ScalarRef
from policyd.maps import MapSpec, ScalarParam
from policyd.parsing.lists import included
from policyd.resolve.lists import FORMS, Operand, list_spec, param_spec
from policyd.resolve.operands import Reading, declared_type
from policyd.resolve.problems import Wrong
from policyd.text import did_you_mean, quote
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.condition import Interval
    from policyd.policy import Leaf, Param, Policy, ValueList
    from policyd.vocabulary.operators import Operator

_DECLARE_LIST = "declare it under `spec.lists`, or give the file of the PolicyList that has it as well (-f)"
_U64 = (1 << 64) - 1


@dataclass(slots=True)
class Stock:
    """The lists and scalars of `policy`, as far as its rules use them; `reading` parses for the target."""

    policy: Policy
    reading: Reading
    maps: dict[str, MapSpec] = field(default_factory=dict)
    scalars: dict[str, ScalarParam] = field(default_factory=dict)
    _parsed: dict[tuple[object, ...], tuple[Operand | Interval, ...]] = field(default_factory=dict)
    _literals: dict[tuple[int, str, ValueType, tuple[Operand, ...]], ListRef] = field(default_factory=dict)

    def operands(self, leaf: Leaf, operator: Operator, type_: ValueType) -> tuple[Operand | Interval, ...]:
        """Return the parsed values of a leaf, once for all places of its rule."""
        key = (leaf.at, operator.name, leaf.values, type_)
        if key not in self._parsed:
            if operator.arity == "many":
                texts = [(text, (*leaf.at, "values", index)) for index, text in enumerate(leaf.values)]
            else:
                texts = [(text, (*leaf.at, "value")) for text in leaf.values]
            self._parsed[key] = self.reading.all(operator.positive, type_, texts)
        return self._parsed[key]

    def literal(self, row: int, operator: str, type_: ValueType, operands: tuple[Operand, ...]) -> ListRef:
        """Return the reference to a literal list of rule `row`; equal lists of a rule are one map."""
        key = (row, operator, replace(type_, size=0), operands)
        if key not in self._literals:
            name = f"rule-{row}-list-{sum(known == row for known, *_ in self._literals)}"
            self.maps[name] = list_spec(self.policy.name, name, operator, type_, operands)
            self._literals[key] = ListRef(name)
        return self._literals[key]

    def reference(self, name: str, operator: str, type_: ValueType) -> ListRef | ScalarRef:
        """Return the reference to a parameter that a test of a field of `type_` by the positive `operator` uses."""
        param = self.policy.param(name)
        assert param is not None, name  # parsing has checked names and forms
        param_type = declared_type(param.type)
        if not could_be(param_type, operator, type_):
            message = f"param {quote(param.name)} has the type {param.type}, the field is {type_.kind}"
            raise Wrong("param-does-not-fit", message, _declare(operator, type_))
        return self._list(param, param_type, operator) if param.form == "list" else self._scalar(param, param_type)

    def _list(self, param: Param, type_: ValueType, operator: str) -> ListRef:
        name = param.name + FORMS[operator].suffix
        if name not in self.maps:
            texts = [(text, (*param.at, "values", index)) for index, text in enumerate(param.values)]
            operands = self.reading.list(operator, type_, texts)
            self.maps[name] = param_spec(self.policy.name, param.name, operator, type_, operands)
        return ListRef(name, param.optional)

    def shared(self, name: str, operator: str, type_: ValueType) -> ListRef:
        """Return the reference to a list that a test of a field of `type_` by the positive `operator` uses.

        However short the list is, it is a map: its values change without a reload.
        """
        lists = {one.name: one for one in self.policy.lists}
        if name not in lists:
            raise Wrong("unknown-list", f"there is no list {quote(name)}", did_you_mean(name, lists) or _DECLARE_LIST)
        if operator not in FORMS:
            known = ", ".join(FORMS)
            raise Wrong("list-does-not-fit", f"{operator} takes no list ({quote(name)})", f"lists go with {known}")
        one = lists[name]
        try:
            list_type = declared_type(one.type)
        except Wrong as wrong:
            wrong.at = (*one.at, "type")
            raise
        if not could_be(list_type, operator, type_):
            message = f"list {quote(name)} has the type {one.type}, the field is {type_.kind}"
            raise Wrong("list-does-not-fit", message, _declare(operator, type_))
        map_name = f"list-{name}{FORMS[operator].suffix}"
        if map_name not in self.maps:
            self.maps[map_name] = self._list_map(one, list_type, operator, lists)
        return ListRef(map_name)

    def _list_map(self, one: ValueList, type_: ValueType, operator: str, lists: dict[str, ValueList]) -> MapSpec:
        texts = [
            (text, (*part.at, "values", index))
            for part in included(one.name, lists)
            for index, text in enumerate(part.values)
        ]
        spec = param_spec(self.policy.name, f"list-{one.name}", operator, type_, self.reading.list(operator, type_, texts))
        owner = dict(self.policy.inlined.lists).get(one.name)
        return replace(spec, param="", list=f"{owner}/{one.name}" if owner else one.name)

    def _scalar(self, param: Param, type_: ValueType) -> ScalarRef:
        if type_.shape not in {Shape.NUMBER, Shape.ADDRESS}:
            message = f"a single value of type {param.type} cannot be a parameter"
            raise Wrong("param-does-not-fit", message, "make it a list (values), and use In")
        if param.name not in self.scalars:
            texts = [(text, (*param.at, "value")) for text in param.values]
            values = self.reading.list("Equal", type_, texts)
            value = scalar_value(values[0], type_) if values else None
            self.scalars[param.name] = ScalarParam(self.policy.name, param.name, type_, value)
        return ScalarRef(param.name, param.optional)


def scalar_value(operand: Operand, type_: ValueType) -> tuple[int, int]:
    """Return the (low, high) words of a scalar parameter's row: numbers sign extended, addresses as two words."""
    assert isinstance(operand, int)
    if type_.shape is Shape.ADDRESS:
        return operand & _U64, operand >> 64
    return operand & _U64, 0


def could_be(given: ValueType, operator: str, field_type: ValueType) -> bool:
    """Whether values of the type `given` could ever be what a field is."""
    if operator == "InCIDR":
        return given.kind in {"cidr", "ip"}
    return given.shape is field_type.shape and given.kind != "cidr" and _agree(given, field_type)


def _declare(operator: str, field_type: ValueType) -> str:
    return f"declare it as {{type: {'cidr' if operator == 'InCIDR' else field_type.kind}}}"


def _agree(one: ValueType, other: ValueType) -> bool:
    """Two kinds of one shape agree unless they count in units of their own (a duration is no port)."""
    units = {"duration", "time"}
    return (one.kind in units) == (other.kind in units) or one.kind[1:].isdigit() or other.kind[1:].isdigit()
