"""Expressions as text become trees: what comes in is one scalar of a policy, what goes out knows each part's column.

`words.py` parses every expression of a policy to refuse what is none; `resolve/expressions.py` gives the tree types.
"""

from __future__ import annotations

from policyd.expression.mistakes import ExpressionError
from policyd.expression.nodes import (
    Binary,
    Call,
    Choice,
    Index,
    ListOf,
    Literal,
    Logic,
    Member,
    Name,
    Node,
    Unary,
    path_of,
    root_of,
    walk,
)
from policyd.expression.parser import FUNCTIONS, MAX_DEPTH, MAX_LENGTH, METHODS, parse
from policyd.expression.template import Blank, Template, split

__all__ = [
    "FUNCTIONS",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "METHODS",
    "Binary",
    "Blank",
    "Call",
    "Choice",
    "ExpressionError",
    "Index",
    "ListOf",
    "Literal",
    "Logic",
    "Member",
    "Name",
    "Node",
    "Template",
    "Unary",
    "parse",
    "path_of",
    "root_of",
    "split",
    "walk",
]
