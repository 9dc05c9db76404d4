"""The process table's rows of processes that were there before policyd: read from `/proc`, packed as the kernel keeps them.

The engine writes them once, when the table is made, and never over a row that the exec program has written since.  How such
a process began is not known any more: what it is now stands for that.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.codegen.source import PROCESSES_VALUE
from policyd.trees import BY_PID, BY_PROGRAM
from policyd.vocabulary.task import CAPABILITY_SETS, NAMESPACES, ORIGIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.trees import TreeRoots

_ROW = struct.Struct("<HHBBH80s256s256s256x")  # struct pd_process, bpf_templates/fields/process_table.c
_BEGAN = struct.Struct("<5Q2I7IBBxx")  # struct pd_began, beside it
EXE_AT = 8 + _BEGAN.size
"""Where in a row the program's path begins: 256 bytes, with a NUL behind it."""
_LONGEST = 255
_HOST_PIDS = 0xEFFFFFFC  # PROC_PID_INIT_INO, include/linux/proc_ns.h
_SETS = dict(zip(CAPABILITY_SETS, ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"), strict=True))
_OF_CHILDREN = {"pid": "pid_for_children"}
_ORIGINS = {name: number for number, name in ORIGIN.symbols}
_MOST_GENERATIONS = 64
assert _ROW.size == PROCESSES_VALUE


@dataclass(frozen=True, slots=True)
class Status:
    """A process as /proc knows it now; what may not be read is 0 or empty.

    `pids` are its numbers, from the host's pid namespace to its own; `namespaces` go by `vocabulary.task.NAMESPACES`.
    """

    parent: int = 0
    pids: tuple[int, ...] = ()
    ids: tuple[int, int] | None = None
    capabilities: tuple[int, ...] = (0,) * 5
    namespaces: tuple[int, ...] = (0,) * 7
    pid_namespace: int = 0

    @classmethod
    def read(cls, folder: str) -> Status:
        """Read a folder of /proc; a process without a readable status is the empty one."""
        try:
            lines = Path(f"{folder}/status").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return cls()
        texts = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
        try:
            return cls(
                parent=int(texts["PPid"][0]),
                pids=tuple(map(int, texts.get("NSpid", ()))),
                ids=(int(texts["Uid"][0]), int(texts["Gid"][0])),
                capabilities=tuple(int(texts[name][0], 16) for name in _SETS.values()),
                namespaces=tuple(_inode(f"{folder}/ns/{_OF_CHILDREN.get(name, name)}") for name in NAMESPACES),
                pid_namespace=_inode(f"{folder}/ns/pid"),
            )
        except (KeyError, IndexError, ValueError):
            return cls()

    def shares_pids(self, other: Status) -> bool:
        """Tell whether both are in one pid namespace, or at least as deep in them, where no more may be known."""
        if self.pid_namespace and other.pid_namespace:
            return self.pid_namespace == other.pid_namespace
        return len(self.pids) == len(other.pids)


@dataclass(slots=True)
class Statuses:
    """Processes of /proc, each read once."""

    proc: str
    _known: dict[int, Status] = field(default_factory=dict)

    def of(self, pid: int) -> Status:
        if pid not in self._known:
            self._known[pid] = Status.read(f"{self.proc}/{pid}")
        return self._known[pid]

    def origin(self, pid: int) -> int:
        """Return the number of a process's origin, as `pd_origin` of `fields/task_began.c` finds it; 0: not known."""
        for _ in range(_MOST_GENERATIONS):
            status = self.of(pid)
            if len(status.pids) == 1:
                return _ORIGINS["Host"]
            if status.pids[-1:] == (1,):
                return _ORIGINS["Init"]
            if not status.pids or not status.parent:
                return 0
            parent = self.of(status.parent)
            if not parent.pids:
                return 0
            if not status.shares_pids(parent):
                return _ORIGINS["Joined"]
            pid = status.parent
        return 0


def snapshot(proc: Path = Path("/proc")) -> Iterator[tuple[bytes, bytes]]:
    """Yield (pid as u32, row) of every process with a program: kernel threads have none."""
    statuses = Statuses(str(proc))
    for entry in os.listdir(proc):  # noqa: PTH208  a thousand Path objects for nothing
        if not entry.isdigit():
            continue
        try:
            exe = executable(f"{proc}/{entry}")
            arguments = Path(f"{proc}/{entry}/cmdline").read_bytes()
        except OSError:
            continue
        began = _began(statuses.of(int(entry)), statuses.origin(int(entry)))
        yield struct.pack("<I", int(entry)), row(exe, arguments, began)


def executable(folder: str) -> bytes:
    """Return the path of the program that a process of /proc runs; `OSError` if it has none, or may not be asked."""
    return os.fsencode(os.readlink(f"{folder}/exe").removesuffix(" (deleted)"))  # noqa: PTH115  (as above)


def sees_the_host(namespace: Path = Path("/proc/self/ns/pid")) -> bool:
    """Tell whether pids here are those that events hold: they are the host's, and a container may have pids of its own."""
    return _inode(str(namespace)) == _HOST_PIDS


def host_processes() -> Iterator[tuple[bytes, bytes]]:
    """Yield what `snapshot` does; nothing where pids are others than in the kernel: no name is better than a wrong one."""
    return snapshot() if sees_the_host() else iter(())


def members(roots: TreeRoots, proc: Path = Path("/proc")) -> dict[int, int]:
    """Return the processes that are in a tree now, each with why: from their programs, their numbers, and their parents.

    Of a process whose starter has ended /proc tells who took it in: that it came from a tree cannot be told any more.
    """
    statuses = Statuses(str(proc))
    found: dict[int, int] = {}
    parents: dict[int, int] = {}
    for pid in (int(entry) for entry in os.listdir(proc) if entry.isdigit()):  # noqa: PTH208  (as above)
        parents[pid] = statuses.of(pid).parent
        with suppress(OSError):
            found[pid] = BY_PROGRAM if executable(f"{proc}/{pid}") in roots.paths else 0
            found[pid] |= BY_PID if pid in roots.pids else 0
    if roots.tree.follow:
        for pid in found:
            found[pid] |= next((found[one] for one in _upwards(pid, parents) if found.get(one)), 0)
    return {pid: why for pid, why in found.items() if why}


def host_members(roots: TreeRoots) -> dict[int, int]:
    """Return what `members` does; nobody where pids are others than in the kernel."""
    return members(roots) if sees_the_host() else {}


def _upwards(pid: int, parents: dict[int, int]) -> Iterator[int]:
    """Yield the ancestors of a process, nearest first; /proc is read while it changes, so there may be a circle."""
    for _ in range(_MOST_GENERATIONS):
        pid = parents.get(pid, 0)
        if not pid:
            return
        yield pid


def row(exe: bytes, arguments: bytes, began: bytes = bytes(_BEGAN.size)) -> bytes:
    """Return the row of a process: its program's path, its argument block with a NUL after each argument, how it began.

    Of a path that is too long the last names are kept, as the program at exec keeps them: whole, and with no slash before
    them, so that it cannot pass for another path.  Of arguments the first bytes are kept.
    """
    line = arguments.removesuffix(b"\0").replace(b"\0", b" ")
    kept_exe = exe if len(exe) <= _LONGEST else exe[-_LONGEST:].partition(b"/")[2]
    kept_line = line[:_LONGEST]
    lengths = (len(kept_exe), len(kept_line), len(exe) > _LONGEST, len(line) > _LONGEST)
    return _ROW.pack(*lengths, 0, began, kept_exe, kept_line)


def _began(status: Status, origin: int) -> bytes:
    return _BEGAN.pack(*status.capabilities, *(status.ids or (0, 0)), *status.namespaces, origin, status.ids is not None)


def _inode(path: str) -> int:
    """Return the inode number of a namespace, which has 32 bits; 0 if it may not be asked, or is gone."""
    try:
        return os.stat(path).st_ino & 0xFFFFFFFF  # noqa: PTH116  (as above)
    except OSError:
        return 0
