"""The tables of operators, outputs and actions: each row's example is policy that parses, and rows agree with each other."""

from __future__ import annotations

import pytest
from policy_texts import parse, with_rule

from policyd.policy import Leaf, MetricKind, MetricOutput, StacksOutput, StatsOutput, Verdict
from policyd.vocabulary.actions import ACTIONS, LATER_ACTIONS, VERDICTS
from policyd.vocabulary.aggregates import AGGREGATES
from policyd.vocabulary.operators import OPERATORS, Operator, fits, fitting
from policyd.vocabulary.outputs import LATER_OUTPUTS, OUTPUTS
from policyd.vocabulary.types import Shape, ValueType


def declared(example: str) -> str:
    """Return a policy with the example as its filter, and the params that it names."""
    text = with_rule(filters=f"[{example}]")
    for name in ("package_managers", "allowed"):
        if name in example:
            text = text.replace("spec:\n", f"spec:\n  params: {{{name}: {{type: path, values: [x]}}}}\n")
    return text


@pytest.mark.parametrize("name", OPERATORS)
def test_the_example_of_an_operator_parses(name: str) -> None:
    (leaf,) = parse(declared(OPERATORS[name].example)).rules[0].filters
    assert isinstance(leaf, Leaf)
    assert leaf.operator == name


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_example_of_an_output_parses(name: str) -> None:
    (output,) = parse(with_rule(outputs=f"[{{{OUTPUTS[name].example}}}]")).rules[0].outputs
    assert isinstance(output, MetricOutput | StatsOutput | StacksOutput) is OUTPUTS[name].is_metric
    assert not isinstance(output, MetricOutput | StatsOutput | StacksOutput) or output.kind == name


@pytest.mark.parametrize("name", AGGREGATES)
def test_the_example_of_an_aggregate_parses(name: str) -> None:
    text = f"[{{stats: {{name: kept, columns: {{{AGGREGATES[name].example}}}}}}}]"
    (output,) = parse(with_rule(outputs=text)).rules[0].outputs
    assert isinstance(output, StatsOutput)
    assert [column.aggregate for column in output.columns] == [name]


@pytest.mark.parametrize("name", ACTIONS)
def test_the_example_of_an_action_parses(name: str) -> None:
    action = parse(with_rule(action=ACTIONS[name].example)).rules[0].action
    assert action is not None
    assert action.verdict == (name if ACTIONS[name].is_verdict else "none")


@pytest.mark.parametrize("row", [row for row in OPERATORS.values() if row.negative], ids=lambda row: row.name)
def test_a_negative_operator_takes_what_its_positive_one_takes(row: Operator) -> None:
    positive = OPERATORS[row.positive]
    assert not positive.negative
    assert (row.shapes, row.arity, row.param) == (positive.shapes, positive.arity, positive.param)


def test_models_and_tables_name_the_same() -> None:
    assert {name for name, row in OUTPUTS.items() if row.is_metric} == {*MetricKind.__args__, "stats", "stacks"}
    assert {"none", *VERDICTS} == set(Verdict.__args__)
    assert not set(LATER_OUTPUTS) & set(OUTPUTS)
    assert not set(LATER_ACTIONS) & set(ACTIONS)


@pytest.mark.parametrize("shape", Shape)
def test_every_shape_has_operators(shape: Shape) -> None:
    type_ = ValueType("x", shape, 4)
    assert {"Equal", "In", "Exists"} <= set(fitting(type_))
    assert fits(OPERATORS["Less"], type_) is (shape is Shape.NUMBER)
    assert fits(OPERATORS["InCIDR"], type_) is (shape is Shape.ADDRESS)
    assert fits(OPERATORS["Under"], type_) is (shape is Shape.STRING)


@pytest.mark.parametrize("name", [name for name, row in OPERATORS.items() if row.param])
def test_operators_take_the_form_of_param_that_they_say(name: str) -> None:
    row = OPERATORS[name]
    value = "values: [a]" if row.param == "list" else "value: a"
    text = with_rule(filters=f"[{{field: a, operator: {name}, valuesFrom: {{param: p}}}}]")
    policy = parse(text.replace("spec:\n", f"spec:\n  params: {{p: {{type: path, {value}}}}}\n"))
    assert policy.params[0].form == row.param
