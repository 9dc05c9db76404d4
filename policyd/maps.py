"""The maps that policies own: classes of maps that can stand in for one another, what each holds, and scalar params.

`resolve` makes them, `plan` and `engine` see to it that the kernel has them, `codegen` names them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from policyd.layout import Layout
    from policyd.vocabulary.types import ValueType


def digest(facts: object) -> str:
    """Return 12 hex digits over the `repr` of frozen values (dataclasses, tuples, ints, strings, bytes)."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, order=True)
class MapClass:
    """What inner maps of one outer array must have in common: type, sizes in bytes, flags, value columns."""

    type: str  # "hash" "lru_hash" "percpu_hash" "lru_percpu_hash" "array" "percpu_array" "lpm_trie" "ringbuf"
    key_size: int
    value_size: int
    flags: int = 0
    # arrays inside an outer map must also agree in their number of entries (0: of no matter)
    max_entries: int = 0

    @property
    def name(self) -> str:
        """The C symbol and pin name of the outer map: `percpu_hash_20_8`."""
        parts = [self.type, str(self.key_size), str(self.value_size)]
        if self.flags:
            parts.append(f"f{self.flags:x}")
        if self.max_entries:
            parts.append(f"n{self.max_entries}")
        return "_".join(parts)


Purpose = Literal[
    "counter", "sum", "gauge", "min", "max", "histogram", "stats", "stacks", "rate",
    "list", "prefixes", "under", "cidrs", "suffixes",
    "table", "tree",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class MapSpec:
    """A map that one policy owns and that lives in a row of its class's outer array.

    `name` is unique in the policy and made of `[a-z0-9_-]`: an output's name, a param's name (with `.prefixes`-like forms
    spelled `NAME-prefixes`), or `rule-<r>-list-<n>` for a long literal list.  `values` are the contents of a list:
    each the key's bytes, then the value's 8 (`resolve/lists.py` says how); None: contents belong to the running system.  A
    map whose `fingerprint` did not change is kept with its contents.
    """

    policy: str
    name: str
    purpose: Purpose
    map_class: MapClass
    max_entries: int
    key: Layout | None
    value: Layout
    help: str = ""
    values: tuple[bytes, ...] | None = None
    param: str = ""  # the param that feeds it
    list: str = ""  # the list of the policy that feeds it, or `POLICYLIST/LIST`
    buckets: Buckets | None = None
    stats: tuple[StatColumn, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes if and only if the kernel map must be another one (contents of lists are not part of it)."""
        capacity = 0 if self.values is not None else self.max_entries
        facts = (self.policy, self.name, self.purpose, self.map_class, capacity, self.key, self.value, self.buckets)
        return digest((*facts, self.stats) if self.stats else facts)


@dataclass(frozen=True, slots=True)
class Buckets:
    """Histogram buckets: `bounds` are upper bounds in the value's own unit, up to and including; +Inf is implied.

    `form` log2: bounds are 0, 1, 3, 7 … (zero has its own bucket), found by the position of the highest bit: with
    `first` the exponent of the lowest bound kept.  linear: `start`, `step`.  explicit: a comparison each.
    """

    form: Literal["log2", "linear", "explicit"]
    bounds: tuple[int, ...]
    start: int = 0
    step: int = 0


@dataclass(frozen=True, slots=True)
class StatColumn:
    """One column of `stats`: where it lies in the map's value, whose numbers come first, a u64 slot each.

    `aggregate` is a row of `vocabulary.aggregates`, or `show`: the columns that are shown beside the key.  Its slots begin
    at `at`.  `beside` are the value's columns that are kept with it; then one more slot has a bit for each that is there.
    aggregate           slots
    count               count
    sum avg             count, sum
    min max             count, value, and of those with columns beside: bits
    last                time, value
    histogram           count, sum, a count a bucket
    show                time, bits
    """

    name: str
    aggregate: str
    at: int
    beside: tuple[int, ...] = ()
    buckets: Buckets | None = None
    help: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ScalarParam:
    """A scalar parameter: a row of the shared `scalars` array, `{u64 set; u64 low; u64 high;}`.

    Numbers use `low` (sign extended); addresses both: their first and their last 8 bytes as numbers in host order.
    `value` None: optional and empty.  The numbers of rates live there too, below names that no param has (with a hyphen):
    a limit's time (ns) in which one event is earned and the time in which a whole burst is, a sample's threshold.
    """

    policy: str
    name: str
    type: ValueType
    value: tuple[int, int] | None

    @property
    def is_param(self) -> bool:
        """Whether the policy declares it, so that it can be set by hand."""
        return "-" not in self.name
