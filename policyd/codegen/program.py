"""The view of a whole program: what `program.c` prints, from values, conditions, effects and the hook's own part."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.automata import Automata
from policyd.codegen.calls import calls_view, fetched
from policyd.codegen.condition import Tests
from policyd.codegen.ctext import CText
from policyd.codegen.effects import EffectsView, Shape, Shapes, queue_length
from policyd.codegen.families import Family, families
from policyd.codegen.fetching import fetch_view
from policyd.codegen.hook import callbacks, defines, hook_part
from policyd.codegen.operand import SLACK, ValueTable, member, room
from policyd.codegen.output import AccountView
from policyd.codegen.program_view import DueView, LateView, MapView, ProgramView, RuleView, ShardView, TakeView
from policyd.codegen.scopes import Scopes, asks_cgroups, followed_views, scope_values, tree_views
from policyd.codegen.source import PROCESSES_ENTRIES, PROCESSES_VALUE, PrivateMap
from policyd.codegen.tables import Tables
from policyd.condition import ListRef, leaves
from policyd.layout import ACCOUNT_BYTES, CANARY_LAYOUT, HEADER_C
from policyd.unit import CANARY_ROW, MOST_GUARDED, SHARED_ROWS, put_out, rule_tests, rule_values
from policyd.value import (
    Builtin,
    Kept,
    KeptStack,
    Lookup,
    PointedString,
    StackTrace,
    Through,
    Walk,
    argument_of,
    every_value,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.codegen.fetching import FetchView
    from policyd.codegen.operand import Operand
    from policyd.codegen.tables import RowView
    from policyd.maps import MapClass
    from policyd.unit import BoundUnit, TypedRule
    from policyd.value import Access, Shift, Step

_CONTEXT_COST, _EAGER_COST = 1, 2
_PACKET_BYTES = 128
_SEARCH_BYTES = 520
"""`struct pd_search` of `lib/computed_types.c`."""
_SEARCH_KEY_BYTES = 272
"""Room for the key of a search in a list: `struct pd_prefix_key`, or a string of 256 bytes."""
_RULES_OF_SHARD = 64
"""Rules in one program: conditional jumps reach 32,767 instructions, and compiling takes longer than in proportion."""
MOST_SHARDS = 30
"""Programs in a chain of tail calls: the kernel stops one at 33 (MAX_TAIL_CALL_CNT), and a stub is in it too."""
_SCRATCH_SLOTS = 16
"""Scratch places a CPU where a program can be preempted by itself (as many as `pd_claim` of `lib/scratch.c` looks at)."""
_MOST_CLEARED = 1024
"""Bytes that clang clears in line (128 stores of 8); it has no function to call for more."""
_TASK = frozenset({"struct task_struct"})


_KINDS = {"hash": 1, "array": 2, "prog_array": 3, "percpu_hash": 5, "percpu_array": 6, "lru_hash": 9, "array_of_maps": 12}
"""BPF_MAP_TYPE_* of the maps that a program names itself (include/uapi/linux/bpf.h)."""


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
        self.hook = hook_part(unit.attach_point)
        used = [value for rule in unit.rules for value in rule_values(rule)]
        used += unit.saves.values if unit.saves else ()
        self.values = ValueTable(used, _eager(unit.rules))
        tests = [test for rule in unit.rules for test in rule_tests(rule)]
        self.filter_rows = frozenset(row for test in tests for row in self.values[test.value].rows)
        self.lates = tuple(dict.fromkeys(dear for test in tests for dear in self.values[test.value].dears))
        self.automata = Automata(tests, self.values)
        self.tests = Tests(bound, self.values, self.automata)
        self.shapes = Shapes(bound, self.values, self.filter_rows)
        self.scopes = Scopes(unit.rules, self.tests)
        self.tables = Tables(bound, self.values)
        self.calls = calls_view(bound, self.values, self.tests)
        kept_tests = unit.saves.tests if unit.saves else ()
        searched = any(isinstance(test.ref, ListRef) for test in (*tests, *kept_tests))
        self.key_bytes = max(self.shapes.key_bytes, self.tables.key_bytes, _SEARCH_KEY_BYTES if searched else 0)
        self.rules = tuple(self._rule(row, shape) for row, shape in enumerate(self.shapes.of_rules))

    def _rule(self, index: int, shape: Shape) -> RuleView:
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
            searches=self.tests.searches(rule.policy, rule.condition),
            effects=c.uint(self.shapes.numbers[shape]),
            mask=c.uint(queue_length(self.shapes.counts[shape]) - 1),
            writes=c.uint(self.tables.numbers[index]) if index in self.tables.numbers else None,
            in_scope=self.scopes.holds(rule),
        )

    # -- the whole ---------------------------------------------------------------------------------------

    def _shards(self, entry: str) -> tuple[ShardView, ...]:
        """Cut the rules into runs of about the same length, a policy's rules where they fall."""
        names = entry_names(entry, self.shards)
        size = -(-len(self.rules) // self.shards) if self.rules else 0
        out = []
        for number, name in enumerate(names):
            run = slice(number * size, (number + 1) * size)
            counts = Counter(self.shapes.of_rules[run])
            out.append(
                ShardView(
                    index=c.uint(number),
                    entry=c.ident(name),
                    begin=c.uint(run.start),
                    end=c.uint(min(run.stop, len(self.rules))),
                    rules=self.rules[run],
                    searches=tuple(dict.fromkeys(search for rule in self.rules[run] for search in rule.searches)),
                    scopes=self.scopes.asked(run),
                    some_in_scope=self.scopes.some(run),
                    dues=self._dues(run),
                    takes=tuple(
                        TakeView(c.uint(self.shapes.numbers[shape]), c.uint(count)) for shape, count in counts.items()
                    ),
                    writes=self.tables.of(range(run.start, run.stop)),
                    first=number == 0,
                    saves=number == 0 and self.unit.saves is not None,
                    last=number == len(names) - 1,
                    next=c.uint(number + 1),
                )
            )
        return tuple(out)

    def _dues(self, run: slice) -> tuple[DueView, ...]:
        wanted: dict[Operand, dict[int, None]] = {}
        for rule, shape in zip(self.unit.rules[run], self.shapes.of_rules[run], strict=True):
            for value in put_out(rule):
                for dear in self.values[value].dears:
                    wanted.setdefault(dear, {})[self.shapes.numbers[shape]] = None
        kept = self._kept if run.start == 0 else ()
        return tuple(DueView(c.uint(one.index), CText("1")) for one in kept) + tuple(
            DueView(c.uint(one.index), c.any_of(CText(f"r->s->queued_{number}") for number in numbers))
            for one, numbers in wanted.items()
            if one not in kept
        )

    @property
    def _kept(self) -> tuple[Operand, ...]:
        """What is dear to get of all that is kept of calls that begin here."""
        kept = self.unit.saves.values if self.unit.saves else ()
        return tuple(dict.fromkeys(dear for value in kept for dear in self.values[value].dears))

    def blueprint(self, title: str, entry: str) -> Blueprint:
        """Return the finished program."""
        types, fields, btf = self._types_and_fields()
        shared, private = self._maps()
        unit = self.unit
        rows = self.values.rows
        self_first, parent_first = "self" in self.filter_rows, "parent" in self.filter_rows
        internal = self.unit.internal
        view = ProgramView(
            title=c.comment(title),
            shards=self._shards(entry),
            slice=CText(""),
            defines=(*defines(unit.attach_point), *callbacks(unit), *self._canary_defines()),
            maps=tuple(self._map_views(private)),
            types=types,
            structs=c.block(HEADER_C + self.shapes.structs + self.tables.structs + self.automata.structs),
            members=self._members(),
            states=c.uint(max(len(self.values), 1)),
            cleared=_cleared(len(self.values)),
            slack=c.uint(SLACK),
            subject_bytes=c.uint(self._subject_bytes()),
            searches=(*self._searches, *(c.ident(name) for row in self._families for name in row.resets)),
            fields=fields,
            values=tuple(self._fetch(one) for one in self.values.stored),
            calls=self.calls,
            resumes=self.unit.resumes is not None,
            lates=tuple(LateView(one.late, c.uint(one.index), c.comment(one.source.path)) for one in self.lates),
            automata=self.automata.views,
            tests=tuple(self.tests.views),
            scopes=self.scopes.views,
            trees=tree_views(self.bound),
            follows=followed_views(self.bound),
            rules=self.rules,
            effects=tuple(EffectsView(c.uint(number), shape) for shape, number in self.shapes.numbers.items()),
            writes=self.tables.writes,
            writes_self="self" in self.tables.rows,
            writes_parent="parent" in self.tables.rows,
            most_maps=c.uint(self.shapes.most_maps),
            internals=self._internals,
            eager=tuple(c.uint(one.index) for one in self.values.stored if one.eager),
            packet=self.hook.packet,
            objects=tuple(map(c.uint, self._objects)),
            preemptible=self.hook.preemptible,
            holds_back=self._holds_back,
            computes=self.values.computes,
            result=CText(self.hook.result),
            chained=self.shards > 1,
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

    def _fetch(self, operand: Operand) -> FetchView | RowView:
        if isinstance(operand.source.access, Lookup | Kept):
            return self.tables.fetch(operand)
        return fetched(fetch_view(operand), operand, self.unit.resumes)

    @property
    def _internals(self) -> tuple[str, ...]:
        internal = self.unit.internal
        trees = ("internal/trees.c",) if self.unit.keeps and self.unit.keeps_processes else ()
        return (*trees, f"internal/{internal}.c") if internal else ()

    @cached_property
    def _objects(self) -> tuple[int, ...]:
        """Return which numbers of its context a snapshot's program reads."""
        found = map(argument_of, every_value(value for rule in self.unit.rules for value in rule_values(rule)))
        return tuple(sorted({one.index for one in found if one is not None})) if self.hook.streams else ()

    @property
    def _signals(self) -> bool:
        return any(shape.signal for shape in self.shapes.numbers)

    @property
    def _holds_back(self) -> bool:
        shapes = self.shapes.numbers
        return any(shape.above or any(event.samples or event.limits for event in shape.events) for shape in shapes)

    def _canary_defines(self) -> tuple[CText, ...]:
        """Return what `lib/canary.c` is told: where canaries are announced, and what their records say of this program."""
        if not self.rules:
            return ()
        point, program = (c.uint(int(text[-12:], 16)) for text in (self.unit.attach_point.id, self.bound.fingerprint))
        return (
            CText(f"PD_CANARY_ROW {c.uint(CANARY_ROW)}"),
            CText(f"PD_CANARY_COLUMN {AccountView().canary}"),
            CText(f"PD_CANARY_LAYOUT {c.uint(CANARY_LAYOUT)}"),
            CText(f"PD_CANARY_POINT {point}"),
            CText(f"PD_CANARY_PROGRAM {program}"),
        )

    def _members(self) -> tuple[CText, ...]:
        """Return the members of `struct subject`: values, the packet, room for a key and an event."""
        out = [member(one) for one in self.values.stored]
        for number, count in enumerate(self.shapes.counts.values()):
            out.append(CText(f"u32 queued_{number}"))
            out.append(CText(f"u32 queue_{number}[{c.uint(queue_length(count))}]"))
        if self._searches:
            out.append(CText(f"u8 sought[{c.uint(len(self.rules))}]"))
        out += self.automata.members
        out += [CText(f"u32 {one.late}") for one in self.lates]
        if self.scopes.views:
            out.append(CText(f"u8 scopes[{c.uint(len(self.scopes.views))}]"))
        out += [c.block(text) for row in self._families for text in row.members]
        if self.values.searches:
            out.append(CText("struct pd_search search"))
        if self.hook.packet:
            out.append(CText("struct pd_packet packet"))
        if self._objects:
            out.append(CText(f"u64 object[{c.uint(self._objects[-1] + 1)}]"))
        if self.unit.resumes:
            out.append(CText("u64 unpaired"))
        if self.key_bytes:
            out.append(CText(f"u64 key[{-(-self.key_bytes // 8)}]"))
        out += self.tables.members
        if self.shapes.event_bytes:
            out.append(CText(f"u64 event[{-(-self.shapes.event_bytes // 8) + 1}]"))
        return tuple(out)

    def _subject_bytes(self) -> int:
        """Return a bound of `sizeof(struct subject)`: the C text asserts that it holds."""
        values = sum(room(one) for one in self.values.stored)
        packet = (_PACKET_BYTES if self.hook.packet else 0) + (_SEARCH_BYTES if self.values.searches else 0)
        queues = sum(4 + 4 * queue_length(count) for count in self.shapes.counts.values())
        states = len(self.scopes.views) + len(self.values) + (len(self.rules) if self._searches else 0)
        rest = queues + self.key_bytes + self.shapes.event_bytes + states + SLACK
        rest += (
            self.tables.room
            + 8 * (len(self.lates) + (self.unit.resumes is not None) + len(self._objects and range(self._objects[-1] + 1)))
            + sum(row.room for row in self._families)
        )
        return -(-(values + packet + self.automata.room + rest + 64) // 8) * 8

    @property
    def _searches(self) -> tuple[CText, ...]:
        """What is found out before rules match, if their other tests leave it open; each has its state, and a function."""
        return (*(one.late for one in self.lates), *self.automata.flags)

    @cached_property
    def _families(self) -> tuple[Family, ...]:
        accessors = {_accessor(one.source.access) for one in self.values.stored}
        return families(accessors, self._own_families())

    def _types_and_fields(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Return the type files, the function files and the BTF types that the values need."""
        accesses = [one.source.access for one in self.values.stored]
        types = list(self.hook.types)
        rows = self._families
        types += [name for row in rows for name in row.headers]
        if self._uses_table:
            types.append("fields/process_table.c")
        if self.unit.internal == "process_exec":
            types.append("internal/process_exec_types.c")
        btf = {step.container for access in accesses for step in _steps(access)}
        btf |= {name for row in rows for name in row.types} | _INTERNAL_TYPES.get(self.unit.internal, frozenset())
        btf |= set(self.hook.btf) | (_TASK if self.unit.resumes else frozenset())
        return tuple(types), (*self.hook.fields, "fields/process.c", *(row.template for row in rows)), tuple(sorted(btf))

    @property
    def _uses_table(self) -> bool:
        """Whether the program needs the engine's process table."""
        return bool(self.values.rows) or self.unit.keeps_processes or any(row.table for row in self._families)

    def _own_families(self) -> Iterator[str]:
        """Yield the files that other templates than accessors need."""
        if self._signals:
            yield "fields/guard.c"
        if self.hook.reads_thread and self.rules:
            yield "fields/thread.c"
        if any(isinstance(one.source.access, StackTrace | KeptStack) for one in self.values.all):
            yield "fields/stack.c"
        if "parent" in self.values.rows:
            yield "fields/process_parent.c"
        if self.unit.internal == "process_exec":
            yield "fields/path.c"
        if asks_cgroups(self.unit.rules) or self.unit.internal == "cgroup_mkdir":
            yield "fields/below.c"
            yield f"fields/cgroup_of_{'socket' if self.hook.packet else 'process'}.c"
        if self.unit.internal == "cgroup_mkdir":
            yield "fields/follow.c"
        if self.unit.internal in {"process_exec", "process_fork"}:
            yield "fields/task_began.c"

    def _maps(self) -> tuple[tuple[tuple[str, str], ...], tuple[PrivateMap, ...]]:
        shared = {"config": "config", "account": "account", "rings": "rings", "scalars": "scalars"}
        shared |= {cls.name: f"class-{cls.name}" for cls in self._classes()}
        if calls := self.unit.calls:
            shared["calls"] = calls.pin
        zero_bytes = max(self.shapes.zero_bytes, calls.size if calls else 0)
        private = [PrivateMap("zeros", "array", 4, zero_bytes, 1), *self.automata.maps]
        if self.unit.rules:
            private.append(PrivateMap("rules", "array", 4, self.shapes.row_bytes, len(self.rules), self.shapes.rows()))
        slots = _SCRATCH_SLOTS if self.hook.preemptible else 1
        private.append(PrivateMap("scratch", "percpu_array", 4, self._subject_bytes(), slots))
        if self.hook.preemptible:
            private.append(PrivateMap("busy", "percpu_array", 4, 8, 1))
        if self._signals:
            shared["guarded"] = "guarded"
        if self.shards > 1:
            shared["shards"] = "shards"
        if self._uses_table:
            shared["processes"] = "processes"
        if self.unit.internal == "process_exec":
            private.append(PrivateMap("exec_work", "percpu_array", 4, PROCESSES_VALUE + 512, 1))
        if self.unit.internal == "cgroup_mkdir":
            private.append(PrivateMap("made_work", "percpu_array", 4, 512, 1))
        return tuple(shared.items()), tuple(private)

    def _classes(self) -> list[MapClass]:
        return sorted({self.bound.maps[key].map_class for key in self.unit.map_keys})

    def _map_views(self, private: tuple[PrivateMap, ...]) -> Iterator[MapView]:
        rows = [("config", "array", 4, 8, SHARED_ROWS), ("account", "percpu_array", 4, ACCOUNT_BYTES, SHARED_ROWS)]
        rows += [("scalars", "array", 4, 24, 8192), ("rings", "array_of_maps", 4, 4, SHARED_ROWS)]
        if self._signals:
            rows.append(("guarded", "hash", 4, 8, MOST_GUARDED))
        if self.shards > 1:
            rows.append(("shards", "prog_array", 4, 4, MOST_SHARDS + 2))
        rows += [(cls.name, "array_of_maps", 4, 4, 4096) for cls in self._classes()]
        if calls := self.unit.calls:
            rows.append(("calls", calls.map_class.type, calls.map_class.key_size, calls.size, calls.map_class.max_entries))
        if self._uses_table:
            rows.append(("processes", "hash", 4, PROCESSES_VALUE, PROCESSES_ENTRIES))
        rows += [(one.symbol, one.type, one.key_size, one.value_size, one.max_entries) for one in private]
        for name, kind, key, value, entries in rows:
            yield MapView(c.ident(name), c.uint(_KINDS[kind]), c.uint(key), c.uint(value), c.uint(entries))


_INTERNAL_TYPES = {
    "process_exec": frozenset(
        {"struct task_struct", "struct linux_binprm", "struct file", "struct dentry", "struct mount", "struct mm_struct"}
    ),
    "process_fork": _TASK,
    "cgroup_mkdir": frozenset({"struct cgroup", "struct cgroup_root", "struct kernfs_node"}),
    "process_exit": frozenset({"struct task_struct", "struct signal_struct"}),
}


def _eager(rules: tuple[TypedRule, ...]) -> frozenset[tuple[str, Access]]:
    """Values fetched at the start, with no question asked later: context loads, and cheap ones that several rules test."""
    tested = Counter(
        key
        for rule in rules
        for key in {(test.value.path, test.value.access, test.value.cost) for test in leaves(rule.condition)}
    )
    before = {(value.path, value.access) for value in scope_values(rules)}
    return frozenset(
        (path, access)
        for (path, access, cost), count in tested.items()
        if (path, access) not in before and (cost <= _CONTEXT_COST or (cost <= _EAGER_COST and count > 1))
    )


def _cleared(states: int) -> tuple[tuple[CText, CText], ...]:
    """Return the pieces in which states are cleared where there are more than the compiler clears in one go."""
    if states <= _MOST_CLEARED:
        return ()
    pieces = range(0, states, _MOST_CLEARED)
    return tuple((c.uint(offset), c.uint(min(_MOST_CLEARED, states - offset))) for offset in pieces)


def _accessor(access: Access) -> str:
    """Return the C accessor that a value is got by, or ''."""
    if isinstance(access, Builtin):
        return access.name
    return access.accessor if isinstance(access, Through) else ""


def _steps(access: Access) -> tuple[Step | Shift, ...]:
    """Return the steps through kernel memory that an access takes."""
    walk = access.pointer if isinstance(access, PointedString) else access
    return walk.steps if isinstance(walk, Walk | Through) else ()


def entry_names(entry: str, shards: int) -> tuple[str, ...]:
    """Return the kernel names of a unit's programs: the first has the unit's own."""
    return (entry, *(f"{entry[:12]}_{number:x}" for number in range(1, shards)))


def draw(bound: BoundUnit, title: str, entry: str, shards: int) -> Blueprint:
    """Return the programs of a bound unit, in at least so many shards."""
    return Drawing(bound, shards).blueprint(title, entry)
