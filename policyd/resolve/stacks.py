"""The two parts of a stack as values, and as columns of a fixed place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.value import StackTrace, Value
from policyd.vocabulary.stack_fields import STACK_COST, stack_type
from policyd.vocabulary.stacks import COLUMNS, FRAME_BYTES, MOST_FRAMES
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from policyd.layout import Column
    from policyd.vocabulary.stacks import Part


def stack_value(part: Part, depth: int = MOST_FRAMES, skip: int = 0) -> Value:
    """Return up to `depth` frames of a part of the stack, without its `skip` innermost ones."""
    access = StackTrace(part, depth, skip)
    return Value(COLUMNS[part], stack_type(part, depth), access, can_be_absent=True, can_be_unread=True, cost=STACK_COST)


def key_column(column: Column) -> Column:
    """Return the column of a key, or of another fixed place, that keeps a stack."""
    size = column.type.size - FRAME_BYTES["user" if column.path == COLUMNS["user"] else "kernel"]
    return replace(column, type=replace(column.type, shape=Shape.BYTES, size=size))
