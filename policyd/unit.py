"""The nouns between a policy and the kernel: attach points, typed rules, maps, units, and what is desired of a host.

`resolve.py` makes typed rules from a `Policy` and a `Target`; `gather` (here) sorts them into one `Unit` for each attach
point; `codegen.py` turns a unit into C; `plan.py` compares a `Desired` with what runs.  Everything here is frozen, made of
plain values, and independent of the kernel that runs it: the same policies and target give the same `Desired`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from policyd.calls import Calls
from policyd.condition import ALWAYS, AllOf, ListRef, ScalarRef, Test, leaves
from policyd.effect import TypedAction, limit_values, output_maps, output_scalars, output_values, tables_read, written_values
from policyd.maps import digest
from policyd.value import Saved, every_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.calls import Keyed
    from policyd.effect import EventOutput, MetricOutput, RateLimit, TableWrite
    from policyd.errors import Position
    from policyd.maps import MapSpec, ScalarParam
    from policyd.trees import Followed, Tree, TreeRoots
    from policyd.value import Access, Value

# ------------------------------------------------------------------------------------------------ where


MODES: dict[str, tuple[str, ...]] = {"xdp": ("auto", "generic", "native"), "netfilter": ("", "defrag")}
"""Kinds of attach points with a mode, which all policies there share (their `option`): what asks for more comes later."""


@dataclass(frozen=True, slots=True, order=True)
class AttachPoint:
    """A place in the kernel that holds one link: `kind` is the *attach* kind, `target` its coordinates.

    kind            target
    tracepoint      `syscalls/sys_enter_openat`
    raw_tracepoint  `sched_switch`
    xdp             `eth0`          `option`: `native`, `generic` or `auto`
    tcx clsact      `eth0`          `option`: `ingress` or `egress`
    netkit          `nk0`           `option`: `primary` or `peer`
    netfilter       `ip/input/0` (family, hook, priority)    `option`: `defrag`, or none
    cgroup          `/sys/fs/cgroup/…` (absolute directory)   `option`: `connect4`, `skb_ingress`…
    sock_ops        `/sys/fs/cgroup/…`
    sk_lookup       `/run/netns/blue` (a file of a network namespace), or `own`: that of whoever attaches
    kprobe          `vfs_read`      `option`: `return`, or none
    kprobe_multi    `vfs_read+11-3f2a9c` (`several`); `members`: the functions, sorted
    fentry fexit fmod_ret           `vfs_read`
    lsm             `file_open`
    uprobe          `/path:0x1234`, with `(0x5678)` for a semaphore, `@PID` for one process   `option`: `return`, or none
    uprobe_multi    as `uprobe`, `several` for the offset; `members`: the file offsets, sorted
    perf_event      `cpu-clock/frequency=99/cpus=all`

    A `syscall` hook becomes a tracepoint.  `key` is what people see; `id` is what bpffs holds (no dots allowed there).
    `policyd/places.py` makes and reads the targets of probes.
    """

    kind: str
    target: str
    option: str = ""
    header: str = "ethernet"  # what a packet of this interface begins with: `ethernet`, or `none` (wg, tun: IP at once)
    members: tuple[str, ...] = ()
    file: str = field(default="", repr=False)  # the state of the file that a uprobe's path meant (`file_state`)

    @property
    def key(self) -> str:
        """Name the place; a mode (`MODES`) is no part of it, for such a place takes one program, in whichever mode."""
        option = "" if self.kind in MODES else self.option
        return f"{self.kind}:{self.target}" + (f":{option}" if option else "")

    @property
    def id(self) -> str:
        return f"{self.kind}-{hashlib.sha256(self.key.encode()).hexdigest()[:12]}"


OWN_NETWORK = "own"
"""The target that is the network namespace of the thread which attaches."""


def kind_of(point: str) -> str:
    """Return the attach kind of a point, by its id."""
    return point.rpartition("-")[0]


def several(names: tuple[str, ...]) -> str:
    """Return the target of a point with several members: the first one's name, how many more, and a digest of all."""
    return f"{names[0]}+{len(names) - 1}-{digest(names)[:6]}"


# ------------------------------------------------------------------------------------------------ typed rules


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the calls begin that a rule sees end; of those for which `condition` holds there something is kept.

    `stack` is as in `Calls`.
    """

    point: AttachPoint
    condition: AllOf = ALWAYS
    stack: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class TypedScope:
    """Whom rules are about: asked once an event, before them.  `unresolved`: the answer where something cannot be told."""

    condition: AllOf
    unresolved: bool = False


@dataclass(frozen=True, slots=True)
class TypedRule:
    """One rule of one policy at one attach point, ready for code.  `row` counts the policy's rules (0…)."""

    policy: str
    row: int
    name: str
    attach_point: AttachPoint
    condition: AllOf
    outputs: tuple[EventOutput | MetricOutput, ...]
    action: TypedAction
    hook_kind: str  # as the policy spells it: syscall, tracepoint…
    hook: int  # index into the policy's `hooks`: what an event's header says
    phase: Literal["enter", "exit", "call", ""] = ""
    position: Position | None = field(default=None, compare=False, repr=False)
    writes: tuple[TableWrite, ...] = ()
    entry: Entry | None = field(default=None, repr=False)  # where the calls begin, if the rule wants to know how they did
    tags: tuple[str, ...] = field(default=(), repr=False)  # the policy's, then its own; no part of the program either
    scopes: tuple[TypedScope, ...] = field(default=(), repr=False)  # all of them must hold
    above: RateLimit | None = field(default=None, repr=False)  # what this lets through is as if it had not matched


def rule_tests(rule: TypedRule) -> Iterator[Test]:
    """Yield every test that a rule asks: those of its scopes, then its own."""
    for scope in rule.scopes:
        yield from leaves(scope.condition)
    yield from leaves(rule.condition)


def put_out(rule: TypedRule) -> Iterator[Value]:
    """Yield every value that a rule gives to its limit, to outputs and to tables."""
    yield from limit_values(rule.above) if rule.above else ()
    for output in rule.outputs:
        yield from output_values(output)
    for write in rule.writes:
        yield from written_values(write)


def written_maps(rule: TypedRule) -> tuple[str, ...]:
    """Return the names of the policy's maps that a rule writes to, each once."""
    names = [name for output in rule.outputs for name in output_maps(output)]
    names += [rule.above.name] if rule.above else []
    return tuple(dict.fromkeys([*names, *(write.map_name for write in rule.writes)]))


def rate_scalars(rule: TypedRule) -> tuple[str, ...]:
    """Return the names of the scalars that have the numbers of a rule's rates and samples."""
    names = [name for output in rule.outputs for name in output_scalars(output)]
    return (*names, rule.above.name) if rule.above else tuple(names)


def rule_values(rule: TypedRule) -> Iterator[Value]:
    """Yield every value that a rule asks for: those that it tests, then those that it puts out."""
    for test in rule_tests(rule):
        yield test.value
    yield from put_out(rule)


@dataclass(frozen=True, slots=True)
class Means:
    """By which of the kernel's means a rule sees what it hooks: `targets` are what the hook's names stand for at `point`.

    `why` says, if something better was not to be had, what and why.
    """

    rule: str
    hook: str
    point: AttachPoint
    targets: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class TypedPolicy:
    """A policy as this target understands it.

    `document` is the canonical JSON text of the policy's document: it goes into the record, so that a later process can
    resolve it again.  `not_applicable` names optional rules that this target has no hook or field for: (rule name, reason).
    """

    name: str
    rules: tuple[TypedRule, ...]
    maps: tuple[MapSpec, ...]
    scalars: tuple[ScalarParam, ...]
    ring_bytes: int
    enforce: bool
    suspend: bool
    severity: str
    document: str
    hooks: tuple[str, ...] = ()  # every hook of every rule as people see it: `syscall:openat`
    source: str = ""
    list_sources: tuple[tuple[str, str], ...] = ()  # PolicyLists that it has definitions of: name, `file:line` if known
    needs_process_table: bool = False  # some field comes from the engine-owned process unit
    not_applicable: tuple[tuple[str, str], ...] = ()
    means: tuple[Means, ...] = ()  # of rules whose hooks can be seen in several ways, or name several things
    trees: tuple[TreeRoots, ...] = ()  # processes that its scopes hold
    follows: tuple[Followed, ...] = ()  # cgroups that its scopes name

    @property
    def points(self) -> frozenset[str]:
        """The ids of the attach points that its rules are at, and of those where something is kept for them."""
        return frozenset({rule.attach_point.id for rule in self.rules} | set(self.entries))

    @property
    def entries(self) -> tuple[str, ...]:
        """The ids of the attach points where something is kept for its rules."""
        made = {CGROUP_POINT.id} if self.follows else set()
        return tuple(sorted(made | {rule.entry.point.id for rule in self.rules if rule.entry is not None}))

    @property
    def acts(self) -> bool:
        """Whether any rule has a verdict or a signal."""
        return any(rule.action != TypedAction() for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Saves:
    """What the program at an attach point keeps of the calls that begin there, and for which rules.

    `conditions` are (policy, what must hold of a call), one of which must; `rules` are (policy, rule name).
    """

    calls: Calls
    conditions: tuple[tuple[str, AllOf], ...]
    rules: tuple[tuple[str, str], ...]

    @property
    def policies(self) -> frozenset[str]:
        return frozenset(policy for policy, _ in self.rules)

    @property
    def tests(self) -> tuple[Test, ...]:
        return tuple(test for _, condition in self.conditions for test in leaves(condition))

    @property
    def values(self) -> tuple[Value, ...]:
        """What is asked of a call that begins: what it is tested by, and what is kept of it."""
        return (*(test.value for test in self.tests), *self.calls.values)


@dataclass(frozen=True, slots=True)
class Unit:
    """One C program for one attach point, holding every rule of every policy there, in policy name order.

    `internal` names the engine-owned template beside rules (`process_exec`, `process_fork`, `process_exit`, `cgroup_mkdir`).
    """

    attach_point: AttachPoint
    rules: tuple[TypedRule, ...]
    internal: str = ""
    saves: Saves | None = None  # what is kept of the calls that begin here
    resumes: Calls | None = None  # what was kept of the calls that end here
    keeps: tuple[Tree | Followed, ...] = ()  # whose maps are kept here

    @property
    def keeps_processes(self) -> bool:
        """Whether the process table is kept here."""
        return self.internal.startswith("process_")

    @property
    def calls(self) -> Calls | None:
        """The calls that begin or end here, of which something is kept."""
        return self.saves.calls if self.saves else self.resumes

    @property
    def policies(self) -> tuple[str, ...]:
        """The policies with rules here, and those for whose rules something is kept here."""
        kept = {*(self.saves.policies if self.saves else ())} | {one.policy for one in self.keeps}
        return tuple(sorted({rule.policy for rule in self.rules} | kept))

    @property
    def map_keys(self) -> tuple[tuple[str, str], ...]:
        """(policy, map) of every map that a rule of this unit writes or looks into."""
        found = {(one.policy, name) for one in self.keeps for name in one.maps}
        for rule in self.rules:
            found |= {(rule.policy, name) for name in written_maps(rule)}
            found |= {(rule.policy, test.ref.map_name) for test in rule_tests(rule) if isinstance(test.ref, ListRef)}
            found |= set(tables_read(rule_values(rule)))
        for policy, condition in self.saves.conditions if self.saves else ():
            found |= {(policy, test.ref.map_name) for test in leaves(condition) if isinstance(test.ref, ListRef)}
        return tuple(sorted(found))

    @property
    def scalar_keys(self) -> tuple[tuple[str, str], ...]:
        """(policy, scalar) of every scalar that a rule of this unit compares with, or that has the numbers of a rate."""
        tests = ((rule.policy, test.ref) for rule in self.rules for test in rule_tests(rule))
        found = {(policy, ref.name) for policy, ref in tests if isinstance(ref, ScalarRef)}
        found |= {(rule.policy, name) for rule in self.rules for name in rate_scalars(rule)}
        return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class Desired:
    """What shall run on the host: policies by name, and the units that their rules make."""

    policies: dict[str, TypedPolicy]
    units: tuple[Unit, ...]


# ------------------------------------------------------------------------------------------------ rows and fingerprints

SHARED_ROWS = 1024
"""Rows of the shared maps that have one a policy."""

CANARY_ROW = SHARED_ROWS - 1
"""The row of `config` that no policy gets: {u32 until, u32 thread} names the thread whose events are canaries, and until
which second since boot they are."""

MOST_GUARDED = 64
"""How many processes can be kept from signals at a time."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The numbers that generated code uses for things in shared maps; allotted by the planner, kept in records.

    `policies[name]`: row in config, account and rings.  `maps[(policy, map)]`: row in the outer map of its class.
    `scalars[(policy, param)]`: row in the shared scalars array.
    """

    policies: dict[str, int]
    maps: dict[tuple[str, str], int]
    scalars: dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class BoundUnit:
    """A unit with the rows and map classes that its code names: all that `codegen.render` needs."""

    unit: Unit
    rows: Rows
    maps: dict[tuple[str, str], MapSpec]

    @property
    def fingerprint(self) -> str:
        """Identity of the code (48 bits shown as 12 hex digits in the program's name), same for every builder."""
        rules = self.unit.rules
        names = self.unit.policies
        used = tuple(
            (key, self.maps[key].map_class, self.rows.maps[key], self.maps[key].fingerprint, self.maps[key].buckets)
            for key in self.unit.map_keys
        )
        scalars = tuple((key, self.rows.scalars[key]) for key in self.unit.scalar_keys)
        rows = tuple(self.rows.policies[name] for name in names)
        facts: tuple[object, ...] = (CODE_VERSION, self.unit.attach_point, self.unit.internal, rules, used, scalars, rows)
        scopes = tuple(rule.scopes for rule in rules)
        facts += (self.unit.keeps, scopes) if self.unit.keeps or any(scopes) else ()
        above = tuple(rule.above for rule in rules)
        facts += (above,) if any(above) else ()
        saves, resumes = self.unit.saves, self.unit.resumes
        if saves is None and resumes is None:
            return digest(facts)
        return digest(
            (*facts, (saves.calls.pin, saves.conditions, saves.rules) if saves else (), resumes.pin if resumes else "")
        )

    @property
    def program_name(self) -> str:
        """The kernel name of the (first) program: 15 characters, ownership and identity can be read back from it."""
        return f"pd_{self.fingerprint}"


CODE_VERSION = 5
"""Raise it when the code generator makes other code for the same unit: running programs are then replaced."""


PROCESS_UNITS: tuple[tuple[str, str], ...] = (
    ("sched_process_fork", "process_fork"),
    ("sched_process_exec", "process_exec"),
    ("sched_process_exit", "process_exit"),
)

PROCESS_POINTS = tuple(AttachPoint("raw_tracepoint", event) for event, _ in PROCESS_UNITS)
"""Where the engine's own programs keep the process table."""

CGROUP_POINT = AttachPoint("raw_tracepoint", "cgroup_mkdir")
"""Where one of them sees cgroups being made."""


def gather(policies: list[TypedPolicy]) -> Desired:
    """Sort the rules of all policies into one unit for each attach point, and add the engine-owned units they need.

    The process units share their raw tracepoints with policies: rules there run in the same program, after the table is
    changed (exit: before), so that they see the process that an exec makes, and the one that an exit ends.
    """
    policies = _with_one_mode(policies)
    internal = {}
    if any(policy.needs_process_table for policy in policies):
        internal = {point: name for point, (_, name) in zip(PROCESS_POINTS, PROCESS_UNITS, strict=True)}
    keeps: dict[AttachPoint, tuple[Tree | Followed, ...]] = {}
    if follows := tuple(sorted(one for policy in policies for one in policy.follows)):
        internal[CGROUP_POINT], keeps[CGROUP_POINT] = "cgroup_mkdir", follows
    trees = tuple(sorted(roots.tree for policy in policies for roots in policy.trees))
    keeps |= dict.fromkeys(PROCESS_POINTS, trees)
    by_point: dict[AttachPoint, list[TypedRule]] = {point: [] for point in internal}
    for policy in sorted(policies, key=lambda p: p.name):
        for rule in policy.rules:
            by_point.setdefault(rule.attach_point, []).append(rule)
    saves = _saves(rule for rules in by_point.values() for rule in rules)
    resumes = {exit_: saved.calls for (_, exit_), saved in saves.items()}
    begins = {entry: saved for (entry, _), saved in saves.items()}
    units = tuple(
        Unit(
            point,
            tuple(by_point.get(point, ())),
            internal.get(point, ""),
            begins.get(point),
            resumes.get(point),
            keeps.get(point, ()),
        )
        for point in sorted({*by_point, *begins})
    )
    return Desired({policy.name: policy for policy in policies}, units)


def _saves(rules: Iterable[TypedRule]) -> dict[tuple[AttachPoint, AttachPoint], Saves]:
    """Return what must be kept between attach points, by (entry, exit), for rules that want to know how calls began."""
    pairs: dict[tuple[AttachPoint, AttachPoint], list[TypedRule]] = {}
    for rule in rules:
        if rule.entry is not None:
            pairs.setdefault((rule.entry.point, rule.attach_point), []).append(rule)
    return {pair: _saved(*pair, wanting) for pair, wanting in pairs.items()}


def _saved(entry: AttachPoint, exit_: AttachPoint, rules: list[TypedRule]) -> Saves:
    """Return what `rules` want kept; of a value that several want in several sizes, the widest."""
    widest: dict[tuple[str, Access], Value] = {}
    for value in (found for rule in rules for found in saved_values(rule)):
        known = widest.get((value.path, value.access))
        if known is None or known.type.size < value.type.size:
            widest[value.path, value.access] = value
    kept = tuple(sorted(widest.values(), key=lambda value: (value.path, repr(value.access))))
    conditions = tuple(sorted({(rule.policy, rule.entry.condition) for rule in rules if rule.entry}, key=repr))
    if any(not condition.parts for _, condition in conditions):
        conditions = ()
    names = tuple(sorted({(rule.policy, rule.name) for rule in rules}))
    keyed = _keyed(exit_)
    stack = next(rule.entry.stack for rule in rules if rule.entry) if keyed == "stack" else (0, 0)
    return Saves(Calls(entry.key, exit_.key, keyed, kept, bool(exit_.members), stack), conditions, names)


def saved_values(rule: TypedRule) -> Iterator[Value]:
    """Yield the values of the entry that a rule wants kept."""
    return (value.access.value for value in every_value(rule_values(rule)) if isinstance(value.access, Saved))


def _keyed(exit_: AttachPoint) -> Keyed:
    if exit_.kind == "tracepoint":
        return "thread"
    return "context" if exit_.kind == "fexit" else "stack"


def _with_one_mode(policies: list[TypedPolicy]) -> list[TypedPolicy]:
    """Give all rules at a place the same mode: the one furthest to the right in `MODES` that any rule asks for."""
    modes: dict[str, str] = {}
    for point in {rule.attach_point for policy in policies for rule in policy.rules if rule.attach_point.kind in MODES}:
        order = MODES[point.kind]
        modes[point.key] = max(modes.get(point.key, order[0]), point.option, key=order.index)

    def moved(rule: TypedRule) -> TypedRule:
        point = rule.attach_point
        if point.kind not in MODES or point.option == modes[point.key]:
            return rule
        return replace(rule, attach_point=replace(point, option=modes[point.key]))

    return [replace(policy, rules=tuple(map(moved, policy.rules))) if modes else policy for policy in policies]
