"""What the templates of a whole program may print: `program.c`, `rule.c`, `late.c` and `shard.c`, made by `program.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policyd.codegen.automata import MachineView
    from policyd.codegen.calls import CallsView
    from policyd.codegen.condition import TestView
    from policyd.codegen.ctext import CText
    from policyd.codegen.effects import EffectsView
    from policyd.codegen.fetching import FetchView
    from policyd.codegen.output import AccountView
    from policyd.codegen.scopes import FollowedView, ScopeView, TreeView
    from policyd.codegen.tables import RowView, WriteView


@dataclass(frozen=True, slots=True)
class MapView:
    """A map's declaration; libbpf is given the real one by name."""

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
    searches: tuple[CText, ...]
    effects: CText
    mask: CText
    in_scope: CText
    writes: CText | None


@dataclass(frozen=True, slots=True)
class LateView:
    """What `late.c` may print of a value that is fetched for tests once all others have been asked."""

    name: CText
    index: CText
    comment: CText


@dataclass(frozen=True, slots=True)
class DueView:
    """A dear value that rules of some shapes put out: fetched before their effects, if such a rule has matched."""

    index: CText
    wanted: CText


@dataclass(frozen=True, slots=True)
class TakeView:
    """The effects of one shape in one shard, whose queue holds at most `rules` entries."""

    effects: CText
    rules: CText


@dataclass(frozen=True, slots=True)
class ShardView:
    """What `shard.c` may print: one program of the chain that a unit is cut into, each calling the `next` one.

    Its rules are those from `begin` up to, not including, `end`.
    """

    index: CText
    entry: CText
    begin: CText
    end: CText
    rules: tuple[RuleView, ...]
    searches: tuple[CText, ...]
    scopes: tuple[CText, ...]
    some_in_scope: CText
    dues: tuple[DueView, ...]
    takes: tuple[TakeView, ...]
    writes: tuple[WriteView, ...]
    first: bool
    saves: bool
    last: bool
    next: CText


@dataclass(frozen=True, slots=True)
class ProgramView:
    """What `program.c` may print.

    `cleared` are offset and size of the pieces of `state` that are cleared one by one, where there is too much for one go.
    """

    title: CText
    shards: tuple[ShardView, ...]
    slice: CText
    defines: tuple[CText, ...]
    maps: tuple[MapView, ...]
    types: tuple[str, ...]
    structs: CText
    members: tuple[CText, ...]
    states: CText
    cleared: tuple[tuple[CText, CText], ...]
    slack: CText
    subject_bytes: CText
    searches: tuple[CText, ...]
    fields: tuple[str, ...]
    values: tuple[FetchView | RowView, ...]
    calls: CallsView | None
    resumes: bool
    lates: tuple[LateView, ...]
    automata: tuple[MachineView, ...]
    tests: tuple[TestView, ...]
    scopes: tuple[ScopeView, ...]
    trees: tuple[TreeView, ...]
    follows: tuple[FollowedView, ...]
    rules: tuple[RuleView, ...]
    effects: tuple[EffectsView, ...]
    writes: tuple[WriteView, ...]
    writes_self: bool
    writes_parent: bool
    most_maps: CText
    internals: tuple[str, ...]
    eager: tuple[CText, ...]
    packet: bool
    objects: tuple[CText, ...]
    preemptible: bool
    holds_back: bool
    computes: bool
    result: CText
    chained: bool
    policy_rows: tuple[CText, ...]
    account: AccountView
    self: bool
    parent: bool
    self_first: bool
    parent_first: bool
    internal_first: bool
    internal_last: bool
