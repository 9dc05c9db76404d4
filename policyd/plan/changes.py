"""What a plan means for one policy, in lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.plan.cleaning import needed_shared
from policyd.plan.steps import (
    RULES_CHANGED,
    AttachHook,
    BuildProgram,
    CreateShared,
    FillProcesses,
    MendLinks,
    PolicyStep,
    PrepareRow,
    Step,
    SwapProgram,
    WriteRecord,
    count,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.record import PolicyRecord


def noted(steps: Iterable[Step], record: PolicyRecord) -> tuple[Step, ...]:
    """Return the steps that mend, or attach anew, what the policy of `record` shares with others."""
    return tuple(step for step in steps if _is_noted(step, record))


def _is_noted(step: Step, record: PolicyRecord) -> bool:
    if isinstance(step, (AttachHook, SwapProgram)):
        return step.point.id in record.needed_points and step.reason not in {"", RULES_CHANGED}
    if isinstance(step, MendLinks):
        return step.point.id in record.needed_points
    if isinstance(step, CreateShared):
        return bool(step.reason) and step.name in needed_shared((record,), record.process_table)
    return isinstance(step, FillProcesses) and bool(step.reason) and record.process_table


def describe_changes(before: PolicyRecord | None, after: PolicyRecord, steps: Iterable[Step]) -> tuple[str, ...]:
    """Return what happens to the policy of these records."""
    steps = tuple(steps)
    lines = list(_created(after) if before is None else _changed(before, after))
    own = [step for step in steps if isinstance(step, PolicyStep) and step.policy == after.name]
    if before is not None:
        lines += [step.describe() for step in own if not isinstance(step, (WriteRecord, PrepareRow))]
    lines += [step.describe() for step in noted(steps, after)]
    if before is not None and not lines and own:
        replaced = any(isinstance(step, BuildProgram) and after.name in step.policies for step in steps)
        lines.append("new program, swapped without a gap; maps are kept" if replaced else "record only: nothing is reloaded")
    return tuple(lines)


def _created(after: PolicyRecord) -> Iterator[str]:
    mode = "enforce" if after.enforce else "monitor"
    yield f"{count(len(after.rules), 'rule')} at {count(len(after.points), 'attach point')}, {mode}"
    if after.acts and not after.enforce:
        yield "nothing acts: the mode is monitor"


def _changed(before: PolicyRecord, after: PolicyRecord) -> Iterator[str]:
    for hook in sorted(set(after.hooks) - set(before.hooks)):
        yield f"attaches to {hook}"
    for hook in sorted(set(before.hooks) - set(after.hooks)):
        yield f"no longer attaches to {hook}"
    for name in sorted(set(before.maps) - set(after.maps)):
        yield f"{before.maps[name].purpose} {name} is removed"
    if before.set != after.set:
        yield f"is adopted from set {before.set or '(none)'} by set {after.set or '(none)'}"
    for param in sorted(set(before.overrides) - set(after.overrides)):
        yield f"param {param} goes back to the value of the file"
