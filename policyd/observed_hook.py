"""One attach point as it is now: its record, its links, what is behind them, and what is wrong with any of that.

In: the pins of a directory of `hooks/`.  Out: `ObservedHook`, which `observe.py` gathers and the planner compares with what
is wanted.  Nothing here changes anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.calls import PREFIX
from policyd.cpus import show_cpus
from policyd.errors import KernelError
from policyd.record import HOOKS, UsedRows, opened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.kernel.port import Kernel, LinkInfo, ProgramInfo
    from policyd.record import Found, HookRecord
    from policyd.unit import AttachPoint

HOOK_PIN = re.compile(r"(record|link(-[0-9]+)?|slot|stub|(program|next)-[0-9]+|shards|next-shards)(__new)?")
"""The pins that the engine makes at an attach point; `__new` is one that was about to replace the other."""

LINK_PIN = re.compile(r"link(-[0-9]+)?")


def link_pin(cpu: int | None) -> str:
    """Return the name of a link's pin: `link`, or where each CPU has one `link-3`."""
    return "link" if cpu is None else f"link-{cpu}"


_LINK = link_pin(None)


@dataclass(frozen=True, slots=True)
class ObservedHook:
    """A directory of `hooks/`: its record, its links, and the program that an event meets there.

    `links` by pin name; `wanted` are the names of those that there should be now: `link`, or one for each CPU.

    `slot` and `stub` are kernel ids, None if not pinned.  `running` is the id of the program in charge: what the slot holds
    (0: it is empty), or what the link holds where the kind has no slot; None if that cannot be told.
    """

    id: str
    record: HookRecord | None
    reason: str
    uses_slot: bool
    links: dict[str, LinkInfo]
    wanted: tuple[str, ...]
    located: str | None
    slot: int | None
    stub: int | None
    running: int | None
    programs: dict[str, ProgramInfo]  # by pin name: program-0, next-0…
    pins: tuple[str, ...]

    @property
    def fault(self) -> str:
        """Why not every event can reach the program (in a few words), or nothing."""
        return self.broken or self.gap

    @property
    def broken(self) -> str:
        """Why no event can reach the program, so that it must be attached anew (in a few words), or nothing."""
        if self.record is None:
            return self.reason or "its record is missing"
        if self.wanted == (_LINK,) and not self.links:
            return "its link is not pinned any more"
        faults = (self._link_fault(link) for link in self.links.values())
        return next(filter(None, faults), "") or self._stub_fault()

    @property
    def gap(self) -> str:
        """Which CPUs have no link, or have one and are gone (in a few words), or nothing: the others' links are right."""
        lacking = [name for name in self.wanted if name not in self.links]
        if lacking:
            return f"CPU {_cpus_of(lacking)} has no link"
        beyond = [name for name in self.links if name not in self.wanted]
        return f"CPU {_cpus_of(beyond)} is offline, and has a link" if beyond else ""

    def _link_fault(self, link: LinkInfo) -> str:
        elsewhere = link.target and self.located is not None and link.target != self.located
        if not link.alive or elsewhere:
            return "its link is detached from where it should be"
        if not self.uses_slot:
            known = {self.stub, *(info.id for info in self.programs.values())}
            return "" if link.program_id in known else "its link holds a program that is not ours"
        wrong = "" if link.program_id == self.stub else "its link holds a program that is not its stub"
        return self._stub_fault() or wrong

    def _stub_fault(self) -> str:
        if not self.uses_slot or (self.slot is not None and self.stub is not None):
            return ""
        return f"its {'slot' if self.slot is None else 'stub'} is not pinned any more"

    @property
    def program_fault(self) -> str:
        """Why the programs that its record names are not in charge, or not all kept (in a few words), or nothing."""
        programs = self.record.programs if self.record else ()
        if not programs:
            return "it was not finished"
        if self.running != programs[0]:
            return "another program runs in its place"
        pinned = {info.id for name, info in self.programs.items() if name.startswith("program-")}
        return "" if pinned.issuperset(programs) else "a program is not pinned any more"

    @property
    def calls(self) -> frozenset[str]:
        """The maps of calls (names below `shared/`) that its program was loaded with."""
        return frozenset(name for name in (self.record.shared if self.record else ()) if name.startswith(PREFIX))

    @property
    def used_rows(self) -> UsedRows:
        """The rows that the running program may name."""
        if self.record is None:
            return UsedRows()
        if self.record.programs and self.running == self.record.programs[0]:
            return self.record.rows
        return self.record.rows | self.record.previous


def _cpus_of(names: Iterable[str]) -> str:
    return show_cpus(int(name.partition("-")[2] or "0") for name in names)


def observe_hook(kernel: Kernel, directory: str, found: Found[HookRecord], pins: tuple[str, ...]) -> ObservedHook:
    """Read the attach point of a directory, whose record and pins are known."""
    path = f"{HOOKS}/{directory}"
    point = found.record.point if found.record else None
    uses_slot = kernel.uses_slot(point) if point else "slot" in pins
    links = {name: info for name in pins if LINK_PIN.fullmatch(name) and (info := _link(kernel, f"{path}/{name}"))}
    slot, held = _slot(kernel, f"{path}/slot") if "slot" in pins else (None, None)
    stub = _program(kernel, f"{path}/stub") if "stub" in pins else None
    return ObservedHook(
        id=directory,
        record=found.record,
        reason=found.reason,
        uses_slot=uses_slot,
        links=links,
        wanted=_wanted_links(kernel, point) if point else tuple(links),
        located=kernel.locate(point) if point else None,
        slot=slot,
        stub=stub.id if stub else None,
        running=held if uses_slot else next((link.program_id for link in links.values()), None),
        programs=_programs(kernel, path, pins),
        pins=pins,
    )


def _programs(kernel: Kernel, path: str, pins: tuple[str, ...]) -> dict[str, ProgramInfo]:
    names = (name for name in pins if name.startswith(("program-", "next-")) and name != "next-shards")
    return {name: info for name in names if (info := _program(kernel, f"{path}/{name}"))}


def _wanted_links(kernel: Kernel, point: AttachPoint) -> tuple[str, ...]:
    cpus = kernel.link_cpus(point)
    return (_LINK,) if cpus is None else tuple(map(link_pin, cpus))


def _link(kernel: Kernel, path: str) -> LinkInfo | None:
    try:
        with opened(kernel, path) as fd:
            return None if fd is None else kernel.link_info(fd)
    except KernelError:
        return None


def _program(kernel: Kernel, path: str) -> ProgramInfo | None:
    try:
        with opened(kernel, path) as fd:
            return None if fd is None else kernel.program_info(fd)
    except KernelError:
        return None


def _slot(kernel: Kernel, path: str) -> tuple[int | None, int | None]:
    """Return the slot's map id and the id of the program in it (0: none)."""
    try:
        with opened(kernel, path) as fd:
            if fd is None or (info := kernel.map_info(fd)).type != "prog_array":
                return None, None
            return info.id, int.from_bytes(kernel.lookup(fd, bytes(4)) or b"", "little")
    except KernelError:
        return None, None
