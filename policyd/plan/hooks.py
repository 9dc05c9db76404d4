"""What must be done at one attach point: build, attach, swap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.plan.steps import REMOVED, RULES_CHANGED, AttachHook, BuildProgram, MendLinks, Step, SwapProgram
from policyd.record import UsedRows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.observe import Observed
    from policyd.observed_hook import ObservedHook
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
        fault = hook.broken if hook else self._removed()
        moved = "" if fault else self._moved()
        anew = fault or moved
        attach = hook is None or bool(anew)
        if hook and hook.gap and not attach:
            yield MendLinks(self.bound, hook.gap)
        reason = anew or self._difference()
        if not attach and not reason:
            return
        yield BuildProgram(self.bound, reason)
        if attach:
            yield AttachHook(self.bound, anew)
        repair = reason not in {"", RULES_CHANGED, moved}
        yield SwapProgram(self.bound, hook.used_rows if hook else UsedRows(), reason, repair)

    def _removed(self) -> str:
        """Why the attach point, of which nothing is there, should be (empty: no policy that runs has rules here)."""
        hook_id = self.bound.unit.attach_point.id
        return REMOVED if any(hook_id in record.needed_points for record in self.observed.records.values()) else ""

    def _moved(self) -> str:
        """Why the link itself must be made anew, with a gap (empty: it stays): it changes neither its mode nor its file."""
        record, point = self.hook and self.hook.record, self.bound.unit.attach_point
        if record and record.point.option != point.option:
            before, after = record.point.option or "none", point.option or "none"
            return f"its mode changes from {before} to {after}: packets in between are missed"
        if record and record.point.file != point.file:
            return "its file was replaced: calls in between are missed"
        return ""

    def _difference(self) -> str:
        """Why the program in charge is not the wanted one (empty: it is, or there is none to compare with)."""
        hook = self.hook
        if hook is None or hook.record is None:
            return ""
        if hook.record.programs and hook.record.fingerprint != self.bound.fingerprint:
            return RULES_CHANGED
        return self.observed.program_fault(hook)
