"""What runs, as `get` and `describe` tell it: one view a policy, hook or map, made of records and of what the kernel says.

In: an `Observed` and the `Kernel` to read counts from.  Out: frozen views; nothing is printed here and nothing is changed.
"""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.errors import KernelError
from policyd.plan.cleaning import needed_shared
from policyd.plan.steps import CONFIG_ENFORCE, CONFIG_SUSPEND
from policyd.reading.account import EVENT_LOSSES, held_back, read_account
from policyd.record import PolicyRecord, hook_path, map_pin, opened, policy_path
from policyd.unit import CGROUP_POINT, PROCESS_POINTS, AttachPoint
from policyd.vocabulary.attach import attach_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.health import Proof
    from policyd.kernel.bpf.info import ProgramInfo
    from policyd.kernel.port import Kernel
    from policyd.observe import Observed
    from policyd.observed_hook import ObservedHook
    from policyd.record import MapRecord

READY, DEGRADED, SUSPENDED, NOT_APPLICABLE = "Ready", "Degraded", "Suspended", "NotApplicable"
PROVEN, ATTACHED = "Proven", "Attached"
"""What `Ready` becomes where an agent makes canaries: whether events are known to come all the way through."""


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A policy.  `reasons` say what is wrong (Degraded) or why rules have no hook here; `flags` is its live config row."""

    record: PolicyRecord
    phase: str
    reasons: tuple[str, ...]
    flags: int | None
    account: dict[str, int]
    points: tuple[str, ...]
    missed: int

    @property
    def mode(self) -> str:
        """`enforce` or `monitor`, as the running programs have it."""
        enforce = self.record.enforce if self.flags is None else self.flags & CONFIG_ENFORCE
        return "enforce" if enforce else "monitor"

    @property
    def lost(self) -> int:
        """Events that did not reach the ring."""
        return sum(self.account.get(column, 0) for column in EVENT_LOSSES)

    @property
    def held(self) -> int:
        """Events that a rate or a sample held back."""
        return sum(held_back(self.account).values())


@dataclass(frozen=True, slots=True)
class HookView:
    """An attach point.  `attached` is the program that the kernel runs first (the stub, where there is one).

    `link_ids`: one, or one for each CPU.  `members` are the functions or places of one that stands for several.  `dropped`
    are the calls that came to no program (`LinkInfo.missed`).  `kept_for` are the rules (`policy/name`) at the end of the
    calls that begin here, for which something is kept.  `stands_in`: what is there in place of a link, and why.
    """

    id: str
    key: str
    members: tuple[str, ...]
    policies: tuple[str, ...]
    programs: tuple[ProgramInfo, ...]
    attached: ProgramInfo | None
    link_ids: tuple[int, ...]
    dropped: int
    fault: str
    kept_for: tuple[str, ...] = ()
    stands_in: str = ""

    @property
    def missed(self) -> int:
        """Runs that the kernel dropped because a program ran on that CPU already, and calls that came to no program."""
        return self.dropped + max((info.recursion_misses for info in (self.attached, *self.programs) if info), default=0)

    @property
    def runs(self) -> int:
        """How often it ran while `kernel.bpf_stats_enabled` was on."""
        return max((info.run_count for info in (self.attached, *self.programs) if info), default=0)

    @property
    def run_time_ns(self) -> int:
        """Time spent in it while `kernel.bpf_stats_enabled` was on, tail-called programs included."""
        return max((info.run_time_ns for info in (self.attached, *self.programs) if info), default=0)


@dataclass(frozen=True, slots=True)
class MapView:
    """A map of a policy; `entries` of a ring are the bytes that wait; None if it is not there."""

    policy: str
    name: str
    purpose: str
    type: str
    entries: int | None
    max_entries: int
    memory: int | None
    param: str = ""


def phase_with(view: PolicyView, proof: Proof | None) -> str:
    """Return a policy's phase as the agent sees it; without a proof (no agent, no canaries) as it is."""
    if proof is None or view.phase != READY:
        return view.phase
    return PROVEN if proof.proven else ATTACHED


def policy_views(observed: Observed, kernel: Kernel) -> dict[str, PolicyView]:
    """Return a view of every readable policy, by name."""
    hooks = {hook.id: hook for hook in hook_views(observed, kernel)}
    return {name: _policy(observed, record, hooks, kernel) for name, record in sorted(observed.records.items())}


def _policy(observed: Observed, record: PolicyRecord, hooks: dict[str, HookView], kernel: Kernel) -> PolicyView:
    flags = observed.config.get(record.row)
    wrong = faults(observed, record)
    suspended = record.suspend if flags is None else bool(flags & CONFIG_SUSPEND)
    phase = DEGRADED if wrong else SUSPENDED if suspended else READY
    if not wrong and not record.points and record.not_applicable:
        phase = NOT_APPLICABLE
    absent = tuple(f"rule {rule}: {reason}" for rule, reason in record.not_applicable)
    at = [hooks[point] for point in record.points if point in hooks]
    return PolicyView(
        record=record,
        phase=phase,
        reasons=wrong + absent,
        flags=flags,
        account=read_account(kernel, record.row),
        points=tuple(hook.key for hook in at),
        missed=sum(hook.missed for hook in at),
    )


def faults(observed: Observed, record: PolicyRecord) -> tuple[str, ...]:
    """Return what of a policy does not run as its record says; `apply` mends all of it."""
    found = [fault for point in record.needed_points if (fault := _hook_fault(observed.hooks.get(point), record, point))]
    found += _shared_faults(observed, record)
    directory = observed.policies[record.id]
    if directory.ring is None:
        found.append("its ring is not pinned any more")
    elif "rings" in observed.shared and observed.rows.get("rings", {}).get(record.row) != directory.ring.id:
        found.append("another ring stands in its row")
    for known in record.maps.values():
        if known.purpose in LISTS and not known.contents:
            continue
        pinned = directory.maps.get(map_pin(record.name, known.name, known.fingerprint))
        if pinned is None:
            found.append(f"map {known.name} is not pinned any more")
        elif known.shared in observed.shared and observed.rows.get(known.shared, {}).get(known.row) != pinned.id:
            found.append(f"another map stands in the row of {known.name}")
    return tuple(found)


LISTS = frozenset({"list", "prefixes", "under", "cidrs", "suffixes"})
"""Purposes of maps that hold the values of a list: an empty list has none."""


def _hook_fault(hook: ObservedHook | None, record: PolicyRecord, point: str) -> str:
    if hook is None:
        return f"{_point_key(record, point)}: not attached any more"
    key = hook.record.point.key if hook.record else hook.id
    if hook.record and point in record.points and record.name not in hook.record.policies and not hook.fault:
        return f"{key}: its program does not hold this policy's rules"
    fault = hook.fault or hook.program_fault
    return f"{key}: {fault}" if fault else ""


def _point_key(record: PolicyRecord, point: str) -> str:
    """Return the key of one of the attach points that a policy needs, by its id."""
    points = [AttachPoint(kind, target) for kind, _, target in (rule.point.partition(":") for rule in record.rules)]
    return next((known.key for known in (*points, *PROCESS_POINTS, CGROUP_POINT) if known.id == point), point)


def _shared_faults(observed: Observed, record: PolicyRecord) -> Iterator[str]:
    """Yield what is wrong with the shared maps that a policy's programs use."""
    hooks = [observed.hooks[point] for point in record.needed_points if point in observed.hooks]
    stale = {name for hook in hooks for name in observed.stale(hook)}
    for name in sorted(stale | set(needed_shared((record,), record.process_table))):
        if name not in observed.shared:
            yield f"shared map {name} is not pinned (removed, or new in this policyd): apply makes it"
        elif name in stale:
            yield f"shared map {name} is not the one that its programs use"
        elif name == "processes" and observed.filled != observed.shared[name].id:
            yield "the process table was not filled with what ran before"


def hook_views(observed: Observed, kernel: Kernel) -> list[HookView]:
    """Return a view of every attach point of ours, sorted by key."""
    return sorted((_hook(observed, hook, kernel) for hook in observed.hooks.values()), key=lambda view: view.key)


def _hook(observed: Observed, hook: ObservedHook, kernel: Kernel) -> HookView:
    record = hook.record
    programs = tuple(info for name, info in sorted(hook.programs.items()) if name.startswith("program-"))
    attached = programs[0] if programs else None
    stands_in = attach_kind(record.point.kind, record.point.option).stands_in if record else ""
    if hook.uses_slot and record is not None:
        attached = _program(kernel, hook_path(record.point, "stub"))
    return HookView(
        id=hook.id,
        key=record.point.key if record else hook.id,
        members=record.point.members if record else (),
        policies=record.policies if record else (),
        programs=programs,
        attached=attached,
        link_ids=() if stands_in else tuple(link.id for link in hook.links.values()),
        dropped=sum(link.missed for link in hook.links.values()),
        fault=observed.hook_fault(hook),
        kept_for=tuple(f"{policy}/{rule}" for policy, rule in record.kept_for) if record else (),
        stands_in=stands_in,
    )


def _program(kernel: Kernel, path: str) -> ProgramInfo | None:
    try:
        with opened(kernel, path) as fd:
            return None if fd is None else kernel.program_info(fd)
    except KernelError:
        return None


def map_views(observed: Observed, kernel: Kernel) -> Iterator[MapView]:
    """Yield a view of every map of every policy: rings, outputs, lists; what is not pinned (an empty list) has no size."""
    for name, record in sorted(observed.records.items()):
        yield _ring(kernel, record)
        for known in sorted(record.maps.values(), key=lambda row: row.name):
            yield _map(kernel, name, known)


def _ring(kernel: Kernel, record: PolicyRecord) -> MapView:
    from policyd.reading.ring import Ring  # noqa: PLC0415 (only when a ring is looked at)

    waiting = memory = None
    with opened(kernel, policy_path(record.name, "ring")) as fd:
        if fd is not None:
            size = kernel.map_info(fd).max_entries
            with closing(Ring(fd, size)) as ring:
                waiting, memory = ring.pending, map_memory(fd)
    return MapView(record.name, "ring", "events", "ringbuf", waiting, record.ring_bytes, memory)


def _map(kernel: Kernel, policy: str, known: MapRecord) -> MapView:
    entries = 0
    memory = None
    with opened(kernel, policy_path(policy, map_pin(policy, known.name, known.fingerprint))) as fd:
        if fd is not None:
            entries = sum(1 for _ in kernel.items(fd))
            memory = map_memory(fd)
    return MapView(policy, known.name, known.purpose, known.map_class.type, entries, known.max_entries, memory, known.param)


def policy_memory(observed: Observed, kernel: Kernel) -> dict[str, int]:
    """Return the bytes of kernel memory that each policy's maps take, its ring too."""
    found = {}
    for name, record in observed.records.items():
        pins = ("ring", *observed.policies[record.id].maps)
        found[name] = sum(_memory_at(kernel, policy_path(name, pin)) for pin in pins)
    return found


def program_memory(observed: Observed, kernel: Kernel) -> dict[str, int]:
    """Return the bytes of kernel memory that each hook's programs take, by the hook's key."""
    found = {}
    for hook in observed.hooks.values():
        if hook.record is None:
            continue
        paths = [hook_path(hook.record.point, name) for name in ("stub", *hook.programs)]
        found[hook.record.point.key] = sum(_memory_at(kernel, path) for path in paths)
    return dict(sorted(found.items()))


def _memory_at(kernel: Kernel, path: str) -> int:
    with opened(kernel, path) as fd:
        return 0 if fd is None else map_memory(fd) or 0


def map_memory(fd: int) -> int | None:
    """Return the bytes of kernel memory that a map or a program takes, as `/proc/self/fdinfo` tells (`memlock`)."""
    try:
        text = Path(f"/proc/self/fdinfo/{fd}").read_text("ascii")
    except OSError:
        return None
    found = re.search(r"^memlock:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else None
