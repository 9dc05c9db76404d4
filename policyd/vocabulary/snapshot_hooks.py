"""Hooks that no event fires: what there is in the kernel, object by object, whenever somebody reads."""

from __future__ import annotations

from policyd.vocabulary.hook_kind import HookKind, Key

SNAPSHOT_HOOKS: tuple[HookKind, ...] = (
    HookKind(
        kind="iter",
        name="",
        attach_kind="iter",
        keys=(
            Key(
                "names",
                "kinds of objects: task, task_file, task_vma, tcp, udp, unix, netlink, cgroup, bpf_map, bpf_prog, "
                "bpf_link…; a plain name may stand instead of the long form",
            ),
        ),
        contexts=frozenset({"any"}),
        verdicts=(),
        signals=False,
        summary="A snapshot of what there is: tasks, open files, sockets, maps…, a row for each that passes the filters.",
        context="Runs when it is read (`policyd get records POLICY/RULE`), once for each object, in the process that reads: "
        "`process` is refused, `args.task.process` is the task's. `args` are what the kernel gives of each kind. The rule's "
        "one output is an event, whose fields are the columns; nothing goes to the ring.",
        ways_round=(
            "What began and ended between two readings is in neither.",
            "The kernel goes on while it is read: each row is whole, all of them are not of one moment.",
            "Objects of this network namespace (tcp, udp, unix, netlink) and of this pid namespace (task…) alone are shown.",
        ),
        cost="Nothing while nobody reads; then what the rules read, of each object.",
    ),
)
