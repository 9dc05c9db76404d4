"""Fields of the kernel's objects by their BTF type: what can follow any pointer to a `struct file`, `struct sock`….

A row says which type has it, its name (`flow.dst.port`), and how it is got: the member that `through` names, or what the C
accessor of `bpf_templates/fields/` makes of the object that `through` leads to.  A plain name behind a pointer is otherwise
a member of the type; no accessor has a member's name with another meaning (a test compares them with BTF), and `.btf.NAME`
is always the member.  `resolve/accessors.py` turns rows into values, `explain` shows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from policyd.vocabulary.fields import FIELDS, GROUPS
from policyd.vocabulary.types import Shape, ValueType

PATH_BYTES = 4096
ARGV_BYTES = 4096
UNIX_BYTES = 128
HEAVY_COST = 64
"""`Value.cost` of what takes a loop: it is fetched at one place of a program, and only when cheaper tests leave it open."""
_WALK_COST = 4


@dataclass(frozen=True, slots=True)
class Accessor:
    """One field of objects of the type `of` (as C says it).

    `through` is a path of members from the object on.  Without an `accessor` it names the value itself, with one the object
    that the C function is given.  `constants` (a set of `vocabulary.constants`) or `enum` (an enum of the kernel's: its
    names without `prefix`, in small letters) name the numbers of an enum.
    """

    of: str
    name: str
    type: ValueType
    explain: str
    accessor: str = ""
    through: str = ""
    constants: str = ""
    enum: str = ""
    prefix: str = ""
    cost: int = _WALK_COST


def _number(kind: str, size: int) -> ValueType:
    return ValueType(kind, Shape.NUMBER, size)


_PATH = ValueType("path", Shape.STRING, PATH_BYTES)
_ARGV = ValueType("string", Shape.STRING, ARGV_BYTES)
_ADDRESS = ValueType("ip", Shape.ADDRESS, 16)
_PORT = _number("port", 2)
_BOOL = _number("bool", 1)
_DEVICE = _number("device", 4)
_SIZE = _number("size", 4)
_ENUM1 = _number("enum", 1)

# ------------------------------------------------------------------------------------------------ files

_FROM_ROOT = "The whole path as the current process sees it: across mounts, up to its root."
_FROM_NAMESPACE = "The whole path up to the root of the mounts, whatever the process has made its root (chroot)."
_GONE = "Whether its name was removed: the file lives on as long as somebody has it open."


def _paths(of: str, through: str) -> tuple[Accessor, ...]:
    return (
        Accessor(of, "path", _PATH, _FROM_ROOT, "path_path", through, cost=HEAVY_COST),
        Accessor(of, "host_path", _PATH, _FROM_NAMESPACE, "path_host_path", through, cost=HEAVY_COST),
        Accessor(of, "deleted", _BOOL, _GONE, "dentry_deleted", ".".join(part for part in (through, "dentry") if part)),
    )


_FILES = (
    *_paths("struct file", "f_path"),
    *_paths("struct path", ""),
    Accessor("struct dentry", "fs_path", _PATH, "The path within its file system.", "dentry_fs_path", cost=HEAVY_COST),
    Accessor("struct dentry", "deleted", _BOOL, _GONE, "dentry_deleted"),
    Accessor("struct inode", "device", _DEVICE, "The device that its file system is on.", through="i_sb.s_dev"),
    Accessor(
        "struct linux_binprm",
        "argv",
        _ARGV,
        "The arguments of the new program, separated by spaces, up to 4095 bytes. They can be read once the program is in "
        "place (sched_process_exec); unread before (the LSM hooks bprm_*).",
        "binprm_argv",
        cost=HEAVY_COST,
    ),
)

# ------------------------------------------------------------------------------------------------ sockets and packets


def _flow(of: str, through: str) -> tuple[Accessor, ...]:
    """Return the fields of a socket: `src` is this end, `dst` the other."""

    def row(name: str, type_: ValueType, explain: str, constants: str = "") -> Accessor:
        accessor = "sock_" + name.replace(".", "_")
        return Accessor(of, f"flow.{name}", type_, explain, accessor, through, constants)

    return (
        row("family", _number("enum", 2), "AF_INET, AF_INET6, AF_UNIX…", "address_family"),
        row("protocol", _number("protocol", 2), "The protocol above IP; absent for other families."),
        row("src.ip", _ADDRESS, "This end's address; absent for families other than IPv4 and IPv6."),
        row("src.port", _PORT, "This end's port; absent for families other than IPv4 and IPv6."),
        row("dst.ip", _ADDRESS, "The other end's address; all zeros where there is none yet."),
        row("dst.port", _PORT, "The other end's port; 0 where there is none yet."),
        row("state", _ENUM1, "The state; protocols without any of their own use TCP_CLOSE, TCP_ESTABLISHED.", "tcp_state"),
        *_owner(of, through),
    )


def _owner(of: str, through: str) -> tuple[Accessor, ...]:
    """Return whose a socket is, as the kernel itself notes it: it does not note which process."""
    before = f"{through}." if through else ""
    whose = "whoever made it; of a connection that was accepted, of who listened until it was"
    user, group = "sk_uid.val", "sk_cgrp_data.cgroup.kn.id"
    return (
        Accessor(of, "owner.uid", _number("uid", 4), f"The user of {whose}.", through=before + user),
        Accessor(of, "owner.cgroup", _number("cgroup", 8), f"The cgroup of {whose}.", through=before + group),
    )


def _packet() -> Iterator[Accessor]:
    """Yield the fields of packets, from the IP header on, as fields of `struct sk_buff`."""
    for field in FIELDS:
        if field.context == "packet" and field.path.partition(".")[0] not in {"eth", "vlan"}:
            name = field.path.removeprefix("packet.")
            accessor = "skb_" + name.replace(".", "_")
            yield Accessor("struct sk_buff", f"packet.{name}", field.type, field.explain, accessor)


_ADDRESSES = tuple(f"struct {name}" for name in ("sockaddr", "sockaddr_in", "sockaddr_in6", "sockaddr_un"))


def _address(of: str) -> tuple[Accessor, ...]:
    """Return the fields of a socket's address, whatever family's the declared type is."""

    def row(name: str, type_: ValueType, explain: str, constants: str = "") -> Accessor:
        return Accessor(of, f"address.{name}", type_, explain, f"address_{name}", constants=constants)

    path = ValueType("path", Shape.STRING, UNIX_BYTES)
    unix = "The path of a Unix socket; absent for other families and abstract names, which have no end."
    return (
        row("family", _number("enum", 2), "AF_INET, AF_INET6, AF_UNIX…", "address_family"),
        row("ip", _ADDRESS, "The address; absent unless IPv4 or IPv6."),
        row("port", _PORT, "The port; absent unless IPv4 or IPv6."),
        row("path", path, unix),
    )


_NETWORK = (
    *_flow("struct sock", ""),
    *_flow("struct socket", "sk"),
    *_packet(),
    *(row for of in _ADDRESSES for row in _address(of)),
    Accessor("struct net_device", "interface", _number("interface", 4), "The interface.", through="ifindex"),
)

# ------------------------------------------------------------------------------------------------ credentials, namespaces

_CAPABILITIES = _number("capabilities", 8)


def _capabilities(name: str, member: str, explain: str) -> Accessor:
    return Accessor("struct cred", f"capabilities.{name}", _CAPABILITIES, explain, through=member)


_CREDENTIALS = (
    _capabilities("effective", "cap_effective", "The capabilities that count in checks."),
    _capabilities("permitted", "cap_permitted", "The capabilities that may be made effective."),
    _capabilities("inheritable", "cap_inheritable", "The capabilities that a program with the same ones keeps."),
    _capabilities("bounding", "cap_bset", "The capabilities that programs can gain at most."),
    _capabilities("ambient", "cap_ambient", "The capabilities that programs without any of their own keep."),
)

_NAMESPACES = tuple(
    Accessor(f"struct {name}", "namespace", _number("namespace", 4), "The namespace, by its inode number.", through=through)
    for name, through in (
        ("ns_common", "inum"),
        *((f"{kind}_namespace", "ns.inum") for kind in ("user", "pid", "mnt", "uts", "ipc", "cgroup", "time")),
        ("net", "ns.inum"),
    )
)

# ------------------------------------------------------------------------------------------------ block devices, cgroups

_OPERATION = "What is asked of the device: read, write, flush, discard…"
_BLOCK = (
    Accessor("struct request", "device", _DEVICE, "The disk; absent for commands to none.", through="q.disk.part0.bd_dev"),
    Accessor("struct request", "size", _SIZE, "The bytes that are left of it.", through="__data_len"),
    Accessor("struct request", "operation", _ENUM1, _OPERATION, "request_operation", enum="req_op", prefix="REQ_OP_"),
    Accessor("struct bio", "device", _DEVICE, "The disk or partition.", through="bi_bdev.bd_dev"),
    Accessor("struct bio", "size", _SIZE, "The bytes that are left of it.", through="bi_iter.bi_size"),
    Accessor("struct bio", "operation", _ENUM1, _OPERATION, "bio_operation", enum="req_op", prefix="REQ_OP_"),
    Accessor("struct block_device", "device", _DEVICE, "The disk or partition.", through="bd_dev"),
    Accessor("struct gendisk", "device", _DEVICE, "The disk.", through="part0.bd_dev"),
    Accessor("struct cgroup", "cgroup_id", _number("cgroup", 8), "The cgroup, by path or id.", through="kn.id"),
)

ACCESSORS: tuple[Accessor, ...] = _FILES + _NETWORK + _CREDENTIALS + _NAMESPACES + _BLOCK

_FLOW = ("family", "protocol", "src.ip", "src.port", "dst.ip", "dst.port")
_SETS = ("effective", "permitted", "inheritable", "bounding", "ambient")


def _below(group: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{group}.{name}" for name in names)


def _names(group: str) -> tuple[str, ...]:
    """Return what the group of the current process stands for: any process's has the same."""
    return tuple(path.removeprefix(f"{group}.") for path in GROUPS[group])


RECORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("struct file", ""): ("path",),
    ("struct path", ""): ("path",),
    ("struct dentry", ""): ("fs_path",),
    ("struct linux_binprm", ""): ("file.path", "argv"),
    ("struct inode", ""): ("device", "i_ino"),
    **{(of, group): _below("flow", _FLOW) for of in ("struct sock", "struct socket") for group in ("", "flow")},
    **{(of, "owner"): _below("owner", ("uid", "cgroup")) for of in ("struct sock", "struct socket")},
    **{("struct sk_buff", group): _below("packet", (*_FLOW, "length")) for group in ("", "packet")},
    **{(of, group): _below("address", ("family", "ip", "port", "path")) for of in _ADDRESSES for group in ("", "address")},
    ("struct net_device", ""): ("interface",),
    ("struct cred", ""): ("uid", "gid", "euid", "egid", "capabilities.effective"),
    ("struct cred", "capabilities"): _below("capabilities", _SETS),
    **{(row.of, ""): ("namespace",) for row in _NAMESPACES},
    ("struct request", ""): ("device", "operation", "size"),
    ("struct bio", ""): ("device", "operation", "size"),
    ("struct block_device", ""): ("device",),
    ("struct gendisk", ""): ("device",),
    ("struct cgroup", ""): ("cgroup_id",),
    **{("struct task_struct", group): _below("process", _names("process")) for group in ("", "process")},
    **{
        ("struct task_struct", group): _below(group, _names(group))
        for group in ("process.parent", "process.namespaces", "process.capabilities", "process.changed")
    },
}
"""What an event shows of an object that is named as a whole: (type, group; empty: the object itself) → its fields."""


@cache
def accessors_of(type_: str) -> dict[str, Accessor]:
    """Return the fields of a type by name; none for a type that has only members."""
    return {row.name: row for row in ACCESSORS if row.of == type_}
