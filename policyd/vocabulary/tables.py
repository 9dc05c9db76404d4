"""What a table's key can be made of beside plain values: things of the kernel's, each told from the next of its name.

A thread's number is given away again once it has ended, a socket's address once it is freed.  So a key column of such a type
is kept as several columns, which together name one thing for ever, or its row is dropped when the thing ends (`Ending`).
`resolve.tables` makes columns and values of these rows, `explain` shows them.
"""

from __future__ import annotations

from dataclasses import dataclass

from policyd.vocabulary.kinds import kind_type
from policyd.vocabulary.types import Shape, ValueType

_HEX = ValueType("hex", Shape.NUMBER, 8)


@dataclass(frozen=True, slots=True)
class KeyPart:
    """A column that a key column is kept as: `suffix` is added to its name (none: the part that people see)."""

    suffix: str
    type: ValueType


@dataclass(frozen=True, slots=True)
class KeyForm:
    """How a thing is found behind what a policy names.

    Where the text of a key ends with `ending` (empty: any), each part is the field that `paths` names, put behind the text
    without the ending.  The first form whose fields the target has is taken.
    """

    ending: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a thing ends: the hook (its kind, its target), the thing there as a key's text, and the tests that must hold.

    A test is (field, operator, value).  `spare`: where the hook cannot be had, it is done without, and nothing is said.
    """

    kind: str
    target: str
    key: str
    tests: tuple[tuple[str, str, str], ...] = ()
    spare: bool = False


@dataclass(frozen=True, slots=True)
class TableKey:
    """A type that only keys have.  `takes` says what a policy can name, as `example`."""

    name: str
    explain: str
    takes: str
    example: str
    parts: tuple[KeyPart, ...]
    forms: tuple[KeyForm, ...]
    endings: tuple[Ending, ...] = ()


_PID, _TIME, _U64 = kind_type("pid"), kind_type("time"), kind_type("u64")
_STARTED = KeyPart("started", _TIME)

_ROWS = (
    TableKey(
        "thread",
        "A thread. Kept with the time of its start; its rows go when it ends.",
        "a thread: process.tid, or a task",
        "process.tid",
        (KeyPart("", _PID), _STARTED),
        (
            KeyForm("process.tid", ("process.tid", "process.task.start_boottime")),
            KeyForm("", (".pid", ".start_boottime")),
        ),
        (Ending("raw_tracepoint", "sched_process_exit", "args[0]"),),
    ),
    TableKey(
        "process",
        "A process. Kept with the time of its start; its rows go when its last thread ends.",
        "a process: process.pid, process.parent.pid, or a task",
        "process.pid",
        (KeyPart("", _PID), _STARTED),
        (
            KeyForm("process.pid", ("process.pid", "process.start_time")),
            KeyForm(".parent.pid", (".parent.pid", ".parent.start_time")),
            KeyForm("", (".tgid", ".group_leader.start_boottime")),
        ),
        (Ending("raw_tracepoint", "sched_process_exit", "args[0]", (("args[0].signal.live.counter", "LessOrEqual", "0"),)),),
    ),
    TableKey(
        "sock",
        "A socket of the kernel's, by its address. Its rows go when it is closed (TCP) or freed (where functions are seen).",
        "a pointer to a socket: args.sk, args.skaddr",
        "args.sk",
        (KeyPart("", _HEX),),
        (KeyForm("", ("",)),),
        (
            Ending("tracepoint", "sock/inet_sock_set_state", "args.skaddr", (("args.newstate", "Equal", "TCP_CLOSE"),)),
            Ending("function", "inet_sock_destruct", "args[0]", spare=True),
        ),
    ),
    TableKey(
        "cgroup",
        "A cgroup, by its id, which is not given away again. Its rows go when it is removed.",
        "the id of a cgroup: process.cgroup",
        "process.cgroup",
        (KeyPart("", kind_type("cgroup")),),
        (KeyForm("", ("",)),),
        (Ending("tracepoint", "cgroup/cgroup_rmdir", "args.id"),),
    ),
    TableKey(
        "inode",
        "A file, by its device, number and generation, which file systems count up when they give a number away again.",
        "a file: a pointer to an inode, a file or a dentry",
        "args.file",
        (
            KeyPart("", _U64),
            KeyPart("device", kind_type("device")),
            KeyPart("generation", kind_type("u32")),
        ),
        tuple(
            KeyForm("", tuple(f".{way}{member}" for member in ("i_ino", "i_sb.s_dev", "i_generation")))
            for way in ("", "f_inode.", "d_inode.")
        ),
    ),
)

TABLE_KEYS: dict[str, TableKey] = {row.name: row for row in _ROWS}
"""Every type that only keys have, by name."""
