"""What must be done at one attach point: build, attach, swap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.plan.steps import AttachHook, BuildProgram, Step, SwapProgram
from policyd.record import UsedRows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.observe import Observed, ObservedHook
    from policyd.unit import BoundUnit


@dataclass(frozen=True, slots=True)
class HookPlanner:
    """Compares the wanted program of one attach point with what runs there."""

    bound: BoundUnit
    observed: Observed

    @property
    def hook(self) -> ObservedHook | None:
        return self.observed.hooks.get(self.bound.unit.attach_point.id)

    def steps(self) -> Iterator[Step]:
        """Yield what brings the wanted program, and nothing else, in charge."""
        hook = self.hook
        fault = hook.fault or self._moved() if hook else ""
        attach = hook is None or bool(fault)
        reason = fault or self._difference()
        if not attach and not reason:
            return
        yield BuildProgram(self.bound, reason)
        if attach:
            yield AttachHook(self.bound, fault)
        yield SwapProgram(self.bound, hook.used_rows if hook else UsedRows(), reason)

    def _moved(self) -> str:
        """Why the link itself must be made anew, with a gap (empty: it stays): it cannot change its mode."""
        record, option = self.hook and self.hook.record, self.bound.unit.attach_point.option
        return (
            f"its mode changes from {record.point.option} to {option}: packets in between are missed"
            if record and record.point.option != option
            else ""
        )

    def _difference(self) -> str:
        """Why the program in charge is not the wanted one (empty: it is, or there is none to compare with)."""
        hook = self.hook
        if hook is None or hook.record is None:
            return ""
        record = hook.record
        if record.fingerprint != self.bound.fingerprint:
            return "its rules changed" if record.programs else "it was not finished"
        if hook.running != record.programs[0]:
            return "another program is in its place"
        stale = [name for name, map_id in record.shared.items() if self._shared_id(name) != map_id]
        if stale:
            return f"shared map {stale[0]} is not the one that it uses"
        pinned = {info.id for name, info in hook.programs.items() if name.startswith("program-")}
        return "" if pinned.issuperset(record.programs) else "a program is not pinned any more"

    def _shared_id(self, name: str) -> int | None:
        info = self.observed.shared.get(name)
        return info.id if info else None
