"""Named columns and filters, as written."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from policyd.policy.model import Model
from policyd.text import did_you_mean, one_of, quote
from policyd.vocabulary.operators import OPERATORS
from policyd.words import ColumnName, FieldPath, Line, Operand, ShownValue, wrong


def _operator(name: str) -> str:
    if name not in OPERATORS:
        hint = did_you_mean(name, OPERATORS) or f"operators: {one_of(OPERATORS, 40)}"
        raise wrong("unknown-operator", f"there is no operator {quote(name)}", hint)
    return name


OperatorName = Annotated[str, AfterValidator(_operator)]


class Column(Model):
    """One named value of an event or a metric's key.

    `field` is a path (`process.comm`) or a group (`process`, `args`), which stands for several columns.  `names` maps values
    to text at reading: (glob, text), the first that fits wins.
    """

    name: ColumnName
    field: FieldPath
    names: tuple[tuple[ShownValue, Line], ...] = ()


class Leaf(Model):
    """One test: `field operator values`, or against the param `param` (then `values` is empty)."""

    field: FieldPath
    operator: OperatorName
    values: tuple[Operand, ...] = ()
    param: str = ""


class AllOf(Model):
    """True if every part is (also with no parts)."""

    parts: tuple[Filter, ...]


class AnyOf(Model):
    """True if some part is."""

    parts: tuple[Filter, ...]


class Not(Model):
    """True if `part` is false; unknown stays unknown."""

    part: Filter


Filter = Leaf | AllOf | AnyOf | Not

for _group in (AllOf, AnyOf, Not):
    _group.model_rebuild()  # they name `Filter`, which names them
