"""The stacks that policies have counted: for commands, pictures and the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.errors import NotFoundError
from policyd.reading.stacks import read_stacks, stack_maps
from policyd.text import did_you_mean, one_of, quote
from policyd.views.tables import spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.kernel.port import Kernel
    from policyd.reading.stacks import Stacks
    from policyd.record import PolicyRecord
    from policyd.stack import StackSeries


def stack_outputs(
    kernel: Kernel, records: Iterable[PolicyRecord], policy: str = "", names: tuple[str, ...] = ()
) -> Iterator[Stacks]:
    """Yield the outputs called `names` (all if none are named; `POLICY/NAME` is one policy's) of one policy or of all.

    Each has its series, the largest first, and the counts of what is not in them.  `NotFoundError` for a name that no output
    has.
    """
    known = [(record.name, of) for record in records for of in stack_maps(record) if policy in {"", record.name}]
    for name in names:
        if not any(name in spellings(owner, of.name) for owner, of in known):
            every = sorted({of.name for _, of in known})
            hint = did_you_mean(name, every) or f"outputs: {one_of(every) or 'none'}"
            of_policy = f" of policy {policy}" if policy else ""
            raise NotFoundError(f"there is no stacks output {quote(name)}{of_policy}; {hint}")
    for owner, of in known:
        if not names or spellings(owner, of.name) & set(names):
            found = read_stacks(kernel, owner, of)
            if found is not None:
                yield found


def stacks(kernel: Kernel, record: PolicyRecord, name: str) -> tuple[StackSeries, ...]:
    """Return the series of one output of a policy, the largest first; `NotFoundError` if it has none of that name."""
    return next(stack_outputs(kernel, [record], names=(name,))).series
