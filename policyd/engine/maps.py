"""Carries out the steps on maps: shared ones, rings, outputs, lists, scalars, config, and what must be freed.

A new inner map is complete before it is pinned, and pinned before its row in the outer array names it, so that a crash at
any point leaves something that the next plan can mend.  Rows are written many at a time (`settle`): the kernel waits
for all running programs after each write to an outer array, some 10 ms (`maybe_wait_bpf_programs` of kernel/bpf/syscall.c),
and only once after a batch (since 6.8).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.calls import PREFIX
from policyd.errors import PolicydError
from policyd.layout import READER
from policyd.maps import MapClass
from policyd.observe import FILLED, POLICY_PIN, FilledRecord
from policyd.plan.policies import scalar_bytes
from policyd.plan.rows import MAX_MAPS_IN_CLASS
from policyd.plan.shared import SHARED_SHAPES
from policyd.record import SHARED, class_pin, contents_name, map_pin, opened, policy_path, write_record
from policyd.trees import MARK_KEY
from policyd.unit import SHARED_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policyd.engine.guard import Guard
    from policyd.engine.seams import ProcessTable
    from policyd.engine.workshop import Maps
    from policyd.kernel.port import Kernel
    from policyd.maps import MapSpec
    from policyd.plan import steps

RING_CLASS = MapClass("ringbuf", 0, 0)
_RING_TEMPLATE_BYTES = 4096


_MOST_LOOKS = 16
"""How often /proc is asked for members of a process tree, at most: a host that forks without end must not keep us."""


def _number(number: int) -> bytes:
    return number.to_bytes(8, "little")


def row_key(row: int) -> bytes:
    """Return the key of an array's row."""
    return row.to_bytes(4, "little")


def create_shared(kernel: Kernel, name: str, map_class: MapClass | None, processes: ProcessTable | None) -> int:
    """Make a map of `shared/` (not pinned) and return its file descriptor."""
    if name in SHARED_SHAPES:
        shape = SHARED_SHAPES[name]
        return kernel.create_map(shape.type, shape.key_size, shape.value_size, shape.max_entries, name=f"pd_{name}")
    if name == "processes":
        assert processes is not None, "a policy needs the process table, and the engine was given none"
        table = (processes.type, processes.key_size, processes.value_size, processes.max_entries, processes.flags)
        return kernel.create_map(*table, name="pd_processes")
    if name.startswith(PREFIX):
        assert map_class is not None, name
        return _calls(kernel, map_class)
    if name == "rings":
        return _outer(kernel, name, RING_CLASS, _RING_TEMPLATE_BYTES, SHARED_ROWS)
    assert map_class is not None, name
    entries = map_class.max_entries or (_RING_TEMPLATE_BYTES if map_class.type == "ringbuf" else 1)
    return _outer(kernel, name, map_class, entries, MAX_MAPS_IN_CLASS)


def _calls(kernel: Kernel, shape: MapClass) -> int:
    """Make a map of calls under way; one that makes room by itself gets more, for each CPU keeps some rows free.

    A CPU takes 128 at a time (LOCAL_FREE_TARGET of kernel/bpf/bpf_lru_list.c).
    """
    spare = 128 * (os.cpu_count() or 1) if shape.type == "lru_hash" else 0
    sizes = (shape.key_size, shape.value_size, shape.max_entries + spare)
    return kernel.create_map(shape.type, *sizes, shape.flags, name="pd_calls")


def _outer(kernel: Kernel, name: str, inner: MapClass, inner_entries: int, rows: int) -> int:
    """Make an array of maps; a template tells the kernel what its inner maps are like, and is gone again at once."""
    template = kernel.create_map(
        inner.type, inner.key_size, inner.value_size, inner_entries, inner.flags, name="pd_template"
    )
    try:
        short = name.removeprefix("class-")
        return kernel.create_map("array_of_maps", 4, 4, rows, name=f"pd_{short}"[:15], inner_fd=template)
    finally:
        kernel.close(template)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A row that waits to be written: the outer array, the row, and an open map."""

    shared: str
    row: int
    fd: int
    step: steps.Step

    @property
    def item(self) -> tuple[bytes, bytes]:
        return row_key(self.row), self.fd.to_bytes(4, "little")


class MapSteps:
    """Carries out the map steps of one change."""

    def __init__(self, kernel: Kernel, maps: Maps, processes: ProcessTable | None, guard: Guard) -> None:
        self.kernel, self.maps, self.processes, self.guard = kernel, maps, processes, guard
        self._waiting: list[_Waiting] = []
        maps.stack.callback(self.forget_waiting)

    # -- rows ----------------------------------------------------------------------------------------------------

    def settle(self) -> list[tuple[steps.Step, PolicydError]]:
        """Write the rows that wait, a batch an outer array; return the steps whose row could not be written."""
        failed: list[tuple[steps.Step, PolicydError]] = []
        for shared in sorted({row.shared for row in self._waiting}):
            rows = [row for row in self._waiting if row.shared == shared]
            try:
                self.kernel.update_many(self.maps.open(shared), [row.item for row in rows])
            except PolicydError:
                failed += self._one_by_one(rows)
        self.forget_waiting()
        return failed

    def _one_by_one(self, rows: list[_Waiting]) -> Iterator[tuple[steps.Step, PolicydError]]:
        for row in rows:
            try:
                self.kernel.update(self.maps.open(row.shared), *row.item)
            except PolicydError as error:
                yield row.step, error

    def forget_waiting(self) -> None:
        """Close the maps that wait for their row, written or not."""
        while self._waiting:
            self.kernel.close(self._waiting.pop().fd)

    @property
    def waiting(self) -> int:
        """How many rows wait to be written."""
        return len(self._waiting)

    # -- new things ----------------------------------------------------------------------------------------------

    def make_shared(self, step: steps.CreateShared) -> int:
        """Make a shared map for this change only, if this change has not made it."""
        if step.name in self.maps.names:
            return self.maps.open(step.name)
        fd = create_shared(self.kernel, step.name, step.map_class, self.processes)
        self.maps.enter(step.name, fd)
        return fd

    def create_shared(self, step: steps.CreateShared) -> None:
        fd = self.make_shared(step)
        self.kernel.make_directory(SHARED)
        if step.name == "account":
            self._keep_counts(fd)
        self.kernel.pin(fd, f"{SHARED}/{step.name}")
        if step.name == "guarded":
            self.guard.join()

    def _keep_counts(self, new: int) -> None:
        """Take over what an account with other columns has counted, CPU by CPU: columns are only ever added."""
        with opened(self.kernel, f"{SHARED}/account") as old:
            if old is None or self.kernel.map_info(old).type != "percpu_array":
                return
            width, wanted = (-(-self.kernel.map_info(fd).value_size // 8) * 8 for fd in (old, new))
            for key, value in self.kernel.items(old):
                if any(value):
                    rows = (value[at : at + width][:wanted].ljust(wanted, b"\0") for at in range(0, len(value), width))
                    self.kernel.update(new, key, b"".join(rows))

    def prepare_row(self, step: steps.PrepareRow) -> None:
        self._zero_account(step.row)
        self.kernel.update(self.maps.open("readers"), row_key(step.row), bytes(READER.size))
        self._set_config(step.row, step.flags)

    def _zero_account(self, row: int) -> None:
        account = self.maps.open("account")
        now = self.kernel.lookup(account, row_key(row)) or b""
        if any(now):
            self.kernel.update(account, row_key(row), bytes(len(now)))

    def _set_config(self, row: int, flags: int) -> None:
        self.kernel.update(self.maps.open("config"), row_key(row), flags.to_bytes(8, "little"))

    def create_ring(self, step: steps.CreateRing) -> None:
        if step.retire:
            with opened(self.kernel, policy_path(step.policy, "ring")) as old:
                if old is not None:
                    self.kernel.pin(old, policy_path(step.policy, step.retire))
        fd = self.kernel.create_map("ringbuf", 0, 0, step.size, name=f"pd_{step.policy}"[:15])
        self._place_new(fd, policy_path(step.policy, "ring"), "rings", step)

    def create_map(self, step: steps.CreateMap) -> None:
        if step.spec.values is None:
            fd = self._create(step.spec, step.spec.max_entries, f"pd_{step.spec.name}"[:15])
            self._place_new(fd, _path(step.spec), class_pin(step.spec.map_class), step)
        else:
            self._fill(step)

    def _create(self, spec: MapSpec, entries: int, name: str) -> int:
        shape = spec.map_class
        return self.kernel.create_map(shape.type, shape.key_size, shape.value_size, entries, shape.flags, name=name)

    def _place_new(self, fd: int, path: str, shared: str, step: steps.CreateRing | steps.CreateMap | steps.FillList) -> None:
        """Pin a complete map, and have it put into its row and closed."""
        self._waiting.append(_Waiting(shared, step.row, fd, step))
        self.kernel.make_directory(path.rpartition("/")[0])
        self.kernel.pin(fd, path)

    def place_map(self, step: steps.PlaceMap) -> None:
        fd = self.kernel.open(step.path)
        if fd is not None:
            self._waiting.append(_Waiting(step.shared, step.row, fd, step))

    # -- in place ------------------------------------------------------------------------------------------------

    def fill_list(self, step: steps.FillList) -> None:
        self._fill(step)

    def _fill(self, step: steps.CreateMap | steps.FillList) -> None:
        """Replace a list whole; an empty one has no map at all.  The frozen map's name tells its contents."""
        spec = step.spec
        if not spec.values:
            self.kernel.delete(self.maps.open(class_pin(spec.map_class)), row_key(step.row))
            self.kernel.unpin(_path(spec))
            return
        key_size = spec.map_class.key_size
        fd = self._create(spec, max(len(spec.values), spec.max_entries), contents_name(spec.values))
        try:
            self.kernel.update_many(fd, [(value[:key_size], value[key_size:]) for value in spec.values])
            self.kernel.freeze(fd)
        except BaseException:
            self.kernel.close(fd)
            raise
        self._place_new(fd, _path(spec), class_pin(spec.map_class), step)

    def set_scalar(self, step: steps.SetScalar | steps.SetNewScalar) -> None:
        self.kernel.update(self.maps.open("scalars"), row_key(step.row), scalar_bytes(step.value))

    def set_config(self, step: steps.SetConfig) -> None:
        self._set_config(step.row, step.flags)

    def fill_processes(self, _step: steps.FillProcesses) -> None:
        """Enter what /proc knows; what the running programs have entered meanwhile is newer, and stays."""
        assert self.processes is not None
        table = self.maps.open("processes")
        for key, value in self.processes.snapshot():
            if self.kernel.lookup(table, key) is None:
                self.kernel.update(table, key, value)
        write_record(self.kernel, FILLED, FilledRecord(self.kernel.map_info(table).id))

    def fill_tree(self, step: steps.FillTree) -> None:
        """Enter who /proc says is in a tree.

        What starts meanwhile is seen by the programs, unless its parent was not in yet: so /proc is asked until it knows
        nobody new.
        """
        assert self.processes is not None
        with opened(self.kernel, step.path) as fd:
            if fd is None:
                return
            if step.changed:
                self._forget_others(fd, self.processes.members(step.roots))
            for _ in range(_MOST_LOOKS):
                if not self._enter(fd, self.processes.members(step.roots)):
                    break
            self.kernel.update(fd, MARK_KEY, step.roots.mark)

    def _enter(self, tree: int, members: Mapping[int, int]) -> bool:
        """Enter processes that are not in the map; tell whether there were any."""
        new = [(pid, why) for pid, why in members.items() if self.kernel.lookup(tree, _number(pid)) is None]
        for pid, why in new:
            self.kernel.update(tree, _number(pid), _number(why))
        return bool(new)

    def _forget_others(self, tree: int, members: Mapping[int, int]) -> None:
        for key, _ in tuple(self.kernel.items(tree)):
            if key != MARK_KEY and int.from_bytes(key, "little") not in members:
                self.kernel.delete(tree, key)

    # -- cleaning ------------------------------------------------------------------------------------------------

    def free_map(self, step: steps.FreeMap) -> None:
        if step.rows:
            shared = self.maps.open(step.shared)
            for row in step.rows:
                self.kernel.delete(shared, row_key(row))
        if step.path:
            self.kernel.unpin(step.path)

    def remove_directory(self, step: steps.RemoveDirectory) -> None:
        for name in self.kernel.list(step.path):
            if POLICY_PIN.fullmatch(name):
                self.kernel.unpin(f"{step.path}/{name}")
        self.kernel.remove_directory(step.path)

    def free_shared(self, step: steps.FreeShared) -> None:
        self.kernel.unpin(f"{SHARED}/{step.name}")


def _path(spec: MapSpec) -> str:
    return policy_path(spec.policy, map_pin(spec.policy, spec.name, spec.fingerprint))
