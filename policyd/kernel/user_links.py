"""Links at instructions of user programs and libraries: one (a perf event), or a list of them in one file.

A row a kind; `links.py` has the table of all.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.capabilities import PERFMON, SYS_ADMIN, why_denied
from policyd.errors import KernelError
from policyd.file_state import state_of
from policyd.kernel.bpf import attach as bpf_links
from policyd.kernel.bpf.attach import FileProbes
from policyd.kernel.bpf.syscall import PerfEvent, perf_event_open
from policyd.kernel.link_kind import Hints, LinkKind, event_source, missing, returning, what
from policyd.places import user_place

if TYPE_CHECKING:
    from policyd.unit import AttachPoint
    from policyd.vocabulary.attach import AttachKind

_AT_RETURN = 1  # config of a perf uprobe (`format/retprobe`: bit 0), flag of the multi link
_SEMAPHORE_SHIFT, _MOST_SEMAPHORE = 32, 0xFFFFFFFF  # `format/ref_ctr_offset`: bits 32 to 63 of config


def _attach_uprobe(point: AttachPoint, kind: AttachKind, program_fd: int) -> int:
    source = event_source("uprobe")
    if source is None:
        raise missing(point, errno.EOPNOTSUPP)
    _check_file(point)
    place = user_place(point)
    (location,) = place.locations
    if location.semaphore > _MOST_SEMAPHORE:
        raise missing(point, errno.EFBIG)
    config = location.semaphore << _SEMAPHORE_SHIFT | (_AT_RETURN if point.option == "return" else 0)
    event = PerfEvent(source, config, place=place.path, offset=location.offset)
    event_fd = perf_event_open(event, what(point), *((place.pid, -1) if place.pid else (-1, 0)))
    try:
        return bpf_links.create_link(program_fd, event_fd, kind.link_attach_type, 0, what(point))
    finally:
        os.close(event_fd)  # the link holds the event


def _locate_uprobe(point: AttachPoint, _kind: AttachKind) -> str | None:
    place = user_place(point)
    (location,) = place.locations
    return _in_file(point, f"{place.path}:{location.offset:#x}{returning(point)}")


def _attach_uprobe_multi(point: AttachPoint, kind: AttachKind, program_fd: int) -> int:
    """The cookie of each location is its index among the members."""
    _check_file(point)
    place = user_place(point)
    probes = FileProbes(
        path=place.path,
        offsets=tuple(location.offset for location in place.locations),
        semaphores=tuple(location.semaphore for location in place.locations),
        flags=_AT_RETURN if point.option == "return" else 0,
        pid=place.pid,
    )
    return bpf_links.create_uprobe_multi_link(program_fd, kind.link_attach_type, probes, what(point))


def _locate_uprobe_multi(point: AttachPoint, _kind: AttachKind) -> str | None:
    return _in_file(point, f"{len(point.members)} locations{returning(point)}")


def _check_file(point: AttachPoint) -> None:
    """Refuse a file that is not the one in which the offsets were found: a probe in the midst of an instruction kills."""
    if point.file and state_of(user_place(point).path) not in {point.file, ""}:
        raise KernelError(what(point), errno.ESTALE)


def _in_file(point: AttachPoint, target: str) -> str | None:
    """Return what a link on the file that was meant says; a file that took its place is another place."""
    place = user_place(point)
    found = state_of(place.path)
    if not found or (place.pid and not Path(f"/proc/{place.pid}").exists()):
        return None
    return target if point.file in {found, ""} else f"{target} of a file that took its place"


def _not_in_code(point: AttachPoint) -> str:
    return f"not all of the offsets are inside the code of {user_place(point).path}, or this kernel is older than Linux 6.6"


_HINTS: Hints = {
    errno.ENOENT: lambda point: f"there is no file {user_place(point).path} here",
    errno.ESTALE: "the file has been replaced since its symbols were read: apply again",
    errno.EINVAL: "it is no file that can be executed, or the offset is not inside its code",
    errno.EBADF: "it is no regular file",
    errno.EIO: "the file cannot be read at that offset",
    errno.ENOEXEC: "the instruction at that offset cannot be probed",
    errno.ESRCH: lambda point: f"there is no process {user_place(point).pid}",
    errno.EOPNOTSUPP: "this kernel was built without uprobes (CONFIG_UPROBE_EVENTS), or cannot probe the instruction there",
    errno.EFBIG: "its semaphore is too far into the file: the kernel takes an offset of 32 bits",
    errno.E2BIG: "the kernel takes 64 programs a probe, and other tools hold them all",
    errno.EACCES: lambda _: (
        "since Linux 6.16 perf uprobes need CAP_SYS_ADMIN; before, kernel.perf_event_paranoid may forbid it: "
        + why_denied((SYS_ADMIN, PERFMON))
    ),
}

LINK_KINDS: dict[str, LinkKind] = {
    "uprobe": LinkKind(_attach_uprobe, _locate_uprobe, _HINTS),
    "uprobe_multi": LinkKind(_attach_uprobe_multi, _locate_uprobe_multi, {**_HINTS, errno.EINVAL: _not_in_code}),
}
