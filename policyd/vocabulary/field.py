"""What a row about a field says, and types that several tables share: `fields.py` and its neighbours have the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.vocabulary.task import number
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.vocabulary.hook_kind import Context


@dataclass(frozen=True, slots=True)
class Field:
    """One field.  `accessor` is a C function, empty for what the code is made with; `cost` is as in `unit.Value`.

    `from_task`: got from the current task as from any other, by the row of `vocabulary.task`.
    """

    path: str
    type: ValueType
    accessor: str
    context: Context
    cost: int
    explain: str
    can_be_absent: bool = False
    can_be_unread: bool = False
    needs_process_table: bool = False
    from_task: bool = False


ADDRESS = ValueType("ip", Shape.ADDRESS, 16)
PORT = number("port", 2)
FAMILY = number("enum", 2, ((2, "AF_INET"), (10, "AF_INET6")))
