"""One rule at its places as typed rules: conditions, outputs and action, with all that is wrong collected.

A field that this target lacks is an error, or leaves an optional rule out of that place (and it is NotApplicable if no place
is left).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policyd.condition import AllOf
from policyd.effect import EventOutput, MetricOutput, TypedAction
from policyd.policy import EventOutput as WrittenEvent
from policyd.policy import Rates
from policyd.resolve.actions import resolve_action
from policyd.resolve.calls import wants_entry
from policyd.resolve.columns import default_columns, event_columns
from policyd.resolve.conditions import Conditions
from policyd.resolve.fields import Fields
from policyd.resolve.messages import with_message
from policyd.resolve.problems import Complaints, Missing, Problems, Wrong, complain
from policyd.resolve.process import reads_table
from policyd.resolve.snapshots import check_snapshot
from policyd.resolve.spans import START
from policyd.unit import Entry, Means, TypedRule, rule_values
from policyd.vocabulary.registers import REGISTERS
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.effect import TableWrite
    from policyd.errors import Path
    from policyd.host import Host
    from policyd.policy import Policy, Rule
    from policyd.resolve.hooks import Located
    from policyd.resolve.metrics import Metrics
    from policyd.resolve.params import Stock
    from policyd.resolve.place import Place
    from policyd.resolve.rates import Held, Holding
    from policyd.resolve.scope import Scopes
    from policyd.resolve.spans import Side, Task
    from policyd.resolve.tables import Tables
    from policyd.target import Target

STRING_SIZES = (4096, 1024, 256)
"""What is kept of a string of unknown length: the first size with which all strings of a rule fit `STRINGS_BYTES`."""
STRINGS_BYTES = 24 * 1024
"""Room for a rule's strings, fetched and once more in an event: all in a per-CPU map's value of at most 32 KiB."""

MANY_PROGRAMS = 32
"""More places than this, each with a program of its own, are told of: each takes a third of a second to build."""


@dataclass(slots=True)
class Rules:
    """Resolves the rules of `policy`; `names` number the hook names, `hooks` what events' headers say."""

    policy: Policy
    target: Target
    host: Host
    stock: Stock
    metrics: Metrics
    holding: Holding
    tables: Tables
    scopes: Scopes
    problems: Problems
    names: dict[str, int]
    hooks: dict[str, int]
    typed: list[TypedRule] = field(default_factory=list)
    not_applicable: list[tuple[str, str]] = field(default_factory=list)
    needs_process_table: bool = False
    means: list[Means] = field(default_factory=list)

    def add(self, task: Task, located: Located) -> None:
        """Type a rule at each of its places."""
        rule = task.rule
        reasons = [missing.message for _, missing in located.missing]
        if not rule.optional:
            self.report(located.missing)
        made = [self._at(task, place, located, reasons) for place in located.places]
        typed = [one for one in made if one is not None]
        if rule.optional and not typed and reasons:
            self.not_applicable.append((rule.name, reasons[0]))
        self.typed.extend(typed)
        alone = sum(place.hook.by_means and not place.members for place in located.places)
        if alone > MANY_PROGRAMS:
            hint = "name fewer, or use `function`, which takes one program for all where the kernel has kprobe_multi"
            message = f"{rule.name} needs {alone} programs, a place each: building and attaching them takes time"
            self.problems.warning(rule.hook.at, "many-programs", message, hint)

    def report(self, complaints: Iterable[tuple[Path, Missing]]) -> None:
        """Report what is wrong, each at its place."""
        for path, missing in complaints:
            self.problems.error(path, missing)

    def _at(self, task: Task, place: Place, located: Located, reasons: list[str]) -> TypedRule | None:
        """Return the rule at one place; None if something is wrong with it, which is then reported or in `reasons`."""
        rule = task.rule
        for longest in STRING_SIZES:
            fields, complaints, typed = self._resolved(task, place, longest)
            if _string_bytes(fields, typed) <= STRINGS_BYTES:
                break
        if complaints:
            complaints = self._without(rule, place, complaints) if place.extra else complaints
            wrong = [(path, missing) for path, missing in complaints if isinstance(missing, Wrong) or not rule.optional]
            self.report(wrong)
            reasons.extend(missing.message for _, missing in complaints)
            return None
        used = {value.path for value in fields.used}
        self.needs_process_table |= any(reads_table(value.access) for value in fields.used) or bool(self.scopes.trees)
        self._warn(rule, place, typed, used)
        for alternative in located.alternatives:
            self._compare(task, fields, alternative)
        if place.hook.by_means or place.why:
            self.means.append(Means(rule.name, place.spelled, place.point, place.names, place.why))
        return typed

    def _without(self, rule: Rule, place: Place, complaints: Complaints) -> Complaints:
        """Return what is wrong apart from an argument that is not to be had at a place which nobody asked for."""
        gone = [(path, missing) for path, missing in complaints if missing.code == "compat-argument"]
        for path, missing in gone[:1]:
            who = f"32-bit callers that come to {place.point.target}"
            self.problems.warning(path, "compat-not-covered", f"{who} are not seen by rule {rule.name}: {missing.message}")
        return [(path, missing) for path, missing in complaints if missing.code != "compat-argument"]

    def _resolved(self, task: Task, place: Place, longest: int) -> tuple[Fields, Complaints, TypedRule]:
        row, rule = task.row, task.rule
        fields = self.fields(task, place, longest)
        conditions = Conditions(fields, self.stock, row)
        condition = conditions.all_of(rule.filters)
        scopes = () if task.side is not None and task.side.is_hidden else self.scopes.of(row, rule, conditions)
        complaints: Complaints = list(conditions.complaints)
        for path, message in conditions.warnings:
            self.problems.warning(path, "host-bits", message)
        outputs = self._outputs(rule, fields, complaints)
        writes = self.tables.writes(rule, fields, complaints)
        if task.side is not None:
            condition, more = self._of_span(task.side, condition, fields, complaints)
            writes += more
        if place.point.kind == "iter" and (wrong := check_snapshot(rule, place, in_span=task.side is not None)) is not None:
            complaints.append(wrong)
        typed = TypedRule(
            policy=self.policy.name,
            row=row,
            name=rule.name,
            attach_point=place.point,
            condition=condition,
            outputs=outputs,
            action=self._action(rule, place, complaints),
            hook_kind=place.hook.kind,
            hook=self.hooks[place.spelled],
            phase=place.phase,
            position=self.policy.position(rule.at),
            writes=writes,
            scopes=scopes,
            above=self.holding.above(rule.name, rule.above, fields, complaints) if rule.above else None,
            tags=tuple(dict.fromkeys(self.policy.tags + rule.tags)),
        )
        return fields, complaints, replace(typed, entry=_entry(typed, place, conditions))

    def fields(self, task: Task, place: Place, longest: int) -> Fields:
        """Return the fields of a rule at a place; strings of unknown length are of `longest` bytes."""
        lets = {let.name: let for let in task.rule.let}
        return Fields(place, self.names, longest, self.target, self.tables, self.stock, lets, task.side)

    def _of_span(
        self, side: Side, condition: AllOf, fields: Fields, complaints: Complaints
    ) -> tuple[AllOf, tuple[TableWrite, ...]]:
        """Return what a rule of a span asks, and what it does to the row of the start."""
        starts = side.span.starts
        assert starts is not None, "its span was settled before"
        for _, missing in () if side.is_hidden else complaints:
            if missing.code in {"unknown-field", "field-not-here"} and START not in missing.hint:
                missing.hint += " (of the start: start.FIELD)" if missing.hint else "fields of the start are start.FIELD"
        try:
            if not side.is_hidden:
                condition = AllOf((*condition.parts, starts.ended(side, fields)))
            return condition, starts.writes(side, fields)
        except Missing as missing:
            complain(complaints, side.written.at, missing)
            return condition, ()

    def _outputs(self, rule: Rule, fields: Fields, complaints: Complaints) -> tuple[EventOutput | MetricOutput, ...]:
        found: list[EventOutput | MetricOutput] = []
        for number, written in enumerate(rule.outputs):
            if isinstance(written, WrittenEvent):
                own = default_columns(fields, rule.at) if written.implied else written.fields
                columns = self.policy.event_fields + own
                held = self._held(f"{rule.name}-{number}", written, fields, complaints)
                event, message = with_message(rule, event_columns(columns, fields, complaints), fields, complaints)
                found.append(EventOutput(*event, *held, message=message))
            elif (metric := self.metrics.resolve(written, fields, complaints)) is not None:
                found.append(metric)
        return tuple(found)

    def _held(self, name: str, written: WrittenEvent, fields: Fields, complaints: Complaints) -> Held:
        """Return what holds an event back; rows that somebody reads are not held back with the policy's events."""
        shared = Rates() if fields.place.point.kind == "iter" else self.policy.event_rates
        return self.holding.resolve(((name, written.rates), ("events", shared)), fields, complaints)

    def _action(self, rule: Rule, place: Place, complaints: Complaints) -> TypedAction:
        try:
            action = resolve_action(rule.action, place, self.stock.reading, self.host)
            return replace(action, unread=rule.on_unread == "act")
        except Missing as missing:
            complain(complaints, rule.action.at if rule.action else rule.at, missing)
            return TypedAction()

    def _warn(self, rule: Rule, place: Place, typed: TypedRule, used: set[str]) -> None:
        about_process = any(path.startswith("process.") for path in used) or typed.action.signal
        if place.why and place.hook.kind in {"lsm", "perf"}:
            self.problems.warning(rule.hook.at, "seen-otherwise", place.why)
        if place.actor == "mixed" and about_process:
            self.problems.warning(
                rule.hook.at,
                "process-may-be-another",
                f"{place.spelled} also fires in interrupts: the current process may then have nothing to do with it",
            )
        if place.point.target.startswith("raw_syscalls/"):
            self.problems.warning(
                rule.hook.at, "every-system-call", f"{place.spelled} makes every system call of the host pay about 40 ns"
            )

    def _compare(self, task: Task, first: Fields, other: Place) -> None:
        """Report what a rule uses that another alternative of its firstOf has not, or has with another type."""
        rule, there = task.rule, self.fields(task, other, STRING_SIZES[0])
        for text, value in first.texts:
            if text == "hook.name":
                continue
            try:
                found = there.value(text).type
            except Missing as missing:
                message = f"firstOf needs {text} in each of its hooks: {missing.message}"
                self.problems.error(rule.hook.at, Wrong("alternatives-differ", message, missing.hint))
                continue
            if (found.kind, found.shape) != (value.type.kind, value.type.shape):
                kinds = f"{value.type.kind} at {first.place.spelled} and {found.kind} at {other.spelled}"
                message = f"{text} is {kinds}"
                self.problems.error(rule.hook.at, Wrong("alternatives-differ", message, "write two rules"))


def _entry(typed: TypedRule, place: Place, conditions: Conditions) -> Entry | None:
    """Return where something must be kept for a rule; None if it asks for nothing that is not there as the call ends."""
    if place.entry is None or not wants_entry(rule_values(typed)):
        return None
    same = place.entry.guard == place.guard
    guards = typed.condition.parts[: len(place.guard)] if same else conditions.guards(place.entry)
    registers = REGISTERS[conditions.fields.target.arch]
    stack = (registers.offsets[registers.stack_pointer], registers.stack_offset)
    return Entry(place.entry.point, AllOf(guards), stack)


def _string_bytes(fields: Fields, typed: TypedRule) -> int:
    """Return what the strings of a rule take: those that were fetched, the longest event's, and a key's stacks."""
    events = (output.layout.columns for output in typed.outputs if isinstance(output, EventOutput))
    shown = (sum(column.type.size for column in columns if column.packed) for columns in events)
    metrics = [output for output in typed.outputs if isinstance(output, MetricOutput)]
    stacks = [[one for one in output.keys if one.type.kind == "stack"] for output in metrics]
    fetched = dict.fromkeys([*fields.used, *(one for some in stacks for one in some)])
    keys = (sum(one.type.size for one in some) for some in stacks)
    strings = sum(value.type.size for value in fetched if value.type.shape is Shape.STRING)
    return strings + max(shown, default=0) + max(keys, default=0)
