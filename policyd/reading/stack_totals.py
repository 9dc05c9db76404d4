"""What leaves of a `stacks` output as metrics: totals.  Its series are stacks, which are no labels.

In: the map of an output.  Out: a `Totals` as numbers by the names that they leave with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.reading.aggregates import PARTS, UNITS
from policyd.reading.stacks import read_totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.kernel.port import Kernel
    from policyd.reading.aggregates import Number
    from policyd.record import MapRecord


@dataclass(frozen=True, slots=True)
class Total:
    """One counter of an output: its `name`, in the unit `unit`."""

    name: str
    help: str
    unit: str
    value: Number


_COUNTS = (
    ("truncated", "Events whose stack had more frames than were kept."),
    ("lost", "Events for whose stack there was no room."),
    ("empty", "Events without a frame that could be read."),
)


def total_names(of: MapRecord) -> tuple[str, ...]:
    """Return the names of an output's totals."""
    base = of.name.removesuffix("_total")
    return f"{base}_total", *(f"{base}_{what}_total" for what, _ in _COUNTS)


def stack_totals(kernel: Kernel, policy: str, of: MapRecord) -> Iterator[Total]:
    """Yield the totals of an output; none if its map has gone."""
    found = read_totals(kernel, policy, of)
    if found is None:
        return
    kind = of.value.columns[-1].type.kind
    first, *others = total_names(of)
    yield Total(first, of.help, UNITS.get(kind, ""), found.value / PARTS[kind] if kind in PARTS else found.value)
    for name, (what, explain) in zip(others, _COUNTS, strict=True):
        yield Total(name, explain, "", getattr(found, what))
