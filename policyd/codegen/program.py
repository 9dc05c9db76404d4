"""The view of a whole program: what `program.c` prints, put together from values, conditions, outputs and the hook's own part."""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.automata import Automata, MachineView
from policyd.codegen.condition import Tests, TestView, leaves
from policyd.codegen.ctext import CText
from policyd.codegen.operand import SLACK, FetchView, ValueTable, fetch_view, member, room
from policyd.codegen.output import AccountView, EventView, MetricView, event_bytes, event_view, metric_view
from policyd.codegen.source import PROCESSES_ENTRIES, PROCESSES_VALUE, PrivateMap
from policyd.layout import ACCOUNT_COLUMNS, HEADER_C, VERDICTS
from policyd.unit import Builtin, EventOutput, ListRef, MetricOutput, TypedAction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.unit import Access, BoundUnit, MapClass, TypedRule, Value

_EAGER_COST = 2
_PACKET_BYTES = 128
_RULES_OF_SHARD = 64
"""Rules that make one program: conditional jumps reach 32,767 instructions, and the compiler's time grows faster than they do."""
MOST_SHARDS = 30
"""Programs in a chain of tail calls: the kernel stops one at 33 (MAX_TAIL_CALL_CNT), and a stub is in it too."""
_SCRATCH_SLOTS = 16
"""Scratch places a CPU where a program can be preempted by itself (as many as `pd_claim` of `lib/scratch.c` looks at)."""
_TASK = frozenset({"struct task_struct"})


@dataclass(frozen=True, slots=True)
class HookPart:
    """What an attach kind adds to a program: types before `struct subject`, functions after it, the neutral verdict.

    `preemptible`: the same program can run again on a CPU before its first run there has ended (process context with only
    migration disabled); tracing programs are guarded by the kernel, XDP and tcx run with softirqs off.
    """

    types: tuple[str, ...]
    fields: tuple[str, ...]
    neutral: int
    packet: bool = False
    preemptible: bool = False


_TRACING = HookPart((), ("hooks/tracing.c",), 0)
_PACKETS = ("fields/packet_types.c",)
_HOOKS = {
    "tracepoint": _TRACING,
    "raw_tracepoint": _TRACING,
    "xdp": HookPart(_PACKETS, ("fields/packet.c", "hooks/xdp.c"), 2, packet=True),
    "tcx": HookPart(_PACKETS, ("hooks/skb.c", "fields/packet.c", "hooks/tcx.c"), -1, packet=True),
    "cgroup_skb": HookPart(_PACKETS, ("hooks/skb.c", "fields/packet.c", "hooks/cgroup_skb.c"), 1, packet=True, preemptible=True),
    "cgroup": HookPart((), ("hooks/cgroup_address.c", "fields/sockaddr.c"), 1, preemptible=True),
}
_KINDS = {"hash": 1, "array": 2, "prog_array": 3, "percpu_hash": 5, "percpu_array": 6, "array_of_maps": 12}
"""BPF_MAP_TYPE_* of the maps that a program names itself (include/uapi/linux/bpf.h)."""


@dataclass(frozen=True, slots=True)
class MapView:
    name: CText
    type: CText
    key_size: CText
    value_size: CText
    max_entries: CText


@dataclass(frozen=True, slots=True)
class RuleView:
    """What `rule.c` may print of a rule: its condition, and the queue of the effects that it has."""

    index: CText
    comment: CText
    line: CText | None
    file: CText | None
    condition: CText
    condition_for_sure: CText
    some_unread: CText
    can_be_unread: bool
    effects: CText
    mask: CText


@dataclass(frozen=True, slots=True)
class Shape:
    """What rules do that differ in numbers only: their effects are one piece of code, fed by a row of the `rules` map each."""

    account: AccountView
    self: bool
    parent: bool
    acts: bool
    verdict: bool
    signal: bool
    metrics: tuple[MetricView, ...]
    events: tuple[EventView, ...]
    structs: str


@dataclass(frozen=True, slots=True)
class EffectsView:
    """What `effects.c` may print of a shape."""

    index: CText
    shape: Shape


@dataclass(frozen=True, slots=True)
class TakeView:
    """The effects of one shape in one shard, whose queue holds at most `rules` entries."""

    effects: CText
    rules: CText


@dataclass(frozen=True, slots=True)
class ShardView:
    """What `shard.c` may print: one program of the chain that a unit is cut into, each calling the `next` one."""

    entry: CText
    rules: tuple[RuleView, ...]
    takes: tuple[TakeView, ...]
    first: bool
    last: bool
    next: CText


@dataclass(frozen=True, slots=True)
class ProgramView:
    """What `program.c` may print."""

    title: CText
    shards: tuple[ShardView, ...]
    slice: CText
    defines: tuple[CText, ...]
    maps: tuple[MapView, ...]
    types: tuple[str, ...]
    structs: CText
    members: tuple[CText, ...]
    states: CText
    slack: CText
    subject_bytes: CText
    searched: tuple[CText, ...]
    fields: tuple[str, ...]
    values: tuple[FetchView, ...]
    automata: tuple[MachineView, ...]
    tests: tuple[TestView, ...]
    rules: tuple[RuleView, ...]
    effects: tuple[EffectsView, ...]
    most_maps: CText
    internals: tuple[str, ...]
    eager: tuple[CText, ...]
    packet: bool
    preemptible: bool
    policy_rows: tuple[CText, ...]
    account: AccountView
    self: bool
    parent: bool
    self_first: bool
    parent_first: bool
    internal_first: bool
    internal_last: bool


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A program before it is text: the view, the types that it needs from BTF, and the maps that it names."""

    view: ProgramView
    types: tuple[str, ...]
    shared: tuple[tuple[str, str], ...]
    private: tuple[PrivateMap, ...]


class Drawing:
    """Puts one program together; made for one use by `draw`."""

    def __init__(self, bound: BoundUnit, shards: int) -> None:
        unit = bound.unit
        self.shards = max(1, min(max(shards, -(-len(unit.rules) // _RULES_OF_SHARD)), max(len(unit.rules), 1), MOST_SHARDS))
        self.bound, self.unit = bound, unit
        self.hook = _HOOKS[_hook_name(bound)]
        used = list(_values(unit.rules))
        self.values = ValueTable(used, _eager(unit.rules))
        tests = [test for rule in unit.rules for test in leaves(rule.condition)]
        self.filter_rows = frozenset(row for test in tests if (row := self.values[test.value].row))
        self.automata = Automata(tests, self.values)
        self.tests = Tests(bound, self.values, self.automata)
        self.key_bytes = 272 if any(isinstance(test.ref, ListRef) for test in tests) else 0
        self.zero_bytes = 8
        self.event_bytes = 0
        shapes = [self._shape(rule) for rule in unit.rules]
        self.shapes = Counter(shapes)
        self.numbers = {shape: number for number, shape in enumerate(self.shapes)}
        numbers, self.rule_shapes = self.numbers, shapes
        self.rules = tuple(self._rule(row, numbers[shapes[row]], shapes[row]) for row in range(len(shapes)))
        self.most_maps = max((len(shape.metrics) for shape in shapes), default=0) or 1

    def _shape(self, rule: TypedRule) -> Shape:
        rows = {self.values[value].row for value in _outputs_values(rule)} - self.filter_rows
        metrics, events, structs = [], [], []
        for output in rule.outputs:
            if isinstance(output, EventOutput):
                structs.append(output.layout.c_struct(f"layout_@_{len(events)}"))
                events.append(event_view(self.values, output, len(events)))
                self.event_bytes = max(self.event_bytes, event_bytes(output) if output.layout.packed else 0)
                continue
            spec = self.bound.maps[rule.policy, output.map_name]
            self.zero_bytes = max(self.zero_bytes, spec.map_class.value_size)
            if spec.key is not None and output.keys:
                structs.append(spec.key.c_struct(f"key_@_{len(metrics)}"))
                self.key_bytes = max(self.key_bytes, spec.key.size)
            metrics.append(metric_view(self.values, spec, output, len(metrics)))
        return Shape(
            account=AccountView(),
            self="self" in rows,
            parent="parent" in rows,
            acts=rule.action != TypedAction(),
            verdict=rule.action.verdict != "none",
            signal=bool(rule.action.signal),
            metrics=tuple(metrics),
            events=tuple(events),
            structs="".join(structs),
        )

    def _rule(self, index: int, number: int, shape: Shape) -> RuleView:
        rule = self.unit.rules[index]
        operands = [self.values[test.value] for test in leaves(rule.condition)]
        unread = tuple(dict.fromkeys(one.state for one in operands if one.can_be_unread))
        where = rule.position
        return RuleView(
            index=c.uint(index),
            comment=c.comment(f"{rule.policy}/{rule.name}"),
            line=c.uint(where.line) if where else None,
            file=c.string(where.file) if where else None,
            condition=self.tests.condition(rule.policy, rule.condition, 1),
            condition_for_sure=self.tests.condition(rule.policy, rule.condition, 0),
            some_unread=c.any_of(c.binary(state, "==", CText("PD_UNREAD")) for state in unread),
            can_be_unread=bool(unread),
            effects=c.uint(number),
            mask=c.uint(_queue(self.shapes[shape]) - 1),
        )

    # -- the whole ---------------------------------------------------------------------------------------

    def _shards(self, entry: str) -> tuple[ShardView, ...]:
        """Cut the rules into runs of about the same length, a policy's rules where they fall."""
        names = entry_names(entry, self.shards)
        size = -(-len(self.rules) // self.shards) if self.rules else 0
        out = []
        for number, name in enumerate(names):
            run = slice(number * size, (number + 1) * size)
            counts = Counter(self.rule_shapes[run])
            out.append(
                ShardView(
                    entry=c.ident(name),
                    rules=self.rules[run],
                    takes=tuple(TakeView(c.uint(self.numbers[shape]), c.uint(count)) for shape, count in counts.items()),
                    first=number == 0,
                    last=number == len(names) - 1,
                    next=c.uint(number + 1),
                )
            )
        return tuple(out)

    def blueprint(self, title: str, entry: str) -> Blueprint:
        """Return the finished program."""
        types, fields, btf = self._families()
        shared, private = self._maps()
        rows = self.values.rows
        self_first, parent_first = "self" in self.filter_rows, "parent" in self.filter_rows
        internal = self.unit.internal
        view = ProgramView(
            title=c.comment(title),
            shards=self._shards(entry),
            slice=CText(""),
            defines=self._defines(),
            maps=tuple(self._map_views(private)),
            types=types,
            structs=c.block(HEADER_C + self._structs() + self.automata.structs),
            members=self._members(),
            states=c.uint(max(len(self.values), 1)),
            slack=c.uint(SLACK),
            subject_bytes=c.uint(self._subject_bytes()),
            searched=self.automata.flags,
            fields=fields,
            values=tuple(fetch_view(one) for one in self.values.stored),
            automata=self.automata.views,
            tests=tuple(self.tests.views),
            rules=self.rules,
            effects=tuple(
                EffectsView(c.uint(number), shape) for number, shape in enumerate(self.shapes)
            ),
            most_maps=c.uint(self.most_maps),
            internals=(f"internal/{internal}.c",) if internal else (),
            eager=tuple(c.uint(one.index) for one in self.values.stored if one.eager),
            packet=self.hook.packet,
            preemptible=self.hook.preemptible,
            policy_rows=tuple(c.uint(self.bound.rows.policies[name]) for name in self.unit.policies),
            account=AccountView(),
            self="self" in rows,
            parent="parent" in rows,
            self_first=self_first,
            parent_first=parent_first,
            internal_first=bool(internal) and internal != "process_exit",
            internal_last=internal == "process_exit",
        )
        return Blueprint(view, btf, shared, private)

    def _structs(self) -> str:
        out = []
        for number, shape in enumerate(self.shapes):
            out.append(shape.structs.replace("_@_", f"_{number}_"))
            out += [
                f"struct event_{number}_{event} {{\n\tstruct pd_header h;\n\tstruct layout_{number}_{event} f;\n}};\n"
                for event in range(len(shape.events))
            ]
        return "".join(out)

    def _rows(self) -> bytes:
        """Return the contents of the `rules` map: a `struct pd_rule` (`lib/rules.c`) for each rule."""
        out = []
        for rule in self.unit.rules:
            action = rule.action
            taken, held = _verdict_numbers(action)
            names = [output.map_name for output in rule.outputs if isinstance(output, MetricOutput)]
            maps = [self.bound.rows.maps[rule.policy, name] for name in names]
            maps += [0] * (self.most_maps - len(maps))
            head = (self.bound.rows.policies[rule.policy], rule.row, rule.hook, taken, held)
            numbers = (_LEVELS[action.verdict], action.number & 0xFFFFFFFF, action.signal)
            out.append(struct.pack(f"<IHHHHIII{len(maps)}I", *head, *numbers, *maps))
        return b"".join(out)

    def _defines(self) -> tuple[CText, ...]:
        out = [CText(f"PD_NEUTRAL ({self.hook.neutral})")]
        if self.unit.attach_point.header == "none":
            out.append(CText("PD_NO_ETHERNET 1"))
        if self.unit.attach_point.kind == "cgroup":
            out.append(CText(f"PD_FAMILY {10 if self.unit.attach_point.option.endswith('6') else 2}"))
        return tuple(out)

    def _members(self) -> tuple[CText, ...]:
        """Return the members of `struct subject`: values, the packet, room for a key and an event."""
        out = [member(one) for one in self.values.stored]
        for number, count in enumerate(self.shapes.values()):
            out.append(CText(f"u32 queued_{number}"))
            out.append(CText(f"u32 queue_{number}[{c.uint(_queue(count))}]"))
        out += self.automata.members
        if self.hook.packet:
            out.append(CText("struct pd_packet packet"))
        if self.key_bytes:
            out.append(CText(f"u64 key[{-(-self.key_bytes // 8)}]"))
        if self.event_bytes:
            out.append(CText(f"u64 event[{-(-self.event_bytes // 8) + 1}]"))
        return tuple(out)

    def _subject_bytes(self) -> int:
        """Return a bound of `sizeof(struct subject)`: the C text asserts that it holds."""
        values = sum(room(one) for one in self.values.stored)
        packet = _PACKET_BYTES if self.hook.packet else 0
        queues = sum(4 + 4 * _queue(count) for count in self.shapes.values())
        rest = queues + self.key_bytes + self.event_bytes + len(self.values) + SLACK
        return -(-(values + packet + self.automata.room + rest + 64) // 8) * 8

    def _families(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Return the type files, the function files and the BTF types that the values need."""
        names = {one.source.access.name for one in self.values.stored if isinstance(one.source.access, Builtin)}
        rows = self.values.rows
        btf = {step.container for one in self.values.stored for step in _steps(one.source.access)}
        types, fields = list(self.hook.types), list(self.hook.fields)
        table = bool(rows) or bool(self.unit.internal)
        if table:
            types.append("fields/process_table.c")
        if self.unit.internal == "process_exec":
            types.append("internal/process_exec_types.c")
        fields.append("fields/process.c")
        if names & _TASK_ACCESSORS or "parent" in rows:
            fields.append("fields/task.c")
            btf |= _TASK
        if "syscall_abi" in names:
            fields.append("fields/syscall_abi.c")
            btf |= _TASK
        if "parent" in rows:
            fields.append("fields/process_parent.c")
        btf |= _INTERNAL_TYPES.get(self.unit.internal, frozenset())
        return tuple(types), tuple(fields), tuple(sorted(btf))

    def _maps(self) -> tuple[tuple[tuple[str, str], ...], tuple[PrivateMap, ...]]:
        shared = {"config": "config", "account": "account", "rings": "rings", "scalars": "scalars"}
        shared |= {cls.name: f"class-{cls.name}" for cls in self._classes()}
        private = [PrivateMap("zeros", "array", 4, self.zero_bytes, 1), *self.automata.maps]
        if self.unit.rules:
            private.append(PrivateMap("rules", "array", 4, 24 + 4 * self.most_maps, len(self.unit.rules), self._rows()))
        slots = _SCRATCH_SLOTS if self.hook.preemptible else 1
        private.append(PrivateMap("scratch", "percpu_array", 4, self._subject_bytes(), slots))
        if self.hook.preemptible:
            private.append(PrivateMap("busy", "percpu_array", 4, 8, 1))
        if self.shards > 1:
            shared["shards"] = "shards"
        if self.values.rows or self.unit.internal:
            shared["processes"] = "processes"
        if self.unit.internal == "process_exec":
            private.append(PrivateMap("exec_work", "percpu_array", 4, PROCESSES_VALUE + 512, 1))
        return tuple(shared.items()), tuple(private)

    def _classes(self) -> list[MapClass]:
        names = self.unit.policies
        return sorted({spec.map_class for (policy, _), spec in self.bound.maps.items() if policy in names})

    def _map_views(self, private: tuple[PrivateMap, ...]) -> Iterator[MapView]:
        rows = [("config", "array", 4, 8, 1024), ("account", "percpu_array", 4, 8 * len(ACCOUNT_COLUMNS), 1024)]
        rows += [("scalars", "array", 4, 24, 8192), ("rings", "array_of_maps", 4, 4, 1024)]
        if self.shards > 1:
            rows.append(("shards", "prog_array", 4, 4, MOST_SHARDS + 2))
        rows += [(cls.name, "array_of_maps", 4, 4, 4096) for cls in self._classes()]
        if self.values.rows or self.unit.internal:
            rows.append(("processes", "hash", 4, PROCESSES_VALUE, PROCESSES_ENTRIES))
        rows += [(one.symbol, one.type, one.key_size, one.value_size, one.max_entries) for one in private]
        for name, kind, key, value, entries in rows:
            yield MapView(c.ident(name), c.uint(_KINDS[kind]), c.uint(key), c.uint(value), c.uint(entries))


_TASK_ACCESSORS = frozenset(
    {"process_start_time", "process_kernel_thread", "process_ppid", "process_parent_pid", "process_parent_comm"}
)
_INTERNAL_TYPES = {
    "process_exec": frozenset(
        {"struct task_struct", "struct linux_binprm", "struct file", "struct dentry", "struct mount", "struct mm_struct"}
    ),
    "process_fork": _TASK,
    "process_exit": frozenset({"struct task_struct", "struct signal_struct"}),
}


_LEVELS = {"none": 0, "pass": 1, "mark": 2, "drop": 3, "deny": 3}
"""PD_VERDICT_* of each verdict: the highest of all rules wins."""


def _queue(rules: int) -> int:
    """Return the length of a queue for so many rules, a power of two."""
    return 1 << (rules - 1).bit_length()


def _hook_name(bound: BoundUnit) -> str:
    point = bound.unit.attach_point
    if point.kind == "cgroup" and point.option.startswith("skb"):
        return "cgroup_skb"
    return point.kind


def _verdict_numbers(action: TypedAction) -> tuple[int, int]:
    """Return what an event says of the action when it is taken, and when monitor mode holds it back."""
    pairs = {
        "deny": ("denied", "would-deny"),
        "drop": ("dropped", "would-drop"),
        "pass": ("passed", "would-pass"),
        "mark": ("marked", "would-mark"),
        "none": ("signalled", "would-signal") if action.signal else ("none", "none"),
    }
    taken, held = pairs[action.verdict]
    return VERDICTS.index(taken), VERDICTS.index(held)


def _values(rules: tuple[TypedRule, ...]) -> Iterator[Value]:
    for rule in rules:
        for test in leaves(rule.condition):
            yield test.value
        yield from _outputs_values(rule)


def _outputs_values(rule: TypedRule) -> Iterator[Value]:
    for output in rule.outputs:
        if isinstance(output, EventOutput):
            yield from output.values
        else:
            yield from output.keys
            if output.value is not None:
                yield output.value


def _eager(rules: tuple[TypedRule, ...]) -> frozenset[tuple[str, Access]]:
    """Cheap values that several rules test: fetched once at the start, with no question asked later."""
    tested = Counter(
        key
        for rule in rules
        for key in {(test.value.path, test.value.access) for test in leaves(rule.condition) if test.value.cost <= _EAGER_COST}
    )
    return frozenset(key for key, count in tested.items() if count == len(rules) or count > 1)


def _steps(access: Access) -> tuple[object, ...]:
    steps = getattr(access, "steps", None)
    if steps is None:
        steps = getattr(getattr(access, "pointer", None), "steps", ())
    return tuple(steps)


def entry_names(entry: str, shards: int) -> tuple[str, ...]:
    """Return the kernel names of a unit's programs: the first has the unit's own."""
    return (entry, *(f"{entry[:12]}_{number:x}" for number in range(1, shards)))


def draw(bound: BoundUnit, title: str, entry: str, shards: int) -> Blueprint:
    """Return the programs of a bound unit, in at least so many shards."""
    return Drawing(bound, shards).blueprint(title, entry)
