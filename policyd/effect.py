"""Effects: what a typed rule does once it matches: outputs, writes to tables, an action.

`resolve` makes them, `codegen` turns them into code, readers find the maps and layouts that they name in a policy's record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from policyd.value import Lookup, every_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.layout import Layout
    from policyd.maps import Purpose
    from policyd.value import Value


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Let events through as long as the bucket of `keys` in the map `name` holds some; the scalar `name` has the numbers.

    `weight`: what an event takes out of the bucket, in bytes; without it, one event.
    """

    name: str
    keys: tuple[Value, ...]
    weight: Value | None = None


def limit_values(limit: RateLimit) -> tuple[Value, ...]:
    """Return every value that a limit takes."""
    return limit.keys if limit.weight is None else (*limit.keys, limit.weight)


@dataclass(frozen=True, slots=True)
class Message:
    """A text that whoever reads an event fills in: `parts` are texts, and numbers of the event's columns.

    `uses` are the paths and names of fields that are in it: where one of them must not be shown, the message must not be.
    """

    parts: tuple[str | int, ...]
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventOutput:
    """Send `values` (one a column of `layout`, in order) to the policy's ring.

    What holds it back, in this order: `samples`, the names of scalars with a threshold for a random number; then `limits`.
    """

    layout: Layout
    values: tuple[Value, ...]
    samples: tuple[str, ...] = ()
    limits: tuple[RateLimit, ...] = ()
    message: Message | None = field(default=None, repr=False)  # not the program's: no part of its fingerprint


@dataclass(frozen=True, slots=True)
class Stat:
    """What feeds one of a map's `stats`: `value` (a count, and what is shown, have none), and what is kept `beside` it."""

    value: Value | None = None
    beside: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricOutput:
    """Update the map `map_name` of the policy: `keys` in the order of its key layout.

    `value` feeds what has one number a key (but counters); `stats` feed the columns of the purpose `stats`.
    """

    purpose: Purpose
    map_name: str
    keys: tuple[Value, ...]
    value: Value | None = None
    stats: tuple[Stat, ...] = ()


def output_values(output: EventOutput | MetricOutput) -> Iterator[Value]:
    """Yield every value that an output takes."""
    if isinstance(output, EventOutput):
        yield from output.values
        for limit in output.limits:
            yield from limit_values(limit)
        return
    yield from output.keys
    for stat in (Stat(output.value), *output.stats):
        yield from (*([stat.value] if stat.value else []), *stat.beside)


def output_maps(output: EventOutput | MetricOutput) -> tuple[str, ...]:
    """Return the names of the policy's maps that an output writes to."""
    return (output.map_name,) if isinstance(output, MetricOutput) else tuple(limit.name for limit in output.limits)


def output_scalars(output: EventOutput | MetricOutput) -> tuple[str, ...]:
    """Return the names of the scalars that hold an output back."""
    return (*output.samples, *output_maps(output)) if isinstance(output, EventOutput) else ()


@dataclass(frozen=True, slots=True)
class TableWrite:
    """Write the row that `keys` (in the order of the key's layout) name in the table `map_name`, or drop it (`unset`).

    `start` writes a span's row, of which columns may be absent: the second has a bit for each that is there.  `end` drops
    it, and counts an end that has none (unpaired), and one whose only column, the duration, is below zero (negative).
    `columns` are (number in the value's layout, value); columns that are not there stay as they are, zero in a new row.
    `if_absent`: only where there is no row.
    """

    map_name: str
    kind: Literal["set", "unset", "start", "end"]
    keys: tuple[Value, ...]
    columns: tuple[tuple[int, Value], ...] = ()
    if_absent: bool = False


def written_values(write: TableWrite) -> Iterator[Value]:
    """Yield the keys and the values of a write."""
    yield from write.keys
    yield from (value for _, value in write.columns)


def tables_read(values: Iterable[Value]) -> Iterator[tuple[str, str]]:
    """Yield (policy, table) of every look-up that the values are made of."""
    accesses = (value.access for value in every_value(values))
    return ((access.policy, access.table) for access in accesses if isinstance(access, Lookup))


INTO = 1 << 31
"""In a redirect's number, beside the index of an interface, which has 31 bits."""


@dataclass(frozen=True, slots=True)
class TypedAction:
    """`verdict`: `deny` (number: errno), `return` (the result), `drop`, `pass`, `mark` (number), `redirect`, or none.

    A redirect's number is the interface's index, and `INTO` if the packet shall come in there.

    `signal`: a signal number, 0 for none.
    `unread`: it is taken too where the rule is undecided because something could not be read.
    """

    verdict: Literal["none", "deny", "drop", "pass", "mark", "return", "redirect"] = "none"
    number: int = 0
    signal: int = 0
    unread: bool = False
