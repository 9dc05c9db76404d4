"""Attach kinds on a real kernel: how a link of each is made, and which identity its target must have now.

One `LinkKind` a kind of attach point (`vocabulary.attach` has their numbers and neutral verdicts): tracepoints, interfaces
and cgroups here, code of the kernel and of programs in modules of their own.  `real.py` calls `attach` and `locate`; every
failure is an `AttachError` whose hint says what stands in the way and what to do.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.capabilities import BPF, NET_ADMIN, why_denied
from policyd.errors import AttachError, KernelError, NotFoundError
from policyd.kernel import filters, netfilter_links, netlink, perf_links, tracepoints, tracing_links, user_links
from policyd.kernel.bpf import attach as bpf_links
from policyd.kernel.bpf import programs
from policyd.kernel.bpf.constants import XDP_GENERIC, XDP_NATIVE
from policyd.kernel.bpf.programs import ProgramKind
from policyd.kernel.bpf.syscall import perf_event_open_tracepoint
from policyd.kernel.link_kind import LinkKind, missing, what
from policyd.places import attach_target
from policyd.unit import OWN_NETWORK
from policyd.vocabulary.attach import AttachKind, attach_kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.unit import AttachPoint


def load(point: AttachPoint, code: bytes, name: str) -> int:
    """Return the fd of a program of bare instructions that `point` takes; `KernelError`.

    One that is loaded for a function meets there what others meet when they are attached.
    """
    kind = ProgramKind.of(attach_kind(point.kind, point.option), attach_target(point))
    try:
        return programs.load(kind, code, name)
    except KernelError as error:
        raise explained(point, error) if kind.function else error from None


def link_cpus(point: AttachPoint) -> tuple[int, ...] | None:
    """Return the CPUs that take a link each now; None where one link is for all of them."""
    per_cpu = _kind(point).per_cpu
    return None if per_cpu is None else per_cpu.cpus(point)


def attach(point: AttachPoint, program_fd: int, cpu: int | None = None) -> int:
    """Return the fd of a new link that holds the program, on `cpu` where each has its own; `AttachError`."""
    row, kind = _kind(point), attach_kind(point.kind, point.option)
    try:
        if cpu is not None and row.per_cpu is not None:
            return row.per_cpu.attach(point, kind, program_fd, cpu)
        return row.attach(point, kind, program_fd)
    except KernelError as error:
        raise explained(point, error) from None


def put_filter(point: AttachPoint, note_fd: int, program_fd: int, others: Iterable[filters.Note]) -> None:
    """Make the filter that a note stands for; `others` are the other notes; `AttachError`."""
    try:
        filters.put(note_fd, program_fd, others)
    except KernelError as error:
        raise explained(point, error) from None


def update(point: AttachPoint, link_fd: int, new_fd: int, old_fd: int) -> None:
    """Replace the program of a live link if it is still `old_fd`'s; `AttachError`."""
    try:
        bpf_links.update_link(link_fd, new_fd, old_fd, f"replace the program at {point.key}")
    except KernelError as error:
        hints = {
            errno.EPERM: "its program is not the expected one any more: somebody else replaced it",
            errno.ENOLINK: "the link lost its target: the interface or cgroup is gone",
        }
        raise AttachError(point.key, error.what, error.errno, hints.get(error.errno, error.hint)) from None


def locate(point: AttachPoint) -> str | None:
    """Return what `LinkInfo.target` of a live link must be now, None if the place does not exist."""
    return _kind(point).locate(point, attach_kind(point.kind, point.option))


def explained(point: AttachPoint, error: KernelError) -> AttachError:
    """Return an attach error with the hint of its kind and errno."""
    hint = _kind(point).hints.get(error.errno, error.hint)
    return AttachError(point.key, error.what, error.errno, hint(point) if callable(hint) else hint)


# ------------------------------------------------------------------------------------------------ tracepoints


def _attach_tracepoint(point: AttachPoint, kind: AttachKind, program_fd: int) -> int:
    event_id = tracepoints.event_id(point.target)
    if event_id is None:
        raise missing(point, errno.ENOENT)
    event_fd = perf_event_open_tracepoint(event_id, what(point))
    try:
        return bpf_links.create_link(program_fd, event_fd, kind.link_attach_type, 0, what(point))
    finally:
        os.close(event_fd)  # the link holds the event


def _locate_tracepoint(point: AttachPoint, _kind: AttachKind) -> str | None:
    """A perf link names the event without its group."""
    return None if tracepoints.event_id(point.target) is None else point.target.rpartition("/")[2]


def _attach_raw_tracepoint(point: AttachPoint, _kind: AttachKind, program_fd: int) -> int:
    return bpf_links.open_raw_tracepoint(program_fd, point.target, what(point))


def _locate_raw_tracepoint(point: AttachPoint, _kind: AttachKind) -> str | None:
    """Raw tracepoints are part of the kernel's code: they do not come and go but with modules, which a link holds."""
    return point.target


# ------------------------------------------------------------------------------------------------ interfaces

_XDP_FLAGS = {"auto": 0, "native": XDP_NATIVE, "generic": XDP_GENERIC}
_NO_FALLBACK = frozenset({errno.EBUSY, errno.EEXIST, errno.EPERM, errno.ENODEV, errno.ENOMEM})


def _interface(point: AttachPoint) -> int:
    index = netlink.index_of(point.target)
    if index is None:
        raise missing(point, errno.ENODEV)
    return index


def _attach_xdp(point: AttachPoint, kind: AttachKind, program_fd: int) -> int:
    """`auto` lets the kernel choose (native where the driver has XDP), and takes generic where the driver then refuses."""
    index, mode = _interface(point), point.option
    try:
        return bpf_links.create_link(program_fd, index, kind.link_attach_type, _XDP_FLAGS[mode], what(point))
    except KernelError as error:
        if mode != "auto" or error.errno in _NO_FALLBACK:
            raise
    return bpf_links.create_link(program_fd, index, kind.link_attach_type, XDP_GENERIC, what(point))


def _locate_xdp(point: AttachPoint, _kind: AttachKind) -> str | None:
    index = netlink.index_of(point.target)
    return None if index is None else str(index)


def _attach_tcx(point: AttachPoint, kind: AttachKind, program_fd: int) -> int:
    """Behind the programs that are there: first come, first served."""
    return bpf_links.create_link(program_fd, _interface(point), kind.link_attach_type, 0, what(point))


def _locate_tcx(point: AttachPoint, _kind: AttachKind) -> str | None:
    index = netlink.index_of(point.target)
    return None if index is None else f"{index}:{point.option}"


def _note(point: AttachPoint, _kind: AttachKind, _program_fd: int) -> int:
    return filters.make_note(_interface(point), "egress" if point.option == "egress" else "ingress")


def _no_egress(point: AttachPoint) -> str:
    return (
        f"interface {point.target} has a qdisc of kind `ingress`, which has no egress side and is not ours: replace it by "
        f"clsact (tc qdisc replace dev {point.target} clsact), or apply again if it has just been made"
    )


def _xdp_in_the_way(point: AttachPoint) -> str:
    there = netlink.xdp_program(point.target)
    if there is None:
        return f"interface {point.target} already has an XDP program that is not ours, and takes only one"
    return (
        f"interface {point.target} already has an XDP program (id {there.id}{f', name {there.name}' if there.name else ''}) "
        f"that is not ours, and takes only one"
    )


def _no_interface(point: AttachPoint) -> str:
    return f"there is no interface {point.target} in this network namespace"


# ------------------------------------------------------------------------------------------------ cgroups


def _attach_cgroup(point: AttachPoint, kind: AttachKind, program_fd: int) -> int:
    try:
        cgroup_fd = os.open(point.target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise missing(point, error.errno or errno.ENOENT) from None
    try:
        return bpf_links.create_link(program_fd, cgroup_fd, kind.link_attach_type, 0, what(point))
    finally:
        os.close(cgroup_fd)


def _locate_cgroup(point: AttachPoint, kind: AttachKind) -> str | None:
    """A cgroup's id is its directory's inode number (64-bit kernels: `kernfs_ino`)."""
    try:
        return f"{Path(point.target).stat().st_ino}:{kind.link_attach_type}"
    except (FileNotFoundError, NotADirectoryError):
        return None


# ------------------------------------------------------------------------------------------------ network namespaces


def _network(point: AttachPoint) -> Path:
    return Path("/proc/thread-self/ns/net" if point.target == OWN_NETWORK else point.target)


def _attach_sk_lookup(point: AttachPoint, kind: AttachKind, program_fd: int) -> int:
    try:
        network_fd = os.open(_network(point), os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise missing(point, error.errno or errno.ENOENT) from None
    try:
        return bpf_links.create_link(program_fd, network_fd, kind.link_attach_type, 0, what(point))
    finally:
        os.close(network_fd)


def _locate_sk_lookup(point: AttachPoint, kind: AttachKind) -> str | None:
    try:
        return f"{_network(point).stat().st_ino}:{kind.link_attach_type}"
    except (FileNotFoundError, NotADirectoryError):
        return None


_CGROUP = LinkKind(
    _attach_cgroup,
    _locate_cgroup,
    {
        errno.ENOENT: "there is no such cgroup directory",
        errno.EBADF: "the directory is not in a cgroup v2 hierarchy",
        errno.EPERM: lambda _: (
            "a cgroup above has a program that forbids others (attached without BPF_F_ALLOW_MULTI), or: "
            + why_denied((BPF, NET_ADMIN))
        ),
        errno.E2BIG: "the kernel takes 64 programs a cgroup and hook, and other tools hold them all",
    },
)

# ------------------------------------------------------------------------------------------------ the table

LINK_KINDS: dict[str, LinkKind] = {
    "tracepoint": LinkKind(
        _attach_tracepoint,
        _locate_tracepoint,
        {
            errno.ENOENT: "this kernel has no such tracepoint",
            errno.E2BIG: "the kernel takes 64 programs a tracepoint, and other tools hold them all",
        },
    ),
    "raw_tracepoint": LinkKind(
        _attach_raw_tracepoint, _locate_raw_tracepoint, {errno.ENOENT: "this kernel has no such raw tracepoint"}
    ),
    "xdp": LinkKind(
        _attach_xdp,
        _locate_xdp,
        {
            errno.ENODEV: _no_interface,
            errno.EBUSY: _xdp_in_the_way,
            errno.EEXIST: _xdp_in_the_way,
            errno.EOPNOTSUPP: "the interface's driver has no native XDP: use mode auto or generic",
            errno.ERANGE: "the driver's native XDP does not take this MTU: use mode generic, or a smaller MTU",
        },
    ),
    "tcx": LinkKind(
        _attach_tcx,
        _locate_tcx,
        {
            errno.ENODEV: _no_interface,
            errno.EINVAL: "tcx needs Linux 6.6",
            errno.ERANGE: "the kernel takes 63 tcx programs an interface and direction, and other tools hold them all",
        },
    ),
    "netkit": LinkKind(
        _attach_tcx,
        _locate_tcx,
        {
            errno.ENODEV: _no_interface,
            errno.ENXIO: lambda point: f"interface {point.target} is no netkit device",
            errno.EACCES: lambda point: f"{point.target} is the peer of a netkit device: name the primary end, on the host",
            errno.EINVAL: "netkit needs Linux 6.7 (CONFIG_NETKIT)",
            errno.ERANGE: "the kernel takes 63 programs a netkit device and side, and other tools hold them all",
        },
    ),
    "clsact": LinkKind(
        _note,
        _locate_tcx,
        {
            errno.ENODEV: _no_interface,
            errno.EEXIST: _no_egress,
            errno.EINVAL: f"a filter of somebody else has our priority ({filters.PRIORITY}): remove it, or give it another",
            errno.ENOENT: "this kernel was built without them (CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF)",
            errno.EOPNOTSUPP: "the interface's qdisc shares its filters with others (ingress_block, egress_block of tc)",
        },
    ),
    "cgroup": _CGROUP,
    "sock_ops": _CGROUP,
    "sk_lookup": LinkKind(
        _attach_sk_lookup,
        _locate_sk_lookup,
        {
            errno.ENOENT: "there is no such network namespace",
            errno.EINVAL: "the file is no network namespace",
            errno.E2BIG: "the kernel takes 64 programs a network namespace, and other tools hold them all",
        },
    ),
    **tracing_links.LINK_KINDS,
    **user_links.LINK_KINDS,
    **perf_links.LINK_KINDS,
    **netfilter_links.LINK_KINDS,
}


def _kind(point: AttachPoint) -> LinkKind:
    if point.kind not in LINK_KINDS:
        raise NotFoundError(f"attach kind {point.kind!r} is not known")
    return LINK_KINDS[point.kind]
