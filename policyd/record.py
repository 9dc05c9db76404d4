"""What is pinned beside the maps and links: records, JSON in frozen array maps, so that the kernel alone is the state.

A `PolicyRecord` says everything that a later process needs about one policy: its document (to resolve it again), the rows
and layouts of its maps and scalars, and the layouts of every event that may still be in its ring.  A `HookRecord` says what
one attach point shall run.  The engine writes records; the planner, the readers and the command line read them.
A record that cannot be read is a fact like any other (`Found.reason`), never an exception.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from policyd.effect import EventOutput, Message
from policyd.errors import KernelError
from policyd.layout import Layout  # noqa: TC001 (msgspec reads the annotations of the records)
from policyd.maps import Buckets, MapClass, MapSpec, Purpose, StatColumn, digest
from policyd.unit import PROCESS_POINTS, AttachPoint, Rows, TypedPolicy
from policyd.vocabulary.types import ValueType  # noqa: TC001 (as above)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from policyd.kernel.port import Kernel

SCHEMA = 1
"""Version of the records' shape; a record of a later schema is reported, not guessed at."""

GENERATIONS = 5
"""How many generations of event layouts a policy's record keeps, the current one included."""

MAX_RECORD_BYTES = 64 << 20

POLICIES, HOOKS, SHARED = "policies", "hooks", "shared"


def policy_id(name: str) -> str:
    """Return the name of a policy's directory in bpffs."""
    return f"policy-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def policy_path(name: str, *parts: str) -> str:
    """Return a path below a policy's directory, relative to the bpffs root."""
    return "/".join((POLICIES, policy_id(name), *parts))


def hook_path(point: AttachPoint, *parts: str) -> str:
    """Return a path below an attach point's directory, relative to the bpffs root."""
    return "/".join((HOOKS, point.id, *parts))


def map_pin(policy: str, name: str, fingerprint: str) -> str:
    """Return the pin name of a policy's map: another fingerprint is another pin, so that old and new stand side by side."""
    return f"map-{digest((policy, name, fingerprint))}"


def class_pin(map_class: MapClass) -> str:
    """Return the name, below `shared/`, of the outer array of a map class."""
    return f"class-{map_class.name}"


def contents_name(values: Iterable[bytes]) -> str:
    """Return the kernel name of a list's inner map, which tells its contents (the map is frozen when it is full)."""
    state = hashlib.sha256()
    for value in sorted(values):
        state.update(len(value).to_bytes(4, "little") + value)
    return f"pd_{state.hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class MapRecord:
    """One map of a policy: which row of which outer array holds it, and how to decode its keys and values."""

    name: str
    row: int
    map_class: MapClass
    purpose: Purpose
    fingerprint: str
    max_entries: int
    key: Layout | None
    value: Layout
    help: str = ""
    param: str = ""
    list: str = ""
    buckets: Buckets | None = None
    stats: tuple[StatColumn, ...] = ()
    contents: str = ""  # of a list: `contents_name` of its values; empty for an empty list and for what is not a list

    @property
    def shared(self) -> str:
        """The name of the outer array below `shared/`."""
        return class_pin(self.map_class)


@dataclass(frozen=True, slots=True)
class ScalarRecord:
    """One scalar param: its row in `shared/scalars` (`{u64 set; u64 low; u64 high;}`) and its type."""

    name: str
    row: int
    type: ValueType
    value: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """What an event's rule row means, and what `get` and `describe` show of a rule."""

    row: int
    name: str
    point: str  # AttachPoint.key
    hook_kind: str
    hook: int
    phase: str
    verdict: str
    number: int
    signal: int
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LayoutRecord:
    """A layout of events that may be in the ring; `rules` maps rule rows to names as they were in that generation.

    `messages` are those of these rules, by row.
    """

    id: int
    layout: Layout
    rules: tuple[tuple[int, str], ...]
    generation: int
    messages: tuple[tuple[int, Message], ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    """All about one policy as it was applied.  `points` are the ids of its attach points, `hooks` their names for people.

    `entries` are the ids of those where something is kept of calls for its rules, which are at their ends.
    `list_sources` are the PolicyLists that it has definitions of, with their places (`file:line`).
    `overrides` are params set by hand: name → values as text.  `applied` is in seconds since 1970.  `process_table`: some
    field comes from the engine's process table.
    """

    name: str
    document: str
    row: int
    ring_bytes: int
    enforce: bool
    suspend: bool
    acts: bool
    severity: str
    set: str = ""
    source: str = ""
    revision: str = ""
    hooks: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    rules: tuple[RuleRecord, ...] = ()
    maps: dict[str, MapRecord] = field(default_factory=dict)
    scalars: dict[str, ScalarRecord] = field(default_factory=dict)
    layouts: tuple[LayoutRecord, ...] = ()
    generation: int = 1
    overrides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    not_applicable: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    process_table: bool = False
    list_sources: dict[str, str] = field(default_factory=dict)
    policyd: str = ""
    boot_id: str = ""
    applied: float = 0.0
    schema: int = SCHEMA

    @property
    def id(self) -> str:
        """The name of the policy's directory in bpffs."""
        return policy_id(self.name)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of its rules, the policy's own among them."""
        return tuple(dict.fromkeys(tag for rule in self.rules for tag in rule.tags))

    @property
    def needed_points(self) -> tuple[str, ...]:
        """The ids of its attach points, of those where its calls begin, and of those that keep the process table for it."""
        engine = (point.id for point in PROCESS_POINTS if self.process_table)
        return tuple(dict.fromkeys((*self.points, *self.entries, *engine)))

    def layout(self, layout_id: int) -> LayoutRecord | None:
        """Return the layout that an event's header names, or None if it has been forgotten."""
        return next((known for known in self.layouts if known.id == layout_id), None)

    def same_as(self, other: PolicyRecord) -> bool:
        """Whether nothing differs but who wrote it and when, and where the file stood."""
        return self._timeless() == other._timeless()

    def _timeless(self) -> PolicyRecord:
        return replace(self, policyd="", boot_id="", applied=0.0, source="", list_sources={})


@dataclass(frozen=True, slots=True)
class UsedRows:
    """Rows that a program's code names: they must not be given to others while it may run."""

    policies: tuple[int, ...] = ()
    scalars: tuple[int, ...] = ()
    maps: tuple[tuple[str, int], ...] = ()  # (name below `shared/`, row)

    def __or__(self, other: UsedRows) -> UsedRows:
        return UsedRows(
            tuple(sorted({*self.policies, *other.policies})),
            tuple(sorted({*self.scalars, *other.scalars})),
            tuple(sorted({*self.maps, *other.maps})),
        )


@dataclass(frozen=True, slots=True)
class HookRecord:
    """What one attach point shall run.  It is written before the swap, so `programs` may not run yet.

    `programs` are kernel ids: what runs is right if and only if the slot (or the link) holds the first of them and every map
    of `shared` (name → id) is still the one that they were loaded with.  `previous` are the rows of what ran before.
    `kept_for` are the rules (policy, name) at the end of the calls that begin here, for which something is kept.
    """

    point: AttachPoint
    fingerprint: str
    policies: tuple[str, ...]
    programs: tuple[int, ...]
    program_names: tuple[str, ...]
    shared: dict[str, int]
    rows: UsedRows
    previous: UsedRows = UsedRows()
    created: float = 0.0
    kept_for: tuple[tuple[str, str], ...] = ()
    schema: int = SCHEMA


RecordType = TypeVar("RecordType")


@dataclass(frozen=True, slots=True)
class Found(Generic[RecordType]):
    """A record, or why there is none: `reason` is empty if there simply is no such pin."""

    record: RecordType | None
    reason: str = ""


@contextmanager
def opened(kernel: Kernel, path: str) -> Iterator[int | None]:
    """Hold a file descriptor of the pin at `path` (None if there is none) for the length of a `with` block."""
    fd = kernel.open(path)
    try:
        yield fd
    finally:
        if fd is not None:
            kernel.close(fd)


def find_record(kernel: Kernel, path: str, kind: type[RecordType]) -> Found[RecordType]:
    """Read the record at `path`; whatever is wrong with it is in the answer."""
    try:
        data = _read(kernel, path)
    except KernelError as error:
        return Found(None, f"{path} cannot be read: {error}")
    if data is None:
        return Found(None)
    if isinstance(data, str):
        return Found(None, f"{path} {data}")
    return _decode(path, data, kind)


def read_record(kernel: Kernel, path: str) -> PolicyRecord | None:
    """Read the policy record at `path`, or None if there is none that this policyd understands."""
    return find_record(kernel, path, PolicyRecord).record


def read_policies(kernel: Kernel) -> dict[str, PolicyRecord]:
    """Return all readable policy records by policy name."""
    found = (read_record(kernel, f"{POLICIES}/{directory}/record") for directory in kernel.list(POLICIES))
    return {record.name: record for record in found if record is not None}


def _read(kernel: Kernel, path: str) -> bytes | str | None:
    """Return the JSON bytes, or what is wrong, or None if there is no pin."""
    with opened(kernel, path) as fd:
        if fd is None:
            return None
        info = kernel.map_info(fd)
        if (info.type, info.key_size, info.max_entries) != ("array", 4, 1) or info.value_size > MAX_RECORD_BYTES:
            return f"is no record but a map of type {info.type}"
        if not info.frozen:
            return "is not frozen: it may be half written, or not ours"
        data = kernel.lookup(fd, bytes(4))
        return data.rstrip(b"\0") if data else "is empty"


def _decode(path: str, data: bytes, kind: type[RecordType]) -> Found[RecordType]:
    try:
        schema = msgspec.json.decode(data, type=dict[str, Any]).get("schema")
        if schema != SCHEMA:
            return Found(None, f"{path} has schema {schema}, this policyd knows {SCHEMA}: use the policyd that wrote it")
        return Found(msgspec.json.decode(data, type=kind))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Found(None, f"{path} is no record: {error}")


def write_record(kernel: Kernel, path: str, record: object) -> None:
    """Pin `record` at `path` in place of what was there, atomically: readers see the old one or the new one, whole."""
    data = msgspec.json.encode(record)
    data += bytes(-len(data) % 8)
    fd = kernel.create_map("array", 4, len(data), 1, name="pd_record")
    try:
        kernel.update(fd, bytes(4), data)
        kernel.freeze(fd)
        kernel.pin(fd, path)
    finally:
        kernel.close(fd)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A policy that shall run, with what its record says beside the document: where it came from, what was set by hand."""

    policy: TypedPolicy
    set: str = ""
    revision: str = ""
    overrides: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def policy_record(wanted: Wanted, rows: Rows, previous: PolicyRecord | None) -> PolicyRecord:
    """Return the record of `wanted` (not who wrote it, and when); layouts of `previous` that may be in the ring are kept."""
    policy = wanted.policy
    generation, layouts = _layouts(policy, previous)
    return PolicyRecord(
        name=policy.name,
        document=policy.document,
        row=rows.policies[policy.name],
        ring_bytes=policy.ring_bytes,
        enforce=policy.enforce,
        suspend=policy.suspend,
        acts=policy.acts,
        severity=policy.severity,
        set=wanted.set,
        source=policy.source,
        revision=wanted.revision,
        hooks=policy.hooks,
        points=tuple(sorted({rule.attach_point.id for rule in policy.rules})),
        entries=policy.entries,
        rules=_rules(policy),
        maps={spec.name: _map_record(spec, rows.maps[policy.name, spec.name]) for spec in policy.maps},
        scalars={
            param.name: ScalarRecord(param.name, rows.scalars[policy.name, param.name], param.type, param.value)
            for param in policy.scalars
        },
        layouts=layouts,
        generation=generation,
        overrides=dict(wanted.overrides),
        not_applicable=policy.not_applicable,
        warnings=wanted.warnings,
        process_table=policy.needs_process_table,
        list_sources=_list_sources(policy, previous),
    )


def _rules(policy: TypedPolicy) -> tuple[RuleRecord, ...]:
    return tuple(
        RuleRecord(
            rule.row, rule.name, rule.attach_point.key, rule.hook_kind, rule.hook, rule.phase,
            rule.action.verdict, rule.action.number, rule.action.signal, rule.tags,
        )
        for rule in policy.rules
    )  # fmt: skip


def _list_sources(policy: TypedPolicy, previous: PolicyRecord | None) -> dict[str, str]:
    """Return where PolicyLists stand; a policy that was resolved from its record does not know it any more."""
    known = previous.list_sources if previous else {}
    return {name: source or known.get(name, "") for name, source in policy.list_sources}


def _map_record(spec: MapSpec, row: int) -> MapRecord:
    return MapRecord(
        name=spec.name,
        row=row,
        map_class=spec.map_class,
        purpose=spec.purpose,
        fingerprint=spec.fingerprint,
        max_entries=spec.max_entries,
        key=spec.key,
        value=spec.value,
        help=spec.help,
        param=spec.param,
        list=spec.list,
        buckets=spec.buckets,
        stats=spec.stats,
        contents=contents_name(spec.values) if spec.values else "",
    )


def _layouts(policy: TypedPolicy, previous: PolicyRecord | None) -> tuple[int, tuple[LayoutRecord, ...]]:
    """Return the generation and the layouts: today's, and those of the last generations that today no longer has."""
    today: dict[int, tuple[Layout, dict[int, str]]] = {}
    messages: dict[int, dict[int, Message]] = {}
    for rule in policy.rules:
        for output in rule.outputs:
            if isinstance(output, EventOutput):
                today.setdefault(output.layout.id, (output.layout, {}))[1][rule.row] = rule.name
                said = messages.setdefault(output.layout.id, {})
                said |= {rule.row: output.message} if output.message else {}
    known = previous.layouts if previous else ()
    generation = previous.generation if previous else 1
    before = {(row.id, row.rules) for row in known if row.generation == generation}
    if previous and before != {(id_, tuple(sorted(rules.items()))) for id_, (_, rules) in today.items()}:
        generation += 1
    current = [
        LayoutRecord(id_, layout, tuple(sorted(rules.items())), generation, tuple(sorted(messages[id_].items())))
        for id_, (layout, rules) in today.items()
    ]
    old = [row for row in known if row.id not in today and row.generation > generation - GENERATIONS]
    return generation, tuple(sorted([*current, *old], key=lambda row: (-row.generation, row.id)))
