"""The programs of one change: built once, kept open until the change has ended, found again by fingerprint.

The engine asks for every program before it touches anything that runs.  Programs that run already are *adopted* from their
pins, so that undoing a change needs no compiler.
"""

from __future__ import annotations

import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.errors import BuildError, CompileError, KernelError, PolicydError, VerifierError
from policyd.record import HOOKS, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import ExitStack

    from policyd.engine.seams import Toolchain
    from policyd.kernel.port import Kernel
    from policyd.observed_hook import ObservedHook
    from policyd.unit import BoundUnit

SHARDS = (2, 4, 8, 16, 30)
"""How many shards are tried, one after another, for a unit that is too big (a chain of tail calls ends at 33)."""

_TOO_BIG = frozenset({errno.E2BIG, errno.ENOSPC})
_TOO_BIG_WORDS = ("too large", "too complex", "too many", "out of range")


@dataclass(frozen=True, slots=True)
class Built:
    """Loaded programs (one a shard), the shared maps that they use (name → id), and the array that joins the shards."""

    fds: tuple[int, ...]
    ids: tuple[int, ...]
    names: tuple[str, ...]
    shared: dict[str, int]
    shards_fd: int | None = None


class Maps:
    """The open shared maps of one change, each opened once."""

    def __init__(self, kernel: Kernel, stack: ExitStack) -> None:
        self.kernel, self.stack = kernel, stack
        self._fds: dict[str, int] = {}
        self._lock = threading.Lock()

    def enter(self, name: str, fd: int) -> None:
        """Take over a map that has just been made."""
        self.stack.callback(self.kernel.close, fd)
        self._fds[name] = fd

    def open(self, name: str) -> int:
        """Return the file descriptor of a shared map; `KernelError` if there is none."""
        with self._lock:
            for known in (name, f"class-{name}"):
                if known in self._fds:
                    return self._fds[known]
                fd = self.kernel.open(f"{SHARED}/{known}")
                if fd is not None:
                    self.enter(known, fd)
                    return fd
        raise KernelError(f"open shared map {name}", errno.ENOENT)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._fds)

    def pin_name(self, name: str) -> str:
        """Return the name below `shared/` of an opened map."""
        return name if name in self._fds else f"class-{name}"

    def id(self, name: str) -> int:
        return self.kernel.map_info(self.open(name)).id


class Workshop:
    """Builds and keeps programs for the length of one change."""

    def __init__(self, kernel: Kernel, toolchain: Toolchain, maps: Maps, stack: ExitStack, workers: int) -> None:
        self.kernel, self.toolchain, self.maps, self.stack, self.workers = kernel, toolchain, maps, stack, workers
        self._built: dict[str, Built] = {}
        self._failed: dict[str, BuildError] = {}

    def adopt(self, hook: ObservedHook) -> None:
        """Take the running programs of a hook from their pins, if they are all there and just what its record says."""
        record = hook.record
        if record is None or not record.programs or hook.running != record.programs[0] or record.fingerprint in self._built:
            return
        names = tuple(f"program-{number}" for number in range(len(record.programs)))
        ids = tuple(hook.programs[name].id for name in names if name in hook.programs)
        if ids != record.programs:
            return
        fds = [self._open(f"{HOOKS}/{hook.id}/{name}") for name in names]
        shards = self._open(f"{HOOKS}/{hook.id}/shards") if len(names) > 1 else None
        found = tuple(fd for fd in fds if fd is not None)
        if len(found) == len(names):
            self._built[record.fingerprint] = Built(found, ids, record.program_names, record.shared, shards)

    def _open(self, path: str) -> int | None:
        fd = self.kernel.open(path)
        if fd is not None:
            self.stack.callback(self.kernel.close, fd)
        return fd

    def take(self, bound: BoundUnit) -> Built:
        """Return the programs of a unit, built now if they are not there yet; `BuildError`, and the same one every time."""
        fingerprint = bound.fingerprint
        if fingerprint in self._failed:
            raise self._failed[fingerprint]
        known = self._built.get(fingerprint)
        if known and all(self._id(name) == map_id for name, map_id in known.shared.items()):
            return known
        try:
            built = self._build(bound)
        except BuildError as error:
            self._failed[fingerprint] = error
            raise
        self._built[fingerprint] = built
        return built

    def _id(self, name: str) -> int | None:
        try:
            return self.maps.id(name)
        except KernelError:
            return None

    def build_all(self, units: Iterable[BoundUnit]) -> dict[str, PolicydError]:
        """Build units side by side; return the errors by the attach point's id."""
        units = tuple(units)
        if len(units) < 2 or self.workers < 2:
            results = [self._attempt(bound) for bound in units]
        else:
            with ThreadPoolExecutor(self.workers) as pool:
                results = list(pool.map(self._attempt, units))
        pairs = zip(units, results, strict=True)
        return {bound.unit.attach_point.id: error for bound, error in pairs if error is not None}

    def _attempt(self, bound: BoundUnit) -> PolicydError | None:
        try:
            self.take(bound)
        except PolicydError as error:
            return error
        return None

    def _build(self, bound: BoundUnit) -> Built:
        """Build a unit whole; one that is too big for the verifier in more and more shards."""
        try:
            return self._build_in(bound, 1)
        except BuildError as error:
            if not _too_big(error) or len(bound.unit.rules) < 2:
                raise
            last = error
        for shards in (number for number in SHARDS if number // 2 < len(bound.unit.rules)):
            try:
                return self._build_in(bound, shards)
            except BuildError as error:
                last = error
                if not _too_big(error):
                    break
        raise last

    def _build_in(self, bound: BoundUnit, shards: int) -> Built:
        used: dict[str, int] = {}
        arrays: list[int] = []

        def open_map(name: str) -> int:
            if name == "shards":
                arrays.append(self._shard_array())
                return arrays[0]
            fd = self.maps.open(name)
            used[name] = fd
            return fd

        fds = self.toolchain.build(bound, open_map, shards)
        for fd in fds:
            self.stack.callback(self.kernel.close, fd)
        for number, fd in enumerate(fds[1:], start=1):
            self.kernel.update(arrays[0], number.to_bytes(4, "little"), fd.to_bytes(4, "little"))
        infos = [self.kernel.program_info(fd) for fd in fds]
        shared = {self.maps.pin_name(name): self.kernel.map_info(fd).id for name, fd in sorted(used.items())}
        return Built(fds, tuple(i.id for i in infos), tuple(i.name for i in infos), shared, arrays[0] if arrays else None)

    def _shard_array(self) -> int:
        fd = self.kernel.create_map("prog_array", 4, 4, SHARDS[-1] + 2, name="pd_shards")
        self.stack.callback(self.kernel.close, fd)
        return fd


def _too_big(error: BuildError) -> bool:
    if isinstance(error, CompileError):
        return error.too_big
    if isinstance(error, VerifierError) and error.errno in _TOO_BIG:
        return True
    return isinstance(error, VerifierError) and any(words in error.summary for words in _TOO_BIG_WORDS)


def open_by_id(kernel: Kernel, paths: Iterable[str], program_id: int) -> int | None:
    """Return a file descriptor of the pinned program that has this id, if one of the paths holds it."""
    for path in paths:
        fd = kernel.open(path)
        if fd is None:
            continue
        if kernel.program_info(fd).id == program_id:
            return fd
        kernel.close(fd)
    return None
