"""Named columns and filters, as written."""

# ruff: noqa: TC001 (pydantic reads annotations at run time)

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from policyd.errors import Path
from policyd.policy.model import Model
from policyd.text import did_you_mean, one_of, quote
from policyd.vocabulary.operators import OPERATORS
from policyd.words import ColumnName, Expression, Line, Operand, ShownValue, wrong


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
    field: Expression
    names: tuple[tuple[ShownValue, Line], ...] = ()
    used_at: Path = Field(default=(), exclude=True, repr=False)  # of a macro's column: where the macro is used


class Leaf(Model):
    """One test: `field operator values`, or against the param `param` or the list `list` (then `values` is empty)."""

    field: Expression
    operator: OperatorName
    values: tuple[Operand, ...] = ()
    param: str = ""
    list: str = ""


class Expr(Model):
    """One condition, as an expression."""

    expr: Expression


class AllOf(Model):
    """True if every part is (also with no parts)."""

    parts: tuple[Filter, ...]


class AnyOf(Model):
    """True if some part is."""

    parts: tuple[Filter, ...]


class Not(Model):
    """True if `part` is false; unknown stays unknown."""

    part: Filter


class Expanded(Model):
    """The filters of the macro `name`, where it is used: true if every part is.  `at` is the place of the use."""

    name: str
    parts: tuple[Filter, ...]


Filter = Leaf | Expr | AllOf | AnyOf | Not | Expanded

for _group in (AllOf, AnyOf, Not, Expanded):
    _group.model_rebuild()  # they name `Filter`, which names them
