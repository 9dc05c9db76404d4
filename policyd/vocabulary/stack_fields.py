"""The two parts of a stack as fields of hooks."""

from __future__ import annotations

from policyd.vocabulary.field import Field
from policyd.vocabulary.stacks import MOST_FRAMES, Part, stack_bytes
from policyd.vocabulary.types import Shape, ValueType

STACK_COST = 64
"""As what takes a loop: frames are walked, and so a stack is fetched at one place of a program."""


def stack_type(part: Part, depth: int = MOST_FRAMES) -> ValueType:
    """Return the type of a stack of at most `depth` frames; there is room for one more, which tells that there were more."""
    return ValueType("stack", Shape.STRING, stack_bytes(part, depth + 1))


STACK_FIELDS: tuple[Field, ...] = (
    Field(
        "kernel.stack",
        stack_type("kernel"),
        "",
        "kernel_stack",
        STACK_COST,
        "The functions of the kernel that led here, the innermost first: up to 127 frames. Absent where there are none.",
        can_be_absent=True,
        can_be_unread=True,
    ),
    Field(
        "user.stack",
        stack_type("user"),
        "",
        "user_stack",
        STACK_COST,
        "The functions of the process that led here, the innermost first: up to 127 frames, found by frame pointers. Absent "
        "for threads of the kernel.",
        can_be_absent=True,
        can_be_unread=True,
    ),
)
