"""The rows of tables, as JSON: `get records TABLE -o json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policyd.errors import NotFoundError
from policyd.reading.tables import read_rows, table_maps
from policyd.text import did_you_mean, one_of, quote
from policyd.views import View

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from policyd.kernel.port import Kernel
    from policyd.reading.tables import Rows
    from policyd.record import PolicyRecord


class TableItem(View, frozen=True):
    """A table with its first rows, in the order of their keys: each a value by the name of its column.

    `entries` counts all rows; there are more than `rows` has if it is larger.
    """

    policy: str
    name: str
    key: list[str]
    value: list[str]
    evict: bool
    entries: int
    max_entries: int
    rows: list[dict[str, Any]]


def table_item(rows: Rows) -> TableItem:
    """Return a table's rows."""
    return TableItem(
        policy=rows.policy,
        name=rows.name,
        key=[column.name for column in rows.key],
        value=[column.name for column in rows.value],
        evict=rows.evict,
        entries=rows.entries,
        max_entries=rows.max_entries,
        rows=rows.as_json(),
    )


def read_tables(
    kernel: Kernel, records: Iterable[PolicyRecord], most: int, policy: str = "", names: tuple[str, ...] = ()
) -> Iterator[Rows]:
    """Yield the tables called `names` (all if none are named; `POLICY/TABLE` is one policy's) of one policy or of all."""
    known = [(record.name, of) for record in records for of in table_maps(record) if policy in {"", record.name}]
    for owner, of in known:
        if not names or spellings(owner, of.name) & set(names):
            rows = read_rows(kernel, owner, of, most)
            if rows is not None:
                yield rows


def table_names(records: Iterable[PolicyRecord], policy: str = "") -> list[tuple[str, str]]:
    """Return policy and name of every table, of one policy or of all."""
    return [(record.name, of.name) for record in records if policy in {"", record.name} for of in table_maps(record)]


def check_names(names: Iterable[str], known: Collection[tuple[str, str]], policy: str) -> None:
    """Raise `NotFoundError` for a name that none of `known` (policy, table or snapshot) has."""
    for name in names:
        if not any(name in spellings(*one) for one in known):
            every = sorted({one for _, one in known})
            hint = did_you_mean(name, every) or f"there are {one_of(every) or 'none'}"
            of_policy = f" of policy {policy}" if policy else ""
            raise NotFoundError(f"there is no table or snapshot {quote(name)}{of_policy}; {hint}")


def spellings(policy: str, table: str) -> frozenset[str]:
    """Return how a table can be named."""
    return frozenset({table, f"{policy}/{table}"})
