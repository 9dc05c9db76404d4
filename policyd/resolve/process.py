"""`process` as a task's: its fields as values, whether the task is the current one or one that an argument points to.

`fields.py` asks for the current task's, accessors for that of any `struct task_struct *`.  The rows are in
`vocabulary.task`; `.parent` goes to the parent's main thread, `.task` into the kernel's own structure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policyd.errors import TargetError
from policyd.kernel.bpf.btf_format import Kind
from policyd.resolve.problems import Missing, Wrong, from_target
from policyd.text import did_you_mean, quote
from policyd.value import PointedString, Saved, Shift, Step, Through, Value, Walk
from policyd.vocabulary.task import (
    EXE,
    MOST_ANCESTORS,
    MOST_GENERATIONS,
    TABLE_ACCESSORS,
    TASK,
    TASK_FIELDS,
    TaskField,
)
from policyd.walk import arrive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.kernel.bpf.btf_format import BtfType
    from policyd.target import Target
    from policyd.value import Access, Base

_PARENT = Step(TASK, "real_parent")
_LEADER = Step(TASK, "group_leader")
_OF_ALL_THREADS = frozenset({"pid", "ppid", "exe", "args", "ancestors", "start_time", "pid_in_namespace", "origin"})
"""What is the same whichever thread of the parent is asked: the others are its main thread's."""
_ANCESTOR = re.compile(r"ancestors\[(\d{1,3})\]")
_STRING_COST = 16
Steps = tuple[Step | Shift, ...]


@dataclass(frozen=True, slots=True)
class Process:
    """The process of the task that `steps` lead to from `base`; `path` is how the policy spells it: `args.next.process`."""

    path: str
    base: Base
    target: Target
    steps: Steps = ()

    def value(self, members: Sequence[str]) -> Value:
        """Return the field that `members` name (`parent`, `comm`); `Missing` or `Wrong` if there is none."""
        path = ".".join((self.path, *members))
        if match := _ANCESTOR.fullmatch(members[0] if len(members) == 1 else ""):
            return self._ancestor(path, int(match[1]))
        generations = next((number for number, name in enumerate(members) if name != "parent"), len(members))
        if generations > MOST_GENERATIONS:
            hint = f"process.ancestors has the programs of {MOST_ANCESTORS} generations"
            message = f"{quote(path)} goes back {generations} generations; at most {MOST_GENERATIONS} can be told"
            raise Wrong("unknown-field", message, hint)
        steps = self.steps + (_PARENT,) * generations
        rest = members[generations:]
        if rest and rest[0] == "task":
            return self._member(path, self._leader(steps, generations), rest[1:])
        row = TASK_FIELDS.get(".".join(rest))
        if row is None:
            raise self._unknown(path, members[:generations])
        if row.name not in _OF_ALL_THREADS:
            steps = self._leader(steps, generations)
        return Value(path, row.type, self._access(row, steps), True, True, row.cost)

    @staticmethod
    def _leader(steps: Steps, generations: int) -> Steps:
        return (*steps, _LEADER) if generations else steps

    def _ancestor(self, path: str, index: int) -> Value:
        if index >= MOST_ANCESTORS:
            raise Wrong("unknown-field", f"{quote(path)}: {MOST_ANCESTORS} ancestors are looked at, numbered from 0")
        steps = self.steps + (_PARENT,) * (index + 1)
        return Value(path, EXE, Through("task_exe", self.base, steps), True, True, _STRING_COST)

    def _access(self, row: TaskField, steps: Steps) -> Access:
        for struct, member in row.steps:
            self._check(struct, member)
        way: list[Step | Shift] = [Step(struct, member) for struct, member in row.steps]
        if row.embedded:
            way[-1] = Shift(*row.steps[-1])
        steps = (*steps, *way)
        return Through(row.accessor, self.base, steps) if row.accessor else Walk(self.base, steps)

    def _check(self, struct: str, designator: str) -> None:
        """Raise `Missing` if this kernel's `struct` has no such member."""
        at = self.target.btf.named(struct)
        for name in designator.split("."):
            member = self.target.btf.member(self.target.btf.resolve(at), name) if at else None
            at = self.target.btf.type(member.type_id) if member else None
        if at is None:
            raise Missing("unknown-field", f"this kernel has no {struct} with a member {designator}")

    def _member(self, path: str, steps: Steps, members: Sequence[str]) -> Value:
        """Return a member of the kernel's own structure, or a field of what it points to."""
        from policyd.resolve.accessors import pointed  # noqa: PLC0415  each builds on the other: tasks have `.process`

        task = self.target.btf.find("task_struct", Kind.STRUCT)
        if task is None or not members:
            raise Missing("unknown-field", f"{quote(path)} is a whole structure: name one of its members")
        try:
            value = pointed(self.target, self.base, task, members, path)
        except TargetError as error:
            raise from_target(error, path[: -len(".".join(members))]) from error
        return replace(value, access=_after(steps, value.access))

    def _unknown(self, path: str, parents: Sequence[str]) -> Wrong:
        before = ".".join((self.path, *parents))
        names = [f"{before}.{name}" for name in (*TASK_FIELDS, "parent", "task")]
        if any(name.startswith(f"{path}.") for name in names) or path == before:
            members = [name for name in names if name.startswith(f"{path}.")]
            return Wrong("group", f"{quote(path)} stands for several fields: name one of {', '.join(members)}")
        return Wrong("unknown-field", f"there is no field {quote(path)}", did_you_mean(path, names))


def process_of(target: Target, base: Base, type_: BtfType, members: Sequence[str], path: str) -> Value | None:
    """Return the field of the process whose task the pointer `base` of type `type_` leads to; None if `members` name none.

    `members` are all that stands behind the pointer, `path` is the whole: `("task", "process", "comm")`.
    """
    if "process" not in members:
        return None
    at = members.index("process")
    try:
        arrived = arrive(target.btf, type_, members[:at])
    except TargetError:
        return None
    if arrived.name != TASK:
        return None
    rest = members[at + 1 :]
    before = path.removesuffix("." + ".".join(rest)) if rest else path
    return Process(before, base, target, arrived.steps).value(rest)


def _after(steps: Steps, access: Access) -> Access:
    """Return the way to a value that begins where `steps` end."""
    if isinstance(access, PointedString) and isinstance(access.pointer, Walk):
        return replace(access, pointer=replace(access.pointer, steps=steps + access.pointer.steps))
    assert isinstance(access, Walk | Through), access
    return replace(access, steps=steps + access.steps)


def reads_table(access: Access) -> bool:
    """Tell whether a value comes from the engine's process table."""
    if isinstance(access, Saved):
        return reads_table(access.value.access)
    return getattr(access, "accessor", getattr(access, "name", "")) in TABLE_ACCESSORS


def each_ancestor(value: Value) -> tuple[Value, ...]:
    """Return the programs that the list `….ancestors` has, one a generation."""
    access = value.access
    if isinstance(access, Saved):
        of = each_ancestor(access.value)
        return tuple(replace(value, path=one.path, type=one.type, access=Saved(access.entry, one)) for one in of)
    assert isinstance(access, Through)
    return tuple(
        replace(
            value,
            path=f"{value.path}[{index}]",
            type=EXE,
            access=Through("task_exe", access.base, access.steps + (_PARENT,) * (index + 1)),
        )
        for index in range(MOST_ANCESTORS)
    )
