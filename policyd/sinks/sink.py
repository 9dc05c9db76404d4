"""What an event sink is to the agent: something that takes batches of JSON lines.

The agent reads each ring once and encodes each event once (`jsonl.JsonLines`); outlets filter, queue and hand over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from policyd.errors import PolicydError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class SinkError(PolicydError):
    """A sink did not take a batch.  `transient`: trying the same batch again may help (connection refused, 503)."""

    def __init__(self, message: str, *, transient: bool = True, retry_after: float = 0.0) -> None:
        self.transient, self.retry_after = transient, retry_after
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Lines:
    """Events of one policy, in order: JSON lines as text, each with its newline."""

    policy: str
    severity: str
    lines: Sequence[str]
    labels: Mapping[str, str] = field(default_factory=dict)


class Sink(Protocol):
    """Takes lines.  Called by one thread of its own; may block (not for ever: every call has a time limit of its own)."""

    kind: str
    where: str

    def write(self, batch: Sequence[Lines]) -> None:
        """Take all of it durably, as far as the sink means that, or raise `SinkError` having taken nothing of it."""

    def close(self) -> None: ...
