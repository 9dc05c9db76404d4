"""Effects: what rules do once they match.

Rules that do the same with other numbers have one *shape*: one piece of code, which a row of the unit's `rules` map (policy,
rule, verdict, rows of maps) makes theirs.  A unit of two hundred alike rules so compiles and verifies like one with a loop.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.hook import hook_part
from policyd.codegen.metric import MetricView, metric_view
from policyd.codegen.output import AboveView, AccountView, EventView, LimitRows, above_view, event_bytes, event_view
from policyd.effect import EventOutput, MetricOutput, TypedAction
from policyd.layout import VERDICTS
from policyd.unit import put_out

if TYPE_CHECKING:
    from policyd.codegen.ctext import CText
    from policyd.codegen.operand import ValueTable
    from policyd.maps import MapSpec
    from policyd.unit import BoundUnit, TypedRule


@dataclass(frozen=True, slots=True)
class Shape:
    """What rules do that differ in numbers only: one piece of code, fed by a row of the `rules` map each."""

    account: AccountView
    self: bool
    parent: bool
    acts: bool
    acts_unread: bool
    verdict: bool
    signal: bool
    metrics: tuple[MetricView, ...]
    events: tuple[EventView, ...]
    structs: str
    above: AboveView | None = None
    unwritten: CText | None = None  # which of the writing rules it is: what is within the rate writes nothing


@dataclass(frozen=True, slots=True)
class EffectsView:
    """What `effects.c` may print of a shape."""

    index: CText
    shape: Shape


class Shapes:
    """The shapes of a unit's rules, numbered, and what all of them together need of the scratch place."""

    def __init__(self, bound: BoundUnit, values: ValueTable, fetched_first: frozenset[str]) -> None:
        """`fetched_first` names the process rows that are looked up before any rule."""
        self._bound, self._values, self._fetched_first = bound, values, fetched_first
        self.key_bytes, self.zero_bytes, self.event_bytes = 0, 8, 0
        self._streamed = hook_part(bound.unit.attach_point).streams
        writing = [number for number, rule in enumerate(bound.unit.rules) if rule.writes]
        shapes = [self._shape(rule) for rule in bound.unit.rules]
        for at, number in enumerate(writing):
            if shapes[number].above:
                shapes[number] = replace(shapes[number], unwritten=c.uint(at))
        self.of_rules = tuple(shapes)
        self.counts = Counter(self.of_rules)
        self.numbers = {shape: number for number, shape in enumerate(self.counts)}
        self.most_maps = max((len(self._map_rows(rule)) for rule in bound.unit.rules), default=0) or 1

    def _shape(self, rule: TypedRule) -> Shape:
        metrics: list[MetricView] = []
        events: list[EventView] = []
        structs: list[str] = []
        held = sum(isinstance(output, MetricOutput) for output in rule.outputs)
        for output in rule.outputs:
            if isinstance(output, EventOutput):
                structs.append(output.layout.c_struct(f"layout_@_{len(events)}"))
                limits = self._limits(rule, output, held + len(output.samples))
                structs += [self._key(one.spec, f"rate_@_{len(events)}_{n}") for n, one in enumerate(limits)]
                samples = range(held, held + len(output.samples))
                events.append(event_view(self._values, output, len(events), samples, limits, streamed=self._streamed))
                held += len(output.samples) + 2 * len(limits)
                is_packed = events[-1].packed
                self.event_bytes = max(self.event_bytes, event_bytes(output) if is_packed else 0)
                continue
            spec = self._bound.maps[rule.policy, output.map_name]
            self.zero_bytes = max(self.zero_bytes, spec.map_class.value_size)
            structs.append(self._key(spec, f"key_@_{len(metrics)}"))
            if any(column.beside for column in spec.stats):
                structs.append(spec.value.c_struct(f"value_@_{len(metrics)}"))
            metrics.append(metric_view(self._values, spec, output, len(metrics)))
        above = self._above(rule, held)
        if above is not None:
            structs.append(self._key(above.spec, "rate_@_above_0"))
        rows = {row for value in put_out(rule) for row in self._values[value].rows} - self._fetched_first
        return Shape(
            account=AccountView(),
            self="self" in rows,
            parent="parent" in rows,
            acts=rule.action != TypedAction(),
            acts_unread=rule.action.unread,
            verdict=rule.action.verdict != "none",
            signal=bool(rule.action.signal),
            metrics=tuple(metrics),
            events=tuple(events),
            structs="".join(structs),
            above=above_view(self._values, above) if above else None,
        )

    def _key(self, spec: MapSpec, name: str) -> str:
        """Return the declaration of a map's key, for which there must be room; empty if it has none."""
        if spec.key is None:
            return ""
        self.key_bytes = max(self.key_bytes, spec.key.size)
        return spec.key.c_struct(name)

    def _limits(self, rule: TypedRule, output: EventOutput, first: int) -> tuple[LimitRows, ...]:
        """Return the limits of an event; each has two rows in the rule's numbers, from `first` on."""
        return tuple(
            LimitRows(limit, self._bound.maps[rule.policy, limit.name], first + 2 * number, first + 2 * number + 1)
            for number, limit in enumerate(output.limits)
        )

    def _above(self, rule: TypedRule, first: int) -> LimitRows | None:
        limit = rule.above
        return LimitRows(limit, self._bound.maps[rule.policy, limit.name], first, first + 1) if limit else None

    @property
    def structs(self) -> str:
        """Declarations of every shape's keys and events."""
        out = []
        for number, shape in enumerate(self.counts):
            out.append(shape.structs.replace("_@_", f"_{number}_"))
            out += [
                f"struct event_{number}_{event} {{\n\tstruct pd_header h;\n\tstruct layout_{number}_{event} f;\n}};\n"
                for event in range(len(shape.events))
            ]
        return "".join(out)

    @property
    def row_bytes(self) -> int:
        """Size of `struct pd_rule` (`lib/rules.c`)."""
        return 24 + 4 * self.most_maps

    def rows(self) -> bytes:
        """Return the contents of the `rules` map: a `struct pd_rule` for each rule."""
        out = []
        rules = self._bound.unit.rules
        last = {rule.policy: index for index, rule in enumerate(rules)}
        for index, rule in enumerate(rules):
            action = rule.action
            maps = self._map_rows(rule)
            maps += [0] * (self.most_maps - len(maps))
            head = (self._bound.rows.policies[rule.policy], rule.row, rule.hook, *_verdict_numbers(action))
            numbers = (_LEVELS[action.verdict], last[rule.policy] == index, action.number & 0xFFFFFFFF, action.signal)
            out.append(struct.pack(f"<IHHHHHHII{len(maps)}I", *head, *numbers, *maps))
        return b"".join(out)

    def _map_rows(self, rule: TypedRule) -> list[int]:
        """Return the rows that a rule's numbers end with: the metrics' maps, what holds each event back, its own limit's."""
        rows, policy = self._bound.rows, rule.policy
        found = [rows.maps[policy, output.map_name] for output in rule.outputs if isinstance(output, MetricOutput)]
        for output in rule.outputs:
            if isinstance(output, EventOutput):
                found += [rows.scalars[policy, name] for name in output.samples]
                for limit in output.limits:
                    found += [rows.maps[policy, limit.name], rows.scalars[policy, limit.name]]
        if rule.above:
            found += [rows.maps[policy, rule.above.name], rows.scalars[policy, rule.above.name]]
        return found


_LEVELS = {"none": 0, "pass": 1, "mark": 2, "return": 2, "redirect": 3, "drop": 4, "deny": 4}
"""PD_VERDICT_* of each verdict: the highest of all rules wins."""


def queue_length(rules: int) -> int:
    """Return the length of a queue for so many rules, a power of two."""
    return 1 << (rules - 1).bit_length()


def _verdict_numbers(action: TypedAction) -> tuple[int, int]:
    """Return what an event says of the action when it is taken, and when monitor mode holds it back."""
    pairs = {
        "deny": ("denied", "would-deny"),
        "drop": ("dropped", "would-drop"),
        "pass": ("passed", "would-pass"),
        "mark": ("marked", "would-mark"),
        "return": ("returned", "would-return"),
        "redirect": ("redirected", "would-redirect"),
        "none": ("signalled", "would-signal") if action.signal else ("none", "none"),
    }
    taken, held = pairs[action.verdict]
    return VERDICTS.index(taken), VERDICTS.index(held)
