"""Events as a stream of JSON lines, for as long as the client reads.

Beside events there are two kinds of lines: `{"heartbeat": time}` when nothing else came for a while, and `{"dropped": n}`
when the client was too slow and the agent let n of the oldest events go.  Events begin with `{"time":`.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, get_args

import msgspec

from policyd.api.codes import BusyError
from policyd.api.request import Endless, Parameter
from policyd.vocabulary.severities import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policyd.api.request import Request

MAX_STREAMS = 4
HEARTBEAT_SECONDS = 10.0
MAX_TAIL = 100_000

_WAIT_SECONDS = 0.5
"""How long one look for events waits: how soon a stream sees that the agent stops."""
_CHUNK = 64 << 10

SEVERITIES: tuple[str, ...] = get_args(Severity)
"""From the least on."""

QUERY = (
    Parameter("policy", "Only events of this policy; may stand several times.", many=True),
    Parameter("tail", "Begin with up to this many of the last events.", number=True),
    Parameter("follow", "`false`: end after those, instead of going on with new ones.", values=("true", "false")),
    Parameter("tag", "Only events of rules with this tag; may stand several times.", many=True),
    Parameter("severity", "Only events of this severity or a higher one.", values=SEVERITIES),
)


class _Event(msgspec.Struct):
    severity: str = "info"
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is let through: these severities, and one of these tags; all, where there are none."""

    severities: frozenset[str]
    tags: frozenset[str]

    def lines(self, batch: list[str]) -> list[str]:
        if not self.severities and not self.tags:
            return batch
        return [line for line in batch if _is_ours(line) or self._passes(_EVENT(line))]

    def _passes(self, event: _Event) -> bool:
        severe = not self.severities or event.severity in self.severities
        return severe and (not self.tags or not self.tags.isdisjoint(event.tags))


_EVENT = msgspec.json.Decoder(_Event).decode


class Streams:
    """Counts the streams of an agent, and ends them all when it stops."""

    def __init__(self, most: int = MAX_STREAMS) -> None:
        self._room = threading.BoundedSemaphore(most)
        self._most = most
        self.stopping = threading.Event()

    def events(self, request: Request) -> Endless:
        """Begin a stream; `BusyError` if there are as many as may be."""
        if not self._room.acquire(blocking=False):
            raise BusyError(f"{self._most} streams of events are open already, and there may be no more: end one of them")
        least = SEVERITIES.index(request.one("severity", SEVERITIES[0]))
        tail = min(int(request.one("tail", "0")), MAX_TAIL)
        lines = _lines(request, tail, self.stopping)
        severities = frozenset(SEVERITIES[least:]) if least else frozenset[str]()
        wanted = _Wanted(severities, frozenset(request.query.get("tag", ())))
        return Endless(_chunks(lines, wanted), _once(self._room.release))


def _once(release: Callable[[], object]) -> Callable[[], None]:
    """Return a call that releases the first time only."""
    left = [release]

    def close() -> None:
        if left:
            left.pop()()

    return close


def _lines(request: Request, tail: int, stopping: threading.Event) -> Iterator[list[str]]:
    """Yield events as they come, with the lines between them."""
    yield [_heartbeat()]
    told, last, follow = 0, time.monotonic(), request.one("follow", "true") == "true"
    with request.agent.subscribe(request.query.get("policy", ()), tail) as subscription:
        while not (stopping.is_set() or request.gone()):
            found = subscription.lines(_WAIT_SECONDS if follow else 0.0)
            dropped, now = subscription.dropped, time.monotonic()
            if dropped > told:
                found = [f'{{"dropped":{dropped - told}}}\n', *found]
                told = dropped
            if not found and now - last >= HEARTBEAT_SECONDS:
                found = [_heartbeat()]
            if found:
                last = now
                yield found
            if not follow:
                return


def _chunks(batches: Iterator[list[str]], wanted: _Wanted) -> Iterator[bytes]:
    """Yield those lines that are wanted as bytes, not too many at once."""
    for batch in batches:
        data = "".join(wanted.lines(batch)).encode("utf-8", "backslashreplace")
        for start in range(0, len(data), _CHUNK):
            yield data[start : start + _CHUNK]


def _is_ours(line: str) -> bool:
    return not line.startswith('{"time":')


def _heartbeat() -> str:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f'{{"heartbeat":"{now}"}}\n'
