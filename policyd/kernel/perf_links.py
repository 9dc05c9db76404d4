"""Links at events that the kernel counts on each CPU: clocks, faults, switches, and the counters of the hardware.

A perf event of all processes is one CPU's, so a point takes a link a CPU.  CPUs come and go: what was on one that went is
dead, also if the CPU comes back.  A row for `links.py`.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.capabilities import PERFMON, why_denied
from policyd.cpus import online_cpus, show_cpus
from policyd.kernel.bpf import attach as bpf_links
from policyd.kernel.bpf.syscall import PerfEvent, perf_event_open
from policyd.kernel.link_kind import LinkKind, PerCpu, missing, what
from policyd.places import sampling
from policyd.vocabulary.perf_events import perf_event_kind

if TYPE_CHECKING:
    from policyd.unit import AttachPoint
    from policyd.vocabulary.attach import AttachKind

_MOST_RATE = Path("/proc/sys/kernel/perf_event_max_sample_rate")


def _cpus(point: AttachPoint) -> tuple[int, ...]:
    wanted = sampling(point).cpus
    return tuple(cpu for cpu in online_cpus() if not wanted or cpu in wanted)


def _attach(point: AttachPoint, kind: AttachKind, program_fd: int) -> int:
    cpus = _cpus(point)
    if not cpus:
        raise missing(point, errno.ENODEV)
    return _attach_on(point, kind, program_fd, cpus[0])


def _attach_on(point: AttachPoint, kind: AttachKind, program_fd: int, cpu: int) -> int:
    wanted, doing = sampling(point), f"{what(point)} on CPU {cpu}"
    row = perf_event_kind(wanted.event)
    event = PerfEvent(row.type, row.number, wanted.frequency or wanted.period, is_frequency=bool(wanted.frequency))
    event_fd = perf_event_open(event, doing, cpu=cpu)
    try:
        return bpf_links.create_link(program_fd, event_fd, kind.link_attach_type, 0, doing)
    finally:
        os.close(event_fd)  # the link holds the event


def _locate(point: AttachPoint, _kind: AttachKind) -> str | None:
    return f"event {perf_event_kind(sampling(point).event).number}" if _cpus(point) else None


def _not_counted(point: AttachPoint) -> str:
    return f"the hardware of this host cannot sample {sampling(point).event}: cpu-clock is there on every machine"


def _not_online(point: AttachPoint) -> str:
    cpus = sampling(point).cpus
    return f"{f'CPU {show_cpus(cpus)} is' if cpus else 'that CPU is'} not online: online are {show_cpus(online_cpus())}"


def _refused(point: AttachPoint) -> str:
    wanted = sampling(point)
    if not _cpus(point):  # a number that no CPU can have
        return _not_online(point)
    try:
        most = int(_MOST_RATE.read_text(encoding="ascii"))
    except OSError:
        most = 0
    if wanted.frequency > most:
        return (
            f"{wanted.frequency} samples a second are more than this kernel takes now (kernel.perf_event_max_sample_rate is "
            f"{most}; it lowers that when samples take long): ask for fewer, or raise it"
        )
    return _not_counted(point)


LINK_KINDS: dict[str, LinkKind] = {
    "perf_event": LinkKind(
        _attach,
        _locate,
        {
            errno.ENOENT: _not_counted,
            errno.EOPNOTSUPP: _not_counted,
            errno.ENODEV: _not_online,
            errno.EINVAL: _refused,
            errno.EBUSY: "all counters of the CPU are taken by others (the NMI watchdog holds one: kernel.nmi_watchdog=0)",
            errno.E2BIG: "the kernel takes one program an event",
            errno.EACCES: lambda _: "kernel.perf_event_paranoid forbids it, or: " + why_denied((PERFMON,)),
        },
        PerCpu(_cpus, _attach_on),
    ),
}
