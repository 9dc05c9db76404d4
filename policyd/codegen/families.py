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
    """A file of accessors: their names, the types of the kernel's that it goes through, the files that it builds on.

    `table`: it looks into the engine's process table.  `headers` are files that stand before `struct subject`, `members`
    what that gets for the family, of `room` bytes; of those, `resets` are 0 as a run begins.  `whole` is the accessor that
    takes an object apart for the others, and comes before them.
    """

    template: str
    accessors: frozenset[str]
    types: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    table: bool = False
    headers: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    room: int = 0
    resets: tuple[str, ...] = ()
    whole: str = ""


_BEGAN = (
    *("struct task_struct", "struct cred", "struct nsproxy", "struct pid", "struct upid", "struct pid_namespace"),
    *("struct mnt_namespace", "struct net", "struct user_namespace", "struct uts_namespace", "struct ipc_namespace"),
    "struct cgroup_namespace",
)

_CHANGED = frozenset(
    f"task_changed_{name}"
    for name in (
        *("uid", "gid", "effective", "permitted", "inheritable", "bounding", "ambient"),
        *("pid", "mnt", "net", "user", "uts", "ipc", "cgroup"),
    )
)

_COMPAT = frozenset(
    {"compat_number", "compat_signed", "compat_short", "compat_string"}
    | {f"compat_{sign}{far}word_{index}" for sign in ("", "signed_") for far in ("", "far_") for index in range(6)}
)

_PACKET = frozenset(
    f"skb_{name}"
    for name in (
        *("packet", "length", "interface", "family", "protocol", "src_ip", "src_port", "dst_ip", "dst_port"),
        *("ip_ttl", "ip_dscp", "ip_ecn", "ip_fragment", "fragment_offset", "fragment_more", "fragment_id"),
        *("ip4_src", "ip4_dst", "ip4_id", "ip4_length"),
        *("ip6_src", "ip6_dst", "ip6_flow_label", "ip6_length", "udp_src_port", "udp_dst_port", "udp_length"),
        *("tcp_src_port", "tcp_dst_port", "tcp_flags", "tcp_seq", "tcp_ack", "tcp_window", "icmp_type", "icmp_code"),
    )
)

_OBJECTS = (
    Family(
        "fields/path.c",
        frozenset({"path_path", "path_host_path", "dentry_fs_path"}),
        (
            *("struct path", "struct dentry", "struct mount", "struct vfsmount", "struct super_block", "struct inode"),
            *("struct task_struct", "struct fs_struct"),
        ),
        needs=("fields/follow.c",),
        headers=("fields/path_types.c",),
        members=("struct pd_climb climb",),
        room=(128 + 7) * 8,
    ),
    Family("fields/dentry.c", frozenset({"dentry_deleted"}), ("struct dentry",)),
    Family("fields/binprm.c", frozenset({"binprm_argv"}), ("struct linux_binprm", "struct task_struct", "struct mm_struct")),
    Family(
        "fields/socket.c",
        frozenset(f"sock_{name}" for name in ("family", "protocol", "src_ip", "src_port", "dst_ip", "dst_port", "state")),
        ("struct sock",),
    ),
    Family(
        "fields/address.c",
        frozenset(f"{whose}_{name}" for whose in ("address", "user_address") for name in ("family", "ip", "port", "path")),
    ),
    Family("fields/packet.c", frozenset()),
    Family(
        "fields/skb.c",
        _PACKET,
        ("struct sk_buff", "struct net_device"),
        ("fields/packet.c",),
        headers=("fields/packet_types.c", "fields/skb_types.c"),
        members=("struct pd_packet packet", "u64 packet_of", "struct pd_linear linear"),
        room=128 + 24,
        resets=("packet_of",),
        whole="skb_packet",
    ),
    Family("fields/block.c", frozenset({"request_operation", "bio_operation"}), ("struct request", "struct bio")),
)

FAMILIES: tuple[Family, ...] = (
    Family("fields/follow.c", frozenset()),
    Family("fields/cgroup_of_process.c", frozenset()),
    Family("fields/cgroup_of_socket.c", frozenset({"socket_cgroup"})),
    Family("fields/below.c", frozenset()),
    Family("fields/stack.c", frozenset()),
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
    Family("fields/task_kernel.c", frozenset({"task_kernel_thread"}), _TASK, ("fields/task.c",)),
    Family(
        "fields/task_program.c",
        frozenset({"task_exe", "task_args", "task_ancestors"}),
        _TASK,
        ("fields/task_kernel.c",),
        table=True,
    ),
    Family(
        "fields/task_pids.c",
        frozenset({"task_pid_in_namespace", "task_pid_namespace", "task_pid_is_host"}),
        (*_TASK, "struct signal_struct", "struct pid", "struct upid", "struct pid_namespace"),
    ),
    Family(
        "fields/task_host.c",
        frozenset(f"task_{name}_is_host" for name in ("mnt", "net", "user", "uts", "ipc", "cgroup")),
        ("struct nsproxy", "struct cred"),
        ("fields/task_pids.c",),
    ),
    Family("fields/task_began.c", frozenset(), _BEGAN, ("fields/follow.c",)),
    Family(
        "fields/task_changed.c",
        _CHANGED | {"task_origin"},
        needs=("fields/task_program.c", "fields/task_began.c"),
        table=True,
    ),
    *_OBJECTS,
)

_BY_TEMPLATE = {row.template: row for row in FAMILIES}


def whole_of(accessor: str) -> str:
    """Return the accessor that must come first on the same object, and takes it apart for all of its family; or ''."""
    return next((row.whole for row in FAMILIES if accessor in row.accessors), "")


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
