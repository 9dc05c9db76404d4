"""`Symbols`: names for the frames of stacks, from whatever knows them.

In: addresses of the kernel; frames of programs, by build id and offset or by process and address.  Out: a `Symbol` each, and
advice for those who miss names.  Nothing fails here: what cannot be found, or may not be read, has no name.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING
from weakref import ref

from policyd.kallsyms import running_kernel
from policyd.stack import NamedStack, Symbol
from policyd.symbols.build_ids import FOLDERS, BuildIds
from policyd.symbols.mappings import Processes
from policyd.symbols.perf_map import PerfMap, read_perf_map
from policyd.symbols.programs import Place, Programs
from policyd.symbols.vdso import VDSO, vdso

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.kallsyms import KernelSymbols
    from policyd.stack import Stack, UserFrame
    from policyd.symbols.mappings import Mapping, Process
    from policyd.symbols.programs import Program

MOST_REMEMBERED = 65_536
"""Frames by build id, whose names do not change."""
MOST_PERF_MAPS = 64
_SHOWN_ID = 12


class Symbols:
    """What names frames (a `stack.FrameNames`).

    `live` is whether pids are those of `/proc` here; where they are not, only build ids name the frames of programs.
    `folders` are looked through for those, before the usual ones.
    """

    def __init__(
        self,
        live: bool = True,
        folders: tuple[str, ...] = (),
        *,
        kernel: KernelSymbols | None = None,
        processes: Processes | None = None,
        programs: Programs | None = None,
        build_ids: BuildIds | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live, self._clock = live, clock
        self._kernel = kernel or running_kernel()
        self._processes = processes or Processes()
        self._programs = programs or Programs()
        self._build_ids = build_ids or BuildIds(self._processes, (*folders, *FOLDERS))
        self._by_id: dict[tuple[str, int, bool], Symbol] = {}
        self._perf_maps: dict[int, tuple[PerfMap, float]] = {}
        self._missed: Counter[tuple[str, str]] = Counter()

    def stack(self, stack: Stack) -> NamedStack:
        """Name every frame of a stack."""
        return NamedStack(
            tuple(self.kernel(address, returns=at > 0) for at, address in enumerate(stack.kernel)),
            tuple(self.user(frame, stack.pid, returns=at > 0) for at, frame in enumerate(stack.user)),
            stack.kernel_cut,
            stack.user_cut,
        )

    def kernel(self, address: int, *, returns: bool = False) -> Symbol:
        """Name an address of the kernel's code."""
        found = self._kernel.find(address - returns)
        if found is None:
            self._missed["kernel", ""] += 1
            return Symbol("", address)
        return Symbol(found.name, address - found.address, found.module)

    def user(self, frame: UserFrame, pid: int = 0, *, returns: bool = False) -> Symbol:
        """Name a place in a program: by its build id, else by what the process has mapped there."""
        if frame.build_id:
            key = (frame.build_id, frame.offset, returns)
            found = self._by_id.get(key) or self._of_build_id(frame, pid, returns)
            if len(self._by_id) < MOST_REMEMBERED and found.name:
                self._by_id[key] = found
            return found
        if not pid or not self._live:
            self._missed["unknown process", ""] += 1
            return Symbol("", frame.address)
        return self._of_process(self._processes.open(pid), frame.address, returns)

    @property
    def advice(self) -> tuple[str, ...]:
        """What kept frames from having names so far, each with what to do about it."""
        told = [self._kernel.why_none] if self._missed["kernel", ""] else []
        for kind, text in _ADVICE:
            names = [name for (what, name), _ in self._missed.most_common() if what == kind]
            frames = sum(count for (what, _), count in self._missed.items() if what == kind)
            if frames:
                more = f" and {len(names) - 3} more" if len(names) > 3 else ""
                count = f"no names for {frames:,} frame{'s' * (frames != 1)}"
                told.append(f"{count} {text.format(names=', '.join(names[:3]) + more)}")
        return tuple(filter(None, told))

    def _of_build_id(self, frame: UserFrame, pid: int, returns: bool) -> Symbol:
        process = self._processes.open(pid) if pid and self._live else None
        place = self._build_ids.find(frame.build_id, process)
        program = self._programs.open(place, frame.build_id) if place else None
        if program is None:
            self._miss("build id", frame.build_id[:_SHOWN_ID])
            return Symbol("", frame.offset, f"build id {frame.build_id[:_SHOWN_ID]}")
        return self._in_program(program, frame.offset, returns)

    def _of_process(self, process: Process, address: int, returns: bool) -> Symbol:
        mapping = process.find(address - returns)
        if mapping is None:
            self._miss("address" if process.mappings else "hidden" if process.alive else "ended", str(process.pid))
            return Symbol("", address)
        offset = address - mapping.start + mapping.offset
        if mapping.is_file and (program := self._mapped(process, mapping)):
            return self._in_program(program, offset, returns)
        if mapping.path == VDSO:
            found = vdso(mapping.end - mapping.start).find(offset - returns)
            return Symbol(found[0], offset - found[1], VDSO.strip("[]")) if found else Symbol("", offset, VDSO.strip("[]"))
        return self._made(process, mapping, address, returns)

    def _mapped(self, process: Process, mapping: Mapping) -> Program | None:
        """Return the file of a mapping; it is opened once, as long as the process is not read again."""
        known = process.files.get(mapping)
        program = known() if known else None
        if program is None and (known or mapping not in process.files):
            program = self._programs.open(Place.of(process, mapping))
            process.files[mapping] = ref(program) if program else None
        return program

    def _in_program(self, program: Program, offset: int, returns: bool) -> Symbol:
        found = program.code.find(offset - returns)
        if found is None:
            self._miss("stripped" if not program.complete else "no function", program.name)
            return Symbol("", offset, program.name)
        return Symbol(found[0], offset - found[1], program.name)

    def _made(self, process: Process, mapping: Mapping, address: int, returns: bool) -> Symbol:
        """Name code that a program made while it ran, or a file that cannot be read as a program."""
        found = self._perf_map(process).find(address - returns)
        if found:
            return Symbol(found[0], address - found[1], f"perf-{process.pid}.map")
        if mapping.is_file:
            name = Place.of(process, mapping).name
            self._miss("unreadable", name)
            return Symbol("", address - mapping.start + mapping.offset, name)
        self._miss("made", str(process.pid))
        return Symbol("", address)

    def _perf_map(self, process: Process) -> PerfMap:
        """Return a process's perf map; while it runs, it is looked at again after a second."""
        known, read_at = self._perf_maps.pop(process.pid, (None, 0.0))
        now = self._clock()
        if known is None or now - read_at >= 1.0:
            known, read_at = read_perf_map(process.folder, known), now
        self._perf_maps[process.pid] = (known, read_at)
        while len(self._perf_maps) > MOST_PERF_MAPS:
            del self._perf_maps[next(iter(self._perf_maps))]
        return known

    def _miss(self, what: str, name: str) -> None:
        if (what, name) in self._missed or len(self._missed) < MOST_REMEMBERED:
            self._missed[what, name] += 1


_ADVICE = (
    ("stripped", "in programs without symbols ({names}): install their debug packages"),
    ("build id", "of programs that were not found (build id {names}): --files DIR names the folder that they are in"),
    ("ended", "of processes that have ended (pid {names}): their memory maps went with them"),
    ("hidden", "of processes whose memory may not be looked at (pid {names}): try again as root, or with CAP_SYS_PTRACE"),
    ("made", "in code made at run time (pid {names}): have the program write /tmp/perf-PID.map"),
    ("unreadable", "in files that cannot be read as programs ({names})"),
    ("unknown process", "of programs with neither a build id nor a known process"),
)
"""What is missed, and what to say of it, in the order in which it is said."""
