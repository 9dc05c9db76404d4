"""What sinks may tell of the agent that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policyd.reading.metrics import Family


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """The agent's node and version; `families` returns all metrics as they are now, for sinks that send metrics."""

    node: str = ""
    version: str = ""
    families: Callable[[], Iterable[Family]] | None = None
