"""A kernel in memory, for the tests of the planner and the engine.

How far to trust it.  It models what the engine relies on, and each of these is proven on the real kernel by
tests/kernel/test_fake_kernel_is_true.py, which runs the same checks on both:

- an object lives as long as a file descriptor, a pin, or another object refers to it;
- a program array forgets its programs when its last *user* reference (file descriptor or pin) goes;
- a pin that is replaced never leaves a moment without one; a record is frozen, and a frozen map refuses writes;
- a row of an array of maps gives the id of its map, and takes a map only if it is like the template;
- a stub with an empty slot lets the event pass; a link update insists on the old program;
- a link whose target is gone, or that was detached, is not alive, though its pin stays; XDP takes one link.

It does not model verifiers, memory, per-CPU values (an account row is one CPU's), rings, or time.

`fail(n, errno)` makes the n-th changing call from now fail; `die(n)` raises `Died` before it, or after it, after which the
test calls `restart()`: all file descriptors are gone, as they are when a process ends.  `events(point)` makes one event
happen (on one CPU) and returns the names of the programs that saw it.  `online` are the CPUs that there are.
"""

from __future__ import annotations

import errno
import itertools
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from policyd.errors import AttachError, KernelError, LockError
from policyd.kernel.port import Kernel, LinkInfo, MapInfo, ProgramInfo
from policyd.vocabulary.attach import attach_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.unit import AttachPoint

PERCPU = {"percpu_array", "percpu_hash", "lru_percpu_hash"}
ARRAYS = {"array", "percpu_array", "array_of_maps", "prog_array"}


class Died(BaseException):
    """The process was killed."""


@dataclass(eq=False)
class Map:
    id: int
    type: str
    key_size: int
    value_size: int
    max_entries: int
    flags: int
    name: str
    template: tuple[Any, ...] | None = None
    frozen: bool = False
    data: dict[bytes, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[Any, ...]:
        entries = self.max_entries if self.type in ARRAYS else 0
        return (self.type, self.key_size, self.value_size, self.flags, entries)

    def references(self) -> list[Any]:
        return [value for value in self.data.values() if not isinstance(value, bytes)]


@dataclass(eq=False)
class Program:
    id: int
    name: str
    kind: str
    maps: tuple[Map, ...] = ()
    slot: Map | None = None

    def references(self) -> list[Any]:
        return [*self.maps, *([self.slot] if self.slot else [])]


@dataclass(eq=False)
class Link:
    id: int
    point: AttachPoint
    program: Program
    alive: bool = True
    target: str = ""
    cpu: int | None = None

    def references(self) -> list[Any]:
        return [self.program]


class FakeKernel(Kernel):
    """See the module."""

    root = "/fake"

    def __init__(self) -> None:
        self._ids, self._fd_numbers = itertools.count(1), itertools.count(3)
        self.fds: dict[int, Any] = {}
        self.pins: dict[str, Any] = {}
        self.directories: set[str] = {""}
        self.online: tuple[int, ...] = (0, 1)
        self.places: dict[str, str] = {}  # target of an attach point → identity; absent: it exists as itself
        self.gone: set[str] = set()
        self.foreign: list[Link] = []
        self.calls: list[str] = []
        self._fail: tuple[int, int] | None = None
        self._die: tuple[int, bool] | None = None
        self.locked = False

    # -- faults and observation ------------------------------------------------------------------------

    def fail(self, number: int, code: int = errno.ENOMEM) -> None:
        self._fail = (len(self.calls) + number, code)

    def die(self, number: int, *, after: bool) -> None:
        self._die = (len(self.calls) + number, after)

    def restart(self) -> None:
        self.fds.clear()
        self._fail = self._die = None
        self.locked = False
        self._collect()

    def _change(self, text: str, action: Any) -> Any:
        self.calls.append(text)
        number = len(self.calls)
        if self._die == (number, False):
            raise Died(text)
        if self._fail and self._fail[0] == number:
            raise KernelError(f"injected at {text}", self._fail[1])
        result = action()
        self._collect()
        if self._die == (number, True):
            raise Died(text)
        return result

    def _collect(self) -> None:
        """Empty program arrays that no user refers to any more."""
        held = {id(item) for item in (*self.fds.values(), *self.pins.values())}
        for item in self.living():
            if isinstance(item, Map) and item.type == "prog_array" and id(item) not in held:
                item.data.clear()

    def living(self) -> list[Any]:
        """Every object that something refers to."""
        found: dict[int, Any] = {}
        todo = [*self.fds.values(), *self.pins.values(), *self.foreign]
        while todo:
            item = todo.pop()
            if id(item) not in found:
                found[id(item)] = item
                todo += item.references()
        return list(found.values())

    def links(self) -> list[Link]:
        return [item for item in self.living() if isinstance(item, Link)]

    def events(self, point: AttachPoint, cpu: int = 0) -> list[str]:
        seen = []
        for link in self.links():
            if link.alive and link.point == point and link.cpu in (None, cpu):
                program: Program | None = link.program
                if program and program.slot is not None:
                    program = program.slot.data.get(bytes(4))
                if program is not None and program.name != "pd_neutral":
                    seen.append(program.name)
        return seen

    # -- bpffs -----------------------------------------------------------------------------------------

    def ensure_root(self) -> None:
        self.directories.add("")

    def remove_root(self) -> None:
        assert self.locked
        for name in sorted(self.directories, key=len, reverse=True):
            if not self.list(name):
                self.remove_directory(name)

    @contextmanager
    def _locking(self, waiting: Any) -> Iterator[None]:
        if self.locked:
            if waiting:
                waiting()
            raise LockError("another policyd holds the lock")
        self.locked = True
        try:
            yield
        finally:
            self.locked = False

    def lock(self, timeout: float | None, waiting: Any = None) -> Any:
        return self._locking(waiting)

    def exists(self, path: str) -> bool:
        return path in self.pins or path in self.directories

    def list(self, path: str) -> tuple[str, ...]:
        prefix = f"{path}/" if path else ""
        names = {name[len(prefix) :] for name in (*self.pins, *self.directories) if name.startswith(prefix) and name != path}
        return tuple(sorted(name for name in names if name and "/" not in name))

    def make_directory(self, path: str) -> None:
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            name = "/".join(parts[:end])
            if name not in self.directories:
                self._change(f"mkdir {name}", lambda name=name: self.directories.add(name))

    def remove_directory(self, path: str) -> None:
        if path not in self.directories:
            return

        def action() -> None:
            if self.list(path):
                raise KernelError(f"rmdir {path}", errno.ENOTEMPTY)
            self.directories.discard(path)

        self._change(f"rmdir {path}", action)

    def remove_tree(self, path: str) -> None:
        for name in [name for name in self.pins if name.startswith(f"{path}/")]:
            self.unpin(name)
        for name in sorted((d for d in self.directories if f"{d}/".startswith(f"{path}/")), key=len, reverse=True):
            self.remove_directory(name)

    def pin(self, fd: int, path: str) -> None:
        assert "." not in path
        if path.rpartition("/")[0] not in self.directories:
            raise KernelError(f"pin {path}", errno.ENOENT)
        if path not in self.pins:
            self._change(f"pin {path}", lambda: self.pins.__setitem__(path, self.fds[fd]))
            return
        aside = f"{path}__new"
        self.unpin(aside)
        self._change(f"pin {aside}", lambda: self.pins.__setitem__(aside, self.fds[fd]))
        self.rename(aside, path)

    def unpin(self, path: str) -> None:
        if path in self.pins:
            self._change(f"unlink {path}", lambda: self.pins.pop(path))

    def open(self, path: str) -> int | None:
        return self._fd(self.pins[path]) if path in self.pins else None

    def rename(self, old: str, new: str) -> None:
        def action() -> None:
            if old not in self.pins:
                raise KernelError(f"rename {old}", errno.ENOENT)
            self.pins[new] = self.pins.pop(old)

        self._change(f"rename {old} {new}", action)

    def close(self, fd: int) -> None:
        del self.fds[fd]
        self._collect()

    def _fd(self, item: Any) -> int:
        fd = next(self._fd_numbers)
        self.fds[fd] = item
        return fd

    # -- maps ------------------------------------------------------------------------------------------

    def create_map(
        self,
        type: str,  # noqa: A002
        key_size: int,
        value_size: int,
        max_entries: int,
        flags: int = 0,
        name: str = "",
        inner_fd: int = 0,
    ) -> int:
        def action() -> int:
            template = self.fds[inner_fd].shape if type == "array_of_maps" else None
            return self._fd(Map(next(self._ids), type, key_size, value_size, max_entries, flags, name, template))

        return self._change(f"create {type} {name}", action)

    def map_info(self, fd: int) -> MapInfo:
        m = self.fds[fd]
        if not isinstance(m, Map):
            raise KernelError("map info", errno.EINVAL)
        return MapInfo(m.id, m.type, m.key_size, m.value_size, m.max_entries, m.flags, m.name, m.frozen)

    def lookup(self, fd: int, key: bytes) -> bytes | None:
        m: Map = self.fds[fd]
        value = m.data.get(key)
        if m.type in {"array", "percpu_array"}:
            return value if value is not None else bytes(m.value_size)
        if isinstance(value, (Map, Program)):
            return value.id.to_bytes(4, "little")
        return value

    def update(self, fd: int, key: bytes, value: bytes) -> None:
        m: Map = self.fds[fd]

        def action() -> None:
            if m.frozen:
                raise KernelError(f"update {m.name}", errno.EPERM)
            assert len(key) == m.key_size, (m, key)
            if m.type in ARRAYS and int.from_bytes(key, "little") >= m.max_entries:
                raise KernelError(f"update {m.name}", errno.E2BIG)
            if m.type in {"array_of_maps", "prog_array"}:
                item = self.fds[int.from_bytes(value, "little")]
                if m.type == "array_of_maps" and m.template != item.shape and item.type != "ringbuf":
                    raise KernelError(f"update {m.name}", errno.EINVAL)
                m.data[key] = item
                return
            assert len(value) == m.value_size, (m, value)
            if key not in m.data and m.type not in ARRAYS and len(m.data) >= m.max_entries:
                raise KernelError(f"update {m.name}", errno.E2BIG)
            m.data[key] = value

        self._change(f"update {m.name}", action)

    def update_many(self, fd: int, items: Iterable[tuple[bytes, bytes]]) -> None:
        for key, value in items:
            self.update(fd, key, value)

    def delete(self, fd: int, key: bytes) -> None:
        m: Map = self.fds[fd]
        self._change(f"delete {m.name}", lambda: m.data.pop(key, None))

    def items(self, fd: int) -> Iterator[tuple[bytes, bytes]]:
        for key in list(self.fds[fd].data):
            value = self.lookup(fd, key)
            assert value is not None
            yield key, value

    def freeze(self, fd: int) -> None:
        self._change(f"freeze {self.fds[fd].name}", lambda: setattr(self.fds[fd], "frozen", True))

    # -- programs and links ------------------------------------------------------------------------------

    def load(self, name: str, point: AttachPoint, maps: Iterable[int] = ()) -> int:
        used = tuple(self.fds[fd] for fd in maps)
        return self._change(f"load {name}", lambda: self._fd(Program(next(self._ids), name, point.kind, used)))

    def load_stub(self, point: AttachPoint, slot_fd: int) -> int:
        slot = self.fds[slot_fd]
        return self._change("load stub", lambda: self._fd(Program(next(self._ids), "pd_stub", point.kind, slot=slot)))

    def load_neutral(self, point: AttachPoint) -> int:
        return self.load("pd_neutral", point)

    def program_info(self, fd: int) -> ProgramInfo:
        p = self.fds[fd]
        if not isinstance(p, Program):
            raise KernelError("program info", errno.EINVAL)
        return ProgramInfo(p.id, p.name, p.kind, "")

    def link_cpus(self, point: AttachPoint) -> tuple[int, ...] | None:
        return self.online if point.kind == "perf_event" else None

    def attach(self, point: AttachPoint, program_fd: int, cpu: int | None = None) -> int:
        def action() -> int:
            if point.target in self.gone:
                raise AttachError(point.key, f"attach to {point.key}", errno.ENODEV)
            if point.kind == "xdp" and any(link.alive and link.point.target == point.target for link in self.links()):
                raise AttachError(point.key, f"attach to {point.key}", errno.EBUSY)
            return self._fd(Link(next(self._ids), point, self.fds[program_fd], True, self.locate(point) or "", cpu))

        return self._change(f"attach {point.key}{'' if cpu is None else f' on CPU {cpu}'}", action)

    def update_link(self, point: AttachPoint, link_fd: int, new_fd: int, old_fd: int) -> None:
        def action() -> None:
            link: Link = self.fds[link_fd]
            if not link.alive:
                raise AttachError(point.key, f"update {point.key}", errno.ENOLINK)
            if link.program is not self.fds[old_fd]:
                raise AttachError(point.key, f"update {point.key}", errno.EPERM)
            link.program = self.fds[new_fd]

        self._change(f"update link {point.key}", action)

    def detach(self, link_fd: int) -> None:
        link: Link = self.fds[link_fd]
        if link.point.kind in {"xdp", "tcx", "netkit", "netfilter", "cgroup"} and link.alive:
            self._change(f"detach {link.point.key}", lambda: setattr(link, "alive", False))

    def link_info(self, fd: int) -> LinkInfo:
        link = self.fds[fd]
        if not isinstance(link, Link):
            raise KernelError("link info", errno.EINVAL)
        return LinkInfo(link.id, link.point.kind, link.program.id, link.alive, link.target)

    def locate(self, point: AttachPoint) -> str | None:
        return None if point.target in self.gone else self.places.get(point.target, point.target)

    def read_link(self, fd: int) -> bytes:
        """Nothing is here to go through."""
        return b""

    def current(self) -> tuple[int, int]:
        return os.getpid(), os.getpid()

    def settle(self) -> None:
        """Nothing runs here."""

    def uses_slot(self, point: AttachPoint) -> bool:
        return attach_kind(point.kind, point.option).replacement == "slot"
