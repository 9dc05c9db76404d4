"""What an event sink is to the agent: something that takes batches of JSON lines.

The agent reads each ring once and encodes each event once (`jsonl.JsonLines`); outlets filter, queue and hand over.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policyd.errors import PolicydError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence


class SinkError(PolicydError):
    """A sink did not take a batch.  `transient`: trying the same batch again may help (connection refused, 503).

    `retry_after`: how many seconds the other side asks to be left alone.
    """

    def __init__(self, message: str, *, transient: bool = True, retry_after: float = 0.0) -> None:
        self.transient, self.retry_after = transient, retry_after
        super().__init__(message)


_RULE = re.compile(rb'\{"time":"[^"]*","policy":"[^"]*","severity":"[^"]*","rule":"([^"]*)"')
"""How an event's line begins, whose first words are plain."""


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What sinks have to know of a rule: its tags and the policy's, and which fields its message may show."""

    tags: frozenset[str] = frozenset()
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """Events of one policy, in order.  `data`: `count` JSON lines in UTF-8, each with its newline.

    `rules` are those of the policy, by name.
    """

    policy: str
    severity: str
    data: bytes
    count: int
    labels: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, RuleFacts] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        policy: str,
        severity: str,
        lines: Sequence[str],
        labels: Mapping[str, str] | None = None,
        rules: Mapping[str, RuleFacts] | None = None,
    ) -> Lines:
        """Return lines of text (each with its newline) as they leave."""
        data = "".join(lines).encode("utf-8", "backslashreplace")
        return cls(policy, severity, data, len(lines), labels or {}, rules or {})

    def of_rules(self, names: Collection[str]) -> Lines:
        """Return the events of these rules alone."""
        kept = [line for line in self.data.splitlines(keepends=True) if rule_of(line) in names]
        return replace(self, data=b"".join(kept), count=len(kept))

    def each(self) -> list[bytes]:
        """Return the lines, without their newlines."""
        return self.data.split(b"\n")[: self.count]

    def pieces(self, count: int, size: int) -> Iterator[Lines]:
        """Yield it in pieces of at most `count` events, and at most about `size` bytes unless one event is longer."""
        if self.count <= count and len(self.data) <= size:
            yield self
            return
        step = max(1, min(count, self.count * size // len(self.data)))
        lines = self.data.splitlines(keepends=True)
        for start in range(0, self.count, step):
            some = lines[start : start + step]
            yield replace(self, data=b"".join(some), count=len(some))


def rule_of(line: bytes) -> str:
    """Return the rule of an event's line; nothing if it is no event."""
    found = _RULE.match(line)
    return found[1].decode() if found else ""


class Sink(ABC):
    """Takes lines.  Made and closed by its outlet, written to by one thread of its own.

    `kind` and `where` are for people (no secrets).  A batch holds at most about `batch_events` and `batch_bytes`.
    """

    kind: str = ""
    where: str = ""
    batch_events: int = 8192
    batch_bytes: int = 4 << 20

    @abstractmethod
    def write(self, batch: Sequence[Lines]) -> int:
        """Take all of it durably, as far as the sink means that; return how many events the other side will never take.

        Raises `SinkError` if it was not taken, or not all of it; then it comes again as a whole, if that is `transient`.
        May block, but not for ever: every call has a time limit of its own.
        """

    def reopen(self) -> None:  # noqa: B027 (most have no files)
        """Open files anew (SIGHUP).  Called from another thread."""

    def trouble(self) -> str:
        """Return what is wrong beside the events themselves (a reader too slow, metrics refused), or nothing."""
        return ""

    def close(self) -> None:  # noqa: B027
        """Let go of files and connections."""
