"""What `policyd explain` tells of the events of TCP connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.errors import NotFoundError
from policyd.page import Table
from policyd.text import did_you_mean, one_of, quote
from policyd.vocabulary.tcp_events import TCP_EVENTS

if TYPE_CHECKING:
    from policyd.target import Target


def tcp_event(name: str, _: Target) -> tuple[tuple[str, ...], tuple[Table, ...]]:
    """Return the paragraphs and the table of an event; `NotFoundError` for one that there is not."""
    known = {row.name: row for row in TCP_EVENTS}
    if name not in known:
        raise NotFoundError(f"there is no event {quote(name)}; {did_you_mean(name, known) or f'there are {one_of(known)}'}")
    row = known[name]
    asked = "Called for on sockets that connect, listen or are established once the policy is there."
    rows = tuple(
        (f"args.{one.name}", one.type.kind, one.explain, " ".join(symbol for _, symbol in one.type.symbols))
        for one in row.args
    )
    tables = (Table("Arguments", ("field", "type", "meaning", ""), rows),) if rows else ()
    return (f"{name}: {row.explain}", *((asked,) if row.flag else ())), tables
