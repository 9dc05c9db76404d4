"""What was added to counts of stacks between two readings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.reading.stacks import Totals

if TYPE_CHECKING:
    from policyd.reading.stacks import Stacks
    from policyd.stack import StackSeries


def added(before: Stacks, after: Stacks) -> Stacks:
    """Return what came between, the largest first.

    A count that was higher before began anew meanwhile: of it all that is there counts.
    """
    was: dict[tuple[object, ...], int] = {(one.stack, one.labels): one.value for one in before.series}
    anew = after.totals.events < before.totals.events
    found: list[StackSeries] = []
    for one in after.series:
        earlier = 0 if anew else was.get((one.stack, one.labels), 0)
        if one.value != earlier:
            found.append(replace(one, value=one.value - earlier))
    series = tuple(sorted(found, key=lambda one: -one.value))
    return replace(after, series=series, totals=after.totals if anew else _between(before.totals, after.totals))


def _between(before: Totals, after: Totals) -> Totals:
    return Totals(
        value=after.value - before.value,
        events=after.events - before.events,
        truncated=after.truncated - before.truncated,
        lost=after.lost - before.lost,
        empty=after.empty - before.empty,
    )
