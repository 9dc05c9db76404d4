"""Which files of C accessors a program needs: a table over `bpf_templates/fields/`.

A program includes the files of the accessors that its values name, those that they build on, and the kernel's types that
they go through: nothing else.  The order of the rows is that of the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TASK = ("struct task_struct",)


@dataclass(frozen=True, slots=True)
class Family:
    """A file of accessors: their names, the types of the kernel's that it goes through, the files that it builds on."""

    template: str
    accessors: frozenset[str]
    types: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


_COMPAT = frozenset(
    {"compat_number", "compat_signed", "compat_short", "compat_string"}
    | {f"compat_{sign}{far}word_{index}" for sign in ("", "signed_") for far in ("", "far_") for index in range(6)}
)

FAMILIES: tuple[Family, ...] = (
    Family(
        "fields/task.c",
        frozenset(
            {"process_start_time", "process_kernel_thread", "process_ppid", "process_parent_pid", "process_parent_comm"}
        ),
        _TASK,
    ),
    Family("fields/guard.c", frozenset(), needs=("fields/task.c",)),
    Family("fields/thread.c", frozenset(), _TASK),
    Family("fields/syscall_abi.c", frozenset({"syscall_abi", "syscall_number"}), _TASK),
    Family("fields/compat.c", _COMPAT),
    Family("fields/process_parent.c", frozenset(), needs=("fields/task.c",)),
)

_BY_TEMPLATE = {row.template: row for row in FAMILIES}


def families(accessors: Iterable[str], files: Iterable[str] = ()) -> tuple[Family, ...]:
    """Return the families that have one of `accessors`, those whose file is among `files`, and all that these need."""
    names = frozenset(accessors)
    wanted = {row.template for row in FAMILIES if row.accessors & names} | set(files)
    todo = list(wanted)
    while todo:
        needed = set(_BY_TEMPLATE[todo.pop()].needs) - wanted
        wanted |= needed
        todo += needed
    return tuple(row for row in FAMILIES if row.template in wanted)
