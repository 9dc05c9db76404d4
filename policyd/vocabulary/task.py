"""The fields of a process as they are got from a `struct task_struct *`, whosever it is.

`process.NAME` reads them from the current task, `process.parent.NAME` from its parent, `args.next.process.NAME` from the
task that an argument points to.  A row says which pointers are followed from the task, and what is read at their end: a
member, or what a C accessor of `bpf_templates/fields/` makes of the last pointer.  `resolve/process.py` turns rows into
values; rows that `vocabulary.fields` does not read by a helper are fields of the current process too.
"""

from __future__ import annotations

from dataclasses import dataclass

from policyd.vocabulary.types import Shape, ValueType

TASK = "struct task_struct"
MOST_GENERATIONS = 4
"""How often `.parent` can follow `process`."""
MOST_ANCESTORS = 8
"""How many `process.ancestors` are looked at (PD_ANCESTORS of `fields/process_task.c`)."""
EXE_SIZE = 256
ARGS_SIZE = 256
COMM_SIZE = 16
CWD_SIZE = 1024
HEAVY_COST = 64
"""`Value.cost` of what takes a loop (`vocabulary.accessors`)."""

CAPABILITY_SETS = ("effective", "permitted", "inheritable", "bounding", "ambient")
NAMESPACES = ("pid", "mnt", "net", "user", "uts", "ipc", "cgroup")

TABLE_ACCESSORS = frozenset(
    {"process_exe", "process_args", "process_parent_exe", "task_exe", "task_args", "task_ancestors", "task_origin"}
    | {f"task_changed_{name}" for name in ("uid", "gid", *CAPABILITY_SETS, *NAMESPACES)}
)
"""C accessors that read the engine's process table."""


def number(kind: str, size: int, symbols: tuple[tuple[int, str], ...] = ()) -> ValueType:
    """Return the type of an unsigned number."""
    return ValueType(kind, Shape.NUMBER, size, False, symbols)


PID = number("pid", 4)
BOOL = number("bool", 1)
ORIGIN = number("enum", 1, ((1, "Host"), (2, "Init"), (3, "Joined")))
COMM = ValueType("string", Shape.STRING, COMM_SIZE)
EXE = ValueType("path", Shape.STRING, EXE_SIZE)
ARGS = ValueType("string", Shape.STRING, ARGS_SIZE)
ANCESTORS = ValueType("paths", Shape.STRING, MOST_ANCESTORS * EXE_SIZE)
_NAMESPACE = number("namespace", 4)
_CAPABILITIES = number("capabilities", 8)


@dataclass(frozen=True, slots=True)
class TaskField:
    """One field of a process, `name` after `process.`.

    `steps` are (struct, member) pairs from the task on.  Without an `accessor` the last one is the member that is read; with
    one, all are followed, and the accessor is given the last pointer, or the address of the last member (`embedded`).
    """

    name: str
    type: ValueType
    steps: tuple[tuple[str, str], ...]
    explain: str
    accessor: str = ""
    embedded: bool = False
    cost: int = 4

    @property
    def from_table(self) -> bool:
        return self.accessor in TABLE_ACCESSORS


def _steps(text: str) -> tuple[tuple[str, str], ...]:
    """Read `real_parent > task_struct.group_leader > …`: members, each after its struct; the first is the task's."""
    found = []
    for number_, part in enumerate(text.split(" > ") if text else ()):
        struct, _, member = part.partition(".") if number_ else ("task_struct", "", part)
        found.append((f"struct {struct}", member))
    return tuple(found)


def _row(name: str, type_: ValueType, steps: str, explain: str, accessor: str = "", cost: int = 4) -> TaskField:
    return TaskField(name, type_, _steps(steps), explain, accessor, cost=cost)


_TABLE = " From policyd's process table; absent for threads of the kernel, unread for a process that is not in it."


def _namespaces() -> tuple[TaskField, ...]:
    """Return two rows a namespace: its number, and whether it is the host's."""
    rows = []
    for name, steps, whose in (
        ("pid", "", "in which the process has its own number"),
        ("mnt", "nsproxy > nsproxy.mnt_ns > mnt_namespace.ns.inum", "whose mounts it sees"),
        ("net", "nsproxy > nsproxy.net_ns > net.ns.inum", "whose interfaces it sees"),
        ("user", "real_cred > cred.user_ns > user_namespace.ns.inum", "in which its capabilities count"),
        ("uts", "nsproxy > nsproxy.uts_ns > uts_namespace.ns.inum", "whose host name it sees"),
        ("ipc", "nsproxy > nsproxy.ipc_ns > ipc_namespace.ns.inum", "whose System V IPC it sees"),
        ("cgroup", "nsproxy > nsproxy.cgroup_ns > cgroup_namespace.ns.inum", "whose cgroup root it sees"),
    ):
        about = f"The {name} namespace {whose}: its inode number, as /proc/PID/ns shows it. `host`: that of the host's init."
        mine = f"Whether its {name} namespace is that of the host's init."
        rows.append(_row(f"namespaces.{name}", _NAMESPACE, steps, about, "" if steps else "task_pid_namespace"))
        rows.append(_row(f"namespaces.{name}.is_host", BOOL, "", mine, f"task_{name}_is_host"))
    return tuple(rows)


def _capabilities() -> tuple[TaskField, ...]:
    sets = {
        "effective": "that are in force",
        "permitted": "that it can put in force",
        "inheritable": "that it can hand to a program with the same ones",
        "bounding": "that programs can still gain",
        "ambient": "that programs keep which have no capabilities of their own",
    }
    named = {"bounding": "bset"}
    return tuple(
        _row(
            f"capabilities.{name}",
            _CAPABILITIES,
            f"real_cred > cred.cap_{named.get(name, name)}",
            f"The capabilities {meaning}, as /proc/PID/status shows them.",
        )
        for name, meaning in sets.items()
    )


def _changes() -> tuple[TaskField, ...]:
    """Return a row for all that can change about a process: whether it has."""
    since = "since it was forked, or executed a program." + _TABLE

    def row(name: str, what: str, accessor: str) -> TaskField:
        return _row(f"changed.{name}", BOOL, "", f"Whether {what} {since}", f"task_changed_{accessor}")

    of_children = " (it keeps its own; this one is that of its children)"
    return (
        row("uid", "its real user id has changed", "uid"),
        row("gid", "its real group id has changed", "gid"),
        *(row(f"capabilities.{name}", f"its {name} capabilities have changed", name) for name in CAPABILITY_SETS),
        *(
            row(f"namespaces.{name}", f"its {name} namespace{of_children if name == 'pid' else ''} has changed", name)
            for name in NAMESPACES
        ),
    )


TASK_FIELDS: dict[str, TaskField] = {
    row.name: row
    for row in (
        _row("pid", PID, "tgid", "The process (thread group), in the host's numbers."),
        _row("tid", PID, "pid", "The thread, in the host's numbers."),
        _row("uid", number("uid", 4), "real_cred > cred.uid.val", "The real user id, in the host's numbers."),
        _row("gid", number("gid", 4), "real_cred > cred.gid.val", "The real group id, in the host's numbers."),
        _row("comm", COMM, "comm", "The thread's short name: 15 bytes, which it can change.", cost=16),
        _row("exe", EXE, "", "The path of the program, as it was executed." + _TABLE, "task_exe", 16),
        _row("args", ARGS, "", "The command line, as it was at exec, up to 255 bytes." + _TABLE, "task_args", 16),
        _row(
            "start_time",
            number("time", 8),
            "group_leader > task_struct.start_boottime",
            "When the process started.",
        ),
        _row(
            "cgroup",
            number("cgroup", 8),
            "cgroups > css_set.dfl_cgrp > cgroup.kn > kernfs_node.id",
            "The cgroup v2 directory of the thread.",
        ),
        _row("kernel_thread", BOOL, "", "Whether it is a thread of the kernel.", "task_kernel_thread"),
        _row("ppid", PID, "real_parent > task_struct.tgid", "The parent process; 0: the kernel itself."),
        TaskField(
            "cwd",
            ValueType("path", Shape.STRING, CWD_SIZE),
            _steps("fs > fs_struct.pwd"),
            "The working directory, as the current process sees it: across mounts, up to its root; up to 1023 bytes.",
            "path_path",
            embedded=True,
            cost=HEAVY_COST,
        ),
        _row(
            "pid_in_namespace",
            PID,
            "",
            "The process's number in its own pid namespace: what getpid returns to it.",
            "task_pid_in_namespace",
        ),
        _row(
            "ancestors",
            ANCESTORS,
            "",
            f"The programs of the parent, its parent and so on, up to {MOST_ANCESTORS}: a list, nearest first. A test holds "
            "if it does for some of them. From policyd's process table; `?` stands for a program that is not known, and "
            "threads of the kernel have none.",
            "task_ancestors",
            16,
        ),
        *_namespaces(),
        *_capabilities(),
        *_changes(),
        _row(
            "origin",
            ORIGIN,
            "",
            "How the process came to where it is. Host: it is in the host's pid namespace. Init: it is the first process of "
            "another, or descends from it. Joined: it came in from outside, as with `kubectl exec`, or descends from one "
            "that did. Unread for a process of another pid namespace that is not in policyd's process table.",
            "task_origin",
        ),
    )
}
"""Every field of a task by its name."""
