"""Carries out the steps at attach points: attach with nothing behind it, swap the program, detach.

Kinds without link update hold a fixed stub that tail-calls entry 0 of a program array, the *slot*; the others hold, until
the first swap, a program that does nothing.  Every swap is one system call.  Where each CPU has a link of its own, all of
them hold the same stub, so that a swap is one for all.  What is about to run is pinned as `next-<n>`
before, and renamed to `program-<n>` after it, so that a crash in between leaves no program that only the kernel knows.
"""

from __future__ import annotations

import errno
import time
from typing import TYPE_CHECKING

from policyd.engine.workshop import Built, Workshop, open_by_id
from policyd.errors import AttachError
from policyd.observed_hook import HOOK_PIN, LINK_PIN, link_pin
from policyd.plan.rows import used_rows
from policyd.record import HOOKS, HookRecord, UsedRows, hook_path, opened, write_record

if TYPE_CHECKING:
    from policyd.kernel.port import Kernel
    from policyd.plan import steps
    from policyd.unit import AttachPoint, BoundUnit

_FIRST = bytes(4)


class HookSteps:
    """Carries out the hook steps of one change."""

    def __init__(self, kernel: Kernel, workshop: Workshop) -> None:
        self.kernel, self.workshop = kernel, workshop

    def build(self, step: steps.BuildProgram) -> None:
        self.workshop.take(step.bound)

    def attach(self, step: steps.AttachHook) -> None:
        """Make the links anew, with no effect on any event yet.  What was there of ours is taken away first."""
        point = step.point
        self.kernel.make_directory(hook_path(point))
        for name in self._links(point.id):
            self._drop_link(f"{HOOKS}/{point.id}/{name}")
        self.kernel.unpin(hook_path(point, "stub"))
        self._record(step.bound, None, UsedRows())
        if self.kernel.uses_slot(point):
            self._attach_stub(point)
        else:
            self._attach_neutral(point)

    def _attach_stub(self, point: AttachPoint) -> None:
        slot = self.kernel.create_map("prog_array", 4, 4, 1, name="pd_slot")
        try:
            self.kernel.pin(slot, hook_path(point, "slot"))
            self._link(point, self.kernel.load_stub(point, slot))
        finally:
            self.kernel.close(slot)

    def _attach_neutral(self, point: AttachPoint) -> None:
        self._link(point, self.kernel.load_neutral(point))

    def _link(self, point: AttachPoint, stub: int) -> None:
        """Pin and attach the stub, on each CPU where each has its link; pin the links, close all."""
        cpus = self.kernel.link_cpus(point)
        try:
            self.kernel.pin(stub, hook_path(point, "stub"))
            if cpus == ():
                raise AttachError(point.key, f"attach to {point.key}", errno.ENODEV, "none of its CPUs is online")
            for cpu in (None,) if cpus is None else cpus:
                self._attach_on(point, stub, cpu)
        finally:
            self.kernel.close(stub)

    def _attach_on(self, point: AttachPoint, stub: int, cpu: int | None) -> None:
        link = self.kernel.attach(point, stub) if cpu is None else self.kernel.attach(point, stub, cpu)
        try:
            self.kernel.pin(link, hook_path(point, link_pin(cpu)))
            self.kernel.put_filter(point, link, stub)
        finally:
            self.kernel.close(link)

    def _links(self, hook_id: str) -> list[str]:
        return [name for name in self.kernel.list(f"{HOOKS}/{hook_id}") if LINK_PIN.fullmatch(name)]

    def _drop_link(self, path: str) -> None:
        with opened(self.kernel, path) as link:
            if link is not None:
                self.kernel.detach(link)
        self.kernel.unpin(path)

    def mend_links(self, step: steps.MendLinks) -> None:
        """Give CPUs that have no link one with the stub that the others hold, and take away those of CPUs that are gone."""
        point = step.point
        wanted = {link_pin(cpu): cpu for cpu in self.kernel.link_cpus(point) or ()}
        there = self._links(point.id)
        for name in there:
            if name not in wanted:
                self._drop_link(hook_path(point, name))
        with opened(self.kernel, hook_path(point, "stub")) as stub:
            if stub is None:
                raise AttachError(point.key, f"attach to {point.key}", errno.ENOENT, "its stub has vanished: apply again")
            for name, cpu in wanted.items():
                if name not in there:
                    self._attach_on(point, stub, cpu)

    def _record(self, bound: BoundUnit, built: Built | None, previous: UsedRows) -> None:
        record = HookRecord(
            point=bound.unit.attach_point,
            fingerprint=bound.fingerprint if built else "",
            policies=bound.unit.policies,
            programs=built.ids if built else (),
            program_names=built.names if built else (),
            shared=built.shared if built else {},
            rows=used_rows(bound),
            previous=previous,
            created=time.time(),
            kept_for=bound.unit.saves.rules if bound.unit.saves else (),
        )
        write_record(self.kernel, hook_path(bound.unit.attach_point, "record"), record)

    # -- the swap ------------------------------------------------------------------------------------------------

    def swap(self, step: steps.SwapProgram) -> None:
        """Put the built programs in charge: the record, the pins, the one call that counts, the names of the pins."""
        point, built = step.point, self.workshop.take(step.bound)
        if not self.kernel.uses_slot(point):
            self._keep_hold(point)
        self._record(step.bound, built, step.previous)
        for number, fd in enumerate(built.fds):
            self.kernel.pin(fd, hook_path(point, f"next-{number}"))
        if built.shards_fd is not None:
            self.kernel.pin(built.shards_fd, hook_path(point, "next-shards"))
        if self.kernel.uses_slot(point):
            self._fill_slot(point, built)
        else:
            self._update_link(point, built)
        self._settle(point, built)

    def _keep_hold(self, point: AttachPoint) -> None:
        """Where a run died between a link update and the renaming of pins, what runs is pinned as `next-0`: rename it now.

        A link update must name the program that it replaces, so its pin must not be lost.
        """
        with (
            opened(self.kernel, hook_path(point, "link")) as link,
            opened(self.kernel, hook_path(point, "next-0")) as following,
        ):
            if link is None or following is None:
                return
            if self.kernel.link_info(link).program_id == self.kernel.program_info(following).id:
                self.kernel.rename(hook_path(point, "next-0"), hook_path(point, "program-0"))

    def _fill_slot(self, point: AttachPoint, built: Built) -> None:
        with opened(self.kernel, hook_path(point, "slot")) as slot:
            if slot is None:
                raise AttachError(point.key, f"swap the program at {point.key}", 2, "its slot has vanished: apply again")
            self.kernel.update(slot, _FIRST, built.fds[0].to_bytes(4, "little"))

    def _update_link(self, point: AttachPoint, built: Built) -> None:
        with opened(self.kernel, hook_path(point, "link")) as link:
            if link is None:
                raise AttachError(point.key, f"swap the program at {point.key}", 2, "its link has vanished: apply again")
            running = self.kernel.link_info(link).program_id
            if running == built.ids[0]:
                return
            pins = [
                name for name in self.kernel.list(f"{HOOKS}/{point.id}") if name.startswith(("stub", "program-", "next-"))
            ]
            old = open_by_id(self.kernel, [hook_path(point, name) for name in pins if "shards" not in name], running)
            if old is None:
                raise AttachError(
                    point.key, f"swap the program at {point.key}", 1, "its link holds another's program: apply again"
                )
            try:
                self.kernel.update_link(point, link, built.fds[0], old)
            finally:
                self.kernel.close(old)

    def _settle(self, point: AttachPoint, built: Built) -> None:
        """Give the pins of what runs now their names, and drop those of what ran before."""
        for number in range(len(built.fds)):
            self.kernel.rename(hook_path(point, f"next-{number}"), hook_path(point, f"program-{number}"))
        if built.shards_fd is not None:
            self.kernel.rename(hook_path(point, "next-shards"), hook_path(point, "shards"))
        wanted = {f"program-{number}" for number in range(len(built.fds))}
        for name in self.kernel.list(f"{HOOKS}/{point.id}"):
            old_program = name.startswith("program-") and name not in wanted
            old_shards = name == "shards" and built.shards_fd is None
            neutral = name == "stub" and not self.kernel.uses_slot(point)
            if old_program or old_shards or neutral:
                self.kernel.unpin(hook_path(point, name))

    # -- the end -------------------------------------------------------------------------------------------------

    def detach(self, step: steps.DetachHook) -> None:
        """Take the links away, then all that stood behind them, the record last but for the directory."""
        path = f"{HOOKS}/{step.id}"
        for name in self._links(step.id):
            self._drop_link(f"{path}/{name}")
        names = [name for name in self.kernel.list(path) if HOOK_PIN.fullmatch(name)]
        for name in sorted(names, key=lambda name: name == "record"):
            self.kernel.unpin(f"{path}/{name}")
        self.kernel.remove_directory(path)
