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


_OWN_FRAMES = dict.fromkeys(("raw_tracepoint", "fentry", "fexit", "fmod_ret", "lsm"), 2)
"""Frames that are not what led to a place, but what looks: the program itself, and `bpf_trace_run` or the trampoline that
has called it.  Their addresses change with every program; other programs are given the registers of the place itself."""


def stack_value(part: Part, kind: str, depth: int = MOST_FRAMES, skip: int = 0) -> Value:
    """Return up to `depth` frames of a part of the stack at an attach point of this kind, without `skip` innermost ones."""
    access = StackTrace(part, depth, skip + (_OWN_FRAMES.get(kind, 0) if part == "kernel" else 0))
    return Value(COLUMNS[part], stack_type(part, depth), access, can_be_absent=True, can_be_unread=True, cost=STACK_COST)


def key_column(column: Column) -> Column:
    """Return the column of a key, or of another fixed place, that keeps a stack."""
    size = column.type.size - FRAME_BYTES["user" if column.path.endswith(COLUMNS["user"]) else "kernel"]
    return replace(column, type=replace(column.type, shape=Shape.BYTES, size=size))
