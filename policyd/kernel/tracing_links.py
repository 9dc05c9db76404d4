"""Links at functions of the kernel: kprobes, lists of them, and programs that are loaded for one function (BTF).

A row a kind; `links.py` has the table of all.
"""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.capabilities import BPF, PERFMON, why_denied
from policyd.capabilities import missing as missing_capabilities
from policyd.kernel.bpf import attach as bpf_links
from policyd.kernel.bpf import btf
from policyd.kernel.bpf.syscall import PerfEvent, perf_event_open
from policyd.kernel.functions import addresses
from policyd.kernel.link_kind import Hints, LinkKind, event_source, missing, returning, what
from policyd.places import attach_target, function_place

if TYPE_CHECKING:
    from policyd.kernel.bpf.info import LinkInfo
    from policyd.unit import AttachPoint
    from policyd.vocabulary.attach import AttachKind

_LANDING = 16
"""So many bytes after a function's beginning a probe of it may be: behind what marks where jumps may land."""
_AT_RETURN = 1  # config of a perf kprobe and uprobe (`format/retprobe`: bit 0), flag of the multi links

# ------------------------------------------------------------------------------------------------ kprobes


def _attach_kprobe(point: AttachPoint, kind: AttachKind, program_fd: int) -> int:
    source = event_source("kprobe")
    if source is None:
        raise missing(point, errno.EOPNOTSUPP)
    function, offset = function_place(point.target)
    event = PerfEvent(source, _AT_RETURN if point.option == "return" else 0, place=function, offset=offset)
    event_fd = perf_event_open(event, what(point))
    try:
        return bpf_links.create_link(program_fd, event_fd, kind.link_attach_type, 0, what(point))
    finally:
        os.close(event_fd)  # the link holds the event


def _locate_kprobe(point: AttachPoint, _kind: AttachKind) -> str | None:
    """What the kernel's types do not have may be a module's, and go with it."""
    name = function_place(point.target)[0]
    is_here = btf.running().function(name) is not None or bool(addresses(name))
    return point.target + returning(point) if is_here else None


def checked(link: LinkInfo) -> LinkInfo:
    """Return a link as it is: a kprobe at a function of a module is dead once that has gone, and if it comes again too."""
    if not link.address:
        return link
    name, offset = function_place(link.target.removesuffix(":return"))
    if btf.running().function(name) is not None:
        return link
    is_there = any(0 <= link.address - offset - start <= _LANDING for start in addresses(name))
    return link if is_there else replace(link, alive=False)


def _attach_kprobe_multi(point: AttachPoint, kind: AttachKind, program_fd: int) -> int:
    """The cookie of each function is its index among the members."""
    flags = _AT_RETURN if point.option == "return" else 0
    return bpf_links.create_kprobe_multi_link(program_fd, kind.link_attach_type, flags, point.members, what(point))


def _locate_kprobe_multi(point: AttachPoint, _kind: AttachKind) -> str | None:
    return f"{len(point.members)} functions{returning(point)}"


def _function(point: AttachPoint) -> str:
    return function_place(point.target)[0]


_SEE_LIST = "`available_filter_functions` of tracefs has the names of those that can be traced"

# ------------------------------------------------------------------------------------------------ typed programs


def _attach_typed(point: AttachPoint, _kind: AttachKind, program_fd: int) -> int:
    """The program was loaded for its function: nothing more is to be said."""
    return bpf_links.open_raw_tracepoint(program_fd, "", what(point))


def _locate_typed(point: AttachPoint, kind: AttachKind) -> str | None:
    function = attach_target(point)
    return None if btf.running().function(function) is None else f"{kind.link_attach_type}:{function}"


def _not_there(point: AttachPoint) -> str:
    return f"the kernel's types have no function {attach_target(point)}: it is another kernel's, a module's, or was inlined"


def _not_traceable(point: AttachPoint) -> str:
    return f"{point.target} cannot be traced (notrace, or inlined), or live patching has changed it: {_SEE_LIST}"


def _full(point: AttachPoint) -> str:
    return f"the kernel takes 38 programs at the function {attach_target(point)}, and other tools hold them all"


def _why_not(point: AttachPoint) -> str:
    """EPERM is also what kernels say that were built without."""
    if missing_capabilities((BPF, PERFMON)):
        return why_denied((BPF, PERFMON))
    option = "CONFIG_BPF_LSM" if point.kind == "lsm" else "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"
    return f"the kernel was built without ({option}), or a security module forbids it"


_TYPED: Hints = {
    errno.ENOENT: _not_there,
    errno.E2BIG: _full,
    errno.EOPNOTSUPP: "this kernel or machine has no BPF trampolines: use kprobe",
    errno.EPERM: _why_not,
}
_TRACED: Hints = {**_TYPED, errno.EBUSY: _not_traceable, errno.EINVAL: _not_traceable}


def _not_modifiable(point: AttachPoint) -> str:
    return (
        f"the kernel does not let programs decide about {point.target}: it must be a security_ function, or one that was "
        "made for error injection (`error_injection/list` of debugfs)"
    )


def _no_hook(point: AttachPoint) -> str:
    return f"{point.target} is no hook that this kernel lets programs decide about"


# ------------------------------------------------------------------------------------------------ snapshots


def _attach_iter(point: AttachPoint, kind: AttachKind, program_fd: int) -> int:
    info = bpf_links.CGROUPS_IN_ORDER if point.target == "cgroup" else b""
    return bpf_links.create_iter_link(program_fd, kind.link_attach_type, info, what(point))


def _locate_iter(point: AttachPoint, _kind: AttachKind) -> str | None:
    return None if btf.running().function(attach_target(point)) is None else point.target


LINK_KINDS: dict[str, LinkKind] = {
    "kprobe": LinkKind(
        _attach_kprobe,
        _locate_kprobe,
        {
            errno.ENOENT: lambda point: f"this kernel has no function {_function(point)}, or it was inlined: {_SEE_LIST}",
            errno.EADDRNOTAVAIL: lambda point: (
                f"several functions are called {_function(point)}: the kernel takes none of them"
            ),
            errno.EINVAL: lambda point: (
                f"{point.target} cannot be probed: it is notrace, in `kprobes/blacklist` of debugfs, or its end is asked "
                "for with an offset"
            ),
            errno.EILSEQ: "there is no instruction at that offset: take the offset of one, or the function's beginning",
            errno.E2BIG: "the kernel takes 64 programs a probe, and other tools hold them all",
            errno.EOPNOTSUPP: "this kernel was built without kprobes (CONFIG_KPROBES, CONFIG_KPROBE_EVENTS)",
            errno.EACCES: lambda _: "kernel.perf_event_paranoid forbids it, or: " + why_denied((PERFMON,)),
        },
    ),
    "kprobe_multi": LinkKind(
        _attach_kprobe_multi,
        _locate_kprobe_multi,
        {
            errno.ESRCH: "the kernel has not all of these functions (any more): apply again",
            errno.ENOENT: f"not all of these functions can be traced: {_SEE_LIST}",
            errno.EINVAL: "this kernel takes none, or not these, functions at once: it needs Linux 5.18",
            errno.EOPNOTSUPP: "this kernel was built without lists of kprobes (CONFIG_FPROBE): name functions one by one",
        },
    ),
    "fentry": LinkKind(_attach_typed, _locate_typed, _TRACED),
    "fexit": LinkKind(_attach_typed, _locate_typed, _TRACED),
    "fmod_ret": LinkKind(_attach_typed, _locate_typed, {**_TRACED, errno.EINVAL: _not_modifiable}),
    "lsm": LinkKind(_attach_typed, _locate_typed, {**_TYPED, errno.EINVAL: _no_hook}),
    "iter": LinkKind(
        _attach_iter,
        _locate_iter,
        {
            errno.ENOENT: lambda point: f"this kernel cannot go through objects of the kind {point.target}",
            errno.EINVAL: lambda point: f"the kernel does not let programs go through {point.target} without more to go by",
        },
    ),
}
