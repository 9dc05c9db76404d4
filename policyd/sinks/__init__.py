"""Where events and metrics go: text for people, JSON lines, Prometheus, plots in the terminal; and the agent's sinks.

`reading` comes in; text goes out.  The agent's way is `kinds.make_outlets`: an `outlet.Outlet` for each sink, with a filter,
fields, a queue (`backlog.py`), a spool on disk and a thread of its own.  Whatever a sink writes is safe for a terminal:
control characters and invisible or reordering ones of others never pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.reading.events import Decoder
    from policyd.reading.ring import Batch


class EventSink(Protocol):
    """Makes lines of events."""

    def lines(self, batches: Sequence[tuple[Decoder, Batch]]) -> list[str]:
        """Return a line (with its newline) for each event of these batches (of one ring each), in the order of time."""
