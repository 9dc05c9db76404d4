"""Which capability what part of policyd needs, and why: found by taking away one at a time (kernel/test_privileges.py).

In: what policies make use of.  Out: `Need`s, which `doctor` shows.  `require` is asked before a program is compiled, so that
a missing capability is named before anything is attached.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.capabilities import (
    BPF,
    DAC_READ_SEARCH,
    NET_ADMIN,
    NUMBERS,
    PERFMON,
    SYS_ADMIN,
    SYS_PTRACE,
    SYSLOG,
    held,
    missing,
    why_denied,
)
from policyd.errors import KernelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.layout import Layout
    from policyd.unit import AttachPoint

TRACING = ("tracepoint", "raw_tracepoint")
SNAPSHOTS = ("iter",)
FUNCTIONS = ("kprobe", "kprobe_multi", "fentry", "fexit", "fmod_ret", "lsm")
FILES = ("uprobe", "uprobe_multi")
NETWORK = ("xdp", "tcx", "netkit", "clsact", "netfilter", "cgroup", "sock_ops", "sk_lookup")
ALWAYS, PROCESSES, SYMBOLS = "always", "process table", "symbols"
UNMOUNTED, OTHER_USER = "not mounted", "other user"


@dataclass(frozen=True, slots=True)
class Privilege:
    """One use of one capability.

    `uses` are kinds of attach points, or the words above.  `without` says what is lost without it; empty: nothing of
    that use works (docs/deploy.md has this table).
    """

    capability: str
    feature: str
    uses: tuple[str, ...]
    why: str
    without: str = ""


PRIVILEGES: tuple[Privilege, ...] = (
    Privilege(BPF, "all policies", (ALWAYS,), "make maps, load programs, open what is pinned"),
    Privilege(
        PERFMON,
        "system calls, tracepoints, raw tracepoints",
        TRACING,
        "load programs that read the kernel's memory; attach them to perf events",
    ),
    Privilege(
        PERFMON,
        "functions of the kernel, LSM hooks",
        FUNCTIONS,
        "load programs that read the kernel's memory, and have the kernel call them",
    ),
    Privilege(PERFMON, "programs and libraries", FILES, "load programs that read memory, and put breakpoints into files"),
    Privilege(PERFMON, "snapshots", SNAPSHOTS, "load programs that read the kernel's memory, and run them on its objects"),
    Privilege(PERFMON, "clocks and counters", ("perf_event",), "open perf events for all processes"),
    Privilege(
        PERFMON,
        "packets, cgroups",
        NETWORK,
        "have the verifier trust pointers and long programs: without, it refuses what policies compile to",
    ),
    Privilege(NET_ADMIN, "packets, cgroups", NETWORK, "load programs that decide about packets, and attach them"),
    Privilege(PERFMON, "fields of processes (process.exe …)", (PROCESSES,), "follow fork, exec and exit"),
    Privilege(
        SYS_PTRACE,
        "fields of processes (process.exe …)",
        (PROCESSES,),
        "read the program of processes that were there before",
        "the program of a process that was started before policyd, by another user or with more capabilities, is not known"
        " until it executes another",
    ),
    Privilege(
        SYSLOG,
        "columns that are places in the kernel's code",
        (SYMBOLS,),
        "read the addresses in /proc/kallsyms",
        "such columns show an address in place of a function's name",
    ),
    Privilege(DAC_READ_SEARCH, "policyd as another user than root", (OTHER_USER,), "read tracefs, which is root's alone"),
    Privilege(
        SYS_ADMIN,
        "bpffs and tracefs that are not mounted",
        (UNMOUNTED,),
        "mount them",
        "they must have been mounted (systemd does): /sys/fs/bpf, /sys/kernel/tracing",
    ),
)


@dataclass(frozen=True, slots=True)
class Need:
    """A capability with all that it is for.  Not `required`: policies run without it, and `without` is what is lost."""

    capability: str
    reasons: tuple[str, ...]
    required: bool
    held: bool
    without: tuple[str, ...] = ()


def uses(
    kinds: Iterable[str], layouts: Iterable[Layout], *, process_table: bool, other_user: bool = False
) -> frozenset[str]:
    """Return what policies make use of, by their kinds of attach points and the columns of their events and keys.

    `other_user`: policyd does not run as root.
    """
    symbols = any(column.type.kind == "symbol" for layout in layouts for column in layout.columns)
    conditions = {PROCESSES: process_table, SYMBOLS: symbols, OTHER_USER: other_user}
    return frozenset({ALWAYS, *kinds, *(use for use, holds in conditions.items() if holds)})


def privileges_for(found: Iterable[str]) -> tuple[Privilege, ...]:
    """Return the rows of the table that some use asks for."""
    asked = frozenset(found)
    return tuple(row for row in PRIVILEGES if not asked.isdisjoint(row.uses))


def needs(found: Iterable[str]) -> tuple[Need, ...]:
    """Return what is needed, a row a capability, the required ones first."""
    return tuple(sorted(_needs(privileges_for(found)), key=lambda need: not need.required))


def _needs(rows: tuple[Privilege, ...]) -> Iterator[Need]:
    has = held()
    for name in dict.fromkeys(row.capability for row in rows):
        mine = [row for row in rows if row.capability == name]
        yield Need(
            capability=name,
            reasons=tuple(f"{row.feature}: {row.why}" for row in mine),
            required=any(not row.without for row in mine),
            held=name in has or not missing([name]),
            without=tuple(row.without for row in mine if row.without),
        )


def require(point: AttachPoint) -> None:
    """Raise `KernelError` (EPERM), which names what is missing, if this process cannot load programs for an attach point."""
    wanted = [row.capability for row in privileges_for((ALWAYS, point.kind)) if not row.without]
    if missing(wanted):
        raise KernelError(f"load the programs of {point.key}", errno.EPERM, why_denied(wanted))


def in_manifests(found: Iterable[Need]) -> tuple[str, str]:
    """Return the required set as systemd and as Kubernetes write it, in the kernel's order."""
    names = sorted((need.capability for need in found if need.required), key=NUMBERS.__getitem__)
    return f"CapabilityBoundingSet={' '.join(names)}", f"add: [{', '.join(name.removeprefix('CAP_') for name in names)}]"
